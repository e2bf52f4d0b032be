"""Reading YAML and JSON: the core schema, positions, bounds."""

from __future__ import annotations

import pytest

from easement.contract.places import dotted, pointer, pointer_tokens
from easement.contract.yaml_events import MAX_ALIAS_NODES, MAX_DEPTH
from easement.contract.yaml_reader import read


def _value(text: str, file: str = "a.yaml"):
    reading = read(text.encode(), file)
    assert reading.problems == ()
    (document,) = reading.documents
    return document.value


def _codes(data: str | bytes, file: str = "a.yaml") -> list[str]:
    return [problem.code for problem in read(data if isinstance(data, bytes) else data.encode(), file).problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("1:30", "1:30"),
        ("2026-11-23", "2026-11-23"),
        ("1_000", "1_000"),
        ("0x1F", 31),
        ("0o17", 15),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.2", 1.2),
        ("1.2.3", "1.2.3"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ('"\\u00fc"', "ü"),
        ("+", "+"),
        ("-", [None]),
        (".", "."),
    ],
)
def test_plain_scalars_follow_the_core_schema(written, value):
    read_value = _value(written if written == "-" else f"key: {written}\n")
    expected = value if written == "-" else {"key": value}
    assert read_value == expected
    assert type(read_value if written == "-" else read_value["key"]) is type(value)


def test_keys_are_text_as_written():
    assert _value("200: a\nnull: b\n1.0: c\nNO: d\n") == {"200": "a", "null": "b", "1.0": "c", "NO": "d"}


def test_number_and_text_of_one_key_are_one_key():
    assert _codes('200: a\n"200": b\n') == ["EAS-1003"]


def test_every_document_of_a_file_is_read():
    reading = read(b"a: 1\n---\n- 2\n---\n...\n", "a.yaml")
    assert [document.value for document in reading.documents] == [{"a": 1}, [2], None]


def test_documents_before_a_syntax_error_are_kept():
    reading = read(b"a: 1\n---\nb: [\n", "a.yaml")
    assert [document.value for document in reading.documents] == [{"a": 1}]
    assert [problem.code for problem in reading.problems] == ["EAS-1002"]


def test_a_place_is_the_key_of_a_container_and_the_value_of_a_scalar():
    (document,) = read(b"spec:\n  sla:\n    timeout: 5s\n  list:\n    - x\n", "a.yaml").documents
    places = document.places
    assert str(places.place("/spec/sla/timeout")) == "a.yaml:3:14"
    assert str(places.place("/spec/sla/timeout", key=True)) == "a.yaml:3:5"
    assert str(places.place("/spec/sla")) == "a.yaml:2:3"
    assert str(places.place("/spec/list/0")) == "a.yaml:5:7"
    assert str(places.place("/spec/sla/absent/deeper")) == "a.yaml:2:3"
    assert str(places.place("/spec/list/7")) == "a.yaml:4:3"
    assert str(places.place("/spec/list/00000000000000000")) == "a.yaml:4:3"
    assert str(places.place("")) == "a.yaml:1:1"


def test_places_in_json_survive_surrogate_pairs():
    text = '{"smile": "\\ud83d\\ude00",\n "a/b": {"c": 1}}'
    (document,) = read(text.encode(), "a.json").documents
    assert document.value == {"smile": "\U0001f600", "a/b": {"c": 1}}
    assert str(document.places.place("/a~1b/c")) == "a.json:2:15"


def test_an_alias_stands_where_it_is_written():
    (document,) = read(b"a: &x {b: 1}\nc: *x\n", "a.yaml").documents
    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.places.place("/c").line == 2


def test_anchors_end_with_their_document():
    assert _codes("a: &x 1\n---\nb: *x\n") == ["EAS-1002"]


def test_aliases_are_bounded_in_number():
    item = "[" + ", ".join(["x"] * 1000) + "]"
    uses = MAX_ALIAS_NODES // 1001 + 1
    assert _codes(f"a: &a {item}\nb:\n" + "- *a\n" * (uses - 1)) == []
    assert _codes(f"a: &a {item}\nb:\n" + "- *a\n" * uses) == ["EAS-1004"]


def test_aliases_cannot_nest_deeper_than_the_bound():
    half = "[" * 60 + "{}" + "]" * 60
    inner = half.format("x")
    outer = half.format("*a")
    assert _codes(f"- &a {inner}\n- {outer}\n") == ["EAS-1004"]


@pytest.mark.parametrize("file", ["a.yaml", "a.json"])
def test_nesting_is_bounded(file):
    assert _codes("[" * MAX_DEPTH + "]" * MAX_DEPTH, file) == []
    assert _codes("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), file) == ["EAS-1004"]
    assert _codes("[" * 500_000, file) in (["EAS-1004"], ["EAS-1002"])


@pytest.mark.parametrize(
    ("text", "file", "code"),
    [
        ("a: .inf", "a.yaml", "EAS-1005"),
        ("a: -.INF", "a.yaml", "EAS-1005"),
        ("a: .nan", "a.yaml", "EAS-1005"),
        ("a: 1e999", "a.yaml", "EAS-1005"),
        ("? [a]\n: b", "a.yaml", "EAS-1005"),
        ("? {a: b}\n: b", "a.yaml", "EAS-1005"),
        ("a: &x b\n*x : c", "a.yaml", "EAS-1005"),
        ("!!set {a, b}", "a.yaml", "EAS-1005"),
        ("a: !!binary aGk=", "a.yaml", "EAS-1005"),
        ("a: b: c", "a.yaml", "EAS-1002"),
        ("%YAML 9.9\n---\na: 1", "a.yaml", "EAS-1002"),
        ("[NaN]", "a.json", "EAS-1005"),
        ("[-Infinity]", "a.json", "EAS-1005"),
        ("[1e999]", "a.json", "EAS-1005"),
        ("[" + "9" * 5000 + "]", "a.json", "EAS-1005"),
        ('["\\ud800"]', "a.json", "EAS-1005"),
        ("", "a.json", "EAS-1002"),
        ("{} {}", "a.json", "EAS-1002"),
        ('{"a": {"b": 1, "b": 2}}', "a.json", "EAS-1003"),
        ("a: \x1b[31m", "a.yaml", "EAS-1001"),
    ],
)
def test_what_cannot_be_read_has_its_code(text, file, code):
    assert _codes(text, file) == [code]


def test_a_very_long_number_is_text():
    assert _value("a: " + "9" * 5000)["a"] == "9" * 5000


def test_pointer_escapes_and_dotted_reads():
    assert pointer(["a/b", "c~d", 0]) == "/a~1b/c~0d/0"
    assert pointer_tokens("/a~1b/c~0d/0") == ["a/b", "c~d", "0"]
    assert dotted(["spec", "scopes", 0, "x"]) == "spec.scopes[0].x"
    assert dotted([]) == "the document"
