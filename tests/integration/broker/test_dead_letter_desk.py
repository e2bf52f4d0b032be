"""Dead letters: listed, inspected, replayed under today's contract, each act on record."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from easement.broker.dead_letter_service import DeadLetterClient
from easement.broker.dead_letters import DeskError, ReplayRequest, group_by_reason
from easement.ledger.record import RecordKind, Status, Step
from easement.testing.broker_stand import BrokerStand
from easement.testing.event_plans import ORDER_SCHEMA, channel, delivery, plan

pytestmark = pytest.mark.asyncio
BAD = b'{"orderId": "O-9", "lines": [{"sku": "A", "quantity": 0}]}'
GOOD = b'{"orderId": "O-9", "lines": [{"sku": "A", "quantity": 1}]}'
INTEGRATION = "orders-to-warehouse"


@pytest_asyncio.fixture
async def desk(stand: BrokerStand) -> AsyncIterator[DeadLetterClient]:
    """An operator's tool on a stand with one dead letter for each target."""
    orders = await stand.client("orders")
    await orders.publish("orders-events", 1, "orderPlaced", BAD, headers={"X-Correlation-Id": "c-9"})
    await orders.close()
    await stand.until(lambda: sum(r.step is Step.DEAD_LETTERED for r in stand.records()) == 2)
    client = await DeadLetterClient.connect(stand.address)
    yield client
    await client.close()


def _replay(sequence: int = 1, payload: bytes | None = None, reason: str = "ticket 7") -> ReplayRequest:
    return ReplayRequest(integration=INTEGRATION, sequence=sequence, actor="ops:ada", reason=reason, payload=payload)


async def test_dead_letters_are_counted_listed_and_shown_without_payload(
    stand: BrokerStand, desk: DeadLetterClient
) -> None:
    assert await desk.depths() == {"orders-to-marketing": 1, INTEGRATION: 1}
    (letter,) = await desk.list(INTEGRATION)
    assert (letter.reason, letter.account, letter.correlation_id) == ("event.schema", "orders", "c-9")
    assert "O-9" not in str(letter)
    assert await desk.show(INTEGRATION, letter.sequence) == letter
    (group,) = group_by_reason([letter])
    assert (group.count, group.reason) == (1, "event.schema")
    await stand.until(
        lambda: json.loads((stand.root / "run/relay.json").read_bytes())["dead_letters"].get(INTEGRATION) == 1
    )


async def test_a_look_at_the_payload_needs_a_reason_and_is_recorded(stand: BrokerStand, desk: DeadLetterClient) -> None:
    with pytest.raises(DeskError, match="say why"):
        await desk.payload(INTEGRATION, 1, actor="ops:ada", reason=" ")
    assert await desk.payload(INTEGRATION, 1, actor="ops:ada", reason="ticket 7") == BAD
    (look,) = [record for record in stand.records() if record.kind is RecordKind.ACCESS]
    assert (look.account, look.detail["reason"]) == ("ops:ada", "ticket 7")


async def test_a_replay_that_still_breaks_the_contract_is_refused_and_recorded(
    stand: BrokerStand, desk: DeadLetterClient
) -> None:
    with pytest.raises(DeskError) as refusal:
        await desk.replay(_replay())
    assert refusal.value.code == "event.schema"
    assert (await desk.depths())[INTEGRATION] == 1
    (record,) = [item for item in stand.records() if item.step is Step.REPLAYED]
    assert record.status is Status.REFUSED


async def test_a_corrected_replay_is_delivered_under_the_same_transaction(
    stand: BrokerStand, desk: DeadLetterClient
) -> None:
    letter = await desk.replay(_replay(payload=GOOD))
    warehouse = await stand.client("warehouse")
    (message,) = await warehouse.fetch(INTEGRATION)
    assert json.loads(message.data)["lines"] == [{"sku": "A", "quantity": 1}]
    assert message.headers["Nats-Msg-Id"].endswith("#1")
    assert message.headers["Easement-Transaction-Id"] == letter.transaction_id
    trace = [record.step for record in stand.records() if record.transaction_id == letter.transaction_id]
    assert trace.count(Step.REPLAYED) == 1
    assert trace[-1] is Step.DELIVERED
    assert (await desk.depths())[INTEGRATION] == 0
    with pytest.raises(DeskError, match="no dead letter"):
        await desk.replay(_replay(payload=GOOD))
    await warehouse.close()


async def test_a_replay_follows_the_contract_of_today(stand: BrokerStand, desk: DeadLetterClient) -> None:
    tolerant = {**ORDER_SCHEMA, "properties": {**ORDER_SCHEMA["properties"], "lines": {"type": "array"}}}
    deliveries = tuple(
        delivery(name, source="orders", target=target)
        for name, target in ((INTEGRATION, "warehouse"), ("orders-to-marketing", "marketing"))
    )
    await stand.apply_and_wait(plan((channel(deliveries, schema=tolerant),), deliveries))
    await desk.replay(_replay())
    assert (await desk.depths())[INTEGRATION] == 0


@pytest.mark.parametrize("integration", ["nobody", "orders-to-warehouse.>", "*"])
async def test_an_unknown_integration_is_refused(stand: BrokerStand, desk: DeadLetterClient, integration: str) -> None:
    with pytest.raises(DeskError, match="no contract in force"):
        await desk.list(integration)


async def test_a_message_that_was_refused_by_its_target_is_kept_as_it_was_published(
    stand: BrokerStand, desk: DeadLetterClient
) -> None:
    orders, warehouse = await stand.client("orders"), await stand.client("warehouse")
    await orders.publish("orders-events", 1, "orderPlaced", {"orderId": "O-1", "note": "whole", "lines": []})
    (message,) = await warehouse.fetch(INTEGRATION)
    await message.term()
    await stand.until(lambda: any(r.error_code == "delivery.terminated" for r in stand.records()))
    letter = (await desk.list(INTEGRATION))[-1]
    payload = await desk.payload(INTEGRATION, letter.sequence, actor="ops:ada", reason="ticket 8")
    assert json.loads(payload)["note"] == "whole"
    await desk.replay(_replay(letter.sequence))
    (again,) = await warehouse.fetch(INTEGRATION)
    assert again.headers["Easement-Replay"] == "1"
    await orders.close()
    await warehouse.close()
