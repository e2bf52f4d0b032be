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

from easement.ledger.spool import SUFFIX, recorder_name, set_aside, spool_files
from easement.ledger.spool_frame import Damage, Frame, read_frames

_READ_BYTES: Final = 32 * 1024 * 1024
_TAKEN: Final = ".taken"


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
        self._offsets: dict[Path, int] = {}
        self._torn: dict[Path, int] = {}
        """Size of a closed file whose end is no frame, when that was reported."""
        self._damaged: set[Path] = set()
        for path in folder.glob(f"*{_TAKEN}"):
            path.rename(path.with_suffix(SUFFIX))

    @property
    def recorder(self) -> str:
        """The name of the writer, without its incarnation."""
        return self.folder.name

    def resume(self, digests: frozenset[bytes]) -> None:
        """Go on after the frame whose digest is among ``digests`` (the last known ones). Start over if there is none.

        The digest chain proves that every frame before that one is known, too.
        """
        last: bytes | None = None
        passed: dict[Path, int] = {}
        for path in spool_files(self.folder):
            passed[path] = path.stat().st_size
            for part in read_frames(path.read_bytes()):
                if isinstance(part, Damage):
                    continue
                if last is not None and part.previous != last:
                    return
                last = part.digest
                if part.digest in digests:
                    self._offsets = {**passed, path: part.end}
                    return

    def read(self) -> Iterator[tuple[str, Frame] | SpoolDamage]:
        """What is new, in order: frames with the full name of their recorder, and damage."""
        for path in spool_files(self.folder):
            if path not in self._offsets:
                if not _has_frame(path) and not self._is_closed(path):
                    continue
                self._offsets[path] = 0
            if path.stat().st_size > self._offsets[path]:
                yield from self._read_file(path)

    def confirm(self) -> None:
        """Everything read so far is safe: remove the files that are done with, all but the newest."""
        for path in sorted(self._offsets)[:-1]:
            if self._is_done(path):
                self._take(path)

    def pending_bytes(self) -> int:
        """How much waits to be read."""
        return sum(path.stat().st_size - self._offsets.get(path, 0) for path in spool_files(self.folder))

    def _take(self, path: Path) -> None:
        """Remove a file, unless its writer turns out to write on: the writer looks for its file after each write."""
        taken = path.with_suffix(_TAKEN)
        path.rename(taken)
        if not self._is_done(path, at=taken):
            taken.rename(path)
            return
        if path in self._damaged:
            set_aside(taken)
        else:
            taken.unlink()
        self._damaged.discard(path)
        self._torn.pop(path, None)
        del self._offsets[path]

    def _is_done(self, path: Path, *, at: Path | None = None) -> bool:
        size = (at or path).stat().st_size
        return size in (self._offsets[path], self._torn.get(path))

    def _read_file(self, path: Path) -> Iterator[tuple[str, Frame] | SpoolDamage]:
        while True:
            base, consumed = self._offsets[path], 0
            with path.open("rb") as file:
                file.seek(base)
                data = file.read(_READ_BYTES)
            for part in read_frames(data):
                if isinstance(part, Frame):
                    consumed = part.end
                    self._offsets[path] = base + consumed
                    yield recorder_name(self.recorder, part.incarnation), part
                elif part.end < len(data):
                    yield self._damage(path, base + part.start, base + part.end)
                elif len(data) < _READ_BYTES and self._torn.get(path) != base + len(data) and self._is_closed(path):
                    self._torn[path] = base + len(data)
                    yield self._damage(path, base + part.start, base + part.end)
            if not consumed or len(data) < _READ_BYTES:
                return

    def _damage(self, path: Path, start: int, end: int) -> SpoolDamage:
        self._damaged.add(path)
        return SpoolDamage(recorder=self.recorder, file=path, start=start, end=end)

    def _is_closed(self, path: Path) -> bool:
        """Whether the writer has gone on to another file, and has written a frame there."""
        return any(_has_frame(file) for file in spool_files(self.folder) if file > path)


def _has_frame(path: Path) -> bool:
    return any(isinstance(part, Frame) for part in read_frames(path.read_bytes()))
