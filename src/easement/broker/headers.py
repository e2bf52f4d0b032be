"""Header names on the bus, and which of a producer's headers go on to a target. Pure.

Only tracing and the core CloudEvents attributes pass: a header is a place for data that no contract names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

MESSAGE_ID: Final = "Nats-Msg-Id"
TRANSACTION: Final = "Easement-Transaction-Id"
CORRELATION: Final = "Easement-Correlation-Id"
INTEGRATION: Final = "Easement-Integration"
REVISION: Final = "Easement-Revision"
ORIGIN: Final = "Easement-Origin"
"""``STREAM:SEQUENCE`` of the message as it was published."""
PUBLISHED_MS: Final = "Easement-Published-Ms"
REPLAY: Final = "Easement-Replay"
"""How often this message has been replayed."""
REASON: Final = "Easement-Reason"
ERROR: Final = "Easement-Error"
FAILED_MS: Final = "Easement-Failed-Ms"
ATTEMPTS: Final = "Easement-Attempts"
STAGE: Final = "Easement-Stage"
"""Of a dead letter: ``published`` (the whole message) or ``delivered`` (what the target would have seen)."""
ACCOUNT: Final = "Easement-Account"

_FORWARDED: Final = {
    name.lower(): name
    for name in (
        "traceparent",
        "tracestate",
        "X-Correlation-Id",
        "ce-specversion",
        "ce-id",
        "ce-source",
        "ce-type",
        "ce-time",
        "ce-dataschema",
        "ce-datacontenttype",
    )
}
_MAX_VALUE: Final = 256
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{1,128}")
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def lowered(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Headers by lower-case name: NATS tells case apart, producers do not."""
    return {name.lower(): value for name, value in headers.items()} if headers else {}


def forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of a producer's lower-case headers that a target may see."""
    return {
        _FORWARDED[name]: value
        for name, value in headers.items()
        if name in _FORWARDED and len(value) <= _MAX_VALUE
    }  # fmt: skip


def correlation_of(headers: Mapping[str, str]) -> str:
    """The caller's own id: ``X-Correlation-Id``, else the trace id of ``traceparent`` (W3C Trace Context §3.2)."""
    named = headers.get("x-correlation-id", "")
    if _PRINTABLE.fullmatch(named):
        return named
    match = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return match[1] if match else ""
