"""The neighbourhood of one document as a picture and as a list. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from easement.console.graph_layout import NODE_HEIGHT, NODE_WIDTH, Layout, layout
from easement.estate.graph import Edge, Impact, Node

MAX_DRAWN: Final = 150
MAX_LISTED: Final = 1_000
MAX_DEPTH: Final = 6
Overlay = Literal["none", "health", "data"]
_TITLE_LENGTH: Final = 23
_NAME_LENGTH: Final = 26
_LEVELS: Final = {"public": "level-0", "internal": "level-1", "confidential": "level-2", "restricted": "level-3"}
_SIGNS: Final = {"public": "○", "internal": "◔", "confidential": "◑", "restricted": "●"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnNode:
    """One box with its words. ``word`` is what the overlay says of it, with ``sign`` beside it."""

    reference: str
    kind: str
    x: float
    y: float
    title: str
    name: str
    is_start: bool
    css: str
    sign: str
    word: str
    owner: str
    criticality: str
    distance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """What the page shows. ``left_out`` counts nodes that are not drawn.

    ``listed`` has the nearest of all ``total`` nodes, the start included, up to :data:`MAX_LISTED`.
    """

    start: str
    picture: Layout
    nodes: tuple[DrawnNode, ...]
    listed: tuple[DrawnNode, ...]
    left_out: int
    total: int
    node_width: int = NODE_WIDTH
    node_height: int = NODE_HEIGHT


def neighbourhood(
    found: Iterable[Impact],
    *,
    keep: Callable[[Node], bool],
    words: Callable[[str], str],
    overlay: Overlay,
    state_class: Callable[[object], str],
    state_mark: Callable[[object], str],
) -> Neighbourhood:
    """Draw the answers of one or two impact queries from the same start.

    ``keep`` filters nodes; the start always stays. ``words`` gives what the overlay says of a reference, or nothing.
    """
    answers = list(found)
    start = answers[0].start
    columns, nodes, edges = {start.reference: 0}, {start.reference: start}, dict[Edge, None]()
    for answer in answers:
        sign = 1 if answer.direction == "downstream" else -1
        for node, depth in answer.reached():
            if node.reference not in columns and keep(node):
                columns[node.reference] = sign * depth
                nodes[node.reference] = node
        edges.update(dict.fromkeys(answer.edges()))
    nearest = sorted(columns, key=lambda one: (abs(columns[one]), columns[one], one))[:MAX_LISTED]
    drawn = {reference: columns[reference] for reference in nearest[:MAX_DRAWN]}
    picture = layout(drawn, ((edge.start, edge.end, edge.relation) for edge in edges))

    def view(reference: str, x: float, y: float) -> DrawnNode:
        node, word = nodes[reference], words(reference)
        return DrawnNode(
            reference=reference,
            kind=node.kind,
            x=x,
            y=y,
            title=_short(node.title or node.name, _TITLE_LENGTH),
            name=_short(reference, _NAME_LENGTH),
            is_start=reference == start.reference,
            css=_LEVELS.get(word, "level-none") if overlay == "data" else state_class(word) if word else "none",
            sign=_SIGNS.get(word, "") if overlay == "data" else state_mark(word) if word else "",
            word=word,
            owner=node.owner,
            criticality=str(node.criticality or ""),
            distance=columns[reference],
        )

    return Neighbourhood(
        start=start.reference,
        picture=picture,
        nodes=tuple(view(placed.reference, placed.x, placed.y) for placed in picture.nodes),
        listed=tuple(view(reference, 0, 0) for reference in nearest),
        left_out=len(columns) - len(drawn),
        total=len(columns),
    )


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
