"""The life of an interface version: every step of the table, and what stands against each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.estate.interface_lifecycle import (
    ACTIVE,
    MOVES,
    InterfaceStanding,
    InterfaceState,
    objections,
    standing_after,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=90)
DEPRECATED = InterfaceStanding(state=InterfaceState.DEPRECATED, deprecated=NOW, sunset=LATER, successor="api@2")
OTHERS = {"api@1": DEPRECATED, "api@2": ACTIVE}


def against(after: InterfaceStanding, *, now: InterfaceStanding = DEPRECATED, at: datetime = LATER, **more: object):
    return list(objections("api@1", now, after, at=at, **{"users": (), "others": OTHERS, **more}))  # type: ignore[arg-type]


def test_a_deprecation_keeps_its_beginning_while_the_rest_changes() -> None:
    first = standing_after(ACTIVE, InterfaceState.DEPRECATED, at=NOW, sunset=LATER, link="https://a.example")
    assert first == InterfaceStanding(
        state=InterfaceState.DEPRECATED, deprecated=NOW, sunset=LATER, link="https://a.example"
    )
    put_off = standing_after(first, InterfaceState.DEPRECATED, at=LATER, sunset=LATER + timedelta(days=1))
    assert (put_off.deprecated, put_off.sunset, put_off.link) == (NOW, LATER + timedelta(days=1), first.link)
    assert standing_after(put_off, InterfaceState.ACTIVE, at=LATER) == ACTIVE


def test_it_ends_at_its_sunset_when_nobody_flows_on_it() -> None:
    gone = standing_after(DEPRECATED, InterfaceState.GONE, at=LATER)
    assert against(gone) == []
    assert "callers were told so" in against(gone, at=LATER - timedelta(seconds=1))[0]
    assert against(gone, users={"b", "a"}) == ["a, b still flows on it: move it to api@2 first"]


def test_an_active_version_cannot_vanish_without_notice() -> None:
    gone = standing_after(ACTIVE, InterfaceState.GONE, at=NOW)
    assert against(gone, now=ACTIVE) == ["interface api@1 is active: it cannot become gone"]


def test_a_version_that_is_gone_can_come_back_as_deprecated_only() -> None:
    gone = standing_after(DEPRECATED, InterfaceState.GONE, at=LATER)
    assert against(standing_after(gone, InterfaceState.DEPRECATED, at=LATER), now=gone) == []
    assert against(ACTIVE, now=gone) == ["interface api@1 is gone: it cannot become active"]


def test_a_sunset_before_the_deprecation_is_refused() -> None:
    wrong = standing_after(DEPRECATED, InterfaceState.DEPRECATED, at=NOW, sunset=NOW - timedelta(days=1))
    assert "RFC 9745" in against(wrong)[0]


@pytest.mark.parametrize(
    ("successor", "says"),
    [("api@1", "own successor"), ("api@9", "not enforced"), ("api@3", "gone itself"), ("api@4", "deprecated itself")],
)
def test_a_successor_must_be_there_to_move_to(successor: str, says: str) -> None:
    gone = InterfaceStanding(state=InterfaceState.GONE, deprecated=NOW, sunset=NOW)
    others = {**OTHERS, "api@3": gone, "api@4": DEPRECATED}
    after = standing_after(ACTIVE, InterfaceState.DEPRECATED, at=NOW, successor=successor)
    assert [sentence for sentence in against(after, now=ACTIVE, others=others) if says in sentence]


@given(st.lists(st.sampled_from(InterfaceState), max_size=12))
def test_whatever_is_asked_only_moves_of_the_table_happen_and_nothing_ends_without_notice(
    asked: list[InterfaceState],
) -> None:
    standing, at = ACTIVE, NOW
    for state in asked:
        at += timedelta(days=100)
        after = standing_after(standing, state, at=at)
        found = list(objections("api@1", standing, after, at=at, users=(), others={}))
        assert bool(found) == (state not in MOVES[standing.state])
        if found:
            continue
        if state is InterfaceState.GONE:
            assert standing.deprecated is not None
        standing = after
        assert (standing == ACTIVE) == (standing.state is InterfaceState.ACTIVE)
