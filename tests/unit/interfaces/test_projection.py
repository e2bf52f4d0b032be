"""Projections by example."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from easement.contract.kinds import Handling
from easement.interfaces.projection import apply_projection, compile_projection

TEXT = {"type": "string"}
ORDER = {
    "type": "object",
    "properties": {
        "id": TEXT,
        "secret": {"type": "string", "writeOnly": True},
        "customer": {"anyOf": [TEXT, {"type": "object", "properties": {"id": TEXT, "mail": TEXT}}]},
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"sku": TEXT, "price": {"type": "number"}}},
        },
        "labels": {"type": "object", "additionalProperties": TEXT},
    },
}
CLEAR, MASK, HASH, DROP = Handling.CLEAR, Handling.MASK, Handling.HASH, Handling.DROP


def project(handling, value, schema=ORDER):
    projection, _ = compile_projection(schema, {}, handling)
    return apply_projection(projection, value, hash_key=b"key")


@pytest.mark.parametrize(
    ("handling", "expected"),
    [
        pytest.param({"id": CLEAR}, {"id": "value"}, id="leaf"),
        pytest.param({"lines": CLEAR}, {"lines": {"sku": "value", "price": "value"}}, id="branch"),
        pytest.param({"lines": CLEAR, "lines.price": DROP}, {"lines": {"sku": "value"}}, id="less-one"),
        pytest.param(
            {"lines": MASK, "lines.sku": CLEAR}, {"lines": {"sku": "value", "price": "mask"}}, id="nearest-wins"
        ),
        pytest.param({"customer.id": HASH}, {"customer": {"id": "hash"}}, id="hash"),
        pytest.param(
            {"customer": CLEAR}, {"customer": {"id": "value", "mail": "value", "$": "clear"}}, id="id-or-object"
        ),
        pytest.param({"labels": CLEAR}, {"labels": "clear"}, id="map"),
        pytest.param({"secret": CLEAR, "id": DROP}, {}, id="write-only"),
        pytest.param({"labels.x": CLEAR, "nothing": CLEAR}, {}, id="unknown"),
    ],
)
def test_handling_is_compiled(handling, expected):
    assert compile_projection(ORDER, {}, handling)[0] == expected


def test_the_paths_that_exist_are_told():
    handling = {"id": CLEAR, "lines.sku": MASK, "secret": CLEAR, "lines.colour": CLEAR, "customer": DROP}
    assert compile_projection(ORDER, {}, handling)[1] == {"id", "lines.sku", "customer"}


def test_what_is_not_named_does_not_pass():
    value = {
        "id": "1",
        "lines": [{"sku": "a", "price": 2, "cost": 1}, None, "text", [{"sku": "b", "x": 1}]],
        "new": {"x": 1},
    }
    assert project({"id": CLEAR, "lines.sku": CLEAR}, value) == (
        {"id": "1", "lines": [{"sku": "a"}, None, [{"sku": "b"}]]},
        ("lines", "lines.cost", "lines.price", "lines.x", "new"),
    )


def test_a_text_in_place_of_an_object_passes_only_with_its_branch():
    assert project({"customer": CLEAR}, {"customer": "c-1"}) == ({"customer": "c-1"}, ())
    assert project({"customer.id": CLEAR}, {"customer": "c-1"}) == ({}, ("customer",))


def test_masks_and_hashes_hide_values():
    expected = hmac.new(b"key", b'{"b":[1,2.5],"\xc3\xa9":null}', hashlib.sha256).hexdigest()
    projected, _ = project({"labels": HASH, "id": MASK}, {"id": "1", "labels": {"é": None, "b": [1.0, 2.5]}})
    assert projected == {"id": "***", "labels": expected}


@pytest.mark.parametrize(
    ("schema", "handling", "value", "expected"),
    [
        pytest.param(TEXT, {"$": CLEAR}, "text", ("text", ()), id="text"),
        pytest.param(TEXT, {"$": MASK}, "text", ("***", ()), id="masked-text"),
        pytest.param(TEXT, {"id": CLEAR}, "text", (None, ("$",)), id="text-not-named"),
        pytest.param({"items": TEXT}, {"$": CLEAR}, ["a", "b"], (["a", "b"], ()), id="texts"),
        pytest.param({"items": ORDER}, {"id": CLEAR}, [{"id": "1", "x": 2}], ([{"id": "1"}], ("x",)), id="objects"),
        pytest.param(ORDER, {"id": CLEAR}, "text", (None, ("$",)), id="text-for-object"),
        pytest.param(ORDER, {"id": CLEAR}, None, (None, ()), id="null"),
        pytest.param({"properties": {"$": TEXT, "*": TEXT, "a": TEXT}}, {"a": CLEAR}, {"$": 1, "*": 2, "a": 3},
                     ({"a": 3}, ("$", "*")), id="properties-with-reserved-names"),
    ],
)  # fmt: skip
def test_bodies_that_are_no_object(schema, handling, value, expected):
    assert project(handling, value, schema) == expected


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        pytest.param("7", "7", id="text"),
        pytest.param(None, None, id="null"),
        pytest.param(["7", 8, True], ["7", 8, True], id="list"),
        pytest.param([{"ssn": 1}, "7", [{"ssn": 2}, "8"]], ["7", ["8"]], id="objects-in-lists"),
    ],
)
def test_where_a_value_was_declared_no_object_passes(sent, passed):
    assert project({"id": CLEAR}, {"id": sent})[0] == {"id": passed}


def test_undeclared_object_in_place_of_a_value_is_removed_and_named():
    assert project({"id": CLEAR}, {"id": {"ssn": "1-2-3"}}) == ({}, ("id",))


def test_list_of_values_at_the_root_passes_values_only():
    schema = {"type": "array", "items": TEXT}
    assert project({"$": CLEAR}, ["a", {"ssn": "1-2-3"}], schema)[0] == ["a"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("4111111111111111", "***1111", id="card-number"),
        pytest.param(4111111111111111, "***1111", id="number"),
        pytest.param("é" * 12, "***éééé", id="characters-not-bytes"),
        pytest.param("12345678901", "***", id="too-short-to-tell-four"),
        pytest.param(411111111111.5, "***", id="fraction"),
        pytest.param(True, "***", id="boolean"),
        pytest.param(None, "***", id="null"),
        pytest.param(["4111111111111111"], "***", id="array"),
    ],
)
def test_truncation_leaves_four_of_twelve_or_more(value: Any, expected: str) -> None:
    assert apply_projection({"pan": "truncate"}, {"pan": value}, hash_key=b"key")[0] == {"pan": expected}


@pytest.mark.parametrize("value", [1e20, -(2.0**53), [1e300]])
def test_what_has_no_exact_text_is_not_hashed_but_hidden(value: Any) -> None:
    assert apply_projection({"n": "hash"}, {"n": value}, hash_key=b"key")[0] == {"n": "***"}
