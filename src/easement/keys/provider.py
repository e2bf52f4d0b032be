"""What every key provider does: seal bytes under a key-encryption key that never leaves it, and open them again."""

from __future__ import annotations

from typing import Protocol


class KeyProviderError(RuntimeError):
    """A key is missing or unusable, or sealed bytes are damaged or were sealed for another use."""

    code = "EAS-7003"


class KeyProvider(Protocol):
    """Envelope encryption. ``aad`` names the use (``signing-key:KID``); opening with another one fails."""

    def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """Encrypt and authenticate ``plaintext``."""

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Undo :meth:`seal`. Raises :class:`KeyProviderError` on anything else."""
