"""A caller that offers only what TLS has left behind gets no connection (Mozilla's server side TLS, "intermediate")."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable

import pytest

from easement.testing.broker_stand import BrokerStand, broker_stand
from easement.testing.event_plans import order_plan

pytestmark = pytest.mark.asyncio


def _suite(name: str) -> Callable[[ssl.SSLContext], None]:
    return lambda context: context.set_ciphers(name)


def _curve(name: str) -> Callable[[ssl.SSLContext], None]:
    return lambda context: context.set_ecdh_curve(name)


async def _handshake(stand: BrokerStand, offer: Callable[[ssl.SSLContext], None]) -> str:
    """The suite that was agreed on. Raises ``ssl.SSLError`` or ``ConnectionError`` where there is none."""
    context = stand.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    offer(context)
    address = stand.address
    _, writer = await asyncio.wait_for(
        asyncio.open_connection(address.host, address.port, ssl=context, server_hostname="localhost"), 10
    )
    agreed = writer.get_extra_info("cipher")[0]
    writer.close()
    with contextlib.suppress(ssl.SSLError):  # the server's greeting may come after our goodbye; what counts is agreed
        await writer.wait_closed()
    return str(agreed)


@pytest.mark.parametrize(
    "offer",
    [
        pytest.param(_suite("ECDHE-ECDSA-AES128-SHA"), id="cbc-sha1"),
        pytest.param(_suite("ECDHE-ECDSA-AES256-SHA"), id="cbc-sha1-256"),
        pytest.param(_suite("ECDHE-ECDSA-AES128-SHA256"), id="cbc-sha256"),
        pytest.param(_suite("AES128-GCM-SHA256"), id="no-forward-secrecy"),
        pytest.param(_curve("secp521r1"), id="curve-outside-the-list"),
    ],
)
async def test_an_outdated_offer_gets_no_connection(tmp_path, offer: Callable[[ssl.SSLContext], None]) -> None:
    async with broker_stand(tmp_path, order_plan()) as stand:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await _handshake(stand, offer)
        assert await _handshake(stand, _suite("ECDHE-ECDSA-AES128-GCM-SHA256")) == "ECDHE-ECDSA-AES128-GCM-SHA256"
