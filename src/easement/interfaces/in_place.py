"""Walking a schema at one place of a document: the parts that describe the same value.

Normalised schemas only (:mod:`easement.interfaces.schema_normal`): a ``$ref`` is always ``#/$defs/NAME``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from easement.interfaces.model import Schema

DEFINITION_PREFIX: Final = "#/$defs/"
UNIONS: Final = ("anyOf", "oneOf")
NEVER: Final[Mapping[str, Any]] = {"not": {}}
"""A schema that nothing meets, for what is missing or cannot be read."""


def target_of(schema: Mapping[str, Any], definitions: Mapping[str, Schema]) -> Schema | None:
    """What the schema's ``$ref`` names: None without a ``$ref``, False (nothing fits) where the name is unknown."""
    reference = schema.get("$ref")
    if reference is None:
        return None
    return definitions.get(str(reference).removeprefix(DEFINITION_PREFIX), False)


def conjuncts(schema: Schema, definitions: Mapping[str, Schema]) -> Iterator[Mapping[str, Any]]:
    """The schema objects that a value must all meet: itself, what it refers to, and their ``allOf``.

    ``true`` asks nothing and is left out; ``false`` comes as :data:`NEVER`. A schema that contains itself comes once.
    """
    waiting: list[Schema] = [schema]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, bool):
            if not part:
                yield NEVER
            continue
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting.extend(reversed(part.get("allOf", ())))
        if (target := target_of(part, definitions)) is not None:
            waiting.append(target)


def alternatives(parts: tuple[Mapping[str, Any], ...]) -> Iterator[Schema]:
    """Every branch of every union among ``parts``."""
    for part in parts:
        for keyword in UNIONS:
            yield from part.get(keyword, ())


def types_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The JSON types that the schema's own ``type`` lists; empty when it says nothing."""
    stated = schema.get("type")
    if stated is None:
        return ()
    return (stated,) if isinstance(stated, str) else tuple(stated)


def marked(schema: Schema, keyword: str, definitions: Mapping[str, Schema]) -> bool:
    """Whether ``readOnly`` or ``writeOnly`` is true on the schema or on what it refers to."""
    return any(part.get(keyword) is True for part in conjuncts(schema, definitions))
