"""Where a transaction lies in the sealed segments: a small SQLite file beside them.

It is derived: it can be deleted and is built again from the segments. No proof rests on it, and readers check that
what they find carries the id they asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal

import structlog

from easement.ledger.errors import UnreadableSegmentError
from easement.ledger.layout import INDEX_FILE, SEGMENTS_FOLDER
from easement.ledger.segments import SegmentQueries

_log = structlog.get_logger()
IdKind = Literal["transaction_id", "correlation_id"]
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS segments (id INTEGER PRIMARY KEY, file TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS places (key INTEGER NOT NULL, segment INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (key, segment, position)) WITHOUT ROWID;
"""


def id_key(kind: IdKind, value: str) -> int:
    """64 bits for one id, as SQLite's signed integer."""
    return int.from_bytes(blake2b(f"{kind}\0{value}".encode("utf-8", "replace"), digest_size=8).digest(), signed=True)


class SealedIndex:
    """The writer's side; one process."""

    def __init__(self, folder: Path, queries: SegmentQueries) -> None:
        self._folder, self._queries = folder, queries
        self._connection = sqlite3.connect(folder / INDEX_FILE, check_same_thread=False, timeout=10)
        (folder / INDEX_FILE).chmod(0o600)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    def update(self, files: Sequence[str]) -> None:
        """Hold exactly these segment files: add what is new, drop what is gone."""
        held = dict(self._connection.execute("SELECT file, id FROM segments"))
        for file in files:
            if file not in held:
                self._try_to_add(file)
        self._drop([held[file] for file in held.keys() - set(files)])

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _try_to_add(self, file: str) -> None:
        """A damaged segment must not stop the ledger: it stays out of the index, and the verifier names it."""
        try:
            self._add(file)
        except UnreadableSegmentError as error:
            _log.error("ledger.segment_not_indexed", file=file, error=str(error))

    def _add(self, file: str) -> None:
        path = self._folder / SEGMENTS_FOLDER / file
        rows = self._queries.run([path], "SELECT position, transaction_id, correlation_id FROM $files")
        with self._connection:
            cursor = self._connection.execute("INSERT INTO segments (file) VALUES (?)", (file,))
            segment = cursor.lastrowid
            places = sorted((key, segment, position) for position, *ids in rows for key in _keys(*ids))
            self._connection.executemany("INSERT OR IGNORE INTO places VALUES (?, ?, ?)", places)

    def _drop(self, segments: Iterable[int]) -> None:
        with self._connection:
            for segment in segments:
                self._connection.execute("DELETE FROM places WHERE segment = ?", (segment,))
                self._connection.execute("DELETE FROM segments WHERE id = ?", (segment,))


def _keys(transaction_id: str, correlation_id: str) -> list[int]:
    keys = [id_key("transaction_id", transaction_id)]
    if correlation_id:
        keys.append(id_key("correlation_id", correlation_id))
    return keys
