"""How long consumers are told: by the most critical of them, never shorter for more critical ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.contract.kinds import Criticality
from easement.standards.notice import BASELINE_NOTICE, NO_NOTICE, notice_period, notice_periods


@pytest.mark.parametrize(("criticality", "days"), [("low", 14), ("medium", 30), ("high", 90), ("vital", 180)])
def test_the_baseline_has_a_period_for_each_criticality(world: Any, criticality: str, days: int) -> None:
    world.set("integration/reads", "/spec/sla/criticality", criticality)
    assert notice_period(world.estate(), "store-api@1", ["reads"]).as_timedelta().days == days


def test_the_most_critical_consumer_decides(world: Any) -> None:
    world.set("integration/told", "/spec/sla/criticality", "vital")
    assert notice_period(world.estate(), "store-api@1", ["reads", "told"]) == BASELINE_NOTICE[Criticality.VITAL]


def test_nobody_affected_needs_no_notice(world: Any) -> None:
    assert notice_period(world.estate(), "store-api@1", []) == NO_NOTICE


def test_a_consumer_that_nobody_knows_counts_as_vital(world: Any) -> None:
    assert notice_period(world.estate(), "store-api@1", ["ghost"]).as_timedelta().days == 180


def test_the_longest_of_the_standards_counts(world: Any) -> None:
    world.add("Standard", "one", notice={"medium": "10d"})
    world.add("Standard", "two", notice={"medium": "45d"})
    assert notice_period(world.estate(), "store-api@1", ["reads"]).as_timedelta().days == 45


def test_a_standard_for_something_else_does_not_count(world: Any) -> None:
    world.add("Standard", "one", notice={"medium": "45d"}, select={"owners": ["others"]})
    assert notice_period(world.estate(), "store-api@1", ["reads"]).as_timedelta().days == 30
    assert notice_period(world.estate(), "ghost-api@1", ["reads"]).as_timedelta().days == 45


@given(
    days=st.dictionaries(st.sampled_from(list(Criticality)), st.integers(0, 400), max_size=4),
    low=st.sampled_from(list(Criticality)),
    high=st.sampled_from(list(Criticality)),
)
def test_more_critical_is_never_told_later(
    world_factory: Any, days: dict[Criticality, int], low: Criticality, high: Criticality
) -> None:
    low, high = sorted((low, high), key=lambda it: it.rank)
    world = world_factory()
    world.add("Standard", "one", notice={key.value: f"P{number}D" for key, number in days.items()})
    world.set("integration/reads", "/spec/sla/criticality", low.value)
    world.set("integration/told", "/spec/sla/criticality", high.value)
    estate = world.estate()
    assert notice_period(estate, "store-api@1", ["reads"]) <= notice_period(estate, "store-api@1", ["told"])
    assert set(notice_periods(estate, "store-api")) == set(Criticality)
