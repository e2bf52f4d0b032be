"""Reading the ledger from any process: search, trace, follow, refusals. Nothing here writes.

Hot rows come from SQLite, sealed rows from the segments. A row that is just being sealed is found once: the snapshot of
the hot store is taken before the log is read, and counts only what the log has not sealed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from easement.ledger.encoding import decode
from easement.ledger.entries import LogState, SegmentFacts, decode_entry, log_state
from easement.ledger.errors import LedgerError, UnreadableSegmentError
from easement.ledger.layout import (
    HOT_FILE,
    INDEX_FILE,
    LAST_HOT_TABLE,
    LAST_INDEX_TABLE,
    LOG_FILE,
    SEGMENTS_FOLDER,
)
from easement.ledger.record import Record
from easement.ledger.sealed_index import IdKind, id_key
from easement.ledger.segments import SegmentQueries

MAX_PAGE: Final = 1_000
_EQUALITIES: Final = (
    "integration", "status", "account", "source", "target", "kind", "step", "message_type", "error_code",
    "transaction_id", "correlation_id",
)  # fmt: skip
_HOT_TEXT: Final = "instr(folded(body), folded(?)) > 0"
_SEALED_TEXT: Final = "contains(lower(decode(body)), lower(?))"
_FIRST_GROUP: Final = 4
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for; an empty value asks nothing. Times are milliseconds since the epoch, UTC.

    ``text`` is looked for, without regard to case, in the whole record. ``before`` is the cursor of the page before.
    """

    since_ms: int = 0
    until_ms: int = 0
    integration: str = ""
    status: str = ""
    account: str = ""
    source: str = ""
    target: str = ""
    kind: str = ""
    step: str = ""
    message_type: str = ""
    error_code: str = ""
    transaction_id: str = ""
    correlation_id: str = ""
    text: str = ""
    before: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Found:
    """A record and its position in the ledger."""

    position: int
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Newest first. ``cursor`` goes into :attr:`Search.before` for the next page; 0 when there is none."""

    found: tuple[Found, ...]
    cursor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Attempts of one kind by one caller: who did or tried what, how often, when first and last."""

    account: str
    source: str
    target: str
    integration: str
    message_type: str
    error_code: str
    count: int
    first_ms: int
    last_ms: int
    last_transaction_id: str


class LedgerReader:
    """Reads one ledger folder; usable from several threads and beside the writing process. Calls block.

    Raises :class:`~easement.ledger.errors.LedgerError` when files cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._queries = folder, SegmentQueries()
        self._cached: tuple[int, LogState] = (-1, LogState())

    def search(self, wanted: Search) -> Page:
        """One page of what fits, newest first by position."""
        limit = max(1, min(wanted.limit, MAX_PAGE))
        return self._again(lambda: self._search(wanted, limit))

    def trace(self, transaction_id: str) -> tuple[Found, ...]:
        """All records of one transaction in the order of time."""
        return self._again(lambda: self._by_id("transaction_id", transaction_id))

    def correlated(self, correlation_id: str) -> tuple[Found, ...]:
        """All records that carry the caller's correlation id, in the order of time."""
        return self._again(lambda: self._by_id("correlation_id", correlation_id))

    def follow(self, after: int, limit: int = 1_000) -> tuple[Found, ...]:
        """Records after a position, oldest first: how monitoring reads, over seals and restarts."""
        return self._again(lambda: self._follow(after, limit))

    def refusals(self, *, since_ms: int = 0, limit: int = 200) -> tuple[Attempts, ...]:
        """Refused attempts, grouped, the latest first."""
        return self._again(lambda: self._attempts("refused", since_ms, limit))

    def served(self, *, since_ms: int = 0, limit: int = 200) -> tuple[Attempts, ...]:
        """What went through, grouped, the latest first."""
        return self._again(lambda: self._attempts("success", since_ms, limit))

    def records(self, since_ms: int = 0, until_ms: int = 0) -> Iterator[Found]:
        """All records of a time range, oldest position first: for exports."""
        position = 0
        while page := self.follow(position, MAX_PAGE):
            position = page[-1].position
            for found in page:
                time_ms = found.record.time_ms
                if time_ms >= since_ms and (not until_ms or time_ms < until_ms):
                    yield found

    def _again(self, read: Callable[[], _T]) -> _T:
        """Retention may take a file away between finding and reading it: then look once more."""
        try:
            return read()
        except UnreadableSegmentError:
            return read()

    def _search(self, wanted: Search, limit: int) -> Page:
        where, values = _conditions(wanted)
        hot_where = [*where, *([_HOT_TEXT] if wanted.text else [])]
        sealed_where = [*where, *([_SEALED_TEXT] if wanted.text else [])]
        values = [*values, *([wanted.text] if wanted.text else [])]
        with self._snapshot() as (hot, state):
            rows = _hot_rows(hot, [*hot_where, "position > ?"], [*values, state.through], "DESC", limit + 1)
        condition = " AND ".join(sealed_where) or "true"
        for files in _groups(_within(state, wanted)):
            if len(rows) > limit:
                break
            rows += self._newest(files, condition, values, limit + 1 - len(rows))
        found = tuple(Found(position, decode(body)) for position, body in rows[:limit])
        return Page(found=found, cursor=found[-1].position if len(rows) > limit else 0)

    def _newest(self, files: list[str], condition: str, values: list[Any], limit: int) -> list[tuple[int, bytes]]:
        """The newest rows that fit: first only their positions, since the records are most of what a file holds."""
        paths = self._paths(files)
        chosen = f"SELECT position FROM $files WHERE {condition} ORDER BY position DESC LIMIT {limit}"  # noqa: S608 - fixed conditions
        positions = [position for (position,) in self._queries.run(paths, chosen, values)]
        return self._at(paths, positions) if positions else []

    def _at(self, paths: list[Path], positions: list[int]) -> list[tuple[int, bytes]]:
        listed = ", ".join(map(str, positions))
        sql = (
            f"SELECT position, body FROM $files WHERE position BETWEEN {min(positions)} AND {max(positions)} "  # noqa: S608 - numbers
            f"AND position IN ({listed}) ORDER BY position DESC"
        )
        return self._queries.run(paths, sql)

    def _by_id(self, kind: IdKind, value: str) -> tuple[Found, ...]:
        if not value:
            return ()
        with self._snapshot() as (hot, state):
            rows = _hot_rows(hot, [f"{kind} = ?", "position > ?"], [value, state.through], "ASC", -1)
        for file, positions in self._places(kind, value, state).items():
            narrowed = f"position IN ({', '.join(map(str, positions))}) AND " if positions else ""
            sql = f"SELECT position, body FROM $files WHERE {narrowed}{kind} = ?"  # noqa: S608 - our numbers and names
            rows += self._queries.run(self._paths([file]), sql, [value])
        found = (Found(position, decode(body)) for position, body in rows)
        return tuple(sorted(found, key=lambda one: (one.record.time_ms, one.position)))

    def _places(self, kind: IdKind, value: str, state: LogState) -> dict[str, list[int]]:
        """Segment files to positions; no positions where a file is not indexed and must be read as a whole."""
        kept = {segment.file for segment in state.kept}
        if not kept:
            return {}
        places: dict[str, list[int]] = {}
        indexed: set[str] = set()
        if (self._folder / INDEX_FILE).exists():
            with open_read_only(self._folder / INDEX_FILE) as index:
                if not has_table(index, LAST_INDEX_TABLE):
                    return {file: [] for file in kept}
                indexed = {file for (file,) in index.execute("SELECT file FROM segments")}
                rows = index.execute(
                    "SELECT file, position FROM places JOIN segments ON id = segment WHERE key = ?",
                    (id_key(kind, value),),
                )
                for file, position in rows:
                    if file in kept:
                        places.setdefault(file, []).append(position)
        return places | {file: [] for file in kept - indexed}

    def _follow(self, after: int, limit: int) -> tuple[Found, ...]:
        with self._snapshot() as (hot, state):
            rows = _hot_rows(hot, ["position > ?"], [max(after, state.through)], "ASC", limit)
        if after < state.through:
            seal = next(seal for seal in state.seals if seal.through > after)
            dropped = state.dropped
            files = [segment.file for segment in seal.segments if segment.file not in dropped]
            sql = f"SELECT position, body FROM $files WHERE position > ? ORDER BY position LIMIT {limit}"  # noqa: S608
            rows = self._queries.run(self._paths(files), sql, [after]) if files else []
            if not rows:
                return self._follow(seal.through, limit)
        return tuple(Found(position, decode(body)) for position, body in rows)

    def _attempts(self, status: Literal["refused", "success"], since_ms: int, limit: int) -> tuple[Attempts, ...]:
        names = [field.name for field in fields(Attempts)][:6]
        columns = ", ".join(names)
        grouped = f"FROM {{}} WHERE status = '{status}' AND time_ms >= ? {{}} GROUP BY {columns}"
        with self._snapshot() as (hot, state):
            sql = f"SELECT {columns}, count(*), min(time_ms), max(time_ms), transaction_id " + grouped.format(
                "records", "AND position > ?"
            )
            rows = hot.execute(sql, (since_ms, state.through)).fetchall() if hot else []
        files = [segment.file for segment in state.kept if segment.last_ms >= since_ms]
        if files:
            sql = (
                f"SELECT {columns}, count(*), min(time_ms), max(time_ms), arg_max(transaction_id, time_ms) "
                + grouped.format("$files", "")
            )
            rows += self._queries.run(self._paths(files), sql, [since_ms])
        merged: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for row in rows:
            merged[row[:6]] = _joined(row, merged.get(row[:6]))
        newest = sorted(merged.values(), key=lambda row: row[8], reverse=True)[:limit]
        return tuple(
            Attempts(
                **dict(zip(names, row[:6], strict=True)),
                count=row[6],
                first_ms=row[7],
                last_ms=row[8],
                last_transaction_id=row[9],
            )
            for row in newest
        )

    def _paths(self, files: Sequence[str]) -> list[Path]:
        return [self._folder / SEGMENTS_FOLDER / file for file in files]

    @contextmanager
    def _snapshot(self) -> Iterator[tuple[sqlite3.Connection | None, LogState]]:
        """A fixed view of the hot store (None before the first record), and the log as it is after that."""
        path = self._folder / HOT_FILE
        if not path.exists():
            yield None, self._state()
            return
        with open_read_only(path) as hot:
            if not has_table(hot, LAST_HOT_TABLE):
                yield None, self._state()
                return
            hot.execute("BEGIN")
            hot.execute("SELECT max(position) FROM records").fetchone()
            yield hot, self._state()

    def _state(self) -> LogState:
        path = self._folder / LOG_FILE
        size = path.stat().st_size if path.exists() else 0
        if self._cached[0] != size:
            lines = path.read_bytes().split(b"\n")[:-1] if size else []
            self._cached = (size, log_state(tuple(map(decode_entry, lines))))
        return self._cached[1]


@contextmanager
def open_read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection; for a copy on read-only media too, where no write-ahead log can be opened."""
    connection = None
    try:
        connection = _connect(path, "mode=ro")
        yield connection
    except sqlite3.Error as error:
        raise LedgerError(f"{path} cannot be read: {error}; run `easement audit verify`") from error
    finally:
        if connection is not None:
            connection.close()


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether the writer has made the table: a file is there a moment before its tables."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone()
    return found is not None


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None, timeout=10)
    connection.create_function("folded", 1, _folded, deterministic=True)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if mode == "immutable=1":
            raise
        return _connect(path, "immutable=1")
    return connection


def _folded(value: bytes | str) -> str:
    """Lower case of any script: SQLite's own knows ASCII only, DuckDB's knows all."""
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else value).lower()


def _hot_rows(
    hot: sqlite3.Connection | None, where: Sequence[str], values: Sequence[Any], order: str, limit: int
) -> list[tuple[int, bytes]]:
    if hot is None:
        return []
    conditions = " AND ".join(where)
    sql = f"SELECT position, CAST(body AS BLOB) FROM records WHERE {conditions} ORDER BY position {order} LIMIT ?"  # noqa: S608 - fixed conditions
    return hot.execute(sql, (*values, limit)).fetchall()


def _conditions(wanted: Search) -> tuple[list[str], list[Any]]:
    where, values = [], []
    for name in _EQUALITIES:
        if value := getattr(wanted, name):
            where.append(f"{name} = ?")
            values.append(value)
    for condition, number in (
        ("time_ms >= ?", wanted.since_ms),
        ("time_ms < ?", wanted.until_ms),
        ("position < ?", wanted.before),
    ):
        if number:
            where.append(condition)
            values.append(number)
    return where, values


def _within(state: LogState, wanted: Search) -> list[list[SegmentFacts]]:
    """The kept segments that may hold what is wanted, seal by seal, newest first."""
    dropped = state.dropped
    seals = []
    for place, seal in enumerate(state.seals):
        before = state.seals[place - 1].through if place else 0
        if wanted.before and before + 1 >= wanted.before:
            continue
        fitting = [
            segment
            for segment in seal.segments
            if segment.file not in dropped
            and segment.last_ms >= wanted.since_ms
            and (not wanted.until_ms or segment.first_ms < wanted.until_ms)
        ]
        if fitting:
            seals.append(fitting)
    return seals[::-1]


def _groups(seals: Sequence[Sequence[SegmentFacts]]) -> Iterator[list[str]]:
    """Ever larger groups of files: the newest answer most questions, the rest is read in few queries."""
    start, size = 0, _FIRST_GROUP
    while start < len(seals):
        yield [segment.file for seal in seals[start : start + size] for segment in seal]
        start, size = start + size, size * 2


def _joined(row: tuple[Any, ...], other: tuple[Any, ...] | None) -> tuple[Any, ...]:
    if other is None:
        return row
    last = row if row[8] >= other[8] else other
    return (*row[:6], row[6] + other[6], min(row[7], other[7]), last[8], last[9])
