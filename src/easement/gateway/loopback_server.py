"""A small HTTP server on loopback that takes any method: what probes and simulated targets are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class LoopbackServer(ThreadingHTTPServer):
    """A thread for each connection, none of which keeps the process alive."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that went away is no fault of this server."""

    def begin(self, name: str) -> Thread:
        """Serve in a thread of its own; :meth:`end` ends it."""
        thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, name=name, daemon=True)
        thread.start()
        return thread

    def end(self, thread: Thread) -> None:
        """Stop serving, and wait until it has."""
        self.shutdown()
        self.server_close()
        thread.join(5)


class AnyMethodHandler(BaseHTTPRequestHandler, ABC):
    """Answers every method by :meth:`answer`, over connections that stay open, and keeps no log."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        """As the base class, and any method is known."""
        if not super().parse_request():
            return False
        setattr(self, f"do_{self.command}", self.answer)
        return True

    @abstractmethod
    def answer(self) -> None:
        """Read the request and write the answer."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter is the library's
        """Keep quiet."""
