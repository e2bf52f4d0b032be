"""The answer to an impact query as a table, JSON, DOT or Mermaid."""

from __future__ import annotations

import json
from collections.abc import Iterable

from easement.estate.graph import Impact

NOBODY = "(nobody)"


def as_table(impact: Impact) -> str:
    """One line for each affected document, nearest first, with the way that leads to it."""
    rows = [("AFFECTED", "DEPTH", "CRITICALITY", "OWNER", "VIA")]
    rows += [
        (
            affected.node.reference,
            str(affected.depth),
            affected.node.criticality or "-",
            affected.node.owner or NOBODY,
            " > ".join(affected.path[1:-1]) or "-",
        )
        for affected in impact
    ]
    if len(rows) == 1:
        return f"Nothing else is affected by {impact.start.reference}.\n"
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    ]
    owners = sorted({affected.node.owner or NOBODY for affected in impact})
    return "\n".join([*lines, "", f"{len(impact)} affected; to be told: {', '.join(owners)}", ""])


def as_json(impact: Impact) -> str:
    """The same as one JSON object: ``start``, ``affected`` and ``edges``."""
    tree = {
        "start": impact.start.reference,
        "affected": [
            {
                "reference": affected.node.reference,
                "title": affected.node.title,
                "owner": affected.node.owner,
                "criticality": affected.node.criticality,
                "depth": affected.depth,
                "path": list(affected.path),
            }
            for affected in impact
        ],
        "edges": [{"from": edge.start, "to": edge.end, "relation": edge.relation} for edge in impact.edges()],
    }
    return json.dumps(tree, indent=2) + "\n"


def as_dot(impact: Impact) -> str:
    """A directed graph in the DOT language of Graphviz."""
    lines = ["digraph impact {", "  rankdir=LR;", "  node [shape=box];"]
    lines.append(f'  "{impact.start.reference}" [style=bold];')
    lines += [f'  "{reference}";' for reference in impact.references]
    lines += [f'  "{edge.start}" -> "{edge.end}" [label="{edge.relation}"];' for edge in impact.edges()]
    return "\n".join([*lines, "}", ""])


def as_mermaid(impact: Impact) -> str:
    """A flow chart in Mermaid, as code hosts draw it in Markdown."""
    numbers = {reference: f"n{index}" for index, reference in enumerate(_references(impact))}
    lines = ["flowchart LR"]
    lines += [f'  {number}["{reference}"]' for reference, number in numbers.items()]
    lines += [f"  {numbers[edge.start]} -->|{edge.relation}| {numbers[edge.end]}" for edge in impact.edges()]
    lines.append(f"  style {numbers[impact.start.reference]} stroke-width:3px")
    return "\n".join([*lines, ""])


def _references(impact: Impact) -> Iterable[str]:
    yield impact.start.reference
    yield from impact.references
