"""The hot store: rows that are durable and searchable and wait to be sealed.

* A row has a position: 1, 2, 3 ... over the whole life of the ledger, without a gap.
* One transaction takes in rows, the state of their recorders, what was noticed, and a signed head over all rows, so
  that none of these can be ahead of the others.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from easement.ledger.encoding import search_values
from easement.ledger.entries import Incident
from easement.ledger.layout import NUMBER_COLUMNS, SEARCH_COLUMNS

MAX_INCIDENTS: Final = 1_000
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS records (position INTEGER PRIMARY KEY, body BLOB NOT NULL,
  {", ".join(f"{name} {'INTEGER' if name in NUMBER_COLUMNS else 'TEXT'} NOT NULL" for name in SEARCH_COLUMNS)});
CREATE INDEX IF NOT EXISTS records_transaction ON records (transaction_id);
CREATE INDEX IF NOT EXISTS records_correlation ON records (correlation_id) WHERE correlation_id != '';
CREATE INDEX IF NOT EXISTS records_integration ON records (integration, time_ms);
CREATE INDEX IF NOT EXISTS records_status ON records (status, time_ms) WHERE status != 'success';
CREATE TABLE IF NOT EXISTS recorders (recorder TEXT PRIMARY KEY, next_sequence INTEGER NOT NULL, digest BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS incidents (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS heads (position INTEGER PRIMARY KEY, note BLOB NOT NULL);
"""
_INSERT: Final = (
    f"INSERT INTO records (position, body, {', '.join(SEARCH_COLUMNS)}) "  # noqa: S608 - our own column names
    f"VALUES (?, ?, {', '.join('?' * len(SEARCH_COLUMNS))})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderState:
    """How far a recorder has been taken in: the number that comes next, the digest of its last spool frame."""

    next_sequence: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class HotRow:
    """One row on its way in: the canonical bytes of a record, and their parsed values."""

    position: int
    values: list[Any]
    body: bytes


class HotStore(Protocol):
    """What the ledger needs of a hot store. SQLite stands; PostgreSQL fits behind the same methods."""

    def recorders(self) -> dict[str, RecorderState]:
        """How far each recorder has been taken in."""
        ...

    def last_position(self) -> int:
        """The position of the last row; 0 when there is none."""
        ...

    def add(
        self,
        rows: Sequence[HotRow],
        *,
        recorders: Mapping[str, RecorderState],
        incidents: Sequence[Incident],
        head: bytes,
    ) -> None:
        """Take all of it in, durably, or nothing."""
        ...

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """All rows in order: position and canonical bytes."""
        ...

    def heads(self) -> list[tuple[int, bytes]]:
        """Signed heads in order: position of the last row each covers, and the note."""
        ...

    def known(self, recorder: str, first: int, last: int) -> dict[int, bytes]:
        """The rows of a recorder within a range of its numbers."""
        ...

    def incidents(self) -> tuple[Incident, ...]:
        """What was noticed since the last seal."""
        ...

    def forget(self, through: int) -> None:
        """Remove all rows up to a position, their heads, and the incidents: they are sealed."""
        ...

    def close(self) -> None:
        """Give the file back."""
        ...


class SqliteHotStore:
    """The hot store in one SQLite file (write-ahead log, full synchronisation). Other processes may read it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        path.chmod(0o600)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_SCHEMA)

    def recorders(self) -> dict[str, RecorderState]:
        """See :class:`HotStore`."""
        rows = self._connection.execute("SELECT recorder, next_sequence, digest FROM recorders")
        return {name: RecorderState(next_sequence=number, digest=digest) for name, number, digest in rows}

    def last_position(self) -> int:
        """See :class:`HotStore`."""
        return int(self._connection.execute("SELECT coalesce(max(position), 0) FROM records").fetchone()[0])

    def add(
        self,
        rows: Sequence[HotRow],
        *,
        recorders: Mapping[str, RecorderState],
        incidents: Sequence[Incident],
        head: bytes,
    ) -> None:
        """See :class:`HotStore`."""
        with self._transaction() as connection:
            connection.executemany(_INSERT, [(row.position, row.body, *search_values(row.values)) for row in rows])
            connection.executemany(
                "INSERT OR REPLACE INTO recorders (recorder, next_sequence, digest) VALUES (?, ?, ?)",
                [(name, state.next_sequence, state.digest) for name, state in recorders.items()],
            )
            room = MAX_INCIDENTS - connection.execute("SELECT count(*) FROM incidents").fetchone()[0]
            connection.executemany(
                "INSERT INTO incidents (body) VALUES (?)",
                [(json.dumps(asdict(incident)),) for incident in incidents[: max(0, room)]],
            )
            if rows:
                connection.execute("INSERT INTO heads (position, note) VALUES (?, ?)", (rows[-1].position, head))

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """See :class:`HotStore`."""
        yield from self._connection.execute("SELECT position, CAST(body AS BLOB) FROM records ORDER BY position")

    def heads(self) -> list[tuple[int, bytes]]:
        """See :class:`HotStore`."""
        return self._connection.execute("SELECT position, note FROM heads ORDER BY position").fetchall()

    def known(self, recorder: str, first: int, last: int) -> dict[int, bytes]:
        """See :class:`HotStore`."""
        rows = self._connection.execute(
            "SELECT sequence, CAST(body AS BLOB) FROM records WHERE recorder = ? AND sequence BETWEEN ? AND ?",
            (recorder, first, last),
        )
        return dict(rows)

    def incidents(self) -> tuple[Incident, ...]:
        """See :class:`HotStore`."""
        rows = self._connection.execute("SELECT body FROM incidents ORDER BY id")
        return tuple(Incident(**json.loads(body)) for (body,) in rows)

    def forget(self, through: int) -> None:
        """See :class:`HotStore`."""
        with self._transaction() as connection:
            if connection.execute("DELETE FROM records WHERE position <= ?", (through,)).rowcount == 0:
                return
            connection.execute("DELETE FROM heads WHERE position <= ?", (through,))
            connection.execute("DELETE FROM incidents")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """See :class:`HotStore`."""
        self._connection.close()

    def _transaction(self) -> _Transaction:
        return _Transaction(self._connection)


class _Transaction:
    """``BEGIN IMMEDIATE`` to ``COMMIT``, or ``ROLLBACK`` on any error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
