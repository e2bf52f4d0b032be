"""The broker's own keys, made on the first start: nkeys of callout issuer and internal users, and the storage key.

They lie in one folder, a 0600 file each. Seeds never leave this process's memory except into those files; the server's
configuration holds public keys only, and the storage key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import nkeys  # type: ignore[import-untyped] # the library has no type information

from easement.keys.private_file import PrivateFileError, create_private_file, read_private_file
from easement.keys.secrets import Secret

ISSUER: Final = "issuer"
CALLOUT: Final = "callout"
STEWARD: Final = "steward"
RELAY: Final = "relay"
OPERATOR: Final = "operator"
SYSTEM: Final = "system"
USERS: Final = (CALLOUT, STEWARD, RELAY, OPERATOR, SYSTEM)
"""callout answers logins; steward shapes streams; relay moves messages; operator replays; system disconnects."""
_STORAGE: Final = "storage"


@dataclass(frozen=True, slots=True)
class BrokerKeys:
    """Key pairs by role, and the secret under which JetStream encrypts its files."""

    issuer: nkeys.KeyPair = field(repr=False)
    users: dict[str, nkeys.KeyPair] = field(repr=False)
    storage: Secret

    def public(self, role: str) -> str:
        """The public nkey of an internal user."""
        return str(self.users[role].public_key.decode())


def ensure_keys(folder: Path) -> BrokerKeys:
    """Read the keys in ``folder``, making those that are missing. Raises ``PrivateFileError`` or ``OSError``."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for role in (ISSUER, *USERS):
        prefix = nkeys.PREFIX_BYTE_ACCOUNT if role == ISSUER else nkeys.PREFIX_BYTE_USER
        if not _seed_file(folder, role).exists():
            create_private_file(_seed_file(folder, role), nkeys.encode_seed(os.urandom(32), prefix))
    storage = folder / f"{_STORAGE}.key"
    if not storage.exists():
        create_private_file(storage, secrets.token_hex(32).encode())
    return BrokerKeys(
        issuer=_key_pair(folder, ISSUER),
        users={role: _key_pair(folder, role) for role in USERS},
        storage=Secret(read_private_file(storage).decode().strip()),
    )


def check_storage_key(keys: BrokerKeys, fingerprint: Path) -> None:
    """Refuse to start with another storage key than the one that the messages on disk were written with.

    The server itself would start, find no stream that it can read, and let new ones be made over them. The first call
    writes ``fingerprint``. Raises ``PrivateFileError``.
    """
    digest = hashlib.sha256(b"easement broker storage key\0" + keys.storage.reveal().encode()).hexdigest().encode()
    if create_private_file(fingerprint, digest):
        return
    if not hmac.compare_digest(read_private_file(fingerprint), digest):
        raise PrivateFileError(
            f"{_STORAGE}.key is not the key that the messages in {fingerprint.parent} were encrypted with: "
            "restore the key from the backup that belongs to this folder"
        )


def read_seed(folder: Path, role: str) -> Secret:
    """The seed of one internal user, for a process that only connects.

    Raises ``PrivateFileError`` where it is missing: the broker makes it on its first start.
    """
    try:
        return Secret(read_private_file(_seed_file(folder, role)).decode().strip())
    except UnicodeDecodeError as error:
        raise PrivateFileError(f"{_seed_file(folder, role)} is damaged") from error


def _seed_file(folder: Path, role: str) -> Path:
    return folder / f"{role}.nk"


def _key_pair(folder: Path, role: str) -> nkeys.KeyPair:
    path = _seed_file(folder, role)
    try:
        return nkeys.from_seed(read_private_file(path).strip())
    except (nkeys.NkeysError, ValueError) as error:
        raise PrivateFileError(f"{path} is damaged: restore it from a backup") from error
