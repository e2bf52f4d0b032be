"""Tokens that the right key signed and that are no access tokens: each is refused, recorded, and reaches no target."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator

import pytest
from joserfc import jws

from easement.keys.jose import header_segment
from easement.testing.gateways import GatewaySimulator
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

PATH = "/orders-api/v1/orders/1"


@pytest.fixture(scope="module")
def typed_target() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def typed_gateway(
    typed_target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewaySimulator]:
    plan = make_plan(
        make_route(grants=[make_grant(projection={"id": "clear"})]), upstreams=[make_upstream(typed_target.port)]
    )
    with GatewaySimulator(plan, tmp_path_factory.mktemp("types")) as simulator:
        yield simulator


@pytest.fixture
def quiet_target(typed_target: UpstreamSimulator) -> UpstreamSimulator:
    typed_target.answer = Answer(body=b'{"id": 1}')
    typed_target.asked.clear()
    return typed_target


def claims_of(token: str) -> bytes:
    payload = token.split(".")[1]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


def signed(gateway: GatewaySimulator, header: dict[str, str]) -> str:
    """The claims of a good access token below another header."""
    return jws.serialize_compact(header, claims_of(gateway.token()), gateway.key.key, algorithms=["ES256"])


def status_of(gateway: GatewaySimulator, *values: str) -> int:
    """The status of a request with these ``Authorization`` headers, as they are."""
    lines = [f"GET {PATH} HTTP/1.1", "host: x", *(f"authorization: {value}" for value in values), "connection: close"]
    with socket.create_connection(("127.0.0.1", gateway.place.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return int(received.split()[1])


@pytest.mark.parametrize(
    "kind", ["JWT", "jwt", "AT+JWT", "application/at+jwt", "at+jwtx", "client-authentication+jwt", ""]
)
def test_a_token_of_another_type_is_refused_and_recorded(
    typed_gateway: GatewaySimulator, quiet_target: UpstreamSimulator, kind: str
):
    reply = typed_gateway.ask("GET", "/orders/1", token=typed_gateway.token(kind=kind))
    assert reply.status == 403
    line = typed_gateway.log_line(reply)
    assert line["other_client"] == "shop"
    assert "client" not in line
    assert quiet_target.asked == []


def test_a_token_without_a_type_is_refused(typed_gateway: GatewaySimulator, quiet_target: UpstreamSimulator):
    token = signed(typed_gateway, {"alg": "ES256", "kid": typed_gateway.key.kid})
    assert typed_gateway.ask("GET", "/orders/1", token=token).status == 403
    assert quiet_target.asked == []


def test_an_access_token_is_spelled_in_one_way_only(typed_gateway: GatewaySimulator, quiet_target: UpstreamSimulator):
    token = signed(typed_gateway, {"typ": "at+jwt", "alg": "ES256", "kid": typed_gateway.key.kid})
    assert typed_gateway.ask("GET", "/orders/1", token=token).status == 403
    assert quiet_target.asked == []


def test_the_beginning_of_an_access_token_lends_itself_to_no_other(
    typed_gateway: GatewaySimulator, quiet_target: UpstreamSimulator
):
    good, other = typed_gateway.token(), typed_gateway.token(kind="JWT")
    start = header_segment(typed_gateway.key.kid, type="at+jwt")
    assert good.startswith(f"{start}.")
    for values in (
        (f"Bearer {start}. Bearer {other}",),
        (f"Bearer {start}.", f"Bearer {other}"),
        (f"Bearer {start}.x.y,Bearer {other}",),
        (f"Bearer {start}.{other}",),
        (f"Bearer {start}.{other.split('.', 1)[1]}",),
        (f"Bearer {other}", f"Bearer {good}"),
        (f"Bearer {other} Bearer {good}",),
        (f"bearer {good}",),
        (f"Basic x, Bearer {other}",),
    ):
        assert status_of(typed_gateway, *values) in (401, 403), values
    assert quiet_target.asked == []
    assert status_of(typed_gateway, f"Bearer {good}") == 200


def test_what_follows_a_good_token_changes_nothing(typed_gateway: GatewaySimulator, quiet_target: UpstreamSimulator):
    good, other = typed_gateway.token(), typed_gateway.token("admin", kind="JWT")
    for values in ((f"Bearer {good}", f"Bearer {other}"), (f"Bearer {good} Bearer {other}",)):
        status_of(typed_gateway, *values)
    for asked in quiet_target.asked:
        assert "authorization" not in {name.lower() for name in asked.headers}


def test_every_signed_token_begins_with_the_segment_that_the_gateway_knows(typed_gateway: GatewaySimulator):
    token = typed_gateway.token()
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": typed_gateway.key.kid}
    assert token.split(".")[0] == header_segment(typed_gateway.key.kid, type="at+jwt")
