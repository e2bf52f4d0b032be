"""``easement up``: check what can be checked before anything starts, then supervise."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from easement.runtime.layout import PRIVATE_UMASK, DataDirectory
from easement.runtime.ports import occupied_ports
from easement.runtime.roles import issuer_of
from easement.runtime.settings import Settings
from easement.runtime.supervisor import ROLES, Supervisor, stop_on_signals


class StartRefused(Exception):  # noqa: N818 - it reads as what happened
    """Nothing was started. ``reasons`` are sentences, each with what to do."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


async def run_up(
    settings: Settings,
    *,
    say: Callable[[str], None],
    roles: Sequence[str] = ROLES,
    on_ready: Callable[[], None] | None = None,
) -> None:
    """Run every role until SIGTERM or SIGINT. Raises :class:`StartRefused` when the start is hopeless."""
    settings = settings.model_copy(update={"data": settings.data.resolve()})
    data = DataDirectory(settings.data)
    os.umask(PRIVATE_UMASK)
    lock = _take_data_directory(data)
    try:
        if taken := occupied_ports(settings):
            raise StartRefused(taken)

        def ready() -> None:
            say(_greeting(settings, data))
            if on_ready:
                on_ready()

        supervisor = Supervisor(settings=settings, roles=roles, on_ready=ready)
        stop_on_signals(supervisor.stop)
        await supervisor.run()
    finally:
        os.close(lock)


def _take_data_directory(data: DataDirectory) -> int:
    try:
        data.create()
        lock = os.open(data.run / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StartRefused(
            [f"cannot write to the data directory {data.root} ({error.strerror}); set EASEMENT_DATA to a writable one"]
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StartRefused([f"easement up already runs on {data.root}; stop it, or set EASEMENT_DATA"]) from error
    return lock


def _greeting(settings: Settings, data: DataDirectory) -> str:
    lines = [
        "Easement is ready.",
        f"  gateway   https://{settings.public_host}:{settings.gateway_port}",
        f"  OAuth     {issuer_of(settings)}/oauth/token",
        f"  broker    tls://{settings.public_host}:{settings.broker_port}",
        f"  console   http://127.0.0.1:{settings.console_port}",
        f"  CA file   {data.certificates / 'ca.pem'}",
    ]
    if link := _first_link(data.first_sign_in):
        lines.append(f"  Sign in once as administrator, within 15 minutes: {link}")
    else:
        lines.append("  Sign in: easement person link NAME")
    return "\n".join(lines)


def _first_link(path: Path) -> str:
    try:
        link = path.read_text().strip()
    except FileNotFoundError:
        return ""
    path.unlink()
    return link
