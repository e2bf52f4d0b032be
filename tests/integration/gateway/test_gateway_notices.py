"""Two majors side by side, what callers of the ending one are told, and its end: through the real Envoy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from easement.gateway.log_line import record_of
from easement.gateway.plan_index import facts_of
from easement.plan.model import Notice, Plan, Route
from easement.testing.gateways import GatewaySimulator
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNTIL = datetime(2026, 9, 1, 6, 30, tzinfo=UTC)
LINK = "https://docs.example/move?from=100%25&to=v2"
DEPRECATED = Notice(
    interface="orders-api@1", deprecated=SINCE, sunset=UNTIL, successor="orders-api@2", link=LINK, gone=False
)
GONE = replace(DEPRECATED, interface="orders-api@0", gone=True)


def v2(operation: str, path: str, **parts: Any) -> Route:
    """The same operation in the next major, with a grant of its own."""
    grant = replace(make_grant(operation=operation, projection={"id": "clear"}), id=f"shop-to-next.{operation}")
    route = make_route(operation, path=path, grants=[grant], **parts)
    return replace(route, id=f"orders-api@2.{operation}", version="2.0.0", prefix="/orders-api/v2")


def plan_of(port: int) -> Plan:
    read = make_grant(projection={"id": "clear"})
    plan = make_plan(
        make_route(grants=[read]),
        make_route("ping", path="/ping", grants=[make_grant(operation="ping")]),
        v2("getOrder", "/orders/{orderId}"),
        upstreams=[make_upstream(port)],
    )
    return replace(plan, notices=(GONE, DEPRECATED))


@pytest.fixture(scope="module")
def target() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def gateway(target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewaySimulator]:
    with GatewaySimulator(plan_of(target.port), tmp_path_factory.mktemp("gateway")) as simulator:
        yield simulator


def lying(target: UpstreamSimulator) -> None:
    """A target that says of itself that it ends, and where to go instead."""
    target.asked.clear()
    headers = {
        "content-type": "application/json",
        "deprecation": "@1",
        "sunset": "Sun, 06 Nov 1994 08:49:37 GMT",
        "link": '<https://evil.example>; rel="x"',
    }
    target.answer = Answer(body=b'{"id": "1"}', headers=headers)


def test_callers_of_a_deprecated_version_are_told_by_the_registry_alone(
    gateway: GatewaySimulator, target: UpstreamSimulator
):
    lying(target)
    reply = gateway.ask("GET", "/orders/12", token=gateway.token())
    assert (reply.status, reply.json()) == (200, {"id": "1"})
    assert reply.headers["deprecation"] == f"@{int(SINCE.timestamp())}"
    assert reply.headers["sunset"] == "Tue, 01 Sep 2026 06:30:00 GMT"
    assert reply.headers["link"] == (
        f'<{LINK}>; rel="deprecation", <{LINK}>; rel="sunset", </orders-api/v2/>; rel="successor-version"'
    )


def test_the_successor_serves_at_the_same_time_and_says_nothing_of_an_end(
    gateway: GatewaySimulator, target: UpstreamSimulator
):
    lying(target)
    reply = gateway.ask("GET", "//orders-api/v2/orders/12", token=gateway.token())
    assert (reply.status, reply.json()) == (200, {"id": "1"})
    assert not {"deprecation", "sunset", "link"} & set(reply.headers)
    assert [asked.path for asked in target.asked] == ["/orders/12"]


def test_an_answer_of_the_gateway_itself_carries_the_notice_too(gateway: GatewaySimulator, target: UpstreamSimulator):
    reply = gateway.ask("GET", "/ping?x=1", token=gateway.token())
    assert (reply.status, reply.code) == (400, "EAS-5406")
    assert reply.headers["deprecation"] == f"@{int(SINCE.timestamp())}"


@pytest.mark.parametrize(
    "path",
    [
        "/orders-api/v0/orders/12",
        "/orders-api/v0/never-there",
        "/orders-api/v0/orders/12?version=2",
        "/orders-api/v2/../v0/orders/12",
        "//orders-api///v0//orders/12",
        "/orders-api/v0/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_version_that_is_gone_answers_410_with_its_successor(
    gateway: GatewaySimulator, target: UpstreamSimulator, path: str, method: str
):
    target.asked.clear()
    reply = gateway.ask(method, f"/{path}", token=gateway.token())
    assert (reply.status, reply.code) == (410, "EAS-5410")
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["link"].endswith('</orders-api/v2/>; rel="successor-version"')
    document = reply.json()
    assert document["successor"] == "/orders-api/v2/"
    assert document["sunset"] == "Tue, 01 Sep 2026 06:30:00 GMT"
    assert document["instance"] == f"urn:uuid:{reply.headers['x-transaction-id']}"
    assert target.asked == []


def test_who_calls_a_gone_version_must_still_prove_who_they_are_and_is_recorded(gateway: GatewaySimulator):
    assert gateway.ask("GET", "//orders-api/v0/orders/12").status == 401
    assert gateway.ask("GET", "//orders-api/v0/orders/12", token=gateway.token(life_s=-60)).status == 401
    reply = gateway.ask("GET", "//orders-api/v0/orders/12", token=gateway.token())
    record = record_of(json.dumps(gateway.log_line(reply)).encode(), lambda _hash: facts_of(gateway.plan))
    assert (record.message_type, record.account, record.error_code) == ("orders-api@0", "shop", "EAS-5410")
    assert record.status.value == "refused"


@pytest.mark.parametrize(
    "path",
    [
        "/ORDERS-API/v0/orders/12",
        "/orders-api/V0/orders/12",
        "/orders-api/v00/orders/12",
        "/orders-api/v0.0/orders/12",
        "/orders-api/v0;a=b/orders/12",
        "/orders-api/v%30/orders/12",
        "/orders-api/v0%2forders/12",
        "/orders-api/v0%252forders/12",
        "/orders-api/v1/../v0/../v0x/orders/12",
        "/orders-api/v0",
    ],
)
def test_attack_no_other_spelling_of_the_path_reaches_a_gone_version(
    gateway: GatewaySimulator, target: UpstreamSimulator, path: str
):
    lying(target)
    reply = gateway.ask("GET", f"/{path}", token=gateway.token())
    assert reply.status in {400, 404, 410}, path
    assert target.asked == []


@pytest.mark.parametrize("name", ["x-original-url", "x-rewrite-url", "x-forwarded-prefix", "x-http-method-override"])
def test_attack_no_header_leads_past_the_end(gateway: GatewaySimulator, target: UpstreamSimulator, name: str):
    lying(target)
    headers = {name: "/orders-api/v2/orders/12"}
    assert gateway.ask("GET", "//orders-api/v0/orders/12", token=gateway.token(), headers=headers).status == 410
    assert target.asked == []
