"""A whole installation for a test or a demonstration: ``easement up`` in a folder, and what its users do with it.

Everything goes the way that users go: the command, the HTTP API, the gateway, the broker. Nothing reaches inside.
"""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from easement.runtime.layout import DataDirectory
from easement.runtime.settings import Settings
from easement.store.child_process import die_with_parent
from easement.store.heartbeat import read_heartbeat
from easement.testing.event_client import EventClient

START_S: Final = 90.0
_PORTS: Final = (
    "gateway_port", "control_port", "console_port", "broker_port", "broker_monitor_port", "decider_port",
    "gateway_admin_port",
)  # fmt: skip


def free_ports(count: int) -> list[int]:
    """So many loopback TCP ports that are free now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


@dataclass(frozen=True, slots=True)
class Caller:
    """One system at the gateway: gets its tokens, and a new one before the old one ends."""

    installation: Installation
    client_id: str
    secret: str = field(repr=False)
    _token: list[tuple[float, str]] = field(default_factory=list, repr=False)

    def token(self) -> str:
        """A valid access token."""
        if not self._token or self._token[-1][0] < time.monotonic():
            answer = self.installation.token_answer(self.client_id, self.secret)
            answer.raise_for_status()
            body = answer.json()
            self._token[:] = [(time.monotonic() + body["expires_in"] / 2, body["access_token"])]
        return self._token[-1][1]

    def call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Call an operation at the gateway with a token."""
        headers = {"Authorization": f"Bearer {self.token()}", **arguments.pop("headers", {})}
        return self.installation.gateway.request(method, path, headers=headers, **arguments)

    async def events(self, *, reconnect: bool = False) -> EventClient:
        """A connection to the broker; it ends with its token, unless it may ``reconnect`` with a fresh one."""
        return await self.installation.connect(self.client_id, self.token, reconnect=reconnect)


@dataclass(slots=True)
class Installation:
    """``easement up`` on the folder of ``settings``. Use :func:`running` to have it started and stopped."""

    settings: Settings
    process: subprocess.Popen[bytes] | None = None
    gateway: httpx.Client = field(init=False, repr=False)
    control: httpx.Client = field(init=False, repr=False)
    _people: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def data(self) -> DataDirectory:
        """Its data directory."""
        return DataDirectory(self.settings.data.resolve())

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which commands meet this installation."""
        return {**os.environ, **self.settings.as_environment()}

    def start(self) -> None:
        """Start it and wait until every role is ready. Raises ``RuntimeError`` with its output when it is not."""
        self.settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        output = self.settings.data / "up.log"
        said_before = output.stat().st_size if output.exists() else 0

        def said() -> str:
            return output.read_bytes()[said_before:].decode(errors="replace")

        with output.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "easement", "up"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent,  # noqa: PLW1509 - it makes one call of the kernel
            )  # fmt: skip
        deadline = time.monotonic() + START_S
        while "Easement is ready" not in said():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"easement up did not become ready:\n{said()[-4000:]}")
            time.sleep(0.05)
        context = self.trust()
        self.gateway = httpx.Client(
            base_url=f"https://{self.settings.public_host}:{self.settings.gateway_port}", verify=context, timeout=20
        )
        self.control = httpx.Client(
            base_url=f"https://{self.settings.public_host}:{self.settings.control_port}", verify=context, timeout=60
        )

    def stop(self) -> int:
        """Ask it to end, wait, and give its exit status."""
        if self.process is None:
            return 0
        for client in (getattr(self, "gateway", None), getattr(self, "control", None)):
            if client is not None:
                client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def trust(self) -> ssl.SSLContext:
        """A TLS context that trusts this installation's authority."""
        return ssl.create_default_context(cafile=str(self.data.certificates / "ca.pem"))

    def command(self, *arguments: str, cwd: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``easement ...`` against this installation."""
        done = subprocess.run(
            [sys.executable, "-m", "easement", *arguments],
            env=self.environment, cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            said = f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
            raise RuntimeError(f"easement {' '.join(arguments)} ended with {done.returncode}:\n{said}")
        return done

    def pid_of(self, role: str) -> int:
        """The process id of a role."""
        beat = read_heartbeat(self.data.run, role)
        if beat is None:
            raise RuntimeError(f"{role} does not run")
        return int(beat["pid"])

    # --- people and what they do ------------------------------------------------------------------------------------

    def api(self, person: str, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Call ``/api/v1`` as a person (``operator``, or one made by :meth:`person`); raises on an error status."""
        answer = self.control.request(
            method, f"/api/v1{path}", headers={"Authorization": f"Bearer {self._person_token(person)}"}, **arguments
        )
        if answer.is_error:
            raise RuntimeError(f"{method} {path} as {person}: {answer.status_code} {answer.text[:2000]}")
        return answer

    def person(self, name: str, *roles: str) -> str:
        """Add a person and keep a token of theirs."""
        self.api("operator", "POST", "/people", json={"name": name, "roles": list(roles)})
        answer = self.api("operator", "POST", f"/people/{name}/tokens", json={"label": "testing"})
        self._people[name] = answer.json()["token"]
        return name

    def apply(self, person: str, files: Mapping[str, bytes]) -> dict[str, Any]:
        """Register documents as ``person``."""
        body = {"files": {path: {"base64": base64.b64encode(data).decode()} for path, data in files.items()}}
        applied: dict[str, Any] = self.api(person, "POST", "/apply", json=body).json()
        return applied

    def approve_all(self, person: str, comment: str = "looked at it") -> int:
        """Approve, as ``person``, everything that waits, in one act; how many reviews that were."""
        waiting = self.api("operator", "GET", "/reviews", params={"limit": 200}).json()["items"]
        if waiting:
            body = {
                "reviews": [{"id": one["id"], "version": one["version"]} for one in waiting],
                "verdict": "approve",
                "comment": comment,
            }
            self.api(person, "POST", "/reviews/decisions", json=body)
        return len(waiting)

    def _person_token(self, person: str) -> str:
        if person == "operator":
            return (self.data.keys / "operator.token").read_text().strip()
        return self._people[person]

    # --- systems ----------------------------------------------------------------------------------------------------

    def token_answer(self, client_id: str, secret: str, **form: str) -> httpx.Response:
        """What the token endpoint answers (``client_secret_basic``)."""
        return self.control.post(
            "/oauth/token", auth=(client_id, secret), data={"grant_type": "client_credentials", **form}
        )

    def caller(self, system: str) -> Caller:
        """Issue a credential for a system, and call with it."""
        secret = self.api("operator", "POST", f"/accounts/{system}/secrets", json={}).json()["clientSecret"]
        return Caller(self, system, secret)

    async def connect(self, client_id: str, token: str | Callable[[], str], *, reconnect: bool = False) -> EventClient:
        """A connection to the broker with an access token."""
        return await EventClient.connect(
            f"tls://{self.settings.public_host}:{self.settings.broker_port}", client_id, token,
            context=self.trust(), reconnect=reconnect,
        )  # fmt: skip

    # --- waiting ----------------------------------------------------------------------------------------------------

    def until_enforced(self, timeout_s: float = 45.0) -> str:
        """Wait until gateway, broker and relay enforce the current plan; its hash."""
        plan = str(self.api("operator", "GET", "/plan").json()["hash"])

        def enforced() -> bool:
            beats = [read_heartbeat(self.data.run, role) for role in ("gateway", "broker", "relay")]
            return all(beat is not None and beat["ready"] and beat.get("plan") == plan for beat in beats)

        until(enforced, f"the plan {plan[:12]} is enforced", timeout_s)
        return plan

    def trace(self, transaction_id: str, *, records: int = 1, timeout_s: float = 15.0) -> list[dict[str, Any]]:
        """The records of a transaction, once the ledger has so many."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            answer = self.control.get(
                f"/api/v1/audit/transactions/{transaction_id}",
                headers={"Authorization": f"Bearer {self._person_token('operator')}"},
            )
            found[:] = [item["record"] for item in answer.json()["items"]] if answer.status_code == 200 else []
            return len(found) >= records

        until(there, f"{records} records of transaction {transaction_id}", timeout_s)
        return found


def until(condition: Callable[[], bool], what: str, timeout_s: float = 15.0) -> None:
    """Wait until ``condition`` holds. Raises ``TimeoutError`` that says what was waited for."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:g} s in vain: {what}")
        time.sleep(0.05)


def settings_in(folder: Path, **changes: Any) -> Settings:
    """Settings for an installation in ``folder`` on free ports."""
    ports: Sequence[int] = free_ports(len(_PORTS))
    # One reviewer plays every role here; a house of more people leaves the setting alone.
    alone = {"one_person_several_roles": True}
    return Settings(**{"data": folder / "data", **alone, **dict(zip(_PORTS, ports, strict=True)), **changes})


@contextlib.contextmanager
def running(folder: Path, **changes: Any) -> Iterator[Installation]:
    """An installation that runs inside the block."""
    installation = Installation(settings_in(folder, **changes))
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()
