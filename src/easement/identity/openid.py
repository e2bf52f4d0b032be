"""Single sign-on: people prove who they are at an OpenID provider (OpenID Connect Core 1.0, code flow with PKCE).

The provider says who somebody is, never what they may do: the person must have been added, and their roles are those
that they have here. An attempt belongs to one browser, ends after ten minutes and is good for one answer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
from sqlalchemy import Connection, Engine, delete, func, insert, select

from easement.identity.random_token import new_random, stored_hash
from easement.keys.jose import JoseError, VerificationKey, verification_key, verify_jwt
from easement.keys.secrets import Secret
from easement.store.database import writing
from easement.store.tables import openid_attempts

ATTEMPT_LIFE: Final = timedelta(minutes=10)
MAX_ATTEMPTS: Final = 10_000
_TIMEOUT_S: Final = 10.0
_MAX_ANSWER: Final = 256 * 1024
_METADATA_KEPT: Final = timedelta(hours=1)
_TYPES: Final = frozenset({"", "jwt"})
_MAX_KEYS: Final = 50
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class OpenIdError(Exception):
    """Somebody could not be signed in. ``str`` is for our log; a browser is told less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdClient:
    """What we are to the provider. ``claim`` is the one whose value is the name of a person here.

    ``allow_plain`` lets a provider on loopback speak plain HTTP, in development. ``ca`` is a PEM file, empty for the
    system's authorities.
    """

    issuer: str
    client_id: str
    secret: Callable[[], Secret] | None
    claim: str
    redirect_uri: str
    ca: str = ""
    allow_plain: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """Where to send the browser, and the value of the cookie by which it is known when it comes back."""

    url: str
    browser: Secret


@dataclass(slots=True)
class OpenIdSignIn:
    """Begins attempts and finishes them. Calls block on the network and the database."""

    client: OpenIdClient
    engine: Engine
    _metadata: tuple[datetime, Mapping[str, Any]] | None = field(default=None, init=False)

    def begin(self, now: datetime) -> Attempt:
        """A new attempt. Raises :class:`OpenIdError` when the provider cannot be asked."""
        endpoint = self._endpoint("authorization_endpoint", now)
        state, nonce, verifier, browser = (new_random() for _ in range(4))
        row = {
            "hash": stored_hash(state), "browser": stored_hash(browser), "verifier": verifier, "nonce": nonce,
            "expires": now + ATTEMPT_LIFE,
        }  # fmt: skip
        with writing(self.engine) as connection:
            connection.execute(delete(openid_attempts).where(openid_attempts.c.expires <= now))
            _make_room(connection)
            connection.execute(insert(openid_attempts).values(**row))
        asked = {
            "response_type": "code", "client_id": self.client.client_id, "redirect_uri": self.client.redirect_uri,
            "scope": "openid email profile", "state": state, "nonce": nonce, "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }  # fmt: skip
        joint = "&" if urlsplit(endpoint).query else "?"
        return Attempt(f"{endpoint}{joint}{urlencode(asked)}", Secret(browser))

    def finish(self, answer: Mapping[str, str], browser: str, now: datetime) -> str:
        """The name that the provider vouches for. Uses the attempt up. Raises :class:`OpenIdError`."""
        attempt = self._use(answer.get("state", ""), browser, now)
        if answer.get("error"):
            raise OpenIdError(f"the provider refused: {answer['error'][:100]}")
        if answer.get("iss", self.client.issuer) != self.client.issuer:  # RFC 9207 §2.4
            raise OpenIdError("the answer is of another issuer")
        code = answer.get("code", "")
        if not code:
            raise OpenIdError("the answer has no code")
        token = self._redeem(code, attempt["verifier"], now)
        return self._name(self._claims(token, now), attempt["nonce"])

    def _use(self, state: str, browser: str, now: datetime) -> dict[str, str]:
        """The attempt of this state, which is gone afterwards, whatever comes of it."""
        table = openid_attempts
        with writing(self.engine) as connection:
            row = connection.execute(select(table).where(table.c.hash == stored_hash(state))).one_or_none()
            if row is None or not connection.execute(delete(table).where(table.c.hash == row.hash)).rowcount:
                raise OpenIdError("no such attempt, or it was used")
        if row.expires <= now:
            raise OpenIdError("the attempt is too old")
        if not hmac.compare_digest(row.browser, stored_hash(browser)):
            raise OpenIdError("the attempt was begun in another browser")
        return {"verifier": row.verifier, "nonce": row.nonce}

    def _redeem(self, code: str, verifier: str, now: datetime) -> str:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.client.redirect_uri,
            "client_id": self.client.client_id, "code_verifier": verifier,
        }  # fmt: skip
        if self.client.secret is not None:
            form["client_secret"] = self.client.secret().reveal()
        body = self._fetch("POST", self._endpoint("token_endpoint", now), form)
        token = body.get("id_token")
        if not isinstance(token, str):
            raise OpenIdError("the provider gave no ID token")
        return token

    def _claims(self, token: str, now: datetime) -> dict[str, Any]:
        """The claims of an ID token for us (OpenID Connect Core 1.0 §3.1.3.7)."""
        try:
            claims = verify_jwt(token, self._keys(now), types=_TYPES, now=now.timestamp())
        except JoseError as error:
            raise OpenIdError(f"the ID token is not valid: {error.reason}") from error
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience
        if claims.get("iss") != self.client.issuer:
            raise OpenIdError("the ID token is of another issuer")
        if not isinstance(audiences, list) or self.client.client_id not in audiences:
            raise OpenIdError("the ID token is for another client")
        if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != self.client.client_id:
            raise OpenIdError("the ID token was issued to another client")
        return claims

    def _name(self, claims: Mapping[str, Any], nonce: str) -> str:
        given = claims.get("nonce")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
            raise OpenIdError("the ID token is of another attempt")
        name = claims.get(self.client.claim)
        if not isinstance(name, str) or not name:
            raise OpenIdError(f"the ID token has no {self.client.claim}")
        if self.client.claim == "email" and claims.get("email_verified") is not True:
            raise OpenIdError("the provider has not verified the e-mail address")
        return name

    def _keys(self, now: datetime) -> dict[str, VerificationKey]:
        found: dict[str, VerificationKey] = {}
        listed = self._fetch("GET", self._endpoint("jwks_uri", now)).get("keys")
        for jwk in (listed if isinstance(listed, list) else [])[:_MAX_KEYS]:
            try:
                key = verification_key({"alg": "RS256", **jwk} if jwk.get("kty") == "RSA" else jwk)
            except (JoseError, AttributeError):  # of another kind, or for another use
                continue
            found[key.kid] = key
        return found

    def _endpoint(self, name: str, now: datetime) -> str:
        """An endpoint from the provider's metadata (OpenID Connect Discovery 1.0 §4), which is kept for an hour."""
        if self._metadata is None or now - self._metadata[0] > _METADATA_KEPT:
            found = self._fetch("GET", f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.client.issuer:
                raise OpenIdError("the metadata of the provider is of another issuer")
            self._metadata = (now, found)
        url = self._metadata[1].get(name)
        if not isinstance(url, str):
            raise OpenIdError(f"the metadata of the provider has no {name}")
        self._check(url)
        return url

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        is_plain = parts.scheme == "http" and self.client.allow_plain and parts.hostname in _LOOPBACK
        if parts.scheme != "https" and not is_plain:
            raise OpenIdError("the provider must be reached over HTTPS")

    def _fetch(self, method: str, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        self._check(url)
        context = ssl.create_default_context(cafile=self.client.ca or None)
        try:
            with httpx.Client(timeout=_TIMEOUT_S, verify=context, follow_redirects=False) as client:
                answer = client.request(method, url, data=form, headers={"Accept": "application/json"})
            body = answer.json() if len(answer.content) <= _MAX_ANSWER else None
        except (httpx.HTTPError, ValueError) as error:
            raise OpenIdError(f"the provider does not answer as one: {type(error).__name__}") from error
        if answer.status_code != httpx.codes.OK or not isinstance(body, dict):
            raise OpenIdError(f"the provider answered {answer.status_code}")
        return body


def _make_room(connection: Connection) -> None:
    """Anybody may begin an attempt: beyond a bound the oldest go, so that a flood fills no disk."""
    held = connection.execute(select(func.count()).select_from(openid_attempts)).scalar_one()
    if held < MAX_ATTEMPTS:
        return
    oldest = select(openid_attempts.c.hash).order_by(openid_attempts.c.expires).limit(held - MAX_ATTEMPTS + 1)
    connection.execute(delete(openid_attempts).where(openid_attempts.c.hash.in_(oldest)))


def _challenge(verifier: str) -> str:
    """RFC 7636 §4.2, method S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
