"""Shapes against a full JSON Schema validator, on generated schemas and documents."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from easement.interfaces.enforced_schema import enforced_schema
from easement.interfaces.shapes import check_shape, compile_shape

NAMES = ("a", "b", "c")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, -2.0, 2.5, 1e300]),
    st.sampled_from(["", "x", "xy", "é", "😀😀", "a"]),
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*NAMES, "zz"]), inner, max_size=4)
    ),
    max_leaves=8,
)
REFERENCES = st.sampled_from(["One", "Two"]).map(lambda name: {"$ref": f"#/$defs/{name}"})


def _optional(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


def _with_type(name: str, **keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    types = st.sampled_from([name, name, name, [name, "null"], [name, "boolean" if name != "boolean" else "string"]])
    return st.builds(lambda said, kind: {"type": kind, **said}, _optional(**keywords), types)


LIMITS = st.one_of(st.integers(-2, 3), st.sampled_from([0.5, 1.0]))
COUNTS = st.integers(0, 3)
LEAVES = st.one_of(
    _with_type("string", minLength=COUNTS, maxLength=COUNTS, enum=st.lists(SCALARS, min_size=1, max_size=3)),
    _with_type("integer", minimum=LIMITS, maximum=LIMITS, exclusiveMinimum=LIMITS),
    _with_type("number", minimum=LIMITS, exclusiveMaximum=LIMITS),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}, True, False, {"format": "email"}]),
    SCALARS.map(lambda value: {"const": value}),
    st.lists(SCALARS, min_size=1, max_size=4).map(lambda values: {"enum": values}),
    REFERENCES,
)


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    required = st.lists(st.sampled_from(NAMES), max_size=2, unique=True)
    extra = st.one_of(st.booleans(), inner)
    plain_objects = _with_type("object", properties=members, required=required)
    objects = _with_type("object", properties=members, required=required, additionalProperties=extra)
    return st.one_of(
        plain_objects,
        objects,
        _optional(properties=members, required=required),
        _with_type("array", items=inner, minItems=COUNTS, maxItems=COUNTS),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"allOf": parts}),
        st.builds(lambda base, part: {**base, "allOf": [part]}, plain_objects, inner),
        st.builds(lambda part, key: {key: [part, {"type": "null"}]}, inner, st.sampled_from(["anyOf", "oneOf"])),
        st.builds(
            lambda parts, key: {key: parts},
            st.lists(inner, min_size=1, max_size=3),
            st.sampled_from(["anyOf", "oneOf"]),
        ),
    )


SCHEMAS = st.recursive(LEAVES, _larger, max_leaves=8)
DEFINITIONS = st.fixed_dictionaries(
    {"One": SCHEMAS.filter(lambda s: "$ref" not in str(s)), "Two": _larger(LEAVES)}
).filter(lambda found: not _refers_to_itself(found["Two"]))


def _refers_to_itself(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    parts = [part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key, [])]
    return schema.get("$ref") == "#/$defs/Two" or any(_refers_to_itself(part) for part in parts)


@pytest.mark.parametrize("closed", [False, True])
@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=SCHEMAS, definitions=DEFINITIONS, documents=st.lists(DOCUMENTS, min_size=3, max_size=6))
def test_shapes_agree_with_a_full_validator(closed, schema, definitions, documents):
    shapes = compile_shape(schema, definitions, closed=closed)
    full = enforced_schema(schema, definitions, closed=closed)
    note(f"full schema: {full}\nshapes: {shapes}")
    validator = jsonschema_rs.Draft202012Validator(full)
    for document in documents:
        note(f"document: {document!r}")
        fits, expected = check_shape(shapes, document) == [], validator.is_valid(document)
        if shapes.unchecked:
            assert fits or not expected, "a shape refused what the schema accepts"
        else:
            assert fits == expected


def _insert_closing(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    written = dict(schema)
    for key in ("items", "additionalProperties"):
        if key in schema:
            written[key] = _insert_closing(schema[key])
    if schema.get("properties"):
        written["properties"] = {name: _insert_closing(one) for name, one in schema["properties"].items()}
        written.setdefault("additionalProperties", False)
    return written


SIMPLE_LEAVES = LEAVES.filter(lambda schema: "$ref" not in str(schema))
SIMPLE = st.recursive(
    SIMPLE_LEAVES,
    lambda inner: st.one_of(
        _with_type("object", properties=st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
        _with_type("object", additionalProperties=inner),
        _with_type("array", items=inner),
    ),
    max_leaves=6,
)


@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=SIMPLE, documents=st.lists(DOCUMENTS, min_size=3, max_size=6))
def test_closing_is_additional_properties_false_where_nothing_is_said(schema, documents):
    shapes = compile_shape(schema, {}, closed=True)
    validator = jsonschema_rs.Draft202012Validator(_insert_closing(schema))
    assert shapes.unchecked == ()
    for document in documents:
        assert (check_shape(shapes, document) == []) == validator.is_valid(document)
