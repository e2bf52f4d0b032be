"""An OpenID provider for tests: who asks is signed in at once, with the claims that the test has chosen."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from easement.gateway.loopback_server import AnyMethodHandler, LoopbackServer
from easement.keys.jose import SigningKey, generate_signing_key, sign_jwt

CLIENT_ID = "easement"
CLIENT_SECRET = "of-the-test"  # noqa: S105 - a secret of a test


@dataclass(slots=True)
class OpenIdProviderSimulator:
    """Use as a context manager. ``claims`` go into the next ID token over the usual ones; ``key`` signs it."""

    claims: dict[str, Any] = field(default_factory=dict)
    key: SigningKey = field(default_factory=generate_signing_key)
    published: SigningKey | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _server: _Server = field(init=False, repr=False)
    _thread: Thread = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.provider = self
        self._thread = self._server.begin("openid-provider")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.end(self._thread)

    @property
    def issuer(self) -> str:
        """Its name and address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def authorize(self, url: str) -> dict[str, str]:
        """What the browser of somebody who signs in there brings back to the redirect address."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def redeem(self, form: Mapping[str, str]) -> dict[str, Any] | None:
        """The token answer, or None where the proof of the code does not fit (RFC 7636 §4.6)."""
        asked = self.codes.pop(form.get("code", ""), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        fits = asked is not None and proof.rstrip(b"=").decode() == asked["code_challenge"]
        if asked is None or not fits or form.get("client_secret") != CLIENT_SECRET:
            return None
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "4711", "iat": now, "exp": now + 300}
        claims = {**usual, "nonce": asked["nonce"], "email_verified": True, **self.claims}
        return {"access_token": "x", "token_type": "Bearer", "id_token": sign_jwt(claims, self.key, type="JWT")}


class _Server(LoopbackServer):
    provider: OpenIdProviderSimulator


class _Handler(AnyMethodHandler):
    server: _Server

    def answer(self) -> None:
        provider = self.server.provider
        text = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        path = urlsplit(self.path).path
        body: dict[str, Any] | None = None
        if path == "/.well-known/openid-configuration":
            body = {
                "issuer": provider.issuer, "authorization_endpoint": f"{provider.issuer}/authorize",
                "token_endpoint": f"{provider.issuer}/token", "jwks_uri": f"{provider.issuer}/jwks",
                **provider.metadata,
            }  # fmt: skip
        elif path == "/jwks":
            body = {"keys": [(provider.published or provider.key).public_jwk(), {"kty": "oct", "k": "AA"}]}
        elif path == "/token":
            body = provider.redeem(form)
        elif path == "/authorize":
            back = urlencode(provider.authorize(self.path))
            asked = parse_qs(urlsplit(self.path).query)
            self._send(302, b"", location=f"{asked['redirect_uri'][0]}?{back}")
            return
        self._send(400 if body is None else 200, json.dumps(body or {"error": "invalid_grant"}).encode())

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response_only(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
