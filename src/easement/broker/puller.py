"""Fetch messages of a durable consumer: at once when there are few, in full batches when there are many."""

from __future__ import annotations

import json
import time
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import TimeoutError as NatsTimeoutError

_EXPIRES_S: Final = 5.0
_LINGER_S: Final = 0.001
_GRACE_S: Final = 1.0


class Puller:
    """One outstanding request at a time on ``stream`` and ``consumer``; not for use by several tasks at once."""

    def __init__(self, connection: Client, stream: str, consumer: str, *, batch: int) -> None:
        self._connection = connection
        self._request = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._batch = batch
        self._inbox = connection.new_inbox()
        self._subscription: Subscription | None = None
        self._serial = 0
        self._outstanding = 0
        self._expires_at = 0.0

    async def start(self) -> None:
        """Listen for messages."""
        self._subscription = await self._connection.subscribe(
            f"{self._inbox}.*", pending_msgs_limit=4 * self._batch, pending_bytes_limit=512 * 1024 * 1024
        )

    async def close(self) -> None:
        """Stop listening; messages on their way are handed out again later."""
        if self._subscription is not None and not self._connection.is_closed:
            await self._subscription.unsubscribe()

    async def next_batch(self, *, wait_s: float = 1.0) -> list[Msg]:
        """Up to a batch of messages in the order of the stream; empty when none came within ``wait_s`` seconds."""
        await self._ask()
        first = await self._next(wait_s)
        if first is None:
            return []
        messages = [first]
        while len(messages) < self._batch and self._outstanding:
            message = await self._next(_LINGER_S)
            if message is None:
                break
            messages.append(message)
        return messages

    def left_over(self) -> list[Msg]:
        """What has arrived and was not taken, for a caller that is about to stop."""
        messages: list[Msg] = []
        queue = self._subscription._pending_queue if self._subscription else None  # noqa: SLF001 - as below
        while queue is not None and not queue.empty():
            message = queue.get_nowait()
            if message.reply:
                messages.append(message)
        return messages

    async def _ask(self) -> None:
        if self._outstanding > 0 and time.monotonic() < self._expires_at:
            return
        self._serial += 1
        self._outstanding = self._batch
        self._expires_at = time.monotonic() + _EXPIRES_S + _GRACE_S
        request = {"batch": self._batch, "expires": int(_EXPIRES_S * 1e9)}
        await self._connection.publish(self._request, json.dumps(request).encode(), f"{self._inbox}.{self._serial}")

    async def _next(self, wait_s: float) -> Msg | None:
        """The next message; None at a time-out or when the request has ended."""
        if self._subscription is None:
            raise RuntimeError("start the puller before it is used")
        deadline = time.monotonic() + wait_s
        while True:
            queue = self._subscription._pending_queue  # noqa: SLF001 - next_msg() makes a task for each message
            if queue.empty():
                try:
                    message = await self._subscription.next_msg(timeout=max(0.0005, deadline - time.monotonic()))
                except (NatsTimeoutError, TimeoutError):
                    return None
            else:
                message = queue.get_nowait()
                self._subscription._pending_size -= len(message.data)  # noqa: SLF001 - as next_msg() does
            if message.headers is None or "Status" not in message.headers or message.reply:
                self._outstanding -= 1
                return message
            if self._ends_request(message):
                self._outstanding = 0
                return None

    def _ends_request(self, status: Msg) -> bool:
        """Whether a status message (404, 408, 409 ...) ends the present request; 100 is a heartbeat."""
        headers = status.headers or {}
        return status.subject.endswith(f".{self._serial}") and headers.get("Status") != "100"
