"""Rules about the parts of OpenAPI operations: parameters, bodies, responses, headers, links, notes on schemas."""

from __future__ import annotations

from typing import Final

from easement.interfaces.compatibility.rules_model import Rule, Scope
from easement.interfaces.compatibility.verdict import ChangeClass

_B, _R, _S, _D = ChangeClass.BREAKING, ChangeClass.RISKY, ChangeClass.SAFE, ChangeClass.DOCUMENTATION
_AT, _BODY, _HOOK = Scope.OPERATION, Scope.BODY_OPERATION, Scope.WEBHOOK


def _rule(  # noqa: PLR0917 -- the catalogue below is read as a table
    name: str, title: str, classes: tuple[ChangeClass, ChangeClass], says: str, why: str, old: str, new: str,
    scope: Scope = _AT,
) -> Rule:  # fmt: skip
    return Rule(
        id=name, title=title, writes=classes[0], reads=classes[1], says=says, why=why, scope=scope, old=old, new=new
    )


def _parameter(more: str = "", schema: str = "{type: string}") -> str:
    return f"parameters: [{{in: query, name: after, schema: {schema}{', ' + more if more else ''}}}]"


def _body(more: str = "", media: str = "application/json: {}") -> str:
    return f"requestBody: {{content: {{{media}}}{', ' + more if more else ''}}}"


def _answer(inside: str, status: str = "200") -> str:
    return f"responses: {{'{status}': {{description: ok{', ' + inside if inside else ''}}}}}"


def _header(more: str = "", schema: str = "{type: string}") -> str:
    return _answer(f"headers: {{X-Count: {{schema: {schema}{', ' + more if more else ''}}}}}")


def _object(more: str = "", field: str = "{type: string}") -> str:
    schema = f"{{type: object, properties: {{kind: {field}}}{', ' + more if more else ''}}}"
    return _body(media=f"application/json: {{schema: {schema}}}")


OPENAPI_PART_RULES: Final = (
    _rule(
        "required-parameter-removed", "A required parameter is gone", (_R, _B),
        "The {where} parameter {name}, which was required, is described no longer.",
        "Servers mostly ignore what they do not know, but what the consumer asked for by it is not done.",
        _parameter("required: true"), "parameters: []",
    ),
    _rule(
        "optional-parameter-removed", "An optional parameter is gone", (_R, _R),
        "The {where} parameter {name} is described no longer.",
        "Servers mostly ignore what they do not know, but what the consumer asked for by it (a filter, a page) is not "
        "done.",
        _parameter(), "parameters: []",
    ),
    _rule(
        "required-parameter-added", "There is a new required parameter", (_B, _S),
        "The {where} parameter {name} is new and required.", "Calls without it are refused.",
        "parameters: []", _parameter("required: true"),
    ),
    _rule(
        "optional-parameter-added", "There is a new optional parameter", (_S, _S),
        "The {where} parameter {name} is new and optional.", "Calls without it work as before.",
        "parameters: []", _parameter(),
    ),
    _rule(
        "parameter-became-required", "A parameter became required", (_B, _S),
        "The {where} parameter {name} is required now.", "Calls without it are refused.",
        _parameter(), _parameter("required: true"),
    ),
    _rule(
        "parameter-became-optional", "A parameter is required no longer", (_S, _B),
        "The {where} parameter {name} may be left out now.", "Who sends it still may; who reads must not count on it.",
        _parameter("required: true"), _parameter(),
    ),
    _rule(
        "parameter-moved", "A parameter is sent at another place", (_B, _B),
        "The parameter {name} is a {after} parameter now, not a {before} parameter.",
        "It is not found where it was.",
        _parameter(), _parameter().replace("query", "header"),
    ),
    _rule(
        "parameter-style-changed", "The values of a parameter are written otherwise", (_B, _B),
        "The values of {name} are written as {after} now, not as {before}.",
        "Lists and objects in the old form are read as something else.",
        _parameter(schema="{type: array, items: {type: string}}"),
        _parameter("explode: false", schema="{type: array, items: {type: string}}"),
    ),
    _rule(
        "parameter-media-type-changed", "A parameter is a document of another media type", (_B, _B),
        "{name} is written as {after} now, not as {before}.", "Text in the old form cannot be read.",
        _parameter(), "parameters: [{in: query, name: after, content: {application/json: {schema: {type: string}}}}]",
    ),
    _rule(
        "parameter-reserved-characters-changed", "Reserved characters in a parameter are treated otherwise", (_R, _R),
        "Whether {name} may have reserved characters as they are has changed.",
        "A value with one of :/?#[]@!$&'()*+,;= may be read as something else (RFC 3986 section 2.2).",
        _parameter("allowReserved: true"), _parameter(),
    ),
    _rule(
        "parameter-empty-value-refused", "A parameter may be empty no longer", (_B, _S),
        "{name} may not be sent without a value any more.", "Calls with the empty value are refused.",
        _parameter("allowEmptyValue: true"), _parameter(),
    ),
    _rule(
        "parameter-empty-value-admitted", "A parameter may be empty", (_S, _R),
        "{name} may be sent without a value now.", "Who reads it may not expect that.",
        _parameter(), _parameter("allowEmptyValue: true"),
    ),
    _rule(
        "parameter-deprecated", "A parameter is deprecated", (_D, _D),
        "The {where} parameter {name} is deprecated.", "It still works. Plan to leave it.",
        _parameter(), _parameter("deprecated: true"),
    ),
    _rule(
        "parameter-undeprecated", "A parameter is deprecated no longer", (_D, _D),
        "The {where} parameter {name} is deprecated no longer.", "It is there to stay.",
        _parameter("deprecated: true"), _parameter(),
    ),
    _rule(
        "parameter-documentation-changed", "The description of a parameter differs", (_D, _D),
        "Description or examples of a parameter differ.", "No call changes.",
        _parameter("description: Where to start"), _parameter("description: The last one that you saw"),
    ),
    _rule(
        "required-body-added", "A body is required where none was", (_B, _B),
        "There must be a body now.", "Calls without it are refused.",
        "{}", _body("required: true"), _BODY,
    ),
    _rule(
        "optional-body-added", "There may be a body where none was", (_S, _R),
        "There may be a body now.", "Calls without it work as before.",
        "{}", _body(), _BODY,
    ),
    _rule(
        "body-removed", "There is no body any more", (_B, _B),
        "A body is described no longer.", "What was said in the body is not taken any more.",
        _body(), "{}", _BODY,
    ),
    _rule(
        "body-became-required", "The body became required", (_B, _S),
        "There must be a body now.", "Calls without it are refused.",
        _body(), _body("required: true"), _BODY,
    ),
    _rule(
        "body-became-optional", "The body is required no longer", (_S, _B),
        "The body may be left out now.", "Who sends it still may; who reads must not count on it.",
        _body("required: true"), _body(), _BODY,
    ),
    _rule(
        "media-type-removed", "A media type is gone", (_B, _B),
        "{media} is taken or offered no longer.", "Who sends it, or accepts nothing else, is refused.",
        _body(media="application/json: {}, application/xml: {}"), _body(), _BODY,
    ),
    _rule(
        "media-type-added", "A media type is new", (_S, _S),
        "{media} is taken or offered as well.", "Nobody gets it who does not ask for it.",
        _body(), _body(media="application/json: {}, application/xml: {}"), _BODY,
    ),
    _rule(
        "sent-media-type-added", "A media type that nobody asked for is new", (_S, _B),
        "The body may come as {media} now.", "The provider chooses the media type of a callback or webhook.",
        _body(), _body(media="application/json: {}, application/xml: {}"), _HOOK,
    ),
    _rule(
        "sent-media-type-removed", "A media type is sent no longer", (_B, _S),
        "The body does not come as {media} any more.", "Who reads all of them reads the others.",
        _body(media="application/json: {}, application/xml: {}"), _body(), _HOOK,
    ),
    _rule(
        "media-encoding-changed", "The parts of a body are written otherwise", (_R, _R),
        "The encoding of {media} differs.", "Parts in the old form may be read as something else.",
        _body(media="multipart/form-data: {schema: {type: object}, encoding: {f: {contentType: image/png}}}"),
        _body(media="multipart/form-data: {schema: {type: object}, encoding: {f: {contentType: image/gif}}}"), _BODY,
    ),
    _rule(
        "body-documentation-changed", "The description of a body differs", (_D, _D),
        "Description or examples of a body differ.", "No call changes.",
        _body("description: An order"), _body("description: A new order"), _BODY,
    ),
    _rule(
        "success-response-removed", "An answer of success is gone", (_B, _B),
        "Status {status} is answered no longer.", "Consumers take another status for a failure.",
        "responses: {'200': {description: ok}, '201': {description: made}}", "responses: {'200': {description: ok}}",
    ),
    _rule(
        "error-response-removed", "An answer of failure is gone", (_B, _R),
        "Status {status} is described no longer.", "What the consumer does at this status may be done no longer.",
        "responses: {'200': {description: ok}, '404': {description: no}}", "responses: {'200': {description: ok}}",
    ),
    _rule(
        "success-response-added", "There is a new answer of success", (_S, _R),
        "Status {status} may be answered now.", "A consumer that looks for one status only takes it for a failure.",
        "responses: {'200': {description: ok}}", "responses: {'200': {description: ok}, '202': {description: later}}",
    ),
    _rule(
        "error-response-added", "There is a new answer of failure", (_S, _S),
        "Status {status} may be answered now.", "Every client must expect any status (RFC 9110 section 15).",
        "responses: {'200': {description: ok}}", "responses: {'200': {description: ok}, '409': {description: no}}",
    ),
    _rule(
        "response-body-removed", "An answer has no body any more", (_S, _B),
        "Status {status} has no body any more.", "The consumer has nothing to read.",
        _answer("content: {application/json: {}}"), _answer(""),
    ),
    _rule(
        "response-body-added", "An answer has a body", (_B, _S),
        "Status {status} has a body now.", "Who reads may leave it unread; who answers must send it.",
        _answer(""), _answer("content: {application/json: {}}"),
    ),
    _rule(
        "response-documentation-changed", "The description of an answer differs", (_D, _D),
        "Description or examples of status {status} differ.", "No call changes.",
        _answer(""), _answer("").replace("ok", "fine"),
    ),
    _rule(
        "required-header-removed", "A header that was always there is gone", (_S, _B),
        "The header {name} is described no longer.", "Consumers that read it find nothing.",
        _header("required: true"), _answer(""),
    ),
    _rule(
        "optional-header-removed", "A header is gone", (_S, _R),
        "The header {name} is described no longer.", "Consumers that read it when it was there find it never.",
        _header(), _answer(""),
    ),
    _rule(
        "required-header-added", "A header is new and always there", (_B, _S),
        "The header {name} is new.", "Who reads may ignore it; who answers must send it.",
        _answer(""), _header("required: true"),
    ),
    _rule(
        "optional-header-added", "A header is new", (_S, _S),
        "The header {name} is new.", "It may be ignored.",
        _answer(""), _header(),
    ),
    _rule(
        "header-became-required", "A header is always there now", (_B, _S),
        "The header {name} is always there now.", "Who reads may count on it; who answers must send it.",
        _header(), _header("required: true"),
    ),
    _rule(
        "header-became-optional", "A header may be missing", (_S, _B),
        "The header {name} may be missing now.", "Consumers that count on it find nothing.",
        _header("required: true"), _header(),
    ),
    _rule(
        "header-style-changed", "The values of a header are written otherwise", (_B, _B),
        "The values of {name} are written as {after} now, not as {before}.", "Text in the old form is read otherwise.",
        _header(schema="{type: object}"), _header("explode: true", schema="{type: object}"),
    ),
    _rule(
        "header-documentation-changed", "The description of a header differs", (_D, _D),
        "Description, examples or deprecation of the header {name} differ.", "No call changes.",
        _header("description: How many"), _header("description: Number of all"),
    ),
    _rule(
        "link-changed", "The links of an answer differ", (_D, _D),
        "The link {name} was added, changed or removed.", "Links describe what may be called next; no call changes.",
        _answer("links: {next: {operationId: listOrders}}"), _answer(""),
    ),
    _rule(
        "discriminator-property-changed", "Another property says which kind an object is", (_B, _B),
        "The kind of an object is said by {after} now, not by {before}.", "The old property is not looked at.",
        _object("discriminator: {propertyName: kind}"), _object("discriminator: {propertyName: type}"), _BODY,
    ),
    _rule(
        "discriminator-added", "A property says which kind an object is", (_R, _S),
        "{after} says now which kind an object is.", "Objects without it, or with another value, may be refused.",
        _object(), _object("discriminator: {propertyName: kind}"), _BODY,
    ),
    _rule(
        "discriminator-removed", "No property says any more which kind an object is", (_S, _R),
        "{before} does not say any more which kind an object is.", "Generated readers choose the kind by it.",
        _object("discriminator: {propertyName: kind}"), _object(), _BODY,
    ),
    _rule(
        "discriminator-value-removed", "A kind is named no longer", (_B, _S),
        "{value} is named as a kind no longer.", "Objects of this kind are refused.",
        _object("discriminator: {propertyName: kind, mapping: {a: A, b: B}}"),
        _object("discriminator: {propertyName: kind, mapping: {a: A}}"), _BODY,
    ),
    _rule(
        "discriminator-value-added", "One more kind is named", (_S, _R),
        "{value} is named as a kind now.", "Readers meet a kind that they do not know.",
        _object("discriminator: {propertyName: kind, mapping: {a: A}}"),
        _object("discriminator: {propertyName: kind, mapping: {a: A, b: B}}"), _BODY,
    ),
    _rule(
        "discriminator-value-changed", "The name of a kind means another schema", (_B, _B),
        "{value} names {after} now, not {before}.", "Objects under the old name are held against another schema.",
        _object("discriminator: {propertyName: kind, mapping: {a: A}}"),
        _object("discriminator: {propertyName: kind, mapping: {a: B}}"), _BODY,
    ),
    _rule(
        "property-became-read-only", "A property is taken no longer", (_R, _S),
        "{field} cannot be written any more.", "What the consumer sends is ignored or refused.",
        _object(), _object(field="{type: string, readOnly: true}"), _BODY,
    ),
    _rule(
        "property-became-writable", "A property that was only read is taken", (_S, _S),
        "{field} can be written now.", "Who does not send it need not.",
        _object(field="{type: string, readOnly: true}"), _object(), _BODY,
    ),
    _rule(
        "property-became-write-only", "A property is answered no longer", (_S, _B),
        "{field} is not in answers any more.", "Consumers that read it find nothing.",
        _object(), _object(field="{type: string, writeOnly: true}"), _HOOK,
    ),
    _rule(
        "property-became-readable", "A property that was only written is answered", (_S, _S),
        "{field} is in answers now.", "It may be ignored; see whether it is meant for all who read.",
        _object(field="{type: string, writeOnly: true}"), _object(), _HOOK,
    ),
    _rule(
        "xml-form-changed", "The XML form of a value differs", (_R, _R),
        "The XML name, namespace or form differs.", "XML in the old form may not be understood; JSON is as before.",
        _object("xml: {name: order}"), _object("xml: {name: Order}"), _BODY,
    ),
)  # fmt: skip
