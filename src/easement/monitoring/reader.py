"""Health and series of integrations, for the API and the console. Reads only; usable from several threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from easement.monitoring.expectations import Expectation, read_expectations
from easement.monitoring.health import RECENT_MINUTES, WINDOW_MINUTES, Facts, Health, HealthState, evaluate
from easement.monitoring.measurements import BUCKETS_MS, MINUTE_MS, Counts, percentile_ms
from easement.monitoring.roll_up_store import RollUpStore, Seen, Transition, reading_roll_ups

SERIES_MINUTES: Final = 60
HISTOGRAM_BOUNDS_MS: Final = BUCKETS_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationHealth:
    """One integration as a page shows it. Latencies are seconds, over the last 15 minutes; None without traffic.

    ``histogram`` has a count for each bound of :data:`HISTOGRAM_BOUNDS_MS` and one more for what is slower. ``series``
    is outcomes a minute over the last hour, oldest first. ``last_success_age_s`` is None before the first success.
    """

    name: str
    title: str
    source: str
    target: str
    owner: str
    criticality: str
    state: HealthState
    reason: str
    since_ms: int
    per_minute: float
    error_rate: float
    p50_s: float | None
    p95_s: float | None
    histogram: tuple[int, ...]
    refused: int
    dead_letters: int
    last_success_age_s: float | None
    series: tuple[int, ...]


class MonitoringReader:
    """Reads the monitor's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def integration_health(self, now: datetime) -> list[IntegrationHealth]:
        """Every registered integration, the worst first, then by name."""
        now_ms = _ms(now)
        expectations = read_expectations(self._folder)
        with reading_roll_ups(self._folder) as store:
            facts = gather(store, expectations.values(), now_ms)
            minutes = store.minutes(*_hour(now_ms)) if store else {}
            since = {name: store.last_transition(name) for name in expectations} if store else {}
        found = [_view(each, minutes.get(each.expectation.integration, {}), since, now_ms) for each in facts]
        order = list(_WORST_FIRST)
        return sorted(found, key=lambda each: (order.index(each.state), each.name))

    def series(self, integration: str, now: datetime, minutes: int = SERIES_MINUTES) -> list[Counts]:
        """The counts of each of the last ``minutes`` minutes, oldest first."""
        last = _ms(now) // MINUTE_MS
        with reading_roll_ups(self._folder) as store:
            held = store.minutes(last - minutes + 1, last, integration).get(integration, {}) if store else {}
        return [held.get(minute, Counts()) for minute in range(last - minutes + 1, last + 1)]

    def refused(self, now: datetime, minutes: int = SERIES_MINUTES) -> int:
        """Refused attempts of the last ``minutes`` minutes, those of strangers included."""
        last = _ms(now) // MINUTE_MS
        with reading_roll_ups(self._folder) as store:
            held = store.minutes(last - minutes + 1, last) if store else {}
        return sum(counts.refused for by_minute in held.values() for counts in by_minute.values())

    def accounts_in_several_places(self, now: datetime) -> dict[str, tuple[str, ...]]:
        """The source addresses of each account that was let in from more than one within the last hour."""
        with reading_roll_ups(self._folder) as store:
            return store.addresses(_ms(now) - SERIES_MINUTES * MINUTE_MS) if store else {}

    def transitions(self, integration: str = "", *, limit: int = 100, alerts_only: bool = False) -> list[Transition]:
        """Changes of state, newest first."""
        with reading_roll_ups(self._folder) as store:
            return store.transitions(integration, limit=limit, alerts_only=alerts_only) if store else []


_WORST_FIRST: Final = (
    HealthState.DOWN, HealthState.DEGRADED, HealthState.LATE, HealthState.NO_DATA, HealthState.NEW,
    HealthState.HEALTHY, HealthState.PAUSED,
)  # fmt: skip


def gather(store: RollUpStore | None, expectations: Iterable[Expectation], now_ms: int) -> list[Facts]:
    """The facts of each expected integration."""
    if store is None:
        return [Facts(expectation=expectation, read_ms=0) for expectation in expectations]
    last = now_ms // MINUTE_MS
    minutes = store.minutes(last - WINDOW_MINUTES + 1, last)
    seen, letters, read_ms = store.seen(), store.dead_letters(), store.read_ms()
    facts = []
    for expectation in expectations:
        name = expectation.integration
        here = minutes.get(name, {})
        count, oldest = letters.get(name, (0, 0))
        facts.append(
            Facts(
                expectation=expectation,
                read_ms=read_ms,
                last_seen_ms=seen.get(name, Seen()).last_seen_ms,
                last_success_ms=seen.get(name, Seen()).last_success_ms,
                recent=_sum(counts for minute, counts in here.items() if minute > last - RECENT_MINUTES),
                window=_sum(here.values()),
                dead_letters=count,
                oldest_dead_letter_ms=oldest,
            )
        )
    return facts


def _view(
    facts: Facts, minutes: Mapping[int, Counts], since: Mapping[str, Transition | None], now_ms: int
) -> IntegrationHealth:
    expectation, window, health = facts.expectation, facts.window, evaluate(facts, now_ms)
    first, last = _hour(now_ms)
    return IntegrationHealth(
        name=expectation.integration,
        title=expectation.title,
        source=expectation.source,
        target=expectation.target,
        owner=expectation.owner,
        criticality=expectation.criticality,
        state=health.state,
        reason=health.reason,
        since_ms=_since(health, since.get(expectation.integration)),
        per_minute=facts.recent.outcomes / RECENT_MINUTES,
        error_rate=window.error_rate,
        p50_s=_seconds(percentile_ms(window.buckets, 0.5)),
        p95_s=_seconds(percentile_ms(window.buckets, 0.95)),
        histogram=tuple(window.buckets),
        refused=_sum(minutes.values()).refused,
        dead_letters=facts.dead_letters,
        last_success_age_s=(now_ms - facts.last_success_ms) / 1000 if facts.last_success_ms else None,
        series=tuple(minutes[minute].outcomes if minute in minutes else 0 for minute in range(first, last + 1)),
    )


def _since(health: Health, transition: Transition | None) -> int:
    """When this state began, as far as the monitor has noticed it; 0 when it has not yet."""
    return transition.time_ms if transition and transition.new == health.state else 0


def _hour(now_ms: int) -> tuple[int, int]:
    last = now_ms // MINUTE_MS
    return last - SERIES_MINUTES + 1, last


def _sum(counts: Iterable[Counts]) -> Counts:
    total = Counts()
    for each in counts:
        total.add(each)
    return total


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
