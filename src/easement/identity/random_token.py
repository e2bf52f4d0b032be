"""Random credentials of full entropy, and the hash that is stored in their place.

A plain SHA-256 is enough, and a slow hash would only help who wants to exhaust us: 256 random bits cannot be guessed
from their hash, whatever the hash costs (NIST SP 800-63B-4 §3.1.2 asks slow hashes of *memorized* secrets).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

RANDOM_BYTES: Final = 32
_RANDOM = r"[A-Za-z0-9_-]{43}"


def new_random() -> str:
    """256 random bits as 43 characters of base64url."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def stored_hash(credential: str) -> str:
    """What is stored in the place of ``credential``: 64 hexadecimal digits."""
    return hashlib.sha256(credential.encode()).hexdigest()


def credential_pattern(prefix: str, identifier: str = "") -> re.Pattern[str]:
    """Matches a whole credential: ``prefix``, then an identifier part (group ``id``) where there is one, then 256 bits.

    A fixed prefix lets secret scanners find a credential that leaked into a repository.
    """
    middle = f"(?P<id>{identifier})_" if identifier else ""
    return re.compile(rf"{re.escape(prefix)}{middle}{_RANDOM}", re.ASCII)
