"""A notice as a signed CloudEvent (CloudEvents 1.0, structured JSON), posted where a team asks for it.

The address comes out of a document that many people can write, so the control plane must not become a way into its own
network: outside development only https, no user or password in the address, and no host that resolves to an address
which is not public, unless the installation's settings name that host. The connection goes to the very address that was
looked at (a second answer of the name server changes nothing), and no redirect is followed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx
from cloudevents.core.bindings.http import to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from easement.broker.webhook import PostOutcome, post, signed_headers
from easement.governance.notice_mail import UndeliverableError
from easement.keys.secrets import Secret
from easement.store.notices import StoredNotice

_TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
EVENT_TYPE: Final = "dev.easement.change"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPolicy:
    """Where webhooks may lead. ``private_hosts`` may resolve to private addresses; ``ca`` is a PEM file or empty."""

    is_development: bool = False
    private_hosts: frozenset[str] = frozenset()
    ca: str = ""


def event_of(notice: StoredNotice, source: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of the CloudEvent. ``id`` is the notice's, so a receiver knows a repetition."""
    event = CloudEvent(
        {
            "id": notice.id,
            "source": source or "/easement",
            "type": f"{EVENT_TYPE}.{notice.event}",
            "specversion": "1.0",
            "time": notice.created,
            "subject": notice.integration,
            "datacontenttype": "application/json",
        },
        dict(notice.content),
    )
    message = to_structured(event, JSONFormat())
    return {name.lower(): value for name, value in message.headers.items()}, message.body


async def post_notice(notice: StoredNotice, secret: Secret, policy: WebhookPolicy, source: str) -> PostOutcome:
    """One attempt. Raises :class:`UndeliverableError` for an address that is not allowed."""
    address = await safe_address(notice.address, policy)
    headers, body = event_of(notice, source)
    try:
        signed = signed_headers(notice.id, int(time.time()), body, secret)
    except ValueError as error:
        raise UndeliverableError(str(error)) from error
    transport = _PinnedTransport(address, _tls(policy))
    async with httpx.AsyncClient(transport=transport, timeout=_TIMEOUT, follow_redirects=False) as client:
        return await post(client, notice.address, body, {**headers, **signed})


async def safe_address(url: str, policy: WebhookPolicy) -> str:
    """The IP address to connect to. Raises :class:`UndeliverableError` where the address may not be used."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in ({"https", "http"} if policy.is_development else {"https"}) or not host:
        raise UndeliverableError("a webhook address begins with https:// and names a host")
    if parts.username or parts.password:
        raise UndeliverableError("a webhook address holds no user or password")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError, UnicodeError):
        return ""
    addresses = sorted({str(entry[4][0]) for entry in found})
    if not (policy.is_development or host in policy.private_hosts):
        hidden = [address for address in addresses if not _is_public(address)]
        if hidden:
            raise UndeliverableError(
                f"{host} is not a public address: name it in EASEMENT_WEBHOOK_PRIVATE_HOSTS if it is meant"
            )
    return addresses[0] if addresses else ""


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if embedded is not None:
            return _is_public(str(embedded))
        if ip in _TRANSLATED:
            return _is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 behind a NAT64 (RFC 6052)."""


def _tls(policy: WebhookPolicy) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=policy.ca or None)


class _PinnedTransport(httpx.AsyncBaseTransport):
    """Connects to one address; certificate and ``Host`` are those of the name."""

    def __init__(self, address: str, context: ssl.SSLContext) -> None:
        self._address = address
        self._inner = httpx.AsyncHTTPTransport(verify=context, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send to the address that was looked at."""
        if not self._address:
            raise httpx.ConnectError("the host of the webhook is not known")
        extensions = dict(request.extensions) | {"sni_hostname": request.url.host}
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=self._address),
            headers=request.headers,
            stream=request.stream,
            extensions=extensions,
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
