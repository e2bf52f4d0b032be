"""The type that a schema of texts leaves unsaid.

A text has no type of its own, and in JSON Schema ``pattern`` asks nothing of a number and ``minimum`` nothing of a
text. A schema without ``type`` would let a text pass as whatever it is not asked about; so its keywords say the type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from easement.interfaces.constraint import type_name
from easement.interfaces.model import Schema

_KEYWORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("pattern", "minLength", "maxLength", "contentEncoding", "contentMediaType"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"),
}
_NUMBER_FORMATS: Final = frozenset({"int32", "int64", "float", "double"})
_MAPS: Final = frozenset({"properties", "patternProperties"})
_SCHEMAS: Final = frozenset({"items", "prefixItems", "additionalProperties", "contains", "allOf", "anyOf", "oneOf"})
"""Where a schema stands that a value must meet. Below ``not`` and ``if`` a narrower schema would admit more."""


def with_implied_types(schema: Schema) -> Schema:
    """A copy of a normalised schema in which each part that asks for something says of what type."""
    if isinstance(schema, bool):
        return schema
    written = {keyword: _keyword(keyword, said) for keyword, said in schema.items()}
    if "type" not in schema and (implied := sorted(set(_implied(schema)))):
        written["type"] = implied if len(implied) > 1 else implied[0]
    return written


def _implied(schema: Mapping[str, Any]) -> Iterator[str]:
    if "enum" in schema or "const" in schema:
        yield from (type_name(value) for value in schema.get("enum", [schema.get("const")]))
        return
    for kind, keywords in _KEYWORDS.items():
        if any(keyword in schema for keyword in keywords):
            yield kind
    if isinstance(schema.get("format"), str):
        yield "number" if schema["format"] in _NUMBER_FORMATS else "string"


def _keyword(keyword: str, said: Any) -> Any:
    if keyword in _MAPS:
        return {name: with_implied_types(child) for name, child in said.items()}
    if keyword in _SCHEMAS:
        return [with_implied_types(child) for child in said] if isinstance(said, list) else with_implied_types(said)
    return said
