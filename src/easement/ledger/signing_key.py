"""The ledger's signing key on disk: ``ledger.key`` (PKCS #8 PEM, 0600), made on the first run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from easement.ledger.checkpoint import Signer, log_name
from easement.ledger.errors import LedgerError
from easement.store.atomic_file import write_atomically

KEY_FILE: Final = "ledger.key"


def load_or_create_signer(folder: Path) -> Signer:
    """The signer of this installation. Raises :class:`LedgerError` when its key is unusable or open to others."""
    path = folder / KEY_FILE
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, pem)
    if path.stat().st_mode & 0o077:
        raise LedgerError(
            f"{path} can be read by others: run chmod 600 on it, and replace the key if it may have leaked"
        )
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise LedgerError(f"{path} is not a private key in PEM: restore it from a copy") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LedgerError(f"{path} is not an Ed25519 key: restore the ledger's own key from a copy")
    return Signer(log_name(key.public_key().public_bytes_raw()), key)
