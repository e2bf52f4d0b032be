"""The published schemas say what the loader accepts, in words that help."""

from __future__ import annotations

import jsonschema_rs
import pytest

from easement.contract.descriptions import DESCRIPTIONS
from easement.contract.documents import from_json, to_json
from easement.contract.json_schema import key_paths, known_keys, schema_of, schema_of_any
from easement.contract.kinds import KINDS
from easement.contract.loader import load
from easement.contract.templates import new_document


def _example(kind: str) -> dict:
    files = {name: text.encode() for name, text in new_document(kind, names={}).items()}
    (loaded,) = load(files).documents
    return to_json(loaded.document)


@pytest.mark.parametrize("kind", KINDS)
def test_schema_accepts_what_the_loader_accepts(kind):
    tree = _example(kind)
    for schema in (schema_of(kind), schema_of_any()):
        assert jsonschema_rs.Draft202012Validator(schema).is_valid(tree)


@pytest.mark.parametrize("kind", KINDS)
def test_schema_refuses_what_the_loader_refuses(kind):
    tree = _example(kind)
    wrong = [
        {**tree, "unknown": 1},
        {**tree, "metadata": {}},
        {**tree, "apiVersion": "easement/v2"},
        {key: value for key, value in tree.items() if key != "kind"},
        {key: value for key, value in tree.items() if key != "apiVersion"},
        {**tree, "spec": {**tree["spec"], "unknown": 1}},
    ]
    for schema in (schema_of(kind), schema_of_any()):
        validator = jsonschema_rs.Draft202012Validator(schema)
        assert [validator.is_valid(bad) for bad in wrong] == [False] * len(wrong)


def test_schemas_are_schemas():
    for schema in (schema_of_any(), *map(schema_of, KINDS)):
        jsonschema_rs.meta.validate(schema)


def test_every_key_is_described_and_nothing_else():
    keys = {f"{name}.{key}" for name, node in schema_of_any()["$defs"].items() for key in node.get("properties", {})}
    assert keys == set(DESCRIPTIONS)


def test_schemas_can_be_changed_without_harm():
    schema_of("Team")["$defs"].clear()
    schema_of_any()["$defs"]["Team"].clear()
    assert "properties" in schema_of("Team")["$defs"]["Team"]


def test_known_keys_are_found_through_lists_mappings_and_unions():
    assert known_keys("Integration", ["spec", "consent"]) == ("maxAge", "scope")
    assert "url" in known_keys("System", ["spec", "endpoints", "production"])
    assert "check" in known_keys("Standard", ["spec", "rules", 0])
    assert known_keys("Team", ["metadata", "labels"]) == ()
    assert known_keys("Team", ["nowhere", 3, "x"]) == ()
    assert key_paths("Integration", "attempts") == ("spec.errors.retry.attempts",)


def test_schema_of_no_kind_is_an_error():
    with pytest.raises(KeyError):
        schema_of("Tame")
    assert from_json(_example("Team")).kind == "Team"
