"""The shadow inbox: who tries what without a contract, and what to do about it: draft one, or dismiss with a reason.

An entry is one caller at one interface (or at one place that nothing registered answers), with each operation tried.
A dismissal holds for the operations that it saw and until its day; another operation brings the entry back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from easement.estate.model import Estate
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.observed import Attempt, Verb, provider_of, undeclared_attempts
from easement.governance.records import Act
from easement.governance.registry import Actor, Registry
from easement.ledger.query import LedgerReader
from easement.ledger.record import Step
from easement.store.database import reading, writing
from easement.store.shadow_dismissals import Dismissal, dismissals, put_dismissal

_log = structlog.get_logger()
LOOK_BACK: Final = timedelta(days=30)
DEFAULT_DISMISSAL: Final = timedelta(days=90)
LONGEST_DISMISSAL: Final = timedelta(days=366)
MAX_REASON: Final = 4_000
_KEY_DIGITS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedOperation:
    """One operation, channel or place that was tried. ``name`` is empty where nothing registered is there."""

    name: str
    place: str
    code: str
    count: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowEntry:
    """One caller at one interface. ``known`` says whether the caller is a registered system.

    ``provider`` is the system that offers the interface; both are empty where nothing registered answers.
    ``dismissed`` is the dismissal in force.
    """

    key: str
    account: str
    known: bool
    verb: Verb
    interface: str
    provider: str
    operations: tuple[TriedOperation, ...]
    count: int
    first_ms: int
    last_ms: int
    transaction_id: str
    dismissed: Dismissal | None = None

    @property
    def tried(self) -> tuple[str, ...]:
        """What was tried, once each: names of operations, else places."""
        return tuple(dict.fromkeys(one.name or one.place for one in self.operations))


def shadow_inbox(
    registry: Registry, ledger: LedgerReader, estate: Estate, *, since: datetime | None = None, every: bool = False
) -> tuple[ShadowEntry, ...]:
    """What waits, the latest first; ``every`` adds what was dismissed. ``since`` is 30 days ago unless said."""
    now = registry.now()
    start = since or now - LOOK_BACK
    attempts = undeclared_attempts(ledger, estate, since_ms=int(start.timestamp() * 1000))
    with reading(registry.engine) as connection:
        known = dismissals(connection)
    found = shadow_entries(attempts, estate, known, now)
    return tuple(entry for entry in found if every or entry.dismissed is None)


def shadow_entries(
    attempts: Iterable[Attempt], estate: Estate, known: Mapping[str, Dismissal], now: datetime
) -> tuple[ShadowEntry, ...]:
    """Group attempts into entries, the latest first. Pure."""
    groups: dict[tuple[str, Verb, str], list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault((attempt.account, attempt.verb, attempt.interface), []).append(attempt)
    entries = []
    for found in groups.values():
        entry = _entry(estate, found)
        entries.append(replace(entry, dismissed=_in_force(known.get(entry.key), entry, now)))
    return tuple(sorted(entries, key=lambda entry: (-entry.last_ms, entry.key)))


def shadow_entry(registry: Registry, ledger: LedgerReader, estate: Estate, key: str) -> ShadowEntry:
    """One entry, dismissed or not; the first digits of its key are enough. Raises :class:`UnknownError`."""
    fitting = [one for one in shadow_inbox(registry, ledger, estate, every=True) if key and one.key.startswith(key)]
    if len(fitting) != 1:
        what = "several entries begin" if fitting else "there is no entry of the shadow inbox that begins"
        raise UnknownError(f"{what} with {key[:_KEY_DIGITS]!r}: easement shadow list")
    return fitting[0]


def dismiss(
    registry: Registry, entry: ShadowEntry, actor: Actor, reason: str, *, period: timedelta = DEFAULT_DISMISSAL
) -> Dismissal:
    """Put an entry away for ``period``. On the record. Raises :class:`PolicyError` without a reason."""
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise PolicyError("a dismissal needs a reason", (f"say why, in at most {MAX_REASON} characters",))
    if not timedelta(0) < period <= LONGEST_DISMISSAL:
        raise PolicyError("a dismissal ends", (f"at most {LONGEST_DISMISSAL.days} days from now",))
    act = Act(person=actor.name, now=registry.now())
    until = act.now + period
    with writing(registry.engine) as connection:
        put_dismissal(
            connection,
            key=entry.key,
            person=actor.name,
            reason=reason,
            operations=entry.tried,
            now=act.now,
            until=until,
        )
        registry.record(
            [
                act.record(
                    step=Step.DECIDED,
                    action="shadow.dismissed",
                    entry=entry.key,
                    caller=entry.account,
                    interface=entry.interface,
                    operations=entry.tried,
                    reason=reason,
                    until=until.isoformat(),
                )
            ]
        )
    _log.info("governance.shadow_dismissed", entry=entry.key, person=actor.name)
    return Dismissal(
        key=entry.key, person=actor.name, reason=reason, operations=entry.tried, created=act.now, until=until
    )


def _entry(estate: Estate, attempts: Sequence[Attempt]) -> ShadowEntry:
    latest = max(attempts, key=lambda one: one.last_ms)
    operations = tuple(
        TriedOperation(
            name=one.operation,
            place=one.place,
            code=one.code,
            count=one.count,
            first_ms=one.first_ms,
            last_ms=one.last_ms,
        )
        for one in sorted(attempts, key=lambda one: (-one.count, one.operation, one.place))
    )
    identity = f"{latest.account}\n{latest.verb}\n{latest.interface}"
    return ShadowEntry(
        key=hashlib.sha256(identity.encode()).hexdigest()[:_KEY_DIGITS],
        account=latest.account,
        known=latest.account in estate.systems,
        verb=latest.verb,
        interface=latest.interface,
        provider=provider_of(estate, latest),
        operations=operations,
        count=sum(one.count for one in attempts),
        first_ms=min(one.first_ms for one in attempts),
        last_ms=latest.last_ms,
        transaction_id=latest.transaction_id,
    )


def _in_force(found: Dismissal | None, entry: ShadowEntry, now: datetime) -> Dismissal | None:
    if found is None or found.until <= now:
        return None
    return found if set(entry.tried) <= set(found.operations) else None
