from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from easement.contract.kinds import (
    DeadLetter,
    Errors,
    Integration,
    IntegrationSpec,
    InterfaceReference,
    Latency,
    Metadata,
    Schedule,
    Sla,
)
from easement.contract.values import Duration, VersionRange
from easement.estate.model import Estate, LifecycleState, Registration
from easement.ledger.record import Record, RecordKind, Status, Step
from easement.monitoring.expectations import EXPECTATIONS_FILE, expectation_of, read_expectations, write_expectations
from easement.monitoring.health import HealthState
from easement.monitoring.metrics import exposition
from easement.monitoring.reader import MonitoringReader
from easement.monitoring.roll_up_store import STORE_FILE
from easement.monitoring.service import Monitor, MonitorConfig, run_monitor
from easement.store.heartbeat import read_heartbeat
from easement.testing.ledger_folder import LedgerFolder
from easement.testing.records import MOMENT_MS, a_record

NOW = datetime.fromtimestamp((MOMENT_MS + 1_000) / 1000, UTC)


def an_integration(name: str = "shop-orders") -> Integration:
    return Integration(
        metadata=Metadata(name=name, title="Shop reads orders", owner="sales"),
        spec=IntegrationSpec(
            source="shop",
            target="orders",
            interface=InterfaceReference(name="orders-api", version=VersionRange.parse("^1.0")),
            operations=("getOrder",),
            fields=("orderId",),
            purpose="essential.service",
            errors=Errors(dead_letter=DeadLetter(retention=Duration.parse("P1D"))),
            sla=Sla(
                availability=99.0,
                latency=Latency(p95=Duration.parse("500ms")),
                schedule=Schedule(every=Duration.parse("5m"), grace=Duration.parse("10m")),
            ),
        ),
    )


def an_estate(**states: LifecycleState) -> Estate:
    return Estate(
        integrations={name.replace("_", "-"): an_integration(name.replace("_", "-")) for name in states},
        registrations={
            name.replace("_", "-"): Registration(id="INT-0001", revision="a" * 64, state=state)
            for name, state in states.items()
        },
    )


class Watched:
    """A ledger and a monitor that follows it."""

    def __init__(self, root: Path) -> None:
        self.ledger = LedgerFolder(root / "data")
        self.folder = root / "monitor"
        write_expectations(self.folder, an_estate(shop_orders=LifecycleState.LIVE))
        self.config = MonitorConfig(folder=self.folder, ledger_folder=self.ledger.folder, heartbeat_folder=root)
        self.monitor = Monitor(self.config)
        self.reader = MonitoringReader(self.folder)

    def see(self, records: list[Record] | int, *, now_ms: int = MOMENT_MS + 1_000) -> None:
        if records:
            self.ledger.append(records)
        self.ledger.settle()
        while self.monitor.step(now_ms=now_ms):
            continue


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.monitor.close()
    made.ledger.close()


def test_expectations_come_from_the_contract() -> None:
    expectation = expectation_of(an_integration())
    assert (expectation.source, expectation.target, expectation.owner) == ("shop", "orders", "sales")
    assert (expectation.availability, expectation.p95_ms) == (99.0, 500)
    assert (expectation.every_ms, expectation.grace_ms, expectation.dead_letter_ms) == (300_000, 600_000, 86_400_000)
    assert expectation_of(an_integration(), LifecycleState.DESIGN).paused


def test_expectations_are_written_read_and_survive_damage(tmp_path: Path) -> None:
    estate = an_estate(
        one=LifecycleState.LIVE, two=LifecycleState.DEPRECATED, three=LifecycleState.BUILD, four=LifecycleState.RETIRED
    )
    write_expectations(tmp_path / "monitor", estate)
    found = read_expectations(tmp_path / "monitor")
    assert {name: each.paused for name, each in found.items()} == {"one": False, "two": False, "three": True}
    (tmp_path / "monitor" / EXPECTATIONS_FILE).write_text("{")
    assert read_expectations(tmp_path / "monitor") == {}


def test_health_follows_the_ledger_over_seals_and_restarts(watched: Watched) -> None:
    (fresh,) = watched.reader.integration_health(NOW)
    assert fresh.state is HealthState.NO_DATA
    watched.see(0)
    (new,) = watched.reader.integration_health(NOW)
    assert (new.state, new.since_ms) == (HealthState.NEW, MOMENT_MS + 1_000)
    watched.see(20)
    watched.ledger.seal(20)
    watched.monitor.close()
    watched.monitor = Monitor(watched.config)
    watched.see(10)
    (health,) = watched.reader.integration_health(NOW)
    assert (health.state, health.source, health.target, health.owner) == (
        HealthState.HEALTHY,
        "shop",
        "orders",
        "sales",
    )
    assert (sum(health.series), health.series[-1], len(health.series)) == (50, 50, 60)
    assert health.per_minute == 10.0
    assert health.p95_s is not None
    assert 0.002 < health.p95_s <= 0.005
    assert (health.error_rate, health.dead_letters, health.last_success_age_s) == (0.0, 0, 1.0)
    assert sum(health.histogram) == 50


def test_changes_of_state_are_kept_and_bad_ones_are_alerts(watched: Watched) -> None:
    watched.see(5)
    watched.see([a_record(status=Status.FAILED, error_code="EAS-5904") for _ in range(5)])
    watched.see(0, now_ms=MOMENT_MS + 120_000)
    assert [each.new for each in reversed(watched.reader.transitions())] == ["healthy", "degraded"]
    (alert,) = watched.reader.transitions(alerts_only=True)
    assert (alert.integration, alert.old, alert.new) == ("shop-orders", "healthy", "degraded")
    assert "50.0% of 10 attempts failed" in alert.reason


def test_dead_letters_wait_until_replayed_or_expired(watched: Watched) -> None:
    event = {"kind": RecordKind.EVENT}
    dead = [
        a_record(step=Step.DEAD_LETTERED, status=Status.DEAD_LETTERED, transaction_id=f"t{n}", **event)
        for n in range(3)
    ]
    watched.see(dead)
    (health,) = watched.reader.integration_health(NOW)
    assert health.dead_letters == 3
    watched.see([a_record(step=Step.REPLAYED, transaction_id="t1", **event)])
    (health,) = watched.reader.integration_health(NOW)
    assert health.dead_letters == 2
    watched.see(0, now_ms=MOMENT_MS + 86_400_000 + 1)
    (health,) = watched.reader.integration_health(NOW)
    assert health.dead_letters == 0


def test_refused_strangers_are_counted_but_are_nobodys_fault(watched: Watched) -> None:
    watched.see([a_record(integration="", account="mallory", status=Status.REFUSED) for _ in range(4)])
    assert watched.reader.refused(NOW) == 4
    (health,) = watched.reader.integration_health(NOW)
    assert health.state is HealthState.NEW


def test_metrics_can_be_scraped_and_their_labels_are_bounded(watched: Watched) -> None:
    watched.see(
        [
            *[a_record() for _ in range(3)],
            a_record(status=Status.FAILED, error_code="EAS-5904"),
            *[a_record(integration=f"made-up-{n}", status=Status.REFUSED) for n in range(5)],
        ]
    )
    families = {
        family.name: family for family in text_string_to_metric_families(exposition(watched.folder, NOW).decode())
    }
    samples = {
        (sample.labels["integration"], sample.labels["status"]): sample.value
        for sample in families["easement_transactions"].samples
    }
    assert samples["shop-orders", "success"] == 3
    assert samples["unregistered", "refused"] == 5
    assert {name for name, _ in samples} == {"shop-orders", "unregistered"}
    states = {sample.labels["state"]: sample.value for sample in families["easement_integration_state"].samples}
    assert (states["healthy"], sum(states.values())) == (1, 1)
    count = [s.value for s in families["easement_latency_seconds"].samples if s.name.endswith("_count")]
    assert sorted(count) == [0, 4]
    assert {sample.labels["error_class"] for sample in families["easement_errors"].samples} == {"EAS-5904", "http_2xx"}


def test_metrics_of_nothing_are_metrics(tmp_path: Path) -> None:
    assert b"easement_monitor_last_read_timestamp_seconds 0.0" in exposition(tmp_path, NOW)


def test_nothing_is_counted_twice_when_a_step_fails(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise OSError("disk")

    with monkeypatch.context() as patch:
        patch.setattr("easement.monitoring.roll_up_store.RollUpStore._keep", staticmethod(fail))
        with pytest.raises(OSError, match="disk"):
            watched.see(7)
    watched.see(0)
    (health,) = watched.reader.integration_health(NOW)
    assert sum(health.series) == 7


def test_the_monitor_process_runs_and_stops(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.monitor.close()
    watched.ledger.append(12)
    watched.ledger.settle()

    async def run() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(run_monitor(watched.config, stop))
        for _ in range(200):
            beat = await asyncio.to_thread(read_heartbeat, tmp_path, "monitor")
            if beat and beat["ready"] and beat["position"] == 12:
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("the monitor did not catch up")
        stop.set()
        await task

    asyncio.run(run())
    (health,) = watched.reader.integration_health(datetime.now(UTC))
    assert health.last_success_age_s is not None
    watched.ledger.close()


def test_a_store_that_is_only_just_being_made_holds_nothing_yet(tmp_path: Path) -> None:
    write_expectations(tmp_path, an_estate(shop_orders=LifecycleState.LIVE))
    sqlite3.connect(tmp_path / STORE_FILE).close()
    (health,) = MonitoringReader(tmp_path).integration_health(NOW)
    assert health.state is HealthState.NO_DATA
