"""Files that hold private keys and tokens: only their owner may read them, and that is checked at each read."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

_MAX_BYTES: Final = 65_536


class PrivateFileError(RuntimeError):
    """A private file is missing, unreadable, too open, or not a plain file. The message names the remedy."""

    code = "EAS-7002"


def read_private_file(path: Path, *, forbidden_mode: int = 0o077, max_bytes: int = _MAX_BYTES) -> bytes:
    """Content of ``path``, at most ``max_bytes``.

    Raises :class:`PrivateFileError` when any bit of ``forbidden_mode`` is set, when somebody else owns the file, or
    when it is a symbolic link: the checks are made on the opened descriptor, so nothing can be swapped in between.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be read: {error.strerror}") from error
    try:
        _check_status(path, os.fstat(descriptor), forbidden_mode)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(max_bytes + 1)
    finally:
        os.close(descriptor)
    if len(data) > max_bytes:
        raise PrivateFileError(f"{path} is larger than {max_bytes} bytes: this is not the file that was meant")
    return data


def _check_status(path: Path, status: os.stat_result, forbidden_mode: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise PrivateFileError(f"{path} is not a regular file")
    if status.st_uid not in {os.geteuid(), 0}:
        raise PrivateFileError(f"{path} belongs to another user (uid {status.st_uid}): change its owner")
    if status.st_mode & forbidden_mode:
        mode = stat.S_IMODE(status.st_mode)
        raise PrivateFileError(f"{path} is open to other users (mode {mode:04o}): run chmod 600 on it, then rotate it")


def create_private_file(path: Path, data: bytes) -> bool:
    """Create ``path`` (mode 0600) with ``data`` in one step, on disk before return.

    Returns False, and changes nothing, where it exists already: of two processes that start at once, one wins.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
