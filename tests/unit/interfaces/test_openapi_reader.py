"""OpenAPI descriptions into the model, and what is said about those that are wrong."""

from __future__ import annotations

import json

import pytest
import yaml

from easement.contract.codes import CATALOGUE
from easement.contract.kinds import Severity
from easement.interfaces.reader import read_definition

ORDERS = """
openapi: 3.0.3
info: {title: Orders, version: 1.4.0}
security: [{oauth: [read]}]
paths:
  /orders/{orderId}:
    parameters:
      - {name: orderId, in: path, required: true, schema: {type: string, maxLength: 36}}
      - {$ref: '#/components/parameters/Trace'}
    get:
      summary: Read one
      responses:
        200: {content: {"application/json; charset=utf-8": {schema: {$ref: '#/components/schemas/Order'}}}}
        4xx: {$ref: '#/components/responses/Problem'}
        default: {description: other}
    put:
      operationId: replaceOrder
      deprecated: true
      security: []
      tags: [writing]
      parameters:
        - {name: orderId, in: path, required: true, schema: {type: string, maxLength: 10}}
        - {name: tags, in: query, explode: false, schema: {type: array, items: {type: string}}}
        - {name: Authorization, in: header, schema: {type: string}}
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
      responses: {204: {description: done}}
components:
  parameters:
    Trace: {name: X-Trace, in: header, schema: {type: string}}
  responses:
    Problem: {description: wrong, content: {application/problem+json: {schema: {type: object}}}}
  schemas:
    Order:
      type: object
      description: text that changes nothing
      required: [id]
      properties:
        id: {type: string, readOnly: true}
        total: {type: number, minimum: 0, exclusiveMinimum: true}
        note: {type: string, nullable: true, example: hello}
        status: {type: string, nullable: true, enum: [open, done]}
        parent: {nullable: true, allOf: [{$ref: '#/components/schemas/Order'}]}
        email:
          type: string
          x-easement: {classification: confidential, category: user.contact.email, tags: [personal]}
"""


def read(text, file="api.yaml", **files):
    data = text if isinstance(text, bytes) else text.encode()
    return read_definition("openapi", file, {file: data, **files})


def read_schema(schema, version="3.1.0"):
    document = {
        "openapi": version,
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/x": {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {}}}
        },
    }
    model, problems = read(json.dumps(document), "api.json")
    return model.operations["postX"].request.media["application/json"], model.definitions, problems


def test_a_description_is_read_whole():
    model, problems = read(ORDERS)
    assert problems == ()
    assert (model.format, model.title, model.version) == ("openapi", "Orders", "1.4.0")
    assert sorted(model.operations) == ["getOrdersByOrderId", "replaceOrder"]
    got = model.operations["getOrdersByOrderId"]
    assert (got.method, got.path, got.title, got.secured) == ("GET", "/orders/{orderId}", "Read one", True)
    assert [(one.location, one.name, one.required) for one in got.parameters] == [
        ("path", "orderId", True),
        ("header", "X-Trace", False),
    ]
    assert [response.status for response in got.responses] == ["200", "4XX", "default"]
    assert got.responses[0].content.media == {"application/json": {"$ref": "#/$defs/Order"}}
    assert got.responses[2].content is None


def test_an_operation_overrides_what_its_path_says():
    model, _ = read(ORDERS)
    put = model.operations["replaceOrder"]
    by_name = {one.name: one for one in put.parameters}
    assert by_name["orderId"].schema == {"type": "string", "maxLength": 10}
    assert (by_name["tags"].style, by_name["tags"].explode) == ("form", False)
    assert "Authorization" not in by_name
    assert (put.secured, put.deprecated, put.tags, put.request.required) == (False, True, ("writing",), True)


def test_the_older_schema_dialect_becomes_2020_12():
    model, _ = read(ORDERS)
    order = model.definitions["Order"]
    assert "description" not in order
    assert order["properties"] == {
        "id": {"type": "string", "readOnly": True},
        "total": {"type": "number", "minimum": 0, "exclusiveMinimum": 0},
        "note": {"type": ["string", "null"]},
        "status": {"type": ["string", "null"], "enum": ["open", "done", None]},
        "parent": {"anyOf": [{"allOf": [{"$ref": "#/$defs/Order"}]}, {"type": "null"}]},
        "email": {
            "type": "string",
            "x-easement": {"classification": "confidential", "category": "user.contact.email", "tags": ["personal"]},
        },
    }


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"items": [{"type": "string"}], "additionalItems": False},
                     {"prefixItems": [{"type": "string"}], "items": False}, id="tuple-of-draft-7"),
        pytest.param({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
                     {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}}},
                     id="dependencies-of-draft-7"),
        pytest.param({"type": "string", "nullable": False}, {"type": "string"}, id="not-nullable"),
        pytest.param({"maxLength": 3.0}, {"maxLength": 3}, id="whole-count"),
        pytest.param(True, True, id="true"),
        pytest.param({"properties": {"$ref": {"type": "string"}}}, {"properties": {"$ref": {"type": "string"}}},
                     id="a-property-named-ref"),
    ],
)  # fmt: skip
def test_a_schema_is_normalised(schema, expected):
    assert read_schema(schema)[0] == expected


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        pytest.param({"type": "strin"}, "EAS-2201", id="type"),
        pytest.param({"minLength": "3"}, "EAS-2201", id="count"),
        pytest.param({"minLength": -1}, "EAS-2201", id="negative-count"),
        pytest.param({"multipleOf": 0}, "EAS-2201", id="multiple-of-nothing"),
        pytest.param({"enum": "a"}, "EAS-2201", id="enum"),
        pytest.param({"required": ["a", 1]}, "EAS-2201", id="required"),
        pytest.param({"properties": []}, "EAS-2201", id="properties"),
        pytest.param({"allOf": {}}, "EAS-2201", id="allOf"),
        pytest.param({"pattern": "("}, "EAS-2202", id="pattern"),
        pytest.param({"$ref": "#/components/schemas/Nothing"}, "EAS-2101", id="dangling"),
        pytest.param({"$ref": 7}, "EAS-2101", id="number-as-reference"),
        pytest.param({"$ref": "#anchor"}, "EAS-2106", id="anchor"),
        pytest.param({"$dynamicRef": "#node"}, "EAS-2106", id="dynamic"),
        pytest.param("text", "EAS-2004", id="text-as-schema"),
    ],
)
def test_what_cannot_be_read_accepts_nothing(schema, code):
    read_as, _, problems = read_schema(schema)
    assert read_as is False
    assert [problem.code for problem in problems] == [code]
    assert problems[0].severity is Severity.ERROR
    assert problems[0].place.line > 0


def test_a_draft_3_required_flag_is_ignored_with_a_warning():
    schema, _, problems = read_schema({"properties": {"a": {"type": "string", "required": True}}})
    assert schema == {"properties": {"a": {"type": "string"}}}
    assert [(problem.code, problem.severity) for problem in problems] == [("EAS-2201", Severity.WARNING)]


def test_a_misspelt_keyword_is_named():
    _, _, problems = read_schema({"type": "string", "maxLenght": 3})
    assert [problem.code for problem in problems] == ["EAS-2207"]
    assert "maxLength" in problems[0].hint


@pytest.mark.parametrize(
    ("tag", "word"),
    [
        pytest.param({"clasification": "internal"}, "classification", id="misspelt-key"),
        pytest.param({"classification": "confidental"}, "confidential", id="misspelt-level"),
        pytest.param({"classification": "internal", "tags": ["personel"]}, "personal", id="misspelt-tag"),
        pytest.param({"tags": ["personal"]}, "classification", id="no-level"),
        pytest.param("internal", "object", id="text"),
    ],
)
def test_a_wrong_classification_is_a_problem_and_counts_as_none(tag, word):
    schema, _, problems = read_schema({"type": "string", "x-easement": tag})
    assert schema == {"type": "string"}
    assert any(word in problem.message + problem.hint for problem in problems)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("swagger: '2.0'\npaths: {}", "EAS-2005", id="swagger-2"),
        pytest.param("openapi: 4.0.0\npaths: {}", "EAS-2005", id="future"),
        pytest.param("asyncapi: 3.0.0", "EAS-2005", id="asyncapi"),
        pytest.param("[1, 2]", "EAS-2004", id="list"),
        pytest.param("openapi: 3.0.0\n---\nopenapi: 3.0.0", "EAS-2003", id="two-documents"),
        pytest.param("openapi: [", "EAS-1002", id="broken-yaml"),
        pytest.param(b"\xff\xfeo\0", "EAS-1001", id="utf-16"),
    ],
)
def test_what_is_no_openapi_3_gives_no_model(text, code):
    model, problems = read(text)
    assert model is None
    assert code in {problem.code for problem in problems}


def test_a_missing_file_is_named_with_the_nearest_one():
    model, problems = read_definition("openapi", "./ordrs.yaml", {"orders.yaml": b"{}"})
    assert model is None
    assert problems[0].code == "EAS-2001"
    assert "orders.yaml" in problems[0].hint


def paths(**items):
    operation = {"responses": {"200": {"description": "ok"}}}
    return yaml.safe_dump(
        {"openapi": "3.1.0", "info": {"title": "t", "version": "1"},
         "paths": {path: dict.fromkeys(methods, operation) for path, methods in items["items"].items()}}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("items", "codes", "left"),
    [
        pytest.param({"/a/{x}": ["get"], "/a/{y}": ["get"]}, ["EAS-2302", "EAS-2305"], ["/a/{x}"], id="same-shape"),
        pytest.param({"/a/{x}": ["get"], "/a/{y}": ["put"]}, ["EAS-2305", "EAS-2305"],
                     ["/a/{x}", "/a/{y}"], id="methods"),
        pytest.param({"/a/{x}/c": ["get"], "/a/b/{y}": ["get"]}, ["EAS-2302", "EAS-2305", "EAS-2305"],
                     ["/a/b/{y}", "/a/{x}/c"], id="overlap"),
        pytest.param({"/a/b": ["get"], "/a/{y}": ["get"]}, ["EAS-2305"], ["/a/b", "/a/{y}"], id="literal-wins"),
        pytest.param({"a": ["get"]}, ["EAS-2301"], [], id="no-slash"),
        pytest.param({"/a?b=c": ["get"]}, ["EAS-2301"], [], id="query"),
        pytest.param({"/a/{x}/{x}": ["get"]}, ["EAS-2301"], [], id="name-twice"),
        pytest.param({"/a/{x": ["get"]}, ["EAS-2301"], [], id="open-brace"),
        pytest.param({"/a/../b": ["get"]}, ["EAS-2301"], [], id="dots"),
        pytest.param({"/a": ["trace"]}, ["EAS-2306"], [], id="trace"),
    ],
)  # fmt: skip
def test_paths_that_cannot_be_served_are_named(items, codes, left):
    model, problems = read(paths(items=items))
    assert sorted(problem.code for problem in problems) == codes
    assert sorted(operation.path for operation in model.operations.values()) == left


def test_operation_ids_become_unique():
    text = """
openapi: 3.0.0
info: {title: t, version: '1'}
paths:
  /a: {get: {operationId: same, responses: {}}, put: {operationId: same, responses: {}}}
  /a-b/{c_d}/x.{e}: {get: {responses: {}, parameters: [
    {name: c_d, in: path, required: true, schema: {}}, {name: e, in: path, required: true, schema: {}}]}}
"""
    model, problems = read(text)
    assert list(model.operations) == ["same", "same_2", "getABByCDXByE"]
    assert [problem.code for problem in problems] == ["EAS-2303"]
    assert problems[0].place.line == 5


def test_references_lead_to_sibling_files():
    text = """
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /orders: {$ref: 'paths/orders.yaml#/~1orders'}
"""
    files = {
        "api/paths/orders.yaml": b"""
/orders:
  get:
    responses: {200: {content: {application/json: {schema: {$ref: '../schemas/order%2Dline.json'}}}}}
""",
        "api/schemas/order-line.json": json.dumps(
            {"$defs": {"Sku": {"type": "string"}}, "properties": {"sku": {"$ref": "#/$defs/Sku"}}}
        ).encode(),
    }
    model, problems = read(text, "api/api.yaml", **files)
    assert problems == ()
    assert model.definitions == {
        "Sku": {"type": "string"},
        "order-line": {"properties": {"sku": {"$ref": "#/$defs/Sku"}}},
    }


def test_schemas_of_the_same_name_stay_apart():
    schema = {"properties": {"a": {"$ref": "a.json#/Thing"}, "b": {"$ref": "b.json#/Thing"}}}
    document = {
        "openapi": "3.1.0",
        "paths": {"/x": {"get": {"responses": {"200": {"content": {"a/json": {"schema": schema}}}}}}},
    }
    model, problems = read(
        json.dumps(document),
        "api.json",
        **{"a.json": b'{"Thing": {"type": "string"}}', "b.json": b'{"Thing": {"type": "null"}}'},
    )
    assert problems == ()
    assert model.definitions == {"Thing": {"type": "string"}, "Thing_2": {"type": "null"}}


def test_every_code_of_the_package_is_explained():
    codes = {code for code in CATALOGUE if code.startswith("EAS-2")}
    assert {"EAS-2001", "EAS-2104", "EAS-2204", "EAS-2302"} <= codes
