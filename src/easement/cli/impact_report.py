"""The answer to an impact query as a table, JSON, DOT or Mermaid. Names and titles can not break out of any of them."""

from __future__ import annotations

import json
from collections import Counter
from typing import Final

from easement.cli.table import as_table as table_text
from easement.cli.table import printable
from easement.estate.exchange.drawing import dot_text, mermaid_text
from easement.estate.graph import Affected, Impact

NOBODY: Final = "(nobody)"
_CRITICALITIES: Final = ("vital", "high", "medium", "low")


def as_table(impact: Impact) -> str:
    """One line for each affected document, nearest first, with the way that leads to it, and sums below."""
    found = list(impact)
    if not found:
        nothing = "Nothing else is affected by" if impact.direction == "downstream" else "Nothing is needed by"
        return f"{nothing} {printable(impact.start.reference)}.\n"
    rows = [
        (
            affected.node.reference,
            affected.depth,
            "direct" if affected.depth == 1 else "transitive",
            affected.node.criticality or "-",
            affected.node.owner or NOBODY,
            " > ".join(affected.path[1:-1]),
        )
        for affected in found
    ]
    header = ("AFFECTED", "DEPTH", "REACH", "CRITICALITY", "OWNER", "VIA")
    return f"{table_text(header, rows)}\n{_sums(found)}"


def _sums(found: list[Affected]) -> str:
    direct = sum(affected.depth == 1 for affected in found)
    by_criticality = Counter(str(affected.node.criticality) for affected in found if affected.node.criticality)
    by_owner = Counter(affected.node.owner or NOBODY for affected in found)
    criticalities = ", ".join(f"{by_criticality[word]} {word}" for word in _CRITICALITIES if by_criticality[word])
    owners = ", ".join(f"{printable(owner)} ({count})" for owner, count in sorted(by_owner.items()))
    return (
        f"{len(found)} affected: {direct} direct, {len(found) - direct} transitive\n"
        f"By criticality: {criticalities or 'none is said'}\n"
        f"By owner; to be told: {owners}\n"
    )


def as_json(impact: Impact) -> str:
    """The same as one JSON object: ``start``, ``direction``, ``affected`` and ``edges``."""
    tree = {
        "start": impact.start.reference,
        "direction": impact.direction,
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
    nodes = (impact.start, *(affected.node for affected in impact))
    return dot_text(nodes, impact.edges(), bold=impact.start.reference)


def as_mermaid(impact: Impact) -> str:
    """A flow chart in Mermaid, as code hosts draw it in Markdown."""
    nodes = (impact.start, *(affected.node for affected in impact))
    return mermaid_text(nodes, impact.edges(), bold=impact.start.reference)
