"""Policies, transitive comparison, and the sentences, places and rules of verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from easement.interfaces.compatibility.budget import DEFAULT_STEPS, Budget
from easement.interfaces.compatibility.json_schema import SchemaComparer, compare_schemas
from easement.interfaces.compatibility.json_schema_rules import rule_ids
from easement.interfaces.compatibility.policy import POLICIES, Containment, Open, compare_versions, table
from easement.interfaces.compatibility.verdict import (
    ChangeClass,
    Comparison,
    Direction,
    Role,
    Verdict,
    comparison,
)

OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
OPEN_MORE = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
CLOSED = {**OPEN, "additionalProperties": False}
CLOSED_MORE = {**OPEN_MORE, "additionalProperties": False}
FEW = {"enum": ["x", "y"]}
MORE = {"enum": ["x", "y", "z"]}
WRITES, READS = Direction.REQUEST, Direction.RESPONSE
LETTER = {"B": ChangeClass.BREAKING, "R": ChangeClass.RISKY, "S": ChangeClass.SAFE, "-": None}


def compared(
    old: Any, new: Any, policy: str = "strict", direction: Direction = WRITES, dialect: str = "2020-12"
) -> tuple[Verdict, ...]:
    return compare_schemas(
        old,
        new,
        old_root=old,
        new_root=new,
        direction=direction,
        policy=POLICIES[policy],
        dialect_old=dialect,
        dialect_new=dialect,
        operation="op",
    )


def only(verdicts: tuple[Verdict, ...]) -> Verdict:
    assert len(verdicts) == 1, [one.rule for one in verdicts]
    return verdicts[0]


POLICY_CASES = [
    # old, new, direction, then strict, lenient, tolerant-reader, backward, forward, full
    ("a property added to an open object, written", OPEN, OPEN_MORE, WRITES, "BSSBSB"),
    ("a property added to an open object, read", OPEN, OPEN_MORE, READS, "SSSBSB"),
    ("a property removed from an open object, written", OPEN_MORE, OPEN, WRITES, "RRRSBB"),
    ("a property removed from an open object, read", OPEN_MORE, OPEN, READS, "BBRSBB"),
    ("a property added to a closed object, written", CLOSED, CLOSED_MORE, WRITES, "SSSSBB"),
    ("a property added to a closed object, read", CLOSED, CLOSED_MORE, READS, "BBSSBB"),
    ("a property removed from a closed object, written", CLOSED_MORE, CLOSED, WRITES, "BBBBSB"),
    ("a property removed from a closed object, read", CLOSED_MORE, CLOSED, READS, "BBRBSB"),
    ("an object closed, written", OPEN, CLOSED, WRITES, "BRRBSB"),
    ("an object opened, read", CLOSED, OPEN, READS, "BBSSBB"),
    ("a value added, written", FEW, MORE, WRITES, "SSSSBB"),
    ("a value added, read", FEW, MORE, READS, "BBRSBB"),
    ("a value removed, written", MORE, FEW, WRITES, "BBBBSB"),
    ("a format added, written", {"type": "string"}, {"type": "string", "format": "email"}, WRITES, "BRRRSR"),
]
NAMES = ("strict", "lenient", "tolerant-reader", "backward", "forward", "full")


@pytest.mark.parametrize(("name", "old", "new", "direction", "letters"), POLICY_CASES, ids=lambda one: str(one)[:60])
def test_each_policy_judges_as_its_table_says(
    name: str, old: Any, new: Any, direction: Direction, letters: str
) -> None:
    found = [comparison(list(compared(old, new, policy, direction))).worst for policy in NAMES]
    assert found == [LETTER[letter] for letter in letters], name


def test_a_transitive_policy_is_its_namesake_over_more_versions() -> None:
    for name in NAMES:
        one, all_before = POLICIES[name], POLICIES[f"{name}-transitive"]
        assert (one.transitive, all_before.transitive) == (False, True)
        assert (one.judged, one.containment) == (all_before.judged, all_before.containment)


def test_the_newest_version_is_held_against_all_before_only_if_the_policy_is_transitive() -> None:
    versions = [{"type": "integer"}, {"type": "number"}, {"type": "string"}, {"type": ["string", "null"]}]

    def compare(old: Any, new: Any) -> Comparison:
        return comparison(list(compared(old, new, "backward")))

    assert not compare_versions(versions, compare, POLICIES["backward"]).is_breaking
    assert compare_versions(versions, compare, POLICIES["backward-transitive"]).is_breaking
    assert compare_versions(versions[:1], compare, POLICIES["backward-transitive"]).verdicts == ()


def test_the_table_has_a_row_for_each_policy_and_an_answer_for_each_question() -> None:
    heading, *rows = table()
    assert [row[0] for row in rows] == list(NAMES)
    assert {len(row) for row in rows} == {len(heading)} == {2 + len(Open)}


def test_the_side_that_must_hold_follows_the_role() -> None:
    strict = POLICIES["strict"]
    assert strict.containment is Containment.BY_ROLE
    assert (strict.old_in_new(Role.WRITES), strict.new_in_old(Role.WRITES)) == (True, False)
    assert (strict.old_in_new(Role.READS), strict.new_in_old(Role.READS)) == (False, True)


@pytest.mark.parametrize("direction", list(Direction))
def test_the_same_change_is_safe_one_way_and_breaking_the_other(direction: Direction) -> None:
    verdict = only(compared({"type": "integer"}, {"type": "number"}, direction=direction))
    expected = ChangeClass.SAFE if direction.role is Role.WRITES else ChangeClass.BREAKING
    assert verdict.change is expected
    assert verdict.rule == f"{direction.value}-body-type-widened"
    assert verdict.rule in rule_ids(direction.value)


def test_a_verdict_says_where_in_both_files_and_what_it_was() -> None:
    old = {"$defs": {"c": {"properties": {"email": {"maxLength": 20}}}}, "properties": {"who": {"$ref": "#/$defs/c"}}}
    new = {"definitions": {"c": {"properties": {"email": {"maxLength": 10}}}},
           "properties": {"who": {"$ref": "#/definitions/c"}}}  # fmt: skip
    verdict = only(compared(old, new))
    assert verdict.rule == "request-property-max-length-decreased"
    assert verdict.field_path == "who.email"
    assert verdict.old.pointer == "/$defs/c/properties/email/maxLength"
    assert verdict.new.pointer == "/definitions/c/properties/email/maxLength"
    assert (verdict.before, verdict.after, verdict.has_before, verdict.has_after) == (20, 10, True, True)
    assert "`who.email`: maxLength was decreased, from 20 to 10." in verdict.explanation
    assert verdict.counter_example is not None
    assert verdict.counter_example.accepted_by == "old"
    assert verdict.counter_example.instance == {"who": {"email": "a" * 11}}
    assert verdict.operation == "op"


def test_field_paths_pass_through_items_and_escape_dots() -> None:
    def schema(kind: str) -> Any:
        return {"properties": {"lines": {"items": {"properties": {"a.b": {"type": kind}}}}}}

    assert only(compared(schema("string"), schema("integer"))).field_path == "lines.a\\.b"


def test_a_change_inside_a_recursive_schema_is_told_for_the_level_below_too() -> None:
    def tree(kind: str) -> Any:
        return {"type": "object", "properties": {"v": {"type": kind}, "kids": {"items": {"$ref": "#"}}}}

    assert {one.field_path for one in compared(tree("string"), tree("integer"))} >= {"v", "kids.v"}


def test_every_place_that_a_changed_definition_is_used_at_is_told() -> None:
    def schema(limit: int) -> Any:
        code = {"type": "string", "maxLength": limit}
        return {"$defs": {"code": code}, "properties": {name: {"$ref": "#/$defs/code"} for name in ("a", "b")}}

    assert [one.field_path for one in compared(schema(3), schema(2))] == ["a", "b"]


def test_too_many_places_to_list_counts_for_the_whole_schema() -> None:
    def schema(kind: str) -> Any:
        return {"properties": {f"p{place}": {"type": kind} for place in range(400)}}

    verdicts = compared(schema("string"), schema("integer"))
    assert any(one.too_complex and one.field_path == "" for one in verdicts)


def test_an_example_is_looked_for_only_so_often() -> None:
    old = {"properties": {f"p{place}": {"type": "string"} for place in range(5)}}
    new = {"properties": {f"p{place}": {"type": "integer"} for place in range(5)}}
    comparer = SchemaComparer(
        old, new, policy=POLICIES["strict"], dialect_old="2020-12", dialect_new="2020-12", examples=2
    )
    verdicts = comparer.compare(old, new, direction=WRITES)
    assert sum(one.counter_example is not None for one in verdicts) == 2
    assert sum("No example was found" in one.explanation for one in verdicts) == 0


def test_what_cannot_be_shown_says_so() -> None:
    verdict = only(compared({"pattern": "^(?!x)a"}, {"pattern": "^(?!y)a"}))
    assert verdict.change is ChangeClass.BREAKING
    assert "cannot be shown" in verdict.explanation or verdict.counter_example is not None


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (OPEN, {**OPEN, "required": ["a"]}, "request-property-became-required"),
        (OPEN, {**OPEN_MORE, "required": ["b"]}, "request-property-added-as-required"),
        (CLOSED_MORE, CLOSED, "request-property-removed"),
        (OPEN, CLOSED, "request-body-became-closed"),
        (MORE, FEW, "request-body-enum-value-removed"),
        ({"type": ["string", "null"]}, {"type": "string"}, "request-body-became-not-nullable"),
        ({"type": "string"}, {"type": "string", "pattern": "^a"}, "request-body-pattern-added"),
        ({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}, "request-body-pattern-changed"),
        ({"minimum": 1}, {"minimum": 2}, "request-body-minimum-increased"),
        ({}, {"uniqueItems": True}, "request-body-unique-items-added"),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"anyOf": [{"type": "null"}]},
            "request-body-any-of-changed",
        ),
        ({}, {"dependentRequired": {"a": ["b"]}}, "request-property-dependent-required-added"),
        ({}, {"propertyNames": {"maxLength": 3}}, "request-body-property-names-added"),
    ],
)
def test_rules_name_what_happened(old: Any, new: Any, rule: str) -> None:
    breaking = [one.rule for one in compared(old, new) if one.change is ChangeClass.BREAKING]
    assert breaking == [rule]
    assert rule in rule_ids("request")


@pytest.mark.parametrize(
    "value", ["text", 7, None, ["a"], {"type": 5}, {"required": "a"}, {"properties": []}, {"allOf": {}}]
)
def test_what_is_no_schema_is_never_compatible_and_never_raises(value: Any) -> None:
    verdicts = compared({"type": "string"}, value)
    assert any(one.change is ChangeClass.BREAKING for one in verdicts)
    assert compared(value, value) == ()


def test_the_page_about_compatibility_prints_the_table() -> None:
    page = Path(__file__).parents[4] / "docs" / "explanation" / "compatibility.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    for cells in zip(*table(), strict=True):
        heading, *judged = cells
        expected = f"| {'' if heading == 'policy' else heading} | {' | '.join(judged)} |"
        assert expected in lines


def test_a_change_in_many_schemas_that_lead_back_to_themselves_costs_steps_in_proportion() -> None:
    """Each of the places where a schema comes again used to double the list of what is told."""
    names = [f"s{place}" for place in range(12)]

    def document(kind: str) -> Any:
        everywhere = {name: {"$ref": f"#/$defs/{name}"} for name in names}
        return {"$defs": {name: {"properties": {**everywhere, "v": {"type": kind}}} for name in names}}

    old, new = document("string"), document("integer")
    budget = Budget()
    comparer = SchemaComparer(old, new, policy=POLICIES["strict"], dialect_old="2020-12", dialect_new="2020-12")
    for name in names:
        verdicts = comparer.compare(old["$defs"][name], new["$defs"][name], direction=WRITES, budget=budget)
        assert any(one.change is ChangeClass.BREAKING for one in verdicts)
    assert budget.used < DEFAULT_STEPS
