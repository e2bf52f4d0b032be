"""A smaller table of the same shapes: equal leaves once. Descriptions say ``type: string`` a thousand times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from easement.interfaces.shape import Shape


def compacted(nodes: Sequence[Shape], root: int) -> tuple[tuple[Shape, ...], int]:
    """The nodes with equal leaves merged, in the order of their first use, and the new index of ``root``."""
    first: dict[str, int] = {}
    canonical = [first.setdefault(repr(node), index) if _is_leaf(node) else index for index, node in enumerate(nodes)]
    kept = sorted(set(canonical))
    place = {index: position for position, index in enumerate(kept)}
    renamed = [place[index] for index in canonical]
    return tuple(_renumbered(nodes[index], renamed) for index in kept), renamed[root]


def _is_leaf(node: Shape) -> bool:
    return node.properties is None and node.items is None


def _renumbered(node: Shape, renamed: Sequence[int]) -> Shape:
    if _is_leaf(node):
        return node
    properties = node.properties and {name: renamed[index] for name, index in node.properties.items()}
    extra = node.extra if isinstance(node.extra, bool) else renamed[node.extra]
    return replace(node, properties=properties, extra=extra, items=None if node.items is None else renamed[node.items])
