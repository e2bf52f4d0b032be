"""Reading a form strictly: media type, size, encoding, and no parameter in the query string."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

FORM: Final = "application/x-www-form-urlencoded"
MAX_FORM_BYTES: Final = 32_768
_MAX_FIELDS: Final = 32


class FormError(Exception):
    """A body that is not a well-formed form. ``status`` is 400, 413 or 415."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read_form_body(request: Request) -> Sequence[tuple[str, str]]:
    """The fields of the body in their order. Raises :class:`FormError`; never holds more than the limit in memory."""
    if request.url.query:
        raise FormError(400, "parameters belong in the body: a query string ends up in logs")
    media_type, _, parameter = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != FORM or parameter.strip().lower() not in {"", "charset=utf-8"}:
        raise FormError(415, f"send the parameters as {FORM}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise FormError(413, f"the body is larger than {MAX_FORM_BYTES} bytes")
    if not body:
        return ()
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError as error:
        raise FormError(400, "the body is not a well-formed form") from error


def caller_address(request: Request) -> str:
    """The caller's address: the last one that our own gateway, on this machine, has added; else the peer's."""
    peer = request.client.host if request.client else ""
    if not is_loopback(peer):
        return peer
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded[:45] or peer


def is_loopback(host: str) -> bool:
    """Whether ``host`` is an address of this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
