"""To what a rule or a standard applies: the ``select`` of a Standard document, held against one document.

Every key that is written must fit; where a key lists several values, one that fits is enough. A key that means nothing
for the document (``patterns`` for a system) fits nothing, so that a selector never grows by a document it cannot judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from easement.contract.kinds import (
    Classification,
    Criticality,
    Document,
    Interface,
    Pattern,
    Selector,
    System,
    Tag,
)
from easement.estate.flows import FlowIndex
from easement.estate.model import Estate
from easement.interfaces.offered_fields import InterfaceFields
from easement.standards.facts import IntegrationFacts, InterfaceFacts, SystemFacts

EVERYTHING: Final = Selector()


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What selectors ask of a document."""

    kind: str
    owner: str
    labels: Mapping[str, str]
    criticality: Criticality | None
    zones: frozenset[str]
    pattern: Pattern | None
    classification: Classification | None
    tags: frozenset[Tag]


def is_selected(selector: Selector, traits: Traits) -> bool:
    """Whether every key of ``selector`` fits."""
    if selector == EVERYTHING:
        return True
    level = selector.classification
    return (
        (not selector.kinds or traits.kind in selector.kinds)
        and (not selector.owners or traits.owner in selector.owners)
        and selector.labels.items() <= traits.labels.items()
        and (not selector.criticality or traits.criticality in selector.criticality)
        and (not selector.zones or not traits.zones.isdisjoint(selector.zones))
        and (not selector.patterns or traits.pattern in selector.patterns)
        and (level is None or (traits.classification is not None and traits.classification.rank >= level.rank))
        and (not selector.tags or not traits.tags.isdisjoint(selector.tags))
    )


def traits_of(facts: SystemFacts | InterfaceFacts | IntegrationFacts) -> Traits:
    """The traits of the document that ``facts`` are about.

    An interface has the criticality and zones of its system and offers all its data; an integration has the zones of
    both parties and carries what its contract names; a system carries nothing by itself.
    """
    match facts:
        case SystemFacts():
            return _traits(facts.system, criticality=facts.system.spec.criticality, zones=facts.system.spec.zones)
        case InterfaceFacts():
            return _interface_traits(facts.interface, facts.system, facts.offered)
        case IntegrationFacts():
            carried = tuple(facts.fields)
            return _traits(
                facts.integration,
                criticality=facts.integration.spec.sla.criticality,
                zones=tuple(zone for system in facts.parties for zone in system.spec.zones),
                pattern=facts.integration.spec.pattern,
                levels=(one.classification for one in carried),
                tags=frozenset(tag for one in carried for tag in one.tags),
            )


def traits_of_interface(estate: Estate, key: str) -> Traits | None:
    """The traits of the interface that is registered as ``key``; None where there is no such document."""
    interface = estate.interfaces.get(key)
    if interface is None:
        return None
    offered = FlowIndex(estate).interface_fields(key)
    return _interface_traits(interface, estate.systems.get(interface.spec.system), offered)


def _interface_traits(interface: Interface, system: System | None, offered: InterfaceFields | None) -> Traits:
    fields = () if offered is None else tuple(offered.fields())
    return _traits(
        interface,
        criticality=system.spec.criticality if system else None,
        zones=system.spec.zones if system else (),
        levels=(known.classification for known in fields),
        tags=frozenset(tag for known in fields for tag in known.tags),
    )


def _traits(
    document: Document,
    *,
    criticality: Criticality | None,
    zones: Iterable[str],
    pattern: Pattern | None = None,
    levels: Iterable[Classification | None] = (),
    tags: frozenset[Tag] = frozenset(),
) -> Traits:
    known = [level for level in levels if level is not None]
    return Traits(
        kind=document.kind,
        owner=document.metadata.owner,
        labels=document.metadata.labels,
        criticality=criticality,
        zones=frozenset(zones),
        pattern=pattern,
        classification=max(known, key=lambda level: level.rank, default=None),
        tags=tags,
    )
