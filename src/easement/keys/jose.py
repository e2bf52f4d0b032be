"""Signed tokens and sealed payloads: a narrow, strict wrapper over joserfc.

* The algorithm comes from *our* record of the key; a token that says otherwise is refused (RFC 8725 §3.1).
* No ``none``, no symmetric signatures, no compression, no keys or certificates from inside a token.
* A token has one type, and it is asked for (RFC 8725 §3.11); it has an end, and a size.
"""

from __future__ import annotations

import base64
import functools
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jwe, jws
from joserfc.errors import JoseError as LibraryError
from joserfc.jwk import ECKey, RSAKey

from easement.keys.compact import JoseError, decode_base64url, read_header, read_object, split_compact

__all__ = [
    "JoseError",
    "SigningKey",
    "VerificationKey",
    "generate_signing_key",
    "header_segment",
    "open_payload",
    "peek_claims",
    "seal_payload",
    "sign_jwt",
    "signing_key",
    "thumbprint",
    "verification_key",
    "verify_jwt",
]

MAX_TOKEN_BYTES: Final = 8_192
MAX_SEALED_BYTES: Final = 64 * 1024 * 1024
CLOCK_SKEW_S: Final = 5.0
_SEAL_ALG: Final = "ECDH-ES+A256KW"
_SEAL_ENC: Final = "A256GCM"
_SEAL_TYPE: Final = "easement+jwe"
_SEAL_HEADERS: Final = frozenset({"alg", "enc", "typ", "kid", "epk", "easement"})
_MIN_RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 8192
_CURVE_ALGORITHMS: Final = {"P-256": "ES256", "P-384": "ES384"}
_RSA_ALGORITHMS: Final = frozenset({"PS256", "RS256"})
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
SIGNATURE_ALGORITHMS: Final = ("ES256", "ES384", "PS256", "RS256")


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private ES256 key. ``kid`` is its RFC 7638 thumbprint."""

    kid: str
    key: ECKey = field(repr=False)

    def public_jwk(self) -> dict[str, Any]:
        """The public half as a JWK for a key set."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": "ES256"}

    def private_jwk(self) -> dict[str, Any]:
        """Both halves as a JWK: seal it before it is stored."""
        return self.key.as_dict(private=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationKey:
    """A public key and the one algorithm it is used with."""

    kid: str
    algorithm: str
    key: ECKey | RSAKey = field(repr=False)


def generate_signing_key() -> SigningKey:
    """A new P-256 key pair."""
    return _as_signing_key(ECKey.generate_key("P-256", private=True, auto_kid=False))


def signing_key(private_jwk: Mapping[str, Any]) -> SigningKey:
    """Read what :meth:`SigningKey.private_jwk` gave. Raises :class:`JoseError` for anything but a private P-256 key."""
    if private_jwk.get("kty") != "EC" or private_jwk.get("crv") != "P-256" or "d" not in private_jwk:
        raise JoseError("key", "a signing key is a private EC P-256 key")
    return _as_signing_key(ECKey.import_key(_essential(private_jwk, ("kty", "crv", "x", "y", "d"))))


def _as_signing_key(key: ECKey) -> SigningKey:
    return SigningKey(kid=key.thumbprint(), key=key)


def verification_key(jwk: Mapping[str, Any]) -> VerificationKey:
    """A public signature key: EC P-256 or P-384, or RSA of at least 2048 bits with ``alg`` PS256 or RS256.

    Raises :class:`JoseError` when it is private, symmetric, weak, meant for encryption or not on its curve.
    """
    if _PRIVATE_MEMBERS & jwk.keys():
        raise JoseError("key", "this JWK holds a private or symmetric key: send the public half only")
    if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
        raise JoseError("key", "this JWK is not meant for signatures")
    key, algorithm = _public_key(jwk)
    if jwk.get("alg", algorithm) != algorithm:
        raise JoseError("key", f"this key can be used with {algorithm} only")
    kid = jwk.get("kid", "") or key.thumbprint()
    if not isinstance(kid, str) or len(kid) > 128:
        raise JoseError("key", "kid must be text of at most 128 characters")
    return VerificationKey(kid=kid, algorithm=algorithm, key=key)


def _public_key(jwk: Mapping[str, Any]) -> tuple[ECKey | RSAKey, str]:
    kind, curve = jwk.get("kty"), jwk.get("crv")
    if kind == "EC" and curve in _CURVE_ALGORITHMS:
        return _import(ECKey, jwk, ("kty", "crv", "x", "y")), _CURVE_ALGORITHMS[curve]
    if kind == "RSA" and jwk.get("alg") in _RSA_ALGORITHMS:
        _check_rsa(jwk)
        return _import(RSAKey, jwk, ("kty", "n", "e")), str(jwk["alg"])
    raise JoseError("key", "use an EC key on P-256 or P-384, or an RSA key with alg PS256 or RS256")


def _check_rsa(jwk: Mapping[str, Any]) -> None:
    """Look at the numbers before a library spends time on them: too small is forgeable, too large is slow."""
    modulus = jwk.get("n")
    if not isinstance(modulus, str) or len(modulus) > _MAX_RSA_BITS // 4 or jwk.get("e") != "AQAB":
        raise JoseError("key", "an RSA key has a modulus n and the exponent e AQAB (65537)")
    bits = int.from_bytes(decode_base64url(modulus)).bit_length()
    if not _MIN_RSA_BITS <= bits <= _MAX_RSA_BITS:
        raise JoseError("key", f"an RSA key has {_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits")


def _import(kind: type[Any], jwk: Mapping[str, Any], members: tuple[str, ...]) -> Any:
    try:
        key = kind.import_key(_essential(jwk, members))
        _ = key.public_key  # loading is lazy; a point that is not on the curve shows here
    except (LibraryError, ValueError, TypeError, KeyError) as error:
        raise JoseError("key", "this JWK is not a valid public key") from error
    return key


def _essential(jwk: Mapping[str, Any], members: tuple[str, ...]) -> dict[str, str | list[str]]:
    return {name: jwk[name] for name in members if name in jwk}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638 SHA-256 thumbprint of a public key."""
    return _public_key(jwk)[0].thumbprint()


def sign_jwt(claims: Mapping[str, Any], key: SigningKey, *, type: str) -> str:  # noqa: A002 - the name of the header
    """A compact JWS over ``claims`` with header ``alg`` ES256, ``typ`` and ``kid``: see :func:`header_segment`."""
    return jws.serialize_compact(_header(key.kid, type), _json(claims), key.key, algorithms=["ES256"])


def header_segment(kid: str, *, type: str) -> str:  # noqa: A002 - the name of the header
    """The first segment of every token that :func:`sign_jwt` makes with the key ``kid``, without the dot.

    A token that begins so has this type and no other: whoever verifies it by a key set need not read its header.
    """
    return base64.urlsafe_b64encode(_json(_header(kid, type))).rstrip(b"=").decode()


def _header(kid: str, type: str) -> dict[str, str]:  # noqa: A002 - the name of the header
    return {"alg": "ES256", "typ": type, "kid": kid}


def verify_jwt(
    token: str,
    keys: Mapping[str, VerificationKey],
    *,
    types: Collection[str],
    now: float,
    skew_s: float = CLOCK_SKEW_S,
    max_bytes: int = MAX_TOKEN_BYTES,
) -> dict[str, Any]:
    """The claims of a token that one of ``keys`` (by ``kid``) signed and that is in its time; ``exp`` is required.

    ``types`` are the accepted ``typ`` values in lower case; an empty string among them accepts a token without one.
    ``now`` is seconds since the epoch. Raises :class:`JoseError`; nothing of an unverified token is returned.
    """
    segments = split_compact(token, 3, max_bytes)
    header = read_header(segments[0])
    _check_type(header, types)
    key = _select(header, keys)
    decode_base64url(segments[2])
    claims = read_object(decode_base64url(segments[1]), "payload")
    try:
        jws.deserialize_compact(token, key.key, registry=_signature_registry(key.algorithm))
    except (LibraryError, ValueError, TypeError) as error:
        raise JoseError("signature", "the signature does not fit") from error
    _check_times(claims, now, skew_s)
    return claims


@functools.lru_cache(maxsize=8)
def _signature_registry(algorithm: str) -> jws.JWSRegistry:
    return jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)


def peek_claims(token: str, *, max_bytes: int = MAX_TOKEN_BYTES) -> dict[str, Any]:
    """Claims of a token that is *not* verified: only to find out whose keys to verify it with."""
    return read_object(decode_base64url(split_compact(token, 3, max_bytes)[1]), "payload")


def _check_type(header: Mapping[str, Any], types: Collection[str]) -> None:
    if header.get("typ", "").lower().removeprefix("application/") not in types:
        raise JoseError("type", f"the token's typ is not {' or '.join(sorted(filter(None, types)))}")


def _select(header: Mapping[str, Any], keys: Mapping[str, VerificationKey]) -> VerificationKey:
    kid = header.get("kid")
    key = keys.get(kid) if kid is not None else next(iter(keys.values())) if len(keys) == 1 else None
    if key is None:
        raise JoseError("key", "the token names no key that is registered")
    if header.get("alg") != key.algorithm:
        raise JoseError("algorithm", f"this key is used with {key.algorithm} only")
    return key


def _check_times(claims: Mapping[str, Any], now: float, skew_s: float) -> None:
    expires, begins, issued = (_moment(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None:
        raise JoseError("claims", "exp is missing")
    if now >= expires + skew_s:
        raise JoseError("expired", "the token has expired")
    if max(begins or 0, issued or 0) > now + skew_s:
        raise JoseError("early", "the token is not valid yet")


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise JoseError("claims", f"{name} is not a time in seconds")
    return float(value)


def seal_payload(data: bytes, jwk_public: Mapping[str, Any], *, aad_fields: Mapping[str, str]) -> bytes:
    """``data`` as a compact JWE (ECDH-ES+A256KW, A256GCM) that only the holder of the private key can open.

    ``aad_fields`` (contract, revision, subject ...) travel readable in the protected header, and are authenticated.
    """
    key = _sealing_key(jwk_public)
    header = {
        "alg": _SEAL_ALG,
        "enc": _SEAL_ENC,
        "typ": _SEAL_TYPE,
        "kid": key.thumbprint(),
        "easement": dict(sorted(aad_fields.items())),
    }
    return jwe.encrypt_compact(header, data, key, registry=_SEAL_REGISTRY).encode()


def open_payload(
    sealed: bytes,
    jwk_private: Mapping[str, Any],
    *,
    aad_fields: Mapping[str, str],
    max_bytes: int = MAX_SEALED_BYTES,
) -> bytes:
    """Undo :func:`seal_payload`. Raises :class:`JoseError` when it is damaged, or sealed for other ``aad_fields``."""
    try:
        text = sealed.decode("ascii")
    except UnicodeDecodeError as error:
        raise JoseError("malformed", "a sealed payload is ASCII text") from error
    segments = split_compact(text, 5, max_bytes)
    header = read_header(segments[0])
    for segment in segments[1:]:
        decode_base64url(segment)
    if header.keys() != _SEAL_HEADERS or (header["alg"], header["enc"]) != (_SEAL_ALG, _SEAL_ENC):
        raise JoseError("header", f"a sealed payload has exactly {_SEAL_ALG}, {_SEAL_ENC} and our header members")
    if header["typ"] != _SEAL_TYPE or header["easement"] != dict(aad_fields):
        raise JoseError("aad", "this payload was sealed for another contract, revision or subject")
    if jwk_private.get("kty") != "EC" or "d" not in jwk_private:
        raise JoseError("key", "a private EC P-256 key is needed to open a payload")
    try:
        key = ECKey.import_key(_essential(jwk_private, ("kty", "crv", "x", "y", "d")))
        plaintext = jwe.decrypt_compact(text, key, registry=_SEAL_REGISTRY).plaintext
    except (LibraryError, ValueError, TypeError, KeyError) as error:
        raise JoseError("decryption", "the payload cannot be opened with this key") from error
    return plaintext or b""


_SEAL_REGISTRY: Final = jwe.JWERegistry(algorithms=[_SEAL_ALG, _SEAL_ENC], strict_check_header=False)


def _sealing_key(jwk: Mapping[str, Any]) -> ECKey:
    members = tuple(jwk.get(name) for name in ("kty", "crv", "x", "y"))
    if not all(isinstance(member, str) for member in members) or members[:2] != ("EC", "P-256"):
        raise JoseError("key", "payloads are sealed to a public EC key on P-256")
    if jwk.get("use", "enc") != "enc" or _PRIVATE_MEMBERS & jwk.keys():
        raise JoseError("key", "payloads are sealed to a public key that is meant for encryption")
    return _cached_sealing_key(str(members[2]), str(members[3]))


@functools.lru_cache(maxsize=1024)
def _cached_sealing_key(x: str, y: str) -> ECKey:
    key: ECKey = _import(ECKey, {"kty": "EC", "crv": "P-256", "x": x, "y": y}, ("kty", "crv", "x", "y"))
    return key


def _json(claims: Mapping[str, Any]) -> bytes:
    return json.dumps(claims, separators=(",", ":"), allow_nan=False).encode()
