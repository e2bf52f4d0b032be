"""What a standard sets: parameters, stricter rules, the day from which it blocks, and to what it applies."""

from __future__ import annotations

from typing import Any

import pytest

from easement.contract.values import Duration
from easement.standards.check import rules_of
from easement.standards.parameters import Parameter

READS, TOLD = "integration/reads", "integration/told"
RULE = {"id": "ours", "title": "Ours", "check": "false"}


def _found(world: Any, rule: str) -> list[tuple[str, str, str]]:
    return [(one.at, one.severity.value, one.blocks.value) for one in world.findings(rule)]


def test_a_parameter_changes_what_a_rule_accepts(world: Any) -> None:
    world.add("Standard", "house", parameters={"technology-not-approved": {"approved": ["Java 21"]}})
    assert [at for at, _, _ in _found(world, "technology-not-approved")] == [
        "system/shop#/spec/technology",
        "system/store#/spec/technology",
    ]
    world.set("system/shop", "/spec/technology", "java21")
    assert [at for at, _, _ in _found(world, "technology-not-approved")] == ["system/store#/spec/technology"]


@pytest.mark.parametrize(
    ("parameters", "path", "why"),
    [
        ({"technology-not-aproved": {"approved": []}}, "technology-not-aproved", "technology-not-approved"),
        ({"technology-not-approved": {"list": []}}, "technology-not-approved/list", "it has approved"),
        ({"technology-not-approved": {"approved": "java"}}, "technology-not-approved/approved", "a list of texts"),
        ({"rotation-too-slow": {"oauth2": "soon"}}, "rotation-too-slow/oauth2", "not a duration"),
        ({"api-path-naming": {"segment": "("}}, "api-path-naming/segment", "no regular expression"),
        ({"deep-call-chain": {"most": -1}}, "deep-call-chain/most", "a whole number"),
        ({"deep-call-chain": {"most": True}}, "deep-call-chain/most", "a whole number"),
    ],
)
def test_a_parameter_that_fits_nothing_blocks(world: Any, parameters: dict[str, Any], path: str, why: str) -> None:
    world.add("Standard", "house", parameters=parameters)
    (finding,) = world.findings("standard-setting-unknown")
    assert finding.at == f"standard/house#/spec/parameters/{path}"
    assert why in finding.message
    assert (finding.severity, finding.blocks) == ("error", "check")


def test_two_standards_that_disagree_are_found(world: Any) -> None:
    for name, most in (("one", 1), ("two", 2)):
        world.add("Standard", name, parameters={"deep-call-chain": {"most": most}})
    assert world.places("standard-setting-unknown") == ["standard/two#/spec/parameters/deep-call-chain/most"]
    world.set("standard/two", "/spec/parameters/deep-call-chain/most", 1)
    assert world.places("standard-setting-unknown") == []


def test_a_rule_is_made_stricter_and_never_laxer(world: Any) -> None:
    world.set(READS, "/spec/security", {})
    world.add("Standard", "house", overrides={"no-scopes": {"severity": "error", "blocks": "live"}})
    assert _found(world, "no-scopes") == [(f"{READS}#/spec/security", "error", "live")]
    world.set("standard/house", "/spec/overrides", {"no-owner": {"blocks": "never"}})
    world.set(READS, "/metadata/owner", None)
    assert _found(world, "no-owner") == [(f"{READS}#/metadata", "error", "review")]
    assert world.places("standard-setting-unknown") == ["standard/house#/spec/overrides/no-owner"]


def test_what_holds_for_all_cannot_be_set_for_a_part(world: Any) -> None:
    world.add("Standard", "house", select={"owners": ["x"]}, parameters={"deep-call-chain": {"most": 0}})
    assert world.places("standard-setting-unknown") == ["standard/house#/spec/select"]
    assert world.places("deep-call-chain") == []


@pytest.mark.parametrize(
    ("select", "places"),
    [
        ({}, [READS, TOLD]),
        ({"patterns": ["event"]}, [TOLD]),
        ({"owners": ["others"]}, []),
        ({"kinds": ["System"]}, []),
        ({"criticality": ["medium", "high"]}, [READS, TOLD]),
        ({"classification": "confidential"}, []),
        ({"tags": ["phi"]}, []),
        ({"zones": ["internal"], "patterns": ["request"]}, [READS]),
        ({"labels": {"team": "a"}}, []),
    ],
)
def test_a_selector_narrows_a_rule(world: Any, select: dict[str, Any], places: list[str]) -> None:
    world.add("Standard", "house", rules=[{**RULE, "check": "integration.name == ''", "select": select}])
    assert [one.subject for one in world.findings("ours")] == places


def test_a_selector_sees_data_and_labels(world: Any) -> None:
    select = {"tags": ["phi"], "classification": "restricted", "labels": {"team": "a"}}
    world.add("Standard", "house", rules=[{**RULE, "check": "integration.name == ''"}], select=select)
    world.set(READS, "/spec/fields/chart", "clear")
    world.set(READS, "/metadata/labels", {"team": "a", "more": "b"})
    assert [one.subject for one in world.findings("ours")] == [READS]


def test_a_rule_of_ones_own_has_parameters_and_the_graph(world: Any) -> None:
    rule = {**RULE, "check": "graph.fanIn <= parameters.most || system.name == ''", "parameters": {"most": 0}}
    world.add("Standard", "house", rules=[rule])
    assert [one.subject for one in world.findings("ours")] == ["system/shop", "system/store"]
    world.add("Standard", "other", parameters={"ours": {"most": 1}})
    assert world.findings("ours") == []


def test_a_rule_of_ones_own_sees_the_description(world: Any) -> None:
    check = "interface.name != '' && model.operations.all(o, o.method == 'GET')"
    world.add("Standard", "house", rules=[{**RULE, "check": check}])
    assert [one.subject for one in world.findings("ours")] == ["interface/store-api@1"]


def test_before_its_day_a_standard_only_warns(world: Any) -> None:
    world.add("Standard", "house", rules=[RULE], blocksFrom="2026-11-24")
    assert {(severity, blocks) for _, severity, blocks in _found(world, "ours")} == {("warning", "never")}
    world.set("standard/house", "/spec/blocksFrom", "2026-11-23")
    assert {(severity, blocks) for _, severity, blocks in _found(world, "ours")} == {("error", "review")}


def test_a_rule_says_who_answers_for_it(world: Any) -> None:
    world.add("Standard", "house", rules=[{**RULE, "owner": "security"}, {**RULE, "id": "second"}])
    owners = {rule.id: rule.owner for rule in rules_of(world.estate()) if rule.standard == "house"}
    assert owners == {"ours": "security", "second": "shopkeepers"}


@pytest.mark.parametrize("value", [1.5, True, [1], {"a": "b"}, None])
def test_a_parameter_of_no_known_form_is_found(world: Any, value: Any) -> None:
    world.add("Standard", "house", rules=[{**RULE, "parameters": {"most": value}}])
    assert world.places("standard-rule-invalid") == ["standard/house#/spec/rules/0/parameters/most"]


def test_parameters_are_shown_as_they_are_written() -> None:
    forms = {"a": "a", "[a, b]": ("a", "b"), "P1D": Duration.parse("P1D"), "3": 3, "{x: [a]}": {"x": ("a",)}}
    assert {Parameter(default=value, meaning="").shown for value in forms.values()} == set(forms)
