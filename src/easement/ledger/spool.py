"""The spool: where a process leaves its records, durable before it acknowledges anything.

* One folder and one writer for each recorder; a second writer is refused.
* :meth:`Spool.append` returns when the records are on disk. If it raises, they are not recorded: do not acknowledge.
* Numbers leave no gap, also over restarts; a torn tail (the process died while writing) is cut off, since nobody was
  told that it is durable.
* Bounded: a spool that the ledger does not empty fills up, and then refuses.
* Files are removed by the ledger only (:mod:`easement.ledger.spool_reader`).
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import re
import secrets
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import structlog

from easement.ledger.encoding import MAX_RECORD_BYTES, bounded, encode
from easement.ledger.errors import SpoolError, SpoolFullError, SpoolLockedError
from easement.ledger.record import Record
from easement.ledger.spool_frame import FIRST, Frame, read_frames, write_frame

SUFFIX: Final = ".spool"
DEFAULT_MAX_BYTES: Final = 1024 * 1024 * 1024
DEFAULT_FILE_BYTES: Final = 8 * 1024 * 1024
_RECORDS_IN_FRAME: Final = 2_000
_FRAME_BYTES: Final = 4 * 1024 * 1024
_RECORDER = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED: Final = "this spool is closed"
_log = structlog.get_logger()


def spool_files(folder: Path) -> list[Path]:
    """The spool files of one recorder's folder, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def set_aside(path: Path) -> Path:
    """Move a spool file that cannot be read to ``damaged/`` beside it: evidence is not deleted."""
    folder = path.parent / "damaged"
    folder.mkdir(mode=0o700, exist_ok=True)
    kept = folder / f"{path.name}.{secrets.token_hex(4)}"
    path.rename(kept)
    _log.warning("ledger.spool_file_set_aside", file=str(kept))
    return kept


def recorder_name(recorder: str, incarnation: bytes) -> str:
    """The name in the records: ``RECORDER@INCARNATION``."""
    return f"{recorder}@{incarnation.hex()}"


class Spool:
    """The one writer of ``folder/recorder/``.

    Raises :class:`SpoolLockedError` when another process writes there, :class:`SpoolError` when the folder cannot be
    used. ``max_bytes`` bounds what may wait for the ledger.
    """

    def __init__(
        self,
        folder: Path,
        recorder: str,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        file_bytes: int = DEFAULT_FILE_BYTES,
    ) -> None:
        if not _RECORDER.fullmatch(recorder):
            raise SpoolError(f"{recorder!r} is not a recorder name: write lower case letters, digits, '.', '_', '-'")
        self._folder = folder / recorder
        self._max_bytes, self._file_bytes = max_bytes, file_bytes
        self._guard = threading.Lock()
        self._file = -1
        self._file_size = self._closed_size = 0
        self._failed = ""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = self._take_lock()
        except OSError as error:
            raise SpoolError(f"cannot write records to {self._folder}: {error.strerror}; check its rights") from error
        try:
            self._continue_from_disk()
        except BaseException:
            os.close(self._lock)
            raise
        self.recorder = recorder_name(recorder, self._incarnation)

    def append(self, records: Sequence[Record]) -> None:
        """Give the records their numbers and make them durable. Blocks for an fsync; safe from several threads.

        Raises :class:`SpoolFullError`, :class:`SpoolError` or :class:`~easement.ledger.errors.EncodingError`; then none
        of the records counts as recorded and no number is used up.
        """
        if not records:
            return
        with self._guard:
            if self._failed:
                raise SpoolError(self._failed)
            data, sequence, digest = self._frames(records)
            self._make_room(len(data))
            self._write(data)
            self._sequence, self._digest = sequence, digest

    @property
    def next_sequence(self) -> int:
        """The number that the next record will get: by it a writer can tell after a crash what had been appended."""
        with self._guard:
            return self._sequence

    def close(self) -> None:
        """Let another writer take over. Appending afterwards raises."""
        with self._guard:
            if self._failed == _CLOSED:
                return
            self._failed = _CLOSED
            if self._file >= 0:
                os.close(self._file)
            os.close(self._lock)

    def _frames(self, records: Sequence[Record]) -> tuple[bytes, int, bytes]:
        """All frames of a batch, the next number and the last digest."""
        sequence, digest, frames = self._sequence, self._digest, []
        for part in _parts(self._encoded(records)):
            frame, digest = write_frame(part, first_sequence=sequence, incarnation=self._incarnation, previous=digest)
            frames.append(frame)
            sequence += len(part)
        return b"".join(frames), sequence, digest

    def _encoded(self, records: Sequence[Record]) -> Iterator[bytes]:
        for sequence, record in enumerate(records, start=self._sequence):
            data = encode(record, recorder=self.recorder, sequence=sequence)
            if len(data) > MAX_RECORD_BYTES:
                data = encode(bounded(record), recorder=self.recorder, sequence=sequence)
            yield data

    def _make_room(self, size: int) -> None:
        if self._closed_size + self._file_size + size <= self._max_bytes:
            return
        self._closed_size = sum(file.stat().st_size for file in spool_files(self._folder)) - self._file_size
        if self._closed_size + self._file_size + size > self._max_bytes:
            raise SpoolFullError(
                f"{self._folder} holds {self._closed_size + self._file_size} bytes that the ledger has not taken; "
                f"the limit is {self._max_bytes}: check that the ledger runs and has disk space"
            )

    def _write(self, data: bytes) -> None:
        """Append and flush; on failure cut the file back so that what was refused is not found later."""
        try:
            if self._file < 0 or self._file_size >= self._file_bytes:
                self._start_file()
            self._write_durably(data)
            if not self._is_in_place():
                _log.warning("ledger.spool_file_gone", folder=str(self._folder))
                self._start_file()
                self._write_durably(data)
        except OSError as error:
            self._cut_back(error)
            if error.errno in _FULL:
                raise SpoolFullError(
                    f"no space left for records in {self._folder}: free disk space; nothing is acknowledged meanwhile"
                ) from error
            raise SpoolError(f"cannot write records to {self._folder}: {error.strerror}") from error
        self._file_size += len(data)

    def _write_durably(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        os.fdatasync(self._file)

    def _is_in_place(self) -> bool:
        """Whether the ledger will find the file that was written: somebody may have moved or removed it."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file))
        except FileNotFoundError:
            return False

    def _cut_back(self, error: OSError) -> None:
        if self._file < 0:
            return
        try:
            os.ftruncate(self._file, self._file_size)
            os.fdatasync(self._file)
        except OSError:
            self._failed = f"{self._folder} failed ({error.strerror}): restart this process once the disk is well"

    def _start_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._closed_size += self._file_size
        self._path, self._file = self._new_file()
        self._file_size = 0
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _new_file(self) -> tuple[Path, int]:
        """A file that was not there before: one that somebody left under its name is neither used nor destroyed."""
        for attempt in itertools.count():
            path = self._folder / f"{self._sequence:020d}{f'.{attempt}' if attempt else ''}{SUFFIX}"
            try:
                return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                _log.warning("ledger.spool_name_taken", file=str(path))
        raise AssertionError("unreachable: the count has no end")

    def _take_lock(self) -> int:
        path = self._folder / "lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
            os.close(lock)
            raise SpoolLockedError(
                f"{self._folder} is written by process {owner or 'unknown'}: stop it, or give this one another name"
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return lock

    def _continue_from_disk(self) -> None:
        """Find the last whole frame, cut what follows it, and go on from there."""
        files = spool_files(self._folder)
        for path in reversed(files):
            frames = [frame for frame in read_frames(path.read_bytes()) if isinstance(frame, Frame)]
            if not frames:
                set_aside(path)
                continue
            last = frames[-1]
            self._incarnation, self._sequence, self._digest = last.incarnation, last.next_sequence, last.digest
            self._open_after(path, last.end)
            self._closed_size = sum(file.stat().st_size for file in files if file.exists() and file != path)
            return
        self._incarnation, self._sequence, self._digest = secrets.token_bytes(8), 1, FIRST

    def _open_after(self, path: Path, end: int) -> None:
        size = path.stat().st_size
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        if size > end:
            _log.warning("ledger.spool_tail_cut", file=str(path), bytes=size - end)
            os.ftruncate(self._file, end)
            os.fdatasync(self._file)
        self._file_size = end


def _parts(records: Iterator[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size = 0
    for record in records:
        if part and (len(part) == _RECORDS_IN_FRAME or size + len(record) > _FRAME_BYTES):
            yield part
            part, size = [], 0
        part.append(record)
        size += len(record)
    yield part
