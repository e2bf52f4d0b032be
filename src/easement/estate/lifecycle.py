"""The lifecycle of an integration as one table: where it may go, by which event, under which guards.

* Only :data:`TRANSITIONS` moves a state; what is not in the table is refused.
* A guard is a named fact that the caller establishes; the table names which ones an event needs, and a missing one is
  a reason in words. Nothing here knows how a fact is established.
* ``live`` and ``deprecated`` integrations are enforced and flow; all others do not exist for gateway and broker.
* A changed document of a live integration does not leave ``live``: its approved revision stays enforced meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from easement.estate.model import LifecycleState


class LifecycleEvent(StrEnum):
    """What people ask for."""

    APPROVE = "approve"
    GO_LIVE = "go-live"
    DEPRECATE = "deprecate"
    REINSTATE = "reinstate"
    RETIRE = "retire"
    WITHDRAW = "withdraw"


class Guard(StrEnum):
    """A fact that must hold before an event may happen."""

    REVISION_APPROVED = "revision-approved"
    NOTHING_BLOCKS_REVIEW = "nothing-blocks-review"
    NOTHING_BLOCKS_LIVE = "nothing-blocks-live"
    REASON_GIVEN = "reason-given"
    NOTICE_OVER = "notice-over"
    GATE_PASSED = "gate-passed"

    @property
    def unmet(self) -> str:
        """The sentence for somebody who lacks it."""
        return _UNMET[self]


_UNMET: Final[Mapping[Guard, str]] = {
    Guard.REVISION_APPROVED: "the revision is not approved: ask for a review",
    Guard.NOTHING_BLOCKS_REVIEW: "a finding blocks the review: fix it, or get a waiver",
    Guard.NOTHING_BLOCKS_LIVE: "a finding blocks going live: fix it, or get a waiver",
    Guard.REASON_GIVEN: "no reason is given: say why, it goes on the record",
    Guard.NOTICE_OVER: "the notice period is still running",
    Guard.GATE_PASSED: "the go-live gate is not passed: easement onboarding shows what is missing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Where an event leads, and what must hold."""

    to: LifecycleState
    guards: tuple[Guard, ...] = ()


class TransitionRefusedError(Exception):
    """The table does not allow it, or guards are unmet. ``reasons`` are sentences for the person who asked."""

    def __init__(self, state: LifecycleState, event: LifecycleEvent, reasons: tuple[str, ...]) -> None:
        self.state = state
        self.event = event
        self.reasons = reasons
        super().__init__(f"cannot {event} while {state}: " + "; ".join(reasons))


_S, _E, _G = LifecycleState, LifecycleEvent, Guard

TRANSITIONS: Final[Mapping[tuple[LifecycleState, LifecycleEvent], Transition]] = {
    (_S.DESIGN, _E.APPROVE): Transition(to=_S.BUILD, guards=(_G.REVISION_APPROVED, _G.NOTHING_BLOCKS_REVIEW)),
    (_S.DESIGN, _E.WITHDRAW): Transition(to=_S.RETIRED, guards=(_G.REASON_GIVEN,)),
    (_S.BUILD, _E.GO_LIVE): Transition(
        to=_S.LIVE, guards=(_G.REVISION_APPROVED, _G.NOTHING_BLOCKS_REVIEW, _G.NOTHING_BLOCKS_LIVE, _G.GATE_PASSED)
    ),
    (_S.BUILD, _E.WITHDRAW): Transition(to=_S.RETIRED, guards=(_G.REASON_GIVEN,)),
    (_S.LIVE, _E.DEPRECATE): Transition(to=_S.DEPRECATED, guards=(_G.REASON_GIVEN,)),
    (_S.DEPRECATED, _E.REINSTATE): Transition(
        to=_S.LIVE, guards=(_G.REVISION_APPROVED, _G.NOTHING_BLOCKS_LIVE, _G.REASON_GIVEN)
    ),
    (_S.DEPRECATED, _E.RETIRE): Transition(to=_S.RETIRED, guards=(_G.NOTICE_OVER, _G.REASON_GIVEN)),
}

INITIAL_STATE: Final = LifecycleState.DESIGN
ENFORCED_STATES: Final = frozenset({LifecycleState.LIVE, LifecycleState.DEPRECATED})


def allowed_events(state: LifecycleState) -> tuple[LifecycleEvent, ...]:
    """Events that the table has for ``state``, whether or not their guards hold now."""
    return tuple(event for (here, event) in TRANSITIONS if here is state)


def unmet_guards(state: LifecycleState, event: LifecycleEvent, satisfied: Collection[Guard]) -> tuple[Guard, ...]:
    """Guards of the transition that are not in ``satisfied``. Raises ``TransitionRefusedError`` off the table."""
    transition = TRANSITIONS.get((state, event))
    if transition is None:
        allowed = ", ".join(allowed_events(state)) or "nothing: it is over, its id is never reused"
        raise TransitionRefusedError(state, event, (f"possible from here: {allowed}",))
    return tuple(guard for guard in transition.guards if guard not in satisfied)


def advance(state: LifecycleState, event: LifecycleEvent, satisfied: Collection[Guard]) -> LifecycleState:
    """The state after ``event``. Raises ``TransitionRefusedError`` with every unmet guard in words."""
    unmet = unmet_guards(state, event, satisfied)
    if unmet:
        raise TransitionRefusedError(state, event, tuple(guard.unmet for guard in unmet))
    return TRANSITIONS[state, event].to
