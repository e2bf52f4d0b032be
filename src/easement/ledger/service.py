"""The ledger process: takes records in, seals them, drops what is due, and keeps its checkpoint fresh."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from easement.ledger.entries import RecorderRange
from easement.ledger.errors import LedgerDamagedError, LedgerError
from easement.ledger.hot_store import RecorderState, SqliteHotStore
from easement.ledger.ingest import Ingest
from easement.ledger.layout import HOT_FILE, SEAL_REQUEST_FILE, SEGMENTS_FOLDER
from easement.ledger.log_file import LedgerLog
from easement.ledger.retention import tombstone
from easement.ledger.seal import remove_unsigned, seal
from easement.ledger.sealed_index import SealedIndex
from easement.ledger.segments import SegmentQueries
from easement.ledger.signing_key import load_or_create_signer
from easement.store.heartbeat import Heartbeat

ROLE: Final = "ledger"
CHECKPOINT_EVERY_MS: Final = 60_000
RETENTION_EVERY_MS: Final = 3_600_000
_STEP_RECORDS: Final = 10_000
_IDLE_S: Final = 0.1
_TROUBLE_S: Final = 1.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerConfig:
    """Folders of one installation, and when to seal: after so many rows or so many minutes."""

    spool_folder: Path
    folder: Path
    key_folder: Path
    heartbeat_folder: Path
    segment_rows: int = 100_000
    segment_minutes: int = 60


class Ledger:
    """Everything the process does, without a loop: for the service and for tests. One thread at a time.

    Raises :class:`LedgerDamagedError` when what is on disk is not what was signed, :class:`LedgerError` when another
    process writes to this folder.
    """

    def __init__(self, config: LedgerConfig, *, now_ms: int) -> None:
        self._config = config
        self._queries = SegmentQueries()
        for folder in (config.spool_folder, config.folder, config.folder / SEGMENTS_FOLDER):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock(config.folder)
        try:
            signer = load_or_create_signer(config.key_folder)
            self._log = LedgerLog(config.folder, signer, now_ms=now_ms)
            remove_unsigned(config.folder, self._log)
            self._hot = SqliteHotStore(config.folder / HOT_FILE)
            self._index = SealedIndex(config.folder, self._queries)
            self._finish_seal()
            self._ingest = Ingest(
                spool_folder=config.spool_folder,
                hot=self._hot,
                signer=signer,
                sealed_through=self._log.state.through,
                sealed_recorders=_states(self._log.state.recorders),
                sealed_lookup=self._sealed,
            )
        except BaseException:
            os.close(self._lock)
            raise
        self._oldest_ms = now_ms
        self._retention_ms = 0

    @property
    def hot_records(self) -> int:
        """How many records wait to be sealed."""
        return self._ingest.tree.size

    def facts(self) -> dict[str, Any]:
        """A few numbers for the heartbeat."""
        state = self._log.state
        return {
            "records": self._ingest.position,
            "unsealed": self.hot_records,
            "seals": len(state.seals),
            "spool_bytes": self._ingest.pending_bytes(),
            "checkpoint_ms": self._log.checkpoint.time_ms,
        }

    def step(self, *, now_ms: int) -> int:
        """Take in what waits, seal, drop and sign what is due; says how many records came in."""
        if not self.hot_records:
            self._oldest_ms = now_ms
        room = max(1, self._config.segment_rows - self.hot_records)
        taken = self._ingest.step(min(_STEP_RECORDS, room), now_ms=now_ms)
        request = self._config.folder / SEAL_REQUEST_FILE
        is_asked = request.exists() and not taken
        age_ms = now_ms - self._oldest_ms
        if is_asked or self.hot_records >= self._config.segment_rows or age_ms >= self._config.segment_minutes * 60_000:
            self.seal(now_ms=now_ms)
        if is_asked:
            request.unlink(missing_ok=True)
        if now_ms - self._retention_ms >= RETENTION_EVERY_MS:
            self.drop_due(now_ms=now_ms)
            self._retention_ms = now_ms
        if now_ms - self._log.checkpoint.time_ms >= CHECKPOINT_EVERY_MS:
            self._log.refresh(now_ms=now_ms)
        return taken

    def seal(self, *, now_ms: int) -> None:
        """Seal all that is hot; nothing happens when nothing is."""
        if seal(self._config.folder, self._log, self._hot, self._ingest, now_ms=now_ms) is not None:
            self._finish_seal()
            self._ingest.sealed(self._log.state.through)

    def drop_due(self, *, now_ms: int) -> None:
        """Drop the segments whose retention has passed: the signed tombstone first, then the files."""
        entry = tombstone(self._log.state, now_ms=now_ms)
        if entry is None:
            return
        self._log.append(entry, now_ms=now_ms)
        self._index.update([segment.file for segment in self._log.state.kept])
        remove_unsigned(self._config.folder, self._log)
        _log.info("ledger.segments_dropped", files=[segment.file for segment in entry.segments])

    def close(self) -> None:
        """Give all files back."""
        self._hot.close()
        self._index.close()
        os.close(self._lock)

    def _finish_seal(self) -> None:
        """What follows a signed seal; also after a crash in the middle of it."""
        self._index.update([segment.file for segment in self._log.state.kept])
        if self._log.state.through:
            self._hot.forget(self._log.state.through)

    def _sealed(self, recorder: str, first: int, last: int) -> Mapping[int, bytes]:
        paths = [self._config.folder / SEGMENTS_FOLDER / segment.file for segment in self._log.state.kept]
        if not paths:
            return {}
        sql = "SELECT sequence, body FROM $files WHERE recorder = ? AND sequence BETWEEN ? AND ?"
        return dict(self._queries.run(paths, sql, [recorder, first, last]))


def request_seal(folder: Path) -> None:
    """Ask the running ledger of this folder to seal what it has taken in. It does so within about a second."""
    (folder / SEAL_REQUEST_FILE).touch(mode=0o600)


async def run_ledger(config: LedgerConfig, stop: asyncio.Event) -> None:
    """Run until ``stop``; then take in what is left, seal it, and return.

    Raises :class:`LedgerError` when it cannot start, or when the ledger turns out not to be what was signed. A full
    disk is waited out: records stay in the spools, which refuse when they are full.
    """
    heartbeat = Heartbeat(config.heartbeat_folder, ROLE)
    heartbeat.beat(ready=False)
    ledger = await asyncio.to_thread(Ledger, config, now_ms=_now_ms())
    beating = asyncio.create_task(_beat(heartbeat, ledger))
    try:
        while not stop.is_set():
            taken = await _step(ledger)
            if taken == 0:
                await _pause(stop, _IDLE_S)
            elif taken is None:
                await _pause(stop, _TROUBLE_S)
        while await _step(ledger):
            continue
        await asyncio.to_thread(ledger.seal, now_ms=_now_ms())
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        await asyncio.to_thread(ledger.close)


async def _step(ledger: Ledger) -> int | None:
    """One step; None when the disk or a file is in trouble that may pass."""
    try:
        return await asyncio.to_thread(ledger.step, now_ms=_now_ms())
    except LedgerDamagedError:
        raise
    except (OSError, sqlite3.Error, LedgerError) as error:
        _log.error("ledger.step_failed", error=str(error))
        return None


async def _beat(heartbeat: Heartbeat, ledger: Ledger) -> None:
    while True:
        await asyncio.to_thread(heartbeat.beat, ready=True, **ledger.facts())
        await asyncio.sleep(1)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _states(recorders: Mapping[str, RecorderRange]) -> dict[str, RecorderState]:
    return {
        name: RecorderState(next_sequence=last.last + 1, digest=bytes.fromhex(last.digest))
        for name, last in recorders.items()
    }


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise LedgerError(f"another process writes to {folder}: stop it, or set another data directory") from error
    return descriptor


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
