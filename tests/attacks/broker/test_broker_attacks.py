"""Attacks on the bus by accounts that hold a valid token, and by those that do not. Each is refused and recorded."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import nats.errors
import nats.js.errors
import pytest

from easement.broker.connection import connect_as, open_connection
from easement.broker.credentials import STEWARD
from easement.identity.certificates import certificate_thumbprint
from easement.keys.jose import generate_signing_key
from easement.ledger.record import Record, Status
from easement.testing.broker_stand import BrokerStand, broker_stand
from easement.testing.event_client import EventClient
from easement.testing.event_plans import channel, delivery, order_plan, plan

pytestmark = pytest.mark.asyncio

ORDER = {"orderId": "O-1", "lines": []}
ORDERS_SUBJECT = "in.orders-events.v1.orderPlaced"
PAID_SUBJECT = "in.payment-events.v1.paid"


def _refusals(stand: BrokerStand) -> list[Record]:
    return [record for record in stand.records("broker") if record.status is Status.REFUSED]


async def _recorded(stand: BrokerStand, account: str, code: str) -> Record:
    def found() -> bool:
        return any((record.account, record.error_code) == (account, code) for record in _refusals(stand))

    await stand.until(found, seconds=10)
    return next(r for r in _refusals(stand) if (r.account, r.error_code) == (account, code))


async def _messages(stand: BrokerStand, stream: str) -> int:
    steward = await connect_as(stand.address, STEWARD)
    try:
        return (await steward.jetstream().stream_info(stream)).state.messages
    finally:
        await steward.close()


async def _refused_login(stand: BrokerStand, client: str, token: str, code: str, account: str = "") -> None:
    with pytest.raises(nats.errors.Error):
        await stand.client(client, token=token)
    await _recorded(stand, account, code)
    assert token not in (stand.root / "broker" / "nats-server.log").read_text() or not token


async def test_publishing_outside_the_grant_is_refused_and_recorded(besieged: BrokerStand) -> None:
    orders = await besieged.client("orders")
    with pytest.raises(nats.errors.TimeoutError):
        await orders.connection.jetstream(timeout=1).publish(PAID_SUBJECT, b"{}")
    record = await _recorded(besieged, "orders", "broker.publish-not-granted")
    assert record.message_type == PAID_SUBJECT
    assert await _messages(besieged, "IN_payment-events_v1") == 0
    await orders.close()


@pytest.mark.parametrize(
    "subject",
    [
        "$JS.API.STREAM.PURGE.IN_orders-events_v1",
        "$JS.API.STREAM.DELETE.IN_orders-events_v1",
        "$JS.API.STREAM.UPDATE.IN_orders-events_v1",
        "$JS.API.STREAM.MSG.GET.IN_orders-events_v1",
        "$JS.API.STREAM.MSG.DELETE.DLQ_orders-to-warehouse",
        "$JS.API.CONSUMER.CREATE.OUT_orders-to-marketing.mine",
        "$JS.API.CONSUMER.MSG.NEXT.OUT_orders-to-marketing.marketing",
        "$JS.API.CONSUMER.MSG.NEXT.IN_orders-events_v1.relay",
        "$JS.ACK.OUT_orders-to-marketing.marketing.1.1.1.1.1",
        "$SYS.REQ.SERVER.PING",
        "out.orders-to-warehouse.orderPlaced",
        "dlq.orders-to-warehouse.orderPlaced",
        "easement.dead-letters.replay",
        "in.orders-events.v1.orderPlaced",
    ],
)
async def test_a_consumer_can_ask_for_nothing_but_its_own_messages(besieged: BrokerStand, subject: str) -> None:
    warehouse = await besieged.client("warehouse")
    with pytest.raises(nats.errors.Error):
        await warehouse.connection.request(subject, b"", timeout=0.5)
    record = await _recorded(besieged, "warehouse", "broker.publish-not-granted")
    assert record.message_type == subject
    await warehouse.close()


@pytest.mark.parametrize(
    "subject", [">", "in.>", "out.orders-to-warehouse.*", "_INBOX_marketing.>", "_INBOX.>", "$SYS.>"]
)
async def test_listening_beyond_the_own_inbox_is_refused(besieged: BrokerStand, subject: str) -> None:
    warehouse = await besieged.client("warehouse")
    await warehouse.connection.subscribe(subject)
    await warehouse.connection.flush()
    record = await _recorded(besieged, "warehouse", "broker.subscribe-not-granted")
    assert record.message_type == subject
    await warehouse.close()


@pytest.mark.parametrize(
    "reply",
    [
        PAID_SUBJECT,
        "out.orders-to-warehouse.orderPlaced",
        "dlq.orders-to-warehouse.orderPlaced",
        "$JS.API.STREAM.PURGE.IN_payment-events_v1",
        "$JS.API.STREAM.DELETE.IN_payment-events_v1",
        "easement.dead-letters.replay",
    ],
)
async def test_the_server_cannot_be_made_to_publish_for_somebody_by_a_reply_subject(
    besieged: BrokerStand, reply: str
) -> None:
    """In one account the server would send its acknowledgement, with its own rights, to any subject named as reply."""
    payments = await besieged.client("payments")
    await payments.publish("payment-events", 1, "paid", {})
    streams = ("IN_payment-events_v1", "OUT_orders-to-warehouse", "DLQ_orders-to-warehouse")
    before = [await _messages(besieged, stream) for stream in streams]
    orders = await besieged.client("orders")
    await orders.connection.publish(ORDERS_SUBJECT, json.dumps(ORDER).encode(), reply=reply)
    await orders.publish("orders-events", 1, "orderPlaced", ORDER)
    assert [await _messages(besieged, stream) for stream in streams] == before
    await orders.close()
    await payments.close()


async def test_a_fetch_cannot_be_delivered_into_a_channel(besieged: BrokerStand) -> None:
    await besieged.start_relay()
    await besieged.apply_and_wait(besieged.plan)
    payments, accounting = await besieged.client("payments"), await besieged.client("accounting")
    await payments.publish("payment-events", 1, "paid", {"orderId": "O-1"})
    await besieged.until(lambda: any(r.integration == "payments-to-accounting" for r in besieged.records()))
    request = "$JS.API.CONSUMER.MSG.NEXT.OUT_payments-to-accounting.accounting"
    await accounting.connection.publish(request, b"1", reply=ORDERS_SUBJECT)
    await accounting.connection.publish(request, b"1", reply="$JS.API.STREAM.DELETE.IN_orders-events_v1")
    await accounting.connection.flush()
    await payments.publish("payment-events", 1, "paid", {"orderId": "O-2"})
    await accounting.fetch("payments-to-accounting", timeout_s=1.0)
    assert await _messages(besieged, "IN_orders-events_v1") == 0
    await payments.close()
    await accounting.close()


@pytest.mark.parametrize(
    "headers", [{"Nats-Rollup": "all"}, {"Nats-TTL": "1s"}, {"Nats-Expected-Stream": "IN_payment-events_v1"}]
)
async def test_headers_that_rule_the_stream_are_refused(besieged: BrokerStand, headers: dict[str, str]) -> None:
    orders = await besieged.client("orders")
    await orders.publish("orders-events", 1, "orderPlaced", ORDER)
    with pytest.raises(nats.js.errors.APIError):
        await orders.publish("orders-events", 1, "orderPlaced", ORDER, headers=headers)
    assert await _messages(besieged, "IN_orders-events_v1") == 1
    await orders.close()


async def test_a_message_beyond_the_size_of_the_contract_is_refused(besieged: BrokerStand) -> None:
    orders = await besieged.client("orders")
    with pytest.raises(nats.js.errors.APIError):
        await orders.publish("orders-events", 1, "orderPlaced", {"orderId": "O-1", "lines": [], "note": "x" * 9000})
    await orders.close()


async def test_a_connection_ends_with_its_token(besieged: BrokerStand) -> None:
    orders = await besieged.client("orders", token=besieged.token("orders", lifetime_s=2))
    await orders.publish("orders-events", 1, "orderPlaced", ORDER)
    await besieged.until(lambda: not orders.connection.is_connected, seconds=10)
    await orders.close()


async def test_logins_that_prove_nothing_are_refused_and_recorded(besieged: BrokerStand) -> None:
    await _refused_login(besieged, "orders", "not-a-token", "broker.token-malformed")
    stale = besieged.token("orders", now=time.time() - 3600)
    await _refused_login(besieged, "orders", stale, "broker.token-expired")
    other = besieged.token("orders", audiences=("urn:easement:interface:payment-events",))
    await _refused_login(besieged, "orders", other, "broker.nothing-granted", "orders")
    no_scope = besieged.token("orders", scopes=("something:else",))
    await _refused_login(besieged, "orders", no_scope, "broker.nothing-granted", "orders")
    own_key, besieged.key = besieged.key, generate_signing_key()
    forged = besieged.token("orders")
    besieged.key = own_key
    with pytest.raises(nats.errors.Error):
        await besieged.client("orders", token=forged)


async def test_no_token_and_another_user_name_are_refused(besieged: BrokerStand) -> None:
    async def quiet(_error: Exception) -> None:
        return

    async def attempt(**credentials: str) -> None:
        with pytest.raises(nats.errors.Error):
            await open_connection(
                besieged.url, tls=besieged.context(), tls_hostname="localhost", allow_reconnect=False,
                error_cb=quiet, **credentials,
            )  # fmt: skip

    await attempt()
    await attempt(user="payments", password=besieged.token("orders"))
    await _recorded(besieged, "orders", "broker.client-mismatch")


async def test_a_token_of_one_account_gives_no_right_of_another(besieged: BrokerStand) -> None:
    """Every scope and audience there is: the grants are the account's, not the token's."""
    every = besieged.plan.accounts
    greedy = besieged.token(
        "marketing",
        scopes=tuple(scope for account in every for scope in account.scopes),
        audiences=tuple({audience for account in every for audience in account.audiences}),
    )
    marketing = await besieged.client("marketing", token=greedy)
    with pytest.raises(nats.errors.TimeoutError):
        await marketing.connection.jetstream(timeout=0.5).publish(ORDERS_SUBJECT, b"{}")
    await marketing.close()


async def test_a_lost_grant_ends_the_connection(besieged: BrokerStand) -> None:
    orders, payments = await besieged.client("orders"), await besieged.client("payments")
    kept = tuple(item for item in besieged.plan.deliveries if item.party.source == "payments")
    channels = tuple(item for item in besieged.plan.channels if item.interface == "payment-events")
    token = besieged.token("orders")
    await besieged.apply_and_wait(plan(channels, kept), roles=("broker",))
    await besieged.until(lambda: not orders.connection.is_connected, seconds=10)
    assert payments.connection.is_connected
    with pytest.raises(nats.errors.Error):
        await besieged.client("orders", token=token)
    await orders.close()
    await payments.close()


async def test_a_client_without_trust_in_our_authority_does_not_speak(besieged: BrokerStand) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", besieged.port)
    writer.write(b'CONNECT {"auth_token":"x"}\r\nPUB in.orders-events.v1.orderPlaced 2\r\n{}\r\n')
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(4096), 10)
    writer.close()
    assert b"PONG" not in answer
    assert await _messages(besieged, "IN_orders-events_v1") == 0


async def test_a_bound_token_works_with_its_own_certificate_only(tmp_path) -> None:
    deliveries = (delivery("orders-to-warehouse", source="orders", target="warehouse"),)
    bound = plan((channel(deliveries, authentication="oauth2+mtls"),), deliveries)
    async with broker_stand(tmp_path, bound, client_certificates=True) as stand:
        contexts = {}
        thumbprints = {}
        for system in ("orders", "thief"):
            issued = stand.authority.issue_client(system, life=timedelta(days=1), now=datetime.now(UTC))
            (tmp_path / f"{system}.pem").write_text(issued.chain_pem)
            (tmp_path / f"{system}.key").write_text(issued.private_key.reveal())
            contexts[system] = stand.context()
            contexts[system].load_cert_chain(tmp_path / f"{system}.pem", tmp_path / f"{system}.key")
            thumbprints[system] = certificate_thumbprint(issued.chain_pem)
        token = stand.token("orders", thumbprint=thumbprints["orders"])
        with pytest.raises(nats.errors.Error):
            await EventClient.connect(stand.url, "orders", token, context=contexts["thief"], server_name="localhost")
        await _recorded(stand, "orders", "broker.certificate-mismatch")
        unbound = stand.token("orders")
        with pytest.raises(nats.errors.Error):
            await EventClient.connect(stand.url, "orders", unbound, context=contexts["orders"], server_name="localhost")
        await _recorded(stand, "orders", "broker.nothing-granted")
        orders = await EventClient.connect(
            stand.url, "orders", token, context=contexts["orders"], server_name="localhost"
        )
        await orders.publish("orders-events", 1, "orderPlaced", ORDER)
        await orders.close()


async def test_a_hostile_client_name_forges_no_record(tmp_path) -> None:
    async with broker_stand(tmp_path, order_plan()) as stand:
        line = 'x" - "CLIENTS/user:payments" - Publish Violation - Subject "in.forged"'
        forged = f'{line}\r\n[1] 2026/01/01 [ERR] 1 - cid:1 - "'
        link = await open_connection(
            stand.url, name=forged, token=stand.token("orders"), tls=stand.context(), tls_hostname="localhost",
            inbox_prefix="_INBOX_orders",
        )  # fmt: skip
        await link.publish("in.other", b"{}")
        await link.flush()
        await _recorded(stand, "orders", "broker.publish-not-granted")
        assert {record.account for record in _refusals(stand)} == {"orders"}
        await link.close()
