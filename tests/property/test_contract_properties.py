"""Properties of reading and writing contracts."""

from __future__ import annotations

import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from easement.contract.documents import from_json, to_json
from easement.contract.loader import load
from easement.contract.places import pointer
from easement.contract.revision import revision_of
from easement.contract.yaml_reader import read

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
PATHS = st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){0,3}", fullmatch=True)
DURATIONS = st.sampled_from(["500ms", "1.5s", "5m", "2h", "P7D", "PT1H30M", "P2W"])
HANDLINGS = st.sampled_from(["clear", "hash", "truncate", "mask", "drop"])
INTEGRATIONS = st.fixed_dictionaries(
    {
        "apiVersion": st.just("easement/v1"),
        "kind": st.just("Integration"),
        "metadata": st.fixed_dictionaries({"name": NAMES}, optional={"title": TEXT, "owner": NAMES}),
        "spec": st.fixed_dictionaries(
            {
                "source": NAMES,
                "target": NAMES,
                "interface": st.fixed_dictionaries(
                    {"name": NAMES, "version": st.sampled_from(["^1.2", "~1.2.3", "=1.0.0", "1"])}
                ),
                "fields": st.lists(PATHS, max_size=5) | st.dictionaries(PATHS, HANDLINGS, max_size=5),
                "purpose": TEXT,
            },
            optional={
                "pattern": st.sampled_from(["request", "event", "file", "batch"]),
                "consent": st.just("none") | st.fixed_dictionaries({"scope": TEXT}, optional={"maxAge": DURATIONS}),
                "sla": st.fixed_dictionaries(
                    {}, optional={"timeout": DURATIONS, "availability": st.floats(1, 100), "maxBodyBytes": st.just(5)}
                ),
                "retention": st.fixed_dictionaries({}, optional={"messages": DURATIONS}),
            },
        ),
    }
)


class _QuotingDumper(yaml.CSafeDumper):
    """PyYAML prints plain scalars for YAML 1.1; quoted text means the same in every version."""


_QuotingDumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, "'"))


@given(TREES)
def test_yaml_reads_what_was_printed(tree):
    block = yaml.dump(tree, Dumper=_QuotingDumper, allow_unicode=True)
    escaped = yaml.dump(tree, Dumper=_QuotingDumper, allow_unicode=False)
    for text in (block, escaped, json.dumps(tree, ensure_ascii=False)):
        reading = read(text.encode(), "a.yaml")
        assert reading.problems == ()
        assert reading.documents[0].value == tree


@given(TREES)
def test_json_reads_what_was_printed(tree):
    for ascii_only in (True, False):
        reading = read(json.dumps(tree, ensure_ascii=ascii_only).encode(), "a.json")
        assert reading.problems == ()
        assert reading.documents[0].value == tree


@given(TREES)
def test_every_value_has_a_place_inside_the_file(tree):
    text = json.dumps(tree, indent=1, ensure_ascii=False)
    lines = text.split("\n")
    for file in ("a.yaml", "a.json"):
        (document,) = read(text.encode(), file).documents
        for path, value in _walk(tree, ()):
            place = document.places.place(pointer(path))
            assert 0 < place.line <= len(lines)
            rest = lines[place.line - 1][place.column - 1 :]
            if not isinstance(value, dict | list):
                assert rest.startswith(json.dumps(value, ensure_ascii=False))


@given(st.binary(max_size=300) | TEXT.map(str.encode), st.sampled_from(["a.yaml", "a.json", "a.yml"]))
def test_loading_never_raises_for_any_bytes(data, file):
    load({file: data})
    load({file: b"apiVersion: easement/v1\n" + data})
    load({file: b'{"apiVersion": "easement/v1", "kind": "Team", ' + data})


@given(TREES, st.sampled_from(["Team", "System", "Interface", "Integration", "Standard", "Waiver", "Agreement"]))
def test_any_tree_in_a_document_is_loaded_or_explained(tree, kind):
    document = {"apiVersion": "easement/v1", "kind": kind, "metadata": tree, "spec": tree}
    bundle = load({"a.json": json.dumps(document).encode()})
    assert bool(bundle.documents) != bool(bundle.problems)
    assert all(problem.place.line for problem in bundle.problems)


@settings(max_examples=200)
@given(INTEGRATIONS)
def test_a_document_comes_back_from_its_tree(tree):
    document = from_json(tree)
    again = from_json(to_json(document))
    assert again == document
    assert to_json(again) == to_json(document)
    assert revision_of(again) == revision_of(document)


def _walk(value, path):
    yield path, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _walk(child, (*path, key))
