"""Descriptions made to exhaust, mislead or escape the reader."""

from __future__ import annotations

import json

import pytest

from easement.contract.kinds import Handling
from easement.contract.problems import Place
from easement.interfaces.fields import MAX_FIELDS, body_fields, limit_problems, list_fields
from easement.interfaces.projection import apply_projection, compile_projection
from easement.interfaces.reader import read_definition
from easement.interfaces.shapes import check_shape, compile_shape


def describe(schema, **schemas):
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {
                "/x": {
                    "get": {
                        "operationId": "x",
                        "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
                    }
                }
            },
            "components": {"schemas": schemas},
        }
    ).encode()


def read(data, file="api.json", **files):
    return read_definition("openapi", file, {file: data, **files})


def answer(model):
    return model.operations["x"].responses[0].content.media["application/json"]


def component(name):
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    "schemas",
    [
        pytest.param({"A": component("A")}, id="itself"),
        pytest.param({"A": component("B"), "B": component("A")}, id="two"),
        pytest.param(
            {"A": {"allOf": [component("B")]}, "B": {"anyOf": [component("A"), {"type": "null"}]}}, id="unions"
        ),
        pytest.param({"A": {"not": component("A")}}, id="not"),
    ],
)
def test_a_schema_made_of_itself_accepts_nothing(schemas):
    model, problems = read(describe(component("A"), **schemas))
    assert {problem.code for problem in problems} == {"EAS-2104"}
    shapes = compile_shape(answer(model), model.definitions, closed=True)
    assert check_shape(shapes, {"a": 1})
    assert check_shape(shapes, "text")


def test_parameters_and_path_items_in_a_circle_are_left_out():
    document = {
        "openapi": "3.0.0",
        "paths": {
            "/a": {"$ref": "#/paths/~1b"},
            "/b": {"$ref": "#/paths/~1a"},
            "/c": {"get": {"parameters": [{"$ref": "#/components/parameters/P"}], "responses": {}}},
        },
        "components": {"parameters": {"P": {"$ref": "#/components/parameters/P"}}},
    }
    model, problems = read(json.dumps(document).encode())
    assert {problem.code for problem in problems} == {"EAS-2104"}
    assert [operation.path for operation in model.operations.values()] == ["/c"]


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("../secret.json", "EAS-2103"),
        ("/etc/passwd", "EAS-2103"),
        ("%2e%2e/secret.json", "EAS-2103"),
        ("a/../../secret.json", "EAS-2103"),
        ("..\\secret.json", "EAS-2103"),
        ("http://example.com/schema.json", "EAS-2102"),
        ("//example.com/schema.json", "EAS-2102"),
        ("file:///etc/passwd", "EAS-2102"),
        ("missing.json#/a", "EAS-2101"),
    ],
)
def test_a_reference_never_leaves_the_given_files(reference, code):
    model, problems = read(describe({"$ref": reference}), "x.json")
    assert answer(model) is False
    assert [problem.code for problem in problems] == [code]


def test_a_file_beyond_the_limit_is_not_parsed():
    model, problems = read(b'{"openapi": "3.0.0", "x": "' + b"a" * 20_000_000 + b'"}')
    assert model is None
    assert [problem.code for problem in problems] == ["EAS-2002"]


@pytest.mark.parametrize("opening", [b"[" * 100_000, b'{"a":' * 100_000])
def test_deep_nesting_is_a_problem_and_no_crash(opening):
    model, problems = read(opening)
    assert model is None
    assert problems


def test_a_hundred_thousand_properties_are_bounded():
    wide = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(100_000)}}
    model, problems = read(describe(wide))
    assert problems == ()
    listed = list_fields(answer(model), model.definitions, tags={}, default=None)
    assert len(listed.fields) == MAX_FIELDS
    assert not listed.is_complete
    assert [problem.code for problem in limit_problems(model, Place(file="api.json"))] == ["EAS-2206"]


def test_references_that_multiply_are_bounded():
    schemas = {
        f"L{level}": {"properties": {name: component(f"L{level + 1}") for name in "abcdefgh"}} for level in range(12)
    }
    schemas["L12"] = {"type": "string"}
    model, _ = read(describe(component("L0"), **schemas))
    assert len(body_fields(answer(model), model.definitions, tags={}, default=None)) == MAX_FIELDS
    assert len(compile_shape(answer(model), model.definitions, closed=True).nodes) == 13  # one for each level
    projection, _ = compile_projection(answer(model), model.definitions, {"a": Handling.CLEAR})
    assert projection


def test_unions_that_multiply_are_read_once():
    schemas = {f"U{level}": {"anyOf": [component(f"U{level + 1}"), component(f"U{level + 1}")]} for level in range(60)}
    schemas["U60"] = {"type": "object", "properties": {"id": {"type": "string"}}}
    model, _ = read(describe(component("U0"), **schemas))
    shapes = compile_shape(answer(model), model.definitions, closed=True)
    assert check_shape(shapes, {"id": "x"}) == []
    assert [one.path for one in body_fields(answer(model), model.definitions, tags={}, default=None)] == ["id"]


def test_a_backtracking_pattern_is_named():
    _, problems = read(describe({"type": "string", "pattern": "^(?=(a+)+$)"}))
    assert [problem.code for problem in problems] == ["EAS-2203"]


def test_an_endless_list_of_problems_is_cut():
    wrong = {"properties": {f"p{number}": {"type": "wrong"} for number in range(1_000)}}
    _, problems = read(describe(wrong))
    assert len(problems) == 201
    assert problems[-1].code == "EAS-2007"


def test_a_response_nested_without_end_is_projected():
    schema = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}}
    projection, _ = compile_projection(schema, {}, {"a": Handling.HASH})
    deep = "x"
    for _ in range(900):
        deep = [deep]
    projected, removed = apply_projection(projection, [deep, {"a": deep}, {"a": float("nan")}], hash_key=b"k")
    assert set(removed) <= {"$", "a"}
    assert "x" not in str(projected)


def test_removed_names_are_bounded_and_carry_no_long_text():
    value = {f"{number}" + "x" * 500: 1 for number in range(2_000)}
    projected, removed = apply_projection({"a": "clear"}, value, hash_key=b"k")
    assert projected == {}
    assert len(removed) == 256
    assert max(map(len, removed)) <= 100


def test_read_only_fields_cannot_be_assigned():
    schema = {
        "properties": {"name": {"type": "string"}, "role": {"type": "string", "readOnly": True}},
        "required": ["role"],
    }
    shapes = compile_shape(schema, {}, closed=True, direction="request")
    assert check_shape(shapes, {"name": "n"}) == []
    assert check_shape(shapes, {"name": "n", "role": "admin"}) == ["role: is not allowed here"]
    assert check_shape(shapes, {"name": "n", "isAdmin": True}) == ["isAdmin: not declared"]
    assert check_shape(compile_shape(schema, {}, closed=True, direction="response"), {"name": "n"})
