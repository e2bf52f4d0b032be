"""What runs below a process, read from ``/proc`` (Linux): for tests that end processes and look for orphans."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class _Status(NamedTuple):
    name: str
    parent: int
    state: str


def children_of(pid: int) -> dict[int, str]:
    """The names of the direct children of a process, by process id."""
    found: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (status := _status(int(folder.name))) and status.parent == pid:
            found[int(folder.name)] = status.name
    return found


def descendants_of(pid: int) -> dict[int, str]:
    """Everything below a process, by process id."""
    found = children_of(pid)
    for child in list(found):
        found |= descendants_of(child)
    return found


def is_running(pid: int) -> bool:
    """Whether the process is there and has not ended."""
    status = _status(pid)
    return status is not None and status.state != "Z"


def _status(pid: int) -> _Status | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    name, _, rest = text.partition("(")[2].rpartition(")")
    state, parent = rest.split()[:2]
    return _Status(name, int(parent), state)
