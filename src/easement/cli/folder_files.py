"""The files under a folder as a mapping that reads what it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path


class FolderFiles(Mapping[str, bytes]):
    """Relative path to content, read at the first question; nothing outside of the folder is in it.

    A file that cannot be read, is too large or is reached by a link that leads out counts as missing.
    """

    def __init__(self, root: Path, *, limit: int) -> None:
        self._root = root.resolve()
        self._limit = limit
        self._known: dict[str, bytes | None] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._known:
            self._known[name] = self._read(name)
        if (data := self._known[name]) is None:
            raise KeyError(name)
        return data

    def _read(self, name: str) -> bytes | None:
        try:
            path = (self._root / name).resolve()
            if not path.is_relative_to(self._root) or not path.is_file() or path.stat().st_size > self._limit:
                return None
            return path.read_bytes()
        except (OSError, ValueError):
            return None

    def __iter__(self) -> Iterator[str]:
        return (name for name, data in self._known.items() if data is not None)

    def __len__(self) -> int:
        return sum(data is not None for data in self._known.values())
