"""Spectral's functions for OpenAPI 2.0 and 3.x. Names, options and messages are those of its built-in ruleset."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from easement.standards.spectral import script_values as js
from easement.standards.spectral.core_functions import unreferenced
from easement.standards.spectral.finding import Result
from easement.standards.spectral.function import Context, Function
from easement.standards.spectral.openapi_examples import EXAMPLE_FUNCTIONS
from easement.standards.spectral.published import openapi_check
from easement.standards.spectral.resolving import decoded, pointer_keys, value_at
from easement.standards.spectral.schema_error import Violation, best_match, clean, print_json

METHODS: Final = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
_PATH_PARAMETER: Final = re.compile(r"\{;?\??[a-zA-Z0-9_-]+\*?\}")
_FORM_TYPES: Final = re.compile(r"application/x-www-form-urlencoded|multipart/form-data")
_COMPONENTS: Final = (
    "schemas", "responses", "parameters", "examples", "requestBodies", "headers", "links", "callbacks",
)  # fmt: skip


def operations(paths: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(path, method, operation) of a ``paths`` object."""
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                yield path, method, operation


def _document_schema(value: Any, _options: Any, context: Context) -> list[Result]:
    name = next((f"openapi-3.{minor}" for minor in (2, 1) if context.has(f"oas3_{minor}")), "openapi-3.0")
    errors = openapi_check("openapi-2.0" if context.has("oas2") else name)(value)
    return [_of_document(error, value) for error in errors if error.keyword != "if"]


def _of_document(error: Violation, document: Any) -> Result:
    path = error.path.removeprefix("/").split("/") if error.path else []
    named = f'"{path[-1]}" property ' if path else ""
    match error.keyword:
        case "additionalProperties":
            name = error.params["property"]
            return Result(f'Property "{name}" is not expected to be here', (*path, name))
        case "errorMessage":
            return Result(error.message, tuple(path))
        case "enum":
            allowed = error.params["allowed"]
            best = best_match(_behind_references(document, path), allowed)
            hint = f'. Did you mean "{best}"?' if best is not None else ""
            return Result(f"{named}{clean(error.message)}: {', '.join(map(print_json, allowed))}{hint}", tuple(path))
        case _:
            return Result(f"{named}{clean(error.message)}", tuple(path))


def _behind_references(document: Any, path: list[str]) -> Any:
    """The value at a path; where a reference stands on the way with keys beside it, what the reference names."""
    value = document
    for part in path:
        if isinstance(value, dict) and isinstance(reference := value.get("$ref"), str) and reference.startswith("#/"):
            value = value_at(document, pointer_keys(reference))
        value = js.member(value, decoded(part)) if isinstance(value, dict | list) else js.UNDEFINED
    return value


def _success_response(value: Any, _options: Any, context: Context) -> list[Result]:
    ranges = {"2XX", "3XX"} if context.has("oas3") else set()
    if any(status in ranges or 200 <= js.to_number(status) < 400 for status in value):
        return []
    return [Result("Operation must define at least a single 2xx or 3xx response")]


def _form_data_consumed(value: Any, _options: Any, _context: Context) -> list[Result]:
    form = any(isinstance(one, dict) and one.get("in") == "formData" for one in value["parameters"])
    if not form or _FORM_TYPES.search(js.to_text(value["consumes"])):
        return []
    message = "Consumes must include urlencoded, multipart, or form-data media type when using formData parameter."
    return [Result(message)]


def _unique_ids(paths: Any, _options: Any, _context: Context) -> list[Result]:
    seen: list[Any] = []
    results: list[Result] = []
    known: set[Any] = set()
    for path, method, operation in operations(paths):
        if "operationId" not in operation:
            continue
        name = operation["operationId"]
        if (name in known) if isinstance(name, str) else any(js.strict_equal(name, other) for other in seen):
            results.append(Result("operationId must be unique.", ("paths", path, method, "operationId")))
        elif isinstance(name, str):
            known.add(name)
        else:
            seen.append(name)
    return results


def _parameters(parameters: Any, _options: Any, context: Context) -> list[Result]:
    if len(parameters) < 2:
        return []
    seen: set[tuple[str, str]] = set()
    bodies: list[int] = []
    results: list[Result] = []
    form = False
    for index, one in enumerate(parameters):
        if not isinstance(one, dict) or "$ref" in one:
            continue
        mark = (js.to_text(one.get("in", js.UNDEFINED)), js.to_text(one.get("name", js.UNDEFINED)))
        if mark in seen:
            message = 'A parameter in this operation already exposes the same combination of "name" and "in" values.'
            results.append(Result(message, (*context.path, index)))
        seen.add(mark)
        form = form or one.get("in") == "formData"
        if one.get("in") == "body":
            bodies.append(index)
    if bodies and form:
        results.append(Result('Operation must not have both "in:body" and "in:formData" parameters.'))
    message = 'Operation must not have more than a single instance of the "in:body" parameter.'
    return [*results, *(Result(message, (*context.path, index)) for index in bodies[1:])]


def _security_defined(value: Any, options: Any, context: Context) -> list[Result]:
    raw = context.document.raw
    old = options["oasVersion"] == 2
    location = "securityDefinitions" if old else "components.securitySchemes"
    schemes = value_at(raw, location.split(".")) if isinstance(raw, dict) else None
    results: list[Result] = []
    for name, scopes in value.items() if isinstance(raw, dict) else ():
        if not isinstance(schemes, dict) or name not in schemes:
            subject = "API" if len(context.path) == 2 else "Operation"
            message = f'{subject} "security" values must match a scheme defined in the "{location}" object.'
            results.append(Result(message, (*context.path, name)))
            continue
        results.extend(
            Result(f'"{scope}" must be listed among scopes.', (*context.path, name, index))
            for index, scope in enumerate(scopes)
            if not _scope_defined(schemes[name], scope, old=old)
        )
    return results


def _scope_defined(scheme: Any, scope: str, *, old: bool) -> bool:
    if not isinstance(scheme, dict):
        return False
    flows = [scheme] if old else list(scheme["flows"].values()) if isinstance(scheme.get("flows"), dict) else []
    return any(
        isinstance(flow, dict) and isinstance(flow.get("scopes"), dict) and scope in flow["scopes"] for flow in flows
    )


def _tags_defined(value: Any, _options: Any, _context: Context) -> list[Result]:
    tags = value.get("tags")
    known = [one["name"] for one in tags if isinstance(one, dict) and "name" in one] if isinstance(tags, list) else []
    names = {name for name in known if isinstance(name, str)}
    return [
        Result("Operation tags must be defined in global tags.", ("paths", path, method, "tags", index))
        for path, method, operation in operations(value.get("paths"))
        if isinstance(operation.get("tags"), list)
        for index, tag in enumerate(operation["tags"])
        if not isinstance(tag, str) or tag not in names
    ]


def _unused_components(value: Any, _options: Any, context: Context) -> list[Result]:
    components = value["components"]
    return [
        result
        for kind in _COMPONENTS
        if isinstance(components.get(kind), dict)
        for result in unreferenced(components[kind], f"#/components/{kind}", context)
    ]


def _ref_siblings(_value: Any, _options: Any, context: Context) -> list[Result]:
    holder = value_at(context.document.raw, [str(key) for key in context.path[:-1]])
    if not isinstance(holder, dict) or len(holder) == 1:
        return []
    message = "$ref must not be placed next to any other properties"
    return [Result(message, (*context.path[:-1], key)) for key in holder if key != "$ref"]


def _discriminator(value: Any, _options: Any, context: Context) -> list[Result]:
    name, results = value["discriminator"], []
    if not isinstance(value.get("properties"), dict) or name not in value["properties"]:
        message = "The discriminator property must be defined in this schema."
        results.append(Result(message, (*context.path, "properties")))
    if not isinstance(value.get("required"), list) or name not in value["required"]:
        message = "The discriminator property must be in the required property list."
        results.append(Result(message, (*context.path, "required")))
    return results


def _unique_tags(tags: Any, _options: Any, context: Context) -> list[Result]:
    seen: set[str] = set()
    results: list[Result] = []
    for index, tag in enumerate(tags):
        if tag["name"] in seen:
            message = f'"tags" object contains duplicate tag name "{tag["name"]}".'
            results.append(Result(message, (*context.path, index, "name")))
        seen.add(tag["name"])
    return results


def _path_parameters(paths: Any, _options: Any, _context: Context) -> list[Result]:
    results: list[Result] = []
    shapes: dict[str, str] = {}
    for path, item in paths.items():
        if not isinstance(item, dict | list):
            continue
        shape = _PATH_PARAMETER.sub("%", path)
        if shape in shapes:
            message = f'Paths "{shapes[shape]}" and "{path}" must not be equivalent.'
            results.append(Result(message, ("paths", path)))
        shapes.setdefault(shape, path)
        names: list[str] = []
        for found in _PATH_PARAMETER.findall(path):
            name = re.sub(r"[{}?*;]", "", found)
            if name in names:
                message = f'Path "{path}" must not use parameter "{{{name}}}" multiple times.'
                results.append(Result(message, ("paths", path)))
            else:
                names.append(name)
        if isinstance(item, dict):
            results.extend(_of_path(path, item, names))
    return results


def _of_path(path: str, item: Mapping[str, Any], names: list[str]) -> Iterator[Result]:
    shared: dict[str, tuple[Any, ...]] = {}
    yield from _declared(item.get("parameters"), ("paths", path), shared)
    for method, operation in item.items():
        if method not in METHODS or not isinstance(operation, dict | list):
            continue
        where = ("paths", path, method)
        own: dict[str, tuple[Any, ...]] = {}
        if isinstance(operation, dict):
            yield from _declared(operation.get("parameters"), where, own)
        declared = {**shared, **own}
        for name, place in declared.items():
            if name not in names:
                yield Result(f'Parameter "{name}" must be used in path "{path}".', place)
        for name in names:
            if name not in declared:
                message = f'Operation must define parameter "{{{name}}}" as expected by path "{path}".'
                yield Result(message, where)


def _declared(parameters: Any, where: tuple[Any, ...], known: dict[str, tuple[Any, ...]]) -> Iterator[Result]:
    """Note the path parameters of one list in ``known``; faults of the list itself are the results."""
    for index, one in enumerate(parameters) if isinstance(parameters, list) else ():
        if not isinstance(one, dict) or one.get("in") != "path" or "name" not in one:
            continue
        name, place = js.to_text(one["name"]), (*where, "parameters", index)
        if one.get("required") is not True:
            yield Result(f'Path parameter "{name}" must have "required" property that is set to "true".', place)
        if name in known:
            yield Result(f'Path parameter "{name}" must not be defined multiple times.', place)
        else:
            known[name] = place


_OBJECT: Final = {"type": "object"}
_VERSION: Final = {
    "type": "object",
    "properties": {"oasVersion": {"enum": [2, 3]}},
    "additionalProperties": False,
    "required": ["oasVersion"],
}
SCOPES: Final = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
OPENAPI_FUNCTIONS: Final = (
    Function(name="oasDocumentSchema", body=_document_schema),
    Function(name="oasOpSuccessResponse", body=_success_response, accepts=_OBJECT),
    Function(
        name="oasOpFormDataConsumeCheck",
        body=_form_data_consumed,
        accepts={
            "type": "object",
            "properties": {"consumes": {"type": "array"}, "parameters": {"type": "array"}},
            "required": ["consumes", "parameters"],
        },
    ),
    Function(name="oasOpIdUnique", body=_unique_ids, accepts=_OBJECT),
    Function(name="oasOpParams", body=_parameters, accepts={"type": "array"}),
    Function(name="oasSecurityDefined", body=_security_defined, accepts=SCOPES, options=_VERSION),
    Function(name="oasTagDefined", body=_tags_defined, accepts=_OBJECT),
    Function(
        name="oasUnusedComponent",
        body=_unused_components,
        accepts={"type": "object", "properties": {"components": {"type": "object"}}, "required": ["components"]},
    ),
    Function(name="refSiblings", body=_ref_siblings),
    Function(
        name="oasDiscriminator",
        body=_discriminator,
        accepts={
            "type": "object",
            "properties": {"discriminator": {"type": "string"}},
            "required": ["discriminator"],
        },
    ),
    Function(
        name="uniquenessTags",
        body=_unique_tags,
        accepts={
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        },
    ),
    Function(name="oasPathParam", body=_path_parameters, accepts=_OBJECT),
    *EXAMPLE_FUNCTIONS,
)
