"""Reads the verifier's evidence from a ledger folder. It opens everything read-only and needs no credentials."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb

from easement.ledger.entries import Incident, SegmentFacts
from easement.ledger.errors import LedgerError
from easement.ledger.evidence import Evidence, HotEvidence, Rows, SegmentEvidence, SpoolEvidence, UnreadableRows
from easement.ledger.layout import (
    CHECKPOINT_FILE,
    HOT_FILE,
    LAST_HOT_TABLE,
    LOG_FILE,
    SEARCH_COLUMNS,
    SEGMENTS_FOLDER,
    VERIFY_KEY_FILE,
)
from easement.ledger.query import has_table, open_read_only
from easement.ledger.segments import file_digest, open_duckdb
from easement.ledger.spool import recorder_name, spool_files
from easement.ledger.spool_frame import Frame, read_frames

_PART_ROWS: Final = 8_192
_NO_POSITION: Final = 2**62
_UNREADABLE: Final = (duckdb.Error, ValueError, OverflowError, MemoryError)
"""What reading a damaged file may raise; damaged text comes as ``UnicodeDecodeError``, a ``ValueError``."""
_COLUMNS: Final = ", ".join(SEARCH_COLUMNS)


def read_evidence(
    folder: Path,
    *,
    spool_folder: Path | None = None,
    verify_key: str = "",
    kept_checkpoints: Mapping[str, bytes] | None = None,
) -> Evidence:
    """The evidence in ``folder``; the verifier key in it is used where none is given.

    Raises :class:`LedgerError` when there is no ledger. Safe beside a running ledger: unsealed rows are read first, so
    that a seal in between shows them twice and never not at all.
    """
    if not (folder / VERIFY_KEY_FILE).exists() and not (folder / CHECKPOINT_FILE).exists():
        raise LedgerError(f"{folder} holds no ledger: give the data directory with --data")
    spools = tuple(_spools(spool_folder)) if spool_folder and spool_folder.is_dir() else ()
    hot = _hot(folder / HOT_FILE)
    checkpoint = _bytes(folder / CHECKPOINT_FILE)
    segments = folder / SEGMENTS_FOLDER
    return Evidence(
        verify_key=verify_key or _bytes(folder / VERIFY_KEY_FILE).decode("utf-8", "replace"),
        checkpoint=checkpoint,
        log=_bytes(folder / LOG_FILE),
        present=frozenset(path.name for path in segments.glob("[!.]*")),
        segment=_segment_reader(segments),
        hot=hot,
        spools=spools,
        kept_checkpoints=kept_checkpoints or {},
    )


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _hot(path: Path) -> HotEvidence:
    if not path.exists():
        return HotEvidence()
    try:
        with open_read_only(path) as hot:
            if not has_table(hot, LAST_HOT_TABLE):
                return HotEvidence()
            hot.execute("BEGIN")
            rows = hot.execute(f"SELECT position, CAST(body AS BLOB), {_COLUMNS} FROM records ORDER BY position")  # noqa: S608 - ours
            return HotEvidence(
                rows=[(position, body, tuple(columns)) for position, body, *columns in rows],
                heads=hot.execute("SELECT position, note FROM heads ORDER BY position").fetchall(),
                recorders=dict(hot.execute("SELECT recorder, next_sequence FROM recorders")),
                incidents=[
                    Incident(**json.loads(body)) for (body,) in hot.execute("SELECT body FROM incidents ORDER BY id")
                ],
            )
    except (LedgerError, sqlite3.Error, ValueError, TypeError) as error:
        return HotEvidence(error=f"it cannot be read: {error}")


def _spools(folder: Path) -> Iterator[SpoolEvidence]:
    for recorder in sorted(path for path in folder.iterdir() if path.is_dir()):
        ends: dict[str, tuple[int, int]] = {}
        for path in spool_files(recorder):
            for frame in read_frames(_bytes(path)):
                if isinstance(frame, Frame):
                    name = recorder_name(recorder.name, frame.incarnation)
                    first, end = ends.get(name, (frame.first_sequence, 0))
                    ends[name] = (min(first, frame.first_sequence), max(end, frame.next_sequence))
        for name, (first, end) in ends.items():
            yield SpoolEvidence(recorder=name, first=first, end=end)


def _segment_reader(folder: Path) -> Callable[[SegmentFacts], SegmentEvidence]:
    def read(facts: SegmentFacts) -> SegmentEvidence:
        path, leaves = folder / facts.file, folder / facts.leaves_file
        digest = file_digest(path)
        return SegmentEvidence(
            sha256=digest,
            size_bytes=path.stat().st_size,
            leaves=leaves.read_bytes() if leaves.exists() else None,
            parts=_rows(path) if digest == facts.sha256 else _salvaged(path, facts),
        )

    return read


def _rows(path: Path) -> Iterator[Rows | UnreadableRows]:
    try:
        with open_duckdb() as connection:
            cursor = connection.execute("SELECT body FROM read_parquet(?)", [str(path)])
            while part := cursor.fetchmany(_PART_ROWS):
                yield Rows(bodies=[body for (body,) in part])
    except _UNREADABLE as error:
        yield UnreadableRows(count=0, reason=_first_line(error))


def _salvaged(path: Path, facts: SegmentFacts) -> Iterator[Rows | UnreadableRows]:
    """Rows of a damaged file, group by group, so that one damaged group hides no other."""
    try:
        with open_duckdb() as connection:
            groups = connection.execute(
                "SELECT row_group_num_rows, CAST(stats_min_value AS BIGINT), CAST(stats_max_value AS BIGINT) "
                "FROM parquet_metadata(?) WHERE path_in_schema = 'position' ORDER BY row_group_id",
                [str(path)],
            ).fetchall()
    except _UNREADABLE as error:
        yield UnreadableRows(count=0, reason=_first_line(error))
        return
    if sum(count for count, _, _ in groups) != facts.rows:
        groups = [(facts.rows, 0, _NO_POSITION)]
    for count, first, last in groups:
        try:
            rows = _group(path, f"body, {_COLUMNS}", first, last)
            yield Rows(bodies=[row[0] for row in rows], columns=[row[1:] for row in rows])
        except _UNREADABLE:
            yield _bodies_only(path, count, first, last)


def _bodies_only(path: Path, count: int, first: int, last: int) -> Rows | UnreadableRows:
    """The records of a group whose search columns cannot be read."""
    try:
        return Rows(bodies=[body for (body,) in _group(path, "body", first, last)])
    except _UNREADABLE as error:
        return UnreadableRows(count=count, reason=_first_line(error))


def _group(path: Path, columns: str, first: int, last: int) -> list[tuple[Any, ...]]:
    with open_duckdb() as connection:
        sql = f"SELECT {columns} FROM read_parquet(?) WHERE position BETWEEN ? AND ?"  # noqa: S608 - our own names
        rows = connection.execute(sql, [str(path), first, last]).fetchall()
    if not all(isinstance(row[0], bytes) for row in rows):
        raise ValueError("a row has no record")
    return rows


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
