"""What the OAuth 2.0 endpoints read and answer: a request, an answer, and errors by RFC 6749 §5.2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_NOT_DESCRIPTIVE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedCertificate:
    """A client certificate that our own gateway has verified.

    ``thumbprint`` is base64url SHA-256 (``x5t#S256`` of RFC 8705 §3.1); ``identity`` its SPIFFE id, or empty.
    """

    thumbprint: str
    identity: str
    is_vouched: bool = False
    """Whether it is certain that our gateway says so: then it may authenticate, not only bind."""

    def is_of(self, system: str) -> bool:
        """Whether it was issued to this system."""
        return bool(re.fullmatch(rf"spiffe://[^/]+/system/{re.escape(system)}", self.identity))


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRequest:
    """One request of an OAuth 2.0 endpoint, already parsed.

    ``form`` has the parameters without empty ones; only ``resource`` may have several values. ``authorization`` is the
    header as it came. ``remote`` is the caller's address, for the limit on failures. ``certificate`` is that
    of the caller's connection, where it has one.
    """

    form: Mapping[str, tuple[str, ...]] = field(repr=False)
    authorization: str = field(default="", repr=False)
    remote: str = ""
    certificate: PresentedCertificate | None = None

    def one(self, name: str) -> str:
        """The value of a parameter, or empty."""
        values = self.form.get(name, ())
        return values[0] if values else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthAnswer:
    """Status, headers and JSON body; a body of None is sent as no body."""

    status: int = 200
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: dict(_NO_STORE))


class OAuthError(Exception):
    """A request that is refused, with its code from RFC 6749 §5.2, RFC 7009 §2.2.1 or RFC 8707 §2."""

    def __init__(self, code: str, description: str, *, status: int = 400, retry_after_s: float = 0.0) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = status
        self.retry_after_s = retry_after_s

    def answer(self) -> OAuthAnswer:
        """The error as it goes out; a 401 names the scheme to authenticate with."""
        headers = dict(_NO_STORE)
        if self.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="easement", charset="UTF-8"'
        if self.retry_after_s:
            headers["Retry-After"] = str(max(1, round(self.retry_after_s)))
        description = _NOT_DESCRIPTIVE.sub("'", self.description)
        return OAuthAnswer(
            status=self.status, body={"error": self.code, "error_description": description}, headers=headers
        )


def invalid_client(description: str = "client authentication failed") -> OAuthError:
    """The one answer to every failed proof of identity: it does not say which part was wrong."""
    return OAuthError("invalid_client", description, status=401)
