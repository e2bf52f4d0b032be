"""Work lists of an estate: what nobody owns, nobody uses, nothing flows through, or is there twice. Pure.

Each item says why it is on its list. Retired integrations are on none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from easement.contract.identity import bare_name, reference_key
from easement.contract.kinds import Document, Integration
from easement.estate.flows import is_event
from easement.estate.model import Estate, LifecycleState

STALE_AFTER: Final = timedelta(days=90)
_SHOWN_PLACES: Final = 5
_FLOWING: Final = frozenset({LifecycleState.LIVE, LifecycleState.DEPRECATED})


class WorkList(StrEnum):
    """What there is to tidy up."""

    OWNERLESS = "ownerless"
    STALE = "stale"
    ORPHANED = "orphaned"
    DUPLICATE = "duplicate"
    UNUSED = "unused"
    """Grants that nobody uses, in contracts that are used: rights to take away (least privilege)."""
    SHARED = "shared"
    """Service accounts in use from several addresses at once: a credential that more than one may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One thing to do. ``subject`` is ``kind/name``; ``others`` are documents that the reason speaks of."""

    worklist: WorkList
    subject: str
    owner: str
    why: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is known about each integration by name: when it was last served, reviewed, and first registered.

    ``used`` has (integration, operation) → when that operation was last served.
    """

    served: Mapping[str, datetime] = field(default_factory=dict)
    reviewed: Mapping[str, datetime] = field(default_factory=dict)
    registered: Mapping[str, datetime] = field(default_factory=dict)
    used: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    places: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Account → its source addresses of late, where there are several."""


def worklists(
    estate: Estate, signs: Signs, now: datetime, *, stale_after: timedelta = STALE_AFTER
) -> dict[WorkList, tuple[WorkItem, ...]]:
    """Every list with its items by subject; a list without items is there too, and empty."""
    integrations = {name: it for name, it in sorted(estate.integrations.items()) if not _is_retired(estate, name)}
    found: dict[WorkList, Iterable[WorkItem]] = {
        WorkList.OWNERLESS: _ownerless(estate, integrations),
        WorkList.STALE: _stale(estate, integrations, signs, now, stale_after),
        WorkList.ORPHANED: _orphaned(estate, integrations),
        WorkList.DUPLICATE: _duplicate(estate, integrations),
        WorkList.UNUSED: _unused(estate, integrations, signs, now, stale_after),
        WorkList.SHARED: _shared(estate, signs),
    }
    return {name: tuple(sorted(items, key=lambda item: (item.subject, item.why))) for name, items in found.items()}


def _is_retired(estate: Estate, name: str) -> bool:
    known = estate.registrations.get(name)
    return known is not None and known.state is LifecycleState.RETIRED


def _ownerless(estate: Estate, integrations: Mapping[str, Integration]) -> Iterator[WorkItem]:
    groups: tuple[tuple[str, Mapping[str, Document]], ...] = (
        ("system", estate.systems),
        ("interface", estate.interfaces),
        ("integration", integrations),
    )
    for kind, documents in groups:
        for name, document in documents.items():
            owner = document.metadata.owner
            if owner and owner in estate.teams:
                continue
            why = f"its owner {owner} is no registered team" if owner else "it has no owner"
            yield WorkItem(worklist=WorkList.OWNERLESS, subject=f"{kind}/{name}", owner=owner, why=why)


def _stale(
    estate: Estate, integrations: Mapping[str, Integration], signs: Signs, now: datetime, stale_after: timedelta
) -> Iterator[WorkItem]:
    for name, integration in integrations.items():
        known = estate.registrations.get(name)
        if known is None or known.state not in _FLOWING:
            continue
        began = signs.registered.get(name, now)
        for last, what in ((signs.served.get(name), "traffic"), (signs.reviewed.get(name), "review")):
            if now - (last or began) < stale_after:
                continue
            when = f"the last was on {last:%Y-%m-%d}" if last else f"registered on {began:%Y-%m-%d}"
            yield WorkItem(
                worklist=WorkList.STALE,
                subject=f"integration/{name}",
                owner=integration.metadata.owner,
                why=f"no {what} for {(now - (last or began)).days} days; {when}",
            )


def _unused(
    estate: Estate, integrations: Mapping[str, Integration], signs: Signs, now: datetime, stale_after: timedelta
) -> Iterator[WorkItem]:
    """Operations that were not called since so long, and not since the contract was last approved either.

    A contract that nothing flows through at all is stale, and stands on that list.
    """
    for name, integration in integrations.items():
        known = estate.registrations.get(name)
        served = signs.served.get(name)
        if known is None or known.state not in _FLOWING or served is None or now - served >= stale_after:
            continue
        began = max(signs.registered.get(name, now), signs.reviewed.get(name, signs.registered.get(name, now)))
        for operation in integration.spec.operations:
            last = signs.used.get((name, operation))
            if now - max(last or began, began) < stale_after:
                continue
            when = f"last on {last:%Y-%m-%d}" if last else "never"
            yield WorkItem(
                worklist=WorkList.UNUSED,
                subject=f"integration/{name}",
                owner=integration.metadata.owner,
                why=f"{operation} is granted and was {when} called, while the contract is in use: take it out",
            )


def _shared(estate: Estate, signs: Signs) -> Iterator[WorkItem]:
    """One system may have several addresses; two that share a credential cannot be told apart, nor stopped alone."""
    for account, addresses in signs.places.items():
        system = estate.systems.get(account)
        if system is None:
            continue
        shown = ", ".join(addresses[:_SHOWN_PLACES])
        more = f" and {len(addresses) - _SHOWN_PLACES} more" if len(addresses) > _SHOWN_PLACES else ""
        yield WorkItem(
            worklist=WorkList.SHARED,
            subject=f"system/{account}",
            owner=system.metadata.owner,
            why=f"its account was used from {shown}{more} within an hour: are these one system?",
        )


def _orphaned(estate: Estate, integrations: Mapping[str, Integration]) -> Iterator[WorkItem]:
    used = {reference_key(integration.spec.interface) for integration in integrations.values()}
    for key, interface in sorted(estate.interfaces.items()):
        if key not in used:
            yield WorkItem(
                worklist=WorkList.ORPHANED,
                subject=f"interface/{key}",
                owner=interface.metadata.owner,
                why="no integration uses it",
            )
    for name, integration in integrations.items():
        spec = integration.spec
        gone = [f"system/{party}" for party in (spec.source, spec.target) if party not in estate.systems]
        if reference_key(spec.interface) not in estate.interfaces:
            gone.append(f"interface/{reference_key(spec.interface)}")
        if gone:
            yield WorkItem(
                worklist=WorkList.ORPHANED,
                subject=f"integration/{name}",
                owner=integration.metadata.owner,
                why=f"what it stands on is not registered: {', '.join(gone)}",
                others=tuple(gone),
            )


def _duplicate(estate: Estate, integrations: Mapping[str, Integration]) -> Iterator[WorkItem]:
    """The same entity on its way between the same two systems by different interfaces or in different manners.

    Two majors of one interface are a migration and no duplicate.
    """
    ways: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for name, integration in integrations.items():
        spec = integration.spec
        interface = estate.interfaces.get(reference_key(spec.interface))
        first, second = sorted((spec.source, spec.target))
        way = f"{bare_name(spec.interface.name)} {'event' if is_event(integration) else spec.pattern}"
        for entity in interface.spec.entities if interface else ():
            ways.setdefault((first, second, entity.casefold()), []).append((name, way))
    for (first, second, entity), found in sorted(ways.items()):
        if len({way for _, way in found}) < 2:
            continue
        for name, way in found:
            others = tuple(f"integration/{other}" for other, another in found if another != way)
            yield WorkItem(
                worklist=WorkList.DUPLICATE,
                subject=f"integration/{name}",
                owner=integrations[name].metadata.owner,
                why=f"{entity} goes between {first} and {second} by another way too: {', '.join(others)}",
                others=others,
            )
