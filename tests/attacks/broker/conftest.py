"""A real broker for attackers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from easement.testing.broker_stand import BrokerStand, broker_stand
from easement.testing.event_plans import channel, delivery, plan

FREE_FORM = True


@pytest_asyncio.fixture
async def besieged(tmp_path: Path) -> AsyncIterator[BrokerStand]:
    """Orders publishes to warehouse and marketing; payments publishes to accounting on another interface."""
    orders = (
        delivery("orders-to-warehouse", source="orders", target="warehouse"),
        delivery("orders-to-marketing", source="orders", target="marketing", projection={"orderId": "clear"}),
    )
    payments = (
        delivery(
            "payments-to-accounting", source="payments", target="accounting", interface="payment-events", channel="paid"
        ),
    )
    channels = (
        channel(orders, max_message_bytes=2000),
        channel(payments, interface="payment-events", name="paid", schema=FREE_FORM),
    )
    async with broker_stand(tmp_path, plan(channels, (*orders, *payments))) as running:
        yield running
