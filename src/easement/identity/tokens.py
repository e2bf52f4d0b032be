"""Access tokens of service accounts: JWTs by RFC 9068 (``typ: at+jwt``, ES256), issued and verified.

A token says what an account may do until it expires, minutes later. It is verified where it is used, without asking
anybody; a token that was revoked by RFC 7009 ends early only where introspection is asked.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from easement.keys.compact import JoseError
from easement.keys.jose import SigningKey, VerificationKey, sign_jwt, verification_key, verify_jwt

ACCESS_TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - a media type
_TYPES: Final = frozenset({ACCESS_TOKEN_TYPE})
_CERTIFICATE_BINDING: Final = "x5t#S256"


class TokenError(Exception):
    """A token that is refused. ``reason`` is a stable word (``expired``, ``signature``, ``issuer`` ...)."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified token says. Times are seconds since the epoch.

    ``certificate_thumbprint`` is base64url SHA-256 of the only client certificate that may use the token (RFC 8705
    §3.1), or empty for a bearer token.
    """

    issuer: str
    subject: str
    client_id: str
    audiences: tuple[str, ...]
    scopes: tuple[str, ...]
    issued_at: int
    not_before: int
    expires_at: int
    token_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    certificate_thumbprint: str = ""


def interface_audience(interface: str) -> str:
    """The audience of tokens for one interface."""
    return f"urn:easement:interface:{interface}"


@dataclass(frozen=True, slots=True)
class TokenVerifier:
    """Verifies access tokens of one issuer against its key set (``{"keys": [...]}``)."""

    jwks: Mapping[str, Any]
    issuer: str
    _keys: dict[str, VerificationKey] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for jwk in self.jwks.get("keys", ()):
            try:
                key = verification_key(jwk)
            except JoseError as error:
                raise TokenError("key", f"the issuer's key set holds a key that cannot be used: {error}") from error
            self._keys[key.kid] = key

    def verify(self, token: str, now: float) -> Claims:
        """The claims of ``token`` at ``now`` (seconds since the epoch). Raises :class:`TokenError`."""
        try:
            claims = verify_jwt(token, self._keys, types=_TYPES, now=now)
        except JoseError as error:
            raise TokenError(error.reason, str(error)) from error
        return _read(claims, self.issuer)


def _read(claims: Mapping[str, Any], issuer: str) -> Claims:
    if claims.get("iss") != issuer:
        raise TokenError("issuer", "another issuer made this token")
    confirmation = claims.get("cnf", {})
    attributes = claims.get("attributes", {})
    if not _is_text_map(attributes) or not _is_text_map(confirmation) or confirmation.keys() - {_CERTIFICATE_BINDING}:
        raise TokenError("claims", "attributes or cnf have an unknown form")
    return Claims(
        issuer=issuer,
        subject=_text(claims, "sub"),
        client_id=_text(claims, "client_id"),
        audiences=_audiences(claims),
        scopes=tuple(_text(claims, "scope", empty=True).split()),
        issued_at=_seconds(claims, "iat"),
        not_before=_seconds(claims, "nbf"),
        expires_at=_seconds(claims, "exp"),
        token_id=_text(claims, "jti"),
        attributes=attributes,
        certificate_thumbprint=confirmation.get(_CERTIFICATE_BINDING, ""),
    )


def _text(claims: Mapping[str, Any], name: str, *, empty: bool = False) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not (value or empty):
        raise TokenError("claims", f"{name} is missing or not text")
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TokenError("claims", f"{name} is missing or not a whole number of seconds")
    return value


def _audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    value = claims.get("aud")
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise TokenError("claims", "aud is missing or not a list of names")
    return tuple(value)


def _is_text_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def issue_access_token(
    key: SigningKey,
    *,
    issuer: str,
    client_id: str,
    audiences: tuple[str, ...],
    scopes: tuple[str, ...],
    attributes: Mapping[str, str],
    now: float,
    lifetime_s: int,
    certificate_thumbprint: str = "",
) -> tuple[str, Claims]:
    """A signed token and what it says. The subject is the client itself: no person takes part (RFC 9068 §2.2)."""
    issued_at = int(now)
    claims = Claims(
        issuer=issuer,
        subject=client_id,
        client_id=client_id,
        audiences=audiences,
        scopes=scopes,
        issued_at=issued_at,
        not_before=issued_at,
        expires_at=issued_at + lifetime_s,
        token_id=secrets.token_urlsafe(16),
        attributes=attributes,
        certificate_thumbprint=certificate_thumbprint,
    )
    return sign_jwt(claims_to_json(claims), key, type=ACCESS_TOKEN_TYPE), claims


def claims_to_json(claims: Claims) -> dict[str, Any]:
    """The claims by their registered names."""
    body: dict[str, Any] = {
        "iss": claims.issuer,
        "sub": claims.subject,
        "client_id": claims.client_id,
        "aud": list(claims.audiences),
        "scope": " ".join(claims.scopes),
        "iat": claims.issued_at,
        "nbf": claims.not_before,
        "exp": claims.expires_at,
        "jti": claims.token_id,
        "attributes": dict(claims.attributes),
    }
    if claims.certificate_thumbprint:
        body["cnf"] = {_CERTIFICATE_BINDING: claims.certificate_thumbprint}
    return body
