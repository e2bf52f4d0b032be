"""Checkpoints: signed statements of how long a log is and what is in it.

Formats are those of C2SP: ``tlog-checkpoint`` (origin, size, root, extension lines) inside a ``signed-note`` (Ed25519,
key id, verifier key). A witness outside can keep and countersign them with its own tools. Two kinds are told apart by
their origin: ``NAME`` for the log of segments, ``NAME/unsealed`` for the rows that wait to be sealed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from easement.ledger.errors import LedgerDamagedError
from easement.ledger.merkle import HASH_BYTES

_ED25519: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_SIGNATURE_LINE: Final = "— "
UNSEALED: Final = "/unsealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """``size`` entries with this ``root`` at ``time_ms`` (milliseconds since the epoch, UTC).

    ``after`` is the position of the last sealed row, in checkpoints of unsealed rows only.
    """

    origin: str
    size: int
    root: bytes
    time_ms: int
    after: int = 0

    def text(self) -> str:
        """The note's text: what is signed."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode(), f"time_ms {self.time_ms}"]
        if self.origin.endswith(UNSEALED):
            lines.append(f"after {self.after}")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Signer:
    """The ledger's private key under its name. Prints without the key."""

    name: str
    key: Ed25519PrivateKey

    @property
    def verify_key(self) -> str:
        """The verifier key as C2SP writes it: ``NAME+ID+BASE64``. It is public: publish it."""
        public = _ED25519 + self.key.public_key().public_bytes_raw()
        return f"{self.name}+{_key_id(self.name, public).hex()}+{base64.b64encode(public).decode()}"

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """The signed note."""
        text = checkpoint.text()
        public = _ED25519 + self.key.public_key().public_bytes_raw()
        signature = base64.b64encode(_key_id(self.name, public) + self.key.sign(text.encode())).decode()
        return f"{text}\n{_SIGNATURE_LINE}{self.name} {signature}\n".encode()


@dataclass(frozen=True, slots=True)
class CheckpointVerifier:
    """Opens checkpoints signed by one key; built from its verifier key."""

    name: str
    key_id: bytes
    key: Ed25519PublicKey

    @classmethod
    def from_text(cls, verify_key: str) -> CheckpointVerifier:
        """Read ``NAME+ID+BASE64``. Raises ``ValueError`` with what is wrong."""
        try:
            name, key_id, encoded = verify_key.strip().split("+", 2)
            public = base64.b64decode(encoded, validate=True)
            key = Ed25519PublicKey.from_public_bytes(public.removeprefix(_ED25519))
        except ValueError as error:
            raise ValueError(f"not a verifier key (NAME+ID+BASE64): {error}") from error
        if public[:1] != _ED25519 or _key_id(name, public).hex() != key_id:
            raise ValueError("not a verifier key (NAME+ID+BASE64): its id does not fit its key")
        return cls(name, bytes.fromhex(key_id), key)

    def open(self, note: bytes, *, unsealed: bool = False) -> Checkpoint:
        """The checkpoint in a note that this key signed.

        Raises :class:`~easement.ledger.errors.LedgerDamagedError` on a damaged note, another key, or another log.
        """
        text = self._signed_text(note)
        try:
            checkpoint = _parse(text)
        except (ValueError, IndexError) as error:
            raise LedgerDamagedError("the checkpoint is not in the form of C2SP tlog-checkpoint") from error
        if checkpoint.origin != self.name + (UNSEALED if unsealed else ""):
            raise LedgerDamagedError(f"the checkpoint is of another log: {checkpoint.origin[:80]!r}")
        return checkpoint

    def _signed_text(self, note: bytes) -> str:
        try:
            text, _, signatures = note.decode().rpartition("\n\n")
        except UnicodeDecodeError as error:
            raise LedgerDamagedError("the checkpoint is not text") from error
        text += "\n"
        for line in signatures.splitlines():
            mark, _, rest = line.partition(" ")
            name, _, encoded = rest.partition(" ")
            if mark + " " != _SIGNATURE_LINE or name != self.name:
                continue
            try:
                signature = base64.b64decode(encoded, validate=True)
                if signature[:_KEY_ID_BYTES] != self.key_id:
                    continue
                self.key.verify(signature[_KEY_ID_BYTES:], text.encode())
            except (binascii.Error, InvalidSignature) as error:
                raise LedgerDamagedError("the signature of the checkpoint does not fit its text") from error
            return text
        raise LedgerDamagedError(f"the checkpoint is not signed by {self.name}")


def log_name(public_key: bytes) -> str:
    """The name, and origin line, of the log that this raw Ed25519 public key signs."""
    return f"easement-ledger-{hashlib.sha256(public_key).hexdigest()[:16]}"


def _parse(text: str) -> Checkpoint:
    origin, size, encoded, *extensions = text.splitlines()
    named = dict(line.split(" ", 1) for line in extensions)
    checkpoint = Checkpoint(
        origin=origin,
        size=int(size),
        root=base64.b64decode(encoded, validate=True),
        time_ms=int(named["time_ms"]) if "time_ms" in named else 0,
        after=int(named["after"]) if "after" in named else 0,
    )
    if len(checkpoint.root) != HASH_BYTES or checkpoint.size < 0 or checkpoint.text() != text:
        raise ValueError("not canonical")
    return checkpoint


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + public).digest()[:_KEY_ID_BYTES]
