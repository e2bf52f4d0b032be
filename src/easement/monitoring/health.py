"""Health of an integration in one word, with the reason as a sentence. Pure: facts and a time in, a state out.

A state is computed whenever somebody asks; only its changes are kept. The first rule that fits decides:
``no-data`` (we cannot see: our own fault until shown otherwise), ``paused``, ``new``, ``down``, ``degraded``, ``late``,
``healthy``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from easement.monitoring.expectations import Expectation
from easement.monitoring.measurements import Counts, percentile_ms

BLIND_MS: Final = 60_000
"""How old the monitor's own knowledge may be before nothing is claimed any more."""
WINDOW_MINUTES: Final = 15
RECENT_MINUTES: Final = 5
_DEFAULT_ERROR_RATE: Final = 0.05
_ENOUGH: Final = 10
_ENOUGH_TO_BE_DOWN: Final = 3


class HealthState(StrEnum):
    """The states of an integration, the same word everywhere."""

    NEW = "new"
    HEALTHY = "healthy"
    LATE = "late"
    DEGRADED = "degraded"
    DOWN = "down"
    NO_DATA = "no-data"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one integration. Times are milliseconds since the epoch; 0 means never.

    ``recent`` covers the last :data:`RECENT_MINUTES`, ``window`` the last :data:`WINDOW_MINUTES`; ``read_ms`` is when
    the monitor last read the ledger.
    """

    expectation: Expectation
    read_ms: int
    last_seen_ms: int = 0
    last_success_ms: int = 0
    recent: Counts = field(default_factory=Counts)
    window: Counts = field(default_factory=Counts)
    dead_letters: int = 0
    oldest_dead_letter_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A state and why."""

    state: HealthState
    reason: str


def evaluate(facts: Facts, now_ms: int) -> Health:
    """The state of an integration at ``now_ms``."""
    return (
        _unseen(facts, now_ms)
        or _down(facts, now_ms)
        or _degraded(facts, now_ms)
        or _late(facts, now_ms)
        or Health(state=HealthState.HEALTHY, reason=_well(facts, now_ms))
    )


def _unseen(facts: Facts, now_ms: int) -> Health | None:
    if now_ms - facts.read_ms > BLIND_MS:
        reason = "monitoring has not read the ledger yet"
        if facts.read_ms:
            reason = f"monitoring last read the ledger {_age(now_ms - facts.read_ms)} ago"
        return Health(state=HealthState.NO_DATA, reason=f"{reason}: check the ledger and monitor processes")
    if facts.expectation.paused:
        return Health(state=HealthState.PAUSED, reason="the contract is not live")
    if not facts.last_seen_ms:
        return Health(state=HealthState.NEW, reason="no traffic yet")
    return None


def _down(facts: Facts, now_ms: int) -> Health | None:
    failures = facts.recent.failed + facts.recent.dead_lettered
    if failures >= _ENOUGH_TO_BE_DOWN and not facts.recent.success:
        reason = f"all {failures} attempts of the last {RECENT_MINUTES} minutes failed"
        return Health(state=HealthState.DOWN, reason=reason)
    expectation, silence_ms = facts.expectation, now_ms - max(facts.last_success_ms, 0)
    if expectation.every_ms and facts.last_success_ms and silence_ms > expectation.every_ms + expectation.grace_ms:
        reason = f"nothing succeeded for {_age(silence_ms)}; expected every {_age(expectation.every_ms)}"
        return Health(state=HealthState.DOWN, reason=f"{reason} with {_age(expectation.grace_ms)} of grace")
    return None


def _degraded(facts: Facts, now_ms: int) -> Health | None:
    window, expectation = facts.window, facts.expectation
    allowed = 1 - expectation.availability / 100 if expectation.availability else _DEFAULT_ERROR_RATE
    if window.outcomes >= _ENOUGH and window.error_rate > allowed:
        failed = f"{window.error_rate:.1%} of {window.outcomes} attempts failed"
        return _worse(f"{failed}; {allowed * 100:.3g}% is allowed")
    for share, promised_ms in ((0.5, expectation.p50_ms), (0.95, expectation.p95_ms), (0.99, expectation.p99_ms)):
        measured_ms = percentile_ms(window.buckets, share)
        if promised_ms and measured_ms is not None and sum(window.buckets) >= _ENOUGH and measured_ms > promised_ms:
            return _worse(f"p{share * 100:.0f} latency is {measured_ms:.0f} ms; {promised_ms} ms is promised")
    if facts.dead_letters:
        age = _age(now_ms - facts.oldest_dead_letter_ms)
        letters = "1 dead letter waits" if facts.dead_letters == 1 else f"{facts.dead_letters} dead letters wait"
        return _worse(f"{letters}, the oldest for {age}")
    return None


def _worse(reason: str) -> Health:
    return Health(state=HealthState.DEGRADED, reason=reason)


def _late(facts: Facts, now_ms: int) -> Health | None:
    every_ms = facts.expectation.every_ms
    silence_ms = now_ms - facts.last_success_ms
    if every_ms and facts.last_success_ms and silence_ms > every_ms:
        reason = f"nothing succeeded for {_age(silence_ms)}; expected every {_age(every_ms)}, still within grace"
        return Health(state=HealthState.LATE, reason=reason)
    return None


def _well(facts: Facts, now_ms: int) -> str:
    if facts.window.outcomes:
        succeeded = facts.window.outcomes - facts.window.failed - facts.window.dead_lettered
        return f"{succeeded} of {facts.window.outcomes} attempts of the last {WINDOW_MINUTES} minutes succeeded"
    if facts.last_success_ms:
        return f"quiet; the last success was {_age(now_ms - facts.last_success_ms)} ago"
    return "quiet; no success yet"


def _age(milliseconds: int) -> str:
    seconds = max(0, milliseconds) // 1000
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size or (seconds >= size and unit == "min"):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
