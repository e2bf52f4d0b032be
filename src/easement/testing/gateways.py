"""A gateway for tests: the real Envoy under a plan made by hand, plain HTTP on loopback, with tokens at will."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from easement.gateway.envoy_process import find_envoy
from easement.gateway.log_line import fields_of
from easement.gateway.place import GatewayPlace
from easement.gateway.rendering import render, static_bootstrap
from easement.keys.field_hash import open_field_hash_key
from easement.keys.jose import SigningKey, generate_signing_key, sign_jwt
from easement.plan.codec import encode_plan, plan_hash
from easement.plan.model import Plan
from easement.testing.plans import DEFAULT_INTERFACE

ISSUER: Final = "https://localhost:9443"
_START_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the gateway answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The problem code of a refusal, or an empty text."""
        return self.headers.get("x-easement-code", "")

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_open(port: int) -> bool:
    """Whether somebody listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def make_token(
    key: SigningKey,
    client: str = "shop",
    *,
    scopes: Sequence[str] = (),
    audience: Sequence[str] = (f"urn:easement:interface:{DEFAULT_INTERFACE}",),
    kind: str = "at+jwt",
    life_s: int = 300,
    **claims: Any,
) -> str:
    """An access token (RFC 9068) as the authorization server makes them, or one with parts changed."""
    now = int(time.time())
    body: dict[str, Any] = {
        "iss": ISSUER,
        "sub": client,
        "client_id": client,
        "aud": list(audience),
        "scope": " ".join(scopes),
        "iat": now,
        "nbf": now,
        "exp": now + life_s,
        "jti": f"{client}-{now}",
        "attributes": {},
    }
    return sign_jwt({**body, **claims}, key, type=kind)


def ask(
    port: int, method: str, path: str, *, token: str = "", body: bytes | None = None, headers: Mapping[str, str] = {}
) -> Reply:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        sent = dict(headers)
        if token:
            sent["authorization"] = f"Bearer {token}"
        if body is not None and "content-type" not in sent:
            sent["content-type"] = "application/json"
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        return Reply(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.getheaders()},
            body=answer.read(),
        )
    finally:
        connection.close()


class GatewaySimulator:
    """The rendering of ``plan`` in a real Envoy. Use as a context manager; it needs a folder of its own."""

    def __init__(self, plan: Plan, folder: Path, *, decider_port: int = 1, **changes: Any) -> None:
        self.plan = plan
        self.key = generate_signing_key()
        self.place = GatewayPlace(
            folder=folder, certificates=folder, host="127.0.0.1", port=free_port(), control_port=0, console_port=1,
            decider_port=decider_port, admin_port=free_port(), issuer=ISSUER, tls=False, **changes,
        )  # fmt: skip
        self.hash_key = open_field_hash_key(self.place.field_hash_key)
        self.hash = plan_hash(encode_plan(plan))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        rendering = render(
            self.plan, plan_hash=self.hash, jwks={"keys": [self.key.public_jwk()]}, place=self.place
        )  # fmt: skip
        config = self.place.folder / "bootstrap.json"
        config.write_text(json.dumps(static_bootstrap(rendering)))
        log = self.place.folder / "envoy.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [find_envoy(), "-c", str(config), "--concurrency", "1", "-l", "warning", "--use-dynamic-base-id",
                 "--file-flush-interval-msec", "20"],
                stdout=output, stderr=output,
            )  # fmt: skip
        end = time.monotonic() + _START_S
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.place.port)) == 0:
                    return self
            time.sleep(0.02)
        self.__exit__(None, None, None)
        raise RuntimeError(f"Envoy does not start: {log.read_text()[-2000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def token(self, client: str = "shop", **changes: Any) -> str:
        """A token with every scope the plan grants to ``client``, unless ``scopes`` are given."""
        granted = sorted({s for r in self.plan.routes for g in r.grants if g.client_id == client for s in g.scopes})
        return make_token(self.key, client, **{"scopes": granted, **changes})

    def ask(self, method: str, path: str, **parts: Any) -> Reply:
        """One request; ``path`` is below the interface's prefix unless it starts with ``//``."""
        whole = path[1:] if path.startswith("//") else f"/{DEFAULT_INTERFACE}/v1{path}"
        return ask(self.place.port, method, whole, **parts)

    def log_line(self, reply: Reply) -> dict[str, Any]:
        """The line of the access log for a reply, once Envoy has written it."""
        transaction = reply.headers["x-transaction-id"].encode()
        end = time.monotonic() + _START_S
        while time.monotonic() < end:
            lines = self.place.access_log.read_bytes().splitlines() if self.place.access_log.exists() else []
            for line in reversed(lines):
                if transaction in line:
                    return fields_of(line)
            time.sleep(0.02)
        raise LookupError("Envoy has not logged the request")
