"""How our own processes reach the broker: TLS before anything else, an nkey of their own, an inbox of their own."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from nats.aio.client import Client

from easement.broker.credentials import read_seed
from easement.broker.naming import inbox_prefix

_log = structlog.get_logger()
_PENDING_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where the broker is and how to know it: ``server_name`` must be in its certificate, signed by ``authority``."""

    host: str
    port: int
    server_name: str
    authority: Path
    keys: Path
    """The folder with the broker's own keys."""
    certificate: Path | None = None
    private_key: Path | None = None
    """A client certificate, where the broker asks every client for one."""


def client_context(address: BrokerAddress) -> ssl.SSLContext:
    """TLS 1.2 or later against our own authority. Raises ``OSError`` when a file is missing."""
    context = ssl.create_default_context(cafile=str(address.authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if address.certificate and address.private_key:
        context.load_cert_chain(address.certificate, address.private_key)
    return context


async def connect_as(address: BrokerAddress, role: str, *, reconnect: bool = True) -> Client:
    """Connect as an internal user. Raises ``OSError`` or ``nats.errors.Error`` when it cannot.

    With ``reconnect`` it tries for ever, at the beginning too: give it a time limit.
    """
    seed = read_seed(address.keys, role)

    async def on_error(error: Exception) -> None:
        _log.warning("broker.connection_error", role=role, error=type(error).__name__)

    async def on_reconnect() -> None:
        _log.info("broker.reconnected", role=role)

    return await open_connection(
        f"tls://{address.host}:{address.port}",
        name=f"easement-{role}",
        nkeys_seed_str=seed.reveal(),
        tls=client_context(address),
        tls_hostname=address.server_name,
        tls_handshake_first=True,
        inbox_prefix=inbox_prefix(role),
        error_cb=on_error,
        reconnected_cb=on_reconnect,
        allow_reconnect=reconnect,
        max_reconnect_attempts=-1 if reconnect else 1,
        reconnect_time_wait=1,
        pending_size=_PENDING_BYTES,
        connect_timeout=5,
    )


async def open_connection(url: str, **options: Any) -> Client:
    """``nats.connect``, which leaves its socket open when the login fails: this one closes it, and raises the same."""
    client = Client()
    try:
        await client.connect(url, **options)
    except BaseException:
        await client.close()
        raise
    return client
