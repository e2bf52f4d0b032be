"""The cookie of a web session.

Over HTTPS it is ``__Host-easement``: Secure, no Domain, Path=/ — the browser itself refuses a weaker one. Over plain
HTTP, which exists on the loopback address of a development installation only, it is ``easement_session``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from easement.api.form_body import is_loopback

SECURE_COOKIE: Final = "__Host-easement"
PLAIN_COOKIE: Final = "easement_session"


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """Reads and writes the cookie. ``allow_plain`` is true in development only."""

    allow_plain: bool

    def read(self, cookies: Mapping[str, str]) -> str:
        """The session's value, or empty."""
        return cookies.get(SECURE_COOKIE, "") or (cookies.get(PLAIN_COOKIE, "") if self.allow_plain else "")

    def may_be_set(self, request: Request) -> bool:
        """Whether this connection is fit to carry a session."""
        host = request.client.host if request.client else ""
        return is_https(request) or (self.allow_plain and is_loopback(host))

    def write(self, request: Request, response: Response, value: str, max_age_s: int) -> None:
        """Set the cookie; an empty ``value`` with ``max_age_s`` 0 removes it."""
        secure = is_https(request)
        response.set_cookie(
            SECURE_COOKIE if secure else PLAIN_COOKIE,
            value,
            max_age=max_age_s,
            path="/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )


def is_https(request: Request) -> bool:
    """Whether the caller speaks TLS to us or to our gateway; a forged header only makes the cookie stricter."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "") == "https"
