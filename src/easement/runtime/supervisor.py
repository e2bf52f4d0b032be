"""The supervisor of ``easement up``: starts the roles in order, restarts what dies, stops all in reverse.

* Ledger and control plane first; when both are ready (their heartbeats say so) all others at once.
* A role that exits is started again after a pause that doubles from 0.5 s to 15 s. Ten seconds of life reset it: what
  doubles is the pause of a role that cannot stay up, not of one that was killed now and then.
* A role whose heartbeat stands still for 20 s is taken for hung: it is ended, and started again.
* SIGTERM and SIGINT drain: each role gets SIGTERM and 20 s, in reverse order of start.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from easement.runtime.layout import DataDirectory
from easement.runtime.settings import Settings
from easement.store.child_process import die_with_parent
from easement.store.heartbeat import read_heartbeat

_log = structlog.get_logger()

ROLES: Final = ("ledger", "control", "broker", "decider", "gateway", "relay", "monitor")
_FIRST: Final = frozenset({"ledger", "control"})
"""The others need keys, certificates and a plan, which the control plane makes; the ledger stops last."""
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 15.0
_STABLE_S: Final = 10.0
_HUNG_S: Final = 20.0
_READY_S: Final = 45.0
_DRAIN_S: Final = 20.0


@dataclass(slots=True)
class RoleProcess:
    """One role under supervision."""

    role: str
    process: asyncio.subprocess.Process | None = None
    started: float = 0.0
    restarts: int = 0
    pause_s: float = _FIRST_PAUSE_S


@dataclass(slots=True)
class Supervisor:
    """Runs the roles until :attr:`stop` is set. ``on_ready`` is called once, when all roles are ready."""

    settings: Settings
    roles: Sequence[str] = ROLES
    on_ready: Callable[[], None] | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    _processes: dict[str, RoleProcess] = field(default_factory=dict)

    @property
    def data(self) -> DataDirectory:
        """Where everything lies."""
        return DataDirectory(self.settings.data)

    async def run(self) -> None:
        """Start, watch and stop the roles. Raises ``RuntimeError`` when a role never becomes ready at the start."""
        watchers: list[asyncio.Task[None]] = []
        try:
            for wave in (_FIRST, frozenset(self.roles) - _FIRST):
                if self.stop.is_set():
                    break
                for role in (role for role in self.roles if role in wave):
                    (self.data.run / f"{role}.json").unlink(missing_ok=True)
                    entry = self._processes[role] = RoleProcess(role)
                    await self._start(entry)
                    watchers.append(asyncio.create_task(self._watch(entry), name=f"watch-{role}"))
                for role in (role for role in self.roles if role in wave):
                    await self._until_ready(role)
            if not self.stop.is_set():
                _log.info("supervisor.ready", roles=list(self.roles))
                if self.on_ready:
                    self.on_ready()
            await self.stop.wait()
        finally:
            self.stop.set()
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)
            await self._stop_all()

    async def _start(self, entry: RoleProcess) -> None:
        log = await asyncio.to_thread(_open_log, self.data.logs / f"{entry.role}.log")
        environment = {**os.environ, **self.settings.as_environment()}
        try:
            entry.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "easement", "serve", entry.role,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip
        finally:
            os.close(log)
        entry.started = time.monotonic()
        _log.info("supervisor.started", role=entry.role, pid=entry.process.pid)

    async def _watch(self, entry: RoleProcess) -> None:
        while not self.stop.is_set():
            process = entry.process
            if process is None:
                return
            code = await self._until_exit_or_hung(entry, process)
            if self.stop.is_set():
                return
            if time.monotonic() - entry.started > _STABLE_S:
                entry.pause_s = _FIRST_PAUSE_S
            _log.error("supervisor.role_died", role=entry.role, exit_code=code, restart_in_s=entry.pause_s)
            await asyncio.sleep(entry.pause_s)
            entry.pause_s = min(entry.pause_s * 2, _LONGEST_PAUSE_S)
            entry.restarts += 1
            await self._start_again(entry)

    async def _start_again(self, entry: RoleProcess) -> None:
        """A machine that is short of memory, processes or disk gets time, not a role that is gone for good."""
        while True:
            try:
                await self._start(entry)
            except OSError as error:
                _log.error("supervisor.start_failed", role=entry.role, error=str(error), retry_in_s=_LONGEST_PAUSE_S)
                await asyncio.sleep(_LONGEST_PAUSE_S)
            else:
                return

    async def _until_exit_or_hung(self, entry: RoleProcess, process: asyncio.subprocess.Process) -> int:
        while True:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(process.wait()), 2)
            beat = await asyncio.to_thread(read_heartbeat, self.data.run, entry.role)
            if beat is None or beat["pid"] != process.pid or time.monotonic() - entry.started < _HUNG_S:
                continue
            if time.time() - beat["time_ms"] / 1000 > _HUNG_S:
                _log.error("supervisor.role_hung", role=entry.role, pid=process.pid)
                process.kill()

    async def _until_ready(self, role: str) -> None:
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline and not self.stop.is_set():
            beat = await asyncio.to_thread(read_heartbeat, self.data.run, role)
            if beat and beat["ready"]:
                return
            await asyncio.sleep(0.05)
        if not self.stop.is_set():
            raise RuntimeError(f"{role} did not become ready in {_READY_S:.0f} s; see {self.data.logs / role}.log")

    async def _stop_all(self) -> None:
        for entry in reversed(list(self._processes.values())):
            process = entry.process
            if process is None or process.returncode is not None:
                continue
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _DRAIN_S)
            except TimeoutError:
                _log.warning("supervisor.role_killed", role=entry.role, pid=process.pid)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set ``stop`` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def _open_log(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
