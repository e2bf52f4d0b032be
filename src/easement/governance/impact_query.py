"""One question for all kinds of references: what does a change of this reach? Offline and in the registry alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from easement.estate.field_impact import PREFIX, field_graph
from easement.estate.graph import JUDGES, Direction, Edge, EstateGraph, Impact, Node, build_graph
from easement.estate.model import Estate
from easement.standards.check import rules_of
from easement.standards.facts import collect_facts
from easement.standards.model import BASELINE_NAME

IMPACT_KINDS: Final = ("system", "interface", "integration", "team", "standard", "agreement", "field")
_STANDARD: Final = "standard/"
_BUILT_IN: Final = (
    Node(reference=f"{_STANDARD}{BASELINE_NAME}", title="The baseline of this product", owner="", criticality=None),
)


def ask_impact(
    estate: Estate,
    reference: str,
    *,
    today: date,
    direction: Direction = "downstream",
    depth: int | None = None,
    graph: EstateGraph | None = None,
) -> Impact:
    """What ``reference`` reaches. ``graph`` is that of the estate, where the caller has kept it.

    Raises :class:`~easement.estate.graph.UnknownNodeError` with a suggestion.
    """
    if reference.startswith(PREFIX):
        fields, node = field_graph(estate, reference)
        return fields.impact(node, direction=direction, depth=depth)
    if reference.startswith(_STANDARD):
        name = reference.removeprefix(_STANDARD)
        judging = build_graph(estate, _judged(estate, name, today), built_in=_BUILT_IN)
        return judging.impact(reference, direction=direction, depth=depth)
    return (graph or build_graph(estate)).impact(reference, direction=direction, depth=depth)


def _judged(estate: Estate, standard: str, today: date) -> Iterator[Edge]:
    """An edge to each document to which a rule of the standard applies, whether it holds there or not."""
    rules = [rule for rule in rules_of(estate) if rule.standard == standard]
    seen: set[str] = set()
    for facts in collect_facts(estate, today) if rules else ():
        if facts.subject in seen:
            continue
        if any(rule.about is type(facts) and rule.applies(facts) for rule in rules):
            seen.add(facts.subject)
            yield Edge(start=f"{_STANDARD}{standard}", end=facts.subject, relation=JUDGES)
