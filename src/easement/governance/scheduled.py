"""Scheduled transitions: deprecate, go live or retire an integration, end an interface version, at a given time.

* A step is carried out by the same acts as by hand, with the same guards, in the name of whoever scheduled it.
* What a guard refuses is tried again every few minutes and says why it waits: a sunset waits for the last consumer.
* Several processes may look at the calendar: one takes a step in hand; one that died with it is relieved.
* A clock that jumps moves nothing: see :class:`ClockWatch`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import structlog

from easement.contract.identity import UnknownKeyError, resolve_key
from easement.estate.interface_lifecycle import InterfaceState
from easement.estate.lifecycle import LifecycleEvent
from easement.estate.model import LifecycleState
from easement.governance.errors import GovernanceError, PolicyError, UnknownError
from easement.governance.interface_lifecycle import set_interface_state
from easement.governance.lifecycle import move
from easement.governance.notices_of_plan import standing_of
from easement.governance.records import Act
from easement.governance.registry import Actor, Registry
from easement.ledger.record import Record, Step
from easement.store.database import reading, writing
from easement.store.integrations import MovedError
from easement.store.transitions import (
    DONE,
    WAITING,
    StoredTransition,
    add_transition,
    cancel_transition,
    claim_due,
    finish_transition,
    list_transitions,
)

RETRY: Final = timedelta(minutes=5)
ABANDONED: Final = timedelta(minutes=10)
FARTHEST: Final = timedelta(days=3660)
_AT_ONCE: Final = 100
_JUMP: Final = timedelta(minutes=2)
_TRUST_AFTER: Final = timedelta(minutes=10)
_log = structlog.get_logger()


class ScheduledEvent(StrEnum):
    """What may be scheduled: the first three of integrations, the last of interface versions."""

    GO_LIVE = "go-live"
    DEPRECATE = "deprecate"
    RETIRE = "retire"
    SUNSET = "sunset"


_OF_INTEGRATIONS: Final = {
    ScheduledEvent.GO_LIVE: (LifecycleEvent.GO_LIVE, LifecycleState.LIVE),
    ScheduledEvent.DEPRECATE: (LifecycleEvent.DEPRECATE, LifecycleState.DEPRECATED),
    ScheduledEvent.RETIRE: (LifecycleEvent.RETIRE, LifecycleState.RETIRED),
}


@dataclass(slots=True)
class ClockWatch:
    """Says whether the clock of this machine may be believed: it must run as the steady clock does.

    After a jump, forward or back, nothing is believed until the two have run together for ten minutes.
    """

    _wall: datetime | None = None
    _steady_s: float = 0.0
    _distrusted_until_s: float = field(default=float("-inf"))

    def trusts(self, wall: datetime, steady_s: float) -> bool:
        """Look at both clocks; call it at each turn, at least every minute."""
        if self._wall is not None:
            drift = (wall - self._wall) - timedelta(seconds=steady_s - self._steady_s)
            if abs(drift) > _JUMP:
                self._distrusted_until_s = steady_s + _TRUST_AFTER.total_seconds()
                _log.error("schedule.clock_jumped", seconds=round(drift.total_seconds()))
        self._wall, self._steady_s = wall, steady_s
        return steady_s >= self._distrusted_until_s


def schedule(
    registry: Registry, subject: str, event: ScheduledEvent, due: datetime, *, person: str, reason: str
) -> StoredTransition:
    """Put a step on the calendar and on the record.

    ``subject`` is ``integration/NAME`` or ``interface/NAME[@MAJOR]``. A step that waits for the same event of the same
    subject is replaced. Raises :class:`UnknownError` and :class:`PolicyError`.
    """
    now = registry.now()
    if not reason.strip():
        raise PolicyError("no reason is given", ("say why: it goes on the record",))
    if due.tzinfo is None or not now < due <= now + FARTHEST:
        raise PolicyError("the time must have a zone and lie ahead, ten years at most", ("2026-12-01T06:00:00Z",))
    whole = _subject(registry, subject, event)
    act = Act(person=person, now=now)
    with writing(registry.engine) as connection:
        added = add_transition(
            connection, subject=whole, event=event.value, due=due.astimezone(UTC), person=person, reason=reason, now=now
        )
        registry.record([_record(act, added, "scheduled", due=added.due.isoformat(), reason=reason)])
    return added


def calendar(registry: Registry, *, only_open: bool = True) -> tuple[StoredTransition, ...]:
    """Scheduled steps in the order in which they are due."""
    with reading(registry.engine) as connection:
        return list_transitions(connection, only_open=only_open)


def cancel(registry: Registry, identifier: str, person: str, reason: str) -> StoredTransition:
    """Take a step off the calendar. Raises :class:`UnknownError`."""
    act = Act(person=person, now=registry.now())
    with writing(registry.engine) as connection:
        found = cancel_transition(connection, identifier, said=f"cancelled by {person}: {reason}", now=act.now)
        if found is None:
            raise UnknownError(f"nothing that waits is scheduled under {identifier!r}")
        registry.record([_record(act, found, "cancelled", reason=reason)])
    return found


def run_due(registry: Registry) -> int:
    """Carry out what is due; says how many steps were done. What is refused waits and says why."""
    done = 0
    for _ in range(_AT_ONCE):
        now = registry.now()
        with writing(registry.engine) as connection:
            claimed = claim_due(connection, now=now, retry_before=now - RETRY, abandoned_before=now - ABANDONED)
        if claimed is None:
            return done
        done += _carry_out(registry, claimed)
    return done


def _carry_out(registry: Registry, claimed: StoredTransition) -> int:
    try:
        _act(registry, claimed)
    except (GovernanceError, MovedError) as refusal:
        _finish(registry, claimed, WAITING, str(refusal))
        return 0
    _finish(registry, claimed, DONE, "")
    return 1


def _act(registry: Registry, claimed: StoredTransition) -> None:
    kind, _, name = claimed.subject.partition("/")
    event = ScheduledEvent(claimed.event)
    why = f"{claimed.reason} (scheduled {claimed.created:%Y-%m-%d} for {claimed.due:%Y-%m-%d %H:%M} UTC)"
    snapshot = registry.snapshot()
    if kind == "interface":
        if standing_of(snapshot.interface_states.get(name)).state is not InterfaceState.GONE:
            set_interface_state(registry, name, InterfaceState.GONE, claimed.person, why)
        return
    lifecycle_event, reached = _OF_INTEGRATIONS[event]
    if snapshot.state(name) is not reached:
        move(registry, name, lifecycle_event, Actor(name=claimed.person, roles=frozenset()), why)


def _finish(registry: Registry, claimed: StoredTransition, state: str, said: str) -> None:
    act = Act(person=claimed.person, now=registry.now())
    with writing(registry.engine) as connection:
        if not finish_transition(connection, claimed.id, state=state, said=said, now=act.now):
            return
        if state == DONE or said != claimed.said:  # a reason that has not changed is on the record already
            registry.record([_record(act, claimed, "done" if state == DONE else "refused", refused=said)])
    _log.info("schedule.step", subject=claimed.subject, step=claimed.event, state=state, reason=said)


def _subject(registry: Registry, subject: str, event: ScheduledEvent) -> str:
    kind, _, name = subject.partition("/")
    wanted = "interface" if event is ScheduledEvent.SUNSET else "integration"
    if kind != wanted or not name:
        raise PolicyError(f"{event} is of an {wanted}", (f"write {wanted}/NAME",))
    snapshot = registry.snapshot()
    keys = [key for known, key in snapshot.registered if known.lower() == kind]
    try:
        key = resolve_key(kind, name, keys)
    except UnknownKeyError as error:
        raise UnknownError(str(error)) from None
    if (
        event is ScheduledEvent.SUNSET
        and standing_of(snapshot.interface_states.get(key)).state is InterfaceState.ACTIVE
    ):
        raise PolicyError(f"interface {key} is active", ("deprecate it first: its callers have to be told",))
    return f"{kind}/{key}"


def _record(act: Act, of: StoredTransition, what: str, *, refused: str = "", due: str = "", reason: str = "") -> Record:
    kind, _, name = of.subject.partition("/")
    return act.record(
        step=Step.CHANGED,
        action=f"schedule.{what}",
        kind=kind.capitalize(),
        name=name,
        refused=refused,
        event=of.event,
        schedule=of.id,
        due=due,
        reason=reason,
    )
