"""Change cases: who is told what, answers, and the way of an interface from the first notice to its end.

* The **provider** (its team) opens, announces, starts, closes and withdraws. The **consumer** (its team) answers.
* Every step is a transition of :data:`~easement.governance.change_case_states.CASE_TRANSITIONS`, a record, and a move
  of the registry's head, all in one transaction with the notices that it causes.
* What a case allows is read by :mod:`easement.governance.change_gate`; what it does to the interface is done by
  :mod:`easement.governance.change_case_clock`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from easement.estate.contract_losses import consumer_of, consumer_team, interface_used
from easement.estate.lifecycle import ENFORCED_STATES
from easement.estate.model import Estate
from easement.governance.change_case_states import (
    RUNNING,
    TOLD,
    CaseEvent,
    CaseGuard,
    CaseRefusedError,
    CaseState,
    advance_case,
)
from easement.governance.change_notices import Announcement, NoticeEvent, notices_for
from easement.governance.errors import NotAllowedError, PolicyError, UnknownError
from easement.governance.records import Act
from easement.governance.registry import Actor, Registry
from easement.governance.snapshot import Snapshot
from easement.ledger.record import DetailValue, Record, Step
from easement.standards.notice import notice_period
from easement.store.change_cases import (
    PREFIX,
    StoredCase,
    StoredParty,
    change_case,
    get_case,
    list_cases,
    put_party,
)
from easement.store.database import reading
from easement.store.documents import move_head
from easement.store.notices import StoredNotice, add_notices

_log = structlog.get_logger()
ACKNOWLEDGED: Final = "acknowledged"
NOT_AFFECTED: Final = "not-affected"
MIGRATED: Final = "migrated"
CONFIRMERS: Final = frozenset({"reviewer", "security", "operator", "admin"})
"""Roles that may be the second person of an emergency."""
_OVERSEERS: Final = frozenset({"operator", "admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The ground of one act: the registry as it is, and the enforced estate."""

    snapshot: Snapshot
    estate: Estate


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What an act does to a case: columns that change, consumers, and who is told of what."""

    changed: dict[str, Any] = field(default_factory=dict)
    parties: list[StoredParty] = field(default_factory=list)
    event: NoticeEvent | None = None
    told: Callable[[StoredParty], bool] = lambda _party: True
    detail: dict[str, DetailValue] = field(default_factory=dict)


Doing = Callable[[StoredCase, Stage], Outcome]


def case_number(written: str) -> int:
    """The number in ``CHG-0007`` (or ``7``). Raises :class:`UnknownError`."""
    digits = written.upper().removeprefix(PREFIX)
    if not digits.isdecimal() or len(digits) > 9:
        raise UnknownError(f"{written!r} names no change case: they look like CHG-0007")
    return int(digits)


def case_of(registry: Registry, written: str) -> StoredCase:
    """One case. Raises :class:`UnknownError`."""
    number = case_number(written)
    with reading(registry.engine) as connection:
        case = get_case(connection, number)
    if case is None:
        raise UnknownError(f"there is no change case {written!r}", ("easement change list shows them",))
    return case


def cases(
    registry: Registry, *, running: bool = True, name: str = "", after: int = 0, limit: int = 100
) -> tuple[StoredCase, ...]:
    """Cases, oldest first; ``running`` leaves out those that are over."""
    with reading(registry.engine) as connection:
        return list_cases(connection, states=tuple(RUNNING) if running else (), name=name, after=after, limit=limit)


def emergencies(registry: Registry) -> tuple[StoredCase, ...]:
    """Emergency changes that nobody has followed up yet."""
    with reading(registry.engine) as connection:
        return list_cases(connection, states=(CaseState.BREAK_GLASS,), limit=100)


def notify(registry: Registry, written: str, actor: Actor) -> StoredCase:
    """Tell everybody affected; the notice period begins. Raises :class:`PolicyError`, :class:`NotAllowedError`."""

    def doing(case: StoredCase, stage: Stage) -> Outcome:
        _require_provider(stage.estate, case, actor)
        met = {CaseGuard.REASON_GIVEN} | (set() if case.emergency else {CaseGuard.PLANNED})
        now = registry.now()
        state = advanced(case, CaseEvent.NOTIFY, met)
        changed = {"state": state, "noticed": now, "sunset": max(case.sunset or now, now + _period(case, stage))}
        return Outcome(changed=changed, event=NoticeEvent.ANNOUNCED)

    return act_on(registry, written, actor.name, "change.noticed", doing)


def start(registry: Registry, written: str, actor: Actor) -> StoredCase:
    """Begin the transition: both versions are served, the old one says that it is deprecated.

    Consumers can move only from now on, so the period counts from now where that is later than what they were told.
    """

    def doing(case: StoredCase, stage: Stage) -> Outcome:
        _require_provider(stage.estate, case, actor)
        if case.kind != "Interface":
            raise PolicyError(f"{case.id} is about a contract: it ends when the new revision is approved")
        served = not case.successor or ("Interface", case.successor) in stage.snapshot.enforced
        state = advanced(case, CaseEvent.START, {CaseGuard.SUCCESSOR_SERVED} if served else set())
        now = registry.now()
        changed = {"state": state, "started": now, "sunset": max(case.sunset or now, now + _period(case, stage))}
        return Outcome(changed=changed, event=NoticeEvent.STARTED)

    return act_on(registry, written, actor.name, "change.started", doing)


def close(
    registry: Registry, written: str, actor: Actor, *, cut: Iterable[str] = (), follow_up: str = ""
) -> StoredCase:
    """End a case: the old version is served no longer, or the emergency is followed up.

    ``cut`` names the integrations that are cut off although they still use the old version.
    """
    named = frozenset(cut)

    def doing(case: StoredCase, stage: Stage) -> Outcome:
        _require_provider(stage.estate, case, actor)
        if case.state == CaseState.BREAK_GLASS:
            met = {CaseGuard.FOLLOW_UP} if follow_up.strip() else set()
            changed = {"state": advanced(case, CaseEvent.CLOSE, met), "follow_up": follow_up, "closed": registry.now()}
            return Outcome(changed=changed, event=NoticeEvent.EMERGENCY_CLOSED, detail={"follow_up": follow_up})
        left = remaining(case, stage.estate)
        met = _guards_of_the_end(case, left, registry.now())
        if {party.integration for party in left} <= named:
            met.add(CaseGuard.CUT_NAMED)
        state = advanced(case, CaseEvent.CLOSE, met)
        changed = {"state": state, "closed": registry.now(), "follow_up": follow_up}
        return Outcome(changed=changed, event=NoticeEvent.OVER, detail={"cut": tuple(sorted(named))})

    return act_on(registry, written, actor.name, "change.closed", doing)


def withdraw(registry: Registry, written: str, actor: Actor, reason: str) -> StoredCase:
    """Give the change up; what was deprecated for it is served as before."""

    def doing(case: StoredCase, stage: Stage) -> Outcome:
        _require_provider(stage.estate, case, actor)
        state = advanced(case, CaseEvent.WITHDRAW, {CaseGuard.REASON_GIVEN} if reason.strip() else set())
        event = NoticeEvent.WITHDRAWN if case.state in TOLD else None
        changed = {"state": state, "closed": registry.now(), "follow_up": reason}
        return Outcome(changed=changed, event=event, detail={"reason": reason})

    return act_on(registry, written, actor.name, "change.withdrawn", doing)


def confirm(registry: Registry, written: str, actor: Actor) -> StoredCase:
    """The second person of an emergency. Its revision may be enforced until the window ends; everybody is alerted."""

    def doing(case: StoredCase, _stage: Stage) -> Outcome:
        if not actor.roles & CONFIRMERS:
            raise NotAllowedError(f"an emergency is confirmed by one of the roles {', '.join(sorted(CONFIRMERS))}")
        met = {CaseGuard.EMERGENCY} if case.emergency else set()
        if actor.name != case.opened_by:
            met.add(CaseGuard.TWO_PEOPLE)
        if case.reason.strip():
            met.add(CaseGuard.REASON_GIVEN)
        if case.permitted_until is not None and registry.now() < case.permitted_until:
            met.add(CaseGuard.WINDOW_SET)
        changed = {"state": advanced(case, CaseEvent.BREAK_GLASS, met), "confirmed_by": actor.name}
        return Outcome(changed=changed, event=NoticeEvent.EMERGENCY, detail={"asked_by": case.opened_by})

    confirmed = act_on(registry, written, actor.name, "change.break-glass", doing)
    _log.warning("change.break_glass", case=confirmed.id, subject=confirmed.subject, asked_by=confirmed.opened_by,
                 confirmed_by=actor.name)  # fmt: skip
    return confirmed


def acknowledge(
    registry: Registry, written: str, integration: str, actor: Actor, until: date | None = None
) -> StoredCase:
    """A consumer knows (of a narrowed contract: agrees), and needs the old version up to and including ``until``."""
    last = datetime.combine(until, time(23, 59, 59), UTC) if until else None

    def answer(case: StoredCase, _stage: Stage, party: StoredParty) -> StoredParty:
        if last is None:
            return replace(party, answer=ACKNOWLEDGED, until=None)
        if last < registry.now():
            raise PolicyError(f"{until} is over", ("name a day that is still to come",))
        latest = _latest(case)
        if latest is not None and last > latest:
            raise PolicyError(
                f"{until} is too late: the old version is kept until {latest.date()} at most",
                ("that is the planned end and once more the notice period; talk to the provider",),
            )
        return replace(party, answer=ACKNOWLEDGED, until=last)

    return _answer(registry, (written, integration), actor, "change.acknowledged", answer)


def not_affected(registry: Registry, written: str, integration: str, actor: Actor, reason: str) -> StoredCase:
    """A consumer says that the change does not reach it, and why."""
    if not reason.strip():
        raise PolicyError("a reason is needed", ("say why the change does not reach you; it goes on the record",))

    def answer(_case: StoredCase, _stage: Stage, party: StoredParty) -> StoredParty:
        return replace(party, answer=NOT_AFFECTED, until=None, reason=reason)

    return _answer(registry, (written, integration), actor, "change.not-affected", answer)


def migrate(registry: Registry, written: str, integration: str, actor: Actor) -> StoredCase:
    """A consumer has moved. Refused while its approved contract still uses the old version."""

    def answer(case: StoredCase, stage: Stage, party: StoredParty) -> StoredParty:
        if uses_old(case, stage.estate, integration):
            raise PolicyError(
                f"the approved contract of {integration} still uses {case.name}",
                (f"apply it with the new version in spec.interface ({case.successor or 'or retire it'})",),
            )
        return replace(party, answer=MIGRATED, until=None)

    return _answer(registry, (written, integration), actor, "change.migrated", answer)


def uses_old(case: StoredCase, estate: Estate, integration: str) -> bool:
    """Whether an integration flows and its approved contract uses what the case is about."""
    document, registration = estate.integrations.get(integration), estate.registrations.get(integration)
    if document is None or registration is None or registration.state not in ENFORCED_STATES:
        return False
    return interface_used(estate, document) == case.name


def remaining(case: StoredCase, estate: Estate) -> tuple[StoredParty, ...]:
    """The consumers that still use the old version."""
    return tuple(party for party in case.parties if uses_old(case, estate, party.integration))


def is_unexpired(case: StoredCase, party: StoredParty, now: datetime) -> bool:
    """Whether the time of a consumer that still uses the old version has not run out yet."""
    if party.answer in {NOT_AFFECTED, MIGRATED}:
        return False
    deadline = max(filter(None, (case.sunset, party.until)), default=None)
    return deadline is None or now < deadline


def guards_of_readiness(case: StoredCase, estate: Estate, now: datetime) -> set[CaseGuard]:
    """Which guards of the end hold now."""
    return _guards_of_the_end(case, remaining(case, estate), now)


def advanced(case: StoredCase, event: CaseEvent, met: set[CaseGuard]) -> CaseState:
    """The state after ``event``. Raises :class:`PolicyError` with every unmet guard in words."""
    try:
        return advance_case(CaseState(case.state), event, met)
    except CaseRefusedError as refusal:
        raise PolicyError(f"change case {case.id} is {case.state}: {event} is not possible", refusal.reasons) from None


def act_on(registry: Registry, written: str, person: str, action: str, doing: Doing) -> StoredCase:
    """One step of a case: what ``doing`` says, its notices and its record, in one transaction."""
    number = case_of(registry, written).number
    act = Act(person=person, now=registry.now())

    def prepare(snapshot: Snapshot) -> Stage:
        return stage_of(snapshot)

    def commit(connection: Connection, _snapshot: Snapshot, stage: Stage) -> StoredCase:
        case = get_case(connection, number)
        if case is None:
            raise UnknownError(f"there is no change case {written!r}")
        outcome = doing(case, stage)
        after = change_case(connection, case, **outcome.changed)
        for party in outcome.parties:
            after = put_party(connection, after, party)
        notices = announce(registry, after, outcome, stage.estate, act.now)
        add_notices(connection, notices)
        move_head(connection, act.now)
        registry.record([case_record(act, after, action, before=case.state, **outcome.detail)])
        return after

    done = registry.in_turn(prepare, commit)
    _log.info("change.moved", case=done.id, action=action, state=done.state)
    return done


def stage_of(snapshot: Snapshot) -> Stage:
    """The ground of an act."""
    return Stage(snapshot=snapshot, estate=snapshot.enforced_estate().estate)


def announce(
    registry: Registry, case: StoredCase, outcome: Outcome, estate: Estate, now: datetime
) -> Sequence[StoredNotice]:
    """The notices that an act causes."""
    if outcome.event is None:
        return ()
    announcement = Announcement(case=case, event=outcome.event, now=now, console=registry.console_url)
    told = [party for party in case.parties if party.answer != NOT_AFFECTED and outcome.told(party)]
    return notices_for(announcement, told, estate.teams)


def case_record(act: Act, case: StoredCase, action: str, *, before: str = "", **detail: DetailValue) -> Record:
    """The record of one step of a case."""
    record = act.record(
        step=Step.DECIDED,
        action=action,
        kind=case.kind,
        name=case.name,
        revision=case.new_revision,
        case=case.id,
        before=before,
        after=str(case.state),
    )
    return replace(record, detail={**record.detail, **detail})


def require_member(estate: Estate, team: str, actor: Actor, what: str) -> None:
    """Refuse who does not belong to a team that says who belongs to it."""
    found = estate.teams.get(team)
    members = found.spec.members if found else ()
    if members and actor.name not in members:
        raise NotAllowedError(f"{what} is for team {team}, and {actor.name} is not a member of it")


def provider_team(estate: Estate, kind: str, name: str) -> str:
    """The team that answers for what changes."""
    if kind == "Integration":
        document = estate.integrations.get(name)
        return document.metadata.owner if document else ""
    interface = estate.interfaces.get(name)
    return interface.metadata.owner if interface else ""


def party_of(estate: Estate, integration: str, hits: Sequence[Any] = ()) -> StoredParty:
    """A consumer of a contract, as a party that has not answered."""
    document = estate.integrations[integration]
    return StoredParty(
        integration=integration,
        consumer=consumer_of(estate, document),
        team=consumer_team(estate, document),
        criticality=str(document.spec.sla.criticality),
        hits=tuple(hits),
    )


def _answer(
    registry: Registry,
    party: tuple[str, str],
    actor: Actor,
    action: str,
    answer: Callable[[StoredCase, Stage, StoredParty], StoredParty],
) -> StoredCase:
    written, integration = party

    def doing(case: StoredCase, stage: Stage) -> Outcome:
        found = case.party(integration)
        if found is None:
            raise UnknownError(f"integration {integration!r} is not affected by {case.id}")
        if case.state not in TOLD:
            raise PolicyError(f"change case {case.id} is {case.state}: nobody is asked")
        _require_consumer(stage.estate, case, found, actor)
        answered = replace(answer(case, stage, found), person=actor.name, answered=registry.now())
        detail: dict[str, DetailValue] = {"integration": integration, "consumer": found.consumer}
        if answered.until is not None:
            detail["until"] = answered.until.date().isoformat()
        if answered.reason:
            detail["reason"] = answered.reason
        return Outcome(parties=[answered], detail=detail)

    return act_on(registry, written, actor.name, action, doing)


def _require_provider(estate: Estate, case: StoredCase, actor: Actor) -> None:
    if not actor.roles & _OVERSEERS:
        require_member(estate, provider_team(estate, case.kind, case.name), actor, f"change case {case.id}")


def _require_consumer(estate: Estate, case: StoredCase, party: StoredParty, actor: Actor) -> None:
    team = estate.teams.get(party.team)
    if team is not None and team.spec.members:
        require_member(estate, party.team, actor, f"the answer for {party.integration}")
    elif actor.name == case.opened_by:
        raise NotAllowedError(f"{actor.name} opened {case.id}: somebody else answers for {party.integration}")


def _guards_of_the_end(case: StoredCase, left: Sequence[StoredParty], now: datetime) -> set[CaseGuard]:
    met: set[CaseGuard] = set()
    if case.sunset is not None and now >= case.sunset:
        met.add(CaseGuard.NOTICE_RUN)
    if not any(is_unexpired(case, party, now) for party in left):
        met.add(CaseGuard.NOBODY_UNEXPIRED)
    return met


def _latest(case: StoredCase) -> datetime | None:
    if case.sunset is None or case.noticed is None:
        return None
    return case.sunset + max(case.sunset - case.noticed, timedelta(0))


def _period(case: StoredCase, stage: Stage) -> timedelta:
    return notice_period(stage.estate, case.name, [party.integration for party in case.parties]).as_timedelta()
