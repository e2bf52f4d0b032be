"""Publish many messages to JetStream at once and wait for all acknowledgements: one wake-up a batch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from easement.broker.outgoing import Outgoing

_NO_RESPONDERS: Final = "503"
_TIMEOUT_S: Final = 10.0


class BusUnavailableError(Exception):
    """The broker did not acknowledge in time: nothing is known of the messages, so nothing may be acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the broker said of a message. ``error`` is its sentence when it refused; ``duplicate``: it had it before."""

    sequence: int = 0
    duplicate: bool = False
    error: str = ""


@dataclass(slots=True)
class _Batch:
    waiting: int
    results: list[Stored | None]
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Publisher:
    """Sends batches over one connection. Several tasks may use it at once."""

    def __init__(self, connection: Client) -> None:
        self._connection = connection
        self._prefix = connection.new_inbox()
        self._next = 0
        self._waiting: dict[str, tuple[_Batch, int]] = {}

    async def start(self) -> None:
        """Listen for acknowledgements."""
        await self._connection.subscribe(f"{self._prefix}.*", cb=self._on_answer)

    async def send(self, messages: Sequence[Outgoing], *, timeout_s: float = _TIMEOUT_S) -> list[Stored]:
        """Publish in order; what the broker said of each message, in the same order.

        Raises :class:`BusUnavailableError` when an acknowledgement is missing after ``timeout_s`` seconds.
        """
        if not messages:
            return []
        batch = _Batch(len(messages), [None] * len(messages))
        names: list[str] = []
        try:
            for position, message in enumerate(messages):
                self._next += 1
                name = str(self._next)
                names.append(name)
                self._waiting[name] = (batch, position)
                reply = f"{self._prefix}.{name}"
                await self._connection.publish(message.subject, message.data, reply, message.headers)
            await asyncio.wait_for(batch.done.wait(), timeout_s)
        except (TimeoutError, NatsError, OSError) as error:
            raise BusUnavailableError(f"the broker did not acknowledge: {type(error).__name__}") from error
        finally:
            for name in names:
                self._waiting.pop(name, None)
        return [result for result in batch.results if result is not None]

    async def _on_answer(self, answer: Msg) -> None:
        entry = self._waiting.pop(answer.subject.rpartition(".")[2], None)
        if entry is None:
            return
        batch, position = entry
        batch.results[position] = _read(answer)
        batch.waiting -= 1
        if not batch.waiting:
            batch.done.set()


def _read(answer: Msg) -> Stored:
    if answer.headers and answer.headers.get("Status") == _NO_RESPONDERS:
        return Stored(error="no stream takes this subject")
    try:
        body = json.loads(answer.data)
        if problem := body.get("error"):
            return Stored(error=str(problem.get("description", "refused")))
        return Stored(sequence=int(body["seq"]), duplicate=bool(body.get("duplicate")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Stored(error="the broker's answer cannot be read")
