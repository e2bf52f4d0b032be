"""A whole broker on this machine for tests, benchmarks and trials: nats-server, callout, relay, and a source of plans.

Nothing in it is simulated but the control plane, of which it serves one page: the state that nodes follow.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from easement.broker.connection import BrokerAddress
from easement.broker.relay_service import RelayConfig, run_relay
from easement.broker.service import BrokerConfig, run_broker
from easement.identity.certificate_authority import CertificateAuthority, Leaf, open_authority
from easement.identity.tokens import issue_access_token
from easement.keys.jose import SigningKey, generate_signing_key
from easement.keys.local import open_local_keys
from easement.keys.local_secrets import local_secrets
from easement.ledger.encoding import decode
from easement.ledger.record import Record
from easement.ledger.spool import spool_files
from easement.ledger.spool_frame import Frame, read_frames
from easement.plan.codec import encode_plan, plan_hash
from easement.plan.model import Account, Plan
from easement.store.heartbeat import read_heartbeat
from easement.store.node_state import NodeState, NodeStateClient, encode_node_state
from easement.testing.event_client import EventClient

ISSUER: Final = "https://localhost:9443"
_READY_S: Final = 40.0
_POLL_S: Final = 25.0


class StateServer:
    """Serves ``/internal/v1/state`` with ETag and long poll on loopback, as the control plane does."""

    def __init__(self) -> None:
        self._body = b""
        self._tag = ""
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening."""
        self._changed.set()
        if self._server is not None:
            self._server.close()

    def publish(self, state: NodeState) -> None:
        """Serve ``state`` from now on."""
        self._body, self._tag = encode_node_state(state), f'"{state.plan_hash}"'
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            changed = self._changed
            if f"if-none-match: {self._tag}".lower() in head:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), _POLL_S)
            body = self._body
            status = "200 OK" if body else "503 Service Unavailable"
            writer.write(
                f"HTTP/1.1 {status}\r\netag: {self._tag}\r\ncontent-length: {len(body)}\r\n"
                "connection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@dataclass(slots=True)
class BrokerStand:
    """A running broker. Made by :func:`broker_stand`."""

    root: Path
    port: int
    monitor_port: int
    key: SigningKey
    authority: CertificateAuthority
    source: StateServer
    broker: BrokerConfig
    plan: Plan = field(default_factory=lambda: Plan(environment="development"))
    _tasks: dict[str, tuple[asyncio.Task[None], asyncio.Event]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"tls://127.0.0.1:{self.port}"

    @property
    def address(self) -> BrokerAddress:
        """How internal users connect."""
        return self.broker.address()

    def relay_config(self, *, worker: int = 0, workers: int = 1) -> RelayConfig:
        """The configuration of one relay worker."""
        return RelayConfig(
            address=self.address,
            spool=self.root / "spool",
            run=self.root / "run",
            secrets=local_secrets(self.root),
            hash_key=self.root / "keys" / "field-hash.key",
            state=_state_client(self.root, self.source, f"relay-{worker}"),
            worker=worker,
            workers=workers,
        )

    def apply(self, plan: Plan) -> str:
        """Make ``plan`` the one in force; its hash."""
        encoded = encode_plan(plan)
        self.plan = plan
        state = NodeState(plan=encoded, plan_hash=plan_hash(encoded), jwks={"keys": [self.key.public_jwk()]})
        self.source.publish(state)
        return state.plan_hash

    async def apply_and_wait(self, plan: Plan, *, roles: tuple[str, ...] = ("broker", "relay")) -> str:
        """Make ``plan`` the one in force and wait until the roles say that they serve it."""
        digest = self.apply(plan)
        for role in roles:
            await self.until(lambda role=role: self._serves(role, digest))  # type: ignore[misc]
        return digest

    def _serves(self, role: str, digest: str) -> bool:
        beat = read_heartbeat(self.root / "run", role)
        return bool(beat and beat["ready"] and beat.get("plan") == digest)

    async def start_broker(self) -> None:
        """Run the broker role in this process."""
        self._start("broker", lambda stop: run_broker(self.broker, stop))

    async def start_relay(self) -> None:
        """Run the relay role in this process."""
        self._start("relay", lambda stop: run_relay(self.relay_config(), stop))

    async def stop(self, role: str) -> None:
        """Stop a role as a signal would, and raise what it died of."""
        if role in self._tasks:
            task, stop = self._tasks.pop(role)
            stop.set()
            await asyncio.wait_for(task, 30)

    async def close(self) -> None:
        """Stop everything."""
        try:
            for role in list(reversed(self._tasks)):
                await self.stop(role)
        finally:
            await self.source.close()

    async def until(self, condition: Callable[[], bool], *, seconds: float = _READY_S) -> None:
        """Wait until ``condition`` holds. Raises ``TimeoutError``, or what a role died of."""
        deadline = time.monotonic() + seconds
        while not condition():
            for task, _stop in self._tasks.values():
                if task.done():
                    task.result()
            if time.monotonic() > deadline:
                raise TimeoutError("the condition did not come true in time")
            await asyncio.sleep(0.05)

    def token(
        self,
        client_id: str,
        *,
        scopes: tuple[str, ...] | None = None,
        audiences: tuple[str, ...] | None = None,
        lifetime_s: int = 300,
        thumbprint: str = "",
        now: float | None = None,
    ) -> str:
        """An access token as the control plane would issue it, by default with all that the plan gives the account."""
        account = self._account(client_id)
        text, _claims = issue_access_token(
            self.key,
            issuer=ISSUER,
            client_id=client_id,
            audiences=account.audiences if audiences is None else audiences,
            scopes=account.scopes if scopes is None else scopes,
            attributes={},
            now=time.time() if now is None else now,
            lifetime_s=lifetime_s,
            certificate_thumbprint=thumbprint,
        )
        return text

    async def client(self, client_id: str, *, token: str | None = None) -> EventClient:
        """Connect as ``client_id``."""
        return await EventClient.connect(
            self.url,
            client_id,
            self.token(client_id) if token is None else token,
            context=self.context(),
            server_name="localhost",
        )

    def context(self) -> ssl.SSLContext:
        """TLS against this stand's authority."""
        return ssl.create_default_context(cafile=str(self.root / "certificates" / "ca.pem"))

    def records(self, recorder: str = "relay") -> list[Record]:
        """Everything recorded so far by one recorder, in order."""
        folder = self.root / "spool" / recorder
        return [
            decode(data)
            for path in spool_files(folder)
            for frame in read_frames(path.read_bytes())
            if isinstance(frame, Frame)
            for data in frame.records
        ]

    def _account(self, client_id: str) -> Account:
        for account in self.plan.accounts:
            if account.client_id == client_id:
                return account
        raise KeyError(f"the plan has no account {client_id!r}")

    def _start(self, role: str, work: Callable[[asyncio.Event], object]) -> None:
        stop = asyncio.Event()
        self._tasks[role] = (asyncio.create_task(work(stop), name=role), stop)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def broker_stand(
    root: Path, plan: Plan, *, client_certificates: bool = False, sync_interval: str = "1s"
) -> AsyncIterator[BrokerStand]:
    """A broker without relay on free ports below ``root``, ready with ``plan``."""
    for name in ("keys", "certificates", "broker", "spool", "run"):
        (root / name).mkdir(mode=0o700)
    authority = open_authority(
        certificates=root / "certificates",
        keys=root / "keys",
        provider=open_local_keys(root / "keys"),
        trust_domain="easement.test",
        now=datetime.now(UTC),
    )
    names = [Leaf(name=name, dns_names=("localhost",), addresses=("127.0.0.1",)) for name in ("broker", "relay")]
    authority.ensure(root / "certificates", names, datetime.now(UTC))
    (root / "keys" / "node.token").write_text("node")
    port, monitor_port = _free_ports()
    source = StateServer()
    await source.start()
    config = BrokerConfig(
        host="127.0.0.1",
        port=port,
        monitor_port=monitor_port,
        public_host="localhost",
        nats_server="",
        folder=root / "broker",
        keys=root / "keys" / "broker",
        certificates=root / "certificates",
        spool=root / "spool",
        run=root / "run",
        state=_state_client(root, source, "broker"),
        issuer=ISSUER,
        client_certificates=client_certificates,
        sync_interval=sync_interval,
    )
    stand = BrokerStand(root, port, monitor_port, generate_signing_key(), authority, source, config)
    try:
        await stand.start_broker()
        await stand.apply_and_wait(plan, roles=("broker",))
        yield stand
    finally:
        await stand.close()


def _state_client(root: Path, source: StateServer, name: str) -> NodeStateClient:
    return NodeStateClient(
        control_url=f"http://127.0.0.1:{source.port}",
        token_file=root / "keys" / "node.token",
        cache=root / "broker" / f"{name}.state",
    )


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
