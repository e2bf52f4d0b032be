"""Mutual TLS to a target: a real TLS server that takes only who shows a certificate of our authority."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from easement.gateway.rendering import SECRETS, render
from easement.identity.certificate_authority import Leaf, open_authority
from easement.keys.local import open_local_keys
from easement.testing.gateways import GatewaySimulator
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream

COMPONENT = "spiffe://easement.test/component/gateway"
shown: list[Any] = []


class _Target(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.connection, ssl.SSLSocket)
        shown.append(self.connection.getpeercert())
        body = b'{"id": 1}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter is the library's
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A handshake that failed is what is tested."""


@contextmanager
def target_that_asks(folder: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "target.pem", folder / "target.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = _Server(("127.0.0.1", 0), _Target)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.mark.parametrize(("shows", "status"), [(True, 200), (False, 503)])
def test_a_target_that_asks_for_a_certificate(tmp_path: Path, shows: bool, status: int) -> None:
    keys, now = tmp_path / "keys", datetime.now(UTC)
    keys.mkdir(mode=0o700)
    authority = open_authority(
        certificates=tmp_path, keys=keys, provider=open_local_keys(keys), trust_domain="easement.test", now=now
    )
    leaves = [Leaf(name=name, dns_names=("localhost",), addresses=("127.0.0.1",)) for name in ("gateway", "target")]
    authority.ensure(tmp_path, leaves, now)
    shown.clear()
    with target_that_asks(tmp_path) as port:
        upstream = make_upstream(port, tls=True, server_name="localhost", ca="internal", shows_certificate=shows)
        plan = make_plan(make_route(grants=[make_grant(projection={"id": "clear"})]), upstreams=[upstream])
        simulator = GatewaySimulator(plan, tmp_path)
        simulator.place.live.mkdir(mode=0o700, exist_ok=True)
        rendering = render(plan, plan_hash=simulator.hash, jwks={"keys": []}, place=simulator.place)
        (simulator.place.live / SECRETS).write_bytes(rendering.live_files()[SECRETS])
        with simulator as gateway:
            assert gateway.ask("GET", "/orders/1", token=gateway.token()).status == status
    if shows:
        names = [value for kind, value in shown[0]["subjectAltName"] if kind == "URI"]
        assert names == [COMPONENT]
    else:
        assert not shown
