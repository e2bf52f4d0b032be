"""Measurements on disk: minute roll-ups, totals, waiting dead letters, changes of state, alerts (SQLite).

The cursor into the ledger moves in the same transaction as the numbers, so that each record counts once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from easement.monitoring.health import Health
from easement.monitoring.measurements import BUCKETS_MS, MINUTE_MS, Counts, Measured

STORE_FILE: Final = "measurements.db"
_DAY_MINUTES: Final = 24 * 60
KEPT_MINUTES: Final = 8 * _DAY_MINUTES
ADDRESS_KEPT_MS: Final = 24 * 60 * MINUTE_MS
MAX_DEAD_LETTERS: Final = 100_000
_COUNTERS: Final = (
    "success", "failed", "retried", "dead_lettered", "refused", "bytes_in", "bytes_out", "latency_us",
)  # fmt: skip
_BUCKETS: Final = tuple(f"b{place}" for place in range(len(BUCKETS_MS) + 1))
_COLUMNS: Final = (*_COUNTERS, *_BUCKETS)
_NAMES: Final = ", ".join(_COLUMNS)
_NUMBERS: Final = ", ".join(f"{name} INTEGER NOT NULL" for name in _COLUMNS)
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS minutes (integration TEXT, minute INTEGER, {_NUMBERS},
  PRIMARY KEY (integration, minute)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS totals (integration TEXT PRIMARY KEY, {_NUMBERS}) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS days (integration TEXT, day INTEGER, calls INTEGER NOT NULL,
  PRIMARY KEY (day, integration)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS errors (integration TEXT, status TEXT, class TEXT, count INTEGER NOT NULL,
  PRIMARY KEY (integration, status, class)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (integration TEXT PRIMARY KEY, last_seen_ms INTEGER NOT NULL,
  last_success_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letters (integration TEXT, transaction_id TEXT, time_ms INTEGER NOT NULL,
  PRIMARY KEY (integration, transaction_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS addresses (account TEXT, address TEXT, last_ms INTEGER NOT NULL,
  PRIMARY KEY (account, address)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transitions (id INTEGER PRIMARY KEY, integration TEXT NOT NULL, old TEXT NOT NULL,
  new TEXT NOT NULL, reason TEXT NOT NULL, time_ms INTEGER NOT NULL, alert INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS transitions_integration ON transitions (integration, id);
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of state. ``is_alert``: somebody should look."""

    integration: str
    old: str
    new: str
    reason: str
    time_ms: int
    is_alert: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """When an integration was last seen, and last succeeded; milliseconds, 0 for never."""

    last_seen_ms: int = 0
    last_success_ms: int = 0


class RollUpStore:
    """The store; one process writes, others open it with ``read_only``."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        path = folder / STORE_FILE
        if read_only:
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
        else:
            self._connection = sqlite3.connect(path, check_same_thread=False, timeout=10)
            path.chmod(0o600)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def is_made(self) -> bool:
        """Whether the writer has made its tables; the one that is made last stands for all."""
        made = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'state'").fetchone()
        return made is not None

    def cursor(self) -> int:
        """The ledger position up to which everything has been counted."""
        return int(self._state("cursor") or 0)

    def read_ms(self) -> int:
        """When the ledger was last read to its end; 0 for never."""
        return int(self._state("read_ms") or 0)

    def add(self, measured: Measured, *, cursor: int) -> None:
        """Count a batch and move the cursor."""
        with self._connection as connection:
            for (name, minute), counts in measured.minutes.items():
                _upsert(connection, "minutes", {"integration": name, "minute": minute}, counts)
                _upsert(connection, "totals", {"integration": name}, counts)
            connection.executemany(
                "INSERT INTO days VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
                [
                    (name, minute // _DAY_MINUTES, counts.success + counts.failed)
                    for (name, minute), counts in measured.minutes.items()
                ],
            )
            connection.executemany(
                "INSERT INTO errors VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
                [(*key, count) for key, count in measured.errors.items()],
            )
            connection.executemany(
                "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last_seen_ms = "
                "max(last_seen_ms, excluded.last_seen_ms), last_success_ms = "
                "max(last_success_ms, excluded.last_success_ms)",
                [
                    (name, time_ms, measured.last_success_ms.get(name, 0))
                    for name, time_ms in measured.last_seen_ms.items()
                ],
            )
            connection.executemany(
                "INSERT INTO addresses VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last_ms = "
                "max(last_ms, excluded.last_ms)",
                [(*place, last_ms) for place, last_ms in measured.addresses.items()],
            )
            self._count_dead_letters(connection, measured)
            self._keep(connection, "cursor", str(cursor))

    def mark_read(self, now_ms: int) -> None:
        """Say that the ledger has been read to its end, and drop what is older than is kept."""
        with self._connection as connection:
            self._keep(connection, "read_ms", str(now_ms))
            oldest = now_ms // MINUTE_MS - KEPT_MINUTES
            connection.execute("DELETE FROM minutes WHERE minute < ?", (oldest,))
            connection.execute("DELETE FROM addresses WHERE last_ms < ?", (now_ms - ADDRESS_KEPT_MS,))
            connection.execute("DELETE FROM days WHERE day < ?", (oldest // _DAY_MINUTES,))

    def forget_dead_letters(self, integration: str, before_ms: int) -> None:
        """Dead letters whose retention has passed wait no longer."""
        with self._connection as connection:
            connection.execute(
                "DELETE FROM dead_letters WHERE integration = ? AND time_ms < ?", (integration, before_ms)
            )

    def minutes(self, first: int, last: int, integration: str | None = None) -> dict[str, dict[int, Counts]]:
        """Roll-ups of the minutes ``first`` to ``last`` (minutes since the epoch), by integration and minute."""
        where, values = "minute BETWEEN ? AND ?", [first, last]
        narrowed = (
            (f"{where} AND integration = ?", [*values, integration]) if integration is not None else (where, values)
        )
        rows = self._connection.execute(
            f"SELECT integration, minute, {_NAMES} FROM minutes WHERE {narrowed[0]}",  # noqa: S608 - our own names
            narrowed[1],
        )
        result: dict[str, dict[int, Counts]] = {}
        for name, minute, *numbers in rows:
            result.setdefault(name, {})[minute] = _counts(numbers)
        return result

    def totals(self) -> dict[str, Counts]:
        """Everything since the beginning, by integration: for counters that only rise."""
        rows = self._connection.execute(f"SELECT integration, {_NAMES} FROM totals")  # noqa: S608 - our own names
        return {name: _counts(numbers) for name, *numbers in rows}

    def calls_of_day(self, day: int) -> dict[str, int]:
        """What was let through on one day (days since the epoch, UTC), by integration."""
        rows = self._connection.execute("SELECT integration, calls FROM days WHERE day = ?", (day,))
        return dict(rows.fetchall())

    def addresses(self, since_ms: int) -> dict[str, tuple[str, ...]]:
        """From where each account was let in since then, by account; those with one address are left out."""
        rows = self._connection.execute(
            "SELECT account, address FROM addresses WHERE last_ms >= ? ORDER BY account, address", (since_ms,)
        )
        found: dict[str, list[str]] = {}
        for account, address in rows:
            found.setdefault(account, []).append(address)
        return {account: tuple(places) for account, places in found.items() if len(places) > 1}

    def errors(self) -> dict[tuple[str, str, str], int]:
        """What went wrong since the beginning, by integration, status and error class."""
        rows = self._connection.execute("SELECT integration, status, class, count FROM errors")
        return {(name, status, word): count for name, status, word, count in rows}

    def seen(self) -> dict[str, Seen]:
        """When each integration was last seen."""
        rows = self._connection.execute("SELECT integration, last_seen_ms, last_success_ms FROM seen")
        return {name: Seen(last_seen_ms=seen, last_success_ms=success) for name, seen, success in rows}

    def dead_letters(self) -> dict[str, tuple[int, int]]:
        """How many dead letters wait, and since when the oldest, by integration."""
        rows = self._connection.execute("SELECT integration, count(*), min(time_ms) FROM dead_letters GROUP BY 1")
        return {name: (count, oldest) for name, count, oldest in rows}

    def record_state(self, integration: str, health: Health, *, now_ms: int, is_alert: bool) -> None:
        """Keep a change of state."""
        old = self.last_transition(integration)
        with self._connection as connection:
            connection.execute(
                "INSERT INTO transitions (integration, old, new, reason, time_ms, alert) VALUES (?, ?, ?, ?, ?, ?)",
                (integration, old.new if old else "", health.state.value, health.reason, now_ms, is_alert),
            )

    def last_transition(self, integration: str) -> Transition | None:
        """The newest change of one integration."""
        return next(iter(self.transitions(integration, limit=1)), None)

    def transitions(self, integration: str = "", *, limit: int = 100, alerts_only: bool = False) -> list[Transition]:
        """Changes of state, newest first."""
        rows = self._connection.execute(
            "SELECT integration, old, new, reason, time_ms, alert FROM transitions "
            "WHERE (? = '' OR integration = ?) AND alert >= ? ORDER BY id DESC LIMIT ?",
            (integration, integration, int(alerts_only), limit),
        )
        return [
            Transition(integration=name, old=old, new=new, reason=reason, time_ms=time_ms, is_alert=bool(alert))
            for name, old, new, reason, time_ms, alert in rows
        ]

    def _count_dead_letters(self, connection: sqlite3.Connection, measured: Measured) -> None:
        (held,) = connection.execute("SELECT count(*) FROM dead_letters").fetchone()
        waiting = [(*key, time_ms) for key, time_ms in measured.dead_letters.items() if time_ms]
        replayed = [key for key, time_ms in measured.dead_letters.items() if not time_ms]
        connection.executemany(
            "INSERT OR IGNORE INTO dead_letters VALUES (?, ?, ?)", waiting[: max(0, MAX_DEAD_LETTERS - held)]
        )
        connection.executemany("DELETE FROM dead_letters WHERE integration = ? AND transaction_id = ?", replayed)

    def _state(self, key: str) -> str | None:
        row = self._connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    @staticmethod
    def _keep(connection: sqlite3.Connection, key: str, value: str) -> None:
        connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))


@contextmanager
def reading_roll_ups(folder: Path) -> Iterator[RollUpStore | None]:
    """The store of another process, read-only; None before the monitor has made it."""
    if not (folder / STORE_FILE).exists():
        yield None
        return
    store = RollUpStore(folder, read_only=True)
    try:
        yield store if store.is_made() else None
    finally:
        store.close()


def _upsert(connection: sqlite3.Connection, table: str, key: dict[str, str | int], counts: Counts) -> None:
    columns = [*key, *_COLUMNS]
    updates = ", ".join(f"{name} = {name} + excluded.{name}" for name in _COLUMNS)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "  # noqa: S608 - ours
        f"ON CONFLICT DO UPDATE SET {updates}",
        (*key.values(), *(getattr(counts, name) for name in _COUNTERS), *counts.buckets),
    )


def _counts(numbers: Sequence[int]) -> Counts:
    counters = dict(zip(_COUNTERS, numbers, strict=False))
    return Counts(**counters, buckets=list(numbers[len(_COUNTERS) :]))
