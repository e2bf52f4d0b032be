"""Where the probe-safe copy of a route ends: a server on loopback that stands for every target.

It answers as it is told, remembers what reached it, and holds nothing of anybody's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import Final, Self

from easement.gateway.control_case import OTHER, PROBE_ANSWER
from easement.gateway.loopback_server import AnyMethodHandler, LoopbackServer

_JSON: Final = "application/json"
_REVEALING: Final = (("x-powered-by", "easement-probe"), ("set-cookie", "probe=1"), ("server", "easement-probe"))


@dataclass(slots=True)
class ProbeTarget:
    """Use as a context manager. ``answer`` is how it behaves; ``seen`` is what has reached it, as text."""

    answer: str = "fields"
    seen: list[str] = field(default_factory=list)
    _server: _Server = field(init=False, repr=False)
    _thread: Thread = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.target = self
        self._thread = self._server.begin("probe-target")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.end(self._thread)

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        port: int = self._server.server_address[1]
        return port


class _Server(LoopbackServer):
    target: ProbeTarget


class _Handler(AnyMethodHandler):
    server: _Server

    def answer(self) -> None:
        target = self.server.target
        self._read_body()
        target.seen.append(f"{self.command} {self.path}\n{self.headers.as_string()}")
        wanted = (self.headers.get("accept") or "").split(",")[0].split(";")[0].strip()
        status, media, body = 200, wanted if "json" in wanted else "", json.dumps(PROBE_ANSWER).encode()
        more: tuple[tuple[str, str], ...] = _REVEALING
        if target.answer == "broken":
            body = body[:-1]
        elif target.answer == "foreign":
            media = "text/html"
        elif target.answer == "elsewhere":
            status, more = 302, (("location", f"https://{OTHER}.example/"),)
        if not media:
            status, body = (204, b"") if status == 200 else (status, b"")
        lines = [f"HTTP/1.1 {status} Probe", *(f"{name}: {value}" for name, value in more)]
        if media:
            lines.append(f"content-type: {media}")
        if status != 204:
            lines.append(f"content-length: {len(body)}")
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + body)

    def _read_body(self) -> None:
        if (self.headers.get("transfer-encoding") or "").lower() == "chunked":
            while size := int(self.rfile.readline().strip() or b"0", 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("content-length") or 0))
