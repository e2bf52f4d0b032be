"""The broker role: nats-server, the auth callout, streams as the plan says, refusals on record."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from easement.broker.callout import Callout, Rules
from easement.broker.connection import BrokerAddress, connect_as
from easement.broker.credentials import CALLOUT, STEWARD, SYSTEM, check_storage_key, ensure_keys
from easement.broker.reconcile import Reconciled, missing_streams, reconcile
from easement.broker.records import RecordWriter
from easement.broker.revocation import accounts_to_disconnect, disconnect
from easement.broker.server import NatsServer, find_server
from easement.broker.server_config import ServerSettings
from easement.broker.streams import Topology, topology_of
from easement.broker.violations import ViolationLog
from easement.identity.tokens import TokenVerifier
from easement.ledger.spool import Spool
from easement.plan.codec import decode_plan
from easement.plan.model import Plan
from easement.store.heartbeat import Heartbeat
from easement.store.node_state import NodeState, NodeStateClient

_log = structlog.get_logger()
_BEAT_S: Final = 1.0
_SAID: Final = 1_000
"""How many streams a heartbeat names at most."""
_RECONCILE_S: Final = 60.0
_RETRY_S: Final = 2.0
_CERTIFICATES_S: Final = 30.0
_CONNECT_S: Final = 20.0
RECORDER: Final = "broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConfig:
    """What the broker role needs. Folders exist; certificates may come a little later."""

    host: str
    port: int
    monitor_port: int
    public_host: str
    """Name in the broker's certificate by which our own processes know it."""
    nats_server: str
    """The nats-server binary, or empty for the one that was installed with Easement."""
    folder: Path
    """Configuration, log and message store."""
    keys: Path
    """The broker's own keys; made on the first start."""
    certificates: Path
    """``ca.pem``, ``broker.pem`` and ``broker.key``."""
    spool: Path
    run: Path
    state: NodeStateClient
    issuer: str
    """Of access tokens."""
    client_certificates: bool = False
    """Ask every client for a certificate: needed by contracts with ``oauth2+mtls``."""
    sync_interval: str = "always"
    """``always`` flushes each message to disk before it is acknowledged. An interval such as ``1s`` is several times as
    fast and survives the death of the server, but a power cut takes what came within the interval."""

    def address(self) -> BrokerAddress:
        """How our own processes reach this broker."""
        own = self.client_certificates
        return BrokerAddress(
            host=reachable(self.host),
            port=self.port,
            server_name=self.public_host,
            authority=self.certificates / "ca.pem",
            keys=self.keys,
            certificate=self.certificates / "broker.pem" if own else None,
            private_key=self.certificates / "broker.key" if own else None,
        )


def reachable(host: str) -> str:
    """Where to connect to a server that listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


async def run_broker(config: BrokerConfig, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set, then let the server finish. Raises ``OSError`` that names the setting to change."""
    await _until_there(config.certificates / "broker.key", stop)
    keys = await asyncio.to_thread(ensure_keys, config.keys)
    await asyncio.to_thread(check_storage_key, keys, config.folder / "storage-key.sha256")
    settings = ServerSettings(
        host=config.host,
        port=config.port,
        monitor_port=config.monitor_port,
        store=config.folder / "jetstream",
        log_file=config.folder / "nats-server.log",
        certificate=config.certificates / "broker.pem",
        private_key=config.certificates / "broker.key",
        authority=config.certificates / "ca.pem",
        client_certificates=config.client_certificates,
        sync_interval=config.sync_interval,
        keys=keys,
    )
    server = NatsServer(find_server(config.nats_server), config.folder / "nats-server.conf", settings)
    spool = await asyncio.to_thread(Spool, config.spool, RECORDER)
    records = RecordWriter(spool)
    callout = Callout(issuer=keys.issuer, records=records)
    violations = ViolationLog(
        path=settings.log_file,
        state=config.folder / "violations.json",
        records=records,
        plan_hash=lambda: callout.rules.plan_hash if callout.rules else "",
    )
    try:
        async with _background(server.run(), records.run(), violations.run()) as failed:
            await _first_of(server.until_listening(), failed)
            async with _connections(config.address()) as links:
                await callout.start(links[CALLOUT])
                keeper = _Keeper(config, server, callout, links)
                async with _background(
                    keeper.follow(stop),
                    keeper.follow_revocations(stop),
                    keeper.reconcile_often(),
                    keeper.reload_certificates(),
                    keeper.beat(),
                ) as stopped:
                    await _first_of(stop.wait(), failed, stopped)
    finally:
        await asyncio.to_thread(spool.close)


class _Keeper:
    """Keeps callout, streams and connections as the newest plan says."""

    def __init__(self, config: BrokerConfig, server: NatsServer, callout: Callout, links: Mapping[str, Client]) -> None:
        self._config, self._server, self._callout, self._links = config, server, callout, links
        self._steward, self._system = links[STEWARD], links[SYSTEM]
        self._topology: Topology | None = None
        self._missing: tuple[str, ...] = ()
        self._problems: tuple[str, ...] = ()
        self._done = Reconciled()
        self._reconciled_for = ""

    async def follow(self, stop: asyncio.Event) -> None:
        """Take over each new state until ``stop`` is set."""
        async for state in self._config.state.follow(stop):
            await self._take_over(state)
        await stop.wait()

    async def follow_revocations(self, stop: asyncio.Event) -> None:
        """Admit nothing that is revoked, and end the connections of its accounts: good tokens connect again."""
        async for revocations in self._config.state.follow_revocations(stop):
            hit = revocations.accounts_hit_since(self._callout.revocations)
            self._callout.revocations = revocations
            await self._until_disconnected(hit)
        await stop.wait()

    async def _take_over(self, state: NodeState) -> None:
        plan = await asyncio.to_thread(decode_plan, state.plan)
        verifier = TokenVerifier(state.jwks, self._config.issuer)
        old = self._callout.rules.plan if self._callout.rules else Plan(environment=plan.environment)
        self._callout.rules = Rules(plan=plan, plan_hash=state.plan_hash, verifier=verifier)
        self._topology = topology_of(plan)
        for problem in self._topology.problems:
            _log.error("broker.channel_left_out", reason=problem)
        await self._until_disconnected(accounts_to_disconnect(old, plan))
        await self._reconcile()
        _log.info("broker.plan_applied", plan=state.plan_hash, streams=len(self._topology.streams))

    async def _until_disconnected(self, accounts: frozenset[str]) -> None:
        """A right that was taken away must be gone: try until the server has said so."""
        while accounts:
            try:
                await disconnect(self._system, accounts)
            except NatsError as error:
                _log.warning("broker.disconnect_failed", error=str(error))
                await asyncio.sleep(_RETRY_S)
            else:
                return

    async def reconcile_often(self) -> None:
        """Streams of retired contracts go once they are empty; what somebody removed comes back."""
        while True:
            await asyncio.sleep(_RETRY_S if self._missing or self._problems else _RECONCILE_S)
            await self._reconcile()

    async def reload_certificates(self) -> None:
        """Give the server its new certificate when the control plane has renewed it."""
        path = self._config.certificates / "broker.pem"
        known = await asyncio.to_thread(path.read_bytes)
        while True:
            await asyncio.sleep(_RECONCILE_S)
            now = await asyncio.to_thread(path.read_bytes)
            if now != known:
                known = now
                self._server.reload()
                _log.info("broker.certificate_reloaded")

    async def _reconcile(self) -> None:
        if self._topology is None:
            return
        plan_hash = self._callout.rules.plan_hash if self._callout.rules else ""
        try:
            done = await reconcile(self._steward, self._topology)
            self._missing = await missing_streams(self._steward, self._topology)
        except (NatsError, TimeoutError) as error:
            self._problems = (f"JetStream does not answer: {type(error).__name__}",)
            _log.warning("broker.reconcile_failed", error=type(error).__name__)
            return
        if done.failed and done.failed != self._problems:
            _log.error("broker.streams_failed", reasons=list(done.failed))
        self._problems = done.failed
        self._done, self._reconciled_for = done, plan_hash

    async def beat(self) -> None:
        """Say each second whether we serve."""
        heartbeat = Heartbeat(self._config.run, "broker")
        while True:
            rules = self._callout.rules
            ready = bool(
                self._server.alive
                and rules is not None
                and all(link.is_connected for link in self._links.values())
                and not self._missing
                and not self._problems
            )
            facts: dict[str, Any] = {
                "plan": rules.plan_hash if rules else "",
                "missing_streams": list(self._missing),
                "streams_of_plan": self._reconciled_for,
                "waiting": dict(sorted(self._done.waiting.items())[:_SAID]),
                "retired_streams": list(self._done.retired[:_SAID]),
            }
            await asyncio.to_thread(lambda: heartbeat.beat(ready=ready, **facts))  # noqa: B023 - awaited at once
            await asyncio.sleep(_BEAT_S)


@contextlib.asynccontextmanager
async def _connections(address: BrokerAddress) -> AsyncIterator[Mapping[str, Client]]:
    async with contextlib.AsyncExitStack() as opened:
        links: dict[str, Client] = {}
        for role in (CALLOUT, STEWARD, SYSTEM):
            try:
                links[role] = await asyncio.wait_for(connect_as(address, role), _CONNECT_S)
            except TimeoutError as error:
                raise OSError(
                    f"the broker does not let its own {role} in: do {address.keys} and {address.authority} fit?"
                ) from error
            opened.push_async_callback(links[role].close)
        yield links


@contextlib.asynccontextmanager
async def _background(*work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Future[None]]:
    """Run ``work`` beside the block, and end it with it; the future given out fails as soon as any of it does."""
    tasks = [asyncio.ensure_future(item) for item in work]
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_done(task: asyncio.Future[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not failed.done():
            failed.set_exception(error)

    for task in tasks:
        task.add_done_callback(on_done)
    try:
        yield failed
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if failed.done():
            failed.exception()


async def _first_of(work: Coroutine[Any, Any, Any], *failures: asyncio.Future[None]) -> None:
    """Wait for ``work``, or raise as soon as one of ``failures`` fails."""
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task, *failures}, return_when=asyncio.FIRST_COMPLETED)
        for future in done:
            future.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until_there(path: Path, stop: asyncio.Event) -> None:
    deadline = time.monotonic() + _CERTIFICATES_S
    while not await asyncio.to_thread(path.exists):
        if stop.is_set():
            return
        if time.monotonic() > deadline:
            raise FileNotFoundError(
                f"{path} is missing: the control plane makes it; do both have the same EASEMENT_DATA?"
            )
        await asyncio.sleep(0.1)
