"""Who asks? Client authentication at the OAuth 2.0 endpoints: by secret, signed assertion or client certificate.

* Exactly one method in a request (RFC 6749 §2.3); every failure looks the same from outside.
* An assertion is signed by a key that was registered for the account, is meant for us alone, lives five minutes at most
  and is good for one use (RFC 7523 §3).
* A certificate authenticates alone where it was issued for that, is of our own authority for the system that the
  request names, and was verified by our own gateway (RFC 8705 §2.1).
* Failures are recorded for accounts that exist, and limited for each caller and account. Whoever proves an identity
  passes even then: behind a shared address nobody can shut others out, and 256 bits cannot be guessed at any rate.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote_plus

import structlog

from easement.identity.acts import RecordSink, refused_authentication
from easement.identity.credentials import CredentialStore
from easement.identity.failure_limit import FailureLimit
from easement.identity.oauth_messages import OAuthError, OAuthRequest, invalid_client
from easement.identity.spent_tokens import SpentTokens
from easement.keys.jose import CLOCK_SKEW_S, JoseError, peek_claims, verify_jwt

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth")
MAX_ASSERTION_LIFE_S: Final = 300
_TYPES: Final = frozenset({"", "jwt", "client-authentication+jwt"})
_CLIENT_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
_TOKEN_ID = re.compile(r"[\x21-\x7e]{1,200}")
_log = structlog.get_logger()


class _RefusedError(Exception):
    """Authentication failed; the reason is for our log and ledger only."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuthenticator:
    """Authenticates service accounts. ``audiences`` are the values by which an assertion may name us."""

    credentials: CredentialStore
    spent: SpentTokens
    audiences: frozenset[str]
    record: RecordSink
    is_known: Callable[[str], bool]
    limit: FailureLimit = field(default_factory=FailureLimit)

    def authenticate(self, request: OAuthRequest, now: datetime) -> str:
        """The client id that the request proves. Raises :class:`~easement.identity.oauth_messages.OAuthError`."""
        method, claimed = _method(request)
        try:
            return self._prove(request, method, claimed, now)
        except _RefusedError as refusal:
            raise self._refusal(request.remote, claimed, refusal.reason, now) from refusal

    def _prove(self, request: OAuthRequest, method: str, claimed: str, now: datetime) -> str:
        if not _CLIENT_ID.fullmatch(claimed):
            raise _RefusedError("unknown-client")
        if method == "private_key_jwt":
            self._check_assertion(request, claimed, now)
        elif method == "tls_client_auth":
            self._check_certificate(request, claimed, now)
        elif not self.credentials.is_secret_of(claimed, _secret(request, method), now):
            raise _RefusedError("wrong-secret")
        return claimed

    def _check_certificate(self, request: OAuthRequest, client_id: str, now: datetime) -> None:
        shown = request.certificate
        if shown is None or not shown.is_vouched:
            raise _RefusedError("no-certificate")
        if not shown.is_of(client_id):
            raise _RefusedError("certificate-of-another")
        if not self.credentials.is_certificate_of(client_id, shown.thumbprint, now):
            raise _RefusedError("certificate-not-for-sign-in")

    def _check_assertion(self, request: OAuthRequest, client_id: str, now: datetime) -> None:
        keys = self.credentials.keys_of(client_id)
        try:
            claims = verify_jwt(request.one("client_assertion"), keys, types=_TYPES, now=now.timestamp())
        except JoseError as error:
            raise _RefusedError(f"assertion-{error.reason}") from error
        if claims.get("iss") != client_id or claims.get("sub") != client_id:
            raise _RefusedError("assertion-subject")
        if not _names_us(claims.get("aud"), self.audiences):
            raise _RefusedError("assertion-audience")
        expires = float(claims["exp"])
        if expires - now.timestamp() > MAX_ASSERTION_LIFE_S + CLOCK_SKEW_S:
            raise _RefusedError("assertion-too-long")
        token_id = claims.get("jti")
        if not isinstance(token_id, str) or not _TOKEN_ID.fullmatch(token_id):
            raise _RefusedError("assertion-id")
        end = datetime.fromtimestamp(expires + CLOCK_SKEW_S, UTC)
        if not self.spent.use_assertion(client_id, token_id, end):
            raise _RefusedError("assertion-replayed")

    def _refusal(self, remote: str, claimed: str, reason: str, now: datetime) -> OAuthError:
        """The answer to a failed proof; beyond the limit it is neither logged nor recorded any more."""
        key = f"{remote}|{claimed}"
        if wait := self.limit.retry_after_s(key, now.timestamp()):
            return OAuthError("invalid_client", "too many failed attempts", status=429, retry_after_s=wait)
        self.limit.failed(key, now.timestamp())
        self._note(claimed, remote, reason, now)
        return invalid_client()

    def _note(self, claimed: str, remote: str, reason: str, now: datetime) -> None:
        known = bool(_CLIENT_ID.fullmatch(claimed)) and self.is_known(claimed)
        _log.warning("identity.client_refused", client=claimed if known else "unknown", remote=remote, reason=reason)
        if known:
            self.record([refused_authentication(claimed, remote=remote, reason=reason, now=now)])


def _method(request: OAuthRequest) -> tuple[str, str]:
    """Which method the request uses, and the client id it claims. Two methods, or none, are refused."""
    named = [
        method
        for method, present in (
            ("client_secret_basic", bool(request.authorization)),
            ("client_secret_post", bool(request.one("client_secret"))),
            ("private_key_jwt", bool(request.one("client_assertion") or request.one("client_assertion_type"))),
        )
        if present
    ]
    if not named and request.certificate is not None and request.one("client_id"):
        named = ["tls_client_auth"]
    if not named:
        raise invalid_client("no client authentication: use a client secret, a client assertion or a certificate")
    if len(named) > 1:
        raise OAuthError("invalid_request", "more than one method of client authentication in one request")
    claimed = _claimed(request, named[0])
    stated = request.one("client_id")
    if stated and stated != claimed:
        raise OAuthError("invalid_request", "client_id differs from the client that authenticates")
    return named[0], claimed


def _claimed(request: OAuthRequest, method: str) -> str:
    if method == "client_secret_basic":
        return _basic(request.authorization)[0]
    if method in {"client_secret_post", "tls_client_auth"}:
        return request.one("client_id")
    if request.one("client_assertion_type") != ASSERTION_TYPE or not request.one("client_assertion"):
        raise OAuthError("invalid_request", f"send client_assertion with client_assertion_type {ASSERTION_TYPE}")
    try:
        subject = peek_claims(request.one("client_assertion")).get("sub")
    except JoseError:
        raise invalid_client() from None
    return subject if isinstance(subject, str) else ""


def _secret(request: OAuthRequest, method: str) -> str:
    return _basic(request.authorization)[1] if method == "client_secret_basic" else request.one("client_secret")


def _basic(header: str) -> tuple[str, str]:
    """Client id and secret, each form-decoded after base64 (RFC 6749 §2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client("this endpoint accepts the Basic scheme, or no Authorization header")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_client() from None
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise invalid_client()
    return unquote_plus(client_id), unquote_plus(secret)


def _names_us(audience: Any, ours: frozenset[str]) -> bool:
    """Every audience is ours: an assertion that is good elsewhere too could be replayed from there."""
    named = [audience] if isinstance(audience, str) else audience
    return isinstance(named, list) and bool(named) and all(isinstance(one, str) and one in ours for one in named)


def read_form(pairs: list[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    """Parameters by name, empty ones left out (RFC 6749 §3.2); a repeated one is refused, except ``resource``."""
    form: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if name in form and name != "resource":
            raise OAuthError("invalid_request", f"a parameter is repeated: {name[:40]}")
        form[name] = (*form.get(name, ()), value)
    return {name: kept for name, values in form.items() if (kept := tuple(filter(None, values)))}
