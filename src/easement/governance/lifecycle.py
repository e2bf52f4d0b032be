"""Move an integration along the lifecycle table: go live, deprecate, reinstate, retire, withdraw."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from easement.estate.lifecycle import Guard, LifecycleEvent, TransitionRefusedError, advance
from easement.estate.model import LifecycleState
from easement.governance.compilation import compile_current
from easement.governance.enforcement import guards
from easement.governance.errors import PolicyError, StaleError, UnknownError
from easement.governance.go_live import missing_at_gate
from easement.governance.records import Act
from easement.governance.registry import Actor, Registry
from easement.governance.snapshot import Snapshot
from easement.ledger.record import Step
from easement.standards.check import check
from easement.store.documents import move_head
from easement.store.integrations import StoredIntegration, move_integration

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Where the integration stands now, and the plan that is enforced then."""

    name: str
    id: str
    state: LifecycleState
    plan: str
    transaction_id: str


def move(
    registry: Registry, name: str, event: LifecycleEvent, actor: Actor, reason: str, *, seen: int | None = None
) -> Moved:
    """Carry out ``event``. ``seen`` is the version that the person looked at.

    Raises :class:`UnknownError`, :class:`StaleError`, and :class:`PolicyError` with every unmet guard in words.
    """
    if event is LifecycleEvent.APPROVE:
        raise PolicyError("approval is the business of a review", (f"easement review approve integration/{name}",))
    act = Act(person=actor.name, now=registry.now())

    def prepare(snapshot: Snapshot) -> tuple[StoredIntegration, LifecycleState]:
        stored = snapshot.integrations.get(name)
        if stored is None:
            raise UnknownError(f"integration {name!r} is not registered")
        if seen is not None and seen != stored.version:
            raise StaleError(f"integration {name} changed since you looked", ("look again, then repeat",))
        missing = _missing(registry, snapshot, stored, event)
        try:
            met = _met(registry, snapshot, stored, reason) | (set() if missing else {Guard.GATE_PASSED})
            return stored, advance(LifecycleState(stored.state), event, met)
        except TransitionRefusedError as refusal:
            raise PolicyError(
                f"integration {name} is {stored.state}: {event} is not possible", (*refusal.reasons, *missing)
            ) from None

    def commit(connection: Connection, snapshot: Snapshot, prepared: tuple[StoredIntegration, LifecycleState]) -> None:
        stored, state = prepared
        move_integration(connection, stored, state, act.now)
        move_head(connection, act.now)
        document = snapshot.documents["Integration", name]
        registry.record(
            [
                act.record(
                    step=Step.CHANGED,
                    action=f"lifecycle.{state}",
                    kind="Integration",
                    name=name,
                    integration_id=stored.id,
                    revision=document.enforced or document.registered,
                    before=stored.state,
                    after=state.value,
                    reason=reason,
                )
            ]
        )

    registry.in_turn(prepare, commit)
    plan = compile_current(registry)
    stored = registry.snapshot().integrations[name]
    _log.info("governance.lifecycle_moved", integration=name, state=stored.state)
    return Moved(
        name=name, id=stored.id, state=LifecycleState(stored.state), plan=plan, transaction_id=act.transaction_id
    )


def _met(registry: Registry, snapshot: Snapshot, stored: StoredIntegration, reason: str) -> set[Guard]:
    met: set[Guard] = set()
    if reason.strip():
        met.add(Guard.REASON_GIVEN)
    if registry.now() - stored.changed >= registry.notice:
        met.add(Guard.NOTICE_OVER)
    if ("Integration", stored.name) in snapshot.enforced:
        estate = snapshot.enforced_estate().estate
        met |= guards(estate, stored.name, check(estate, registry.today))
    return met


def _missing(
    registry: Registry, snapshot: Snapshot, stored: StoredIntegration, event: LifecycleEvent
) -> tuple[str, ...]:
    """What the go-live gate lacks, in sentences; nothing where the gate is advice, or for another event."""
    if event is not LifecycleEvent.GO_LIVE:
        return ()
    items = missing_at_gate(registry, snapshot, stored.name)
    if not registry.enforce_gate:
        items = tuple(item for item in items if item.id == "interface")
    return tuple(f"{item.title}: {item.evidence}; {item.next_step}" for item in items)
