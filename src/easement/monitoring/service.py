"""The monitor process: follows the ledger, keeps the roll-ups, notices changes of state and says so."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from easement.ledger.errors import LedgerError
from easement.ledger.query import LedgerReader
from easement.monitoring.expectations import read_expectations
from easement.monitoring.health import Health, HealthState, evaluate
from easement.monitoring.measurements import measure
from easement.monitoring.reader import gather
from easement.monitoring.roll_up_store import RollUpStore
from easement.store.heartbeat import Heartbeat

ROLE: Final = "monitor"
_BATCH_RECORDS: Final = 2_000
_EVERY_S: Final = 1.0
_ALERTS: Final = frozenset({HealthState.DOWN, HealthState.DEGRADED, HealthState.LATE})
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorConfig:
    """Folders of one installation."""

    folder: Path
    ledger_folder: Path
    heartbeat_folder: Path


class Monitor:
    """Everything the process does, without a loop: for the service and for tests. One thread at a time."""

    def __init__(self, config: MonitorConfig) -> None:
        config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._config = config
        self._store = RollUpStore(config.folder)
        self._ledger = LedgerReader(config.ledger_folder)
        self._states: dict[str, HealthState] = {}

    @property
    def position(self) -> int:
        """The ledger position up to which everything is counted."""
        return self._store.cursor()

    def step(self, *, now_ms: int) -> int:
        """Count one batch of records and say how many; when there are no more, evaluate every integration."""
        found = self._ledger.follow(self._store.cursor(), _BATCH_RECORDS)
        expectations = read_expectations(self._config.folder)
        if found:
            measured = measure((each.record for each in found), expectations)
            self._store.add(measured, cursor=found[-1].position)
        if len(found) < _BATCH_RECORDS:
            self._store.mark_read(now_ms)
            self._evaluate(now_ms)
        return len(found)

    def close(self) -> None:
        """Give the store back."""
        self._store.close()

    def _evaluate(self, now_ms: int) -> None:
        expectations = read_expectations(self._config.folder)
        for expectation in expectations.values():
            if expectation.dead_letter_ms:
                self._store.forget_dead_letters(expectation.integration, now_ms - expectation.dead_letter_ms)
        for facts in gather(self._store, expectations.values(), now_ms):
            self._notice(facts.expectation.integration, evaluate(facts, now_ms), now_ms)

    def _notice(self, integration: str, health: Health, now_ms: int) -> None:
        """Keep a change of state; a change for the worse, or back, is an alert."""
        if self._states.get(integration) == health.state:
            return
        last = self._store.last_transition(integration)
        self._states[integration] = health.state
        if last and last.new == health.state:
            return
        is_alert = health.state in _ALERTS or (last is not None and last.new in _ALERTS)
        self._store.record_state(integration, health, now_ms=now_ms, is_alert=is_alert)
        say = _log.warning if health.state in _ALERTS else _log.info
        say("monitor.state_changed", integration=integration, old=last.new if last else "", new=health.state.value,
            reason=health.reason)  # fmt: skip


async def run_monitor(config: MonitorConfig, stop: asyncio.Event) -> None:
    """Follow the ledger until ``stop``. Raises ``OSError`` or ``sqlite3.Error`` when its folder cannot be used."""
    heartbeat = Heartbeat(config.heartbeat_folder, ROLE)
    heartbeat.beat(ready=False)
    monitor = await asyncio.to_thread(Monitor, config)
    try:
        while not stop.is_set():
            counted = await _step(monitor)
            await asyncio.to_thread(heartbeat.beat, ready=counted is not None, position=monitor.position)
            if not counted:
                await _pause(stop, _EVERY_S)
    finally:
        await asyncio.to_thread(monitor.close)


async def _step(monitor: Monitor) -> int | None:
    """One step; None when the ledger or the store cannot be read just now."""
    try:
        return await asyncio.to_thread(monitor.step, now_ms=time.time_ns() // 1_000_000)
    except (LedgerError, OSError, sqlite3.Error) as error:
        _log.error("monitor.step_failed", error=str(error))
        return None


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
