"""Spectral's functions for AsyncAPI 2.x and 3.x. Names, options and messages are those of its built-in ruleset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from easement.standards.spectral import script_values as js
from easement.standards.spectral.asyncapi_schemas import asyncapi_check, payload_check, version_of
from easement.standards.spectral.finding import Result
from easement.standards.spectral.function import Context, Function, as_results
from easement.standards.spectral.openapi_functions import SCOPES
from easement.standards.spectral.resolving import value_at
from easement.standards.spectral.schema_check import Errors
from easement.standards.spectral.schema_error import sentences
from easement.standards.spectral.schema_function import worded
from easement.standards.spectral.server_variables import variables_in

_REF_UNEXPECTED: Final = 'Property "$ref" is not expected to be here'
_FLOWS: Final = ("implicit", "password", "clientCredentials", "authorizationCode")
_Path = tuple[str | int, ...]


def _operations(document: Any) -> Iterator[tuple[_Path, Mapping[str, Any]]]:
    channels = document.get("channels")
    for address, channel in channels.items() if isinstance(channels, dict) else ():
        for kind in ("subscribe", "publish"):
            if isinstance(channel, dict) and isinstance(channel.get(kind), dict):
                yield ("channels", address, kind), channel[kind]


def _messages(document: Any) -> Iterator[tuple[_Path, Mapping[str, Any]]]:
    for path, operation in _operations(document):
        message = operation.get("message")
        if not isinstance(message, dict):
            continue
        if not isinstance(message.get("oneOf"), list):
            yield (*path, "message"), message
            continue
        for index, one in enumerate(message["oneOf"]):
            if isinstance(one, dict):
                yield (*path, "message", "oneOf", index), one


def _named(holder: Mapping[str, Any], key: str) -> tuple[str, _Path] | None:
    """An identifier and where it stands: the last trait that sets it, or the holder."""
    traits = holder.get("traits")
    listed = list(enumerate(traits)) if isinstance(traits, list) else []
    for index, trait in reversed(listed):
        if isinstance(trait, dict) and isinstance(trait.get(key), str):
            return trait[key], ("traits", index, key)
    return (holder[key], (key,)) if isinstance(holder.get(key), str) else None


def _unique(holders: Iterator[tuple[_Path, Mapping[str, Any]]], key: str, message: str) -> list[Result]:
    seen: set[str] = set()
    results: list[Result] = []
    for path, holder in holders:
        if (named := _named(holder, key)) is None:
            continue
        if named[0] in seen:
            results.append(Result(message, (*path, *named[1])))
        seen.add(named[0])
    return results


def _unique_operations(value: Any, _options: Any, _context: Context) -> list[Result]:
    return _unique(_operations(value), "operationId", '"operationId" must be unique across all the operations.')


def _unique_messages(value: Any, _options: Any, _context: Context) -> list[Result]:
    return _unique(_messages(value), "messageId", '"messageId" must be unique across all the messages.')


def _channel_servers(value: Any, _options: Any, _context: Context) -> list[Result]:
    servers = value.get("servers") or {}
    return [
        Result(
            'Channel contains server that are not defined on the "servers" object.',
            ("channels", address, "servers", index),
        )
        for address, channel in (value.get("channels") or {}).items()
        for index, name in enumerate(channel.get("servers") or ())
        if name not in servers
    ]


def _channel_parameters(value: Any, _options: Any, context: Context) -> list[Result]:
    address = value.get("address")
    used = variables_in(context.path[-1] if address is None else address)
    if not used:
        return []
    declared, results = list(value["parameters"]), []
    if missing := [name for name in used if name not in declared]:
        listed = ", ".join(missing)
        message = f'Not all channel\'s parameters are described with "parameters" object. Missed: {listed}.'
        results.append(Result(message, (*context.path, "parameters")))
    for name in (name for name in declared if name not in used):
        message = f'Channel\'s "parameters" object has redundant defined "{name}" parameter.'
        results.append(Result(message, (*context.path, "parameters", name)))
    return results


def _security(value: Any, options: Any, context: Context) -> list[Result]:
    schemes = value_at(context.document.raw, ("components", "securitySchemes"))
    schemes = schemes if isinstance(schemes, dict) else {}
    results: list[Result] = []
    for name, scopes in value.items():
        if name not in schemes:
            subject = options["objectType"]
            message = f"{subject} must not reference an undefined security scheme."
            results.append(Result(message, (*context.path, name)))
        scheme = schemes.get(name)
        if not isinstance(scheme, dict) or scheme.get("type") != "oauth2":
            continue
        available = _scopes(scheme.get("flows"))
        message = f"Non-existing security scope for the specified security scheme. Available: [{', '.join(available)}]"
        results.extend(
            Result(message, (*context.path, name, index))
            for index, scope in enumerate(scopes)
            if scope not in available
        )
    return results


def _scopes(flows: Any) -> list[str]:
    named: dict[str, None] = {}
    for key in _FLOWS:
        flow = flows.get(key) if isinstance(flows, dict) else None
        if isinstance(flow, dict) and isinstance(flow.get("scopes"), dict):
            named.update(dict.fromkeys(flow["scopes"]))
    return list(named)


def _schema_validation(value: Any, options: Any, context: Context) -> list[Result]:
    if options["type"] == "default":
        items: list[tuple[Any, _Path]] = [(value.get("default", js.UNDEFINED), ("default",))]
    else:
        listed = value.get("examples")
        items = [(item, ("examples", index)) for index, item in enumerate(listed or ())]
    return [
        result
        for item, path in items
        if not isinstance(item, str) and item is not js.UNDEFINED
        for result in _against(item, value, (*context.path, *path), context)
    ]


def _against(value: Any, schema: Any, path: _Path, context: Context) -> list[Result]:
    return as_results(context.checks.wrong(value, schema, path, every=True, resolved=context.resolved))


def _message_examples(value: Any, _options: Any, context: Context) -> list[Result]:
    message = _with_traits(value)
    examples = message.get("examples")
    return [
        result
        for index, example in enumerate(examples if isinstance(examples, list) else ())
        for part in ("payload", "headers")
        if isinstance(example, dict) and part in example
        for result in _against(example[part], message.get(part, {}), (*context.path, "examples", index, part), context)
    ]


def _with_traits(message: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(message)
    for trait in message["traits"] if isinstance(message.get("traits"), list) else ():
        for key, value in trait.items() if isinstance(trait, dict) else ():
            merged[key] = _merged(merged.get(key), value)
    return merged


def _merged(origin: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396), as AsyncAPI applies traits."""
    if not isinstance(patch, dict):
        return patch
    result = dict(origin) if isinstance(origin, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def _payload(value: Any, _options: Any, context: Context) -> list[Result]:
    chosen = version_of(context.formats)
    if chosen is None or value is js.UNDEFINED:
        return []
    return [
        Result(one.text, (*context.path, *(one.path.removeprefix("/").split("/") if one.path else ())))
        for one in sentences(payload_check(chosen[0])(value), value, context.path)
    ]


def _document_schema(value: Any, options: Any, context: Context) -> list[Result]:
    chosen = version_of(context.formats)
    if chosen is None:
        return []
    resolved = options["resolved"]
    errors = asyncapi_check(chosen[0], resolved=resolved, fallback=chosen[1])(value)
    if resolved:
        errors = _reduced(errors)
    wrongs = worded(errors, value, context.path)
    if resolved:
        return as_results([one for one in wrongs if one.text != _REF_UNEXPECTED])
    return [
        Result("Referencing in this place is not allowed", one.path) for one in wrongs if one.text == _REF_UNEXPECTED
    ]


def _reduced(errors: Errors) -> Errors:
    """The telling ones among the errors of a resolved document: one for each place, without those of its holders."""
    kept: Errors = []
    for error in errors:
        if error.keyword == "additionalProperties":
            name = str(error.params["property"]).replace("~", "~0")
            error.path = f"{error.path}/{name}"
        if not (error.keyword == "required" and error.params["missing"] == "$ref"):
            kept.append(error)
    index = 0
    while index < len(kept):
        error = kept[index]
        if index + 1 < len(kept) and kept[index + 1].path == error.path:
            del kept[index + 1]
        elif index > 0 and error.keyword == "oneOf" and kept[index - 1].path.startswith(error.path):
            del kept[index]
        else:
            index += 1
    return kept


_PART: Final = {"type": "object"}
_BY_KIND: Final = {"channels": {"type": "object", "properties": {"subscribe": _PART, "publish": _PART}}}
ASYNCAPI_FUNCTIONS: Final = (
    Function(
        name="asyncApi2OperationIdUniqueness",
        body=_unique_operations,
        accepts={"type": "object", "properties": _BY_KIND},
    ),
    Function(
        name="asyncApi2MessageIdUniqueness", body=_unique_messages, accepts={"type": "object", "properties": _BY_KIND}
    ),
    Function(
        name="asyncApi2ChannelServers",
        body=_channel_servers,
        accepts={
            "type": "object",
            "properties": {
                "servers": {"type": "object"},
                "channels": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "properties": {"servers": {"type": "array", "items": {"type": "string"}}},
                    },
                },
            },
        },
    ),
    Function(
        name="asyncApiChannelParameters",
        body=_channel_parameters,
        accepts={"type": "object", "properties": {"parameters": {"type": "object"}}, "required": ["parameters"]},
    ),
    Function(
        name="asyncApiSecurity",
        body=_security,
        accepts=SCOPES,
        options={
            "type": "object",
            "properties": {"objectType": {"type": "string", "enum": ["Server", "Operation"]}},
            "required": ["objectType"],
        },
    ),
    Function(
        name="asyncApiSchemaValidation",
        body=_schema_validation,
        invalid='#{{print("property")}}must be an object containing "default" or an "examples" array',
        accepts={"type": "object", "properties": {"default": {}, "examples": {"type": "array"}}},
        options={
            "type": "object",
            "properties": {"type": {"enum": ["default", "examples"]}},
            "additionalProperties": False,
            "required": ["type"],
        },
    ),
    Function(
        name="asyncApi2MessageExamplesValidation",
        body=_message_examples,
        accepts={"type": "object", "properties": {"name": {"type": "string"}, "summary": {"type": "string"}}},
    ),
    Function(name="asyncApiPayloadValidation", body=_payload),
    Function(
        name="asyncApiDocumentSchema",
        body=_document_schema,
        options={"type": "object", "properties": {"resolved": {"type": "boolean"}}, "required": ["resolved"]},
    ),
)
