"""A target for tests: a real HTTP server on loopback that answers what it is told and remembers what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the target answers. ``delay_s`` is waited first. ``content-length`` is added."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it reached the target; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class UpstreamSimulator:
    """Use as a context manager. ``answer`` may be changed at any time."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.asked: list[Asked] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.simulator = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        port: int = self._server.server_address[1]
        return port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    simulator: UpstreamSimulator
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that went away is no fault of this server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def parse_request(self) -> bool:
        """Answer any method alike."""
        if not super().parse_request():
            return False
        setattr(self, f"do_{self.command}", self._answer)
        return True

    def _answer(self) -> None:
        simulator = self.server.simulator
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        simulator.asked.append(Asked(method=self.command, path=self.path, headers=headers, body=body))
        answer = simulator.answer
        if answer.delay_s:
            time.sleep(answer.delay_s)
        empty = answer.status in {204, 304} or self.command == "HEAD"
        lines = [f"HTTP/1.1 {answer.status} Simulated", *(f"{name}: {value}" for name, value in answer.headers.items())]
        if answer.status not in {204, 304}:
            lines.append(f"content-length: {len(answer.body)}")
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        self.wfile.write(head if empty else head + answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter is the library's
        """Keep quiet."""
