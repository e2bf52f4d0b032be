"""Sealed segments: immutable Parquet files of records, with the hash of each row beside them.

* Rows keep the canonical bytes in ``body``; all other columns are read out of it and serve the search.
* A segment is read back and compared with the rows it was made of before anyone signs it.
* Files are written beside their place and renamed; a seal that was not signed is written again under the same names.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb

from easement.ledger.encoding import FIELDS
from easement.ledger.entries import SegmentFacts
from easement.ledger.errors import UnreadableSegmentError
from easement.ledger.layout import NUMBER_COLUMNS, SEARCH_COLUMNS
from easement.ledger.merkle import leaf_hash, root

ROW_GROUP_ROWS: Final = 8_192
_FETCH_ROWS: Final = 8_192
_COLUMNS: Final = ", ".join(
    f"CAST(json_extract(text, '$[{FIELDS.index(name) + 1}]') AS BIGINT) AS {name}"
    if name in NUMBER_COLUMNS
    else f"json_extract_string(text, '$[{FIELDS.index(name) + 1}]') AS {name}"
    for name in SEARCH_COLUMNS
)


@dataclass(slots=True)
class SegmentRows:
    """The rows of one class that a seal will hold."""

    positions: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    first_ms: int = 0
    last_ms: int = 0

    def add(self, position: int, body: bytes, time_ms: int) -> None:
        """One more row; positions rise."""
        self.first_ms = time_ms if not self.bodies else min(self.first_ms, time_ms)
        self.last_ms = time_ms if not self.bodies else max(self.last_ms, time_ms)
        self.positions.append(position)
        self.bodies.append(body)


def open_duckdb(*, memory_mb: int = 512, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that loads no extension, reaches no network and writes no spill file."""
    return duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory_mb}MB",
            "threads": threads,
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Turn what DuckDB and the system say about a damaged file into :class:`UnreadableSegmentError`."""
    try:
        yield
    except (duckdb.Error, OSError, UnicodeDecodeError) as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnreadableSegmentError(f"{path} cannot be read: {first_line}; run `easement audit verify`") from error


def write_segment(folder: Path, number: int, retention_class: str, rows: SegmentRows) -> SegmentFacts:
    """Write one segment and its leaf hashes durably, read it back, and return what there is to sign."""
    name = f"{number:08d}-{retention_class}"
    target = folder / f"{name}.parquet"
    text, draft, leaves_draft = (folder / f".{name}.{suffix}" for suffix in ("tsv", "draft", "leaves"))
    leaves = [leaf_hash(body) for body in rows.bodies]
    try:
        with text.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.writelines(b"%d\t%s\n" % row for row in zip(rows.positions, rows.bodies, strict=True))
        _copy(text, draft)
        if list(map(leaf_hash, bodies_of(draft))) != leaves:
            raise UnreadableSegmentError(f"{draft} does not hold the rows that were written: check the disk")
        leaves_draft.write_bytes(b"".join(leaves))
        for made in (draft, leaves_draft):
            _flush(made)
        facts = SegmentFacts(
            file=target.name,
            retention_class=retention_class,
            rows=len(leaves),
            root=root(leaves).hex(),
            sha256=file_digest(draft),
            size_bytes=draft.stat().st_size,
            first_ms=rows.first_ms,
            last_ms=rows.last_ms,
        )
        leaves_draft.rename(folder / facts.leaves_file)
        draft.rename(target)
        _flush(folder)
    finally:
        for left in (text, draft, leaves_draft):
            left.unlink(missing_ok=True)
    return facts


def bodies_of(path: Path) -> Iterator[bytes]:
    """The canonical bytes of all rows in order. Raises :class:`UnreadableSegmentError`."""
    with reading(path), open_duckdb() as connection:
        cursor = connection.execute("SELECT body FROM read_parquet(?)", [str(path)])
        while part := cursor.fetchmany(_FETCH_ROWS):
            for (body,) in part:
                yield body


def file_digest(path: Path) -> str:
    """SHA-256 of a whole file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class SegmentQueries:
    """Runs queries over sealed files on one DuckDB instance, which takes longer to open than most answers take.

    Usable from several threads. After an error the instance is not used again: a damaged file may have broken it.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._instance: duckdb.DuckDBPyConnection | None = None

    def run(self, paths: Sequence[Path], sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run ``sql``, in which ``$files`` stands for the rows of ``paths``. Raises :class:`UnreadableSegmentError`."""
        statement = sql.replace("$files", "read_parquet(?)")
        with reading(", ".join(path.name for path in paths[:3])):
            cursor = self._cursor()
            try:
                return cursor.execute(statement, [[str(path) for path in paths], *parameters]).fetchall()
            except BaseException:
                self._instance = None
                raise
            finally:
                cursor.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._guard:
            if self._instance is None:
                self._instance = open_duckdb()
            return self._instance.cursor()


def _copy(text: Path, target: Path) -> None:
    source = (
        f"read_csv('{_quoted(text)}', delim='\t', quote='', escape='', header=false, auto_detect=false, "
        "columns={'position': 'BIGINT', 'text': 'VARCHAR'}, max_line_size=262144, buffer_size=8388608)"
    )
    with reading(text), open_duckdb(threads=1) as connection:
        connection.execute(
            f"COPY (SELECT position, {_COLUMNS}, encode(text) AS body FROM {source}) "  # noqa: S608 - COPY takes no parameters
            f"TO '{_quoted(target)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS})"
        )
    target.chmod(0o600)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
