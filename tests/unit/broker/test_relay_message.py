"""Reading messages strictly, and what of a message a target sees."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from easement.broker.channel_contract import compile_relay_plan, shard_of
from easement.broker.headers import correlation_of, forwarded, lowered
from easement.broker.message import Incoming, MessageRefusedError, read_incoming, read_receipt, strict_json
from easement.broker.permissions import grants_of
from easement.plan.model import Notice
from easement.testing.event_plans import channel, delivery, order_plan, plan

REPLY = "$JS.ACK.IN_orders-events_v1.relay.2.17.19.1795458715374690362.3"
SUBJECT = "in.orders-events.v1.orderPlaced"


def incoming(data: bytes = b"{}", headers: dict[str, str] | None = None, subject: str = SUBJECT) -> Incoming:
    return read_incoming(subject, REPLY, data, headers, now_ms=1)


def test_a_receipt_is_read_in_both_forms() -> None:
    short = read_receipt(REPLY)
    assert (short.stream, short.deliveries, short.sequence, short.stored_ms) == (
        "IN_orders-events_v1", 2, 17, 1795458715374,
    )  # fmt: skip
    long = "$JS.ACK.hub.ACCHASH.IN_orders-events_v1.relay.2.17.19.1795458715374690362.3.random"
    assert read_receipt(long) == short
    for wrong in ("", "$JS.ACK", "in.a.b", "$JS.FC.IN.relay.1.2.3.4.5"):
        with pytest.raises(ValueError, match="JetStream"):
            read_receipt(wrong)


def test_the_transaction_id_is_stable_and_a_uuid_version_7() -> None:
    first, again = incoming(), incoming()
    assert first.transaction_id == again.transaction_id
    assert uuid.UUID(first.transaction_id).version == 7
    assert uuid.UUID(first.transaction_id).variant == uuid.RFC_4122
    chosen = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001"
    assert incoming(headers={"nats-msg-id": chosen.upper()}).transaction_id == chosen
    assert incoming(headers={"Nats-Msg-Id": "order-7"}).message_id == "order-7"
    assert incoming(headers={"Nats-Msg-Id": "order 7\n"}).message_id == ""


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"nan", b"NaN", b'{"a":1,"a":1}', b'{"b":{"a":1,"a":2}}', b"\xef\xbb\xbf{}", b"\xff", b"[" * 100_000,
        b'{"a":Infinity}', b"1" * 5000, b"{} {}",
    ],
)  # fmt: skip
def test_what_readers_could_understand_differently_is_refused(data: bytes) -> None:
    with pytest.raises(MessageRefusedError):
        strict_json(data)


def test_a_schema_error_names_the_place_in_the_schema_and_no_value() -> None:
    compiled = compile_relay_plan(order_plan(), "0" * 64, hash_key=bytes(32))
    contract = compiled.route(incoming()).channel
    with pytest.raises(MessageRefusedError) as refusal:
        contract.check(b'{"orderId": "secret-id", "lines": [{"sku": 1, "quantity": 2}]}')
    assert str(refusal.value).endswith("/properties/lines/items/properties/sku/type")
    with pytest.raises(MessageRefusedError) as refusal:
        contract.check(b'{"orderId": "o", "lines": [], "ada@example.org": 1}')
    assert "ada" not in str(refusal.value)
    with pytest.raises(MessageRefusedError, match="allows 65536 bytes"):
        contract.check(json.dumps({"orderId": "x" * 70_000, "lines": []}).encode())


def test_a_schema_that_cannot_be_used_closes_its_channel() -> None:
    deliveries = (delivery("orders-to-warehouse", source="orders", target="warehouse"),)
    for schema in ({"type": "no-such-type"}, {"$ref": "https://example.org/schema.json"}, {"pattern": "("}):
        compiled = compile_relay_plan(
            plan((channel(deliveries, schema=schema),), deliveries), "0" * 64, hash_key=bytes(32)
        )
        with pytest.raises(MessageRefusedError, match="cannot be used"):
            compiled.route(incoming()).channel.check(b"{}")


def test_a_number_without_json_form_does_not_reach_a_target() -> None:
    deliveries = (delivery("orders-to-warehouse", source="orders", target="warehouse", projection={"n": "clear"}),)
    compiled = compile_relay_plan(plan((channel(deliveries, schema=True),), deliveries), "0" * 64, hash_key=bytes(32))
    message = incoming(b'{"n": 1e999}')
    route = compiled.route(message)
    with pytest.raises(MessageRefusedError):
        route.deliveries[0].prepare(message, route.channel.check(message.data))


def test_each_source_reaches_its_own_targets_only() -> None:
    deliveries = (
        delivery("orders-to-warehouse", source="orders", target="warehouse"),
        delivery("shop-to-marketing", source="shop", target="marketing"),
    )
    compiled = compile_relay_plan(plan((channel(deliveries),), deliveries), "0" * 64, hash_key=bytes(32))
    route = compiled.route(incoming(subject=f"{SUBJECT}.shop"))
    assert (route.account, [item.plan.client_id for item in route.deliveries]) == ("shop", ["marketing"])
    for subject in (SUBJECT, f"{SUBJECT}.stranger", "in.orders-events.v2.orderPlaced"):
        with pytest.raises(MessageRefusedError, match="no contract"):
            compiled.route(incoming(subject=subject))


def test_only_tracing_and_core_event_attributes_go_on_to_a_target() -> None:
    headers = lowered({"TraceParent": "t", "ce-id": "1", "ce-subject": "ada", "X-Any": "1", "ce-type": "x" * 300})
    assert forwarded(headers) == {"traceparent": "t", "ce-id": "1"}


def test_the_correlation_id_is_the_callers_or_that_of_its_trace() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert correlation_of({"x-correlation-id": "c-1", "traceparent": trace}) == "c-1"
    assert correlation_of({"traceparent": trace}) == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert correlation_of({"x-correlation-id": "has space", "traceparent": "nonsense"}) == ""


def test_each_stream_has_one_owner_among_the_workers() -> None:
    for name in ("IN_a_v1", "IN_b_v1", "IN_c_v2"):
        assert [shard_of(name, 4) == worker for worker in range(4)].count(True) == 1


def test_targets_of_an_ending_version_are_told_with_each_message() -> None:
    since = datetime(2026, 3, 1, 12, tzinfo=UTC)
    notice = Notice(
        interface="orders-events@1", deprecated=since, sunset=since, successor="orders-events@2", link="", gone=False
    )
    other = replace(notice, interface="orders-events@2")
    compiled = compile_relay_plan(replace(order_plan(), notices=(notice, other)), "0" * 64, hash_key=bytes(32))
    lying = {"Deprecation": "@1", "Sunset": "never", "Link": "<https://evil.example>"}
    message = incoming(b'{"orderId": "O-1", "lines": []}', lying)
    route = compiled.route(message)
    prepared = route.deliveries[0].prepare(message, route.channel.check(message.data))
    assert prepared.outgoing.headers["Deprecation"] == "@1772366400"
    assert prepared.outgoing.headers["Sunset"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    assert prepared.outgoing.headers["Link"] == '<urn:easement:interface:orders-events@2>; rel="successor-version"'
    silent = compile_relay_plan(replace(order_plan(), notices=(other,)), "0" * 64, hash_key=bytes(32))
    prepared = silent.route(message).deliveries[0].prepare(message, {"orderId": "O-1", "lines": []})
    assert not {"Deprecation", "Sunset", "Link"} & prepared.outgoing.headers.keys()


def test_what_was_published_before_the_end_still_goes_its_way_and_nobody_may_publish_more() -> None:
    whole = order_plan()
    ended = replace(whole, channels=tuple(replace(one, publishers=()) for one in whole.channels))
    route = compile_relay_plan(ended, "0" * 64, hash_key=bytes(32)).route(incoming())
    assert (route.account, len(route.deliveries)) == ("orders", 2)
    assert grants_of(whole, "orders")
    assert not [subject for subject in grants_of(ended, "orders") if subject.startswith("in.")]
