"""The calendar: due steps happen once, refused ones wait, crashed ones are relieved, jumping clocks move nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from easement.estate.interface_lifecycle import InterfaceState
from easement.estate.lifecycle import LifecycleEvent
from easement.estate.model import LifecycleState
from easement.governance.apply import apply
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.interface_lifecycle import interface_standings, set_interface_state
from easement.governance.lifecycle import move
from easement.governance.registry import Actor, Registry
from easement.governance.scheduled import (
    ABANDONED,
    RETRY,
    ClockWatch,
    ScheduledEvent,
    calendar,
    cancel,
    run_due,
    schedule,
)
from easement.testing.small_estate import INTEGRATION, small_bundle

SUBJECT = f"integration/{INTEGRATION}"
OPS = Actor(name="ops", roles=frozenset({"operator"}))


@pytest.fixture
def live(registry: Registry) -> Registry:
    apply(registry, small_bundle(), "ana")
    return registry


def plan_ahead(registry: Registry, event: ScheduledEvent, subject: str = SUBJECT, days: float = 1) -> str:
    due = registry.now() + timedelta(days=days)
    return schedule(registry, subject, event, due, person="ops", reason="agreed").id


def test_a_step_happens_when_it_is_due_and_once(live: Registry, clock: Any, records: Any):
    plan_ahead(live, ScheduledEvent.DEPRECATE)
    assert run_due(live) == 0
    clock.pass_(days=1)
    assert run_due(live) == 1
    assert live.snapshot().state(INTEGRATION) is LifecycleState.DEPRECATED
    assert run_due(live) == 0
    assert calendar(live) == ()
    assert [done.state for done in calendar(live, only_open=False)] == ["done"]
    actions = records.actions()
    assert actions.count("schedule.scheduled") == actions.count("schedule.done") == 1
    record = next(each for each in records.kept if each.message_type == "lifecycle.deprecated")
    assert "agreed (scheduled 2026-03-01 for 2026-03-02" in record.detail["reason"]
    assert record.account == "ops"


def test_a_refused_step_rests_says_why_and_comes_again(live: Registry, clock: Any, records: Any):
    plan_ahead(live, ScheduledEvent.RETIRE)
    clock.pass_(days=1)
    assert run_due(live) == 0
    (waiting,) = calendar(live)
    assert (waiting.attempts, waiting.state) == (1, "waiting")
    assert "retire is not possible" in waiting.said
    assert run_due(live) == 0
    assert calendar(live)[0].attempts == 1
    clock.pass_(seconds=RETRY.total_seconds())
    run_due(live)
    assert calendar(live)[0].attempts == 2
    assert records.actions().count("schedule.refused") == 1
    move(live, INTEGRATION, LifecycleEvent.DEPRECATE, OPS, "not needed")
    clock.pass_(seconds=RETRY.total_seconds())
    assert run_due(live) == 1
    assert live.snapshot().state(INTEGRATION) is LifecycleState.RETIRED


def test_a_sunset_waits_for_the_last_consumer(live: Registry, clock: Any):
    with pytest.raises(PolicyError, match="is active"):
        plan_ahead(live, ScheduledEvent.SUNSET, "interface/stock-api")
    sunset = clock.now + timedelta(days=1)
    set_interface_state(live, "stock-api@1", InterfaceState.DEPRECATED, "ops", "old", sunset=sunset)
    plan_ahead(live, ScheduledEvent.SUNSET, "interface/stock-api")
    clock.pass_(days=2)
    assert run_due(live) == 0
    assert f"{INTEGRATION} still flows on it" in calendar(live)[0].said
    for event in (LifecycleEvent.DEPRECATE, LifecycleEvent.RETIRE):
        move(live, INTEGRATION, event, OPS, "moved on")
    clock.pass_(seconds=RETRY.total_seconds())
    assert run_due(live) == 1
    assert interface_standings(live.snapshot())["stock-api@1"].state is InterfaceState.GONE


def test_a_step_that_was_done_by_hand_is_done(live: Registry, clock: Any):
    plan_ahead(live, ScheduledEvent.DEPRECATE)
    move(live, INTEGRATION, LifecycleEvent.DEPRECATE, OPS, "sooner")
    clock.pass_(days=1)
    assert run_due(live) == 1


def test_of_several_monitors_one_acts(live: Registry, clock: Any, records: Any):
    plan_ahead(live, ScheduledEvent.DEPRECATE)
    clock.pass_(days=1)
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(run_due(replace(live)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, 1]
    assert records.actions().count("lifecycle.deprecated") == 1


def test_a_monitor_that_died_with_a_step_in_hand_is_relieved(live: Registry, clock: Any, records: Any):
    plan_ahead(live, ScheduledEvent.DEPRECATE)
    clock.pass_(days=1)
    records.broken = True
    with pytest.raises(OSError, match="full"):
        run_due(live)
    records.broken = False
    assert run_due(live) == 0
    clock.pass_(seconds=ABANDONED.total_seconds())
    assert run_due(live) == 1
    assert live.snapshot().state(INTEGRATION) is LifecycleState.DEPRECATED


def test_a_later_schedule_replaces_the_one_before_and_cancelling_ends_it(live: Registry, clock: Any):
    first = plan_ahead(live, ScheduledEvent.DEPRECATE, days=1)
    second = plan_ahead(live, ScheduledEvent.DEPRECATE, days=2)
    assert [each.id for each in calendar(live)] == [second]
    with pytest.raises(UnknownError):
        cancel(live, first, "ops", "no")
    cancel(live, second, "ops", "we keep it")
    clock.pass_(days=3)
    assert run_due(live) == 0
    assert live.snapshot().state(INTEGRATION) is LifecycleState.LIVE


@pytest.mark.parametrize("days", [0, -1, 20_000])
def test_a_time_that_is_past_or_absurd_is_refused(live: Registry, days: int):
    with pytest.raises(PolicyError, match="lie ahead"):
        plan_ahead(live, ScheduledEvent.DEPRECATE, days=days)


@pytest.mark.parametrize(
    ("subject", "event"),
    [
        ("interface/stock-api@1", ScheduledEvent.RETIRE),
        (SUBJECT, ScheduledEvent.SUNSET),
        ("system/shop", ScheduledEvent.RETIRE),
        ("integration/", ScheduledEvent.RETIRE),
    ],
)
def test_a_step_that_the_subject_does_not_have_is_refused(live: Registry, subject: str, event: ScheduledEvent):
    with pytest.raises(PolicyError):
        plan_ahead(live, event, subject)


def test_an_unknown_subject_is_refused(live: Registry):
    with pytest.raises(UnknownError):
        plan_ahead(live, ScheduledEvent.RETIRE, "integration/ghost")


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400), timedelta(minutes=3)])
def test_attack_a_clock_that_jumps_is_not_believed_until_it_has_run_steadily(jump: timedelta):
    watch, wall, steady = ClockWatch(), datetime(2026, 3, 1, tzinfo=UTC), 1000.0
    assert watch.trusts(wall, steady)
    assert watch.trusts(wall + timedelta(seconds=5), steady + 5)
    wall += jump
    assert not watch.trusts(wall + timedelta(seconds=10), steady + 10)
    assert not watch.trusts(wall + timedelta(seconds=309), steady + 309)
    assert watch.trusts(wall + timedelta(seconds=611), steady + 611)


def test_a_machine_that_slept_is_not_taken_for_a_clock_that_jumped():
    """Both clocks went on; where the steady one stood still, waiting ten minutes costs little."""
    watch, wall = ClockWatch(), datetime(2026, 3, 1, tzinfo=UTC)
    assert watch.trusts(wall, 0.0)
    assert watch.trusts(wall + timedelta(hours=8), 8 * 3600.0)
