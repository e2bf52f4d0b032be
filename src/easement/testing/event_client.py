"""A small client for events: connect with an access token, publish, consume. For users' first steps and for tests.

Any NATS client does the same: TLS first, the token as ``auth_token``, an inbox below ``_INBOX_CLIENTID``.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError

from easement.broker.connection import open_connection
from easement.broker.naming import inbox_prefix, target_stream, token

_RENEW_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The broker has the message. ``duplicate``: it had one with this id before and dropped this one."""

    stream: str
    sequence: int
    duplicate: bool


@dataclass(slots=True)
class EventClient:
    """One connection of one system. ``violations`` collects what the broker said was not allowed."""

    connection: Client
    client_id: str
    violations: list[str] = field(default_factory=list)
    renewal: asyncio.Task[None] | None = field(default=None, repr=False)

    @classmethod
    async def connect(
        cls,
        url: str,
        client_id: str,
        access_token: str | Callable[[], str],
        *,
        context: ssl.SSLContext,
        server_name: str = "",
        reconnect: bool = False,
    ) -> Self:
        """Connect to ``url`` (``tls://host:port``). Raises ``nats.errors.Error`` when the broker refuses.

        A connection ends with its token, and the library closes it for good. To stay longer, give a function as
        ``access_token`` and ask to ``reconnect``: it does so every two minutes, before the token of that moment ends.
        """
        violations: list[str] = []

        async def on_error(error: Exception) -> None:
            violations.append(str(error))

        connection = await open_connection(
            url,
            name=client_id,
            token=access_token,
            tls=context,
            tls_hostname=server_name or None,
            tls_handshake_first=True,
            inbox_prefix=inbox_prefix(client_id),
            allow_reconnect=reconnect,
            error_cb=on_error,
            connect_timeout=5,
        )
        if not connection.is_connected:  # the library takes any line for an answer, also one that says nothing yet
            await connection.close()
            raise NatsError("the broker has not answered the login: try again")
        renewal = asyncio.create_task(_renew(connection)) if reconnect else None
        return cls(connection, client_id, violations, renewal)

    async def publish(
        self,
        interface: str,
        major: int,
        channel: str,
        body: Any,
        *,
        message_id: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Publish ``body`` (bytes as they are, anything else as JSON) and wait until the broker has it on disk.

        A UUID as ``message_id`` is also the transaction id in the ledger. Raises ``nats.errors.TimeoutError`` when
        publishing there is not granted (the broker says nothing, but see :attr:`violations`).
        """
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        extra = dict(headers or {})
        if message_id:
            extra["Nats-Msg-Id"] = message_id
        subject = f"in.{token(interface)}.v{major}.{token(channel)}"
        stored = await self.connection.jetstream(timeout=5).publish(subject, data, headers=extra or None)
        return Receipt(stream=stored.stream, sequence=stored.seq, duplicate=bool(stored.duplicate))

    async def fetch(self, integration: str, *, count: int = 1, timeout_s: float = 5.0) -> list[Msg]:
        """Up to ``count`` messages delivered under ``integration``; acknowledge each with ``await message.ack()``."""
        stream_api = self.connection.jetstream(timeout=5)
        puller = await stream_api.pull_subscribe_bind(token(self.client_id), stream=target_stream(integration))
        messages: list[Msg] = []
        try:
            while len(messages) < count:
                messages += await puller.fetch(1, timeout=timeout_s)
        except NatsTimeoutError:
            return messages
        finally:
            await puller.unsubscribe()
        return messages

    async def close(self) -> None:
        """Hang up."""
        if self.renewal is not None:
            self.renewal.cancel()
            await asyncio.gather(self.renewal, return_exceptions=True)
        if not self.connection.is_closed:
            await self.connection.close()


async def _renew(connection: Client) -> None:
    while not connection.is_closed:
        await asyncio.sleep(_RENEW_S)
        await connection.force_reconnect()
