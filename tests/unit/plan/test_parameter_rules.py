"""Which parameters the contract runtime checks, which need the decider, and what is said about it."""

from __future__ import annotations

from typing import Any

import pytest

from easement.interfaces.implied_types import with_implied_types
from easement.interfaces.model import Parameter
from easement.interfaces.number_formats import INT64_EDGE, with_number_bounds
from easement.plan.parameters import ParameterCompiler


def declared(schema: Any, location: str = "query", **changes: Any) -> Parameter:
    style = "form" if location in {"query", "cookie"} else "simple"
    values = {"name": "p", "location": location, "required": False, "schema": schema, "style": style, **changes}
    return Parameter(**values)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 1},
        {"type": ["string", "null"]},
        {"type": ["integer", "null"], "minimum": 3},
        {"enum": ["a", "b"]},
        {"minLength": 3},
        {"minimum": 3},
        {"items": {"enum": [1, 2]}},
        {"type": "integer", "format": "int64"},
        {"type": "number", "format": "double"},
        {"type": "string", "format": "made-up"},
        {"type": "array", "items": {"type": "integer"}, "maxItems": 3},
        {},
    ],
)
def test_what_has_one_reading_is_checked_by_the_runtime(schema: Any):
    found = ParameterCompiler({}).compile([declared(schema)])
    assert [rule.name for rule in found.rules] == ["p"]
    assert (found.decided, found.reasons, found.open_query) == ((), (), False)


@pytest.mark.parametrize(
    ("schema", "changes", "reason"),
    [
        ({"type": "string", "pattern": "^a"}, {}, "query parameter p: pattern"),
        ({"type": "string", "format": "uuid"}, {}, "query parameter p: format uuid"),
        ({"type": "array", "items": {"type": "string", "format": "date"}}, {}, "query parameter p: format date"),
        ({"type": "integer", "multipleOf": 2}, {}, "query parameter p: multipleOf"),
        ({"type": "integer", "maximum": 2**60}, {}, "query parameter p: numbers beyond 53 bits"),
        ({"type": ["string", "integer"]}, {}, "query parameter p: a text that may be of several types"),
        ({"minLength": 3, "minimum": 3}, {}, "query parameter p: a text that may be of several types"),
        ({"type": "array"}, {}, "query parameter p: items that may be of several types"),
        ({"pattern": "^a"}, {}, "query parameter p: pattern"),
        ({"type": "object"}, {}, "query parameter p: an object"),
        ({"type": "string"}, {"location": "cookie"}, "cookie parameter p: a cookie"),
        ({"type": "string"}, {"location": "path", "style": "label"}, "path parameter p: style label"),
        ({"type": "object"}, {"style": "deepObject"}, "query parameter p: an object, style deepObject"),
        ({}, {"style": "content", "media": "application/json"}, None),
    ],
)
def test_what_has_not_goes_to_the_decider_and_says_why(schema: Any, changes: dict[str, Any], reason: str | None):
    plain = Parameter(name="q", location="query", required=False, schema={"type": "string"}, style="form")
    found = ParameterCompiler({}).compile([declared(schema, **{"location": "query"} | changes), plain])
    assert {one.name for one in found.decided} == {"p", "q"}, "the decider gets all parameters or none"
    assert [rule.name for rule in found.rules] == ["q"], "and what the runtime can check it still checks"
    assert reason is None or found.reasons == (reason,)


def test_a_document_that_cannot_be_read_is_refused_and_named():
    found = ParameterCompiler({}).compile([declared({}, style="content", media="application/xml")])
    assert found.refused == ("query parameter p of type application/xml",)
    exploded = ParameterCompiler({}).compile([declared({"type": "object"}, "cookie", explode=True)])
    assert exploded.refused == ("cookie parameter p, an exploded object, which has no form in a cookie",)


def test_headers_that_frame_a_request_are_no_parameters():
    names = ["Accept", "Authorization", "Content-Type", "Host", "Content-Length", "Cookie", "X-Request-ID"]
    found = ParameterCompiler({}).compile([declared({"type": "string"}, "header", name=name) for name in names])
    assert (found.rules, found.decided) == ((), ())
    assert found.dropped == tuple(f"header parameter {name}" for name in names[3:])


def test_number_formats_are_bounds_wherever_a_schema_stands():
    schema = {"allOf": [{"type": "array", "items": {"type": "integer", "format": "int32", "maximum": 7}}], "enum": [1]}
    bounded = with_number_bounds(schema)
    assert bounded["allOf"][0]["items"] == {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 7}
    assert with_number_bounds({"properties": {"format": {"const": {"format": "int32"}}}}) == {
        "properties": {"format": {"const": {"format": "int32"}}}
    }
    assert with_number_bounds({"$ref": "#/$defs/A"}) == {"$ref": "#/$defs/A"}
    referred = ParameterCompiler({"A": {"type": "integer", "format": "int32"}})
    assert referred.compile([declared({"$ref": "#/$defs/A"})]).rules[0].shape.nodes[0].maximum == 2**31 - 1


def test_the_edge_of_64_bits_reads_alike_as_a_double_and_exactly():
    assert float(INT64_EDGE) == 2.0**63
    assert float(INT64_EDGE - 1) < 2.0**63


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"pattern": "^a"}, "string"),
        ({"minimum": 1}, "number"),
        ({"format": "uuid"}, "string"),
        ({"format": "int64"}, "number"),
        ({"enum": [1, "a"]}, ["integer", "string"]),
        ({"const": True}, "boolean"),
        ({"properties": {"a": {}}}, "object"),
        ({"maxItems": 1}, "array"),
    ],
)
def test_a_type_that_is_not_said_follows_from_what_is_asked(schema: Any, kind: Any):
    assert with_implied_types(schema) == {**schema, "type": kind}


def test_nothing_is_implied_where_nothing_is_asked_or_below_a_negation():
    for schema in ({}, True, {"title": "x"}, {"not": {"pattern": "^a"}}, {"$ref": "#/$defs/A"}, {"type": "string"}):
        assert with_implied_types(schema) == schema
    assert with_implied_types({"anyOf": [{"pattern": "^a"}, {}]}) == {
        "anyOf": [{"pattern": "^a", "type": "string"}, {}]
    }
