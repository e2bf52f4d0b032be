"""Rulesets and documents that want to run code, run for ever, or grow without end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from easement.interfaces.sources import Sources
from easement.standards.spectral import load_ruleset, patterns, run, walk


def found(ruleset: Any, document: Any) -> list[tuple[str, str]]:
    loaded, problems = load_ruleset({"r.json": json.dumps(ruleset).encode()}, "r.json")
    assert loaded is not None, problems
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return [(one.rule, one.message) for one in run(loaded, "d.json", source=Sources({"d.json": data}))]


def rule(given: str, function: str = "truthy", **options: Any) -> dict[str, Any]:
    then = {"function": function, **({"functionOptions": options} if options else {})}
    return {"rules": {"r": {"given": given, "then": then}}}


def test_pattern_that_backtracks_for_ever_is_a_finding(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patterns, "SEARCH_SECONDS", 0.05)
    evil = "^(a|aa|[a-z])*\\1?(b|b)+(?=c)$"
    told = found(rule("$.x", "pattern", match=evil), {"x": "a" * 60 + "!"})
    assert len(told) == 1


def test_pattern_of_a_document_that_backtracks_for_ever_is_a_finding(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patterns, "SEARCH_SECONDS", 0.05)
    schema = {"type": "string", "pattern": "^(a|aa)+$(?!x)", "example": "a" * 70 + "!"}
    document = {"openapi": "3.0.0", "info": {}, "paths": {}, "components": {"schemas": {"S": schema}}}
    ruleset = {"extends": [["spectral:oas", "off"]], "rules": {"oas3-valid-schema-example": True}}
    assert [name for name, _ in found(ruleset, document)] == ["oas3-valid-schema-example"]


@pytest.mark.parametrize(
    "filter_",
    [
        "require('fs')",
        "process.exit(1)",
        "globalThis",
        "eval('1')",
        "Function('return 1')()",
        "__import__('os')",
        "@.constructor.constructor('return process')()",
        "(function(){})()",
        "() => 1",
        "@ = 1",
        "new Date()",
        "import('x')",
        "Object.assign(@, 1)",
        "@.a; @.b",
    ],
)
def test_filter_runs_no_code(filter_: str):
    loaded, problems = load_ruleset({"r.json": json.dumps(rule(f"$..[?({filter_})]")).encode()}, "r.json")
    if loaded is None:
        assert {problem.code for problem in problems} == {"EAS-3505"}
    else:
        assert found(rule(f"$..[?({filter_})]", "falsy"), {"a": {"b": 1}, "constructor": {"constructor": 1}}) == []


@pytest.mark.parametrize("key", ["__proto__", "constructor", "toString", "hasOwnProperty", "__class__", "length"])
def test_keys_with_a_meaning_elsewhere_are_keys(key: str):
    document = {"a": {key: {"b": 1}}, "list": [1]}
    assert found(rule(f"$.a['{key}'].b", "falsy"), document) == [("r", '"b" property must be falsy')]
    assert found(rule(f"$.a[?(@property === '{key}')]", "falsy"), document) == [
        ("r", f'"{key}" property must be falsy')
    ]
    assert found(rule(f"$.other[?(@.{key})]", "falsy"), {"other": {"x": {}}}) == []


def test_references_in_circles_end():
    document = {
        "a": {"$ref": "#/b"},
        "b": {"$ref": "#/a"},
        "c": {"d": {"$ref": "#/c"}},
        "e": {"$ref": "#/f"},
        "f": {"g": {"$ref": "#/e"}},
    }
    assert isinstance(found(rule("$..*", "defined"), document), list)


def test_references_that_double_at_each_step_are_walked_once():
    steps = {f"s{n}": {"l": {"$ref": f"#/s{n + 1}"}, "r": {"$ref": f"#/s{n + 1}"}} for n in range(60)}
    told = found(rule("$..leaf", "falsy"), {**steps, "s60": {"leaf": 1}})
    assert told == [("r", '"leaf" property must be falsy')]


def test_document_that_unfolds_without_end_is_said_to_be_unchecked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(walk, "MAX_NODES", 1_000)
    steps = {f"s{n}": {"l": {"$ref": f"#/s{n + 1}"}, "r": {"$ref": f"#/s{n + 1}"}} for n in range(30)}
    told = found(rule("$..[?(@parentProperty === 'x')]", "falsy"), {**steps, "s30": {"leaf": 1}})
    assert ("too-complex", "The document unfolds into too many places to check them all") in told


def test_schema_nested_beyond_reason_is_a_finding_or_passes():
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(40):
        deep = {"allOf": [deep, deep]}
    document = {
        "openapi": "3.1.0",
        "info": {},
        "paths": {},
        "components": {"schemas": {"S": {"$ref": "#/x"}}},
        "x": {"example": "a", "type": "string"},
    }
    ruleset = {"extends": [["spectral:oas", "recommended"]]}
    assert isinstance(found(ruleset, document), list)
    text = '{"openapi": "3.0.0", "x": ' + '{"a": ' * 90 + "1" + "}" * 91
    assert isinstance(found(ruleset, text.encode()), list)


def test_document_that_cannot_be_read_is_a_finding():
    assert [name for name, _ in found(rule("$"), b'{"a": ')] == ["parser"]
    assert [name for name, _ in found(rule("$.b", "falsy"), b'{"a": 1, "a": 2}')] == ["parser"]


def test_reference_leads_nowhere_outside(tmp_path: Any):
    for reference in ("https://example.com/a.json", "/etc/passwd", "../../secret.json", "file:///etc/passwd"):
        told = found(rule("$.nothing", "undefined"), {"a": {"$ref": reference}})
        assert [name for name, _ in told] == ["invalid-ref"]
