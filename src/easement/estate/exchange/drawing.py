"""Graphs in the languages that others draw: DOT and Mermaid. No name or title can break out of its quotes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.estate.graph import Edge, Node
from easement.estate.model import Estate

_MERMAID_CODES: Final = '#&"<>;`[](){}|\\'


def dot_text(nodes: Iterable[Node], edges: Iterable[Edge], *, bold: str = "") -> str:
    """Any nodes and edges in DOT; ``bold`` is drawn with a thick line."""
    lines = ["digraph impact {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [f"  {_dot(node.reference)}{' [style=bold]' if node.reference == bold else ''};" for node in nodes]
    lines += [f"  {_dot(edge.start)} -> {_dot(edge.end)} [label={_dot(edge.relation)}];" for edge in edges]
    return "\n".join([*lines, "}", ""])


def mermaid_text(nodes: Iterable[Node], edges: Iterable[Edge], *, bold: str = "") -> str:
    """Any nodes and edges as a flow chart in Mermaid; ``bold`` is drawn with a thick line."""
    numbers = {node.reference: f"n{index}" for index, node in enumerate(nodes)}
    lines = ["flowchart LR"]
    lines += [f'  {number}["{_mermaid(reference)}"]' for reference, number in numbers.items()]
    lines += [f'  {numbers[edge.start]} -->|"{_mermaid(edge.relation)}"| {numbers[edge.end]}' for edge in edges]
    if bold in numbers:
        lines.append(f"  style {numbers[bold]} stroke-width:3px")
    return "\n".join([*lines, ""])


def estate_mermaid(estate: Estate) -> str:
    """Every system and every integration between two of them, from source to target."""
    nodes = [
        Node(reference=f"system/{name}", title=system.metadata.title, owner="", criticality=None)
        for name, system in sorted(estate.systems.items())
    ]
    known = {node.reference for node in nodes}
    edges = [
        Edge(start=f"system/{one.spec.source}", end=f"system/{one.spec.target}", relation=name)
        for name, one in sorted(estate.integrations.items())
    ]
    return mermaid_text(nodes, [edge for edge in edges if {edge.start, edge.end} <= known])


def plain_text(text: str) -> str:
    """Text without control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _dot(text: str) -> str:
    """A quoted id; the language knows one escape inside quotes, and a backslash must not eat the quote."""
    return '"' + plain_text(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _mermaid(text: str) -> str:
    """Text for a quoted label: what the language or HTML reads as more than text becomes an entity code."""
    return "".join(f"#{ord(sign)};" if sign in _MERMAID_CODES else sign for sign in plain_text(text))
