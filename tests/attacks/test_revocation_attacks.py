"""What is revoked is refused at gateway and broker within moments, and stays refused: at a whole installation."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from nats.errors import Error as NatsError

from easement.keys.compact import decode_base64url
from easement.store.heartbeat import read_heartbeat
from easement.testing.installation import Caller, Installation, settings_in, until
from easement.testing.processes import children_of
from easement.testing.small_estate import SOURCE, TARGET, document, integration, small_files, system
from easement.testing.upstreams import Answer, UpstreamSimulator

PATH: Final = "/stock-api/v1/getstock/A-1"
OTHER: Final = "web"
EVENTS: Final = "shop-events"
WITHIN_S: Final = 10.0
"""Far more than it takes: what is measured is printed, not asserted."""
ASYNCAPI: Final = """
asyncapi: 3.0.0
info: {title: Sales, version: 1.0.0}
channels:
  sold:
    address: sold
    messages: {sold: {$ref: "#/components/messages/sold"}}
operations:
  sendSold: {action: send, channel: {$ref: "#/channels/sold"}}
components:
  messages:
    sold: {contentType: application/json, payload: {type: object, properties: {sku: {type: string, maxLength: 40}}}}
"""


@dataclass(slots=True)
class Stand:
    """An installation, its target, and two callers of one operation."""

    up: Installation
    target: UpstreamSimulator
    shop: Caller
    web: Caller

    def new_token(self, caller: Caller) -> str:
        """A token that was issued in a later second than anything before."""
        time.sleep(1.1 - time.time() % 1)
        answer = self.up.token_answer(caller.client_id, caller.secret)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def call(self, token: str) -> httpx.Response:
        return self.up.gateway.get(PATH, headers={"authorization": f"Bearer {token}"})

    def revoke(self, caller: Caller, token: str) -> None:
        answer = self.up.control.post("/oauth/revoke", auth=(caller.client_id, caller.secret), data={"token": token})
        assert answer.status_code == 200

    def until_refused(self, token: str) -> float:
        began = time.monotonic()
        until(lambda: self.call(token).status_code == 401, "the token is refused", WITHIN_S)
        return time.monotonic() - began

    def act(self, method: str, path: str) -> None:
        self.up.api("operator", method, f"/accounts/{SOURCE}{path}", json={})

    def connects(self, token: str) -> bool:
        async def attempt() -> bool:
            try:
                client = await self.up.connect(SOURCE, token)
            except (NatsError, OSError, TimeoutError):
                return False
            await client.close()
            return True

        return asyncio.run(attempt())


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    installation = Installation(settings_in(tmp_path_factory.mktemp("revocation")))
    with UpstreamSimulator() as target:
        target.answer = Answer(body=b'{"sku":"A-1","count":"7"}')
        try:
            installation.start()
            installation.person("dana", "developer")
            installation.person("rene", "reviewer", "security", "compliance")
            installation.apply("dana", estate(target.port))
            installation.approve_all("rene")
            installation.until_enforced()
            yield Stand(installation, target, installation.caller(SOURCE), installation.caller(OTHER))
        finally:
            installation.stop()


def estate(port: int) -> dict[str, bytes]:
    fast: dict[str, Any] = {"throughput": {"limit": "900/s"}, "availability": 99.0, "latency": {"p95": "500ms"}}
    events = {"system": SOURCE, "version": "1.0.0", "definition": {"asyncapi": "events.yaml"}}
    return small_files(
        system(
            TARGET, endpoints={"development": {"url": f"http://127.0.0.1:{port}/api"}},
            capacity={"throughput": "9000/s", "availability": 99.9},
        ),
        system(OTHER), integration(sla=fast), integration(f"{OTHER}-reads-stock", source=OTHER, sla=fast),
        document("Interface", EVENTS, {**events, "defaultClassification": "internal"}),
        integration(
            "shop-tells-stock", interface={"name": EVENTS, "version": "^1.0"}, pattern="event", operations=[],
            channels=["sold"], fields=["sku"], sla=fast,
            errors={"retry": {"attempts": 5}, "deadLetter": {"retention": "P7D", "owner": "platform"}},
            retention={"messages": "P7D", "records": "P400D"},
        ),
    ) | {"interface/events.yaml": ASYNCAPI.encode()}  # fmt: skip


def test_a_revoked_token_is_refused_and_no_other_is(stand: Stand) -> None:
    revoked, other = stand.new_token(stand.shop), stand.new_token(stand.shop)
    assert stand.call(revoked).status_code == 200
    stand.revoke(stand.shop, revoked)
    stand.until_refused(revoked)
    answer = stand.call(revoked)
    assert (answer.status_code, answer.headers["x-easement-code"]) == (401, "EAS-5402")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    record = stand.up.trace(answer.headers["x-transaction-id"])[0]
    assert (record["account"], record["status"]) == (SOURCE, "refused")
    assert "revoked" in json.dumps(record["detail"])
    assert stand.call(other).status_code == 200
    assert stand.call(stand.new_token(stand.web)).status_code == 200


def test_it_takes_moments(stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    taken = []
    for _ in range(10):
        answer = stand.up.token_answer(stand.web.client_id, stand.web.secret)
        token = answer.json()["access_token"]
        assert stand.call(token).status_code == 200
        stand.revoke(stand.web, token)
        taken.append(stand.until_refused(token))
    with capsys.disabled():
        print(f"\nrevoked to refused: median {sorted(taken)[5] * 1000:.0f} ms, longest {max(taken) * 1000:.0f} ms")


def test_a_client_cannot_revoke_the_token_of_another(stand: Stand) -> None:
    token = stand.new_token(stand.shop)
    auth = (stand.web.client_id, stand.web.secret)
    answer = stand.up.control.post("/oauth/revoke", auth=auth, data={"token": token})
    assert answer.json()["error"] == "unauthorized_client"
    assert stand.call(token).status_code == 200


def test_all_tokens_of_an_account_end_at_once_and_new_ones_hold(stand: Stand) -> None:
    old = [stand.new_token(stand.shop), stand.new_token(stand.shop)]
    neighbour = stand.new_token(stand.web)
    stand.act("POST", "/tokens/revoke")
    for token in old:
        stand.until_refused(token)
    assert stand.call(stand.new_token(stand.shop)).status_code == 200
    assert stand.call(neighbour).status_code == 200


def test_the_tokens_of_a_revoked_secret_end_with_it(stand: Stand) -> None:
    answer = stand.up.api("operator", "POST", f"/accounts/{SOURCE}/secrets", json={}).json()
    leaked = Caller(stand.up, SOURCE, answer["clientSecret"])
    stolen = stand.new_token(leaked)
    found = stand.up.api("operator", "GET", f"/accounts/{SOURCE}/credentials").json()["items"]
    newest = max((one for one in found if one["live"]), key=lambda one: one["created"])
    stand.act("DELETE", f"/credentials/{newest['id']}")
    stand.until_refused(stolen)
    assert stand.up.token_answer(SOURCE, leaked.secret).status_code == 401
    assert stand.call(stand.new_token(stand.shop)).status_code == 200


def test_a_revoked_token_does_not_connect_to_the_broker_and_its_connection_ends(stand: Stand) -> None:
    token = stand.new_token(stand.shop)

    async def held() -> bool:
        client = await stand.up.connect(SOURCE, token)
        await asyncio.to_thread(stand.revoke, stand.shop, token)
        await asyncio.to_thread(until, lambda: not client.connection.is_connected, "the connection ends", WITHIN_S)
        ended = not client.connection.is_connected
        await client.close()
        return ended

    assert asyncio.run(held())
    assert not stand.connects(token)
    assert stand.connects(stand.new_token(stand.shop))


def test_no_good_call_fails_while_tokens_are_revoked(stand: Stand) -> None:
    statuses: Counter[int] = Counter()
    ended = threading.Event()
    good = stand.new_token(stand.web)

    def load() -> None:
        while not ended.is_set():
            statuses[stand.call(good).status_code] += 1

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for _ in range(20):
            token = stand.up.token_answer(stand.shop.client_id, stand.shop.secret).json()["access_token"]
            stand.revoke(stand.shop, token)
        stand.until_refused(token)
    finally:
        ended.set()
        thread.join(30)
    assert set(statuses) == {200}
    assert statuses[200] > 20


def test_what_was_revoked_stays_refused_after_a_restart_without_a_control_plane(stand: Stand) -> None:
    revoked, good = stand.new_token(stand.shop), stand.new_token(stand.shop)
    stand.revoke(stand.shop, revoked)
    stand.until_refused(revoked)
    control, gateway = stand.up.pid_of("control"), stand.up.pid_of("gateway")
    os.kill(control, signal.SIGSTOP)
    try:
        for pid in (*children_of(gateway), gateway):
            os.kill(pid, signal.SIGKILL)

        def is_back() -> bool:
            beat = read_heartbeat(stand.up.data.run, "gateway") or {}
            return beat.get("pid") != gateway and bool(beat.get("ready"))

        until(is_back, "the gateway is back", 45)
        assert stand.call(revoked).status_code == 401
        assert stand.call(good).status_code == 200
    finally:
        os.kill(control, signal.SIGCONT)


def test_a_token_says_nothing_of_another_by_its_id(stand: Stand) -> None:
    """The id of a revoked token inside another claim, or as a part of another id, revokes nothing."""
    token = stand.new_token(stand.shop)
    revoked = json.loads(decode_base64url(token.split(".")[1]))["jti"]
    stand.revoke(stand.shop, token)
    stand.until_refused(token)
    fresh = stand.new_token(stand.shop)
    assert json.loads(decode_base64url(fresh.split(".")[1]))["jti"] != revoked
    assert stand.call(fresh).status_code == 200
