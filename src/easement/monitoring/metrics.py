"""Prometheus exposition of the roll-ups. Labels are bounded: integration, status, error class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from easement.monitoring.health import HealthState
from easement.monitoring.measurements import BUCKETS_MS, Counts
from easement.monitoring.reader import IntegrationHealth, MonitoringReader
from easement.monitoring.roll_up_store import reading_roll_ups


def exposition(folder: Path, now: datetime) -> bytes:
    """The text that a Prometheus server scrapes, from the monitor's folder."""
    with reading_roll_ups(folder) as store:
        totals = store.totals() if store else {}
        errors = store.errors() if store else {}
        read_ms = store.read_ms() if store else 0
    registry = CollectorRegistry(auto_describe=False)
    registry.register(
        _RollUps(totals=totals, errors=errors, health=MonitoringReader(folder).integration_health(now), read_ms=read_ms)
    )
    return generate_latest(registry)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _RollUps(Collector):
    totals: Mapping[str, Counts]
    errors: Mapping[tuple[str, str, str], int]
    health: Iterable[IntegrationHealth]
    read_ms: int

    def collect(self) -> Iterator[Metric]:
        """All metric families."""
        yield self._transactions()
        yield self._errors()
        yield self._bytes()
        yield self._latency()
        yield from self._states()
        yield GaugeMetricFamily(
            "easement_monitor_last_read_timestamp_seconds",
            "When the monitor last read the ledger to its end.",
            value=self.read_ms / 1000,
        )

    def _transactions(self) -> Metric:
        family = CounterMetricFamily(
            "easement_transactions", "Outcomes of requests and deliveries.", labels=["integration", "status"]
        )
        for name, counts in self.totals.items():
            for status in ("success", "failed", "retried", "dead_lettered", "refused"):
                family.add_metric([name, status.replace("_", "-")], getattr(counts, status))
        return family

    def _errors(self) -> Metric:
        family = CounterMetricFamily(
            "easement_errors", "What went wrong.", labels=["integration", "status", "error_class"]
        )
        for labels, count in self.errors.items():
            family.add_metric(list(labels), count)
        return family

    def _bytes(self) -> Metric:
        family = CounterMetricFamily("easement_bytes", "Bytes of bodies.", labels=["integration", "direction"])
        for name, counts in self.totals.items():
            family.add_metric([name, "in"], counts.bytes_in)
            family.add_metric([name, "out"], counts.bytes_out)
        return family

    def _latency(self) -> Metric:
        family = HistogramMetricFamily(
            "easement_latency_seconds", "Time from received to completed.", labels=["integration"]
        )
        for name, counts in self.totals.items():
            below, buckets = 0, []
            for bound, count in zip(
                (*(f"{bound / 1000:g}" for bound in BUCKETS_MS), "+Inf"), counts.buckets, strict=True
            ):
                below += count
                buckets.append((bound, float(below)))
            family.add_metric([name], buckets, sum_value=counts.latency_us / 1_000_000)
        return family

    def _states(self) -> Iterator[Metric]:
        states = GaugeMetricFamily(
            "easement_integration_state", "1 for the state that holds.", labels=["integration", "state"]
        )
        letters = GaugeMetricFamily("easement_dead_letters", "Dead letters that wait.", labels=["integration"])
        for each in self.health:
            for state in HealthState:
                states.add_metric([each.name, state.value], float(each.state is state))
            letters.add_metric([each.name], each.dead_letters)
        yield states
        yield letters
