"""Shapes and projections: what a body may look like and what of it may pass, small enough to run inside the gateway.

A :class:`ShapeSet` is a table of nodes that refer to each other by index, so recursive schemas need no expansion and
the whole table is plain data (JSON, a protobuf ``Struct``, a Lua table). It holds the declared subset of JSON Schema:
types, required, properties, additionalProperties, items, enum and const of scalars, ranges, lengths and counts.
What a schema asks beyond the subset is named in :attr:`ShapeSet.unchecked`; an operation with any such keyword costs a
``decision`` (a full validator), never silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from typing_extensions import TypeAliasType

Scalar = str | int | float | bool | None

ANY: Final = True
"""``Shape.extra`` that lets undeclared properties pass unchecked (free-form objects declared as such)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One node. Empty ``types`` means any type; indexes refer to :attr:`ShapeSet.nodes`.

    ``extra``: False refuses undeclared properties, True lets any pass, a number is the index of their shape.
    """

    types: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    properties: Mapping[str, int] | None = None
    extra: bool | int = False
    items: int | None = None
    enum: tuple[Scalar, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeSet:
    """A compiled schema: ``nodes[root]`` is the whole document.

    ``unchecked`` names each keyword outside the subset as ``path: keyword``, sorted.
    """

    nodes: tuple[Shape, ...]
    root: int = 0
    unchecked: tuple[str, ...] = ()


Projection = TypeAliasType("Projection", "Mapping[str, Projection | str]")
"""What may pass: property name to sub-projection, or to what happens to a value: ``value`` passes
texts, numbers and booleans only, ``clear`` passes it whole (free-form), ``mask`` and ``hash`` replace it.

Arrays are transparent: the projection of ``lines`` applies to each item. A property that is not named is removed.
Two names are no properties: ``$`` says what happens to a text, number or boolean where an object is declared too
(without it that value is removed), and ``*``, alone at the root, to a whole body that has no fields. ``null`` passes.
"""
