"""A target that may answer anything at all: bytes on a socket, or nothing. It can be taken down and up again."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

Behaviour = Callable[[socket.socket], None]
_READ: Final = 65536


def http_answer(body: bytes = b"{}", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """The one HTTP/1.1 response of a connection; JSON unless ``headers`` name another type.

    ``length`` is what it says of its body.
    """
    lines = [f"HTTP/1.1 {status}", "connection: close", *headers]
    if not any(line.lower().startswith("content-type:") for line in headers):
        lines.append("content-type: application/json")
    lines.append(f"content-length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says(data: bytes) -> Behaviour:
    """Answer with these bytes and hang up."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(data)

    return behave


class HostileUpstream:
    """Listens on ``port`` of 127.0.0.1 inside a ``with`` block. ``behaviour`` gets the socket after a request's head.

    ``asked`` counts requests. :meth:`down` refuses connections until :meth:`up`.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.behaviour: Behaviour = says(http_answer())
        self.asked = 0
        self._listener: socket.socket | None = None

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> None:
        """Begin to listen."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections from now on."""
        if self._listener is None:
            return
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                data = connection.recv(_READ)
                if not data:
                    return
                head += data
            self.asked += 1
            self.behaviour(connection)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(_READ):
                continue
