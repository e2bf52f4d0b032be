"""Where the nodes and edges of a neighbourhood stand in its picture: columns by distance, few crossings. Pure.

Lengths are pixels of the picture. A column is one step from the start: what it depends on to the left, what it affects
to the right. Within a column nodes stand near their neighbours (barycentre method, Sugiyama et al. 1981).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

NODE_WIDTH: Final = 196
NODE_HEIGHT: Final = 46
COLUMN_GAP: Final = 56
ROW_GAP: Final = 14
MARGIN: Final = 14
_SWEEPS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedNode:
    """One box; ``x`` and ``y`` are its upper left corner."""

    reference: str
    column: int
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedEdge:
    """One arrow as the path of an SVG, and where its label stands."""

    start: str
    end: str
    relation: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A whole picture."""

    nodes: tuple[PlacedNode, ...]
    edges: tuple[PlacedEdge, ...]
    width: float
    height: float


def layout(columns: Mapping[str, int], edges: Iterable[tuple[str, str, str]]) -> Layout:
    """Place nodes (reference to column, any integers) and edges (start, end, relation) among them."""
    known = [(start, end, relation) for start, end, relation in edges if start in columns and end in columns]
    order = _ordered(columns, known)
    tallest = max((len(rows) for rows in order.values()), default=0)
    height = _column_height(tallest)
    placed: dict[str, PlacedNode] = {}
    for number, column in enumerate(sorted(order)):
        rows = order[column]
        top = MARGIN + (height - _column_height(len(rows))) / 2
        for place, reference in enumerate(rows):
            placed[reference] = PlacedNode(
                reference=reference,
                column=column,
                x=MARGIN + number * (NODE_WIDTH + COLUMN_GAP),
                y=round(top + place * (NODE_HEIGHT + ROW_GAP), 1),
            )
    width = len(order) * (NODE_WIDTH + COLUMN_GAP) - COLUMN_GAP + 2 * MARGIN if order else 2 * MARGIN
    drawn = tuple(
        PlacedEdge(start=start, end=end, relation=relation, path=_path(placed[start], placed[end]))
        for start, end, relation in known
    )
    nodes = tuple(sorted(placed.values(), key=lambda node: (node.column, node.y)))
    return Layout(nodes=nodes, edges=drawn, width=width, height=height + 2 * MARGIN)


def _column_height(rows: int) -> float:
    return max(rows * (NODE_HEIGHT + ROW_GAP) - ROW_GAP, 0)


def _ordered(columns: Mapping[str, int], edges: Sequence[tuple[str, str, str]]) -> dict[int, list[str]]:
    order: dict[int, list[str]] = {}
    for reference in sorted(columns):
        order.setdefault(columns[reference], []).append(reference)
    neighbours: dict[str, list[str]] = {reference: [] for reference in columns}
    for start, end, _ in edges:
        neighbours[start].append(end)
        neighbours[end].append(start)
    for sweep in range(_SWEEPS):
        for column in sorted(order, reverse=bool(sweep % 2)):
            place = {reference: _share(rows, at) for rows in order.values() for at, reference in enumerate(rows)}
            order[column].sort(key=lambda one: (_barycentre(one, columns, neighbours, place), one))
    return order


def _share(rows: Sequence[str], at: int) -> float:
    """The height of a row as a share of its column, so that columns of different heights compare."""
    return (at + 0.5) / len(rows)


def _barycentre(
    one: str, columns: Mapping[str, int], neighbours: Mapping[str, Sequence[str]], place: Mapping[str, float]
) -> float:
    near = [place[other] for other in neighbours[one] if columns[other] != columns[one]]
    return sum(near) / len(near) if near else place[one]


def _path(start: PlacedNode, end: PlacedNode) -> str:
    """A curve from side to side; within one column it bends out to the right."""
    middle = NODE_HEIGHT / 2
    y1, y2 = start.y + middle, end.y + middle
    if start.column == end.column:
        x = start.x + NODE_WIDTH
        bend = x + COLUMN_GAP * 0.6
        return f"M{x:g},{y1:g} C{bend:g},{y1:g} {bend:g},{y2:g} {x + 5:g},{y2:g}"
    if start.column < end.column:
        x1, x2 = start.x + NODE_WIDTH, end.x - 6
    else:
        x1, x2 = start.x, end.x + NODE_WIDTH + 6
    half = (x1 + x2) / 2
    return f"M{x1:g},{y1:g} C{half:g},{y1:g} {half:g},{y2:g} {x2:g},{y2:g}"
