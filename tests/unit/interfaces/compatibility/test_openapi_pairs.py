"""Pairs of OpenAPI descriptions, each named for what it shows: the worst class, and rules that must be among the verdicts."""

# ruff: noqa: E501 -- one pair a line reads as a table

from __future__ import annotations

from typing import NamedTuple

import pytest
from compared_descriptions import compared, openapi, read

from easement.interfaces.compatibility.rules_model import Scope


class Pair(NamedTuple):
    name: str
    scope: Scope
    old: str
    new: str
    worst: str
    rules: tuple[str, ...] = ()
    policy: str = "strict"


AT, BODY, HOOK, ALL = Scope.OPERATION, Scope.BODY_OPERATION, Scope.WEBHOOK, Scope.OPENAPI


def query(schema: str, more: str = "", where: str = "query") -> str:
    return f"parameters: [{{in: {where}, name: q, schema: {schema}{', ' + more if more else ''}}}]"


def body(schema: str, more: str = "") -> str:
    return f"requestBody: {{content: {{application/json: {{schema: {schema}}}}}{', ' + more if more else ''}}}"


def answer(schema: str, status: str = "200") -> str:
    return f"responses: {{'{status}': {{description: ok, content: {{application/json: {{schema: {schema}}}}}}}}}"


def statuses(*names: str) -> str:
    return "responses: {" + ", ".join(f"'{name}': {{description: x}}" for name in names) + "}"


def header(more: str, schema: str = "{type: string}") -> str:
    return f"responses: {{'200': {{description: ok, headers: {{X-A: {{schema: {schema}{more}}}}}}}}}"


def media(*names: str) -> str:
    return "requestBody: {content: {" + ", ".join(f"'{name}': {{}}" for name in names) + "}}"


def offered(*names: str) -> str:
    inside = ", ".join(f"'{name}': {{}}" for name in names)
    return f"responses: {{'200': {{description: ok, content: {{{inside}}}}}}}"


def callback(inside: str) -> str:
    return f"callbacks: {{done: {{'{{$request.query.url}}': {{post: {{{inside}}}}}}}}}"


def secured(requirement: str) -> str:
    schemes = (
        "key: {type: apiKey, in: header, name: X-Key}, basic: {type: http, scheme: basic}, "
        "login: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://id.example/t', scopes: {r: R, w: W}}}}"
    )
    return f"components: {{securitySchemes: {{{schemes}}}}}\nsecurity: {requirement}"


def servers(*urls: str) -> str:
    return "servers: [" + ", ".join(f"{{url: '{url}'}}" for url in urls) + "]"


def obj(properties: str, required: str = "", more: str = "") -> str:
    needed = f", required: [{required}]" if required else ""
    return f"{{type: object, properties: {{{properties}}}{needed}{', ' + more if more else ''}}}"


A, A_B = obj("a: {type: string}"), obj("a: {type: string}, b: {type: string}")
CLOSED = "additionalProperties: false"
GET = "get: {operationId: g, responses: {'200': {description: ok}}}"
PUT = "put: {operationId: p, responses: {'200': {description: ok}}}"
OK = "responses: {'204': {description: ok}}"

OPERATIONS = (
    Pair("nothing differs", AT, "{}", "{}", "none"),
    Pair("a path is gone", ALL, f"paths: {{/a: {{{GET}}}, /b: {{{PUT}}}}}", f"paths: {{/a: {{{GET}}}}}", "breaking", ("operation-removed",)),
    Pair("a method is gone", ALL, f"paths: {{/a: {{{GET}, {PUT}}}}}", f"paths: {{/a: {{{GET}}}}}", "breaking", ("operation-removed",)),
    Pair("a path is new", ALL, f"paths: {{/a: {{{GET}}}}}", f"paths: {{/a: {{{GET}}}, /b: {{{PUT}}}}}", "safe", ("operation-added",)),
    Pair("a method is new", ALL, f"paths: {{/a: {{{GET}}}}}", f"paths: {{/a: {{{GET}, {PUT}}}}}", "safe", ("operation-added",)),
    Pair("the name in a template does not matter", ALL, f"paths: {{'/a/{{x}}': {{{GET}}}}}", f"paths: {{'/a/{{y}}': {{{GET}}}}}", "documentation", ("path-parameter-renamed",)),
    Pair("a literal became a placeholder", ALL, f"paths: {{'/a/b': {{{GET}}}}}", f"paths: {{'/a/{{y}}': {{{GET}}}}}", "breaking", ("operation-removed", "operation-added")),
    Pair("two placeholders changed names at once", ALL, f"paths: {{'/a/{{x}}/{{y}}': {{{GET}}}}}", f"paths: {{'/a/{{p}}/{{q}}': {{{GET}}}}}", "documentation"),
    Pair("a trailing slash is another path", ALL, f"paths: {{/a: {{{GET}}}}}", f"paths: {{/a/: {{{GET}}}}}", "breaking", ("operation-removed",)),
    Pair("the case of a path matters", ALL, f"paths: {{/a: {{{GET}}}}}", f"paths: {{/A: {{{GET}}}}}", "breaking", ("operation-removed",)),
    Pair("extensions beside paths are no paths", ALL, f"paths: {{/a: {{{GET}}}}}", f"paths: {{/a: {{{GET}}}, x-more: {{{PUT}}}}}", "none"),
    Pair("operationId renamed", AT, "operationId: a", "operationId: b", "breaking", ("operation-id-changed",)),
    Pair("operationId where none was", ALL, "paths: {/a: {get: {responses: {}}}}", "paths: {/a: {get: {operationId: a, responses: {}}}}", "risky", ("operation-generated-id-changed",)),
    Pair("operationId like the generated name", ALL, "paths: {/a: {get: {responses: {}}}}", "paths: {/a: {get: {operationId: getA, responses: {}}}}", "none"),
    Pair("deprecated", AT, "{}", "deprecated: true", "documentation", ("operation-deprecated",)),
    Pair("deprecated with a date", AT, "{}", "{deprecated: true, x-sunset: '2031-01-01'}", "risky", ("sunset-announced",)),
    Pair("the date comes nearer", AT, "x-sunset: '2031-05-01'", "x-sunset: '2031-01-01'", "breaking", ("sunset-brought-forward",)),
    Pair("the date is taken back", AT, "x-sunset: '2031-05-01'", "{}", "safe", ("sunset-postponed",)),
    Pair("another summary", AT, "summary: a", "summary: b", "documentation", ("operation-documentation-changed",)),
    Pair("other tags", AT, "tags: [a]", "tags: [b]", "documentation"),
    Pair("another title of the document", ALL, "info: {title: a}", "info: {title: b}", "documentation", ("information-changed",)),
    Pair("another version of OpenAPI", ALL, "openapi: 3.1.0", "openapi: 3.1.1", "documentation", ("format-version-changed",)),
)  # fmt: skip

PARAMETERS = (
    Pair("a new required parameter", AT, "{}", query("{type: string}", "required: true"), "breaking", ("required-parameter-added",)),
    Pair("a new optional parameter", AT, "{}", query("{type: string}"), "safe", ("optional-parameter-added",)),
    Pair("an optional parameter is gone", AT, query("{type: string}"), "{}", "risky", ("optional-parameter-removed",)),
    Pair("a required parameter is gone", AT, query("{type: string}", "required: true"), "{}", "risky", ("required-parameter-removed",)),
    Pair("optional became required", AT, query("{type: string}"), query("{type: string}", "required: true"), "breaking", ("parameter-became-required",)),
    Pair("required became optional", AT, query("{type: string}", "required: true"), query("{type: string}"), "safe", ("parameter-became-optional",)),
    Pair("renamed means gone and new", AT, query("{type: string}"), query("{type: string}").replace("name: q", "name: r"), "risky", ("optional-parameter-removed", "optional-parameter-added")),
    Pair("moved from query to header", AT, query("{type: string}"), query("{type: string}", where="header"), "breaking", ("parameter-moved",)),
    Pair("moved from query to cookie", AT, query("{type: string}"), query("{type: string}", where="cookie"), "breaking", ("parameter-moved",)),
    Pair("the case of a header does not matter", AT, query("{type: string}", where="header"), query("{type: string}", where="header").replace("name: q", "name: Q"), "none"),
    Pair("the case of a query parameter matters", AT, query("{type: string}"), query("{type: string}").replace("name: q", "name: Q"), "risky", ("optional-parameter-removed",)),
    Pair("string to integer", AT, query("{type: string}"), query("{type: integer}"), "breaking"),
    Pair("integer to number is wider", AT, query("{type: integer}"), query("{type: number}"), "safe"),
    Pair("a value of an enumeration is gone", AT, query("{enum: [a, b]}"), query("{enum: [a]}"), "breaking"),
    Pair("a value of an enumeration is new", AT, query("{enum: [a]}"), query("{enum: [a, b]}"), "safe"),
    Pair("a lower maximum", AT, query("{type: integer, maximum: 9}"), query("{type: integer, maximum: 5}"), "breaking"),
    Pair("a higher maximum", AT, query("{type: integer, maximum: 5}"), query("{type: integer, maximum: 9}"), "safe"),
    Pair("a shorter text", AT, query("{type: string, maxLength: 9}"), query("{type: string, maxLength: 5}"), "breaking"),
    Pair("a longer text", AT, query("{type: string, maxLength: 5}"), query("{type: string, maxLength: 9}"), "safe"),
    Pair("a pattern where none was", AT, query("{type: string}"), query("{type: string, pattern: '^a+$'}"), "breaking"),
    Pair("no pattern any more", AT, query("{type: string, pattern: '^a+$'}"), query("{type: string}"), "safe"),
    Pair("lists exploded no longer", AT, query("{type: array, items: {type: string}}"), query("{type: array, items: {type: string}}", "explode: false"), "breaking", ("parameter-style-changed",)),
    Pair("explode does not matter for one text", AT, query("{type: string}"), query("{type: string}", "explode: false"), "none"),
    Pair("pipes instead of commas", AT, query("{type: array, items: {type: string}}", "explode: false"), query("{type: array, items: {type: string}}", "explode: false, style: pipeDelimited"), "breaking", ("parameter-style-changed",)),
    Pair("the default style said aloud", AT, query("{type: array, items: {type: string}}"), query("{type: array, items: {type: string}}", "style: form, explode: true"), "none"),
    Pair("empty values refused", AT, query("{type: string}", "allowEmptyValue: true"), query("{type: string}"), "breaking", ("parameter-empty-value-refused",)),
    Pair("empty values admitted", AT, query("{type: string}"), query("{type: string}", "allowEmptyValue: true"), "safe", ("parameter-empty-value-admitted",)),
    Pair("a parameter is deprecated", AT, query("{type: string}"), query("{type: string}", "deprecated: true"), "documentation", ("parameter-deprecated",)),
    Pair("a parameter is described otherwise", AT, query("{type: string}"), query("{type: string}", "description: hm"), "documentation", ("parameter-documentation-changed",)),
    Pair("another default", AT, query("{type: integer, default: 10}"), query("{type: integer, default: 99}"), "risky"),
    Pair("the type in a path", ALL, "paths: {'/a/{x}': {get: {operationId: g, parameters: [{in: path, name: x, required: true, schema: {type: string}}], responses: {}}}}", "paths: {'/a/{x}': {get: {operationId: g, parameters: [{in: path, name: x, required: true, schema: {type: integer}}], responses: {}}}}", "breaking"),
    Pair("a renamed path parameter is held against the one at its place", ALL, "paths: {'/a/{x}': {get: {operationId: g, parameters: [{in: path, name: x, required: true, schema: {type: string}}], responses: {}}}}", "paths: {'/a/{y}': {get: {operationId: g, parameters: [{in: path, name: y, required: true, schema: {type: integer}}], responses: {}}}}", "breaking"),
    Pair("an undeclared path parameter is any text", ALL, f"paths: {{'/a/{{x}}': {{{GET}}}}}", "paths: {'/a/{x}': {get: {operationId: g, parameters: [{in: path, name: x, required: true, schema: {type: string}}], responses: {'200': {description: ok}}}}}", "none"),
    Pair("shared by the path or said in the operation", ALL, "paths: {/a: {parameters: [{in: query, name: q, schema: {type: string}}], get: {operationId: g, responses: {}}}}", "paths: {/a: {get: {operationId: g, parameters: [{in: query, name: q, schema: {type: string}}], responses: {}}}}", "none"),
    Pair("by reference or in place", ALL, "components: {parameters: {Q: {in: query, name: q, schema: {type: string}}}}\npaths: {/a: {get: {operationId: g, parameters: [{$ref: '#/components/parameters/Q'}], responses: {}}}}", "paths: {/a: {get: {operationId: g, parameters: [{in: query, name: q, schema: {type: string}}], responses: {}}}}", "none"),
    Pair("the order of parameters does not matter", AT, "parameters: [{in: query, name: a, schema: {}}, {in: query, name: b, schema: {}}]", "parameters: [{in: query, name: b, schema: {}}, {in: query, name: a, schema: {}}]", "none"),
    Pair("an authorization parameter is to be ignored", AT, "{}", "parameters: [{in: header, name: Authorization, required: true, schema: {}}]", "none"),
    Pair("text became a JSON document", AT, query("{type: string}"), "parameters: [{in: query, name: q, content: {application/json: {schema: {type: string}}}}]", "breaking", ("parameter-media-type-changed",)),
)  # fmt: skip

BODIES = (
    Pair("a required body is new", BODY, "{}", body(A, "required: true"), "breaking", ("required-body-added",)),
    Pair("an optional body is new", BODY, "{}", body(A), "safe", ("optional-body-added",)),
    Pair("a body is gone", BODY, body(A), "{}", "breaking", ("body-removed",)),
    Pair("a body became required", BODY, body(A), body(A, "required: true"), "breaking", ("body-became-required",)),
    Pair("a body became optional", BODY, body(A, "required: true"), body(A), "safe", ("body-became-optional",)),
    Pair("a new required property to write", BODY, body(A), body(obj("a: {type: string}, b: {type: string}", "b")), "breaking"),
    Pair("a new optional property to write in a closed object", BODY, body(obj("a: {type: string}", "", CLOSED)), body(obj("a: {type: string}, b: {type: string}", "", CLOSED)), "safe"),
    Pair("a new optional property, leniently", BODY, body(A), body(A_B), "safe", (), "lenient"),
    Pair("a property to write is gone from a closed object", BODY, body(obj("a: {type: string}, b: {type: string}", "", CLOSED)), body(obj("a: {type: string}", "", CLOSED)), "breaking"),
    Pair("an optional property to write became required", BODY, body(A), body(obj("a: {type: string}", "a")), "breaking"),
    Pair("a required property to write became optional", BODY, body(obj("a: {type: string}", "a")), body(A), "safe"),
    Pair("a property to write has another type", BODY, body(A), body(obj("a: {type: integer}")), "breaking"),
    Pair("null is taken as well", BODY, body(A), body(obj("a: {type: [string, 'null']}")), "safe"),
    Pair("null is taken no longer", BODY, body(obj("a: {type: [string, 'null']}")), body(A), "breaking"),
    Pair("one media type less", BODY, media("application/json", "text/csv"), media("application/json"), "breaking", ("media-type-removed",)),
    Pair("one media type more", BODY, media("application/json"), media("application/json", "text/csv"), "safe", ("media-type-added",)),
    Pair("a range covers the type that is gone", BODY, media("text/csv"), media("text/*"), "none"),
    Pair("any type covers the type that is gone", BODY, media("text/csv"), media("*/*"), "none"),
    Pair("the charset of a media type does not matter", BODY, media("application/json"), media("application/json; charset=utf-8"), "none"),
    Pair("the case of a media type does not matter", BODY, media("application/json"), media("Application/JSON"), "none"),
    Pair("a versioned media type is another", BODY, media("application/json;v=1"), media("application/json;v=2"), "breaking", ("media-type-removed", "media-type-added")),
    Pair("a property became read-only", BODY, body(A), body(obj("a: {type: string, readOnly: true}")), "risky", ("property-became-read-only",)),
    Pair("a required read-only property asks nothing of who writes", BODY, body(obj("id: {type: string, readOnly: true}")), body(obj("id: {type: string, readOnly: true}", "id")), "none"),
    Pair("another example", BODY, "requestBody: {content: {application/json: {example: 1}}}", "requestBody: {content: {application/json: {example: 2}}}", "documentation", ("body-documentation-changed",)),
    Pair("encoding of a part", BODY, "requestBody: {content: {multipart/form-data: {encoding: {f: {contentType: image/png}}}}}", "requestBody: {content: {multipart/form-data: {encoding: {f: {contentType: image/gif}}}}}", "risky", ("media-encoding-changed",)),
    Pair("another discriminator", BODY, body(obj("a: {type: string}", "", "discriminator: {propertyName: a}")), body(obj("a: {type: string}", "", "discriminator: {propertyName: b}")), "breaking", ("discriminator-property-changed",)),
    Pair("a discriminator in a nested object", BODY, body(obj(f"o: {obj('a: {type: string}', '', 'discriminator: {propertyName: a, mapping: {x: A}}')}")), body(obj(f"o: {obj('a: {type: string}', '', 'discriminator: {propertyName: a}')}")), "breaking", ("discriminator-value-removed",)),
    Pair("another XML name", BODY, body(obj("a: {type: string, xml: {name: a}}")), body(obj("a: {type: string, xml: {name: b}}")), "risky", ("xml-form-changed",)),
    Pair("a property is described otherwise", BODY, body(A), body(obj("a: {type: string, description: x}")), "documentation"),
    Pair("a schema by reference or in place", BODY, body("{$ref: '#/components/schemas/A'}"), body("{type: object}"), "none"),
)  # fmt: skip

ANSWERS = (
    Pair("a property that consumers read is gone", AT, answer(obj("a: {type: string}, b: {type: string}", "a, b")), answer(obj("a: {type: string}", "a")), "breaking"),
    Pair("a new property to read in an open object, leniently", AT, answer(A), answer(A_B), "safe", (), "tolerant-reader"),
    Pair("required to read became optional", AT, answer(obj("a: {type: string}", "a")), answer(A), "breaking"),
    Pair("optional to read became required", AT, answer(A), answer(obj("a: {type: string}", "a")), "safe"),
    Pair("a new value to read", AT, answer("{enum: [a]}"), answer("{enum: [a, b]}"), "breaking"),
    Pair("a new value to read, tolerantly", AT, answer("{enum: [a]}"), answer("{enum: [a, b]}"), "risky", (), "tolerant-reader"),
    Pair("a value less to read", AT, answer("{enum: [a, b]}"), answer("{enum: [a]}"), "safe"),
    Pair("null may be answered", AT, answer("{type: string}"), answer("{type: [string, 'null']}"), "breaking"),
    Pair("null is answered no longer", AT, answer("{type: [string, 'null']}"), answer("{type: string}"), "safe"),
    Pair("a higher maximum to read", AT, answer("{type: integer, maximum: 5}"), answer("{type: integer, maximum: 9}"), "breaking"),
    Pair("a lower maximum to read", AT, answer("{type: integer, maximum: 9}"), answer("{type: integer, maximum: 5}"), "safe"),
    Pair("a property became write-only", AT, answer(A), answer(obj("a: {type: string, writeOnly: true}")), "breaking", ("property-became-write-only",)),
    Pair("success gone", AT, statuses("200", "201"), statuses("200"), "breaking", ("success-response-removed",)),
    Pair("success new", AT, statuses("200"), statuses("200", "202"), "risky", ("success-response-added",)),
    Pair("failure gone", AT, statuses("200", "404"), statuses("200"), "risky", ("error-response-removed",)),
    Pair("failure new", AT, statuses("200"), statuses("200", "404"), "safe", ("error-response-added",)),
    Pair("default gone", AT, statuses("200", "default"), statuses("200"), "risky", ("error-response-removed",)),
    Pair("default new", AT, statuses("200"), statuses("200", "default"), "safe", ("error-response-added",)),
    Pair("default is success where nothing else is", AT, statuses("default"), statuses("404"), "breaking", ("success-response-removed",)),
    Pair("a new failure is held against default", AT, answer("{type: object}", "default"), answer("{type: object}", "default")[:-1] + ", " + answer("{type: string}", "404").partition("{")[2], "breaking"),
    Pair("no body any more", AT, answer(A), statuses("200"), "breaking", ("response-body-removed",)),
    Pair("a body now", AT, statuses("200"), answer(A), "safe", ("response-body-added",)),
    Pair("one offered media type less", AT, offered("application/json", "text/csv"), offered("application/json"), "breaking", ("media-type-removed",)),
    Pair("one offered media type more", AT, offered("application/json"), offered("application/json", "text/csv"), "safe", ("media-type-added",)),
    Pair("a sure header is gone", AT, header(", required: true"), statuses("200"), "breaking", ("required-header-removed",)),
    Pair("a header that may be there is gone", AT, header(""), statuses("200").replace("x", "ok"), "risky", ("optional-header-removed",)),
    Pair("a header is new", AT, statuses("200").replace("x", "ok"), header(""), "safe", ("optional-header-added",)),
    Pair("a header may be missing", AT, header(", required: true"), header(""), "breaking", ("header-became-optional",)),
    Pair("a header is sure now", AT, header(""), header(", required: true"), "safe", ("header-became-required",)),
    Pair("a header has another type", AT, header(""), header("", "{type: integer}"), "breaking"),
    Pair("a header may hold more", AT, header("", "{type: integer}"), header("", "{type: number}"), "breaking"),
    Pair("the case of a response header does not matter", AT, header(""), header("").replace("X-A", "x-a"), "none"),
    Pair("an answer is described otherwise", AT, statuses("200"), statuses("200").replace("x", "y"), "documentation", ("response-documentation-changed",)),
    Pair("a link is gone", AT, "responses: {'200': {description: ok, links: {a: {operationId: b}}}}", "{}", "documentation", ("link-changed",)),
)  # fmt: skip

CALLED_BACK = (
    Pair("a callback is gone", AT, callback(OK), "{}", "breaking", ("callback-removed",)),
    Pair("a callback is new", AT, "{}", callback(OK), "safe", ("callback-added",)),
    Pair("a callback sends one more property, tolerantly", AT, callback(f"{body(A)}, {OK}"), callback(f"{body(A_B)}, {OK}"), "safe", (), "tolerant-reader"),
    Pair("a callback leaves out what was sure", AT, callback(f"{body(obj('a: {type: string}', 'a'))}, {OK}"), callback(f"{body(A)}, {OK}"), "breaking"),
    Pair("a callback is sure of what was not", AT, callback(f"{body(A)}, {OK}"), callback(f"{body(obj('a: {type: string}', 'a'))}, {OK}"), "safe"),
    Pair("the answer to a callback asks for more", AT, callback(answer(A)), callback(answer(obj("a: {type: string}", "a"))), "breaking"),
    Pair("the answer to a callback asks for less", AT, callback(answer(obj("a: {type: string}", "a"))), callback(answer(A)), "safe"),
    Pair("a webhook is gone", ALL, f"webhooks: {{w: {{post: {{{OK}}}}}}}", "webhooks: {}", "breaking", ("webhook-removed",)),
    Pair("a webhook is new", ALL, "webhooks: {}", f"webhooks: {{w: {{post: {{{OK}}}}}}}", "safe", ("webhook-added",)),
    Pair("a webhook uses another method", ALL, f"webhooks: {{w: {{post: {{{OK}}}}}}}", f"webhooks: {{w: {{put: {{{OK}}}}}}}", "breaking", ("webhook-removed", "webhook-added")),
    Pair("a webhook sends a new value", HOOK, body("{enum: [a]}"), body("{enum: [a, b]}"), "breaking"),
    Pair("a webhook sends a value less", HOOK, body("{enum: [a, b]}"), body("{enum: [a]}"), "safe"),
    Pair("a webhook may come without its body", HOOK, body(A, "required: true"), body(A), "breaking", ("body-became-optional",)),
    Pair("a webhook always has its body", HOOK, body(A), body(A, "required: true"), "safe", ("body-became-required",)),
    Pair("a webhook comes in a type that nobody asked for", HOOK, media("application/json"), media("application/json", "text/csv"), "breaking", ("sent-media-type-added",)),
    Pair("a webhook comes in one type less", HOOK, media("application/json", "text/csv"), media("application/json"), "safe", ("sent-media-type-removed",)),
    Pair("a webhook has a new required header", HOOK, "{}", query("{type: string}", "required: true", "header"), "safe", ("required-parameter-added",)),
    Pair("a webhook has lost a sure header", HOOK, query("{type: string}", "required: true", "header"), "{}", "breaking", ("required-parameter-removed",)),
    Pair("a webhook takes one answer less", HOOK, statuses("200", "410"), statuses("200"), "breaking", ("error-response-removed",)),
)  # fmt: skip

AROUND = (
    Pair("credentials where none were needed", ALL, secured("[]"), secured("[{key: []}]"), "breaking", ("security-added",)),
    Pair("no credentials needed any more", ALL, secured("[{key: []}]"), secured("[]"), "risky", ("security-removed",)),
    Pair("credentials became optional", ALL, secured("[{key: []}]"), secured("[{key: []}, {}]"), "risky", ("security-removed",)),
    Pair("another scheme instead", ALL, secured("[{key: []}]"), secured("[{basic: []}]"), "breaking", ("security-alternative-removed", "security-alternative-added")),
    Pair("a second way in", ALL, secured("[{key: []}]"), secured("[{key: []}, {basic: []}]"), "safe", ("security-alternative-added",)),
    Pair("both where one was enough", ALL, secured("[{key: []}]"), secured("[{key: [], basic: []}]"), "breaking", ("security-alternative-removed",)),
    Pair("one where both were needed", ALL, secured("[{key: [], basic: []}]"), secured("[{key: []}]"), "none"),
    Pair("the order of the ways does not matter", ALL, secured("[{key: []}, {basic: []}]"), secured("[{basic: []}, {key: []}]"), "none"),
    Pair("one scope more", ALL, secured("[{login: [r]}]"), secured("[{login: [r, w]}]"), "breaking", ("security-scope-added",)),
    Pair("one scope less", ALL, secured("[{login: [r, w]}]"), secured("[{login: [r]}]"), "safe", ("security-scope-removed",)),
    Pair("said by the document or by the operation", ALL, secured("[{key: []}]"), secured("[]") + "\npaths: {/orders: {get: {operationId: listOrders, security: [{key: []}], responses: {'200': {description: ok}}}}}", "none"),
    Pair("an operation opts out", ALL, secured("[{key: []}]"), secured("[{key: []}]") + "\npaths: {/orders: {get: {operationId: listOrders, security: [], responses: {'200': {description: ok}}}}}", "risky", ("security-removed",)),
    Pair("a key in another header", ALL, secured("[{key: []}]"), secured("[{key: []}]").replace("X-Key", "X-Other"), "breaking", ("security-scheme-changed",)),
    Pair("a key in the query", ALL, secured("[{key: []}]"), secured("[{key: []}]").replace("in: header", "in: query"), "breaking", ("security-scheme-changed",)),
    Pair("a scheme that nobody uses does not matter", ALL, secured("[{key: []}]"), secured("[{key: []}]").replace("scheme: basic", "scheme: bearer"), "none"),
    Pair("tokens from another address", ALL, secured("[{login: [r]}]"), secured("[{login: [r]}]").replace("example/t", "example/u"), "risky", ("security-scheme-address-changed",)),
    Pair("another base path", ALL, servers("https://a.example/v1"), servers("https://a.example/v2"), "breaking", ("base-path-changed",)),
    Pair("another host", ALL, servers("https://a.example/v1"), servers("https://b.example/v1"), "risky", ("server-removed", "server-added")),
    Pair("a trailing slash of a server does not matter", ALL, servers("https://a.example/v1"), servers("https://a.example/v1/"), "none"),
    Pair("a server is new", ALL, servers("https://a.example"), servers("https://a.example", "https://b.example"), "safe", ("server-added",)),
    Pair("a base path where none was said", ALL, "{}", servers("/v1"), "breaking", ("base-path-changed",)),
    Pair("an operation has servers of its own", AT, servers("https://a.example/x"), servers("https://a.example/y"), "breaking", ("base-path-changed",)),
)  # fmt: skip

PAIRS = (*OPERATIONS, *PARAMETERS, *BODIES, *ANSWERS, *CALLED_BACK, *AROUND)


def test_there_are_enough_pairs() -> None:
    assert len(PAIRS) >= 120
    assert len({pair.name for pair in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_openapi_pair_is_judged(pair: Pair) -> None:
    old, new = openapi(read(pair.old), pair.scope), openapi(read(pair.new), pair.scope)
    found = compared(old, new, policy=pair.policy)
    shown = [(verdict.change.value, verdict.rule) for verdict in found.verdicts]
    assert (found.worst.value if found.worst else "none") == pair.worst, shown
    assert set(pair.rules) <= {verdict.rule for verdict in found.verdicts}, shown
