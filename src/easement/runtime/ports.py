"""Which ports a start needs, and whether they are free: said before anything is started, with the setting to change."""

from __future__ import annotations

import errno
import socket
from typing import Final

from easement.runtime.settings import Settings

_PORT_SETTINGS: Final = {
    "gateway_port": "gateway",
    "control_port": "control plane",
    "console_port": "control plane on loopback",
    "broker_port": "broker",
    "broker_monitor_port": "broker monitoring",
    "decider_port": "decider",
    "gateway_admin_port": "gateway administration",
}
_ON_HOST: Final = frozenset({"gateway_port", "control_port", "broker_port"})


def occupied_ports(settings: Settings) -> list[str]:
    """One sentence for each port that cannot be had, and for each that two settings claim; empty when all are free."""
    claimed: dict[int, str] = {}
    problems: list[str] = []
    for name, purpose in _PORT_SETTINGS.items():
        port = getattr(settings, name)
        variable = f"EASEMENT_{name.upper()}"
        if port in claimed:
            problems.append(f"port {port} is set twice: by {claimed[port]} and {variable}")
            continue
        claimed[port] = variable
        host = settings.host if name in _ON_HOST else "127.0.0.1"
        if reason := _why_not(host, port):
            problems.append(f"port {port} for the {purpose} {reason}; set {variable} to a free port")
    return problems


def _why_not(host: str, port: int) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken by another process"
            return f"cannot be used on {host} ({error.strerror})"
    return ""
