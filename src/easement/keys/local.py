"""The local key provider: 32-byte key-encryption keys in ``kek-N.key`` files; the highest N seals, all of them open.

Envelope, in this order: ``EZK1`` | id of the key-encryption key (8 bytes of its SHA-256) | a fresh 32-byte data key,
wrapped (RFC 3394, 40 bytes) | nonce (12) | AES-256-GCM ciphertext and tag. The associated data are the first twelve
bytes and the caller's ``aad``, so neither the key id nor the use can be exchanged.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from easement.keys.private_file import PrivateFileError, create_private_file, read_private_file
from easement.keys.provider import KeyProviderError

_MAGIC: Final = b"EZK1"
_KEY_BYTES: Final = 32
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_HEADER_BYTES: Final = len(_MAGIC) + _ID_BYTES
_WRAPPED_BYTES: Final = _KEY_BYTES + 8
_FILE = re.compile(r"^kek-([1-9]\d{0,5})\.key$")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalKeyProvider:
    """A :class:`~easement.keys.provider.KeyProvider` over keys in memory, by their id."""

    sealing_id: bytes
    keys: Mapping[bytes, bytes] = field(repr=False)

    def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """Encrypt ``plaintext`` under a data key of its own."""
        header = _MAGIC + self.sealing_id
        data_key = os.urandom(_KEY_BYTES)
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = aes_key_wrap(self.keys[self.sealing_id], data_key)
        return header + wrapped + nonce + AESGCM(data_key).encrypt(nonce, plaintext, header + aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Undo :meth:`seal`. Raises :class:`KeyProviderError` when the key is gone or the bytes do not fit."""
        if len(sealed) < _HEADER_BYTES + _WRAPPED_BYTES + _NONCE_BYTES + 16 or not sealed.startswith(_MAGIC):
            raise KeyProviderError("these bytes were not sealed by the local key provider")
        header, rest = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
        wrapped, nonce = rest[:_WRAPPED_BYTES], rest[_WRAPPED_BYTES : _WRAPPED_BYTES + _NONCE_BYTES]
        key = self.keys.get(header[len(_MAGIC) :])
        if key is None:
            raise KeyProviderError(
                f"the key-encryption key {header[len(_MAGIC) :].hex()} is not in the key folder: restore its file"
            )
        try:
            data_key = aes_key_unwrap(key, wrapped)
            return AESGCM(data_key).decrypt(nonce, rest[_WRAPPED_BYTES + _NONCE_BYTES :], header + aad)
        except (InvalidTag, InvalidUnwrap, ValueError) as error:
            raise KeyProviderError("sealed bytes are damaged or were sealed for another use") from error


def open_local_keys(folder: Path) -> LocalKeyProvider:
    """Read the keys of ``folder``; the first run creates ``kek-1.key``.

    Raises :class:`KeyProviderError` when a file is open to other users or is not 32 bytes long.
    """
    if not _key_files(folder):
        _create(folder / "kek-1.key")
    loaded = [_read(path) for path in _key_files(folder)]
    identified = {_identify(key): key for key in loaded}
    return LocalKeyProvider(sealing_id=_identify(loaded[-1]), keys=identified)


def rotate_local_key(folder: Path) -> LocalKeyProvider:
    """Add the next key, with which everything is sealed from now on. Older keys still open what they sealed."""
    files = _key_files(folder)
    number = _number(files[-1]) + 1 if files else 1
    _create(folder / f"kek-{number}.key")
    return open_local_keys(folder)


def _key_files(folder: Path) -> list[Path]:
    return sorted((path for path in folder.glob("kek-*.key") if _FILE.match(path.name)), key=_number)


def _number(path: Path) -> int:
    match = _FILE.match(path.name)
    return int(match[1]) if match else 0


def _create(path: Path) -> None:
    try:
        create_private_file(path, os.urandom(_KEY_BYTES))
    except OSError as error:
        raise KeyProviderError(f"{path} cannot be created: {error.strerror}; check EASEMENT_DATA") from error


def _read(path: Path) -> bytes:
    try:
        key = read_private_file(path)
    except PrivateFileError as error:
        raise KeyProviderError(str(error)) from error
    if len(key) != _KEY_BYTES:
        raise KeyProviderError(f"{path} holds {len(key)} bytes where a key has {_KEY_BYTES}: restore it from a backup")
    return key


def _identify(key: bytes) -> bytes:
    return hashlib.sha256(b"easement kek id" + key).digest()[:_ID_BYTES]
