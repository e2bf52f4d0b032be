"""A control plane for tests of nodes: it serves one node state and wakes those who wait when it changes."""

from __future__ import annotations

import hashlib
import secrets
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from easement.gateway.loopback_server import AnyMethodHandler, LoopbackServer
from easement.plan.codec import encode_plan, plan_hash
from easement.plan.model import Plan
from easement.store.api_key_hashes import NO_KEYS, encode_api_keys
from easement.store.node_state import NodeState, NodeStateClient, encode_node_state
from easement.store.probe_messages import NOTHING_TO_PROBE, encode_probe_request
from easement.store.revocations import Revocations, encode_revocations
from easement.store.used_quotas import NOTHING_USED_UP, UsedQuotas, encode_used_quotas


class ControlPlaneSimulator:
    """Use as a context manager; :meth:`publish` a plan, and give :meth:`client` to the node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token_file = folder / "node.token"
        self.token_file.write_text(secrets.token_urlsafe(16))
        self.changed = threading.Condition()
        self.body = b""
        self.revoked = encode_revocations(Revocations())
        self.used_quotas = encode_used_quotas(NOTHING_USED_UP)
        self.closing = False
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.simulator = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        port: int = self._server.server_address[1]
        return port

    def publish(self, plan: Plan, jwks: dict[str, Any]) -> NodeState:
        """Make this the current state."""
        data = encode_plan(plan)
        state = NodeState(plan=data, plan_hash=plan_hash(data), jwks=jwks)
        with self.changed:
            self.body = encode_node_state(state)
            self.changed.notify_all()
        return state

    def revoke(self, revocations: Revocations) -> None:
        """Make this the current list."""
        with self.changed:
            self.revoked = encode_revocations(revocations)
            self.changed.notify_all()

    def use_up(self, used: UsedQuotas) -> None:
        """Make this the current list."""
        with self.changed:
            self.used_quotas = encode_used_quotas(used)
            self.changed.notify_all()

    def content(self, path: str) -> bytes:
        """What is served there now."""
        if path.endswith("/api-keys"):
            return encode_api_keys(NO_KEYS)
        if path.endswith("/probe-run"):
            return encode_probe_request(NOTHING_TO_PROBE)
        if path.endswith("/used-quotas"):
            return self.used_quotas
        return self.revoked if path.endswith("/revocations") else self.body

    def client(self, name: str = "gateway") -> NodeStateClient:
        """A client for a node, with a cache file of its own."""
        return NodeStateClient(
            control_url=f"http://127.0.0.1:{self.port}",
            token_file=self.token_file,
            cache=self.folder / f"{name}.state.json",
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.changed:
            self.closing = True
            self.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(LoopbackServer):
    simulator: ControlPlaneSimulator


class _Handler(AnyMethodHandler):
    server: _Server

    def answer(self) -> None:
        simulator = self.server.simulator
        if self.headers.get("authorization") != f"Bearer {simulator.token_file.read_text()}":
            self._send(401, b"", "")
            return
        wait = min(float(parse_qs(urlsplit(self.path).query).get("wait", ["0"])[0]), 25)
        known = self.headers.get("if-none-match", "")
        path = urlsplit(self.path).path
        with simulator.changed:
            simulator.changed.wait_for(lambda: simulator.closing or _tag(simulator.content(path)) != known, wait)
            body = simulator.content(path)
        if simulator.closing or not body:
            self._send(503, b"", "")
        elif _tag(body) == known:
            self._send(304, b"", known)
        else:
            self._send(200, body, _tag(body))

    def _send(self, status: int, body: bytes, tag: str) -> None:
        self.send_response_only(status)
        self.send_header("content-length", str(len(body)))
        if tag:
            self.send_header("etag", tag)
        self.end_headers()
        self.wfile.write(body)


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()}"'
