"""Schemas as shapes: what is checked, and what is said to be unchecked."""

from __future__ import annotations

import pytest

from easement.interfaces.shapes import check_shape, compile_shape, shape_to_json

TEXT = {"type": "string"}


def shapes(schema, definitions=None, *, closed=True):
    return compile_shape(schema, definitions or {}, closed=closed)


@pytest.mark.parametrize(
    ("schema", "unchecked"),
    [
        ({"type": "string", "pattern": "^a"}, ("$: pattern",)),
        ({"type": "string", "format": "email", "contentEncoding": "base64"}, ()),
        ({"not": TEXT}, ("$: not",)),
        ({"properties": {"a": {"items": {"multipleOf": 2}}}}, ("a: multipleOf",)),
        ({"enum": [[1]]}, ("$: enum",)),
        ({"uniqueItems": True, "minProperties": 1, "contains": {}, "minContains": 2},
         ("$: contains", "$: minProperties", "$: uniqueItems")),
        ({"patternProperties": {"^x": TEXT}}, ("$: patternProperties",)),
        ({"if": TEXT, "then": {}}, ("$: if", "$: then")),
        ({"anyOf": [TEXT, {"type": "null"}]}, ()),
        ({"oneOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]}, ("$: oneOf",)),
        ({"anyOf": [{"type": "string", "maxLength": 3}, {"type": "integer", "minimum": 1}]}, ()),
        ({"anyOf": [{"const": "a"}, {"enum": ["b", 1]}]}, ()),
        ({"oneOf": [{"enum": ["a", "b"]}, {"enum": ["b"]}]}, ("$: oneOf",)),
        ({"prefixItems": [TEXT], "items": False}, ("$: items", "$: prefixItems")),
    ],
)  # fmt: skip
def test_what_a_shape_cannot_say_is_named(schema, unchecked):
    assert shapes(schema).unchecked == unchecked


@pytest.mark.parametrize(
    ("schema", "value", "messages"),
    [
        (TEXT, 1, ["$: is integer, expected string"]),
        ({"type": "integer"}, 1.0, []),
        ({"type": "integer"}, True, ["$: is boolean, expected integer"]),
        ({"type": "number"}, float("nan"), ["$: is no JSON value"]),
        ({"enum": [1, "a"]}, 1.0, []),
        ({"enum": [1]}, True, ["$: is not one of the allowed values"]),
        ({"type": "string", "maxLength": 2}, "😀😀", []),
        ({"type": "string", "maxLength": 2}, "abc", ["$: has 3 characters, at most 2 allowed"]),
        ({"minimum": 1, "exclusiveMaximum": 3}, 3, ["$: is not less than 3"]),
        ({"required": ["a"], "properties": {"a": {}}}, {}, ["$: lacks the required property 'a'"]),
        ({"properties": {"a": TEXT}}, {"b": 1}, ["b: not declared"]),
        ({"properties": {"a": TEXT}, "additionalProperties": {"type": "integer"}}, {"b": "x"},
         ["b: is string, expected integer"]),
        ({"type": "object"}, {"anything": 1}, []),
        ({"items": {"properties": {"a": TEXT}}, "maxItems": 1}, [{"a": 1}, {"a": "x"}],
         ["$: has 2 items, at most 1 allowed", "$[0].a: is integer, expected string"]),
        ({"allOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]}, {"a": "x", "b": "y"}, []),
        ({"allOf": [{"properties": {"a": TEXT}, "additionalProperties": False}, {"properties": {"b": TEXT}}]},
         {"b": "y"}, ["b: is not allowed here"]),
        (False, None, ["$: is not allowed here"]),
    ],
)  # fmt: skip
def test_values_are_checked(schema, value, messages):
    assert check_shape(shapes(schema), value) == messages


def test_messages_never_carry_a_value():
    schema = {"properties": {"card": {"type": "string", "maxLength": 3, "enum": ["a"]}}}
    messages = check_shape(shapes(schema), {"card": "4111111111111111", "pin": "1234"})
    assert messages
    assert not any(secret in message for message in messages for secret in ("4111", "1234"))


def test_a_recursive_schema_is_a_table_that_refers_to_itself():
    definitions = {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "id": TEXT}}}
    compiled = shapes({"$ref": "#/$defs/Node"}, definitions)
    assert len(compiled.nodes) == 2
    value = {"id": "x"}
    for _ in range(5_000):
        value = {"next": value}
    assert check_shape(compiled, value) == []


def test_the_table_as_json():
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "minLength": 1, "maxLength": 3},
            "b": {"type": "array", "items": {"minimum": 0}},
        },
        "additionalProperties": False,
    }
    assert shape_to_json(shapes(schema)) == {
        "root": 0,
        "nodes": [
            {"type": ["object"], "required": ["a"], "props": {"a": 1, "b": 2}, "extra": False},
            {"type": ["string"], "minlen": 1, "maxlen": 3},
            {"type": ["array"], "items": 3},
            {"min": 0},
        ],
    }
    assert shape_to_json(shapes(False)) == {"root": 0, "nodes": [{"enum": []}]}
