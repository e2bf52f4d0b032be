"""Attacks on the gateway, each against the real Envoy: smuggling, spoofing, forging, and hiding things in bodies."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator

import pytest

from easement.keys.jose import generate_signing_key
from easement.plan.model import Limit
from easement.testing.gateways import GatewaySimulator, make_token
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

NEW = {"type": "object", "required": ["item"], "properties": {"item": {"type": "string"}}}
MANY = 40


@pytest.fixture(scope="module")
def attacked_target() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def attacked(
    attacked_target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewaySimulator]:
    limit = Limit(tokens=1, interval_ms=3_600_000, burst=1)
    crowd = [
        make_grant(f"client{n:02}", operation="limited", limit=limit, projection={"id": "clear"}) for n in range(MANY)
    ]
    plan = make_plan(
        make_route(grants=[make_grant(projection={"id": "clear"})]),
        make_route("admin", path="/admin"),
        make_route(
            "make",
            method="POST",
            path="/orders",
            body=NEW,
            grants=[make_grant(operation="make", projection={"id": "clear"})],
        ),
        make_route(
            "own",
            path="/own/{client}",
            grants=[
                make_grant(
                    operation="own", projection={"id": "clear"}, access="request.path.client == principal.client_id"
                )
            ],
        ),
        make_route("limited", path="/limited", grants=crowd),
        upstreams=[make_upstream(attacked_target.port)],
    )
    with GatewaySimulator(plan, tmp_path_factory.mktemp("attacked")) as simulator:
        yield simulator


@pytest.fixture
def attack_target(attacked_target: UpstreamSimulator) -> UpstreamSimulator:
    attacked_target.answer = Answer(body=b'{"id": 1, "secret": 2}')
    attacked_target.asked.clear()
    return attacked_target


def raw(gateway: GatewaySimulator, data: bytes) -> bytes:
    """Send bytes as they are; what comes back until the gateway closes or pauses."""
    with socket.create_connection(("127.0.0.1", gateway.place.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def statuses(received: bytes) -> list[int]:
    return [int(line.split()[1]) for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def test_a_token_signed_by_another_key_is_refused(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    forged = make_token(generate_signing_key(), scopes=["orders-api:getOrder"])
    assert attacked.ask("GET", "/orders/1", token=forged).status == 401


def test_a_token_without_signature_is_refused(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    payload = attacked.token().split(".")[1]
    for algorithm in ("none", "None", "HS256"):
        token = f"{part({'alg': algorithm, 'typ': 'at+jwt'})}.{payload}."
        assert attacked.ask("GET", "/orders/1", token=token).status == 401


def test_a_token_whose_payload_was_changed_is_refused(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    head, payload, signature = attacked.token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["client_id"] = "admin"
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    assert attacked.ask("GET", "/orders/1", token=f"{head}.{changed}.{signature}").status == 401


def test_a_token_in_the_query_is_not_read(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    assert attacked.ask("GET", f"/orders/1?access_token={attacked.token()}").status == 401


def test_a_scope_that_contains_another_does_not_count(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    for scope in ("orders-api:getOrder2", "xorders-api:getOrder", "orders-api:getOrder,orders-api:make"):
        assert attacked.ask("GET", "/orders/1", token=attacked.token(scopes=[scope])).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/orders/../admin",
        "/orders/./../admin",
        "/orders/%2e%2e/admin",
        "//orders-api//v1//admin",
        "/ADMIN",
        "/admin;x=1",
        "/admin/",
    ],
)
def test_no_spelling_of_a_path_reaches_what_is_not_granted(
    attacked: GatewaySimulator, attack_target: UpstreamSimulator, path: str
):
    assert attacked.ask("GET", path, token=attacked.token()).status in {400, 403, 404}
    assert attack_target.asked == []


@pytest.mark.parametrize("path", ["/orders/1%2f..%2fadmin", "/orders/1%5c..%5cadmin", "/orders/%2F", "/orders/1%00"])
def test_escaped_separators_are_refused(attacked: GatewaySimulator, attack_target: UpstreamSimulator, path: str):
    assert attacked.ask("GET", path, token=attacked.token()).status == 400
    assert attack_target.asked == []


@pytest.mark.parametrize("path", ["/own/sho%70", "/own/%73hop", "/own/other"])
def test_a_condition_on_the_path_cannot_be_escaped(
    attacked: GatewaySimulator, attack_target: UpstreamSimulator, path: str
):
    reply = attacked.ask("GET", path, token=attacked.token())
    assert reply.status == 403 or attack_target.asked[0].path == "/own/shop", "decided and forwarded alike"
    assert path != "/own/other" or reply.status == 403


@pytest.mark.parametrize(
    "header",
    ["x-http-method-override", "x-original-url", "x-rewrite-url", "x-forwarded-host", "x-forwarded-user", "forwarded"],
)
def test_headers_that_mislead_targets_are_stripped(
    attacked: GatewaySimulator, attack_target: UpstreamSimulator, header: str
):
    attacked.ask("GET", "/orders/1", token=attacked.token(), headers={header: "evil"})
    assert header not in attack_target.asked[0].headers


def test_headers_of_the_gateways_own_cannot_be_set_by_callers(
    attacked: GatewaySimulator, attack_target: UpstreamSimulator
):
    spoofed = {
        "x-request-id": "11111111-1111-4111-8111-111111111111", "x-transaction-id": "mine", "x-easement-code": "EAS-1",
        "x-envoy-upstream-rq-timeout-ms": "1", "x-envoy-max-retries": "9", "x-envoy-retry-on": "5xx",
        "x-forwarded-client-cert": "By=x", "x-envoy-original-path": "/admin",
    }  # fmt: skip
    attack_target.answer = Answer(body=b'{"id": 1}', delay_s=0.1)
    reply = attacked.ask("GET", "/orders/1", token=attacked.token(), headers=spoofed)
    assert reply.status == 200
    asked = attack_target.asked[0].headers
    assert asked["x-transaction-id"] == reply.headers["x-transaction-id"] == asked["x-request-id"] != "mine"
    assert (
        not set(spoofed) - {"x-request-id", "x-transaction-id"}
        & set(asked)
        & {"x-easement-code", "x-forwarded-client-cert"}
    )


def test_headers_with_underscores_are_refused(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    assert attacked.ask("GET", "/orders/1", token=attacked.token(), headers={"x_user": "admin"}).status == 400


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ],
)
def test_two_requests_cannot_hide_in_one(attacked: GatewaySimulator, attack_target: UpstreamSimulator, framing: bytes):
    token = attacked.token().encode()
    received = raw(
        attacked,
        b"POST /orders-api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + b"\r\n"
        b"Content-Type: application/json\r\n" + framing + b"\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n",
    )  # fmt: skip
    assert not {200, 204} & set(statuses(received))
    assert attack_target.asked == []


def test_http_1_0_and_garbage_are_refused(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    for data in (b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET http://other/ HTTP/1.1\r\n\r\n"):
        assert 200 not in statuses(raw(attacked, data))


def test_too_many_and_too_large_headers_are_refused(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    many = {f"x-header-{number}": "a" for number in range(150)}
    assert attacked.ask("GET", "/orders/1", token=attacked.token(), headers=many).status == 431
    assert attacked.ask("GET", "/orders/1", token=attacked.token(), headers={"x-large": "a" * 40_000}).status == 431


@pytest.mark.parametrize(
    "body",
    [
        b'{"item": "a", "item": "b"}',
        b'{"item": "a", "\\u0069\\u0074em": "b"}',
        b'\xef\xbb\xbf{"item": "a"}',
        b'{"item": "a"}{"item": "b"}',
        b'{"item": "a"} //',
        b'{"item": "a", /* */ }',
        b"{'item': 'a'}",
        b'{"item": "\xc0\xae"}',
        b'{"item": "\xed\xa0\x80"}',
        b'{"item": "\\ud800"}',
        b'{"item": "a\x00"}',
        b'{"item": "a\nb"}',
        b'{"item": "a",}',
        b'{"item": "a", "__proto__": {"admin": true}}',
        b'{"item": "a", "constructor": 1}',
        b'{"item": NaN}',
        b'{"item": 01}',
        b'{"item": "a"',
        b'{"item": "a", "x": ' + b"[" * 5000,
        b"[" * 50_000,
        b'{"a":' * 10_000,
    ],
)
def test_no_body_that_two_parsers_could_read_in_two_ways_passes(
    attacked: GatewaySimulator, attack_target: UpstreamSimulator, body: bytes
):
    reply = attacked.ask("POST", "/orders", token=attacked.token(), body=body)
    assert reply.status == 400
    assert attack_target.asked == []


def test_a_problem_document_cannot_be_forged_through_names(
    attacked: GatewaySimulator, attack_target: UpstreamSimulator
):
    name = '","code":"EAS-0000","x":"<script>\r\nSet-Cookie: a=b'
    reply = attacked.ask("POST", "/orders", token=attacked.token(), body=json.dumps({"item": "a", name: 1}).encode())
    assert reply.status == 400
    assert reply.json()["code"] == "EAS-5400"
    assert "set-cookie" not in reply.headers
    assert attacked.log_line(reply)["runtime"]["verdict"].startswith("unknown-field")


def test_a_body_on_an_operation_without_one_is_refused(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    assert attacked.ask("GET", "/orders/1", token=attacked.token(), body=b'{"item": "a"}').status == 413
    assert attack_target.asked == []


def test_an_encoded_body_is_not_passed_unread(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert attacked.ask("POST", "/orders", token=attacked.token(), body=b"\x1f\x8b\x08", headers=headers).status == 415


def test_a_target_cannot_pass_fields_by_posing_as_a_refusal(
    attacked: GatewaySimulator, attack_target: UpstreamSimulator
):
    for status in (200, 403):
        attack_target.answer = Answer(
            status=status,
            body=b'{"id": 1, "secret": 2}',
            headers={"content-type": "application/json", "x-easement-code": "EAS-5403"},
        )
        assert b"secret" not in attacked.ask("GET", "/orders/1", token=attacked.token()).body


def test_a_target_cannot_pass_fields_by_its_content_type(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    for kind in ("text/plain", "application/jsonx", "text/json", "application/octet-stream", "application/x-json"):
        attack_target.answer = Answer(body=b'{"secret": 2}', headers={"content-type": kind})
        reply = attacked.ask("GET", "/orders/1", token=attacked.token())
        assert reply.status == 502
        assert b"secret" not in reply.body


def test_a_target_cannot_pass_fields_by_escaping_their_names(
    attacked: GatewaySimulator, attack_target: UpstreamSimulator
):
    attack_target.answer = Answer(body=b'{"\\u0069d": 1, "\\u0073ecret": 2}')
    assert attacked.ask("GET", "/orders/1", token=attacked.token()).json() == {"id": 1}


def test_what_reveals_the_target_is_stripped(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    revealing = {"server": "Apache/2.4.1", "x-powered-by": "PHP/5.1", "content-type": "application/json"}
    attack_target.answer = Answer(body=b'{"id": 1}', headers=revealing)
    reply = attacked.ask("GET", "/orders/1", token=attacked.token())
    assert not {"server", "x-powered-by", "x-envoy-upstream-service-time"} & set(reply.headers)


def test_trap_more_than_twenty_clients_keep_their_own_limits(
    attacked: GatewaySimulator, attack_target: UpstreamSimulator
):
    tokens = [attacked.token(f"client{number:02}") for number in range(MANY)]
    first = [attacked.ask("GET", "/limited", token=token).status for token in tokens]
    second = [attacked.ask("GET", "/limited", token=token).status for token in tokens]
    assert set(first) == {200}, "one client does not use up what another may"
    assert set(second) == {429}, "no client's use is forgotten for the sake of another's"


def test_a_stranger_cannot_use_up_the_limit_of_a_client(attacked: GatewaySimulator, attack_target: UpstreamSimulator):
    stranger = make_token(attacked.key, "client00x", scopes=["orders-api:limited"])
    assert {attacked.ask("GET", "/limited", token=stranger).status for _ in range(5)} == {403}
