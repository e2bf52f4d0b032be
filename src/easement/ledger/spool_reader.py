"""The ledger's side of a spool: read what is new, take the files away when their records are safe elsewhere.

* The newest file that holds a whole frame is never removed: the writer finds its next number there.
* Bytes that are no frame at the very end may be a frame in the making: they are left alone until something follows.
* Damage that is followed by frames is reported; its file is set aside instead of deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from easement.ledger.spool import recorder_name, set_aside, spool_files
from easement.ledger.spool_frame import Damage, Frame, read_frames

_READ_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolDamage:
    """Bytes of a spool file that are no frame though frames follow: records of ``recorder`` are lost there."""

    recorder: str
    file: Path
    start: int
    end: int


class SpoolReader:
    """Follows one recorder's folder. Not safe for several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._current: Path | None = None
        self._offset = 0
        self._finished: list[Path] = []
        self._damaged: set[Path] = set()

    @property
    def recorder(self) -> str:
        """The name of the writer, without its incarnation."""
        return self.folder.name

    def resume(self, digests: frozenset[bytes]) -> None:
        """Go on after the frame whose digest is among ``digests`` (the last known ones). Start over if there is none.

        The digest chain proves that every frame before that one is known, too.
        """
        last: bytes | None = None
        for path in spool_files(self.folder):
            for part in read_frames(path.read_bytes()):
                if isinstance(part, Damage):
                    continue
                if last is not None and part.previous != last:
                    return
                last = part.digest
                if part.digest in digests:
                    self._current, self._offset = path, part.end
                    self._finished = [file for file in spool_files(self.folder) if file < path]
                    return

    def read(self) -> Iterator[tuple[str, Frame] | SpoolDamage]:
        """What is new, in order: frames with the full name of their recorder, and damage."""
        for path in spool_files(self.folder):
            if self._current is not None and path < self._current:
                continue
            if path != self._current:
                if not _has_frame(path) and not self._is_closed(path):
                    return
                if self._current is not None:
                    self._finished.append(self._current)
                self._current, self._offset = path, 0
            yield from self._read_file(path)

    def confirm(self) -> None:
        """Everything read so far is safe: remove the files that are done with."""
        for path in self._finished:
            if path in self._damaged:
                self._damaged.discard(path)
                set_aside(path)
            else:
                path.unlink(missing_ok=True)
        self._finished.clear()

    def pending_bytes(self) -> int:
        """How much waits to be read."""
        waiting = 0
        for path in spool_files(self.folder):
            if self._current is None or path >= self._current:
                waiting += path.stat().st_size - (self._offset if path == self._current else 0)
        return waiting

    def _read_file(self, path: Path) -> Iterator[tuple[str, Frame] | SpoolDamage]:
        while True:
            with path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_READ_BYTES)
            base, consumed = self._offset, 0
            for part in read_frames(data):
                if isinstance(part, Frame):
                    consumed = part.end
                    self._offset = base + consumed
                    yield recorder_name(self.recorder, part.incarnation), part
                elif part.end < len(data) or (self._is_last_part(data, consumed) and self._is_closed(path)):
                    self._damaged.add(path)
                    consumed = part.end
                    self._offset = base + consumed
                    yield SpoolDamage(recorder=self.recorder, file=path, start=base + part.start, end=base + part.end)
            if not consumed or len(data) < _READ_BYTES:
                return

    def _is_closed(self, path: Path) -> bool:
        """Whether the writer has gone on to another file, and has written a frame there."""
        return any(_has_frame(file) for file in spool_files(self.folder) if file > path)

    @staticmethod
    def _is_last_part(data: bytes, consumed: int) -> bool:
        """Whether what is left of ``data`` is not just the beginning of a frame that the next read completes."""
        return len(data) < _READ_BYTES or not consumed


def _has_frame(path: Path) -> bool:
    return any(isinstance(part, Frame) for part in read_frames(path.read_bytes()))
