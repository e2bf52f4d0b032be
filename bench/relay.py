"""The relay's whole pipeline beside bare nats-py fetch and publish, in one run, on one core each.

The server and the measured side are pinned to different cores where there are two. Prints messages/s and the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

import uvloop
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, StreamConfig

from easement.broker.channel_contract import compile_relay_plan
from easement.broker.connection import connect_as
from easement.broker.credentials import RELAY, STEWARD
from easement.broker.publisher import Publisher
from easement.broker.relay import Relay
from easement.ledger.record import Step
from easement.ledger.spool import Spool
from easement.testing.broker_stand import BrokerStand, broker_stand
from easement.testing.event_plans import channel, delivery, plan

FETCH = 500


def message(size: int) -> bytes:
    """An order of about ``size`` bytes."""
    lines = [{"sku": f"SKU-{number:06d}", "quantity": number + 1} for number in range(12)]
    body = {"orderId": "O-000001", "customer": {"email": "ada@example.org", "name": "Ada"}, "lines": lines, "note": ""}
    body["note"] = "n" * max(0, size - len(json.dumps(body, separators=(",", ":"))))
    return json.dumps(body, separators=(",", ":")).encode()


async def fill(stand: BrokerStand, count: int, body: bytes) -> None:
    orders = await stand.client("orders")
    stream_api = orders.connection.jetstream(publish_async_max_pending=4000)
    for _ in range(count):
        await stream_api.publish_async("in.orders-events.v1.orderPlaced", body)
    await stream_api.publish_async_completed()
    await orders.close()


async def bare(stand: BrokerStand, relay_link: Client, count: int) -> float:
    """Fetch, publish each message as it is, acknowledge: what any forwarder must do."""
    steward = await connect_as(stand.address, STEWARD)
    steward_api = steward.jetstream()
    await steward_api.add_stream(StreamConfig(name="OUT_bare", subjects=["out.bare.*"]))
    consumer = ConsumerConfig(durable_name="bare", max_ack_pending=FETCH * 2)
    await steward_api.add_consumer("IN_orders-events_v1", consumer)
    await steward.close()
    stream_api = relay_link.jetstream(publish_async_max_pending=4000)
    source = await stream_api.pull_subscribe_bind("bare", stream="IN_orders-events_v1")
    done, started = 0, time.perf_counter()
    while done < count:
        batch = await source.fetch(FETCH, timeout=2)
        answers = [await stream_api.publish_async("out.bare.x", item.data, headers=item.headers) for item in batch]
        await asyncio.gather(*answers)
        for item in batch:
            await item.ack()
        done += len(batch)
    await relay_link.flush()
    return done / (time.perf_counter() - started)


async def whole(stand: BrokerStand, relay_link: Client, count: int) -> float:
    """Check, project, publish, record with fsync, acknowledge."""
    publisher = Publisher(relay_link)
    await publisher.start()
    spool = Spool(stand.root / "spool", "bench")
    compiled = compile_relay_plan(stand.plan, "0" * 64, hash_key=bytes(32))
    relay = Relay(relay_link, publisher, spool, compiled)
    stop = asyncio.Event()
    started = time.perf_counter()
    moving = asyncio.create_task(relay.run_stream("IN_orders-events_v1", stop))
    while relay.moved < count:
        if moving.done():
            moving.result()
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - started
    stop.set()
    await moving
    spool.close()
    delivered = sum(record.step is Step.DELIVERED for record in stand.records("bench"))
    if delivered != count:
        raise RuntimeError(f"{delivered} of {count} messages are recorded as delivered")
    return count / seconds


async def measure(count: int, size: int, sync: str) -> None:
    deliveries = (delivery("orders-to-warehouse", source="orders", target="warehouse"),)
    with tempfile.TemporaryDirectory() as folder:
        async with broker_stand(Path(folder), plan((channel(deliveries),), deliveries), sync_interval=sync) as stand:
            cores = sorted(os.sched_getaffinity(0))
            await fill(stand, count, message(size))
            link = await connect_as(stand.address, RELAY)
            os.sched_setaffinity(0, {cores[0]})
            plain = await bare(stand, link, count)
            relayed = await whole(stand, link, count)
            await link.close()
            os.sched_setaffinity(0, set(cores))
    print(f"{count} messages of {size} bytes, server flushes {sync}, one core for the measured process")
    print(f"bare nats-py fetch + publish  {plain:10,.0f} messages/s")
    print(f"relay, whole pipeline         {relayed:10,.0f} messages/s")
    print(f"ratio                         {relayed / plain:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument(
        "--sync", nargs="*", default=["1s", "always"],
        help="when the server flushes to disk (setting broker_flush): always, or an interval",
    )  # fmt: skip
    arguments = parser.parse_args()
    for sync in arguments.sync:
        uvloop.run(measure(arguments.messages, arguments.size, sync))


if __name__ == "__main__":
    main()
