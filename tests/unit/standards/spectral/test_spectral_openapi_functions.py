"""Each OpenAPI and AsyncAPI function on a document that it accepts and on one that it does not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

OAS2: dict[str, Any] = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}}
OAS3: dict[str, Any] = {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {}}
OAS31: dict[str, Any] = {**OAS3, "openapi": "3.1.0"}
AAS2: dict[str, Any] = {"asyncapi": "2.6.0", "info": {"title": "t", "version": "1"}, "channels": {}}
AAS3: dict[str, Any] = {"asyncapi": "3.0.0", "info": {"title": "t", "version": "1"}}
OK = {"200": {"description": "ok"}}


def path(operation: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"paths": {"/a": {"get": {"responses": OK, **operation}}}, **more}


def schema(name: str, value: Any) -> dict[str, Any]:
    return {"components": {"schemas": {name: value}}}


CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], str, tuple[str, ...]]] = [
    (
        "operation-success-response",
        OAS3,
        path({}),
        path({"responses": {"404": {}}}),
        'Operation must have at least one "2xx" or "3xx" response.',
        ("paths", "/a", "get", "responses"),
    ),
    (
        "oas2-operation-formData-consume-check",
        OAS2,
        path({"consumes": ["multipart/form-data"], "parameters": [{"in": "formData", "name": "a"}]}),
        path({"consumes": ["text/plain"], "parameters": [{"in": "formData", "name": "a"}]}),
        (
            'Operations with "in: formData" parameter must include "application/x-www-form-urlencoded" or '
            '"multipart/form-data" in their "consumes" property.'
        ),
        ("paths", "/a", "get"),
    ),
    (
        "operation-operationId-unique",
        OAS3,
        {"paths": {"/a": {"get": {"operationId": "x"}, "put": {"operationId": "y"}}}},
        {"paths": {"/a": {"get": {"operationId": "x"}, "put": {"operationId": "x"}}}},
        'Every operation must have unique "operationId".',
        ("paths", "/a", "put", "operationId"),
    ),
    (
        "operation-parameters",
        OAS3,
        path({"parameters": [{"in": "query", "name": "a"}, {"in": "header", "name": "a"}]}),
        path({"parameters": [{"in": "query", "name": "a"}, {"in": "query", "name": "a"}]}),
        'A parameter in this operation already exposes the same combination of "name" and "in" values.',
        ("paths", "/a", "get", "parameters", "1"),
    ),
    (
        "operation-tag-defined",
        OAS3,
        path({"tags": ["t"]}, tags=[{"name": "t"}]),
        path({"tags": ["u"]}, tags=[{"name": "t"}]),
        "Operation tags must be defined in global tags.",
        ("paths", "/a", "get", "tags", "0"),
    ),
    (
        "path-params",
        OAS3,
        {"paths": {"/a/{i}": {"get": {"parameters": [{"in": "path", "name": "i", "required": True}]}}}},
        {"paths": {"/a/{i}": {"get": {}}}},
        'Operation must define parameter "{i}" as expected by path "/a/{i}".',
        ("paths", "/a/{i}", "get"),
    ),
    (
        "duplicated-entry-in-enum",
        OAS3,
        schema("S", {"enum": ["a", "b"]}),
        schema("S", {"enum": ["a", "a"]}),
        '"enum" property must not have duplicate items (items ## 0 and 1 are identical)',
        ("components", "schemas", "S", "enum"),
    ),
    (
        "openapi-tags-uniqueness",
        OAS3,
        {"tags": [{"name": "a"}]},
        {"tags": [{"name": "a"}, {"name": "a"}]},
        '"tags" object contains duplicate tag name "a".',
        ("tags", "1", "name"),
    ),
    (
        "no-$ref-siblings",
        OAS3,
        schema("S", {"$ref": "#/info"}),
        schema("S", {"$ref": "#/info", "title": "x"}),
        "$ref must not be placed next to any other properties",
        ("components", "schemas", "S", "title"),
    ),
    (
        "array-items",
        OAS31,
        schema("S", {"type": ["array"], "items": {}}),
        schema("S", {"type": ["array"]}),
        'Schemas with "type: array", require a sibling "items" field',
        ("components", "schemas", "S"),
    ),
    (
        "typed-enum",
        OAS3,
        schema("S", {"type": "string", "nullable": True, "enum": [None]}),
        schema("S", {"type": "string", "enum": [None]}),
        'Enum value null must be "string".',
        ("components", "schemas", "S", "enum", "0"),
    ),
    (
        "oas2-discriminator",
        OAS2,
        {"definitions": {"D": {"discriminator": "k", "properties": {"k": {}}, "required": ["k"]}}},
        {"definitions": {"D": {"discriminator": "k", "properties": {"k": {}}}}},
        "The discriminator property must be in the required property list.",
        ("definitions", "D"),
    ),
    (
        "oas2-operation-security-defined",
        OAS2,
        {"securityDefinitions": {"o": {"scopes": {"r": ""}}}, "security": [{"o": ["r"]}]},
        {"securityDefinitions": {"o": {"scopes": {"r": ""}}}, "security": [{"o": ["w"]}]},
        '"w" must be listed among scopes.',
        ("security", "0", "o", "0"),
    ),
    (
        "oas3-operation-security-defined",
        OAS3,
        {"components": {"securitySchemes": {"o": {"type": "http"}}}, **path({"security": [{"o": []}]})},
        path({"security": [{"o": []}]}),
        'Operation "security" values must match a scheme defined in the "components.securitySchemes" object.',
        ("paths", "/a", "get", "security", "0", "o"),
    ),
    (
        "oas2-valid-schema-example",
        OAS2,
        {"definitions": {"D": {"type": "string", "x-nullable": True, "example": None}}},
        {"definitions": {"D": {"type": "string", "x-nullable": True, "example": 1}}},
        '"example" property type must be string,null',
        ("definitions", "D", "example"),
    ),
    (
        "oas3-valid-schema-example",
        OAS3,
        schema("S", {"type": "integer", "example": 1}),
        schema("S", {"type": "integer", "example": "1"}),
        '"example" property type must be integer',
        ("components", "schemas", "S", "example"),
    ),
    (
        "oas3-valid-media-example",
        OAS3,
        path(
            {
                "responses": {
                    "200": {
                        "content": {
                            "a/b": {
                                "schema": {
                                    "type": "object",
                                    "required": ["w"],
                                    "properties": {"w": {"writeOnly": True}},
                                },
                                "example": {},
                            }
                        }
                    }
                }
            }
        ),
        path(
            {
                "responses": {
                    "200": {
                        "content": {
                            "a/b": {
                                "schema": {"type": "object", "required": ["w"], "properties": {"w": {}}},
                                "example": {},
                            }
                        }
                    }
                }
            }
        ),
        '"example" property must have required property "w"',
        ("paths", "/a", "get", "responses", "200", "content", "a/b", "example"),
    ),
    (
        "oas3-unused-component",
        OAS3,
        {**schema("S", {}), **path({"x-use": {"$ref": "#/components/schemas/S"}})},
        schema("S", {}),
        "Potentially unused component has been detected.",
        ("components", "schemas", "S"),
    ),
    (
        "oas3-server-variables",
        OAS3,
        {"servers": [{"url": "https://{a}.b", "variables": {"a": {"default": "x"}}}]},
        {"servers": [{"url": "https://{a}.b", "variables": {"a": {}}}]},
        'Server Variable "a" has a missing default.',
        ("servers", "0", "variables", "a"),
    ),
    (
        "oas2-schema",
        OAS2,
        {},
        {"info": {"title": "t", "version": 1}},
        '"version" property must be string.',
        ("info", "version"),
    ),
    ("oas3-schema", OAS3, {}, {"openap": 1}, 'Property "openap" is not expected to be here.', ("openap",)),
    (
        "oas3-schema",
        OAS31,
        {},
        {"paths": None, "openapi": "3.1.0", "x-a": 1},
        '"paths" property must be object.',
        ("paths",),
    ),
    (
        "asyncapi-channel-parameters",
        AAS2,
        {"channels": {"a/{b}": {"parameters": {"b": {}}}}},
        {"channels": {"a/{b}": {"parameters": {}}}},
        'Not all channel\'s parameters are described with "parameters" object. Missed: b.',
        ("channels", "a/{b}", "parameters"),
    ),
    (
        "asyncapi-channel-servers",
        AAS2,
        {"servers": {"s": {}}, "channels": {"a": {"servers": ["s"]}}},
        {"channels": {"a": {"servers": ["s"]}}},
        'Channel contains server that are not defined on the "servers" object.',
        ("channels", "a", "servers", "0"),
    ),
    (
        "asyncapi-operation-operationId-uniqueness",
        AAS2,
        {"channels": {"a": {"publish": {"operationId": "x"}, "subscribe": {"operationId": "y"}}}},
        {"channels": {"a": {"publish": {"operationId": "x"}, "subscribe": {"operationId": "x"}}}},
        '"operationId" must be unique across all the operations.',
        ("channels", "a", "publish", "operationId"),
    ),
    (
        "asyncapi-message-messageId-uniqueness",
        AAS2,
        {"channels": {"a": {"publish": {"message": {"messageId": "x"}}}}},
        {"channels": {"a": {"publish": {"message": {"oneOf": [{"messageId": "x"}, {"messageId": "x"}]}}}}},
        '"messageId" must be unique across all the messages.',
        ("channels", "a", "publish", "message", "oneOf", "1", "messageId"),
    ),
    (
        "asyncapi-operation-security",
        AAS2,
        {"components": {"securitySchemes": {"s": {}}}, "channels": {"a": {"publish": {"security": [{"s": []}]}}}},
        {"channels": {"a": {"publish": {"security": [{"s": []}]}}}},
        "Operation must not reference an undefined security scheme.",
        ("channels", "a", "publish", "security", "0", "s"),
    ),
    (
        "asyncapi-payload-default",
        AAS2,
        {"components": {"messages": {"m": {"payload": {"type": "object", "default": {}}}}}},
        {"components": {"messages": {"m": {"payload": {"type": "object", "default": 1}}}}},
        '"default" property type must be object',
        ("components", "messages", "m", "payload", "default"),
    ),
    (
        "asyncapi-message-examples",
        AAS2,
        {"components": {"messages": {"m": {"payload": {"type": "object"}, "examples": [{"payload": {}}]}}}},
        {"components": {"messages": {"m": {"payload": {"type": "object"}, "examples": [{"payload": 1}]}}}},
        '"payload" property type must be object',
        ("components", "messages", "m", "examples", "0", "payload"),
    ),
    (
        "asyncapi-payload",
        AAS2,
        {"components": {"messages": {"m": {"payload": {"type": "string"}}}}},
        {"components": {"messages": {"m": {"payload": {"deprecated": "soon"}}}}},
        '"deprecated" property type must be boolean',
        ("components", "messages", "m", "payload", "deprecated"),
    ),
    (
        "asyncapi-schema",
        AAS2,
        {},
        {"info": {"title": "t"}},
        '"info" property must have required property "version"',
        ("info",),
    ),
    ("asyncapi-3-document-resolved", AAS3, {}, {"id": 5}, '"id" property type must be string', ("id",)),
    (
        "asyncapi-latest-version",
        AAS2,
        {"asyncapi": "3.1.0"},
        {},
        'The latest version is not used. You should update to the "3.1.0" version.',
        ("asyncapi",),
    ),
]


@pytest.mark.parametrize(
    ("rule", "base", "good", "bad", "message", "at"),
    CASES,
    ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)],
)
def test_rule_passes_the_good_and_names_the_bad(  # noqa: PLR0917 - fixtures and a row of the table
    lint: Any, built_in: Any, rule: str, base: Any, good: Any, bad: Any, message: str, at: tuple[str, ...]
):
    ruleset = built_in("asyncapi" if "asyncapi" in base else "oas", rule)
    assert lint(ruleset, {**copy.deepcopy(base), **good}) == []
    found = lint(ruleset, {**copy.deepcopy(base), **bad})
    assert [(one.rule, one.message, one.path) for one in found] == [(rule, message, at)]
