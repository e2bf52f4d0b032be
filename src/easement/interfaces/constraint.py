"""What a schema asks of one value, as data that can be combined: *meet* for all of them, *join* for one of them.

The subset of :class:`~easement.interfaces.shape.Shape` is closed under meet. A join is exact where the alternatives
are of different JSON types or are all plain enumerations; any other is approximated from above, so that a shape never
refuses what the schema accepts, and the keyword is named in :attr:`Constraint.unchecked`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final

from easement.interfaces.in_place import NEVER, UNIONS, conjuncts, types_of
from easement.interfaces.model import Schema
from easement.interfaces.shape import Scalar

ANNOTATIONS: Final = frozenset(
    {"$ref", "allOf", "anyOf", "oneOf", "type", "title", "description", "default", "deprecated", "readOnly",
     "writeOnly", "format", "contentEncoding", "contentMediaType", "contentSchema", "discriminator", "x-easement",
     "$defs", "minContains", "maxContains"}
)  # fmt: skip
"""Keywords that ask nothing by themselves, or that are read apart. ``format`` is an annotation (2020-12 §7.2.1);
``minContains`` and ``maxContains`` only speak beside ``contains``, which is reported."""

_OPENING: Final = frozenset({"patternProperties", "if", "then", "else", "dependentSchemas", "unevaluatedProperties"})
"""Keywords that may admit properties that the schema does not list by name."""

_NUMERIC: Final = frozenset({"integer", "number"})
Bounds = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ObjectPart:
    """What one schema object says about properties. ``extra`` is its additionalProperties; None: it says nothing."""

    properties: Mapping[str, tuple[Schema, ...]]
    extra: Schema | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """Everything that one place of a schema asks. ``types`` None means any type, an empty set that nothing fits.

    ``low`` holds minimum, exclusiveMinimum, minLength, minItems; ``high`` their counterparts.
    """

    types: frozenset[str] | None = None
    enum: tuple[Scalar, ...] | None = None
    required: frozenset[str] = frozenset()
    objects: tuple[ObjectPart, ...] = ()
    items: tuple[Schema, ...] = ()
    low: Bounds = (None, None, None, None)
    high: Bounds = (None, None, None, None)
    unchecked: frozenset[str] = frozenset()

    @property
    def is_never(self) -> bool:
        """Whether no value can fit."""
        return self.types == frozenset() or self.enum == ()

    def admits(self, kind: str) -> bool:
        """Whether a value of this JSON type may fit."""
        return self.types is None or kind in self.types


_NOTHING_FITS: Final = Constraint(types=frozenset())


class ConstraintReader:
    """Reads places of normalised schemas. Each schema object is read once, whatever refers to it."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self._known: dict[int, Constraint] = {}
        self._open: set[int] = set()

    def read(self, schemas: Iterable[Schema]) -> Constraint:
        """What the schemas ask together, with their references, ``allOf`` and unions."""
        return reduce(meet, (self._place(schema) for schema in schemas), Constraint())

    def _place(self, schema: Schema) -> Constraint:
        parts = conjuncts(schema, self._definitions)
        return reduce(meet, (self._own(part) for part in parts), Constraint())

    def _own(self, schema: Mapping[str, Any]) -> Constraint:
        key = id(schema)
        if key in self._known:
            return self._known[key]
        if key in self._open:  # a union that contains itself: left open, and said so
            return Constraint(unchecked=frozenset(keyword for keyword in UNIONS if keyword in schema))
        if schema is NEVER or schema.get("not") in ({}, True):
            return _NOTHING_FITS
        self._open.add(key)
        found = _keywords(schema)
        for keyword in UNIONS:
            if keyword in schema:
                found = meet(found, join([self._place(branch) for branch in schema[keyword]], keyword))
        self._open.discard(key)
        self._known[key] = found
        return found


def _keywords(schema: Mapping[str, Any]) -> Constraint:
    unchecked = {name for name in schema if name not in ANNOTATIONS and name not in _READ}
    enum = _enum(schema, unchecked)
    items: tuple[Schema, ...] = ()
    max_items = schema.get("maxItems")
    if "prefixItems" not in schema and "items" in schema:
        items = (schema["items"],)
    elif "items" in schema:
        unchecked.add("items")
    stated = types_of(schema)
    return Constraint(
        types=frozenset(stated) if stated else None,
        enum=enum,
        required=frozenset(schema.get("required", ())),
        objects=_object_parts(schema),
        items=items,
        low=tuple(schema.get(name) for name in _LOW),
        high=(schema.get("maximum"), schema.get("exclusiveMaximum"), schema.get("maxLength"), max_items),
        unchecked=frozenset(unchecked),
    )


_LOW: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_READ: Final = frozenset(
    {*_LOW, "maximum", "exclusiveMaximum", "maxLength", "maxItems", "enum", "const", "required", "properties",
     "additionalProperties", "items"}
)  # fmt: skip


def _object_parts(schema: Mapping[str, Any]) -> tuple[ObjectPart, ...]:
    opening = not _OPENING.isdisjoint(schema)
    if not opening and "properties" not in schema and "additionalProperties" not in schema:
        return ()
    properties = {name: (child,) for name, child in schema.get("properties", {}).items()}
    return (ObjectPart(properties, True if opening else schema.get("additionalProperties")),)


def _enum(schema: Mapping[str, Any], unchecked: set[str]) -> tuple[Scalar, ...] | None:
    found: tuple[Scalar, ...] | None = None
    for keyword, values in (("enum", schema.get("enum")), ("const", [schema["const"]] if "const" in schema else None)):
        if values is None:
            continue
        if any(isinstance(value, dict | list) for value in values):
            unchecked.add(keyword)
            continue
        found = _common(found, tuple(values))
    return found


def meet(one: Constraint, other: Constraint) -> Constraint:
    """What a value must meet to meet both."""
    return Constraint(
        types=_meet_types(one.types, other.types),
        enum=_common(one.enum, other.enum),
        required=one.required | other.required,
        objects=one.objects + other.objects,
        items=one.items + other.items,
        low=_tightest(max, one.low, other.low),
        high=_tightest(min, one.high, other.high),
        unchecked=one.unchecked | other.unchecked,
    )


def join(branches: Sequence[Constraint], keyword: str) -> Constraint:
    """What a value must meet to meet one of ``branches`` (``anyOf``) or exactly one (``oneOf``)."""
    possible = [_relevant(branch) for branch in branches if not branch.is_never]
    if not possible:
        return _NOTHING_FITS
    if len(possible) == 1:
        return possible[0]
    if _are_disjoint(possible):
        return _merged_by_type(possible)
    if enumerated := _enumerated(possible, keyword):
        return enumerated
    return _from_above(possible, keyword)


def same_scalar(one: Scalar, other: Scalar) -> bool:
    """JSON equality: 1 equals 1.0 and not true."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _common(one: tuple[Scalar, ...] | None, other: tuple[Scalar, ...] | None) -> tuple[Scalar, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(value for value in one if any(same_scalar(value, known) for known in other))


def _meet_types(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    both = set(one & other)
    if ("integer" in one and "number" in other) or ("integer" in other and "number" in one):
        both.add("integer")
    return frozenset(both)


def _tightest(pick: Callable[[list[float]], float], one: Bounds, other: Bounds) -> Bounds:
    return tuple(
        pick(said) if (said := [value for value in pair if value is not None]) else None
        for pair in zip(one, other, strict=True)
    )


def _families(branch: Constraint) -> frozenset[str]:
    return frozenset("number" if kind in _NUMERIC else kind for kind in branch.types or ())


def _are_disjoint(branches: Sequence[Constraint]) -> bool:
    """Whether no value fits two branches by its type, and merging them type by type loses nothing."""
    seen: set[str] = set()
    for branch in branches:
        families = _families(branch)
        if branch.types is None or not seen.isdisjoint(families):
            return False
        seen |= families
    restricted = [branch for branch in branches if branch.enum is None and branch.types != frozenset({"null"})]
    return not restricted or all(branch.enum is None for branch in branches)


def _merged_by_type(branches: Sequence[Constraint]) -> Constraint:
    merged = reduce(meet, (replace(branch, types=None, enum=None) for branch in branches))
    enum = None
    if any(branch.enum is not None for branch in branches):
        enum = tuple(value for branch in branches for value in (branch.enum if branch.enum is not None else (None,)))
    return replace(merged, types=frozenset().union(*(branch.types or () for branch in branches)), enum=enum)


def _enumerated(branches: Sequence[Constraint], keyword: str) -> Constraint | None:
    values: list[Scalar] = []
    for branch in branches:
        if branch.enum is None or replace(branch, enum=None, types=None) != Constraint():
            return None
        fitting = [value for value in branch.enum if branch.types is None or fits_type(value, branch.types)]
        if keyword == "oneOf" and any(same_scalar(value, known) for value in fitting for known in values):
            return None
        values.extend(fitting)
    return Constraint(enum=tuple(values))


def _from_above(branches: Sequence[Constraint], keyword: str) -> Constraint:
    known = [branch.types for branch in branches]
    return Constraint(
        types=None if None in known else frozenset().union(*(types or () for types in known)),
        objects=(_widest_object(branches),),
        unchecked=frozenset({keyword}).union(*(branch.unchecked for branch in branches)),
    )


def _widest_object(branches: Sequence[Constraint]) -> ObjectPart:
    names = {name for branch in branches for part in branch.objects for name in part.properties}
    open_ended = any(_is_open(branch) for branch in branches if branch.admits("object"))
    return ObjectPart(dict.fromkeys(sorted(names), (True,)), True if open_ended else None)


def _is_open(branch: Constraint) -> bool:
    """Whether the branch takes properties that it does not name: it says so, or it is a free-form object."""
    if any(part.extra not in (None, False) for part in branch.objects):
        return True
    declared = any(part.properties or part.extra is False for part in branch.objects)
    return branch.types is not None and not declared


def _relevant(branch: Constraint) -> Constraint:
    """Without what cannot apply to any of the branch's types, so that it does not leak into another branch."""
    low, high = list(branch.low), list(branch.high)
    if not (branch.admits("number") or branch.admits("integer")):
        low[:2] = high[:2] = [None, None]
    if not branch.admits("string"):
        low[2] = high[2] = None
    if not branch.admits("array"):
        low[3] = high[3] = None
    has_objects = branch.admits("object")
    return replace(
        branch,
        low=tuple(low),
        high=tuple(high),
        items=branch.items if branch.admits("array") else (),
        required=branch.required if has_objects else frozenset(),
        objects=branch.objects if has_objects else (),
    )


def fits_type(value: object, types: Iterable[str]) -> bool:
    """Whether a JSON value is of one of the types; 1.0 is an integer (2020-12 §4.2.3)."""
    name = type_name(value)
    return name in types or (name == "integer" and "number" in types)


def type_name(value: object) -> str:
    """The JSON type of a value; ``integer`` for whole numbers. NaN, infinities and other objects have no JSON type."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return "no JSON value"
        return "integer" if value.is_integer() else "number"
    return next((name for kind, name in _TYPE_NAMES if isinstance(value, kind)), "no JSON value")


_TYPE_NAMES: Final[tuple[tuple[type[Any], str], ...]] = (
    (type(None), "null"),
    (bool, "boolean"),  # before int, of which it is a subclass
    (int, "integer"),
    (str, "string"),
    (list, "array"),
    (tuple, "array"),
    (Mapping, "object"),
)
