"""The life of signing keys, for any moments at which the clockwork happens to turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from easement.identity.signing_keys import KeyRecord, KeyState, RotationPolicy, advance

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = RotationPolicy(active=timedelta(days=30), published=timedelta(hours=1), retiring=timedelta(hours=1))
TOKEN_LIFE = timedelta(minutes=5)
STEPS = st.lists(st.integers(1, 60 * 24 * 40).map(lambda minutes: timedelta(minutes=minutes)), max_size=40)


def turn(keys: tuple[KeyRecord, ...], now: datetime) -> tuple[KeyRecord, ...]:
    moved, needs_new = advance(keys, now, POLICY)
    if not needs_new:
        return moved
    signs = any(key.state is KeyState.ACTIVE for key in moved)
    state = KeyState.PUBLISHED if signs else KeyState.ACTIVE
    new = KeyRecord(kid=str(len(moved)), state=state, created=now, activated=None if signs else now)
    return (*moved, new)


@given(STEPS)
def test_exactly_one_key_signs_and_at_most_one_waits(steps: list[timedelta]) -> None:
    keys: tuple[KeyRecord, ...] = ()
    now = BEGIN
    for step in [timedelta(0), *steps]:
        now += step
        keys = turn(keys, now)
        states = [key.state for key in keys]
        assert states.count(KeyState.ACTIVE) == 1
        assert states.count(KeyState.PUBLISHED) <= 1


@given(STEPS)
def test_key_was_public_long_enough_before_its_first_token_and_stays_until_its_last_expired(
    steps: list[timedelta],
) -> None:
    keys: tuple[KeyRecord, ...] = ()
    now = BEGIN
    for step in [timedelta(0), *steps]:
        now += step
        keys = turn(keys, now)
        for number, key in enumerate(keys):
            if number and key.activated is not None:
                assert key.activated - key.created >= POLICY.published
            if key.state is KeyState.GONE:
                assert key.retired is not None
                assert now - key.retired >= TOKEN_LIFE


@given(STEPS)
def test_no_key_comes_back(steps: list[timedelta]) -> None:
    order = list(KeyState)
    keys: tuple[KeyRecord, ...] = ()
    now = BEGIN
    for step in [timedelta(0), *steps]:
        now += step
        before = {key.kid: key.state for key in keys}
        keys = turn(keys, now)
        for key in keys:
            if key.kid in before:
                assert order.index(key.state) >= order.index(before[key.kid])


@given(STEPS)
def test_turning_twice_at_once_changes_nothing(steps: list[timedelta]) -> None:
    keys: tuple[KeyRecord, ...] = ()
    now = BEGIN
    for step in [timedelta(0), *steps]:
        now += step
        keys = turn(keys, now)
        assert turn(keys, now) == keys
