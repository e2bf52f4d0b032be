"""The engine against the table of pairs, and the table against an independent engine."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from easement.interfaces.compatibility.json_schema import compare_schemas
from easement.interfaces.compatibility.policy import POLICIES
from easement.interfaces.compatibility.verdict import ChangeClass, Direction, Verdict

_SPEC = importlib.util.spec_from_file_location("schema_pairs", Path(__file__).with_name("schema_pairs.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
PAIRS = _MODULE.PAIRS
LETTERS = {
    None: "-",
    ChangeClass.BREAKING: "B",
    ChangeClass.RISKY: "R",
    ChangeClass.SAFE: "S",
    ChangeClass.DOCUMENTATION: "D",
}
WITHOUT_EXAMPLE = {
    "a bad limit cannot be read",
    "a reference that leads nowhere, new",
    "a schema that became its own opposite",
    "a schema that was its own opposite",
    "another reference outside",
    "looking around cannot be shown",
    "a reference outside, unchanged beside a widening",
    "format widened to one that holds it",
    "32 bits became 64",
    "64 bits became 32",
}
"""Pairs that count as breaking because nothing better can be shown: there may be no example."""


def compared(pair: Any, direction: Direction) -> tuple[Verdict, ...]:
    return compare_schemas(
        pair.old,
        pair.new,
        old_root=pair.old,
        new_root=pair.new,
        direction=direction,
        policy=POLICIES["strict"],
        dialect_old=pair.dialect,
        dialect_new=pair.dialect,
    )


def worst(verdicts: tuple[Verdict, ...]) -> str:
    return LETTERS[min((one.change for one in verdicts), key=lambda change: change.rank, default=None)]


def test_the_table_is_large_and_its_names_are_unique() -> None:
    names = [pair.name for pair in PAIRS]
    assert len(names) >= 250
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_consumer_that_writes(pair: Any) -> None:
    verdicts = compared(pair, Direction.REQUEST)
    assert worst(verdicts) == pair.writes, [(one.change, one.rule, one.explanation) for one in verdicts]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_consumer_that_reads(pair: Any) -> None:
    verdicts = compared(pair, Direction.RESPONSE)
    assert worst(verdicts) == pair.reads, [(one.change, one.rule, one.explanation) for one in verdicts]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_every_breaking_pair_has_an_example(pair: Any) -> None:
    if pair.name in WITHOUT_EXAMPLE:
        return
    for direction in (Direction.REQUEST, Direction.RESPONSE):
        breaking = [one for one in compared(pair, direction) if one.change is ChangeClass.BREAKING]
        removed = {"response-property-removed"}
        if breaking and not {one.rule for one in breaking} <= removed:
            assert any(one.counter_example for one in breaking), (direction, [one.explanation for one in breaking])


@pytest.mark.parametrize(
    "pair",
    [
        pair
        for pair in PAIRS
        if pair.dialect == "2020-12" and not any(part in str(pair) for part in ("format", "'$ref': '#'"))
    ],
    ids=lambda pair: pair.name,
)
def test_another_engine_does_not_disprove_what_is_claimed(pair: Any) -> None:
    """``covers`` answers yes, no or unknown; a no against a claim of safety would be a false "compatible".

    It decides nothing about schemas that contain themselves through the root, and no format asks anything of it.
    """
    try:
        old = jsonschema_rs.canonicalize(pair.old, draft=jsonschema_rs.Draft202012)
        new = jsonschema_rs.canonicalize(pair.new, draft=jsonschema_rs.Draft202012)
    except (ValueError, jsonschema_rs.ReferencingError):
        assert "reference" in pair.name
        return
    if pair.writes != "B":
        assert str(new.covers(old)) != "no"
    if pair.reads != "B":
        assert str(old.covers(new)) != "no"
