"""What happens to change cases by itself: consumers come and go, notice runs out, the old version ends.

:func:`advance_change_cases` is called every minute, by any number of processes. It is idempotent, and it decides
nothing that a person must decide: a consumer that still uses the old version is never cut off by a clock, wherever that
clock jumps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from easement.estate.model import Estate
from easement.governance.approval import SYSTEM_ACTOR
from easement.governance.change_case_states import TOLD, CaseEvent, CaseGuard, CaseState
from easement.governance.change_cases import (
    MIGRATED,
    NOT_AFFECTED,
    Outcome,
    Stage,
    act_on,
    advanced,
    guards_of_readiness,
    party_of,
    remaining,
    stage_of,
    uses_old,
)
from easement.governance.change_gate import live_uses
from easement.governance.change_interface_states import settle_interface
from easement.governance.change_notices import NoticeEvent
from easement.governance.contract_use import RecordsInOrder, count_use
from easement.governance.errors import GovernanceError
from easement.governance.registry import Registry
from easement.store.change_cases import StoredCase, StoredParty, list_cases
from easement.store.database import reading
from easement.store.integrations import MovedError
from easement.store.notices import notices_of_case

_log = structlog.get_logger()
_REMIND_BEFORE: Final = timedelta(days=7)
_ALL: Final = 100_000
_OVER: Final = (CaseState.CLOSED, CaseState.WITHDRAWN)
_LOOK_BACK: Final = timedelta(days=7)
_TENDED: Final = (CaseState.NOTICED, CaseState.TRANSITION, CaseState.SUNSET_READY)


def advance_change_cases(registry: Registry, now: datetime, ledger: RecordsInOrder | None = None) -> int:
    """Bring every running case to where it should be at ``now``; returns how many steps were taken."""
    clocked = replace(registry, now=lambda: now)
    if ledger is not None:
        count_use(clocked, ledger)
    with reading(registry.engine) as connection:
        running = list_cases(connection, states=_TENDED, limit=_ALL)
        over = list_cases(connection, states=_OVER, since=now - _LOOK_BACK, limit=_ALL)
    for case in over:
        _settle(clocked, case)
    return sum(_tend(clocked, case) for case in running)


def _settle(registry: Registry, case: StoredCase) -> None:
    try:
        settle_interface(registry, case)
    except (GovernanceError, MovedError) as error:
        _log.error("change.interface_not_settled", case=case.id, error=str(error))


def _tend(registry: Registry, case: StoredCase) -> int:
    """One case, step by step until nothing is left to do; another process may be quicker, and that is well."""
    steps = 0
    try:
        settle_interface(registry, case)
        estate = stage_of(registry.snapshot()).estate
        while (step := _next_step(registry, case, estate)) is not None:
            action, outcome = step
            case = act_on(registry, case.id, SYSTEM_ACTOR, action, _unless_moved(case, outcome))
            settle_interface(registry, case)
            steps += 1
    except (GovernanceError, MovedError) as error:
        _log.warning("change.step_not_taken", case=case.id, error=str(error))
    return steps


def _unless_moved(seen: StoredCase, outcome: Outcome):  # type: ignore[no-untyped-def] # a Doing
    def doing(case: StoredCase, _stage: Stage) -> Outcome:
        if case.version != seen.version:
            raise MovedError(f"{case.id} was changed in the meantime")
        return outcome

    return doing


def _next_step(registry: Registry, case: StoredCase, estate: Estate) -> tuple[str, Outcome] | None:
    if case.state not in TOLD:
        return None
    if case.kind == "Integration":
        return _completed(registry, case)
    return (
        _newcomers(case, estate)
        or _movers(registry, case, estate)
        or _turn(registry, case, estate)
        or _reminders(registry, case, estate)
    )


def _completed(registry: Registry, case: StoredCase) -> tuple[str, Outcome] | None:
    entry = registry.snapshot().enforced.get(("Integration", case.name))
    if entry is None or entry.revision != case.new_revision:
        return None
    state = advanced(case, CaseEvent.COMPLETE, {CaseGuard.ENFORCED})
    return "change.closed", Outcome(changed={"state": state, "closed": registry.now()})


def _newcomers(case: StoredCase, estate: Estate) -> tuple[str, Outcome] | None:
    """Contracts that came to use the old version after the case was opened: they are told like everybody else."""
    fresh = [
        party_of(estate, use.integration, case.verdicts)
        for use in live_uses(estate, case.name)
        if case.party(use.integration) is None
    ]
    if not fresh:
        return None
    names = {party.integration for party in fresh}
    return "change.consumer-added", Outcome(
        parties=fresh,
        event=NoticeEvent.ANNOUNCED,
        told=lambda party: party.integration in names,
        detail={"integrations": tuple(sorted(names))},
    )


def _movers(registry: Registry, case: StoredCase, estate: Estate) -> tuple[str, Outcome] | None:
    """Consumers whose approved contract has left the old version: by moving, or because it ended."""
    gone = [
        replace(party, answer=MIGRATED, person=SYSTEM_ACTOR, answered=registry.now())
        for party in case.parties
        if party.answer not in {MIGRATED, NOT_AFFECTED} and not uses_old(case, estate, party.integration)
    ]
    if not gone:
        return None
    return "change.migrated", Outcome(parties=gone, detail={"integrations": tuple(party.integration for party in gone)})


def _turn(registry: Registry, case: StoredCase, estate: Estate) -> tuple[str, Outcome] | None:
    met = guards_of_readiness(case, estate, registry.now())
    is_over = {CaseGuard.NOTICE_RUN, CaseGuard.NOBODY_UNEXPIRED} <= met
    if case.state == CaseState.TRANSITION and is_over:
        return "change.sunset-ready", Outcome(changed={"state": advanced(case, CaseEvent.BECOME_READY, met)})
    if case.state == CaseState.SUNSET_READY and not is_over:
        return "change.fell-back", Outcome(changed={"state": advanced(case, CaseEvent.FALL_BACK, met)})
    if case.state == CaseState.SUNSET_READY and not remaining(case, estate):
        state = advanced(case, CaseEvent.CLOSE, met | {CaseGuard.CUT_NAMED})
        changed = {"state": state, "closed": registry.now()}
        return "change.closed", Outcome(changed=changed, event=NoticeEvent.OVER)
    return None


def _reminders(registry: Registry, case: StoredCase, estate: Estate) -> tuple[str, Outcome] | None:
    if case.sunset is None or case.noticed is None or case.sunset - registry.now() > _lead(case):
        return None
    left = _not_reminded(registry, case, remaining(case, estate))
    if not left:
        return None
    return "change.reminded", Outcome(
        event=NoticeEvent.REMINDER,
        told=lambda party: party.integration in left,
        detail={"integrations": tuple(sorted(left))},
    )


def _lead(case: StoredCase) -> timedelta:
    assert case.sunset is not None and case.noticed is not None  # noqa: S101, PT018 - the caller has looked
    return min(_REMIND_BEFORE, (case.sunset - case.noticed) / 2)


def _not_reminded(registry: Registry, case: StoredCase, parties: Iterable[StoredParty]) -> frozenset[str]:
    with reading(registry.engine) as connection:
        reminded = {
            notice.integration
            for notice in notices_of_case(connection, case.number)
            if notice.event == NoticeEvent.REMINDER
        }
    return frozenset(party.integration for party in parties if party.answer != NOT_AFFECTED) - reminded
