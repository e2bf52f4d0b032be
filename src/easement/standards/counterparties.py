"""Which receiver of protected data stands without the agreement that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from easement.contract.kinds import System, Tag
from easement.estate.agreements import has_agreement, same_organisation
from easement.standards.facts import IntegrationFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class UncoveredReceiver:
    """A receiver without an agreement in force with the sender. ``path`` points at it in the integration."""

    system: System
    path: str
    fields: tuple[str, ...]

    @property
    def name(self) -> str:
        """The system, with the organisation where it is not our own."""
        party = self.system.spec.party
        return f"{self.system.metadata.name} ({party.organisation})" if party else self.system.metadata.name


def role_of(system: System) -> str:
    """The party role; empty for a system of our own organisation."""
    return system.spec.party.role if system.spec.party else ""


def uncovered_receivers(
    facts: IntegrationFacts, *, tags: frozenset[Tag], agreement: str, concerns: Callable[[System], bool]
) -> Iterable[UncoveredReceiver]:
    """Receivers of fields with ``tags`` that ``concerns`` and that no ``agreement`` in force covers.

    Data that stays inside one organisation needs none.
    """
    for flow in facts.flows:
        receiver = facts.party(flow.receiver)
        sender = facts.other(receiver)
        fields = facts.tagged(tags, (flow,))
        if not fields or not concerns(receiver) or same_organisation(sender, receiver):
            continue
        if not has_agreement(facts.estate, sender, receiver, types=frozenset({agreement}), today=facts.today):
            side = "source" if receiver is facts.source else "target"
            yield UncoveredReceiver(system=receiver, path=f"/spec/{side}", fields=fields)
