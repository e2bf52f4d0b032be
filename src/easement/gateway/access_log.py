"""From the access log to the spool: each line is recorded once, also over a crash at any point.

Before a batch is appended, the place it ends at and the number the spool will give its first record are written down.
After a crash that number says whether the append had happened: a batch is one frame of the spool, all or nothing.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import structlog

from easement.gateway.log_line import record_of, unreadable
from easement.gateway.plan_index import PlanFacts
from easement.ledger.record import Record
from easement.ledger.spool import Spool
from easement.store.atomic_file import write_atomically

_log = structlog.get_logger()
_BATCH_BYTES: Final = 1024 * 1024
_BATCH_LINES: Final = 1000
_ROTATED: Final = ".1"
_SETTLED_S: Final = 3.0
"""How long after a rotation Envoy may still write to the old file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Position:
    """Up to where the log is recorded, and the batch that was under way: ``sequence`` of ``recorder`` is its first."""

    inode: int = 0
    offset: int = 0
    recorder: str = ""
    sequence: int = 0
    end: int = 0


@dataclass(slots=True, kw_only=True)
class AccessLogReader:
    """Follows the access log at ``path`` and keeps its place in ``position_file``. Blocking: run it in a thread."""

    path: Path
    position_file: Path
    spool: Spool
    facts: Callable[[str], PlanFacts]
    rotate_bytes: int = 64 * 1024 * 1024
    recorded: int = field(default=0, init=False)
    malformed: int = field(default=0, init=False)
    _position: _Position = field(default_factory=_Position, init=False)
    _rotated_at: float = field(default=0.0, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._position = self._resume()

    def drain(self) -> int:
        """Record all whole lines there are. Returns how many. Raises what the spool raises; then nothing is lost."""
        count = 0
        while True:
            rotated = self._old_file()
            count += self._drain_file(rotated or self.path)
            if rotated is None or not self._is_settled():
                return count
            count += self._drain_file(rotated)
            rotated.unlink()
            self._position = _Position()

    def add(self, record: Record) -> None:
        """Record something that is not in the log: never between the mark of a batch and the batch."""
        with self._turn:
            self.spool.append([record])

    def rotate_if_large(self, reopen: Callable[[], bool]) -> bool:
        """Move a large log aside and have Envoy reopen its file by ``reopen``. Returns whether it did."""
        if self._old_file() is not None or not self.path.exists() or self.path.stat().st_size < self.rotate_bytes:
            return False
        self.path.rename(self._old_path)
        self._rotated_at = time.monotonic()
        if not reopen():
            _log.warning("gateway.log_not_reopened")
        return True

    @property
    def _old_path(self) -> Path:
        return self.path.with_name(self.path.name + _ROTATED)

    def _old_file(self) -> Path | None:
        return self._old_path if self._old_path.exists() else None

    def _is_settled(self) -> bool:
        return self.path.exists() and time.monotonic() - self._rotated_at > _SETTLED_S

    def _drain_file(self, path: Path) -> int:
        count = 0
        try:
            with path.open("rb") as log:
                self._locate(os.fstat(log.fileno()))
                while (batch := self._read_batch(log)) is not None:
                    count += self._record(*batch)
        except FileNotFoundError:
            return count
        return count

    def _locate(self, status: os.stat_result) -> None:
        """Another file than before, or one that was cut: read it from the start."""
        if status.st_ino != self._position.inode or status.st_size < self._position.offset:
            self._position = _Position(inode=status.st_ino)

    def _read_batch(self, log: Any) -> tuple[list[bytes], int] | None:
        log.seek(self._position.offset)
        data: bytes = log.read(_BATCH_BYTES)
        end = data.rfind(b"\n") + 1
        if end == 0:
            if len(data) < _BATCH_BYTES:
                return None
            return [data], self._position.offset + len(data)
        lines = data[:end].split(b"\n")[:-1]
        if len(lines) > _BATCH_LINES:
            lines = lines[:_BATCH_LINES]
            end = sum(len(line) + 1 for line in lines)
        return lines, self._position.offset + end

    def _record(self, lines: list[bytes], end: int) -> int:
        records = [self._record_of(line) for line in lines if line.strip()]
        with self._turn:
            intent = replace(self._position, recorder=self.spool.recorder, sequence=self.spool.next_sequence, end=end)
            write_atomically(self.position_file, json.dumps(asdict(intent)).encode())
            self.spool.append(records)
        self._position = _Position(inode=intent.inode, offset=end)
        self.recorded += len(records)
        return len(records)

    def _record_of(self, line: bytes) -> Record:
        try:
            return record_of(line, self.facts)
        except ValueError as error:
            self.malformed += 1
            _log.warning("gateway.log_line_unreadable", reason=str(error), bytes=len(line))
            return unreadable(line, time.time_ns() // 1_000_000)

    def _resume(self) -> _Position:
        try:
            saved = _Position(**json.loads(self.position_file.read_bytes()))
        except FileNotFoundError:
            return _Position()
        except (OSError, ValueError, TypeError):
            _log.warning("gateway.log_position_unreadable", file=str(self.position_file))
            return _Position()
        appended = saved.recorder == self.spool.recorder and self.spool.next_sequence > saved.sequence
        return _Position(inode=saved.inode, offset=saved.end if appended else saved.offset)
