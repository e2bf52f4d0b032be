"""A target for tests: a real HTTP server on loopback that answers what it is told and remembers what it was asked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import Self

from easement.gateway.loopback_server import AnyMethodHandler, LoopbackServer


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
        self._thread: Thread | None = None

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        port: int = self._server.server_address[1]
        return port

    def __enter__(self) -> Self:
        self._thread = self._server.begin("target")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._server.end(self._thread)


class _Server(LoopbackServer):
    simulator: UpstreamSimulator


class _Handler(AnyMethodHandler):
    server: _Server

    def answer(self) -> None:
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
