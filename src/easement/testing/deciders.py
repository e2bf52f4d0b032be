"""A decider for tests: the real application under a plan made by hand, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType
from typing import Final, Self

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from easement.gateway.decider import DeciderApplication
from easement.plan.model import Plan
from easement.testing.gateways import free_port, is_open

_START_S: Final = 20.0


class DeciderSimulator:
    """Use as a context manager. ``stop`` ends it early, as a crash would."""

    def __init__(self, plan: Plan) -> None:
        self.port = free_port()
        self.application = DeciderApplication()
        self.application.take(plan)
        self._server: Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: uvloop.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        end = time.monotonic() + _START_S
        while not is_open(self.port):
            if time.monotonic() > end or not self._thread.is_alive():
                raise RuntimeError("the decider does not start")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        if self._server is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._server.stop)
            self._loop = None
        self._thread.join(_START_S)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = Server(
            self.application,
            address="127.0.0.1",
            port=self.port,
            interface=Interfaces.RSGI,
            websockets=False,
            log_enabled=False,
        )
        await self._server.serve()
