"""Which agreement covers which pair of systems on a day.

A party is named by one of its systems, or ``self`` for our own organisation. An agreement with an organisation covers
all systems of that organisation, because it binds the legal entity and not a machine.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from easement.contract.kinds import Agreement, System
from easement.estate.model import Estate

SELF: Final = "self"


def in_force(agreement: Agreement, today: date) -> bool:
    """Whether the agreement is signed and not over on ``today``. The day of expiry is the last day in force."""
    return agreement.spec.signed <= today <= agreement.spec.expires


def binds(estate: Estate, agreement: Agreement, system: System) -> bool:
    """Whether the organisation behind ``system`` is a party of the agreement."""
    named = agreement.spec.between
    if system.metadata.name in named:
        return True
    if system.spec.party is None:
        return SELF in named
    organisation = system.spec.party.organisation
    return any(
        other.spec.party is not None and other.spec.party.organisation == organisation
        for other in (estate.systems[name] for name in named if name in estate.systems)
    )


def agreements_between(estate: Estate, one: System, other: System, *, types: frozenset[str]) -> tuple[Agreement, ...]:
    """Agreements of one of ``types`` that bind both systems' organisations, in force or not, sorted by name."""
    return tuple(
        agreement
        for _, agreement in sorted(estate.agreements.items())
        if agreement.spec.type in types and binds(estate, agreement, one) and binds(estate, agreement, other)
    )


def has_agreement(estate: Estate, one: System, other: System, *, types: frozenset[str], today: date) -> bool:
    """Whether an agreement of one of ``types`` between the two is in force."""
    return any(in_force(agreement, today) for agreement in agreements_between(estate, one, other, types=types))


def same_organisation(one: System, other: System) -> bool:
    """Whether both systems belong to one legal entity."""
    if one.spec.party is None or other.spec.party is None:
        return one.spec.party is other.spec.party
    return one.spec.party.organisation == other.spec.party.organisation
