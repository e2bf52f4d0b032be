"""Read single messages of a stream by their number, without a consumer."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from nats.aio.client import Client
from nats.errors import Error as NatsError

_TIMEOUT_S: Final = 5.0
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message as the stream keeps it. ``stored_ms`` is milliseconds since the epoch."""

    subject: str
    sequence: int
    data: bytes
    headers: Mapping[str, str]
    stored_ms: int


async def read_message(
    connection: Client, stream: str, sequence: int, *, or_next: bool = False
) -> StoredMessage | None:
    """Message ``sequence`` of ``stream``, or with ``or_next`` the first from there on; None where there is none.

    Raises ``nats.errors.Error`` when the broker does not answer, or answers what cannot be read.
    """
    request: dict[str, Any] = {"seq": sequence}
    if or_next:
        request["next_by_subj"] = ">"
    answer = await connection.request(
        f"$JS.API.STREAM.MSG.GET.{stream}", json.dumps(request).encode(), timeout=_TIMEOUT_S
    )
    try:
        body = json.loads(answer.data)
        if error := body.get("error"):
            if error.get("code") == _NOT_FOUND:
                return None
            raise NatsError(f"{stream} cannot be read: {error.get('description', '')}")
        return _read(body["message"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NatsError(f"the broker's answer for {stream} cannot be read") from error


def _read(message: Mapping[str, Any]) -> StoredMessage:
    try:
        headers = base64.b64decode(message.get("hdrs", ""))
        data = base64.b64decode(message.get("data", ""))
    except binascii.Error as error:
        raise ValueError("not base64") from error
    stored = datetime.fromisoformat(str(message["time"])[:19] + "+00:00")
    return StoredMessage(
        subject=str(message["subject"]),
        sequence=int(message["seq"]),
        data=data,
        headers=_headers(headers),
        stored_ms=int(stored.timestamp() * 1000),
    )


def _headers(block: bytes) -> dict[str, str]:
    """Header lines after the version line (ADR-4)."""
    pairs = (line.split(":", 1) for line in block.decode("utf-8", "replace").split("\r\n")[1:] if ":" in line)
    return {name: value.strip() for name, value in pairs}
