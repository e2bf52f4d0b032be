"""The JWTs of the NATS auth callout (ADR-26): ``alg`` is ``ed25519-nkey``, keys are nkeys.

Only what the callout needs: read a request that our own server signed, write a response and a user claim.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from typing import Any, Final

import nkeys  # type: ignore[import-untyped] # the library has no type information
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}
_KEY_BYTES: Final = 32
_MAX_BYTES: Final = 262_144


class NatsJwtError(ValueError):
    """Not a JWT that a NATS server made."""


def sign(claims: dict[str, Any], key: nkeys.KeyPair) -> str:
    """``claims`` signed with an account key; a ``jti`` is added."""
    body = {**claims, "jti": secrets.token_urlsafe(16)}
    signed = f"{_encode(_json(_HEADER))}.{_encode(_json(body))}"
    return f"{signed}.{_encode(key.sign(signed.encode()))}"


def verify(token: bytes, *, kind: str) -> dict[str, Any]:
    """The claims of a JWT that is signed by the nkey in its own ``iss``, whose first letter is ``kind``.

    Raises :class:`NatsJwtError`. Who the issuer is must be checked by the caller.
    """
    if len(token) > _MAX_BYTES:
        raise NatsJwtError("the request is too large")
    try:
        header, body, signature = token.decode("ascii").split(".")
        claims = json.loads(_decode(body))
        algorithm = json.loads(_decode(header)).get("alg")
        issuer = claims["iss"]
        key = Ed25519PublicKey.from_public_bytes(_public_bytes(issuer))
        key.verify(_decode(signature), f"{header}.{body}".encode())
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature) as error:
        raise NatsJwtError("the request is malformed or its signature is wrong") from error
    if algorithm != _HEADER["alg"] or not issuer.startswith(kind):
        raise NatsJwtError("another kind of key signed this")
    if not isinstance(claims.get("nats"), dict):
        raise NatsJwtError("the request has no nats member")
    return dict(claims)


def _public_bytes(nkey: str) -> bytes:
    """The key inside a public nkey: base32 of prefix, 32 bytes and a CRC-16."""
    try:
        raw = base64.b32decode(nkey + "=" * (-len(nkey) % 8))
    except binascii.Error as error:
        raise NatsJwtError("the issuer is not an nkey") from error
    return raw[1 : 1 + _KEY_BYTES]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
