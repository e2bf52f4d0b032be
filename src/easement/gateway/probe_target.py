"""Where the probe-safe copy of a route ends: a server on loopback that stands for every target.

It answers as it is told, remembers what reached it, and holds nothing of anybody's.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

from easement.gateway.control_cases import OTHER, UNDECLARED

_JSON: Final = "application/json"
_REVEALING: Final = (("x-powered-by", "easement-probe"), ("set-cookie", "probe=1"), ("server", "easement-probe"))


@dataclass(slots=True)
class ProbeTarget:
    """Use as a context manager. ``answer`` is how it behaves; ``seen`` is what has reached it, as text."""

    answer: str = "fields"
    seen: list[str] = field(default_factory=list)
    _server: _Server = field(init=False, repr=False)
    _thread: threading.Thread = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.target = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="probe-target", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        port: int = self._server.server_address[1]
        return port


class _Server(ThreadingHTTPServer):
    target: ProbeTarget
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that broke off is the gateway's business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def parse_request(self) -> bool:
        """Take any method."""
        if not super().parse_request():
            return False
        setattr(self, f"do_{self.command}", self._answer)
        return True

    def _answer(self) -> None:
        target = self.server.target
        self._read_body()
        target.seen.append(f"{self.command} {self.path}\n{self.headers.as_string()}")
        wanted = (self.headers.get("accept") or "").split(",")[0].split(";")[0].strip()
        status, media, body = 200, wanted if "json" in wanted else "", f'{{"{UNDECLARED}": "probe"}}'.encode()
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

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter is the library's
        """Keep quiet."""
