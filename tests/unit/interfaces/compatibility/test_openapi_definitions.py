"""Whole descriptions as bytes: versions, several files, lines, and what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from easement.interfaces.compatibility.compare import DefinitionSource, compare_definitions
from easement.interfaces.compatibility.verdict import ChangeClass, Comparison

SWAGGER = """\
swagger: '2.0'
info: {title: Orders, version: '1'}
host: api.example
basePath: /v1
schemes: [https]
consumes: [application/json]
produces: [application/json]
securityDefinitions:
  key: {type: apiKey, in: header, name: X-Key}
security: [{key: []}]
paths:
  /orders/{id}:
    put:
      operationId: putOrder
      parameters:
        - {in: path, name: id, required: true, type: string}
        - {in: query, name: tags, type: array, items: {type: string}, collectionFormat: multi}
        - {in: body, name: order, required: true, schema: {$ref: '#/definitions/Order'}}
      responses:
        '200': {description: ok, schema: {$ref: '#/definitions/Order'}}
definitions:
  Order: {type: object, required: [total], properties: {total: {type: number}}}
"""
SAME_AS_3 = """\
openapi: 3.0.3
info: {title: Orders, version: '1'}
servers: [{url: https://api.example/v1}]
security: [{key: []}]
paths:
  /orders/{id}:
    put:
      operationId: putOrder
      parameters:
        - {in: path, name: id, required: true, schema: {type: string}}
        - {in: query, name: tags, schema: {type: array, items: {type: string}}}
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}
      responses:
        '200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
components:
  schemas:
    Order: {type: object, required: [total], properties: {total: {type: number}}}
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
"""
MAIN = """\
openapi: 3.1.0
info: {title: Orders, version: '1'}
paths:
  /orders: {$ref: 'paths/orders.yaml'}
"""
ORDERS = """\
get:
  operationId: listOrders
  responses:
    '200':
      description: ok
      content:
        application/json:
          schema:
            type: array
            items: {$ref: '../schemas.yaml#/Order'}
"""
SCHEMAS = """\
Order:
  type: object
  required: [id]
  properties:
    id: {type: string}
    lines: {type: array, items: {$ref: '#/Line'}}
Line:
  type: object
  properties:
    sku: {type: string}
"""


def diff(old: Any, new: Any, **more: Any) -> Comparison:
    comparison, problems = compare_definitions(source(old), source(new), **more)
    assert problems == ()
    return comparison


def source(files: Any, path: str = "api.yaml", kind: Any = "openapi") -> DefinitionSource:
    said = files if isinstance(files, dict) else {path: files}
    return DefinitionSource(format=kind, path=path, files={name: text.encode() for name, text in said.items()})


def test_swagger_and_the_same_in_version_3_differ_in_nothing_but_the_version() -> None:
    assert {verdict.rule for verdict in diff(SWAGGER, SAME_AS_3).verdicts} == {"format-version-changed"}
    assert {verdict.rule for verdict in diff(SAME_AS_3, SWAGGER).verdicts} == {"format-version-changed"}


@pytest.mark.parametrize(
    ("before", "after", "worst", "rule"),
    [
        ("basePath: /v1", "basePath: /v2", "breaking", "base-path-changed"),
        ("schemes: [https]", "schemes: [http]", "risky", "server-removed"),
        ("collectionFormat: multi", "collectionFormat: pipes", "breaking", "parameter-style-changed"),
        ("consumes: [application/json]", "consumes: [application/xml]", "breaking", "media-type-removed"),
        ("produces: [application/json]", "produces: [text/csv]", "breaking", "media-type-removed"),
        ("name: X-Key", "name: X-Other", "breaking", "security-scheme-changed"),
        ("required: true, type: string", "required: true, type: integer", "breaking", "request-parameter-type-changed"),
        ("in: body, name: order, required: true", "in: body, name: order", "safe", "body-became-optional"),
        ("in: body, name: order", "in: body, name: purchase", None, ""),
        ("total: {type: number}", "total: {type: string}", "breaking", "response-property-type-changed"),
        ("/orders/{id}", "/orders/{number}", "documentation", "path-parameter-renamed"),
        ("operationId: putOrder", "operationId: setOrder", "breaking", "operation-id-changed"),
    ],
)
def test_swagger_change_is_judged(before: str, after: str, worst: str | None, rule: str) -> None:
    changed = SWAGGER.replace(before, after)
    if "{number}" in after:
        changed = changed.replace("name: id", "name: number")
    found = diff(SWAGGER, changed)
    assert found.worst == (ChangeClass(worst) if worst else None)
    assert not rule or rule in {verdict.rule for verdict in found.verdicts}


def test_swagger_form_is_a_body() -> None:
    form = SWAGGER.replace(
        "{in: body, name: order, required: true, schema: {$ref: '#/definitions/Order'}}",
        "{in: formData, name: total, type: number}",
    )
    stricter = form.replace("name: total, type: number", "name: total, required: true, type: number")
    assert diff(form, stricter).is_breaking
    assert not diff(stricter, form).is_breaking


def test_verdict_has_the_place_in_both_files() -> None:
    old, new = (
        {"api.yaml": MAIN, "paths/orders.yaml": ORDERS, "schemas.yaml": text}
        for text in (SCHEMAS, SCHEMAS.replace("sku: {type: string}", "ref: {type: string}\n    sku: {type: integer}"))
    )
    found = next(verdict for verdict in diff(old, new).verdicts if verdict.field_path == "lines.sku")
    assert found.operation == "listOrders"
    assert (found.old.file, found.old.line) == ("schemas.yaml", 10)
    assert (found.new.file, found.new.line) == ("schemas.yaml", 11)
    assert found.new.pointer.startswith("/Line/properties/sku")


def test_one_file_or_several_make_no_difference() -> None:
    whole = MAIN.replace("{$ref: 'paths/orders.yaml'}", "").rstrip() + "\n"
    whole = whole.replace("  /orders:", "  /orders:\n" + "\n".join(f"    {line}" for line in ORDERS.splitlines()))
    whole = whole.replace("../schemas.yaml#/Order", "#/components/schemas/Order")
    listed = "\n".join(
        f"    {line}" for line in SCHEMAS.replace("'#/Line'", "'#/components/schemas/Line'").splitlines()
    )
    whole += f"components:\n  schemas:\n{listed}\n"
    several = {"api.yaml": MAIN, "paths/orders.yaml": ORDERS, "schemas.yaml": SCHEMAS}
    assert diff(whole, several).verdicts == ()
    assert diff(several, whole).verdicts == ()


def test_json_has_lines_too() -> None:
    text = json.dumps({"openapi": "3.1.0", "info": {}, "paths": {"/a": {"get": {"responses": {}}}}}, indent=1)
    gone = text.replace('"/a"', '"/b"')
    comparison, problems = compare_definitions(source(text, "a.json"), source(gone, "a.json"))
    assert problems == ()
    assert comparison.verdicts[0].old.line == 6


def test_recursive_schemas_end() -> None:
    old = SAME_AS_3.replace(
        "total: {type: number}", "total: {type: number}, parts: {$ref: '#/components/schemas/Order'}"
    )
    new = old.replace("total: {type: number}", "total: {type: integer}")
    found = diff(old, new)
    assert found.is_breaking
    assert len(found.verdicts) < 20


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "just text",
        "{",
        "openapi: 4.0.0",
        "openapi: 3.1.0\npaths: []",
        "openapi: 3.1.0\npaths: {/a: 3, /b: {get: []}, /c: {get: {parameters: {}, responses: []}}}",
        "openapi: 3.1.0\npaths: {/a: {get: {parameters: [3, {in: nowhere, name: x}, {in: query}], responses: {}}}}",
        "openapi: 3.1.0\npaths: {/a: {$ref: '#/paths/~1a'}}",
        "openapi: 3.1.0\npaths: {/a: {$ref: 'https://elsewhere.example/a.yaml'}}",
        "openapi: 3.1.0\npaths: {/a: {$ref: '../../secret.yaml'}}",
        "openapi: 3.1.0\npaths: {/a: {get: {requestBody: {content: {application/json: {schema: {$ref: '#/no'}}}}}}}",
        "openapi: 3.1.0\nservers: {}\nsecurity: {}\ninfo: 3\npaths: {/a: {get: {security: [3], callbacks: 3}}}",
        "swagger: '2.0'\npaths: {/a: {get: {parameters: [{in: body}, {name: 3}], responses: {'200': 3}}}}",
        "swagger: '2.0'\nhost: 3\nschemes: 3\nproduces: 3\npaths: {/a: {get: {responses: {'200': {schema: 3}}}}}",
    ],
)
def test_bad_description_is_a_problem_and_no_exception(text: str) -> None:
    good = source(SAME_AS_3)
    _, problems = compare_definitions(good, source(text))
    assert problems
    assert all(problem.message and problem.place.file == "api.yaml" for problem in problems)
    _, problems = compare_definitions(source(text), good)
    assert problems


def test_missing_file_and_mixed_formats_are_problems() -> None:
    good = source(SAME_AS_3)
    _, missing = compare_definitions(good, DefinitionSource(format="openapi", path="b.yaml", files=good.files))
    assert [problem.code for problem in missing] == ["EAS-2001"]
    _, mixed = compare_definitions(good, source(SAME_AS_3, kind="asyncapi"))
    assert [problem.code for problem in mixed] == ["EAS-2501"]


def test_json_schema_is_judged_both_ways() -> None:
    old, new = source("type: string", kind="json-schema"), source("type: [string, integer]", kind="json-schema")
    comparison, problems = compare_definitions(old, new)
    assert problems == ()
    assert {(verdict.direction.value, verdict.change.value) for verdict in comparison.verdicts} == {
        ("request", "safe"),
        ("response", "breaking"),
    }


def test_examples_may_hold_what_looks_like_a_reference() -> None:
    schema = "schema: {$ref: '#/components/schemas/Order'}"
    with_example = SAME_AS_3.replace(schema, schema + ", example: {$ref: 'a b'}")
    _, problems = compare_definitions(source(SAME_AS_3), source(with_example))
    assert problems == ()


def test_paths_that_match_the_same_calls_are_held_against_those_of_their_name() -> None:
    """Such a description is none by the specification, but published ones are so."""
    paths = "paths:\n  /a/{x}: {get: {summary: one}}\n  /a/{y}: {get: {summary: two}}\n"
    turned = "paths:\n  /a/{y}: {get: {summary: two}}\n  /a/{x}: {get: {summary: one}}\n"
    found = diff(f"openapi: 3.1.0\ninfo: {{title: a}}\n{paths}", f"openapi: 3.1.0\ninfo: {{title: b}}\n{turned}")
    assert [verdict.rule for verdict in found.verdicts] == ["information-changed"]
