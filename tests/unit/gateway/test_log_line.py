"""Lines of the access log as records."""

from __future__ import annotations

import json
import uuid

import pytest

from easement.gateway.log_line import fields_of, record_of, unreadable
from easement.gateway.plan_index import NO_FACTS, PlanFacts, facts_of
from easement.ledger.encoding import encode
from easement.ledger.record import Status
from easement.testing.plans import make_grant, make_plan, make_route

LINE = {
    "start": "1795459432622", "completed_us": 2875, "forwarded_us": 1647, "responded_us": 2547, "status": 200,
    "transaction": "092ac5b7-2d2b-483c-b71e-c1826c0e4ea0", "method": "GET", "client": "shop",
    "grant": "shop-to-orders", "route": "a" * 64 + "/orders-api@1.getOrder",
    "runtime": {"removed": "lines.price,ssn"},
    "received": 0, "sent": 58, "details": "via_upstream", "flags": "-", "remote": "127.0.0.1",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}  # fmt: skip


def known(plan: str) -> PlanFacts:
    return facts_of(make_plan(make_route(grants=[make_grant()]))) if plan == "a" * 64 else NO_FACTS


def line(**changes: object) -> bytes:
    return json.dumps({key: value for key, value in {**LINE, **changes}.items() if value is not None}).encode()


def test_a_granted_call_names_its_contract_and_the_fields_that_were_removed():
    record = record_of(line(), known)
    assert record.status is Status.SUCCESS
    assert (record.source, record.target, record.account) == ("shop", "orders", "shop")
    assert (record.integration, record.integration_id) == ("shop-to-orders", "INT-0001")
    assert record.detail["removed"] == ("lines.price", "ssn")
    assert record.detail["grant"] == "shop-to-orders.getOrder"
    assert record.detail["path"] == "/orders-api/v1/orders/{orderId}"
    assert record.correlation_id == "0af7651916cd43dd8448eb211c80319c"
    assert record.times == {
        "received": 1795459432622,
        "forwarded": 1795459432623,
        "responded": 1795459432624,
        "completed": 1795459432624,
    }
    assert encode(record, recorder="gateway@1", sequence=1)


def test_a_refusal_of_the_decider_is_recorded_with_its_reason():
    refused = line(status=400, code="EAS-5400", decided="schema:pattern /slug", runtime=None)
    record = record_of(refused, known)
    assert record.error == "The request does not fit its contract: schema:pattern /slug"
    assert record.detail["verdict"] == "schema:pattern /slug"


def test_the_same_line_is_the_same_record_with_a_uuid_of_version_7():
    first, second = record_of(line(), known), record_of(line(), known)
    assert first == second
    assert uuid.UUID(first.id).version == 7
    assert uuid.UUID(first.id).variant == uuid.RFC_4122


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": 403, "code": "EAS-5403", "grant": None}, Status.REFUSED),
        ({"status": 401, "code": "EAS-5401", "grant": None, "client": None}, Status.REFUSED),
        ({"status": 404, "code": "EAS-5599"}, Status.FAILED),
        ({"status": 502, "code": "EAS-5502"}, Status.FAILED),
        ({"status": 0}, Status.FAILED),
    ],
)
def test_refusals_are_told_from_failures(changes: dict[str, object], status: Status):
    assert record_of(line(**changes), known).status is status


def test_a_refusal_says_who_tried_what():
    record = record_of(
        line(status=404, code="EAS-5404", grant=None, route="a" * 64 + "/unknown", tried="/secret/door"), known
    )
    assert record.account == "shop"
    assert record.detail["tried"] == "/secret/door"
    assert record.error == "No such operation"
    assert record.message_type == ""


def test_a_line_of_an_unknown_plan_keeps_what_it_says_itself():
    record = record_of(line(route="b" * 64 + "/orders-api@1.getOrder", client="shop"), known)
    assert (record.account, record.integration, record.plan) == ("shop", "", "b" * 64)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b'{"start":"now"}', b'{"start":5}', b"\xff\xfe", b"[" * 100_000]
)
def test_lines_that_cannot_be_read_are_an_error(data: bytes):
    with pytest.raises(ValueError, match="not "):
        record_of(data, known)


def test_wrong_types_and_endless_texts_do_no_harm():
    record = record_of(line(status="200", sent=-5, completed_us=True, correlation="x" * 9999, flags=["a"]), known)
    assert record.bytes_out == 0
    assert len(record.correlation_id) == 128
    assert encode(record, recorder="gateway@1", sequence=1)


def test_an_unreadable_line_leaves_its_hash_and_nothing_of_its_text():
    record = unreadable(b"password=hunter2", 1_700_000_000_000)
    assert record.error_code == "EAS-5904"
    assert b"hunter2" not in encode(record, recorder="gateway@1", sequence=1)


def test_a_short_line_with_a_forged_separator_is_not_believed() -> None:
    values = ["1700000000000", "t", "200", "-", f"{'a' * 64}/orders-api@1.getOrder", "g", "10.0.0.1", "0", "1"]
    line = "\x1f".join(["S1", *values, "1", "2", "3", "caller\x1fsays", "", ""]).encode()

    with pytest.raises(ValueError, match="not an entry"):
        fields_of(line)


def test_a_short_line_names_what_was_removed() -> None:
    values = ["1700000000000", "t", "200", "-", f"{'a' * 64}/orders-api@1.getOrder", "g", "10.0.0.1", "0", "1"]
    line = "\x1f".join(["S1", *values, "1", "2", "3", "caller", "", "customer.phone,internal"]).encode()

    fields = fields_of(line + b"\n")

    assert fields["status"] == 200
    assert fields["correlation"] == "caller"
    assert fields["runtime"] == {"removed": "customer.phone,internal"}
