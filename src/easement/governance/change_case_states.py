"""The life of a change case as one table: where it may go, by which event, under which guards. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class CaseState(StrEnum):
    """Where a change case stands."""

    DRAFT = "draft"
    NOTICED = "noticed"
    TRANSITION = "transition"
    SUNSET_READY = "sunset-ready"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    BREAK_GLASS = "break-glass"


class CaseEvent(StrEnum):
    """What happens to a change case."""

    NOTIFY = "notify"
    START = "start"
    BECOME_READY = "become-ready"
    FALL_BACK = "fall-back"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    BREAK_GLASS = "break-glass"
    COMPLETE = "complete"


class CaseGuard(StrEnum):
    """A fact that must hold before an event may happen."""

    REASON_GIVEN = "reason-given"
    PLANNED = "planned"
    EMERGENCY = "emergency"
    SUCCESSOR_SERVED = "successor-served"
    NOTICE_RUN = "notice-run"
    NOBODY_UNEXPIRED = "nobody-unexpired"
    CUT_NAMED = "cut-named"
    TWO_PEOPLE = "two-people"
    WINDOW_SET = "window-set"
    FOLLOW_UP = "follow-up"
    ENFORCED = "enforced"

    @property
    def unmet(self) -> str:
        """The sentence for somebody who lacks it."""
        return _UNMET[self]


_UNMET: Final[Mapping[CaseGuard, str]] = {
    CaseGuard.REASON_GIVEN: "no reason is given: say why, it goes on the record and to everybody affected",
    CaseGuard.PLANNED: "this case is an emergency: it needs a second person, not a notice",
    CaseGuard.EMERGENCY: "this case is not an emergency: open one with easement change break-glass",
    CaseGuard.SUCCESSOR_SERVED: "the successor is not approved and enforced: consumers have nowhere to go",
    CaseGuard.NOTICE_RUN: "the notice period is still running",
    CaseGuard.NOBODY_UNEXPIRED: "a consumer still uses the old version and its time has not run out",
    CaseGuard.CUT_NAMED: "a consumer still uses the old version: name each one that is to be cut off",
    CaseGuard.TWO_PEOPLE: "whoever asked cannot confirm: an emergency takes two different people",
    CaseGuard.WINDOW_SET: "an emergency is limited in time: say for how many hours, 72 at most",
    CaseGuard.ENFORCED: "the new revision of the contract is not approved and enforced yet",
    CaseGuard.FOLLOW_UP: "an emergency is closed with a follow-up: say what was done for those affected",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTransition:
    """Where an event leads, and what must hold."""

    to: CaseState
    guards: tuple[CaseGuard, ...] = ()


class CaseRefusedError(Exception):
    """The table does not allow it, or guards are unmet. ``reasons`` are sentences."""

    def __init__(self, state: CaseState, event: CaseEvent, reasons: tuple[str, ...]) -> None:
        self.state = state
        self.event = event
        self.reasons = reasons
        super().__init__(f"cannot {event} while {state}: " + "; ".join(reasons))


_S, _E, _G = CaseState, CaseEvent, CaseGuard

CASE_TRANSITIONS: Final[Mapping[tuple[CaseState, CaseEvent], CaseTransition]] = {
    (_S.DRAFT, _E.NOTIFY): CaseTransition(to=_S.NOTICED, guards=(_G.PLANNED, _G.REASON_GIVEN)),
    (_S.DRAFT, _E.BREAK_GLASS): CaseTransition(
        to=_S.BREAK_GLASS, guards=(_G.EMERGENCY, _G.TWO_PEOPLE, _G.REASON_GIVEN, _G.WINDOW_SET)
    ),
    (_S.DRAFT, _E.WITHDRAW): CaseTransition(to=_S.WITHDRAWN, guards=(_G.REASON_GIVEN,)),
    (_S.NOTICED, _E.START): CaseTransition(to=_S.TRANSITION, guards=(_G.SUCCESSOR_SERVED,)),
    (_S.NOTICED, _E.COMPLETE): CaseTransition(to=_S.CLOSED, guards=(_G.ENFORCED,)),
    (_S.NOTICED, _E.WITHDRAW): CaseTransition(to=_S.WITHDRAWN, guards=(_G.REASON_GIVEN,)),
    (_S.TRANSITION, _E.BECOME_READY): CaseTransition(to=_S.SUNSET_READY, guards=(_G.NOTICE_RUN, _G.NOBODY_UNEXPIRED)),
    (_S.TRANSITION, _E.WITHDRAW): CaseTransition(to=_S.WITHDRAWN, guards=(_G.REASON_GIVEN,)),
    (_S.SUNSET_READY, _E.FALL_BACK): CaseTransition(to=_S.TRANSITION),
    (_S.SUNSET_READY, _E.CLOSE): CaseTransition(
        to=_S.CLOSED, guards=(_G.NOTICE_RUN, _G.NOBODY_UNEXPIRED, _G.CUT_NAMED)
    ),
    (_S.SUNSET_READY, _E.WITHDRAW): CaseTransition(to=_S.WITHDRAWN, guards=(_G.REASON_GIVEN,)),
    (_S.BREAK_GLASS, _E.CLOSE): CaseTransition(to=_S.CLOSED, guards=(_G.FOLLOW_UP,)),
}

RUNNING: Final = frozenset(
    {CaseState.DRAFT, CaseState.NOTICED, CaseState.TRANSITION, CaseState.SUNSET_READY, CaseState.BREAK_GLASS}
)
"""States of a case that is not over."""
TOLD: Final = frozenset({CaseState.NOTICED, CaseState.TRANSITION, CaseState.SUNSET_READY})
"""States in which consumers have been told and may answer."""


def allowed_case_events(state: CaseState) -> tuple[CaseEvent, ...]:
    """Events that the table has for ``state``, whether or not their guards hold now."""
    return tuple(event for (here, event) in CASE_TRANSITIONS if here is state)


def advance_case(state: CaseState, event: CaseEvent, satisfied: Collection[CaseGuard]) -> CaseState:
    """The state after ``event``. Raises :class:`CaseRefusedError` with every unmet guard in words."""
    transition = CASE_TRANSITIONS.get((state, event))
    if transition is None:
        allowed = ", ".join(allowed_case_events(state)) or "nothing: it is over"
        raise CaseRefusedError(state, event, (f"possible from here: {allowed}",))
    unmet = tuple(guard.unmet for guard in transition.guards if guard not in satisfied)
    if unmet:
        raise CaseRefusedError(state, event, unmet)
    return transition.to
