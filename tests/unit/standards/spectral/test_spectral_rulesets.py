"""What a ruleset can say: extension, severities, aliases, formats, overrides, messages; and what is refused, where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from easement.contract.codes import CATALOGUE
from easement.interfaces.sources import Sources
from easement.standards.spectral import load_ruleset, run
from easement.standards.spectral.finding import SpectralSeverity
from easement.standards.spectral.globs import matches

OAS3 = {"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {}}
RULE = {"given": "$.info", "then": {"field": "x", "function": "truthy"}}


def names(found: Any) -> list[str]:
    return sorted({one.rule for one in found})


@pytest.mark.parametrize(
    ("extent", "expected"),
    [("off", []), ("recommended", ["info-contact"]), ("all", ["info-contact", "info-license", "license-url"])],
)
def test_extent_says_what_starts_out_on(lint: Any, extent: str, expected: list[str]):
    found = names(lint({"extends": [["spectral:oas", extent]]}, OAS3))
    assert [name for name in found if name in {"info-contact", "info-license", "license-url"}] == expected


def test_rule_of_an_extended_ruleset_is_turned_on_and_off_and_reweighed(lint: Any):
    rules = {"info-license": True, "info-contact": "off", "info-description": "error"}
    found = lint({"extends": "spectral:oas", "rules": rules}, OAS3)
    assert {one.rule: one.severity for one in found if one.rule.startswith("info")} == {
        "info-license": SpectralSeverity.WARN,
        "info-description": SpectralSeverity.ERROR,
    }


def test_rulesets_extend_files_beside_them_and_circles_end():
    files = {
        "team/main.yaml": b"extends: [../shared/base.yaml]\nrules: {b: error}\n",
        "shared/base.yaml": b"extends: ../team/main.yaml\nrules:\n"
        b"  a: {given: $, then: {field: a, function: truthy}}\n  b: {given: $, then: {field: b, function: truthy}}\n",
    }
    ruleset, problems = load_ruleset(files, "team/main.yaml")
    assert ruleset is not None, problems
    assert {rule.name: rule.severity.name for rule in ruleset.base.rules} == {"a": "WARN", "b": "ERROR"}


def test_definition_laid_over_a_rule_keeps_what_it_does_not_say(lint: Any):
    ruleset = {"extends": "spectral:oas", "rules": {"info-contact": {**RULE, "message": "no {{property}}"}}}
    assert [one.message for one in lint(ruleset, OAS3) if one.rule == "info-contact"] == ["no info.x"]


def test_alias_stands_for_paths_by_format(lint: Any):
    ruleset = {
        "formats": ["oas2", "oas3"],
        "aliases": {
            "Root": ["$"],
            "Schemas": {
                "targets": [
                    {"formats": ["oas2"], "given": ["#Root.definitions[*]"]},
                    {"formats": ["oas3"], "given": ["#Root.components.schemas[*]"]},
                ]
            },
        },
        "rules": {"titled": {"given": "#Schemas", "then": {"field": "title", "function": "truthy"}}},
    }
    assert [one.path for one in lint(ruleset, {**OAS3, "components": {"schemas": {"A": {}}}})] == [
        ("components", "schemas", "A")
    ]
    assert [one.path for one in lint(ruleset, {"swagger": "2.0", "definitions": {"B": {}}})] == [("definitions", "B")]


def test_rule_applies_to_its_formats_only_and_other_documents_are_said_to_be_unknown(lint: Any):
    ruleset = {"rules": {"only-31": {**RULE, "formats": ["oas3_1"]}}}
    assert names(lint(ruleset, {**OAS3, "openapi": "3.1.0"})) == ["only-31"]
    assert names(lint(ruleset, {"hello": "world"})) == ["unrecognized-format"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{error}}", '"info.x" property must be truthy'),
        ("{{property}} at {{path}}", "info.x at #/info"),
        ("{{description}}: {{nothing}}!", "why: !"),
        ('#{{print("property")}}is needed', '"info.x" property is needed'),
        ('#{{print("value")}}', "Object{}"),
        ("#{{constructor.constructor('return 1')()}}", ""),
    ],
)
def test_message_is_filled_in(lint: Any, template: str, expected: str):
    ruleset = {"rules": {"r": {**RULE, "description": "why", "message": template}}}
    assert [one.message for one in lint(ruleset, OAS3)] == [expected]


def test_several_checks_and_several_paths_make_one_rule(lint: Any):
    then = [
        {"field": "a", "function": "truthy"},
        {"field": "b.c[0]", "function": "defined"},
        {"field": "@key", "function": "casing", "functionOptions": {"type": "flat"}},
    ]
    ruleset = {"rules": {"r": {"given": ["$.x", "$.y"], "message": "{{path}} {{error}}", "then": then}}}
    found = lint(ruleset, {"x": {"a": 1, "b": {"c": [1]}}, "y": {"Q": 1}})
    assert [one.message for one in found] == [
        '#/y "y.a" property must be truthy',
        '#/y "y.b.c[0]" property must be defined',
        "#/y/Q must be flat case",
    ]


def test_override_by_file_changes_severity_and_rules():
    ruleset = {
        "rules": {"r": RULE},
        "overrides": [
            {"files": ["legacy/**/*.json"], "rules": {"r": "off"}},
            {"files": ["*.draft.json"], "rules": {"r": "hint", "more": {"given": "$", "then": {"function": "falsy"}}}},
            {"files": ["api.json#/info"], "rules": {"r": "error"}},
        ],
    }
    loaded, problems = load_ruleset({"rules.json": json.dumps(ruleset).encode()}, "rules.json")
    assert loaded is not None, problems
    data = json.dumps(OAS3).encode()

    def found(name: str) -> dict[str, str]:
        return {one.rule: one.severity.name for one in run(loaded, name, source=Sources({name: data}))}

    assert found("api.json") == {"r": "ERROR"}
    assert found("legacy/old/v1.json") == {}
    assert found("x.draft.json") == {"r": "HINT", "more": "WARN"}
    assert found("other.json") == {"r": "WARN"}


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("*.json", "a/b.json", True),
        ("a/*.json", "a/b.json", True),
        ("a/*.json", "a/c/b.json", False),
        ("**/*.json", "a/c/b.json", True),
        ("a/**", "a/c/b.json", True),
        ("{a,b}.yaml", "b.yaml", True),
        ("[ab].yaml", "c.yaml", False),
        ("?.yaml", "ab.yaml", False),
        ("./a.yaml", "a.yaml", True),
        ("*.yaml", ".x.yaml", False),
    ],
)
def test_glob(glob: str, path: str, expected: bool):
    assert matches(glob, path) is expected


def test_rule_reads_the_raw_document_or_the_resolved_one_and_names_the_place_of_the_target(lint: Any, one_rule: Any):
    document = {"a": {"$ref": "#/b"}, "b": {"c": 1}}
    assert [one.path for one in lint(one_rule("$.a.c", "falsy"), document)] == [("b", "c")]
    assert lint(one_rule("$.a.c", "falsy", resolved=False), document) == []
    assert [one.path for one in lint(one_rule("$.a.$ref", "falsy", resolved=False), document)] == [("a", "$ref")]


def test_finding_in_another_file_is_placed_there(lint: Any, one_rule: Any):
    found = lint(
        one_rule("$.a.c", "falsy"), {"a": {"$ref": "parts/b.yaml#/x"}}, files={"parts/b.yaml": b"x:\n  c: 1\n"}
    )
    assert [(one.place.file, one.place.line, one.place.column, one.path) for one in found] == [
        ("parts/b.yaml", 2, 6, ("x", "c"))
    ]


def test_finding_has_line_and_column(lint: Any, one_rule: Any):
    found = lint(one_rule("$.info.title", "pattern", {"match": "^A"}), b"info:\n  title: b\n", name="api.yaml")
    assert [(one.place.line, one.place.column) for one in found] == [(2, 10)]


REFUSED: list[tuple[str, Any, str, str]] = [
    ("no rules", {"description": "x"}, "EAS-3502", ""),
    ("unknown key", {"rules": {}, "rulez": {}}, "EAS-3502", "/rulez"),
    ("unknown key of a rule", {"rules": {"r": {**RULE, "serverity": "error"}}}, "EAS-3502", "/rules/r/serverity"),
    ("unknown severity", {"rules": {"r": {**RULE, "severity": "fatal"}}}, "EAS-3502", "/rules/r/severity"),
    ("rule without then", {"rules": {"r": {"given": "$"}}}, "EAS-3502", "/rules/r"),
    ("unknown format", {"rules": {"r": {**RULE, "formats": ["oas4"]}}}, "EAS-3502", "/rules/r/formats/0"),
    ("a list as a rule", {"rules": {"r": ["error", {}]}}, "EAS-3502", "/rules/r"),
    ("custom functions", {"functions": ["mine"], "rules": {"r": RULE}}, "EAS-3503", "/functions"),
    ("folder of functions", {"functionsDir": "./f", "rules": {"r": RULE}}, "EAS-3503", "/functionsDir"),
    (
        "unknown function",
        {"rules": {"r": {"given": "$", "then": {"function": "mine"}}}},
        "EAS-3503",
        "/rules/r/then/function",
    ),
    (
        "wrong options",
        {"rules": {"r": {"given": "$", "then": {"function": "length", "functionOptions": {"mini": 1}}}}},
        "EAS-3504",
        "/rules/r/then/functionOptions",
    ),
    ("missing options", {"rules": {"r": {"given": "$", "then": {"function": "pattern"}}}}, "EAS-3504", "/rules/r/then"),
    (
        "broken pattern",
        {"rules": {"r": {"given": "$", "then": {"function": "pattern", "functionOptions": {"match": "(a"}}}}},
        "EAS-3504",
        "/rules/r/then/functionOptions/match",
    ),
    (
        "broken schema",
        {
            "rules": {
                "r": {"given": "$", "then": {"function": "schema", "functionOptions": {"schema": {"type": "text"}}}}
            }
        },
        "EAS-3504",
        "/rules/r/then/functionOptions/schema",
    ),
    ("broken path", {"rules": {"r": {**RULE, "given": "info"}}}, "EAS-3505", "/rules/r/given"),
    ("broken filter", {"rules": {"r": {**RULE, "given": "$[?(@.a ==)]"}}}, "EAS-3505", "/rules/r/given"),
    ("code in a filter", {"rules": {"r": {**RULE, "given": "$[?(process.exit())]"}}}, "EAS-3505", "/rules/r/given"),
    ("unknown alias", {"rules": {"r": {**RULE, "given": "#Nope"}}}, "EAS-3505", "/rules/r/given"),
    (
        "alias of itself",
        {"aliases": {"A": ["#B"], "B": ["#A.x"]}, "rules": {"r": {**RULE, "given": "#A"}}},
        "EAS-3505",
        "/rules/r/given",
    ),
    ("unknown ruleset", {"extends": "spectral:arazzo", "rules": {"r": RULE}}, "EAS-3501", "/extends"),
    (
        "ruleset of the network",
        {"extends": ["https://example.com/r.yaml"], "rules": {"r": RULE}},
        "EAS-3501",
        "/extends/0",
    ),
    ("ruleset above the folder", {"extends": ["../../etc/passwd"], "rules": {"r": RULE}}, "EAS-3501", "/extends/0"),
    ("severity of no rule", {"rules": {"nope": "error"}}, "EAS-3506", "/rules/nope"),
]


@pytest.mark.parametrize(("ruleset", "code", "path"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_ruleset_is_refused_at_the_place(refused: Any, ruleset: Any, code: str, path: str):
    problems = refused(ruleset)
    assert (problems[0].code, problems[0].place.path) == (code, path)
    assert code in CATALOGUE
    assert problems[0].place.file == "rules.json"
    assert problems[0].place.line > 0


def test_many_overrides_apply_together():
    overrides = [
        {"files": [f"*{letter}*.json"], "rules": {"r": "off" if letter == "h" else "error"}} for letter in "abcdefgh"
    ]
    ruleset, problems = load_ruleset(
        {"r.json": json.dumps({"rules": {"r": RULE}, "overrides": overrides}).encode()}, "r.json"
    )
    assert ruleset is not None, problems
    data = json.dumps(OAS3).encode()
    assert run(ruleset, "abcdefgh.json", source=Sources({"abcdefgh.json": data})) == ()
    found = run(ruleset, "abcdefg.json", source=Sources({"abcdefg.json": data}))
    assert [one.severity for one in found] == [SpectralSeverity.ERROR]
