"""Where Envoy would let pass what a contract refuses, if it were configured as its defaults or its examples suggest.

One case for each trap, each against the real Envoy (and the real decider), each beside the request that passes. Every
refusal is read back from the access log: it carries the code that says why, and names nobody it did not verify.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from easement.gateway.log_line import record_of
from easement.gateway.plan_index import NO_FACTS
from easement.interfaces.model import Parameter
from easement.keys.jose import generate_signing_key
from easement.ledger.record import Status
from easement.plan.model import Limit
from easement.testing.deciders import DeciderSimulator
from easement.testing.gateways import GatewaySimulator, Reply, make_token
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

SEEN: Final = {"id": "clear"}
NEW: Final = {
    "type": "object", "required": ["item"], "additionalProperties": False,
    "properties": {"item": {"type": "string", "maxLength": 20}},
}  # fmt: skip
PAIR: Final = {
    "type": "object", "additionalProperties": False,
    "properties": {"item": {"type": "string"}, "colour": {"type": "string"}},
    "anyOf": [{"required": ["item"]}, {"required": ["colour"]}],
}  # fmt: skip
DECIDED_LIMIT: Final = 4096
LIMITED = "limited"
ONCE_AN_HOUR: Final = Limit(tokens=1, interval_ms=3_600_000, burst=1)


def tenant_header() -> Parameter:
    """Its schema asks more than a rule of the runtime can say, so the decider checks it."""
    schema = {"type": "string", "anyOf": [{"const": "north"}, {"const": "south"}]}
    return Parameter(name="X-Tenant", location="header", required=True, style="simple", explode=False, schema=schema)


@pytest.fixture(scope="module")
def trapped_target() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def trapped(trapped_target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewaySimulator]:
    def granted(operation: str, **changes: Any) -> list[Any]:
        return [make_grant(operation=operation, projection=SEEN, **changes)]

    own = "request.path.owner == principal.client_id + '-1'"
    plan = make_plan(
        make_route(grants=granted("getOrder")),
        make_route("readOwn", path="/own/{owner}", grants=granted("readOwn", access=own)),
        make_route("changeOwn", method="PUT", path="/own/{owner}", grants=granted("changeOwn", access=own), body=NEW),
        make_route(
            "readRegion", path="/regions/{region}",
            grants=granted("readRegion", access="request.path.region == principal.region"),
        ),
        make_route(
            "broken", path="/broken/{id}", grants=granted("broken", access="[1, 2].exists(x, x == 1)"),
        ),
        make_route(
            "limited", path="/limited", grants=[make_grant(LIMITED, "limited", projection=SEEN, limit=ONCE_AN_HOUR)],
        ),
        make_route("make", method="POST", path="/orders", body=NEW, grants=granted("make")),
        make_route(
            "pair", method="POST", path="/pairs", body=PAIR, grants=granted("pair"), max_body_bytes=DECIDED_LIMIT
        ),
        make_route("tenant", path="/tenant", declared=[tenant_header()], grants=granted("tenant")),
        upstreams=[make_upstream(trapped_target.port)],
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("trapped")
    with DeciderSimulator(plan) as decider, GatewaySimulator(plan, folder, decider_port=decider.port) as gateway:
        yield gateway


@pytest.fixture
def target(trapped_target: UpstreamSimulator) -> UpstreamSimulator:
    trapped_target.answer = Answer(body=b'{"id": 1, "secret": 2}')
    trapped_target.asked.clear()
    return trapped_target


def refused(gateway: GatewaySimulator, target: UpstreamSimulator, reply: Reply, status: int, code: str) -> None:
    """Refused with this status and code, never seen by the target, and recorded with the code."""
    assert (reply.status, reply.code) == (status, code)
    assert not target.asked
    record = record_of(json.dumps(gateway.log_line(reply)).encode(), lambda _: NO_FACTS)
    assert record.error_code == code
    assert record.status in {Status.REFUSED, Status.FAILED}


def passed(target: UpstreamSimulator, reply: Reply) -> None:
    assert (reply.status, reply.json()) == (200, {"id": 1})
    assert len(target.asked) == 1
    target.asked.clear()


def put(gateway: GatewaySimulator, path: str, value: object, **parts: Any) -> Reply:
    return gateway.ask("PUT", path, token=gateway.token(), body=json.dumps(value).encode(), **parts)


def test_trap_a_condition_that_envoy_would_accept_and_ignore_is_in_force(
    trapped: GatewaySimulator, target: UpstreamSimulator
):
    """``checked_condition`` passes validation and is never evaluated; for writing, too, the condition must decide."""
    passed(target, put(trapped, "/own/shop-1", {"item": "a"}))
    refused(trapped, target, put(trapped, "/own/other-1", {"item": "a"}), 403, "EAS-5403")


def test_trap_text_functions_of_a_condition_are_switched_on(trapped: GatewaySimulator, target: UpstreamSimulator):
    """Concatenation is off unless asked for; a condition with it would fail, or worse, never be looked at."""
    passed(target, trapped.ask("GET", "/own/shop-1", token=trapped.token()))
    refused(trapped, target, trapped.ask("GET", "/own/shop", token=trapped.token()), 403, "EAS-5403")


def test_trap_a_condition_that_cannot_be_evaluated_refuses(trapped: GatewaySimulator, target: UpstreamSimulator):
    """The claim is not there at all; beside it a token that has it."""
    token = trapped.token(attributes={"region": "north"})
    passed(target, trapped.ask("GET", "/regions/north", token=token))
    refused(trapped, target, trapped.ask("GET", "/regions/north", token=trapped.token()), 403, "EAS-5403")
    odd = trapped.token(attributes={"region": {"north": True}})
    refused(trapped, target, trapped.ask("GET", "/regions/north", token=odd), 403, "EAS-5403")


def test_trap_a_condition_that_cannot_be_compiled_leaves_no_grant(trapped: GatewaySimulator, target: UpstreamSimulator):
    """A macro has no form at the gateway: its grant is left out, not its condition."""
    refused(trapped, target, trapped.ask("GET", "/broken/1", token=trapped.token()), 403, "EAS-5403")


@pytest.mark.parametrize("query", ["?owner=shop-1", "?/shop-1", "?x=/own/shop-1/../"])
def test_trap_a_condition_on_the_path_does_not_read_the_query(
    trapped: GatewaySimulator, target: UpstreamSimulator, query: str
):
    reply = trapped.ask("GET", f"/own/other-1{query}", token=trapped.token())
    assert reply.status in {400, 403}
    assert not target.asked


def test_trap_a_token_that_nobody_verified_uses_up_no_limit(trapped: GatewaySimulator, target: UpstreamSimulator):
    """Descriptors that read the token itself do not verify it: anybody could drain another's bucket."""
    forged = make_token(generate_signing_key(), LIMITED, scopes=["orders-api:limited"])
    for _ in range(3):
        reply = trapped.ask("GET", "/limited", token=forged)
        refused(trapped, target, reply, 401, "EAS-5402")
    token = trapped.token(LIMITED)
    passed(target, trapped.ask("GET", "/limited", token=token))
    refused(trapped, target, trapped.ask("GET", "/limited", token=token), 429, "EAS-5429")


def test_trap_the_common_bucket_of_a_limit_is_no_ones(trapped: GatewaySimulator):
    """By default a descriptor's use also drains the bucket that all share, and more than 20 clients are forgotten."""
    text = (trapped.place.folder / "bootstrap.json").read_text()
    for written in _each(json.loads(text), "descriptors", holder=True):
        assert written["always_consume_default_token_bucket"] is False
        assert written["max_dynamic_descriptors"] >= 20


def test_trap_our_own_refusals_are_not_cut_by_the_filter_of_answers(
    trapped: GatewaySimulator, target: UpstreamSimulator
):
    """Local replies run through the filters of answers: a projection would make ``{}`` of the problem document."""
    reply = put(trapped, "/own/shop-1", {"item": 7})
    refused(trapped, target, reply, 400, "EAS-5400")
    assert reply.json()["code"] == "EAS-5400"
    assert reply.json()["detail"]


def test_trap_a_dead_decider_refuses(trapped_target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory):
    """Refused as not available (503), not as forbidden, so that a good caller knows to try again."""
    plan = make_plan(
        make_route("pair", method="POST", path="/pairs", body=PAIR, grants=[make_grant(operation="pair")]),
        upstreams=[make_upstream(trapped_target.port)],
    )
    folder = tmp_path_factory.mktemp("dead")
    with DeciderSimulator(plan) as decider, GatewaySimulator(plan, folder, decider_port=decider.port) as gateway:
        trapped_target.answer = Answer(body=b'{"id": 1}')
        body = b'{"item": "a"}'
        assert gateway.ask("POST", "/pairs", token=gateway.token(), body=body).status == 200
        decider.stop()
        trapped_target.asked.clear()
        reply = gateway.ask("POST", "/pairs", token=gateway.token(), body=body)
        refused(gateway, trapped_target, reply, 503, "EAS-5505")


@pytest.mark.parametrize("sent", [{}, {"x-tenant": "west"}, {"x-tenant": ""}, {"x-tenant": "north,west"}])
def test_trap_a_header_that_the_decider_must_check_reaches_it(
    trapped: GatewaySimulator, target: UpstreamSimulator, sent: Mapping[str, str]
):
    """The check gets listed headers only: a rule about any other would never see one, and never refuse."""
    passed(target, trapped.ask("GET", "/tenant", token=trapped.token(), headers={"x-tenant": "north"}))
    refused(trapped, target, trapped.ask("GET", "/tenant", token=trapped.token(), headers=sent), 400, "EAS-5400")


@pytest.mark.parametrize(
    "path",
    ["/own//other-1", "/own/./other-1", "/own/shop-1/../other-1", "/own/shop-1/%2e%2e/other-1", "/own/shop-1%2fother",
     "/own/shop-1%5cother", "/own/shop-1;/../other-1", "//orders-api//v1/own/other-1", "/own/shop-1\\..\\other-1",
     "/own/%73hop-2", "/own/shop-1%00", "/./../orders-api/v1/own/other-1"],
)  # fmt: skip
def test_trap_the_hygiene_of_paths_is_switched_on(trapped: GatewaySimulator, target: UpstreamSimulator, path: str):
    """All of normalising, merging and refusing escapes are off by default; whatever the spelling, not another's."""
    reply = trapped.ask("GET", path, token=trapped.token())
    assert 400 <= reply.status < 500, reply
    assert reply.code.startswith("EAS-54")
    assert not target.asked


@pytest.mark.parametrize(
    "body",
    [b'{"item": "a", "item": 7}', b'{"item": "a", "it\\u0065m": "' + b"b" * 30 + b'"}', b'{"item": 1e1}',
     b'\xef\xbb\xbf{"item": "a"}', b'{"item": "a"} {}'],
)  # fmt: skip
def test_trap_no_two_readers_of_a_body_see_different_things(
    trapped: GatewaySimulator, target: UpstreamSimulator, body: bytes
):
    passed(target, trapped.ask("POST", "/orders", token=trapped.token(), body=b'{"item": "a"}'))
    refused(trapped, target, trapped.ask("POST", "/orders", token=trapped.token(), body=body), 400, "EAS-5400")


def test_trap_nothing_hides_behind_the_size_that_the_decider_reads(
    trapped: GatewaySimulator, target: UpstreamSimulator
):
    """``allow_partial_message`` would check the head of a body and let its tail pass."""
    fits = b'{"item": "a"' + b" " * (DECIDED_LIMIT - 14) + b"}"
    passed(target, trapped.ask("POST", "/pairs", token=trapped.token(), body=fits))
    hidden = b'{"item": "a"' + b" " * DECIDED_LIMIT + b', "admin": true}'
    refused(trapped, target, trapped.ask("POST", "/pairs", token=trapped.token(), body=hidden), 413, "EAS-5413")
    unfit = b'{"item": "a"' + b" " * (DECIDED_LIMIT - 40) + b', "admin": true}'
    refused(trapped, target, trapped.ask("POST", "/pairs", token=trapped.token(), body=unfit), 400, "EAS-5400")


def test_trap_who_is_not_known_is_refused_before_anything_of_the_request_is_read(
    trapped: GatewaySimulator, target: UpstreamSimulator
):
    """The order of filters is policy: a body that breaks its contract tells a stranger nothing about the contract."""
    for body in (b'{"item": "a"}', b'{"item": 7}', b"not JSON", b'{"item": "' + b"a" * 100_000 + b'"}'):
        refused(trapped, target, trapped.ask("POST", "/orders", body=body), 401, "EAS-5401")
        stranger = make_token(trapped.key, "stranger", scopes=["orders-api:make"])
        refused(trapped, target, trapped.ask("POST", "/orders", token=stranger, body=body), 403, "EAS-5403")
    passed(target, trapped.ask("POST", "/orders", token=trapped.token(), body=b'{"item": "a"}'))


def test_trap_a_route_with_contracts_of_its_own_inherits_no_open_filter(trapped: GatewaySimulator):
    """Configuration of a route replaces that of the listener whole; each forwarding route names its grants."""
    tree = json.loads((trapped.place.folder / "bootstrap.json").read_text())
    forwarding = [route for route in _each(tree, "route", holder=True) if "cluster" in route["route"]]
    assert forwarding
    for route in forwarding:
        rules = route["typed_per_filter_config"]["envoy.filters.http.rbac"]["rbac"]["rules"]
        assert rules["action"] == "ALLOW"
        assert "checked_condition" not in json.dumps(rules)


def _each(tree: Any, key: str, *, holder: bool = False) -> Iterator[Any]:
    """Every value under ``key`` anywhere in ``tree``, or what holds it."""
    if isinstance(tree, dict):
        if key in tree:
            yield tree if holder else tree[key]
        for value in tree.values():
            yield from _each(value, key, holder=holder)
    elif isinstance(tree, list):
        for value in tree:
            yield from _each(value, key, holder=holder)
