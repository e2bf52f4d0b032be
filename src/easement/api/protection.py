"""What surrounds every request: a host name that is ours, a bounded body, and headers that keep browsers strict."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from easement.api.problem import problem_response

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_BUNDLE_PATHS: Final = frozenset(
    {"/api/v1/preview", "/api/v1/apply", "/api/v1/can-i-change", "/internal/v1/probe-reports"}
)


class _TooLargeError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Protection:
    """ASGI middleware. A header that a route has set itself stays as it is (the console has its own policy)."""

    app: ASGIApp
    allowed_hosts: frozenset[str]
    max_body_bytes: int
    max_bundle_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        guarded = _strict_sender(send)
        if _host(headers.get("host", "")) not in self.allowed_hosts:
            refusal = problem_response(421, "wrong-host", "this server does not answer to that host name")
            await refusal(scope, receive, guarded)
            return
        limit = self.max_bundle_bytes if scope["path"] in _BUNDLE_PATHS else self.max_body_bytes
        too_large = problem_response(413, "too-large", f"the body is larger than {limit} bytes")
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            await too_large(scope, receive, guarded)
            return
        body = _Body(limit)
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if body.is_too_large and not started:
                return
            started = True
            await guarded(message)

        with contextlib.suppress(_TooLargeError):  # a framework may have turned it into an answer of its own
            await self.app(scope, body.bounded(receive), answer)
        if body.is_too_large and not started:
            await too_large(scope, receive, guarded)


@dataclass(slots=True)
class _Body:
    """Counts what arrives: a body that is longer than its header says, or has none, is cut off as well."""

    limit: int
    seen: int = 0

    @property
    def is_too_large(self) -> bool:
        return self.seen > self.limit

    def bounded(self, receive: Receive) -> Receive:
        async def receive_bounded() -> Message:
            message = await receive()
            self.seen += len(message.get("body", b""))
            if self.is_too_large:
                raise _TooLargeError
            return message

        return receive_bounded


def _strict_sender(send: Send) -> Send:
    async def strict(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return strict


def _host(value: str) -> str:
    """The host name without its port, lower case; an IPv6 address keeps its brackets."""
    if value.startswith("["):
        return value.partition("]")[0].lower() + "]"
    return value.partition(":")[0].lower()
