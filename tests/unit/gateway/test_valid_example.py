"""Examples made from schemas: what is made fits, by a validator that knows nothing of how it was made."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.gateway.valid_example import NoExampleError, example_of, fits, schema_of
from easement.interfaces.shapes import compile_shape

SCHEMAS: list[Any] = [
    True,
    {"type": "string", "pattern": "^[A-Z]{2,4}$"},
    {"type": "string", "pattern": r"^(ab|cd)-\d{3}[x_]?$"},
    {"type": "string", "pattern": "^[^a-z]+$", "minLength": 6},
    {"type": "string", "format": "uuid"},
    {"type": "string", "minLength": 50, "maxLength": 60},
    {"type": "string", "maxLength": 0},
    {"type": "integer", "exclusiveMinimum": 3, "multipleOf": 7},
    {"type": "number", "minimum": -2.5, "exclusiveMaximum": -1},
    {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "string"}},
    {"oneOf": [{"type": "object", "required": ["k"], "properties": {"k": {"const": "x"}}}, {"type": "string"}]},
    {"type": "object", "anyOf": [{"required": ["z"]}], "properties": {"z": {"type": "null"}}},
    {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"enum": [5]}}}]},
    {"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "properties": {"next": {"$ref": "#/$defs/t"}}}}},
    {"type": ["null", "integer"], "minimum": 4},
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_an_example_fits(schema: Any) -> None:
    assert jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(example_of(schema))


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "string", "pattern": "^(?=a)b$"},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "string", "minLength": 5_000_000},
        {"type": "string", "pattern": "("},
        {
            "$ref": "#/$defs/t",
            "$defs": {"t": {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#"}}}},
        },
    ],
)
def test_where_nothing_fits_there_is_no_example(schema: Any) -> None:
    with pytest.raises(NoExampleError):
        example_of(schema)


def in_range(low: int, more: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": low + more}


def of_length(low: int, more: int) -> dict[str, Any]:
    return {"type": "string", "minLength": low, "maxLength": low + more}


plain: st.SearchStrategy[dict[str, Any]] = st.deferred(
    lambda: st.one_of(
        st.builds(in_range, st.integers(-99, 99), st.integers(0, 9)),
        st.builds(of_length, st.integers(0, 40), st.integers(0, 9)),
        st.builds(lambda values: {"enum": values}, st.lists(st.text(max_size=4), min_size=1, unique=True)),
        st.builds(lambda item, n: {"type": "array", "items": item, "minItems": n}, plain, st.integers(0, 3)),
        st.builds(
            lambda parts: {"type": "object", "properties": parts, "required": sorted(parts)},
            st.dictionaries(st.sampled_from("abcd"), plain, max_size=3),
        ),
    )
)


@given(plain)
def test_shapes_of_the_gateway_have_examples_that_their_schema_takes(schema: dict[str, Any]) -> None:
    shapes = compile_shape(schema, {}, closed=True)
    value = example_of(schema_of(shapes))
    assert fits(value, schema)


def test_what_is_no_schema_takes_nothing() -> None:
    assert not fits({}, None)
    assert not fits({}, {"type": "string", "pattern": "("})
