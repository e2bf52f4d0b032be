"""Values in OpenAPI documents against the schemas of the same document: examples and defaults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from easement.standards.spectral.finding import Result
from easement.standards.spectral.function import Context, Function, as_results
from easement.standards.spectral.published import named_dialect
from easement.standards.spectral.schema_check import Errors
from easement.standards.spectral.script_values import UNDEFINED

_REQUESTS: Final = (("components", "requestBodies"), ("paths", "*", "*", "requestBody"))
_RESPONSES: Final = {
    2: (("responses",), ("paths", "*", "*", "responses")),
    3: (("components", "responses"), ("paths", "*", "*", "responses")),
}
_SCHEMA_FIELDS: Final = {2: ("example", "x-example", "default"), 3: ("example", "default")}
_Item = tuple[Any, tuple[str | int, ...]]


def _schema(value: Any, options: Any, context: Context) -> list[Result]:
    return _checked(value, options["schema"], context, context.path, frozenset())


def _checked(
    value: Any,
    schema: Any,
    context: Context,
    path: tuple[str | int, ...],
    hidden: frozenset[str],
    *,
    again: bool = False,
) -> list[Result]:
    modern = context.has("oas3_1") or context.has("oas3_2")
    dialect = _dialect(context.document.raw) if modern else "draft4" if context.formats else "auto"
    old = not modern and (context.has("oas3_0") or context.has("oas2"))
    wrongs = context.checks.wrong(
        value,
        schema,
        path,
        dialect=dialect,
        hidden=hidden,
        nullable=("nullable", "x-nullable") if context.has("oas2") and not modern else ("nullable",),
        resolved=context.resolved,
        again=again,
        prepare=_mention_null if old else None,
    )
    return as_results(wrongs)


def _dialect(document: Any) -> str:
    named = document.get("jsonSchemaDialect") if isinstance(document, dict) else None
    return (named_dialect(named) if isinstance(named, str) else None) or "draft2020-12"


def _mention_null(errors: Errors) -> Errors:
    for error in errors:
        if error.keyword == "type" and error.params.get("nullable"):
            error.message += ",null"
    return errors


def _example(value: Any, options: Any, context: Context) -> list[Result]:
    version, field = options["oasVersion"], options["schemaField"]
    schema = value if field == "$" else value.get(field)
    if not isinstance(schema, dict | bool):
        return []
    media = options["type"] == "media"
    if context.has("oas2") and isinstance(schema, dict) and isinstance(schema.get("required"), bool):
        schema = {key: inner for key, inner in schema.items() if key != "required"}
    items = _media_items(value, version, context.path) if media else _schema_items(value, version, context.path)
    hidden = _hidden(context.path, version) if media else frozenset()
    return [
        result
        for number, (item, path) in enumerate(items)
        for result in _checked(item, schema, context, path, hidden, again=number > 0)
    ]


def _hidden(path: Sequence[str | int], version: int) -> frozenset[str]:
    """Which properties a message of this direction leaves out."""
    hidden: set[str] = set()
    if version == 3 and _under(path, _REQUESTS):
        hidden.add("readOnly")
    if _under(path, _RESPONSES[version]):
        hidden.add("writeOnly")
    return frozenset(hidden)


def _under(path: Sequence[str | int], places: Sequence[Sequence[str]]) -> bool:
    return any(
        len(path) >= len(place) and all(wanted in {"*", key} for wanted, key in zip(place, path, strict=False))
        for place in places
    )


def _schema_items(value: Any, version: int, path: tuple[str | int, ...]) -> Iterator[_Item]:
    return ((value[field], (*path, field)) for field in _SCHEMA_FIELDS[version] if field in value)


def _media_items(value: Any, version: int, path: tuple[str | int, ...]) -> Iterator[_Item]:
    if version == 3 and "example" in value:
        yield value["example"], (*path, "example")
        return
    examples = value.get("examples")
    pairs = (
        examples.items() if isinstance(examples, dict) else enumerate(examples) if isinstance(examples, list) else ()
    )
    for key, example in pairs:
        if version == 2:
            yield example, (*path, "examples", key)
        elif isinstance(example, dict) and "externalValue" not in example:
            yield example.get("value", UNDEFINED), (*path, "examples", key, "value")


EXAMPLE_FUNCTIONS: Final = (
    Function(
        name="oasSchema",
        body=_schema,
        options={
            "type": "object",
            "properties": {"schema": {"type": "object"}},
            "additionalProperties": False,
            "required": ["schema"],
        },
    ),
    Function(
        name="oasExample",
        body=_example,
        accepts={"type": "object"},
        options={
            "type": "object",
            "properties": {
                "oasVersion": {"enum": [2, 3]},
                "schemaField": {"type": "string"},
                "type": {"enum": ["media", "schema"]},
            },
            "additionalProperties": False,
            "required": ["oasVersion", "schemaField", "type"],
        },
    ),
)
