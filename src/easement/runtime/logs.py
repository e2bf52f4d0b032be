"""Structured logs: JSON lines with one field list, secrets redacted; readable text on a terminal.

Fields of every line: ``time level event service``; more where they apply: ``transaction_id correlation_id integration
principal plan error``. Payload values are never logged.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

REDACTED: Final = "[redacted]"
_SECRET_KEY: Final = re.compile(
    r"(^|_)(password|passwd|secret|token|authorization|api_?key|private_?key|seed|assertion|cookie)($|_)", re.IGNORECASE
)
_SECRET_TEXT: Final = re.compile(
    r"(eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|eas_[\w-]{16,}|Bearer\s+\S+|Basic\s+\S+|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@))"
)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: hide values under secret-like keys, and tokens and keys inside any text."""
    for key, value in list(event.items()):
        event[key] = _redacted(key, value)
    return event


def _redacted(key: str, value: Any) -> Any:
    if _SECRET_KEY.search(key) and not isinstance(value, bool | int | float | None):
        return REDACTED
    if isinstance(value, str):
        return _SECRET_TEXT.sub(REDACTED, value)
    if isinstance(value, dict):
        return {str(k): _redacted(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted("", item) for item in value]
    return value


def configure_logs(service: str, *, json_lines: bool | None = None) -> None:
    """Send structlog to standard error: JSON lines, or readable text where that is a terminal."""
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    structlog.contextvars.bind_contextvars(service=service)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(sort_keys=False) if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format='{"level":"%(levelname)s","event":"%(name)s"}')
