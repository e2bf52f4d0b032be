"""The control role: API, OAuth 2.0 server and console on a loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import Final

import structlog
import uvicorn

from easement.runtime.bootstrap import ControlPlane, build_control_plane
from easement.runtime.change_notices import carry_changes_on
from easement.runtime.settings import Settings
from easement.store.heartbeat import Heartbeat

_log = structlog.get_logger()
_TEND_EVERY_S: Final = 30.0


class _Server(uvicorn.Server):
    """Signals are the role's business, not the server's."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """Leave the signal handlers alone."""
        yield


async def run_control(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set, then let running requests end."""
    plane = await asyncio.to_thread(build_control_plane, settings)
    try:
        await asyncio.to_thread(plane.tend, datetime.now(UTC))
        server = _Server(
            uvicorn.Config(
                plane.app,
                host="127.0.0.1",
                port=settings.console_port,
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=10,
                timeout_keep_alive=75,
            )
        )
        serving = asyncio.create_task(server.serve())
        tending = asyncio.create_task(_tend(plane, stop))
        changing = asyncio.create_task(carry_changes_on(plane.registry, plane.office, plane.ledger, stop))
        beat = Heartbeat(plane.data.run, "control")
        while not stop.is_set() and not serving.done():
            await asyncio.to_thread(beat.beat, ready=server.started)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.1 if not server.started else 1.0)
        server.should_exit = True
        for task in (tending, changing):
            task.cancel()
        await asyncio.gather(serving, tending, changing, return_exceptions=True)
        if not stop.is_set():
            raise RuntimeError(
                f"the control plane stopped serving; is port {settings.console_port} taken? Set EASEMENT_CONSOLE_PORT"
            )
    finally:
        plane.close()


async def _tend(plane: ControlPlane, stop: asyncio.Event) -> None:
    last = time.monotonic()
    while not stop.is_set():
        await asyncio.sleep(1.0)
        if time.monotonic() - last < _TEND_EVERY_S:
            continue
        last = time.monotonic()
        try:
            await asyncio.to_thread(plane.tend, datetime.now(UTC))
        except Exception:  # noqa: BLE001 - keys and plan stay as they are, and it is tried again
            _log.exception("control.tend_failed")
