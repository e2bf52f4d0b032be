"""The lifecycle never leaves its table, whatever is asked in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from easement.estate.lifecycle import (
    ENFORCED_STATES,
    INITIAL_STATE,
    TRANSITIONS,
    Guard,
    LifecycleEvent,
    TransitionRefusedError,
    advance,
    allowed_events,
    unmet_guards,
)
from easement.estate.model import LifecycleState

ORDER = list(LifecycleState)


class LifecycleMachine(RuleBasedStateMachine):
    """Asks for any event with any guards satisfied, and remembers what has happened."""

    def __init__(self) -> None:
        super().__init__()
        self.state = INITIAL_STATE
        self.refusals: list[tuple[str, ...]] = []
        self.happened: list[tuple[LifecycleEvent, frozenset[Guard]]] = []

    @rule(event=st.sampled_from(LifecycleEvent), satisfied=st.frozensets(st.sampled_from(Guard)))
    def ask(self, event: LifecycleEvent, satisfied: frozenset[Guard]) -> None:
        before = self.state
        try:
            self.state = advance(before, event, satisfied)
        except TransitionRefusedError as refused:
            self.refusals.append(refused.reasons)
            return
        assert set(TRANSITIONS[before, event].guards) <= satisfied
        self.happened.append((event, satisfied))

    @rule(event=st.sampled_from(LifecycleEvent))
    def ask_with_everything(self, event: LifecycleEvent) -> None:
        self.ask(event, frozenset(Guard))

    @invariant()
    def what_flows_was_approved(self) -> None:
        if self.state in ENFORCED_STATES:
            events = [event for event, _ in self.happened]
            assert events.index(LifecycleEvent.APPROVE) < events.index(LifecycleEvent.GO_LIVE)
            assert Guard.REVISION_APPROVED in dict(self.happened)[LifecycleEvent.GO_LIVE]

    @invariant()
    def every_refusal_has_reasons(self) -> None:
        assert all(reasons and all(reasons) for reasons in self.refusals)

    @invariant()
    def retired_is_the_end(self) -> None:
        if self.state is LifecycleState.RETIRED:
            assert allowed_events(self.state) == ()

    @invariant()
    def only_a_reinstatement_goes_back(self) -> None:
        if self.happened and self.happened[-1][0] is LifecycleEvent.REINSTATE:
            assert self.state is LifecycleState.LIVE


TestLifecycleMachine = LifecycleMachine.TestCase
TestLifecycleMachine.settings = settings(max_examples=200, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("state", LifecycleState)
@pytest.mark.parametrize("event", LifecycleEvent)
def test_off_the_table_is_refused_with_what_is_possible(state: LifecycleState, event: LifecycleEvent) -> None:
    if (state, event) in TRANSITIONS:
        return
    with pytest.raises(TransitionRefusedError, match="possible from here"):
        advance(state, event, frozenset(Guard))


@pytest.mark.parametrize(("state", "event"), TRANSITIONS)
def test_each_guard_is_needed(state: LifecycleState, event: LifecycleEvent) -> None:
    for guard in TRANSITIONS[state, event].guards:
        lacking = frozenset(Guard) - {guard}
        assert unmet_guards(state, event, lacking) == (guard,)
        with pytest.raises(TransitionRefusedError) as caught:
            advance(state, event, lacking)
        assert caught.value.reasons == (guard.unmet,)


def test_nothing_goes_live_that_was_not_built_and_every_state_can_be_reached() -> None:
    assert {state for state, _ in TRANSITIONS} | {it.to for it in TRANSITIONS.values()} == set(ORDER)
    into_live = {state for (state, _), it in TRANSITIONS.items() if it.to is LifecycleState.LIVE}
    assert into_live == {LifecycleState.BUILD, LifecycleState.DEPRECATED}
