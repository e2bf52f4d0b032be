"""Instances of simple schemas, made without looking at how schemas are compared."""

from __future__ import annotations

import random
from typing import Any

MAX_DEPTH = 4


def instance(schema: Any, document: Any, chance: random.Random, depth: int = 0) -> Any:
    """A value that the schema mostly accepts; whoever needs certainty asks a validator."""
    schema = _followed(schema, document)
    if not isinstance(schema, dict):
        return None
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            return instance(chance.choice(schema[key]), document, chance, depth + 1)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    if "allOf" in schema:
        parts = [instance(one, document, chance, depth + 1) for one in schema["allOf"]]
        return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
    kind = schema.get("type", "object" if "properties" in schema else "string")
    makers = {"object": _object, "array": _array, "integer": _number, "number": _number, "boolean": _boolean}
    kind = chance.choice(kind) if isinstance(kind, list) else kind
    return makers.get(kind, _text)(schema, document, chance, depth)


def _followed(schema: Any, document: Any) -> Any:
    for _ in range(10):
        if not isinstance(schema, dict) or "$ref" not in schema:
            return schema
        value = document
        for token in schema["$ref"].removeprefix("#/").split("/"):
            name = token.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]
        schema = value
    return {}


def _object(schema: Any, document: Any, chance: random.Random, depth: int) -> Any:
    needed = set(schema.get("required", ()))
    return {
        name: instance(one, document, chance, depth + 1)
        for name, one in schema.get("properties", {}).items()
        if name in needed or (depth < MAX_DEPTH and chance.random() < 0.5)
    }


def _array(schema: Any, document: Any, chance: random.Random, depth: int) -> Any:
    least = schema.get("minItems", 0)
    count = least if depth >= MAX_DEPTH else least + chance.randrange(3)
    return [instance(schema.get("items", {}), document, chance, depth + 1) for _ in range(count)]


def _number(schema: Any, document: Any, chance: random.Random, depth: int) -> Any:
    low = schema.get("minimum", schema.get("maximum", 20) - 20)
    value = chance.randint(int(low), int(max(low, schema.get("maximum", low + 20))))
    return value if schema.get("type") == "integer" or chance.random() < 0.5 else value + 0.0


def _boolean(schema: Any, document: Any, chance: random.Random, depth: int) -> Any:
    return chance.random() < 0.5


def _text(schema: Any, document: Any, chance: random.Random, depth: int) -> Any:
    least = schema.get("minLength", 0)
    most = min(schema.get("maxLength", least + 8), least + 8)
    return "".join(chance.choice("abcxyz") for _ in range(chance.randint(least, max(least, most))))
