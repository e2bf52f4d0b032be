"""The hashes of live API keys, as the control plane serves them and the gateways keep them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

ApiKeyHashes = Mapping[str, tuple[str, int]]
"""SHA-256 of the key (hexadecimal) → the client, and the second since the epoch at which the key ends."""

NO_KEYS: Final[ApiKeyHashes] = MappingProxyType({})


def encode_api_keys(hashes: ApiKeyHashes) -> bytes:
    """Canonical JSON: equal sets give equal bytes."""
    tree = {digest: list(known) for digest, known in hashes.items()}
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()


def decode_api_keys(data: bytes) -> ApiKeyHashes:
    """Read what :func:`encode_api_keys` wrote. Raises ``ValueError`` when it is damaged."""
    tree: Any = json.loads(data)
    if not isinstance(tree, dict):
        raise ValueError("not a set of keys")  # noqa: TRY004 - what is read is a damaged document, not a wrong call
    found: dict[str, tuple[str, int]] = {}
    for digest, known in tree.items():
        if not isinstance(known, list) or len(known) != 2 or not isinstance(known[0], str) or type(known[1]) is not int:
            raise ValueError("a key is not a client and an end")
        found[digest] = (known[0], known[1])
    return found
