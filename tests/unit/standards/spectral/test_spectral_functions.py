"""Each core function on a value that it accepts and on one that it does not."""

from __future__ import annotations

from typing import Any

import pytest

VALUE = "$.value"

CASES: list[tuple[str, str, Any, Any, Any, str]] = [
    ("keys in order", "alphabetical", None, {"a": 1, "b": 2}, {"b": 1, "a": 2}, '"b" must be placed after "a"'),
    ("items in order", "alphabetical", None, ["a", "b"], ["b", "a"], '"b" must be placed after "a"'),
    ("numbers in order", "alphabetical", None, [2, 10], [10, 2], "10 must be placed after 2"),
    (
        "items in order by a key",
        "alphabetical",
        {"keyedBy": "n"},
        [{"n": "a"}, {"n": "b"}],
        [{"n": "b"}, {"n": "a"}],
        "properties must follow the alphabetical order",
    ),
    (
        "items of one type",
        "alphabetical",
        None,
        ["a"],
        ["a", {}],
        '"value" property must be one of the allowed types: number, string',
    ),
    ("flat", "casing", {"type": "flat"}, "abc1", "aBc", "must be flat case"),
    ("camel", "casing", {"type": "camel"}, "orderId2", "OrderId", "must be camel case"),
    ("pascal", "casing", {"type": "pascal"}, "OrderId", "orderId", "must be pascal case"),
    ("kebab", "casing", {"type": "kebab"}, "order-id", "order_id", "must be kebab case"),
    ("cobol", "casing", {"type": "cobol"}, "ORDER-ID", "order-id", "must be cobol case"),
    ("snake", "casing", {"type": "snake"}, "order_id", "orderId", "must be snake case"),
    ("macro", "casing", {"type": "macro"}, "ORDER_ID", "order_id", "must be macro case"),
    ("no digits", "casing", {"type": "camel", "disallowDigits": True}, "orderId", "order2", "must be camel case"),
    (
        "a separator",
        "casing",
        {"type": "camel", "separator": {"char": "/", "allowLeading": True}},
        "/a/bC",
        "/a/B",
        "must be camel case",
    ),
    ("end of the text", "casing", {"type": "flat"}, "abc", "abc\n", "must be flat case"),
    (
        "in the list",
        "enumeration",
        {"values": ["a", 1]},
        "a",
        "b",
        '"b" must be equal to one of the allowed values: "a", 1',
    ),
    ("one is not true", "enumeration", {"values": [1]}, 1, True, "true must be equal to one of the allowed values: 1"),
    ("falsy", "falsy", None, "", "x", '"value" property must be falsy'),
    ("truthy", "truthy", None, [], 0, '"value" property must be truthy'),
    ("long enough", "length", {"min": 2}, "ab", "a", '"value" property must be longer than 2'),
    ("short enough", "length", {"max": 1}, [1], [1, 2], '"value" property must be shorter than 1'),
    ("length of a number", "length", {"max": 5}, 5, 6, '"value" property must be shorter than 5'),
    ("length of an object", "length", {"min": 1}, {"a": 1}, {}, '"value" property must be longer than 1'),
    (
        "at least one",
        "or",
        {"properties": ["a", "b"]},
        {"a": 1, "b": 1},
        {},
        'At least one of "a" or "b" must be defined',
    ),
    (
        "at least one of many",
        "or",
        {"properties": ["a", "b", "c", "d", "e"]},
        {"e": 1},
        {},
        'At least one of "a" or "b" or "c" or 2 other properties must be defined',
    ),
    (
        "just one",
        "xor",
        {"properties": ["a", "b"]},
        {"a": 1},
        {"a": 1, "b": 1},
        'Just one of "a" and "b" must be defined',
    ),
    ("one at all", "xor", {"properties": ["a", "b"]}, {"b": 1}, {}, 'At least one of "a" or "b" must be defined'),
    ("match", "pattern", {"match": "^x-"}, "x-a", "y", '"y" must match the pattern "^x-"'),
    (
        "no match",
        "pattern",
        {"notMatch": "http:"},
        "https://a",
        "http://a",
        '"http://a" must not match the pattern "http:"',
    ),
    ("flags", "pattern", {"match": "/^X/i"}, "x", "y", '"y" must match the pattern "/^X/i"'),
    ("schema", "schema", {"schema": {"type": "string"}}, "a", 1, '"value" property type must be string'),
    (
        "schema with a required key",
        "schema",
        {"schema": {"required": ["k"]}},
        {"k": 1},
        {},
        '"value" property must have required property "k"',
    ),
    (
        "schema with closed keys",
        "schema",
        {"schema": {"properties": {"k": {}}, "additionalProperties": False}},
        {"k": 1},
        {"z": 1},
        'Property "z" is not expected to be here',
    ),
    (
        "schema with a near miss",
        "schema",
        {"schema": {"enum": ["query", "path"]}},
        "path",
        "quer",
        '"value" property must be equal to one of the allowed values: "query", "path". Did you mean "query"?',
    ),
    (
        "schema of items",
        "schema",
        {"schema": {"items": {"type": "integer"}}},
        [1],
        [1, "a"],
        "Item at index 1 must be integer",
    ),
    (
        "schema of draft-04",
        "schema",
        {"dialect": "draft4", "schema": {"maximum": 5, "exclusiveMaximum": True}},
        4,
        5,
        '"value" property must be < 5',
    ),
    (
        "schema of 2020-12",
        "schema",
        {"dialect": "draft2020-12", "schema": {"prefixItems": [{"type": "string"}], "items": False}},
        ["a"],
        ["a", 1],
        '"value" property must not have more than 1 items',
    ),
    (
        "typed enum",
        "typedEnum",
        None,
        {"type": "string", "enum": ["a"]},
        {"type": "string", "enum": [1]},
        'Enum value 1 must be "string".',
    ),
    (
        "integers in an enum",
        "typedEnum",
        None,
        {"type": "integer", "enum": [1]},
        {"type": "integer", "enum": [1.5]},
        'Enum value 1.5 must be "integer".',
    ),
]


@pytest.mark.parametrize(
    ("function", "options", "good", "bad", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_function_passes_the_good_and_names_the_bad(  # noqa: PLR0917 - fixtures and a row of the table
    lint: Any, one_rule: Any, function: str, options: Any, good: Any, bad: Any, message: str
):
    ruleset = one_rule(VALUE, function, options)
    assert lint(ruleset, {"value": good}) == []
    assert [one.message for one in lint(ruleset, {"value": bad})] == [message]


@pytest.mark.parametrize(
    ("function", "document", "message"),
    [
        ("defined", {}, '"value" property must be defined'),
        ("undefined", {"value": None}, '"value" property must be undefined'),
        ("truthy", {}, '"value" property must be truthy'),
    ],
)
def test_presence_is_asked_of_a_field(lint: Any, one_rule: Any, function: str, document: Any, message: str):
    ruleset = one_rule("$", function, field="value")
    assert [one.message for one in lint(ruleset, document)] == [message]
    assert lint(ruleset, {"value": "x"} if function != "undefined" else {}) == []


def test_unreferenced_object_is_one_that_no_reference_names(lint: Any, one_rule: Any):
    ruleset = one_rule("$.parts", "unreferencedReusableObject", {"reusableObjectsLocation": "#/parts"}, resolved=False)
    document = {"use": {"$ref": "#/parts/used"}, "parts": {"used": {}, "orphan": {}}}
    assert [one.path for one in lint(ruleset, document)] == [("parts", "orphan")]


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ({"format": "date", "value": "2024-02-29"}, True),
        ({"format": "date", "value": "2023-02-29"}, False),
        ({"format": "date-time", "value": "2024-01-01T10:00:00Z"}, True),
        ({"format": "date-time", "value": "2024-01-01"}, False),
        ({"format": "time", "value": "23:59:60"}, True),
        ({"format": "time", "value": "24:00:00"}, False),
        ({"format": "duration", "value": "P1DT2H"}, True),
        ({"format": "duration", "value": "P"}, False),
        ({"format": "uri", "value": "https://a.b/c?d#e"}, True),
        ({"format": "uri", "value": "a b"}, False),
        ({"format": "uri-reference", "value": "../a"}, True),
        ({"format": "uri-reference", "value": "\\a"}, False),
        ({"format": "uri-template", "value": "/a/{b}"}, True),
        ({"format": "uri-template", "value": "/a/{b"}, False),
        ({"format": "url", "value": "https://a.bc"}, True),
        ({"format": "url", "value": "a.bc"}, False),
        ({"format": "email", "value": "a.b@c.de"}, True),
        ({"format": "email", "value": "a@b"}, False),
        ({"format": "hostname", "value": "a-b.c"}, True),
        ({"format": "hostname", "value": "-a"}, False),
        ({"format": "ipv4", "value": "10.0.0.1"}, True),
        ({"format": "ipv4", "value": "10.0.0.256"}, False),
        ({"format": "ipv6", "value": "::1"}, True),
        ({"format": "ipv6", "value": "::1%eth0"}, False),
        ({"format": "uuid", "value": "123e4567-e89b-12d3-a456-426614174000"}, True),
        ({"format": "uuid", "value": "123"}, False),
        ({"format": "json-pointer", "value": "/a~0b"}, True),
        ({"format": "json-pointer", "value": "/a~2"}, False),
        ({"format": "regex", "value": "^a+$"}, True),
        ({"format": "regex", "value": "(a"}, False),
        ({"format": "byte", "value": "YWJj"}, True),
        ({"format": "byte", "value": "a b"}, False),
        ({"format": "int32", "value": 2**31 - 1}, True),
        ({"format": "int32", "value": 2**31}, False),
        ({"format": "int64", "value": 5}, True),
        ({"format": "int64", "value": 5.5}, False),
        ({"format": "made-up", "value": "anything"}, True),
    ],
)
def test_format_is_checked(lint: Any, one_rule: Any, text: dict[str, Any], valid: bool):
    ruleset = one_rule("$.value", "schema", {"schema": {"format": text["format"]}})
    assert [one.message for one in lint(ruleset, {"value": text["value"]})] == (
        [] if valid else [f'"value" property must match format "{text["format"]}"']
    )
