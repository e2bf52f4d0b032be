"""The key by which fields are hashed on their way: made once, the same at every gateway and relay."""

from __future__ import annotations

import secrets
from pathlib import Path

from easement.keys.private_file import create_private_file, read_private_file


def open_field_hash_key(path: Path) -> bytes:
    """The 32 bytes of the key; made where there is none.

    Raises :class:`~easement.keys.private_file.PrivateFileError` when others may read it, and ``ValueError`` when it is
    damaged: another one in its place would make equal values differ from what targets have.
    """
    if not path.exists():
        create_private_file(path, secrets.token_hex(32).encode())
    key = bytes.fromhex(read_private_file(path).decode().strip())
    if len(key) != 32:
        raise ValueError(f"{path} is not a key of 32 bytes")
    return key
