"""The node agent with the real Envoy, a control plane and a target: plans come and go, processes die."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from easement.gateway.agent import GatewayConfig, run_gateway
from easement.gateway.decider import DeciderConfig, run_decider
from easement.gateway.envoy_process import EnvoyError, EnvoyProcess, find_envoy
from easement.gateway.place import GatewayPlace
from easement.identity.certificate_authority import Leaf, open_authority
from easement.keys.jose import generate_signing_key
from easement.keys.local import open_local_keys
from easement.keys.local_secrets import local_secrets
from easement.ledger.encoding import decode
from easement.ledger.record import Record
from easement.ledger.spool_reader import SpoolDamage, SpoolReader
from easement.plan.model import Plan
from easement.store.heartbeat import read_heartbeat
from easement.testing.control_planes import ControlPlaneSimulator
from easement.testing.gateways import ISSUER, free_port, make_token
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

PATTERN = {"type": "object", "properties": {"code": {"type": "string", "pattern": "^[A-Z]+$"}}}


class Installation:
    """One gateway's surroundings: certificates, control plane, target, folders."""

    def __init__(self, folder: Path, control: ControlPlaneSimulator, target: UpstreamSimulator) -> None:
        self.folder, self.control, self.target = folder, control, target
        self.key = generate_signing_key()
        self.jwks = {"keys": [self.key.public_jwk()]}
        certificates, keys = folder / "certificates", folder / "keys"
        for made in (certificates, keys, folder / "run", folder / "spool"):
            made.mkdir(mode=0o700)
        now = datetime.now(UTC)
        authority = open_authority(
            certificates=certificates, keys=keys, provider=open_local_keys(keys), trust_domain="easement.test", now=now
        )
        authority.ensure(certificates, [Leaf(name="gateway", dns_names=("localhost",), addresses=("127.0.0.1",))], now)
        self.place = GatewayPlace(
            folder=folder / "gateway", certificates=certificates, host="127.0.0.1", port=free_port(),
            control_port=free_port(), console_port=control.port, decider_port=free_port(), admin_port=free_port(),
            issuer=ISSUER,
        )  # fmt: skip
        self.config = GatewayConfig(
            place=self.place,
            states=control.client(),
            spool=folder / "spool",
            heartbeats=folder / "run",
            secrets=local_secrets(folder),
        )

    def plan(self, *more: Any) -> Plan:
        routes = [make_route(grants=[make_grant(projection={"id": "clear"})]), *more]
        return make_plan(*routes, upstreams=[make_upstream(self.target.port)])

    def extra(self, name: str, **parts: Any) -> Any:
        return make_route(
            name, path=f"/{name}", grants=[make_grant(operation=name, projection={"id": "clear"})], **parts
        )

    def token(self, *operations: str) -> str:
        return make_token(self.key, scopes=[f"orders-api:{name}" for name in operations])

    async def ask(
        self, path: str, *, token: str = "", port: int = 0, method: str = "GET", body: bytes | None = None
    ) -> tuple[int, bytes]:
        def call() -> tuple[int, bytes]:
            trust = ssl.create_default_context(cafile=str(self.place.certificates / "ca.pem"))
            connection = http.client.HTTPSConnection("localhost", port or self.place.port, context=trust, timeout=20)
            headers = {"authorization": f"Bearer {token}"} if token else {}
            if body is not None:
                headers["content-type"] = "application/json"
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()

        return await asyncio.to_thread(call)

    async def until(self, holds: Callable[[dict[str, Any]], bool], task: asyncio.Task[None]) -> dict[str, Any]:
        for _ in range(600):
            if task.done():
                task.result()
            heartbeat = read_heartbeat(self.folder / "run", "gateway")
            if heartbeat is not None and holds(heartbeat):
                return heartbeat
            await asyncio.sleep(0.05)
        raise AssertionError(f"the gateway does not come so far: {heartbeat}")

    def records(self) -> list[Record]:
        found: list[Record] = []
        for item in SpoolReader(self.folder / "spool" / "gateway").read():
            assert not isinstance(item, SpoolDamage)
            found += [decode(data) for data in item[1].records]
        return found

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        stop = asyncio.Event()
        task = asyncio.create_task(run_gateway(self.config, stop))
        try:
            await self.until(lambda heartbeat: heartbeat["ready"], task)
            yield task
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)


@pytest.fixture
def installation(tmp_path: Path):
    with UpstreamSimulator() as target, ControlPlaneSimulator(tmp_path) as control:
        target.answer = Answer(body=b'{"id": 1, "secret": 2}')
        yield Installation(tmp_path, control, target)


ORDER = "/orders-api/v1/orders/1"


@pytest.mark.asyncio
async def test_a_plan_is_put_in_force_and_calls_are_recorded(installation: Installation):
    state = installation.control.publish(installation.plan(), installation.jwks)
    async with installation.running():
        assert await installation.ask(ORDER, token=installation.token("getOrder")) == (200, b'{"id": 1}')
        assert (await installation.ask(ORDER))[0] == 401
    served, refused = installation.records()
    assert (served.integration, served.plan, served.detail["removed"]) == (
        "shop-to-orders",
        state.plan_hash,
        ("secret",),
    )
    assert (refused.status, refused.error_code) == ("refused", "EAS-5401")


@pytest.mark.asyncio
async def test_the_control_plane_is_served_behind_tls(installation: Installation):
    installation.control.publish(installation.plan(), installation.jwks)
    async with installation.running():
        assert (await installation.ask("/oauth/jwks", port=installation.place.control_port))[0] == 401
        for path in ("/internal/v1/state", "//internal/v1/state", "/%69nternal/v1/state", "/x/../internal/v1/state"):
            status, _ = await installation.ask(path, port=installation.place.control_port)
            assert status == 404, "what nodes ask on loopback is not reached from outside"


@pytest.mark.asyncio
async def test_a_new_plan_takes_over_without_a_restart_and_old_rights_end(installation: Installation):
    installation.control.publish(installation.plan(installation.extra("old")), installation.jwks)
    async with installation.running() as task:
        pid = (installation.place.folder / "bootstrap.pid").read_text()
        token = installation.token("old", "new")
        assert (await installation.ask("/orders-api/v1/old", token=token))[0] == 200
        state = installation.control.publish(installation.plan(installation.extra("new")), installation.jwks)
        await installation.until(lambda heartbeat: heartbeat.get("plan") == state.plan_hash, task)
        assert (await installation.ask("/orders-api/v1/new", token=token))[0] == 200
        assert (await installation.ask("/orders-api/v1/old", token=token))[0] == 404
        assert (installation.place.folder / "bootstrap.pid").read_text() == pid


@pytest.mark.asyncio
async def test_new_keys_take_over_and_tokens_of_old_ones_end(installation: Installation):
    plan, fresh = installation.plan(), generate_signing_key()
    installation.control.publish(plan, installation.jwks)
    async with installation.running():
        old = installation.token("getOrder")
        installation.control.publish(plan, {"keys": [fresh.public_jwk()]})
        new = make_token(fresh, scopes=["orders-api:getOrder"])
        for _ in range(200):
            if (await installation.ask(ORDER, token=new))[0] == 200:
                break
            await asyncio.sleep(0.05)
        assert (await installation.ask(ORDER, token=new))[0] == 200
        assert (await installation.ask(ORDER, token=old))[0] == 401


@pytest.mark.asyncio
async def test_a_plan_that_cannot_be_enforced_is_refused_and_the_last_good_goes_on(installation: Installation):
    good = installation.control.publish(installation.plan(), installation.jwks)
    async with installation.running() as task:
        hashed = make_route(
            "hashed", path="/hashed", grants=[make_grant(operation="hashed", projection={"id": "scramble"})]
        )
        bad = installation.control.publish(installation.plan(hashed), installation.jwks)
        heartbeat = await installation.until(lambda heartbeat: "refused_plan" in heartbeat, task)
        assert heartbeat["refused_plan"] == bad.plan_hash
        assert heartbeat["plan"] == good.plan_hash
        assert "cannot scramble" in heartbeat["reason"]
        assert (await installation.ask(ORDER, token=installation.token("getOrder")))[0] == 200


@pytest.mark.asyncio
async def test_envoy_is_started_again_when_it_is_killed(installation: Installation):
    installation.control.publish(installation.plan(), installation.jwks)
    async with installation.running() as task:
        pid_file = installation.place.folder / "bootstrap.pid"
        pid = pid_file.read_text()
        os.kill(int(pid), signal.SIGKILL)
        await installation.until(lambda heartbeat: pid_file.read_text() != pid and heartbeat["ready"], task)
        for _ in range(100):
            try:
                status, _ = await installation.ask(ORDER, token=installation.token("getOrder"))
                break
            except OSError:
                await asyncio.sleep(0.05)
        assert status == 200


@pytest.mark.asyncio
async def test_without_the_control_plane_the_last_plan_goes_on_over_a_restart(installation: Installation):
    installation.control.publish(installation.plan(), installation.jwks)
    async with installation.running():
        pass
    away = replace(installation.config.states, control_url=f"http://127.0.0.1:{free_port()}")
    installation.config = replace(installation.config, states=away)
    async with installation.running():
        assert (await installation.ask(ORDER, token=installation.token("getOrder")))[0] == 200


@pytest.mark.asyncio
async def test_the_envoy_of_a_killed_agent_is_ended_and_replaced(installation: Installation):
    installation.control.publish(installation.plan(), installation.jwks)
    async with installation.running():
        folder = installation.place.folder
    first = EnvoyProcess(binary=find_envoy(), config=folder / "bootstrap.json", log=folder / "envoy.log")
    await first.start()
    async with installation.running():
        assert await asyncio.wait_for(first.wait(), 20) is not None
        assert (await installation.ask(ORDER, token=installation.token("getOrder")))[0] == 200


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("which", "setting"), [("port", "GATEWAY_PORT"), ("control_port", "CONTROL_PORT"), ("admin_port", "ADMIN_PORT")]
)
async def test_a_taken_port_is_named_with_its_setting(installation: Installation, which: str, setting: str):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        config = replace(installation.config, place=replace(installation.place, **{which: port}))
        with pytest.raises(EnvoyError, match=rf"EAS-5901: port {port} .*{setting}"):
            await run_gateway(config, asyncio.Event())


@pytest.mark.asyncio
async def test_a_missing_certificate_is_named(installation: Installation):
    (installation.place.certificates / "gateway.key").unlink()
    with pytest.raises(EnvoyError, match=r"gateway\.key is missing"):
        await run_gateway(installation.config, asyncio.Event())


@pytest.mark.asyncio
async def test_a_missing_binary_is_named_with_its_setting(installation: Installation):
    with pytest.raises(EnvoyError, match="EAS-5903: EASEMENT_ENVOY is no-such-envoy"):
        await run_gateway(replace(installation.config, envoy="no-such-envoy"), asyncio.Event())


@pytest.mark.asyncio
async def test_requests_that_are_under_way_are_finished_at_the_end(installation: Installation):
    installation.control.publish(installation.plan(), installation.jwks)
    installation.target.answer = Answer(body=b'{"id": 1}', delay_s=0.8)
    async with installation.running():
        call = asyncio.create_task(installation.ask(ORDER, token=installation.token("getOrder")))
        for _ in range(500):
            if installation.target.asked:
                break
            await asyncio.sleep(0.02)
    assert (await call)[0] == 200
    assert [record.status for record in installation.records()] == ["success"]


@pytest.mark.asyncio
async def test_the_decider_holds_bodies_to_the_full_schema(installation: Installation):
    full = installation.extra("full", method="POST", body=PATTERN)
    installation.control.publish(installation.plan(full), installation.jwks)
    config = DeciderConfig(
        port=installation.place.decider_port,
        states=installation.control.client("decider"),
        heartbeats=installation.folder / "run",
    )
    token = installation.token("full")
    stop = asyncio.Event()

    async def post(body: bytes) -> tuple[int, bytes]:
        return await installation.ask("/orders-api/v1/full", token=token, method="POST", body=body)

    async with installation.running():
        assert (await post(b'{"code": "AB"}'))[0] == 503, "without the decider nothing passes"
        decider = asyncio.create_task(run_decider(config, stop))
        for _ in range(200):
            if (await post(b'{"code": "AB"}'))[0] == 200:
                break
            await asyncio.sleep(0.05)
        assert (await post(b'{"code": "AB"}'))[0] == 200
        status, document = await post(b'{"code": "hunter2"}')
        assert status == 400
        assert b"hunter2" not in document
        assert (await post(b'{"code": "AB", "code": "x"}'))[0] == 400
        stop.set()
        await asyncio.wait_for(decider, 20)
