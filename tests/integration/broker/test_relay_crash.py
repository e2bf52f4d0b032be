"""``kill -9`` of the relay in the middle of 10,000 messages: each is delivered and recorded, none silently twice."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from easement.broker.connection import connect_as
from easement.broker.credentials import STEWARD
from easement.ledger.record import Step
from easement.testing.broker_stand import BrokerStand, broker_stand
from easement.testing.event_plans import order_plan

COUNT = 10_000
WORKER = Path(__file__).with_name("relay_worker.py")


async def _publish_all(stand: BrokerStand) -> None:
    orders = await stand.client("orders")
    stream_api = orders.connection.jetstream(publish_async_max_pending=2000)
    for number in range(COUNT):
        body = b"[]" if number % 1000 == 7 else json.dumps({"orderId": f"O-{number}", "lines": []}).encode()
        await stream_api.publish_async("in.orders-events.v1.orderPlaced", body, headers={"Nats-Msg-Id": f"m-{number}"})
    await stream_api.publish_async_completed()
    await orders.close()


async def _start(stand: BrokerStand) -> asyncio.subprocess.Process:
    settings = {
        "root": str(stand.root),
        "port": str(stand.port),
        "control": f"http://127.0.0.1:{stand.source.port}",
    }
    return await asyncio.create_subprocess_exec(sys.executable, str(WORKER), json.dumps(settings))


async def _count(api, stream: str) -> int:
    return (await api.stream_info(stream)).state.messages


@pytest.mark.asyncio
@pytest.mark.timeout(170)
async def test_a_killed_relay_loses_nothing_and_repeats_nothing_silently(tmp_path: Path) -> None:
    async with broker_stand(tmp_path, order_plan()) as stand:
        await _publish_all(stand)
        steward = await connect_as(stand.address, STEWARD)
        api = steward.jetstream()
        for threshold in (1, 4000):
            worker = await _start(stand)
            while await _count(api, "OUT_orders-to-warehouse") < threshold:
                assert worker.returncode is None
                await asyncio.sleep(0.005)
            worker.send_signal(signal.SIGKILL)
            await worker.wait()
        assert await _count(api, "OUT_orders-to-warehouse") < COUNT - 10
        worker = await _start(stand)
        while (await api.consumer_info("IN_orders-events_v1", "relay")).ack_floor.stream_seq < COUNT:
            assert worker.returncode is None
            await asyncio.sleep(0.1)
        worker.terminate()
        assert await worker.wait() == 0
        for integration in ("orders-to-warehouse", "orders-to-marketing"):
            assert await _count(api, f"OUT_{integration}") == COUNT - 10
            assert await _count(api, f"DLQ_{integration}") == 10
        await steward.close()
        _check_records(stand)


def _check_records(stand: BrokerStand) -> None:
    records = stand.records()
    published = Counter(record.transaction_id for record in records if record.step is Step.PUBLISHED)
    assert len(published) == COUNT
    repeated = {transaction for transaction, times in published.items() if times > 1}
    marked = {r.transaction_id for r in records if r.step is Step.PUBLISHED and "handed_out" in r.detail}
    assert repeated <= marked
    for integration in ("orders-to-warehouse", "orders-to-marketing"):
        first_time = Counter(
            record.transaction_id
            for record in records
            if record.integration == integration
            and record.step in {Step.DELIVERED, Step.DEAD_LETTERED}
            and not record.detail.get("duplicate")
        )
        known = {record.transaction_id for record in records if record.integration == integration}
        assert known == set(published)
        assert max(first_time.values()) == 1
