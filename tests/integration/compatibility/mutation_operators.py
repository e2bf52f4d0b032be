"""The operators: of operations, parameters, bodies, answers, headers, security, servers, callbacks and webhooks."""

from __future__ import annotations

from typing import Any

from mutation_editor import (
    BREAKING,
    GONE,
    OPERATORS,
    RISKY,
    SAFE,
    TEXT,
    Editor,
    Json,
    Mutation,
    first,
    object_change,
    operator,
    parameter_change,
    property_pair,
    schema_change,
    with_property,
)

__all__ = ["OPERATORS"]
_ANSWERS = {"responses": {"204": {"description": "done"}}}
_PLAIN = {"type": "string"}
_LIST = {"type": "array", "items": {"type": "string"}}


def _one(editor: Editor) -> tuple[str, str, Json] | None:
    return next(((path, method, editor.operation(path, method)) for path, method in editor.operations), None)


def _named(editor: Editor) -> tuple[str, str, Json] | None:
    found = ((path, method, editor.operation(path, method)) for path, method in editor.operations)
    return first(one for one in found if isinstance(one[2].get("operationId"), str))


# Operations


@operator
def operation_removed(editor: Editor) -> Mutation | None:
    if len(editor.operations) < 2 or not (found := _named(editor)):
        return None
    new = editor.put(("paths", found[0], found[1]), GONE)
    return Mutation(editor.document, new, {("operation-removed", BREAKING)})


@operator
def operation_added(editor: Editor) -> Mutation | None:
    new = editor.put(("paths", "/zz-new"), {"get": _ANSWERS})
    return Mutation(editor.document, new, {("operation-added", SAFE)})


@operator
def operation_renamed(editor: Editor) -> Mutation | None:
    if not (found := _named(editor)):
        return None
    new = editor.put(("paths", found[0], found[1], "operationId"), "zzRenamed")
    return Mutation(editor.document, new, {("operation-id-changed", BREAKING)})


@operator
def operation_deprecated(editor: Editor) -> Mutation | None:
    if not (found := _one(editor)) or found[2].get("deprecated"):
        return None
    new = editor.put(("paths", found[0], found[1], "deprecated"), value=True)
    return Mutation(editor.document, new, {("operation-deprecated", TEXT)})


@operator
def operation_ends(editor: Editor) -> Mutation | None:
    if not (found := _one(editor)):
        return None
    new = editor.put(("paths", found[0], found[1], "x-sunset"), "2031-01-01")
    return Mutation(editor.document, new, {("sunset-announced", RISKY)})


@operator
def operation_described(editor: Editor) -> Mutation | None:
    if not (found := _one(editor)):
        return None
    new = editor.put(("paths", found[0], found[1], "description"), "zz")
    return Mutation(editor.document, new, {("operation-documentation-changed", TEXT)})


@operator
def method_moved(editor: Editor) -> Mutation | None:
    if not (found := _named(editor)) or "trace" in editor.document["paths"][found[0]]:
        return None
    new = editor.put(("paths", found[0], "trace"), found[2], editor.put(("paths", found[0], found[1]), GONE))
    return Mutation(editor.document, new, {("operation-removed", BREAKING), ("operation-added", SAFE)})


@operator
def template_renamed(editor: Editor) -> Mutation | None:
    paths = editor.document["paths"]
    known = {path for path, _ in editor.operations}
    found = first(path for path in paths if path in known and path.count("{") == 1 and path.endswith("}"))
    if (
        found is None
        or "$ref" in paths[found]
        or "#/paths/" in str(paths)
        or not all(_is_named(one) for one in paths[found].values())
    ):
        return None
    name = found.rpartition("{")[2][:-1]
    item = _with_parameter_name(editor, paths[found], name)
    new = {**editor.document, "paths": {p if p != found else _other(p): i for p, i in paths.items()}}
    new["paths"][_other(found)] = item
    if _other(found) in paths:
        return None
    return Mutation(editor.document, new, {("path-parameter-renamed", TEXT)})


def _other(path: str) -> str:
    return f"{path.rpartition('{')[0]}{{zzName}}"


def _is_named(operation: Json) -> bool:
    return not isinstance(operation, dict) or "operationId" in operation


def _with_parameter_name(editor: Editor, item: Json, name: str) -> Json:
    def renamed(listed: Json) -> Json:
        followed = [editor.follow(one) for one in listed]
        return [
            {**one, "name": "zzName"} if one.get("in") == "path" and one.get("name") == name else one
            for one in followed
        ]

    result = {}
    for key, value in item.items():
        if key == "parameters":
            result[key] = renamed(value)
        elif isinstance(value, dict) and "parameters" in value:
            result[key] = {**value, "parameters": renamed(value["parameters"])}
        else:
            result[key] = value
    return result


@operator
def information_changed(editor: Editor) -> Mutation | None:
    new = editor.put(("info", "version"), "zz")
    return Mutation(editor.document, new, {("information-changed", TEXT)})


# Parameters


def _add_parameter(editor: Editor, parameter: Json, verdict: tuple[str, str]) -> Mutation | None:
    if not (found := _one(editor)):
        return None
    place = ("paths", found[0], found[1], "parameters")
    return Mutation(editor.document, editor.put(place, [*found[2].get("parameters", []), parameter]), {verdict})


@operator
def required_parameter_added(editor: Editor) -> Mutation | None:
    parameter = {"in": "query", "name": "zz", "required": True, "schema": _PLAIN}
    return _add_parameter(editor, parameter, ("required-parameter-added", BREAKING))


@operator
def optional_parameter_added(editor: Editor) -> Mutation | None:
    return _add_parameter(editor, {"in": "header", "name": "Zz", "schema": _PLAIN}, ("optional-parameter-added", SAFE))


@operator
def required_cookie_added(editor: Editor) -> Mutation | None:
    parameter = {"in": "cookie", "name": "zz", "required": True, "schema": _PLAIN}
    return _add_parameter(editor, parameter, ("required-parameter-added", BREAKING))


@operator
def parameter_removed(editor: Editor) -> Mutation | None:
    shared = {
        str(editor.follow(one).get("name"))
        for path in {path for path, _ in editor.operations}
        for one in editor.document["paths"][path].get("parameters", [])
    }
    found = first(one for one in editor.parameters() if one[1]["name"] not in shared)
    if found is None:
        return None
    place, parameter = found
    listed = editor.operation(place[1], place[2])["parameters"]
    kind = "required" if parameter.get("required") else "optional"
    new = editor.put(place[:-1], [one for at, one in enumerate(listed) if at != place[-1]])
    return Mutation(editor.document, new, {(f"{kind}-parameter-removed", RISKY)})


@operator
def parameter_required(editor: Editor) -> Mutation | None:
    return parameter_change(
        editor,
        lambda one: not one.get("required"),
        lambda one: {**one, "required": True},
        ("parameter-became-required", BREAKING),
    )


@operator
def parameter_relaxed(editor: Editor) -> Mutation | None:
    return parameter_change(
        editor,
        lambda one: one.get("required") is True,
        lambda one: {**one, "required": False},
        ("parameter-became-optional", SAFE),
    )


@operator
def parameter_deprecated(editor: Editor) -> Mutation | None:
    return parameter_change(
        editor,
        lambda one: not one.get("deprecated"),
        lambda one: {**one, "deprecated": True},
        ("parameter-deprecated", TEXT),
    )


@operator
def parameter_described(editor: Editor) -> Mutation | None:
    return parameter_change(
        editor,
        lambda _: True,
        lambda one: {**one, "description": "zz"},
        ("parameter-documentation-changed", TEXT),
    )


@operator
def parameter_moved_to_a_cookie(editor: Editor) -> Mutation | None:
    return parameter_change(editor, lambda _: True, lambda one: {**one, "in": "cookie"}, ("parameter-moved", BREAKING))


@operator
def parameter_became_a_document(editor: Editor) -> Mutation | None:
    return parameter_change(
        editor,
        lambda one: "$ref" not in one["schema"],
        lambda one: {
            **{name: value for name, value in one.items() if name != "schema"},
            "content": {"application/json": {"schema": one["schema"]}},
        },
        ("parameter-media-type-changed", BREAKING),
    )


@operator
def parameter_empty_refused(editor: Editor) -> Mutation | None:
    return _parameter_pair(
        editor, {"allowEmptyValue": True}, {"allowEmptyValue": False}, ("parameter-empty-value-refused", BREAKING)
    )


@operator
def parameter_style(editor: Editor) -> Mutation | None:
    more = {"schema": _LIST, "in": "query", "style": "form"}
    return _parameter_pair(
        editor, {**more, "explode": True}, {**more, "explode": False}, ("parameter-style-changed", BREAKING)
    )


def _parameter_pair(editor: Editor, before: Json, after: Json, verdict: tuple[str, str]) -> Mutation | None:
    found = first(one for one in editor.plain_parameters() if one[1]["in"] == "query")
    if found is None:
        return None
    place, parameter = found
    old = editor.put(place, {**parameter, **before})
    return Mutation(old, editor.put(place, {**parameter, **after}, old), {verdict})


# Schemas of parameters, which consumers write


def _schemas(name: str, before: Json, after: Json, *verdicts: tuple[str, str]) -> None:
    def change(editor: Editor) -> Mutation | None:
        safe = all(one[1] == SAFE for one in verdicts)
        return schema_change(editor, before, after, *verdicts, instances=safe)

    OPERATORS[name] = change


_WRITTEN = "request-parameter-"
_schemas("parameter_retyped", _PLAIN, {"type": "integer"}, (f"{_WRITTEN}type-changed", BREAKING))
_schemas("parameter_widened_to_number", {"type": "integer"}, {"type": "number"}, (f"{_WRITTEN}type-widened", SAFE))
_schemas("parameter_value_removed", {"enum": ["a", "b"]}, {"enum": ["a"]}, (f"{_WRITTEN}enum-value-removed", BREAKING))
_schemas("parameter_value_added", {"enum": ["a"]}, {"enum": ["a", "b"]}, (f"{_WRITTEN}enum-value-added", SAFE))
_schemas("parameter_enumerated", _PLAIN, {**_PLAIN, "enum": ["a"]}, (f"{_WRITTEN}enum-added", BREAKING))
_schemas(
    "parameter_maximum_lowered",
    {"type": "integer", "maximum": 9},
    {"type": "integer", "maximum": 5},
    (f"{_WRITTEN}maximum-decreased", BREAKING),
)
_schemas(
    "parameter_maximum_raised",
    {"type": "integer", "maximum": 5},
    {"type": "integer", "maximum": 9},
    (f"{_WRITTEN}maximum-increased", SAFE),
)
_schemas(
    "parameter_minimum_added",
    {"type": "integer"},
    {"type": "integer", "minimum": 1},
    (f"{_WRITTEN}minimum-added", BREAKING),
)
_schemas("parameter_length_limited", _PLAIN, {**_PLAIN, "maxLength": 5}, (f"{_WRITTEN}max-length-added", BREAKING))
_schemas("parameter_length_freed", {**_PLAIN, "maxLength": 5}, _PLAIN, (f"{_WRITTEN}max-length-removed", SAFE))
_schemas("parameter_pattern_added", _PLAIN, {**_PLAIN, "pattern": "^[a-z]+$"}, (f"{_WRITTEN}pattern-added", BREAKING))
_schemas("parameter_pattern_removed", {**_PLAIN, "pattern": "^[a-z]+$"}, _PLAIN, (f"{_WRITTEN}pattern-removed", SAFE))
_schemas("parameter_list_limited", _LIST, {**_LIST, "maxItems": 3}, (f"{_WRITTEN}max-items-added", BREAKING))
_schemas("parameter_list_freed", {**_LIST, "minItems": 1}, _LIST, (f"{_WRITTEN}min-items-removed", SAFE))
_schemas(
    "parameter_default_changed",
    {"type": "integer", "default": 1},
    {"type": "integer", "default": 2},
    (f"{_WRITTEN}default-changed", RISKY),
)
_schemas("parameter_format_added", _PLAIN, {**_PLAIN, "format": "uuid"}, (f"{_WRITTEN}format-added", BREAKING))


# Bodies


def _body(editor: Editor) -> Any:
    return first(editor.bodies())


@operator
def body_required(editor: Editor) -> Mutation | None:
    found = first(one for one in editor.bodies() if not one[1].get("required"))
    if found is None:
        return None
    new = editor.put((*found[0], "required"), value=True)
    return Mutation(editor.document, new, {("body-became-required", BREAKING)})


@operator
def body_relaxed(editor: Editor) -> Mutation | None:
    found = first(one for one in editor.bodies() if one[1].get("required"))
    if found is None:
        return None
    new = editor.put((*found[0], "required"), value=False)
    return Mutation(editor.document, new, {("body-became-optional", SAFE)})


@operator
def body_removed(editor: Editor) -> Mutation | None:
    found = _body(editor)
    return found and Mutation(editor.document, editor.put(found[0], GONE), {("body-removed", BREAKING)})


@operator
def media_type_added(editor: Editor) -> Mutation | None:
    found = first(one for one in editor.bodies() if "*/*" not in one[1]["content"])
    if found is None:
        return None
    new = editor.put((*found[0], "content", "application/zz"), {"schema": _PLAIN})
    return Mutation(editor.document, new, {("media-type-added", SAFE)})


@operator
def media_type_replaced(editor: Editor) -> Mutation | None:
    found = first(one for one in editor.bodies() if len(one[1]["content"]) == 1)
    if found is None:
        return None
    said = next(iter(found[1]["content"].values()))
    new = editor.put((*found[0], "content"), {"zz/zz": said})
    return Mutation(editor.document, new, {("media-type-removed", BREAKING), ("media-type-added", SAFE)})


def _properties(name: str, way: str, before: Json, after: Json, verdict: tuple[str, str], **required: bool) -> None:
    def change(editor: Editor) -> Mutation | None:
        return object_change(editor, way, property_pair(before, after, **required), verdict)

    OPERATORS[name] = change


_properties(
    "written_property_required", "request", _PLAIN, _PLAIN, ("request-property-became-required", BREAKING), now=True
)
_properties("written_property_relaxed", "request", _PLAIN, _PLAIN, ("request-property-became-optional", SAFE), was=True)
_properties(
    "written_property_retyped", "request", _PLAIN, {"type": "integer"}, ("request-property-type-changed", BREAKING)
)
_properties(
    "written_value_removed",
    "request",
    {"enum": [1, 2]},
    {"enum": [1]},
    ("request-property-enum-value-removed", BREAKING),
)
_properties(
    "written_value_added", "request", {"enum": [1]}, {"enum": [1, 2]}, ("request-property-enum-value-added", SAFE)
)
_properties("read_property_required", "response", _PLAIN, _PLAIN, ("response-property-became-required", SAFE), now=True)
_properties(
    "read_property_relaxed", "response", _PLAIN, _PLAIN, ("response-property-became-optional", BREAKING), was=True
)
_properties(
    "read_property_retyped", "response", _PLAIN, {"type": "integer"}, ("response-property-type-changed", BREAKING)
)
_properties(
    "read_property_narrowed_to_integer",
    "response",
    {"type": "number"},
    {"type": "integer"},
    ("response-property-type-narrowed", SAFE),
)
_properties(
    "read_value_added", "response", {"enum": [1]}, {"enum": [1, 2]}, ("response-property-enum-value-added", BREAKING)
)
_properties(
    "read_value_removed", "response", {"enum": [1, 2]}, {"enum": [1]}, ("response-property-enum-value-removed", SAFE)
)
_properties(
    "read_bound_raised",
    "response",
    {"type": "integer", "maximum": 5},
    {"type": "integer", "maximum": 9},
    ("response-property-maximum-increased", BREAKING),
)
_properties(
    "read_pattern_removed",
    "response",
    {**_PLAIN, "pattern": "^a$"},
    _PLAIN,
    ("response-property-pattern-removed", BREAKING),
)
_properties(
    "property_read_only",
    "request",
    _PLAIN,
    {**_PLAIN, "readOnly": True},
    ("property-became-read-only", RISKY),
)
_properties(
    "property_write_only",
    "response",
    _PLAIN,
    {**_PLAIN, "writeOnly": True},
    ("property-became-write-only", BREAKING),
)
_properties("property_in_xml", "request", _PLAIN, {**_PLAIN, "xml": {"name": "q"}}, ("xml-form-changed", RISKY))


@operator
def written_property_may_be_null(editor: Editor) -> Mutation | None:
    return _nullable(editor, "request", SAFE)


@operator
def read_property_may_be_null(editor: Editor) -> Mutation | None:
    return _nullable(editor, "response", BREAKING)


def _nullable(editor: Editor, way: str, change: str) -> Mutation | None:
    is_3_0 = editor.document["openapi"].startswith("3.0")
    after = {**_PLAIN, "nullable": True} if is_3_0 else {"type": ["string", "null"]}
    made = object_change(editor, way, property_pair(_PLAIN, after), (f"{way}-property-became-nullable", change))
    return made and made._replace(schemas=None)


@operator
def required_property_added_to_write(editor: Editor) -> Mutation | None:
    return object_change(
        editor,
        "request",
        lambda schema: ({**schema, "type": "object"}, with_property(schema, {}, required=True)),
        ("request-property-added-as-required", BREAKING),
    )


# Answers


@operator
def success_removed(editor: Editor) -> Mutation | None:
    for path, method in editor.operations:
        statuses = [one for one in editor.operation(path, method).get("responses", {}) if one.startswith("2")]
        if len(statuses) > 1:
            new = editor.put(("paths", path, method, "responses", statuses[0]), GONE)
            return Mutation(editor.document, new, {("success-response-removed", BREAKING)})
    return None


@operator
def success_added(editor: Editor) -> Mutation | None:
    return _status_added(editor, "299", ("success-response-added", RISKY))


@operator
def failure_added(editor: Editor) -> Mutation | None:
    return _status_added(editor, "499", ("error-response-added", SAFE))


def _status_added(editor: Editor, status: str, verdict: tuple[str, str]) -> Mutation | None:
    for path, method in editor.operations:
        known = editor.operation(path, method).get("responses", {})
        if known.keys().isdisjoint({status, "default", "2XX", "4XX"}) and known:
            new = editor.put(("paths", path, method, "responses", status), {"description": "zz"})
            return Mutation(editor.document, new, {verdict})
    return None


@operator
def failure_removed(editor: Editor) -> Mutation | None:
    for path, method in editor.operations:
        for status in editor.operation(path, method).get("responses", {}):
            if status.startswith(("4", "5")):
                new = editor.put(("paths", path, method, "responses", status), GONE)
                return Mutation(editor.document, new, {("error-response-removed", RISKY)})
    return None


@operator
def answer_without_body(editor: Editor) -> Mutation | None:
    found = first(one for one in editor.answers() if one[1].get("content"))
    if found is None:
        return None
    new = editor.put((*found[0], "content"), GONE)
    return Mutation(editor.document, new, {("response-body-removed", BREAKING)})


@operator
def answer_described(editor: Editor) -> Mutation | None:
    found = first(editor.answers())
    if found is None:
        return None
    new = editor.put((*found[0], "description"), "zz")
    return Mutation(editor.document, new, {("response-documentation-changed", TEXT)})


def _header(editor: Editor, before: Json, after: Json, verdict: tuple[str, str]) -> Mutation | None:
    found = first(editor.answers())
    if found is None:
        return None
    place, known = (*found[0], "headers"), found[1].get("headers", {})
    old, new = ({**known, **({"X-Zz": one} if one else {})} for one in (before, after))
    base = editor.put(place, old)
    return Mutation(base, editor.put(place, new, base), {verdict})


@operator
def header_added(editor: Editor) -> Mutation | None:
    return _header(editor, None, {"schema": _PLAIN}, ("optional-header-added", SAFE))


@operator
def header_removed(editor: Editor) -> Mutation | None:
    return _header(editor, {"schema": _PLAIN}, None, ("optional-header-removed", RISKY))


@operator
def sure_header_removed(editor: Editor) -> Mutation | None:
    return _header(editor, {"schema": _PLAIN, "required": True}, None, ("required-header-removed", BREAKING))


@operator
def header_relaxed(editor: Editor) -> Mutation | None:
    before = {"schema": _PLAIN, "required": True}
    return _header(editor, before, {"schema": _PLAIN}, ("header-became-optional", BREAKING))


@operator
def header_retyped(editor: Editor) -> Mutation | None:
    return _header(
        editor, {"schema": {"type": "integer"}}, {"schema": _PLAIN}, ("response-header-type-changed", BREAKING)
    )


# Security and servers


def _security(editor: Editor, before: Json, after: Json, verdict: tuple[str, str]) -> Mutation | None:
    if not (found := _one(editor)):
        return None
    schemes = {
        "zzKey": {"type": "apiKey", "in": "header", "name": "Zz"},
        "zzLogin": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "https://id.example/t", "scopes": {"r": "", "w": ""}}},
        },
    }
    components = editor.document.get("components", {})
    known = {**components, "securitySchemes": {**components.get("securitySchemes", {}), **schemes}}
    base = editor.put(("components",), known)
    place = ("paths", found[0], found[1], "security")
    old = editor.put(place, before, base)
    return Mutation(old, editor.put(place, after, base), {verdict})


@operator
def security_added(editor: Editor) -> Mutation | None:
    return _security(editor, [], [{"zzKey": []}], ("security-added", BREAKING))


@operator
def security_removed(editor: Editor) -> Mutation | None:
    return _security(editor, [{"zzKey": []}], [], ("security-removed", RISKY))


@operator
def scope_added(editor: Editor) -> Mutation | None:
    return _security(editor, [{"zzLogin": ["r"]}], [{"zzLogin": ["r", "w"]}], ("security-scope-added", BREAKING))


@operator
def scope_removed(editor: Editor) -> Mutation | None:
    return _security(editor, [{"zzLogin": ["r", "w"]}], [{"zzLogin": ["r"]}], ("security-scope-removed", SAFE))


@operator
def way_in_removed(editor: Editor) -> Mutation | None:
    both = [{"zzKey": []}, {"zzLogin": ["r"]}]
    return _security(editor, both, both[1:], ("security-alternative-removed", BREAKING))


@operator
def way_in_added(editor: Editor) -> Mutation | None:
    both = [{"zzKey": []}, {"zzLogin": ["r"]}]
    return _security(editor, both[1:], both, ("security-alternative-added", SAFE))


@operator
def base_path_changed(editor: Editor) -> Mutation | None:
    old = editor.put(("servers",), [{"url": "https://a.example/v1"}])
    new = editor.put(("servers",), [{"url": "https://a.example/v2"}])
    return Mutation(old, new, {("base-path-changed", BREAKING), ("server-removed", RISKY), ("server-added", SAFE)})


@operator
def server_added(editor: Editor) -> Mutation | None:
    servers = [{"url": "https://a.example/v1"}]
    old = editor.put(("servers",), servers)
    new = editor.put(("servers",), [*servers, {"url": "https://b.example/v1"}])
    return Mutation(old, new, {("server-added", SAFE)})


# Callbacks and webhooks


def _called(editor: Editor, before: Json, after: Json, verdict: tuple[str, str]) -> Mutation | None:
    old, new = (editor.put(("webhooks",), {"zz": {"post": one}} if one else {}) for one in (before, after))
    return Mutation(old, new, {verdict})


def _sent(properties: Json, *required: str) -> Json:
    schema = {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}, **_ANSWERS}


@operator
def webhook_removed(editor: Editor) -> Mutation | None:
    return _called(editor, _ANSWERS, None, ("webhook-removed", BREAKING))


@operator
def webhook_added(editor: Editor) -> Mutation | None:
    return _called(editor, None, _ANSWERS, ("webhook-added", SAFE))


@operator
def webhook_requires_less(editor: Editor) -> Mutation | None:
    return _called(
        editor, _sent({"a": _PLAIN}, "a"), _sent({"a": _PLAIN}), ("webhook-property-became-optional", BREAKING)
    )


@operator
def webhook_requires_more(editor: Editor) -> Mutation | None:
    return _called(editor, _sent({"a": _PLAIN}), _sent({"a": _PLAIN}, "a"), ("webhook-property-became-required", SAFE))


@operator
def webhook_sends_a_new_value(editor: Editor) -> Mutation | None:
    return _called(
        editor,
        _sent({"a": {"enum": [1]}}),
        _sent({"a": {"enum": [1, 2]}}),
        ("webhook-property-enum-value-added", BREAKING),
    )


def _callback(editor: Editor, before: Json, after: Json, verdict: tuple[str, str]) -> Mutation | None:
    if not (found := _one(editor)):
        return None
    place = ("paths", found[0], found[1], "callbacks", "zz")
    old = editor.put(place, {"{$request.query.zz}": {"post": before}})
    return Mutation(old, editor.put(place, {"{$request.query.zz}": {"post": after}}), {verdict})


@operator
def callback_requires_less(editor: Editor) -> Mutation | None:
    return _callback(
        editor, _sent({"a": _PLAIN}, "a"), _sent({"a": _PLAIN}), ("callback-property-became-optional", BREAKING)
    )


@operator
def callback_body_may_be_missing(editor: Editor) -> Mutation | None:
    before = _sent({"a": _PLAIN})
    after = {**before, "requestBody": {**before["requestBody"], "required": True}}
    return _callback(editor, after, before, ("body-became-optional", BREAKING))
