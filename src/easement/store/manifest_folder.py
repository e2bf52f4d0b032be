"""Read a folder of manifests from disk: bounded, and never past its own edge.

Only what may be a manifest or an interface description is read. Everything that is refused is one problem; the rest is
read all the same.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from easement.contract.problems import Place, Problem

MAX_FILE_BYTES: Final = 20_000_000
MAX_TOTAL_BYTES: Final = 500_000_000
MAX_FILES: Final = 20_000
MAX_ENTRIES: Final = 200_000
MAX_FOLDERS_DEEP: Final = 40
SUFFIXES: Final = (".yaml", ".yml", ".json")

_IGNORED_FOLDERS: Final = frozenset({"node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderContents:
    """Files by path relative to the folder, with ``/``, sorted; and what could not be read."""

    files: dict[str, bytes]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Walk:
    root: Path
    problems: list[Problem] = field(default_factory=list)
    entries: int = 0
    is_over: bool = False

    def report(self, code: str, message: str, file: str, hint: str = "") -> None:
        self.problems.append(Problem(code=code, message=message, place=Place(file=file), hint=hint))


def read_folder(root: Path) -> FolderContents:
    """Read all manifests and descriptions under ``root``. Never raises ``OSError``: what fails is a problem.

    Folders whose name starts with a dot, and ``node_modules``, are left out. A symbolic link is followed only where it
    stays inside ``root``, and only to a file.
    """
    walk = _Walk(root)
    files: dict[str, bytes] = {}
    if not root.is_dir():
        walk.report("EAS-1403", f"{root} is no folder that can be read", "", "name the folder that holds the manifests")
        return FolderContents(files=files, problems=tuple(walk.problems))
    total = 0
    for relative, path in _candidates(walk, root, "", 0):
        if len(files) >= MAX_FILES:
            walk.report("EAS-1404", f"more than {MAX_FILES:,} files", relative, "name a folder further down")
            break
        data = _read(walk, relative, path)
        if data is None:
            continue
        total += len(data)
        if total > MAX_TOTAL_BYTES:
            limit = f"more than {MAX_TOTAL_BYTES // 1_000_000} MB of files"
            walk.report("EAS-1404", limit, relative, "name a folder further down")
            break
        files[relative] = data
    return FolderContents(files=dict(sorted(files.items())), problems=tuple(walk.problems))


def _candidates(walk: _Walk, folder: Path, prefix: str, depth: int) -> Iterator[tuple[str, Path]]:
    """Relative and real path of every file that is to be read, in order."""
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        walk.report("EAS-1403", f"the folder cannot be read: {error.strerror}", prefix.rstrip("/"))
        return
    for entry in entries:
        walk.entries += 1
        if walk.is_over or walk.entries > MAX_ENTRIES:
            _stop(walk, prefix + entry.name)
            return
        relative = prefix + _printable(entry.name)
        if entry.is_symlink():
            if target := _link_target(walk, relative, entry.path):
                yield relative, target
        elif entry.is_dir(follow_symlinks=False):
            if entry.name.startswith(".") or entry.name in _IGNORED_FOLDERS:
                continue
            if depth >= MAX_FOLDERS_DEEP:
                walk.report("EAS-1404", f"folders nested more than {MAX_FOLDERS_DEEP} deep are not read", relative)
                continue
            yield from _candidates(walk, Path(entry.path), relative + "/", depth + 1)
        elif entry.name.endswith(SUFFIXES):
            yield relative, Path(entry.path)


def _stop(walk: _Walk, relative: str) -> None:
    if not walk.is_over:
        walk.is_over = True
        message = f"more than {MAX_ENTRIES:,} files and folders to look through"
        walk.report("EAS-1404", message, _printable(relative), "name a folder further down")


def _link_target(walk: _Walk, relative: str, path: str) -> Path | None:
    if not relative.endswith(SUFFIXES):
        return None
    try:
        target = Path(path).resolve(strict=True)
        root = walk.root.resolve(strict=True)
    except (OSError, RuntimeError):
        walk.report("EAS-1403", "a symbolic link that leads nowhere", relative, "mend or remove the link")
        return None
    if not target.is_relative_to(root):
        hint = "copy the file into the folder"
        walk.report("EAS-1402", "a symbolic link that leads out of the folder is not followed", relative, hint)
        return None
    return target


def _read(walk: _Walk, relative: str, path: Path) -> bytes | None:
    """The bytes of a regular file. The size is asked of the open file, and no more than the limit is ever read."""
    try:
        # O_NONBLOCK: opening a named pipe must not wait for a writer. O_NOFOLLOW: the link was judged before.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        walk.report("EAS-1403", f"cannot be read: {error.strerror}", relative, "check that you may read it")
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            walk.report("EAS-1403", "is no regular file", relative, "remove it or rename it")
            return None
        if status.st_size > MAX_FILE_BYTES:
            _report_too_large(walk, relative, status.st_size)
            return None
        try:
            data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            walk.report("EAS-1403", f"cannot be read: {error.strerror}", relative, "check the disk")
            return None
    if len(data) > MAX_FILE_BYTES:
        _report_too_large(walk, relative, len(data))
        return None
    return data


def _report_too_large(walk: _Walk, relative: str, size: int) -> None:
    limit = MAX_FILE_BYTES // 1_000_000
    message = f"has {size / 1_000_000:.0f} MB; files above {limit} MB are not read"
    walk.report("EAS-1401", message, relative, "move it out of the folder or split it")


def _printable(name: str) -> str:
    """A name that any output can carry: bytes that are no UTF-8 are replaced."""
    return name.encode("utf-8", "backslashreplace").decode()
