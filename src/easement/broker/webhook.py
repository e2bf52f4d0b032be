"""Webhooks, signed as Standard Webhooks 1.0 says: one POST, bounded in time and size, no redirects."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from easement.broker.retry import FailureClass, class_of_status
from easement.keys.secrets import Secret

_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the prefix that the standard gives secrets
_MAX_ANSWER_BYTES: Final = 65_536
TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
LIMITS: Final = httpx.Limits(max_connections=64, max_keepalive_connections=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostOutcome:
    """How a POST ended. ``failure`` is None when the receiver took it."""

    failure: FailureClass | None
    code: str = ""
    message: str = ""
    status: int = 0


def signed_headers(message_id: str, timestamp_s: int, body: bytes, secret: Secret) -> dict[str, str]:
    """``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` (HMAC-SHA256 over id, timestamp and body)."""
    content = f"{message_id}.{timestamp_s}.".encode() + body
    signature = base64.b64encode(hmac.new(_key(secret), content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{signature}",
    }


async def post(
    client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]
) -> PostOutcome:  # fmt: skip
    """Send ``body``. Never raises for what the receiver or the network does; ``client`` must not follow redirects."""
    try:
        async with client.stream("POST", url, content=body, headers=dict(headers)) as answer:
            await _drain(answer)
            status = answer.status_code
    except httpx.TimeoutException:
        return PostOutcome(
            failure=FailureClass.TRANSIENT, code="delivery.timeout", message="the webhook did not answer"
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return PostOutcome(
            failure=FailureClass.TRANSIENT,
            code="delivery.unreachable",
            message=f"the webhook cannot be reached: {type(error).__name__}",
        )
    failure = class_of_status(status)
    if failure is None:
        return PostOutcome(failure=None, status=status)
    return PostOutcome(
        failure=failure, code="delivery.webhook-status", message=f"the webhook answered {status}", status=status
    )


async def _drain(answer: httpx.Response) -> None:
    """Read a little so that the connection can be kept; a receiver that goes on sending is left."""
    seen = 0
    async for chunk in answer.aiter_raw():
        seen += len(chunk)
        if seen > _MAX_ANSWER_BYTES:
            return


def _key(secret: Secret) -> bytes:
    text = secret.reveal()
    if not text.startswith(_SECRET_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret that begins with whsec_ goes on in base64") from error
