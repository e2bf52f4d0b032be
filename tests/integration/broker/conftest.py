"""A real broker for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from easement.testing.broker_stand import BrokerStand, broker_stand
from easement.testing.event_plans import order_plan


@pytest_asyncio.fixture
async def stand(tmp_path: Path) -> AsyncIterator[BrokerStand]:
    """A broker and a relay with the order plan."""
    async with broker_stand(tmp_path, order_plan()) as running:
        await running.start_relay()
        await running.apply_and_wait(running.plan)
        yield running
