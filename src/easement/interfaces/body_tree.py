"""The fields of a body as a tree: what can be named, classified and projected.

* Arrays are transparent: the tree of ``lines`` is the tree of each line.
* ``allOf``, ``anyOf`` and ``oneOf`` add up: a field that any branch declares is a field.
* A schema that contains itself is unrolled once: ``parent.name`` is a field, ``parent.parent`` is none.
* A free-form object, a map and an untyped value are leaves: nothing below them can be named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from easement.contract.kinds import Classification, FieldTag, Tag
from easement.interfaces.in_place import NEVER, alternatives, conjuncts, types_of
from easement.interfaces.model import Schema

ROOT: Final = "$"
"""Path of a body that has no fields: a text, a number, a list of them, a free-form object."""

SCALARS: Final = frozenset({"string", "number", "integer", "boolean"})

MAX_DEPTH: Final = 16
_UNROLLED: Final = 2
_BELOW_A_LEAF: Final = (
    "additionalProperties",
    "patternProperties",
    "contains",
    "prefixItems",
    "unevaluatedItems",
    "items",
)


Origins = tuple[tuple[Schema, FieldTag | None], ...]
"""Schemas of one place with the tags that they inherit. They are parts of a model, which outlives the tree."""


@dataclass(frozen=True, slots=True)
class Part:
    """One schema object that speaks about a place, with the tag that holds there."""

    schema: Mapping[str, Any]
    tag: FieldTag | None
    is_item: bool


class Spreader:
    """Finds the schema objects that speak about one place; remembers them, since large descriptions repeat much."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self.definitions = definitions
        self._known: dict[tuple[tuple[int, FieldTag | None], ...], tuple[Part, ...]] = {}

    def parts(self, origins: Origins) -> tuple[Part, ...]:
        """Through references, ``allOf``, unions and array items; each schema object once for each tag."""
        key = tuple((id(schema), tag) for schema, tag in origins)
        if key not in self._known:
            self._known[key] = tuple(self._spread(origins))
        return self._known[key]

    def _spread(self, origins: Origins) -> Iterator[Part]:
        waiting: list[tuple[Schema, FieldTag | None, bool]] = [
            (schema, inherited, False) for schema, inherited in reversed(origins)
        ]
        seen: set[tuple[int, FieldTag | None, bool]] = set()
        while waiting:
            schema, inherited, is_item = waiting.pop()
            group = tuple(part for part in conjuncts(schema, self.definitions) if part is not NEVER)
            own = [tag for part in group if (tag := own_tag(part)) is not None]
            tag = _strictest(own) if own else inherited
            for part in group:
                if (key := (id(part), tag, is_item)) in seen:
                    continue
                seen.add(key)
                yield Part(part, tag, is_item)
                waiting.extend((branch, tag, is_item) for branch in alternatives((part,)))
                waiting.extend((items, tag, True) for items in _items(part))


class BodyNode:
    """One place of a body: every schema that speaks about it."""

    def __init__(
        self,
        origins: Origins,
        spreader: Spreader,
        *,
        required: bool = False,
        ancestors: tuple[int, ...] = (),
        depth: int = 0,
    ) -> None:
        self._spreader = spreader
        self._ancestors = ancestors
        self._depth = depth
        self.required = required
        self.parts = spreader.parts(origins)

    @classmethod
    def root(cls, schema: Schema, definitions: Mapping[str, Schema]) -> BodyNode:
        """The tree of a whole body."""
        return cls(((schema, None),), Spreader(definitions))

    @cached_property
    def is_branch(self) -> bool:
        """Whether anything declares properties here."""
        return any(part.schema.get("properties") for part in self.parts)

    @cached_property
    def is_exhausted(self) -> bool:
        """Whether all that is declared here was unrolled already: such a place is no field."""
        return self.is_branch and not self._growing

    @cached_property
    def types(self) -> tuple[str, ...]:
        """JSON types of the value itself (an array is an array), empty for any."""
        return tuple(sorted({kind for part in self.parts if not part.is_item for kind in types_of(part.schema)}))

    @cached_property
    def takes_scalars(self) -> bool:
        """Whether a branch may also be a text, number or boolean: an id in place of the object that it names."""
        return any(SCALARS & set(types_of(part.schema)) for part in self.parts)

    @cached_property
    def is_value(self) -> bool:
        """Whether only texts, numbers, booleans, or lists of them are declared here: an object would be a surprise."""
        declared = {kind for part in self.parts for kind in types_of(part.schema)}
        return not self.is_branch and "object" not in declared and bool(declared & SCALARS)

    @cached_property
    def is_write_only(self) -> bool:
        """Whether an answer never carries it."""
        return any(part.schema.get("writeOnly") is True for part in self.parts if not part.is_item)

    @cached_property
    def children(self) -> dict[str, BodyNode]:
        """The declared fields by name, in the order of the file."""
        if self._depth >= MAX_DEPTH:
            return {}
        origins: dict[str, list[tuple[Schema, FieldTag | None]]] = {}
        required: set[str] = set()
        for part in self._growing:
            for name, schema in part.schema["properties"].items():
                if schema is not False and name not in (ROOT, "*"):
                    origins.setdefault(name, []).append((schema, part.tag))
        for part in self.parts:
            required.update(part.schema.get("required", ()))
        ancestors = self._ancestors + tuple(id(part.schema) for part in self._growing)
        grown = {
            name: BodyNode(
                tuple(found),
                self._spreader,
                required=name in required,
                ancestors=ancestors,
                depth=self._depth + 1,
            )
            for name, found in origins.items()
        }
        return {name: child for name, child in grown.items() if not child.is_exhausted}

    @cached_property
    def tag(self) -> FieldTag | None:
        """The strictest tag here, and for a leaf also of what is hidden below it.

        None where any schema says nothing; a list may leave it to its items, a union to all of its alternatives.
        """
        tags = [part.tag for part in self.parts if part.tag or not _leaves_it_to_others(part.schema)]
        if not self.is_branch:
            tags += [tag for tag in self._tags_below() if tag is not None]
        return combined(tags)

    @cached_property
    def _growing(self) -> tuple[Part, ...]:
        return tuple(
            part
            for part in self.parts
            if part.schema.get("properties") and self._ancestors.count(id(part.schema)) < _UNROLLED
        )

    def _tags_below(self) -> Iterator[FieldTag | None]:
        waiting: list[Any] = [part.schema.get(name) for part in self.parts for name in _BELOW_A_LEAF]
        seen: set[int] = set()
        while waiting:
            schema = waiting.pop()
            if not isinstance(schema, Mapping):
                waiting.extend(schema if isinstance(schema, list) else ())
                continue
            for part in conjuncts(schema, self._spreader.definitions):
                if id(part) in seen:
                    continue
                seen.add(id(part))
                yield own_tag(part)
                waiting.extend(part.get(name) for name in _BELOW_A_LEAF)
                waiting.extend(part.get("properties", {}).values())
                waiting.extend(alternatives((part,)))


def _leaves_it_to_others(schema: Mapping[str, Any]) -> bool:
    """Whether an untagged schema may be classified by its items or alternatives alone; ``null`` discloses nothing."""
    has_items = any(isinstance(items, Mapping) for items in _items(schema))
    return has_items or types_of(schema) == ("null",) or any(True for _ in alternatives((schema,)))


def own_tag(schema: Mapping[str, Any]) -> FieldTag | None:
    """The ``x-easement`` of one schema object; the reader has checked it."""
    said = schema.get("x-easement")
    if not isinstance(said, Mapping):
        return None
    return FieldTag(
        classification=Classification(said["classification"]),
        category=said.get("category", ""),
        tags=tuple(Tag(tag) for tag in said.get("tags", ())),
    )


def combined(tags: list[FieldTag | None]) -> FieldTag | None:
    """The strictest classification with all tags; None as soon as one says nothing."""
    known = [tag for tag in tags if tag is not None]
    if not known or len(known) < len(tags):
        return None
    return _strictest(known)


def _strictest(tags: list[FieldTag]) -> FieldTag:
    first = max(tags, key=lambda tag: tag.classification.rank)
    return FieldTag(
        classification=first.classification,
        category=first.category or next((tag.category for tag in tags if tag.category), ""),
        tags=tuple(sorted({tag for one in tags for tag in one.tags})),
    )


def _items(schema: Mapping[str, Any]) -> Iterator[Schema]:
    if "items" in schema:
        yield schema["items"]
    yield from schema.get("prefixItems", ())
