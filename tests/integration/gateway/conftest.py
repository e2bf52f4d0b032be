"""A gateway and a target for the tests of one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from easement.plan.model import Limit
from easement.testing.gateways import GatewaySimulator
from easement.testing.plans import make_grant, make_parameter, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

NEW_ORDER = {
    "type": "object",
    "required": ["item"],
    "properties": {
        "item": {"type": "string", "maxLength": 5},
        "quantity": {"type": "integer", "minimum": 1},
        "lines": {
            "type": "array",
            "maxItems": 3,
            "items": {"type": "object", "properties": {"sku": {"type": "string"}}},
        },
    },
}
SPENDER = {
    "limit": Limit(tokens=3, interval_ms=60_000, burst=3),
    "operation_limit": Limit(tokens=2, interval_ms=60_000, burst=2),
}
"""Three calls over all operations of the contract, two of them at most of one operation."""
PATTERN = {"type": "object", "properties": {"code": {"type": "string", "pattern": "^[A-Z]+$"}}}


@pytest.fixture(scope="module")
def module_target() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def gateway(module_target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewaySimulator]:
    """The operations that most tests need; two consumers of ``getOrder`` see different fields."""

    def grant(operation: str, **parts: object):
        return make_grant(operation=operation, **({"projection": {"id": "clear"}} | parts))

    order_id = make_parameter("orderId", {"type": "string", "maxLength": 8}, location="path", required=True)
    read = [
        make_grant(projection={"id": "clear", "lines": {"sku": "clear"}, "total": "mask"}),
        make_grant("web", projection={"id": "clear"}),
    ]
    search = [
        make_parameter("limit", {"type": "integer", "minimum": 1, "maximum": 100}),
        make_parameter("state", {"type": "string", "enum": ["open", "closed"]}, required=True),
        make_parameter(
            "tag", {"type": "array", "items": {"type": "string", "maxLength": 4}, "maxItems": 2}, array="repeat"
        ),
        make_parameter("x-trace-level", {"type": "integer"}, location="header"),
    ]
    plan = make_plan(
        make_route(parameters=[order_id], grants=read),
        make_route("latest", path="/orders/latest", grants=[grant("latest")]),
        make_route("createOrder", method="POST", path="/orders", body=NEW_ORDER, grants=[grant("createOrder")]),
        make_route("search", path="/search", parameters=search, grants=[grant("search")]),
        make_route("slow", path="/slow", timeout_ms=150, grants=[grant("slow")]),
        make_route("again", path="/again", retries=1, grants=[grant("again")]),
        make_route(
            "limited",
            path="/limited",
            grants=[grant("limited", client="limited", limit=Limit(tokens=2, interval_ms=60_000, burst=2))],
        ),
        make_route("spends", path="/spends", grants=[grant("spends", client="spender", **SPENDER)]),
        make_route("spends-too", path="/spends-too", grants=[grant("spends-too", client="spender", **SPENDER)]),
        make_route("head", method="HEAD", path="/head", grants=[grant("head")]),
        make_route("ping", path="/ping", grants=[grant("ping", projection={})]),
        make_route(
            "tenant",
            path="/tenants/{tenant}/x",
            grants=[grant("tenant", access="request.path.tenant == principal.tenant")],
        ),
        make_route("full", method="POST", path="/full", body=PATTERN, grants=[grant("full")]),
        make_route("ungranted", path="/ungranted"),
        make_route("down", path="/down", upstream="down", grants=[grant("down")]),
        upstreams=[make_upstream(module_target.port), make_upstream(1, name="down")],
    )
    folder: Path = tmp_path_factory.mktemp("gateway")
    with GatewaySimulator(plan, folder) as simulator:
        yield simulator


@pytest.fixture
def target(module_target: UpstreamSimulator) -> UpstreamSimulator:
    """The target, as if new."""
    module_target.answer = Answer(
        body=b'{"id": "1", "ssn": "x", "lines": [{"sku": "a", "price": 1}, {"sku": "b"}], "total": 5}'
    )
    module_target.asked.clear()
    return module_target
