"""The relay role: follows the plan, runs a task for each stream and webhook that this worker owns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from easement.broker.channel_contract import RelayPlan, compile_relay_plan, shard_of
from easement.broker.connection import BrokerAddress, client_context, connect_as
from easement.broker.courier import Courier
from easement.broker.credentials import RELAY
from easement.broker.dead_letter_service import DeadLetterService
from easement.broker.dead_letters import DeadLetterDesk
from easement.broker.evidence import EvidenceReader
from easement.broker.publisher import Publisher
from easement.broker.relay import Relay
from easement.broker.webhook import LIMITS, TIMEOUT
from easement.keys.field_hash import open_field_hash_key
from easement.keys.private_file import PrivateFileError
from easement.keys.secret_stores import SecretStores
from easement.ledger.spool import Spool
from easement.plan.codec import decode_plan
from easement.store.heartbeat import Heartbeat
from easement.store.node_state import NodeState, NodeStateClient

_log = structlog.get_logger()
_BEAT_S: Final = 1.0
_DEPTH_BEATS: Final = 5
_RETRY_S: Final = 1.0
_DRAIN_S: Final = 15.0
_CONNECT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayConfig:
    """What one relay worker needs. Of several workers, each owns the streams whose name falls to its number."""

    address: BrokerAddress
    spool: Path
    run: Path
    secrets: SecretStores
    hash_key: Path
    """The key of hashed fields; made when it is missing."""
    state: NodeStateClient
    worker: int = 0
    workers: int = 1

    @property
    def name(self) -> str:
        """Recorder and heartbeat name: ``relay``, or ``relay-N`` for further workers."""
        return "relay" if self.worker == 0 else f"relay-{self.worker}"


async def run_relay(config: RelayConfig, stop: asyncio.Event) -> None:
    """Move messages until ``stop`` is set, finishing the batches in hand. Raises ``OSError`` or ``SpoolError``."""
    hash_key = await asyncio.to_thread(open_field_hash_key, config.hash_key)
    spool = await asyncio.to_thread(Spool, config.spool, config.name)
    try:
        connection = await _connect(config, stop)
        if connection is None:
            return
        try:
            async with httpx.AsyncClient(
                timeout=TIMEOUT, limits=LIMITS, follow_redirects=False, verify=client_context(config.address)
            ) as http:
                publisher = Publisher(connection)
                await publisher.start()
                worker = _Worker(config, connection, publisher, spool, http, hash_key)
                await worker.run(stop)
        finally:
            await connection.close()
    finally:
        await asyncio.to_thread(spool.close)


@dataclass(slots=True)
class _Worker:
    config: RelayConfig
    connection: Client
    publisher: Publisher
    spool: Spool
    http: httpx.AsyncClient
    hash_key: bytes
    _plan: RelayPlan = field(init=False, default=RelayPlan(hash="", routes={}, deliveries={}, channels={}, streams=()))
    _relay: Relay = field(init=False)
    _tasks: dict[str, tuple[asyncio.Task[None], asyncio.Event]] = field(init=False, default_factory=dict)
    _waiting: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self._relay = Relay(self.connection, self.publisher, self.spool, self._plan)

    async def run(self, stop: asyncio.Event) -> None:
        desk = DeadLetterDesk(self.connection, self.publisher, self.spool, lambda: self._plan)
        if self.config.worker == 0:
            await DeadLetterService(desk).start(self.connection)
            evidence = EvidenceReader(
                self.connection, self.publisher, self.spool, lambda: self._plan, self._relay.recent
            )  # fmt: skip
            self._begin("evidence", evidence.run)
        beating = asyncio.create_task(self._beat(desk))
        following = asyncio.create_task(self._follow(stop))
        try:
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({stopping, beating, following}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            for task in (beating, following):
                if task.done() and not task.cancelled() and not stop.is_set():
                    task.result()
        finally:
            for task in (beating, following):
                task.cancel()
            await asyncio.gather(beating, following, return_exceptions=True)
            await self._end(list(self._tasks))

    async def _follow(self, stop: asyncio.Event) -> None:
        async for state in self.config.state.follow(stop):
            await self._take_over(state)
        await stop.wait()

    async def _take_over(self, state: NodeState) -> None:
        compiled = await asyncio.to_thread(
            lambda: compile_relay_plan(decode_plan(state.plan), state.plan_hash, hash_key=self.hash_key)
        )
        self._plan = self._relay.plan = compiled
        wanted = self._wanted(compiled)
        await self._end([name for name in self._tasks if name not in wanted and name != "evidence"])
        for name, work in wanted.items():
            if name not in self._tasks:
                self._begin(name, work)
        _log.info("relay.plan_applied", plan=state.plan_hash, tasks=len(self._tasks))

    def _wanted(self, plan: RelayPlan) -> dict[str, Callable[[asyncio.Event], Awaitable[None]]]:
        """The work of this worker, by name."""
        work: dict[str, Callable[[asyncio.Event], Awaitable[None]]] = {}
        for stream in plan.streams:
            if self._owns(stream):
                work[stream] = lambda stop, stream=stream: self._relay.run_stream(stream, stop)  # type: ignore[misc]
        webhooks = {item.plan.party.integration for item in plan.deliveries.values() if item.plan.webhook is not None}
        for integration in sorted(webhooks):
            if self._owns(integration):
                work[f"webhook {integration}"] = self._courier(integration, plan).run
        return work

    def _courier(self, integration: str, _plan: RelayPlan) -> Courier:
        return Courier(
            connection=self.connection,
            publisher=self.publisher,
            records=self.spool,
            http=self.http,
            secrets=self.config.secrets,
            plan=lambda: self._plan,
            integration=integration,
        )

    def _owns(self, name: str) -> bool:
        return shard_of(name, self.config.workers) == self.config.worker

    def _begin(self, name: str, work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
        stop = asyncio.Event()
        self._tasks[name] = (asyncio.create_task(self._keep_running(name, work, stop), name=name), stop)

    async def _keep_running(
        self, name: str, work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event
    ) -> None:
        """Begin again after a fault, such as a stream that the broker has yet to make, until ``stop`` is set."""
        while not stop.is_set():
            try:
                await work(stop)
            except NotFoundError:
                self._waiting.add(name)
            except (NatsError, OSError) as error:
                self._waiting.add(name)
                _log.warning("relay.task_restarts", task=name, error=type(error).__name__)
            else:
                self._waiting.discard(name)
            if not stop.is_set():
                await asyncio.sleep(_RETRY_S)

    async def _end(self, names: list[str]) -> None:
        """Let tasks finish the batch in hand."""
        ending = [self._tasks.pop(name) for name in names]
        for _task, stop in ending:
            stop.set()
        if not ending:
            return
        _done, late = await asyncio.wait([task for task, _stop in ending], timeout=_DRAIN_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _beat(self, desk: DeadLetterDesk) -> None:
        heartbeat = Heartbeat(self.config.run, self.config.name)
        depths: dict[str, int] = {}
        beats = 0
        while True:
            if self.config.worker == 0 and beats % _DEPTH_BEATS == 0:
                depths = await self._depths(desk, depths)
            beats += 1
            ready = bool(self._plan.hash) and self.connection.is_connected
            facts: dict[str, Any] = {"plan": self._plan.hash, "moved": self._relay.moved, "dead_letters": depths}
            await asyncio.to_thread(_beat_once, heartbeat, ready, facts)
            await asyncio.sleep(_BEAT_S)

    async def _depths(self, desk: DeadLetterDesk, last: dict[str, int]) -> dict[str, int]:
        try:
            return await desk.depths()
        except (NatsError, TimeoutError):
            return last


def _beat_once(heartbeat: Heartbeat, ready: bool, facts: dict[str, Any]) -> None:  # noqa: FBT001 - called in a thread
    heartbeat.beat(ready=ready, **facts)


async def _connect(config: RelayConfig, stop: asyncio.Event) -> Client | None:
    """Connect as soon as the broker is there; None when stopped before."""
    told = False
    heartbeat = Heartbeat(config.run, config.name)
    while not stop.is_set():
        try:
            return await asyncio.wait_for(connect_as(config.address, RELAY), _CONNECT_S)
        except (NatsError, OSError, PrivateFileError) as error:
            if not told:
                _log.info("relay.waits_for_broker", error=str(error) or type(error).__name__)
            told = True
        await asyncio.to_thread(_beat_once, heartbeat, False, {})  # noqa: FBT003 - as above
        await asyncio.sleep(_RETRY_S)
    return None
