"""A real OpenBao server for tests: in memory, TLS on loopback, ended with the test."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from easement.testing.gateways import free_port

ROOT_TOKEN: Final = "root-token-of-a-test"  # noqa: S105 - of a server that lives as long as its test
_START_S: Final = 30.0


@dataclass(slots=True)
class OpenBao:
    """A server that runs. ``ask`` speaks to it as its root."""

    address: str
    ca: str
    process: subprocess.Popen[bytes]

    def ask(self, verb: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Call the API as root; the answer's document, empty where it has none."""
        answer = self.send(verb, path, ROOT_TOKEN, body)
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}

    def send(self, verb: str, path: str, token: str, body: Mapping[str, object] | None = None) -> httpx.Response:
        """Call the API under a token."""
        with httpx.Client(verify=ssl.create_default_context(cafile=self.ca), trust_env=False) as http:
            return http.request(verb, f"{self.address}/v1/{path}", json=body, headers={"X-Vault-Token": token})


@contextmanager
def openbao(folder: Path) -> Iterator[OpenBao]:
    """Start one whose files are in ``folder``. Raises ``RuntimeError`` with its last words when it does not start."""
    port = free_port()
    binary = Path(sys.executable).parent / "bao"
    log = folder / "openbao.log"
    command = [
        str(binary),
        "server",
        "-dev-tls",
        f"-dev-tls-cert-dir={folder}",
        f"-dev-listen-address=127.0.0.1:{port}",
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "BAO_DEV_ROOT_TOKEN_ID": ROOT_TOKEN}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
    server = OpenBao(f"https://127.0.0.1:{port}", str(folder / "vault-ca.pem"), process)
    try:
        _wait(server, folder, log)
        yield server
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(server: OpenBao, folder: Path, log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        found = sorted(folder.glob("*-ca.pem"))
        if found:
            server.ca = str(found[0])
            try:
                if server.send("GET", "sys/health", "").status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
        if server.process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"OpenBao does not start: {log.read_text()[-2000:]}")
