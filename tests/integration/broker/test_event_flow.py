"""A message's way from its source to its targets, through the real nats-server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal

import nats.errors
import pytest

from easement.ledger.record import Status, Step
from easement.testing.broker_stand import BrokerStand
from easement.testing.event_client import EventClient

pytestmark = pytest.mark.asyncio

ORDER = {
    "orderId": "O-1",
    "note": "ring twice",
    "customer": {"email": "ada@example.org", "name": "Ada"},
    "lines": [{"sku": "A", "quantity": 2}],
}
TRANSACTION = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001"


async def test_two_targets_receive_different_fields_and_each_step_is_recorded(stand: BrokerStand) -> None:
    orders = await stand.client("orders")
    receipt = await orders.publish(
        "orders-events", 1, "orderPlaced", ORDER,
        message_id=TRANSACTION, headers={"X-Correlation-Id": "caller-7", "X-Secret": "no", "ce-id": "e1"},
    )  # fmt: skip
    assert (receipt.stream, receipt.duplicate) == ("IN_orders-events_v1", False)
    warehouse, marketing = await stand.client("warehouse"), await stand.client("marketing")
    (stock,) = await warehouse.fetch("orders-to-warehouse")
    (mail,) = await marketing.fetch("orders-to-marketing")
    assert json.loads(stock.data) == {"orderId": "O-1", "lines": [{"sku": "A", "quantity": 2}]}
    seen = json.loads(mail.data)
    assert seen["orderId"] == "O-1"
    assert len(seen["customer"]["email"]) == 64
    assert "name" not in seen["customer"]
    assert stock.headers["Easement-Transaction-Id"] == TRANSACTION
    assert stock.headers["ce-id"] == "e1"
    assert "X-Secret" not in stock.headers
    await stock.ack()
    await mail.ack()
    await stand.until(lambda: sum(r.step is Step.PROCESSED for r in stand.records()) == 2)
    records = [record for record in stand.records() if record.transaction_id == TRANSACTION]
    assert sorted(record.step.value for record in records) == [
        "delivered", "delivered", "processed", "processed", "published",
    ]  # fmt: skip
    assert {record.correlation_id for record in records} == {"caller-7"}
    published = next(record for record in records if record.step is Step.PUBLISHED)
    assert published.account == "orders"
    delivered = next(r for r in records if r.step is Step.DELIVERED and r.integration == "orders-to-warehouse")
    assert set(delivered.detail["removed"]) >= {"customer", "note"} or "note" in delivered.detail["removed"]
    assert "ada@example.org" not in str(records)
    for client in (orders, warehouse, marketing):
        await client.close()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b'{"orderId": "O-1", "lines": [{"sku": "A", "quantity": 0}]}', "event.schema"),
        (b'{"orderId": "O-1", "lines": [], "ssn": "078-05-1120"}', "event.schema"),
        (b'{"orderId": "O-1", "orderId": "O-2", "lines": []}', "event.duplicate-key"),
        (b'{"orderId": NaN, "lines": []}', "event.not-json"),
        (b"\xff\xfe", "event.not-json"),
        (b"[" * 5000, "event.not-json"),
        (b'{"orderId": "\\ud800", "lines": []}', "event.not-json"),
        (b"", "event.not-json"),
    ],
)
async def test_poison_messages_become_dead_letters_and_the_next_message_flows(
    stand: BrokerStand, payload: bytes, code: str
) -> None:
    orders = await stand.client("orders")
    await orders.publish("orders-events", 1, "orderPlaced", payload)
    await orders.publish("orders-events", 1, "orderPlaced", ORDER)
    warehouse = await stand.client("warehouse")
    (good,) = await warehouse.fetch("orders-to-warehouse")
    assert json.loads(good.data)["orderId"] == "O-1"
    await stand.until(lambda: sum(r.step is Step.DEAD_LETTERED for r in stand.records()) == 2)
    dead = [record for record in stand.records() if record.step is Step.DEAD_LETTERED]
    assert {record.error_code for record in dead} == {code}
    assert {record.status for record in dead} == {Status.DEAD_LETTERED}
    assert "078-05-1120" not in str(dead)
    assert "ssn" not in str(dead)
    await orders.close()
    await warehouse.close()


async def test_a_repeated_message_id_is_dropped_and_said_so(stand: BrokerStand) -> None:
    orders = await stand.client("orders")
    first = await orders.publish("orders-events", 1, "orderPlaced", ORDER, message_id="m-1")
    again = await orders.publish("orders-events", 1, "orderPlaced", ORDER, message_id="m-1")
    assert (first.duplicate, again.duplicate) == (False, True)
    warehouse = await stand.client("warehouse")
    assert len(await warehouse.fetch("orders-to-warehouse", count=2, timeout_s=1.0)) == 1
    await orders.close()
    await warehouse.close()


async def test_messages_keep_their_order(stand: BrokerStand) -> None:
    orders, warehouse = await stand.client("orders"), await stand.client("warehouse")
    for number in range(50):
        await orders.publish("orders-events", 1, "orderPlaced", {"orderId": str(number), "lines": []})
    received = await warehouse.fetch("orders-to-warehouse", count=50)
    assert [json.loads(message.data)["orderId"] for message in received] == [str(number) for number in range(50)]
    await orders.close()
    await warehouse.close()


async def test_a_message_that_its_target_refuses_becomes_a_dead_letter(stand: BrokerStand) -> None:
    orders, warehouse = await stand.client("orders"), await stand.client("warehouse")
    await orders.publish("orders-events", 1, "orderPlaced", ORDER)
    (message,) = await warehouse.fetch("orders-to-warehouse")
    await message.term()
    await stand.until(lambda: any(r.error_code == "delivery.terminated" for r in stand.records()))
    await orders.close()
    await warehouse.close()


async def test_the_server_is_restarted_and_what_was_acknowledged_is_still_there(stand: BrokerStand) -> None:
    orders = await stand.client("orders")
    await stand.stop("relay")
    await orders.publish("orders-events", 1, "orderPlaced", ORDER)
    await orders.close()
    await stand.stop("broker")
    await stand.start_broker()
    await stand.start_relay()
    await stand.apply_and_wait(stand.plan)
    warehouse = await stand.client("warehouse")
    assert len(await warehouse.fetch("orders-to-warehouse")) == 1
    await warehouse.close()


async def test_a_killed_server_is_started_again_and_traffic_goes_on(stand: BrokerStand) -> None:
    orders = await stand.client("orders")
    await orders.publish("orders-events", 1, "orderPlaced", ORDER)
    await orders.close()
    log = (stand.root / "broker" / "nats-server.log").read_text()
    first = re.findall(r"^\[(\d+)\]", log, re.MULTILINE)[-1]
    os.kill(int(first), signal.SIGKILL)
    await stand.until(lambda: f"[{first}]" != _last_process(stand) and "Server is ready" in _log_of_last(stand))
    orders, warehouse = await _connect_again(stand, "orders"), await _connect_again(stand, "warehouse")
    await orders.publish("orders-events", 1, "orderPlaced", {**ORDER, "orderId": "O-2"})
    received = await warehouse.fetch("orders-to-warehouse", count=2, timeout_s=30.0)
    assert [json.loads(message.data)["orderId"] for message in received] == ["O-1", "O-2"]
    await orders.close()
    await warehouse.close()


async def _connect_again(stand: BrokerStand, client_id: str) -> EventClient:
    """As a client does: until the callout is back, the server refuses everybody."""
    for _attempt in range(10):
        try:
            return await stand.client(client_id)
        except (nats.errors.Error, TimeoutError):
            await asyncio.sleep(0.5)
    raise AssertionError("no login after the server came back")


def _last_process(stand: BrokerStand) -> str:
    return (stand.root / "broker" / "nats-server.log").read_text().splitlines()[-1].split(" ", 1)[0]


def _log_of_last(stand: BrokerStand) -> str:
    log = (stand.root / "broker" / "nats-server.log").read_text()
    return "".join(line for line in log.splitlines() if line.startswith(_last_process(stand)))
