"""Decommissioning: take an integration away for good, in order, with proof, and able to go on after a crash.

Each step is written down, with what was seen, in the transaction that records it. Asking again goes on with the first
step that is not done. At the end the registry entry is archived: its document leaves the estate; its history, its id
and its records stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from easement.contract.kinds import Integration
from easement.estate.lifecycle import Guard, LifecycleEvent, unmet_guards
from easement.estate.model import LifecycleState
from easement.governance.compilation import compile_current
from easement.governance.decommission_steps import STEPS, Removal, Seen
from easement.governance.errors import GovernanceError, PolicyError, UnknownError
from easement.governance.records import Act
from easement.governance.registry import Registry
from easement.governance.snapshot import Snapshot
from easement.ledger.record import Step as RecordStep
from easement.store.database import reading
from easement.store.decommissions import (
    StoredDecommission,
    advance_decommission,
    begin_decommission,
    get_decommission,
    last_decommission,
    open_decommissions,
)
from easement.store.documents import move_head, remove
from easement.store.integrations import MovedError, StoredIntegration, remove_integration
from easement.store.reviews import supersede

ARCHIVE: Final = "archive"
_ARCHIVE_TITLE: Final = "The registry entry is archived"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One step: ``done``, ``waiting`` (with why), ``to do``, or in a rehearsal ``would`` (with what)."""

    id: str
    title: str
    state: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecommissionReport:
    """How far it is."""

    integration: str
    id: str
    dry_run: bool
    finished: bool
    steps: tuple[StepReport, ...]


def rehearse(registry: Registry, name: str, *, discard: bool = False) -> DecommissionReport:
    """What every step would do, and whether the way is free. Nothing is changed.

    Raises :class:`UnknownError`, and :class:`PolicyError` where the installation cannot be asked.
    """
    removal, stored, begun = _removal(registry, registry.snapshot(), name, "", "", discard=discard)
    done: Mapping[str, str] = begun.steps if begun else {}
    steps = [StepReport(id="allowed", title="It may be decommissioned", state="would", said=_allowed(registry, stored))]
    steps += [
        StepReport(id=step.id, title=step.title, state="done", said=done[step.id])
        if step.id in done
        else StepReport(id=step.id, title=step.title, state="would", said=step.rehearse(removal))
        for step in STEPS
    ]
    said = f"take integration/{name} out of the estate; its history, {stored.id} and all records stay"
    steps.append(StepReport(id=ARCHIVE, title=_ARCHIVE_TITLE, state="would", said=said))
    return DecommissionReport(integration=name, id=stored.id, dry_run=True, finished=False, steps=tuple(steps))


def decommission(
    registry: Registry, name: str, person: str, reason: str, *, discard: bool = False
) -> DecommissionReport:
    """Begin, or go on, and come back as soon as a step has to wait or all is done. Ask again to go on.

    Where another process is quicker, or has finished it, the report says how far that is. ``discard`` gives up messages
    and dead letters that nobody has processed. Raises :class:`UnknownError`, :class:`PolicyError` (not deprecated long
    enough, no reason).
    """
    if (over := _over(registry, name)) is not None:
        return over
    try:
        return _go_on(registry, name, person, reason, discard=discard)
    except MovedError:
        return _over(registry, name) or _as_it_stands(registry, name)


def _over(registry: Registry, name: str) -> DecommissionReport | None:
    """The report of an integration that was decommissioned, where no other has its name now."""
    if name in registry.snapshot().integrations:
        return None
    with reading(registry.engine) as connection:
        last = last_decommission(connection, name)
    return None if last is None or last.finished is None else _report(last)


def _as_it_stands(registry: Registry, name: str) -> DecommissionReport:
    with reading(registry.engine) as connection:
        last = last_decommission(connection, name)
    if last is None:
        raise UnknownError(f"no decommissioning of {name!r} was begun")
    return _report(last)


def _report(begun: StoredDecommission) -> DecommissionReport:
    done = dict(begun.steps)
    finished = begun.finished is not None
    if begun.finished is not None:
        done[ARCHIVE] = f"{begun.id} was archived at {begun.finished:%Y-%m-%dT%H:%M:%SZ}; its history and records stay"
    titles = [*((step.id, step.title) for step in STEPS), (ARCHIVE, _ARCHIVE_TITLE)]
    steps = tuple(
        StepReport(id=step, title=title, state="done" if step in done else "to do", said=done.get(step, ""))
        for step, title in titles
    )
    return DecommissionReport(integration=begun.integration, id=begun.id, dry_run=False, finished=finished, steps=steps)


def _go_on(registry: Registry, name: str, person: str, reason: str, *, discard: bool) -> DecommissionReport:
    snapshot = registry.snapshot()
    removal, stored, begun = _removal(registry, snapshot, name, person, reason, discard=discard)
    if begun is None:
        begun = _begin(registry, stored, person, reason, discard=discard)
        removal.facts = dict(begun.facts)
    reports: list[StepReport] = []
    for step in STEPS:
        if step.id in begun.steps:
            reports.append(StepReport(id=step.id, title=step.title, state="done", said=begun.steps[step.id]))
            continue
        if reports and reports[-1].state != "done":
            reports.append(StepReport(id=step.id, title=step.title, state="to do", said=""))
            continue
        seen = step.run(removal)
        if seen.done:
            begun = _keep(removal, stored, begun, step.id, seen)
        reports.append(
            StepReport(id=step.id, title=step.title, state="done" if seen.done else "waiting", said=seen.said)
        )
    finished = all(report.state == "done" for report in reports)
    if finished:
        _archive(registry, name, begun, person)
    said = f"{stored.id} is archived; its history and records stay" if finished else ""
    state = "done" if finished else "to do"
    reports.append(StepReport(id=ARCHIVE, title=_ARCHIVE_TITLE, state=state, said=said))
    return DecommissionReport(integration=name, id=stored.id, dry_run=False, finished=finished, steps=tuple(reports))


def go_on_with_all(registry: Registry) -> tuple[DecommissionReport, ...]:
    """Go on with every decommissioning that was begun, for whoever began it: after a crash, and while steps wait."""
    with reading(registry.engine) as connection:
        begun = open_decommissions(connection)
    reports: list[DecommissionReport] = []
    for one in begun:
        try:
            reports.append(decommission(registry, one.integration, one.person, one.reason))
        except GovernanceError as refusal:
            _log.warning("governance.decommission_waits", integration=one.integration, reason=str(refusal))
    return tuple(reports)


def _removal(
    registry: Registry, snapshot: Snapshot, name: str, person: str, reason: str, *, discard: bool
) -> tuple[Removal, StoredIntegration, StoredDecommission | None]:
    stored = snapshot.integrations.get(name)
    if stored is None:
        raise UnknownError(f"integration {name!r} is not registered", ("an archived one is in the ledger only",))
    if registry.operating is None:
        raise PolicyError("this process cannot ask gateway, broker and ledger", ("ask the control plane",))
    entry = snapshot.enforced.get(("Integration", name)) or snapshot.registered["Integration", name]
    if not isinstance(entry.document, Integration):
        raise UnknownError(f"integration {name!r} is not registered")
    with reading(registry.engine) as connection:
        begun = get_decommission(connection, stored.number)
    facts: dict[str, Any] = dict(begun.facts) if begun else {}
    removal = Removal(
        registry=registry,
        operating=registry.operating,
        name=name,
        integration=entry.document,
        state=LifecycleState(stored.state),
        person=person or (begun.person if begun else ""),
        reason=reason or (begun.reason if begun else ""),
        discard=discard or bool(facts.get("discard")),
        facts=facts,
    )
    return removal, stored, begun


def _allowed(registry: Registry, stored: StoredIntegration) -> str:
    against = _against(registry, stored)
    return "yes" if not against else "not yet: " + "; ".join(against)


def _against(registry: Registry, stored: StoredIntegration) -> tuple[str, ...]:
    state = LifecycleState(stored.state)
    if state is LifecycleState.RETIRED:
        return ()
    if state is not LifecycleState.DEPRECATED:
        step = "withdraw" if state in {LifecycleState.DESIGN, LifecycleState.BUILD} else "deprecate"
        return (f"it is {state}: easement lifecycle {step} {stored.name} comes first",)
    met = {Guard.REASON_GIVEN}
    if registry.now() - stored.changed >= registry.notice:
        met.add(Guard.NOTICE_OVER)
    return tuple(guard.unmet for guard in unmet_guards(state, LifecycleEvent.RETIRE, met))


def _begin(
    registry: Registry, stored: StoredIntegration, person: str, reason: str, *, discard: bool
) -> StoredDecommission:
    if not reason.strip():
        raise PolicyError("no reason is given", ("say why: it goes on the record",))
    if against := _against(registry, stored):
        raise PolicyError(f"integration {stored.name} cannot be decommissioned now", against)
    act = Act(person=person, now=registry.now())
    begun = StoredDecommission(
        number=stored.number,
        integration=stored.name,
        person=person,
        reason=reason,
        started=act.now,
        facts={"discard": discard},
    )

    def commit(connection: Connection, snapshot: Snapshot, _prepared: None) -> None:
        if snapshot.integrations.get(stored.name) != stored:
            raise PolicyError(f"integration {stored.name} changed in the meantime", ("look again, then repeat",))
        begin_decommission(connection, begun)
        move_head(connection, act.now)
        registry.record([_record(act, stored, "decommission.begun", reason=reason, discard=discard)])

    registry.in_turn(lambda _snapshot: None, commit)
    return begun


def _keep(
    removal: Removal, stored: StoredIntegration, begun: StoredDecommission, step: str, seen: Seen
) -> StoredDecommission:
    """Write a step down and record it, both or neither."""
    registry = removal.registry
    act = Act(person=removal.person, now=registry.now())
    if step == "confirmed":
        removal.facts["confirmed_transaction"] = act.transaction_id
    cut = removal.facts.get("cut")
    after = replace(
        begun,
        steps={**begun.steps, step: seen.said},
        facts=removal.facts,
        cut=datetime.fromisoformat(str(cut)) if cut else None,
    )

    def commit(connection: Connection, _snapshot: Snapshot, _prepared: None) -> StoredDecommission:
        kept = advance_decommission(connection, after)
        move_head(connection, act.now)
        registry.record([_record(act, stored, f"decommission.{step}", seen=seen.said)])
        return kept

    kept = registry.in_turn(lambda _snapshot: None, commit)
    _log.info("governance.decommission_step", integration=stored.name, step=step)
    return kept


def _archive(registry: Registry, name: str, begun: StoredDecommission, person: str) -> None:
    act = Act(person=person or begun.person, now=registry.now())

    def commit(connection: Connection, snapshot: Snapshot, _prepared: None) -> None:
        stored = snapshot.integrations[name]
        advance_decommission(connection, replace(begun, finished=act.now))
        remove(connection, "Integration", name, act.now)
        supersede(connection, "Integration", name, act.now)
        remove_integration(connection, stored.number, act.now)
        move_head(connection, act.now)
        registry.record([_record(act, stored, "decommission.archived", reason=begun.reason)])

    registry.in_turn(lambda _snapshot: None, commit)
    compile_current(registry)
    _log.info("governance.decommissioned", integration=name)


def _record(act: Act, stored: StoredIntegration, action: str, **detail: Any) -> Any:
    return act.record(
        step=RecordStep.CHANGED, action=action, kind="Integration", name=stored.name, integration_id=stored.id, **detail
    )
