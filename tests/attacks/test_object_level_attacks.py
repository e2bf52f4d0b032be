"""Attacks on conditions that read what is sent and what is answered (OWASP API1:2023, API3:2023)."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any, Final

import pytest

from easement.gateway.log_line import record_of
from easement.gateway.plan_index import facts_of
from easement.ledger.record import Status
from easement.testing.gateways import GatewaySimulator, Reply
from easement.testing.plans import make_grant, make_parameter, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

SEEN: Final = {"id": "clear", "owner": "clear"}
ORDER: Final = {
    "type": "object", "required": ["item"], "additionalProperties": False,
    "properties": {"item": {"type": "string"}, "owner": {"type": "string"}, "level": {"type": "integer"}},
}  # fmt: skip
MINE: Final = "resource.owner == principal.client_id"


@pytest.fixture(scope="module")
def held_target() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def gateway(held_target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewaySimulator]:
    def granted(operation: str, access: str, **changes: Any) -> list[Any]:
        return [make_grant(operation=operation, projection=changes.pop("sees", SEEN), access=access, **changes)]

    parameters = [
        make_parameter("for", {"type": "string"}), make_parameter("limit", {"type": "integer"}),
        make_parameter("x-owner", {"type": "string"}, location="header"),
    ]  # fmt: skip
    plan = make_plan(
        make_route(grants=granted("getOrder", MINE)),
        make_route(
            "list", path="/list", grants=granted("list", MINE, sees={"items": SEEN, "n": "clear"}, resource_at="items"),
        ),
        make_route("all", path="/all", grants=granted("all", MINE)),
        make_route("deep", path="/deep", grants=granted("deep", MINE, sees={"a": {"b": SEEN}}, resource_at="a.b")),
        make_route(
            "create", method="POST", path="/orders", body=ORDER, parameters=parameters,
            grants=granted("create", "request.body.owner == principal.client_id && request.body.level < 3"),
        ),
        make_route(
            "search", path="/search", parameters=parameters,
            grants=granted("search", "request.query['for'] == principal.client_id && request.query.limit <= 10"),
        ),
        make_route(
            "shown", path="/shown", parameters=parameters,
            grants=granted("shown", "request.headers['x-owner'] == principal.client_id"),
        ),
        make_route(
            "both", method="POST", path="/both", body=ORDER, parameters=parameters,
            grants=granted("both", "request.query['for'] == principal.client_id && has(request.body.item)"),
        ),
        make_route("wrong", path="/wrong", grants=granted("wrong", "resource.owner.matches('x')")),
        upstreams=[make_upstream(held_target.port)],
    )  # fmt: skip
    with GatewaySimulator(plan, tmp_path_factory.mktemp("objects")) as simulator:
        yield simulator


@pytest.fixture
def target(held_target: UpstreamSimulator) -> UpstreamSimulator:
    held_target.answer = Answer(body=b'{"id": 1, "owner": "shop", "secret": 2}')
    held_target.asked.clear()
    return held_target


def answers(target: UpstreamSimulator, body: Any, **changes: Any) -> None:
    target.answer = Answer(body=body if isinstance(body, bytes) else json.dumps(body).encode(), **changes)


def get(gateway: GatewaySimulator, path: str, **headers: str) -> Reply:
    return gateway.ask("GET", path, token=gateway.token(), headers=headers)


def post(gateway: GatewaySimulator, path: str, body: Any) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return gateway.ask("POST", path, token=gateway.token(), body=data)


def test_the_callers_own_object_is_seen(gateway: GatewaySimulator, target: UpstreamSimulator):
    reply = get(gateway, "/orders/1")
    assert (reply.status, reply.json()) == (200, {"id": 1, "owner": "shop"})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"id": 1, "owner": "web"}, id="of-another"),
        pytest.param({"id": 1}, id="of-nobody"),
        pytest.param({"id": 1, "owner": None}, id="of-null"),
        pytest.param({"id": 1, "owner": ["shop"]}, id="a-list-with-the-name"),
        pytest.param({"id": 1, "owner": {"shop": "shop"}}, id="a-map-with-the-name"),
        pytest.param({"id": 1, "owner": "SHOP"}, id="another-case"),
        pytest.param({"id": 1, "owner": "shop "}, id="a-space-more"),
        pytest.param({"id": 1, "data": {"owner": "shop"}}, id="deeper"),
        pytest.param({"id": 1, "Owner": "shop"}, id="another-name"),
        pytest.param(b'{"id": 1, "\\u006fwner": "web"}', id="an-escaped-name"),
        pytest.param("shop", id="a-text"),
        pytest.param(7, id="a-number"),
    ],
)
def test_an_object_of_another_is_answered_like_one_that_is_not_there(
    body: Any, gateway: GatewaySimulator, target: UpstreamSimulator
):
    answers(target, body, headers={"content-type": "application/json", "etag": '"7"', "last-modified": "x"})
    hidden = get(gateway, "/orders/1")
    answers(target, {"error": "no such order"}, status=404)
    missing = get(gateway, "/orders/1")
    assert hidden.status == missing.status == 404
    told = [{**json.loads(reply.body), "instance": ""} for reply in (hidden, missing)]
    assert told[0] == told[1]
    apart = {"date", "x-transaction-id", "content-length"}
    assert {name: text for name, text in hidden.headers.items() if name not in apart} == {
        name: text for name, text in missing.headers.items() if name not in apart
    }
    facts = facts_of(gateway.plan)
    record = record_of(json.dumps(gateway.log_line(hidden)).encode(), lambda _: facts)
    assert (record.status, record.error_code, record.integration) == (Status.REFUSED, "EAS-5414", "shop-to-orders")
    other = record_of(json.dumps(gateway.log_line(missing)).encode(), lambda _: facts)
    assert other.error_code == "EAS-5599"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"id": 1, "owner": "web", "owner": "shop"}', id="two-owners"),
        pytest.param(b'{"id": 1, "owner": "shop", "\\u006fwner": "web"}', id="two-owners-one-escaped"),
        pytest.param(b'{"id": 1, "owner": "shop"', id="cut-short"),
        pytest.param(b'{"id": 1, "owner": "shop"} {"owner": "web"}', id="two-documents"),
        pytest.param(b"[" * 80 + b"]" * 80, id="too-deep"),
        pytest.param(b"\xef\xbb\xbf" + b'{"id": 1, "owner": "shop"}', id="byte-order-mark"),
    ],
)
def test_an_answer_that_two_could_read_in_two_ways_is_refused(
    body: bytes, gateway: GatewaySimulator, target: UpstreamSimulator
):
    answers(target, body)
    reply = get(gateway, "/orders/1")
    assert (reply.status, reply.code) == (502, "EAS-5502")


def test_of_a_list_only_the_callers_objects_are_seen(gateway: GatewaySimulator, target: UpstreamSimulator):
    items = [{"id": 1, "owner": "web"}, {"id": 2, "owner": "shop", "x": 1}, 7, None, [{"owner": "shop"}], {"id": 3}]
    answers(target, {"n": 6, "items": [*items, {"id": 4, "owner": "shop"}]})
    reply = get(gateway, "/list")
    assert reply.json() == {"n": 6, "items": [{"id": 2, "owner": "shop"}, {"id": 4, "owner": "shop"}]}
    assert gateway.log_line(reply)["runtime"]["removed"] == "items[],items.x"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/list", {"n": 1, "items": [{"id": 1, "owner": "web"}]}, {"n": 1, "items": []}),
        ("/list", {"n": 1, "items": {"id": 1, "owner": "shop"}}, {"n": 1, "items": {"id": 1, "owner": "shop"}}),
        ("/list", {"n": 0, "items": None}, {"n": 0, "items": None}),
        ("/list", {"n": 0}, {"n": 0}),
        ("/all", [{"id": 1, "owner": "web"}, {"id": 2, "owner": "shop"}], [{"id": 2, "owner": "shop"}]),
        ("/deep", {"z": [1, {"a": 2}], "a": {"y": {}, "b": [{"id": 1}, {"id": 2, "owner": "shop"}]}},
         {"a": {"b": [{"id": 2, "owner": "shop"}]}}),
    ],
)  # fmt: skip
def test_objects_are_looked_for_where_the_contract_says(
    path: str, body: Any, expected: Any, gateway: GatewaySimulator, target: UpstreamSimulator
):
    answers(target, body)
    reply = get(gateway, path)
    assert (reply.status, reply.json()) == (200, expected)


def test_a_single_object_in_place_of_a_list_is_not_let_off(gateway: GatewaySimulator, target: UpstreamSimulator):
    answers(target, {"n": 1, "items": {"id": 1, "owner": "web"}})
    assert get(gateway, "/list").status == 404


def test_a_target_is_asked_for_the_object_not_whether_it_changed(gateway: GatewaySimulator, target: UpstreamSimulator):
    conditional = {"if-none-match": '"7"', "if-modified-since": "Mon, 23 Nov 2026 10:00:00 GMT", "if-match": "*"}
    get(gateway, "/orders/1", **conditional)
    assert not conditional.keys() & target.asked[0].headers.keys()


@pytest.mark.parametrize(
    "body",
    [
        {"item": "a", "owner": "web", "level": 1},
        {"item": "a", "level": 1},
        {"item": "a", "owner": "shop"},
        {"item": "a", "owner": "shop", "level": 3},
        {"item": "a", "owner": "shop", "level": 9007199254740993},
        b'{"item": "a", "owner": "\\u0077eb", "level": 1}',
    ],
)
def test_an_object_cannot_be_made_in_the_name_of_another(
    body: Any, gateway: GatewaySimulator, target: UpstreamSimulator
):
    reply = post(gateway, "/orders", body)
    assert (reply.status, reply.code) == (403, "EAS-5403")
    assert not target.asked
    assert gateway.log_line(reply)["runtime"]["verdict"] == "access-condition"


def test_an_object_is_made_in_the_callers_own_name(gateway: GatewaySimulator, target: UpstreamSimulator):
    for body in ({"item": "a", "owner": "shop", "level": 2}, b'{"item": "a", "owner": "\\u0073hop", "level": -1}'):
        assert post(gateway, "/orders", body).status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?for=shop&limit=10", 200),
        ("?for=%73hop&limit=1", 200),
        ("?for=web&limit=10", 403),
        ("?for=shop&limit=11", 403),
        ("?for=shop", 403),
        ("", 403),
        ("?for=shop&for=web&limit=1", 400),
        ("?for=web;for=shop&limit=1", 400),
        ("?FOR=shop&limit=1", 400),
        ("?for=shop%00&limit=1", 400),
    ],
)
def test_a_query_in_the_name_of_another_is_refused(
    query: str, status: int, gateway: GatewaySimulator, target: UpstreamSimulator
):
    assert get(gateway, f"/search{query}").status == status
    assert len(target.asked) == (status == 200)


@pytest.mark.parametrize(("owner", "status"), [("shop", 200), ("web", 403), ("shop,web", 403), ("", 403)])
def test_a_header_in_the_name_of_another_is_refused(
    owner: str, status: int, gateway: GatewaySimulator, target: UpstreamSimulator
):
    assert get(gateway, "/shown", **({"x-owner": owner} if owner else {})).status == status


def test_a_header_that_is_sent_twice_is_not_read_once(gateway: GatewaySimulator, target: UpstreamSimulator):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.place.port, timeout=30)
    connection.putrequest("GET", "/orders-api/v1/shown")
    connection.putheader("authorization", f"Bearer {gateway.token()}")
    for owner in ("shop", "web"):
        connection.putheader("x-owner", owner)
    connection.endheaders()
    assert connection.getresponse().status == 403
    connection.close()
    assert not target.asked


def test_a_slow_body_is_not_judged_by_what_another_caller_sends_meanwhile(
    gateway: GatewaySimulator, target: UpstreamSimulator
):
    """One worker checks many requests at once: what it has read of one must not decide about another."""
    body = b'{"item": "a"}'
    head = (
        "POST /orders-api/v1/both?for=web HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {gateway.token()}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", gateway.place.port), timeout=30) as slow:
        slow.sendall(head.encode() + body[:5])
        for _ in range(5):
            assert post(gateway, "/both?for=shop", body).status == 200
        slow.sendall(body[5:])
        assert b" 403 " in slow.recv(4096).split(b"\r\n", 1)[0]
    assert len(target.asked) == 5


def test_a_condition_that_the_runtime_cannot_evaluate_lets_nobody_in(
    gateway: GatewaySimulator, target: UpstreamSimulator
):
    assert (get(gateway, "/wrong").status, target.asked) == (403, [])


def test_the_target_of_a_refused_call_is_not_in_the_log(gateway: GatewaySimulator, target: UpstreamSimulator):
    answers(target, {"id": 1, "owner": "web"})
    reply = get(gateway, "/orders/patient-4711")
    assert "4711" not in json.dumps(gateway.log_line(reply))
