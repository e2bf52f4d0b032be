"""The node agent of the gateway: keeps one Envoy running under the current plan, and its access log recorded.

* Fail static: without the control plane, and when a plan is refused, the last good configuration goes on.
* Fail closed: without any configuration nothing listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from easement.gateway.access_log import AccessLogReader
from easement.gateway.activation import Activation
from easement.gateway.envoy_admin import EnvoyAdmin
from easement.gateway.envoy_process import EnvoyError, EnvoyProcess, find_envoy, taken_port
from easement.gateway.files import LiveFiles
from easement.gateway.log_line import interrupted
from easement.gateway.place import GatewayPlace
from easement.gateway.plan_index import PlanArchive
from easement.gateway.probe_work import ProbeWork
from easement.gateway.rendering import BOOTSTRAP
from easement.gateway.target_credentials import TargetCredentials
from easement.keys.field_hash import open_field_hash_key
from easement.keys.secret_stores import SecretStores
from easement.ledger.errors import SpoolError
from easement.ledger.spool import Spool
from easement.store.heartbeat import Heartbeat
from easement.store.node_state import NodeState, NodeStateClient

_log = structlog.get_logger()
_BEAT_S: Final = 1.0
_TAIL_S: Final = 0.2
_CREDENTIALS_S: Final = 5.0
_START_S: Final = 60.0
_DRAIN_S: Final = 8.0
_FLUSHED_S: Final = 0.3
_MAX_BACKOFF_S: Final = 5.0
_STEADY_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """Where the gateway is and whom it asks. ``envoy`` empty means the installed one."""

    place: GatewayPlace
    states: NodeStateClient
    spool: Path
    heartbeats: Path
    secrets: SecretStores
    envoy: str = ""
    threads: int = 1
    rotate_bytes: int = 64 * 1024 * 1024


async def run_gateway(config: GatewayConfig, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set, then drain.

    Raises :class:`~easement.gateway.envoy_process.EnvoyError` when it cannot start: no binary (EAS-5903), a taken port
    (EAS-5901), no certificate.
    """
    config.place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    spool = await asyncio.to_thread(Spool, config.spool, "gateway")
    try:
        await _Agent(config, spool).run(stop)
    finally:
        await asyncio.to_thread(spool.close)


def _check_start(place: GatewayPlace) -> None:
    ports = {
        "EASEMENT_GATEWAY_PORT": (place.host, place.port),
        "EASEMENT_CONTROL_PORT": (place.host, place.control_port),
        "EASEMENT_GATEWAY_ADMIN_PORT": ("127.0.0.1", place.admin_port),
    }
    for setting, (host, port) in ports.items():
        if port and not _is_free(host, port):
            raise EnvoyError(f"EAS-5901: port {port} on {host} is taken; stop what listens there, or set {setting}")
    if place.tls:
        for name in ("gateway.pem", "gateway.key"):
            if not (place.certificates / name).is_file():
                raise EnvoyError(f"EAS-5902: {place.certificates / name} is missing; start the control plane first")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@dataclass(slots=True)
class _Agent:
    """The parts of one running gateway and what its heartbeat says."""

    config: GatewayConfig
    spool: Spool
    facts: dict[str, object] = field(default_factory=dict)
    ready: bool = False
    started: asyncio.Event = field(default_factory=asyncio.Event)
    reader: AccessLogReader = field(init=False)
    envoy: EnvoyProcess = field(init=False)
    activation: Activation = field(init=False)

    def __post_init__(self) -> None:
        place = self.config.place
        archive = PlanArchive(place.folder / "plans")
        binary = find_envoy(self.config.envoy)
        self.reader = AccessLogReader(
            path=place.access_log,
            position_file=place.folder / "access.position",
            spool=self.spool,
            facts=archive.facts,
            rotate_bytes=self.config.rotate_bytes,
        )
        self.envoy = EnvoyProcess(
            binary=binary,
            config=place.folder / BOOTSTRAP,
            log=place.folder / "envoy.log",
            threads=self.config.threads,
        )
        self.activation = Activation(
            place=place,
            binary=binary,
            live=LiveFiles(place.live),
            archive=archive,
            admin=EnvoyAdmin(place.admin_port),
            credentials=TargetCredentials(place, self.config.secrets),
        )
        self.facts["reason"] = f"waiting for a plan from {self.config.states.control_url}"

    async def run(self, stop: asyncio.Event) -> None:
        if await self.envoy.end_orphan():
            await self._record_death()
        _check_start(self.config.place)
        await asyncio.to_thread(open_field_hash_key, self.config.place.field_hash_key)
        self.activation.write_bootstrap()
        tasks = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("follow", self._follow(stop)),
                ("revoke", self._revoke(stop)),
                ("keys", self._know_keys(stop)),
                ("quotas", self._use_up(stop)),
                ("probe", self._probe(stop)),
                ("credentials", self._turn_credentials(stop)),
                ("keep", self._keep(stop)),
                ("tail", self._tail(stop)),
                ("beat", self._beat(stop)),
            )
        ]
        try:
            stopped = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            for task in done - {stopped}:
                task.result()
            await self._drain()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.envoy.stop()
            await asyncio.sleep(0)
            await self._record()
            Heartbeat(self.config.heartbeats, "gateway").beat(ready=False, reason="stopped")

    async def _follow(self, stop: asyncio.Event) -> None:
        """Take each node state in turn; a refused one leaves the last good in force."""
        in_force: NodeState | None = None
        async for state in self.config.states.follow(stop):
            if state == in_force:
                continue
            try:
                probes = await self.activation.activate(state, self.envoy)
            except EnvoyError as error:
                _log.error("gateway.plan_refused", plan=state.plan_hash, reason=str(error))
                self.facts |= {"refused_plan": state.plan_hash, "reason": str(error)}
                if self.activation.live.complete:
                    self.started.set()
                continue
            in_force = state
            self.facts = {"plan": state.plan_hash, "probes": probes}
            self.started.set()
            _log.info("gateway.plan_applied", plan=state.plan_hash, probes=probes)
        await stop.wait()

    async def _revoke(self, stop: asyncio.Event) -> None:
        """Refuse what is revoked as soon as it is; what was known before a restart from the start on."""
        async for revocations in self.config.states.follow_revocations(stop):
            if await asyncio.to_thread(self.activation.revoke, revocations):
                tokens, accounts = len(revocations.tokens), len(revocations.accounts)
                _log.info("gateway.revocations_taken", tokens=tokens, accounts=accounts)
        await stop.wait()

    async def _know_keys(self, stop: asyncio.Event) -> None:
        """Know the live API keys, those from before a restart from the start on."""
        async for hashes in self.config.states.follow_api_keys(stop):
            if await asyncio.to_thread(self.activation.know_keys, hashes):
                _log.info("gateway.api_keys_taken", keys=len(hashes))
        await stop.wait()

    async def _use_up(self, stop: asyncio.Event) -> None:
        """Refuse whose quota of the day is used up; who that was before a restart from the start on."""
        async for used in self.config.states.follow_used_quotas(stop):
            if await asyncio.to_thread(self.activation.use_up, used):
                _log.info("gateway.quotas_taken", used_up=len(used))
        await stop.wait()

    async def _turn_credentials(self, stop: asyncio.Event) -> None:
        """Look at the credentials of targets again and again: a secret that turned counts without a new plan."""
        while not stop.is_set():
            force, credentials = self.activation.in_force, self.activation.credentials
            if force is not None:
                try:
                    await asyncio.to_thread(credentials.refresh, force.plan.upstreams)
                    missing = "; ".join(sorted(credentials.problems.values()))
                except OSError as error:  # a full disk: what Envoy has read stays
                    missing = f"credentials cannot be written: {error.strerror}"
                if missing:
                    self.facts["credentials"] = missing
                else:
                    self.facts.pop("credentials", None)
            await _pause(stop, _CREDENTIALS_S)
        await asyncio.Event().wait()

    async def _probe(self, stop: asyncio.Event) -> None:
        """Try the controls when somebody asks, once there is something to try."""
        await self.started.wait()
        work = ProbeWork(states=self.config.states, activation=self.activation, record=self.reader.add)
        await work.follow(stop)

    async def _keep(self, stop: asyncio.Event) -> None:
        """Start Envoy once there is a configuration; start it again whenever it dies."""
        await self.started.wait()
        backoff = 0.1
        first = True
        while not stop.is_set():
            began = time.monotonic()
            await self.envoy.start()
            self.ready = await self._serves()
            if self.ready:
                _log.info("gateway.serving", pid=self.envoy.pid, port=self.config.place.port)
            elif first:
                await self.envoy.stop()
                raise EnvoyError(self._start_failure())
            first = False
            code = await self.envoy.wait()
            self.ready = False
            if stop.is_set():
                return
            _log.error("gateway.envoy_died", exit_code=code, reason=self.envoy.last_words())
            await self._record_death(code)
            backoff = 0.1 if time.monotonic() - began > _STEADY_S else min(backoff * 2, _MAX_BACKOFF_S)
            await _pause(stop, backoff)

    async def _serves(self) -> bool:
        """Wait until Envoy is ready, or has ended."""
        ready = asyncio.create_task(self.activation.admin.wait_ready(_START_S))
        ended = asyncio.create_task(self.envoy.wait())
        await asyncio.wait([ready, ended], return_when=asyncio.FIRST_COMPLETED)
        for task in (ready, ended):
            if not task.done():
                task.cancel()
        return ready.done() and not ready.cancelled() and ready.result() and self.envoy.alive

    async def _record_death(self, exit_code: int | None = None) -> None:
        """Say in the ledger where it may have a gap: what Envoy had not yet written to its access log is lost."""
        try:
            await asyncio.to_thread(self.reader.add, interrupted(time.time_ns() // 1_000_000, exit_code))
        except (SpoolError, OSError) as error:
            _log.error("gateway.not_recorded", reason=str(error))

    def _start_failure(self) -> str:
        words = self.envoy.last_words()
        if port := taken_port(words):
            return f"EAS-5901: port {port} is taken; stop what listens there, or set EASEMENT_GATEWAY_PORT"
        return f"EAS-5902: Envoy does not start: {words}"

    async def _tail(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._record()
            if self.envoy.alive:
                await asyncio.to_thread(self.reader.rotate_if_large, self.activation.admin.reopen_logs)
            await _pause(stop, _TAIL_S)
        await asyncio.Event().wait()

    async def _record(self) -> None:
        """What cannot be recorded now stays in the access log; the heartbeat says why."""
        try:
            await asyncio.to_thread(self.reader.drain)
        except (SpoolError, OSError) as error:
            if self.facts.get("recording") != str(error):
                _log.error("gateway.not_recorded", reason=str(error))
            self.facts["recording"] = str(error)
        else:
            self.facts.pop("recording", None)

    async def _beat(self, stop: asyncio.Event) -> None:
        heartbeat = Heartbeat(self.config.heartbeats, "gateway")
        while True:
            heartbeat.beat(
                ready=self.ready and "recording" not in self.facts,
                recorded=self.reader.recorded,
                malformed=self.reader.malformed,
                **self.facts,
            )
            await (asyncio.sleep(_BEAT_S) if stop.is_set() else _pause(stop, _BEAT_S))

    async def _drain(self) -> None:
        self.ready = False
        if self.envoy.alive:
            await self.activation.admin.drain(_DRAIN_S)
            await asyncio.sleep(_FLUSHED_S)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
