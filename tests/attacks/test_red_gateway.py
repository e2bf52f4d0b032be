"""What a red team got past the gateway, with good twins: headers, statuses and charsets that nobody reviewed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from easement.gateway.log_line import record_of
from easement.gateway.plan_index import NO_FACTS
from easement.testing.gateways import GatewaySimulator
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

BODY = {"type": "object", "required": ["item"], "properties": {"item": {"type": "string"}}}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def red_upstream() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def red_gateway(
    red_upstream: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewaySimulator]:
    plan = make_plan(
        make_route(grants=[make_grant(projection={"id": "clear"})]),
        make_route(
            "make",
            method="POST",
            path="/orders",
            body=BODY,
            grants=[make_grant(operation="make", projection={"id": "clear"})],
        ),
        upstreams=[make_upstream(red_upstream.port)],
    )
    with GatewaySimulator(plan, tmp_path_factory.mktemp("red")) as simulator:
        yield simulator


@pytest.fixture
def red_target(red_upstream: UpstreamSimulator) -> UpstreamSimulator:
    red_upstream.answer = Answer(body=b'{"id": 1, "secret": 2}')
    red_upstream.asked.clear()
    return red_upstream


@pytest.mark.parametrize("status", [205, 206, 226, 299])
def test_no_status_of_success_lets_a_body_pass_unread(
    red_gateway: GatewaySimulator, red_target: UpstreamSimulator, status: int
):
    red_target.answer = Answer(status=status, body=b'{"id": 1, "secret": 2}')
    reply = red_gateway.ask("GET", "/orders/1", token=red_gateway.token())
    assert reply.status == status
    assert b"secret" not in reply.body


def test_a_status_outside_http_becomes_a_broken_contract(red_gateway: GatewaySimulator, red_target: UpstreamSimulator):
    red_target.answer = Answer(status=600, body=b'{"id": 1, "secret": 2}')
    reply = red_gateway.ask("GET", "/orders/1", token=red_gateway.token())
    assert (reply.status, reply.code) == (502, "EAS-5502")


@pytest.mark.parametrize("status", [200, 302, 404, 401, 500])
def test_a_target_cannot_speak_through_headers(
    red_gateway: GatewaySimulator, red_target: UpstreamSimulator, status: int
):
    telling = {
        "set-cookie": "session=hidden", "x-debug": "hidden", "location": "http://10.0.0.1/hidden",
        "refresh": "0; url=/hidden",
        "link": "<http://10.0.0.1/hidden>", "content-location": "/hidden", "www-authenticate": 'Basic realm="hidden"',
        "access-control-allow-origin": "https://hidden.example", "server-timing": "hidden",
        "clear-site-data": '"hidden"',
    }  # fmt: skip
    red_target.answer = Answer(status=status, body=b'{"id": 1}', headers={**JSON, **telling})
    reply = red_gateway.ask("GET", "/orders/1", token=red_gateway.token())
    assert reply.status == status
    assert not set(telling) & set(reply.headers)
    assert "hidden" not in str(reply.headers)


def test_headers_that_callers_need_pass(red_gateway: GatewaySimulator, red_target: UpstreamSimulator):
    needed = {"etag": '"7"', "cache-control": "no-cache", "location": "/orders/1", "retry-after": "3"}
    red_target.answer = Answer(status=201, body=b'{"id": 1}', headers={**JSON, **needed})
    reply = red_gateway.ask("POST", "/orders", token=red_gateway.token(), body=b'{"item": "a"}')
    assert reply.status == 201
    assert {name: reply.headers.get(name) for name in needed} == needed


@pytest.mark.parametrize("place", ["//evil.example/", "/\\evil.example/", "https:evil.example", "orders/1"])
def test_a_place_elsewhere_is_not_passed_on(red_gateway: GatewaySimulator, red_target: UpstreamSimulator, place: str):
    red_target.answer = Answer(status=201, body=b'{"id": 1}', headers={**JSON, "location": place})
    reply = red_gateway.ask("POST", "/orders", token=red_gateway.token(), body=b'{"item": "a"}')
    assert reply.status == 201
    assert "location" not in reply.headers


def test_a_refusal_of_our_own_keeps_its_challenge(red_gateway: GatewaySimulator, red_target: UpstreamSimulator):
    assert "error=" in red_gateway.ask("GET", "/orders/1", token="a.b.c").headers["www-authenticate"]
    assert red_gateway.ask("PUT", "/orders/1", token=red_gateway.token()).headers["allow"] == "GET"


@pytest.mark.parametrize(
    "name",
    ["x-forwarded-user", "x-forwarded-uri", "x-forwarded-email", "x-envoy-attempt-count", "x-auth-request-user",
     "x-remote-user", "x-ssl-client-verify", "x-consumer-username", "true-client-ip", "x-client-ip", "client-ip",
     "x-middleware-subrequest", "x-original-uri", "x-real-ip", "remote-user"],
)  # fmt: skip
def test_a_caller_cannot_speak_as_a_proxy(red_gateway: GatewaySimulator, red_target: UpstreamSimulator, name: str):
    reply = red_gateway.ask("GET", "/orders/1", token=red_gateway.token(), headers={name: "admin", "x-shop": "kept"})
    assert reply.status == 200
    asked = red_target.asked[0].headers
    assert "admin" not in str(asked)
    assert asked["x-shop"] == "kept"


def test_a_caller_cannot_forge_its_address(red_gateway: GatewaySimulator, red_target: UpstreamSimulator):
    forged = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "ftp"}
    red_gateway.ask("GET", "/orders/1", token=red_gateway.token(), headers=forged)
    asked = red_target.asked[0].headers
    assert "203.0.113.9" not in asked["x-forwarded-for"]
    assert asked["x-forwarded-proto"] == "http"


@pytest.mark.parametrize(
    "parameters",
    ["; charset=utf-8; charset=utf-16", "; charset='utf-7'", "; charset*=utf-16", "; charset =utf-16",
     "; charset=utf-80", '; charset="utf-8', "; x=charset; charset=utf-16"],
)  # fmt: skip
def test_no_charset_that_targets_could_read_in_two_ways_passes(
    red_gateway: GatewaySimulator, red_target: UpstreamSimulator, parameters: str
):
    headers = {"content-type": f"application/json{parameters}"}
    reply = red_gateway.ask("POST", "/orders", token=red_gateway.token(), body=b'{"item": "a"}', headers=headers)
    assert reply.status == 415
    assert red_target.asked == []


@pytest.mark.parametrize("parameters", ["", "; charset=utf-8", ';charset="UTF-8"', "; charset=UTF-8; v=1", "; v=1"])
def test_plain_utf_8_passes_under_each_of_its_names(
    red_gateway: GatewaySimulator, red_target: UpstreamSimulator, parameters: str
):
    headers = {"content-type": f"application/json{parameters}"}
    reply = red_gateway.ask("POST", "/orders", token=red_gateway.token(), body=b'{"item": "a"}', headers=headers)
    assert reply.status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/quitquitquit"), ("POST", "/logging?level=trace"), ("GET", "/config_dump"), ("GET", "/server_info"),
     ("POST", "/stats/../quitquitquit"), ("POST", "/cpuprofiler?enable=y"), ("GET", "/certs")],
)  # fmt: skip
def test_a_local_process_finds_no_lever_at_envoys_administration(red_gateway: GatewaySimulator, method: str, path: str):
    address = f"http://127.0.0.1:{red_gateway.place.admin_port}"
    assert httpx.request(method, address + path).status_code in {403, 404}
    assert httpx.get(f"{address}/ready").text.strip() == "LIVE"


@pytest.mark.parametrize(
    ("sent", "recorded"),
    [("order-7", "order-7"), ("a" * 128, "a" * 128), ("a\tb", ""), ("a b", ""), ("\x9b2Jgone", ""), ("\xff\xfe", "")],
)
def test_a_correlation_id_is_recorded_as_plain_text_or_not_at_all(
    red_gateway: GatewaySimulator, red_target: UpstreamSimulator, sent: str, recorded: str
):
    reply = red_gateway.ask("GET", "/orders/1", token=red_gateway.token(), headers={"x-correlation-id": sent})
    assert reply.status == 200
    line = json.dumps(red_gateway.log_line(reply)).encode()
    assert record_of(line, lambda _plan: NO_FACTS).correlation_id == recorded
