"""The full schema of a body as it is enforced: one self-contained JSON Schema 2020-12 document.

Shapes are compiled for the gateway; this is for a full validator. Both apply the same two rules beyond the schema:
undeclared properties are refused (``closed``), and so are properties of the other direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from easement.interfaces.in_place import DEFINITION_PREFIX, alternatives, conjuncts, marked, types_of
from easement.interfaces.model import Schema
from easement.interfaces.shapes import Direction

_PROPERTY_MAPS: Final = ("properties", "patternProperties")
_VALUES: Final = ("items", "prefixItems", "additionalProperties", "contains", "unevaluatedItems")
_SAME_PLACE: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")


def enforced_schema(
    schema: Schema, definitions: Mapping[str, Schema], *, closed: bool, direction: Direction = "request"
) -> Schema:
    """The schema with the definitions that it reaches under ``$defs``.

    Closing is ``unevaluatedProperties: false`` at each place that declares properties, so that ``allOf`` and unions
    add up; an object that says ``additionalProperties`` itself keeps what it says.
    """
    hidden = "readOnly" if direction == "request" else "writeOnly"
    writer = _Writer(definitions, hidden, closed=closed)
    document = writer.value(schema)
    reached = {name: writer.definition(definitions[name]) for name in _reachable(schema, definitions)}
    if isinstance(document, bool):
        return document
    return {**document, "$defs": reached} if reached else document


class _Writer:
    """Copies schemas. ``value`` writes one that describes a whole value, ``place`` one part of such a description."""

    def __init__(self, definitions: Mapping[str, Schema], hidden: str, *, closed: bool) -> None:
        self._definitions = definitions
        self._hidden = hidden
        self._closed = closed

    def value(self, schema: Schema) -> Schema:
        written = self.place(schema, self._hidden_names(schema))
        if self._closed and isinstance(written, dict) and self._is_closed_here(schema):
            return {**written, "unevaluatedProperties": False}
        return written

    def definition(self, schema: Schema) -> Schema:
        """One that a reference names: it may be a part of many values, so it is never closed itself."""
        return self.place(schema, self._hidden_names(schema))

    def place(self, schema: Schema, hidden: frozenset[str]) -> Schema:
        if isinstance(schema, bool):
            return schema
        return {keyword: self._keyword(keyword, said, hidden) for keyword, said in schema.items()}

    def _keyword(self, keyword: str, said: Any, hidden: frozenset[str]) -> Any:
        if keyword == "required":
            return [name for name in said if name not in hidden]
        if keyword in _PROPERTY_MAPS:
            return {name: self._property(child) for name, child in said.items()}
        if keyword in _VALUES:
            return [self.value(child) for child in said] if isinstance(said, list) else self.value(said)
        if keyword == "dependentSchemas":
            return {name: self.place(child, hidden) for name, child in said.items()}
        if keyword in _SAME_PLACE:
            return [self.place(child, hidden) for child in said] if isinstance(said, list) else self.place(said, hidden)
        return said

    def _property(self, schema: Schema) -> Schema:
        return False if marked(schema, self._hidden, self._definitions) else self.value(schema)

    def _hidden_names(self, schema: Schema) -> frozenset[str]:
        return frozenset(
            name
            for part in self._parts(schema)
            for name, child in part.get("properties", {}).items()
            if marked(child, self._hidden, self._definitions)
        )

    def _is_closed_here(self, schema: Schema) -> bool:
        if isinstance(schema, dict) and "unevaluatedProperties" in schema:
            return False
        parts = tuple(conjuncts(schema, self._definitions))
        if any(self._is_free_form(branch) for branch in alternatives(parts)):
            return any(part.get("properties") for part in parts)
        return self._declares(schema)

    def _is_free_form(self, schema: Schema) -> bool:
        types = {kind for part in conjuncts(schema, self._definitions) for kind in types_of(part)}
        return "object" in types and not self._declares(schema)

    def _declares(self, schema: Schema) -> bool:
        return any(part.get("properties") for part in self._parts(schema))

    def _parts(self, schema: Schema) -> Iterator[Mapping[str, Any]]:
        """Every schema object that may speak about the same value, through references, ``allOf`` and unions."""
        waiting, seen = [schema], set[int]()
        while waiting:
            for part in conjuncts(waiting.pop(), self._definitions):
                if id(part) not in seen:
                    seen.add(id(part))
                    yield part
                    waiting.extend(alternatives((part,)))


def _reachable(schema: Schema, definitions: Mapping[str, Schema]) -> list[str]:
    found: set[str] = set()
    waiting: list[Any] = [schema]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in found and name in definitions:
                found.add(name)
                waiting.append(definitions[name])
    return sorted(found)


def _references(tree: Any) -> Iterator[str]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            reference = node.get("$ref")
            if isinstance(reference, str):
                yield reference.removeprefix(DEFINITION_PREFIX)
            waiting.extend(node.values())
        elif isinstance(node, list | tuple):
            waiting.extend(node)
