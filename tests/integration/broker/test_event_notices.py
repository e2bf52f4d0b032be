"""Events of an ending interface version, through the real nats-server: told with each message, then no more taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from nats.errors import Error as NatsError

from easement.plan.model import Notice
from easement.testing.broker_stand import BrokerStand
from easement.testing.event_plans import order_plan

pytestmark = pytest.mark.asyncio
ORDER = {"orderId": "O-1", "lines": []}
NOTICE = Notice(
    interface="orders-events@1",
    deprecated=datetime(2026, 3, 1, 12, tzinfo=UTC),
    sunset=datetime(2026, 9, 1, tzinfo=UTC),
    successor="orders-events@2",
    link="https://docs.example/v2",
    gone=False,
)


async def test_targets_are_told_and_after_the_end_take_what_was_published_before_and_nobody_publishes(
    stand: BrokerStand,
) -> None:
    await stand.apply_and_wait(replace(order_plan(), notices=(NOTICE,)))
    orders = await stand.client("orders")
    await orders.publish(
        "orders-events", 1, "orderPlaced", ORDER, headers={"Sunset": "never", "Link": "<https://evil>"}
    )
    await orders.close()
    warehouse = await stand.client("warehouse")
    (message,) = await warehouse.fetch("orders-to-warehouse")
    assert message.headers["Deprecation"] == "@1772366400"
    assert message.headers["Sunset"] == "Tue, 01 Sep 2026 00:00:00 GMT"
    assert message.headers["Link"].endswith('<urn:easement:interface:orders-events@2>; rel="successor-version"')
    await warehouse.close()

    ended = order_plan()
    closed = tuple(replace(one, publishers=()) for one in ended.channels)
    open_to = tuple(replace(one, authentication="oauth2") for one in ended.deliveries)
    await stand.apply_and_wait(
        replace(ended, channels=closed, deliveries=open_to, notices=(replace(NOTICE, gone=True),))
    )
    with pytest.raises((NatsError, OSError)):
        await stand.client("orders")
    marketing = await stand.client("marketing")
    (kept,) = await marketing.fetch("orders-to-marketing")
    await kept.ack()
    await marketing.close()
