"""Where things lie in the data directory. Secrets are in ``keys``; each process owns its folder below ``run``."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PRIVATE_UMASK: Final = 0o077
"""For every process of an installation: what it, and an engine it starts, writes is for this user only."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The data directory and the paths in it. Nothing here touches the disk except :meth:`create`."""

    root: Path

    def create(self) -> None:
        """Make the folders, readable by this user only; ours are closed again where somebody opened them.

        The root stays as it is when it was there before: it may be a place that others use. Raises ``OSError`` when it
        is not writable.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.keys, self.certificates, self.gateway, self.broker, self.spool, self.ledger,
                       self.monitor, self.logs, self.run):  # fmt: skip
            folder.mkdir(mode=0o700, exist_ok=True)
            if stat.S_IMODE(folder.stat().st_mode) & _OTHERS:
                folder.chmod(0o700)

    @property
    def database(self) -> Path:
        """The control plane's SQLite file."""
        return self.root / "control.db"

    @property
    def keys(self) -> Path:
        """Private keys and tokens of the installation itself."""
        return self.root / "keys"

    @property
    def node_token(self) -> Path:
        """The bearer token with which the node agents fetch the plan."""
        return self.keys / "node.token"

    @property
    def certificates(self) -> Path:
        """``ca.pem`` and a ``NAME.pem`` / ``NAME.key`` pair for each server: gateway, broker, relay."""
        return self.root / "certificates"

    @property
    def gateway(self) -> Path:
        """Envoy's files, the last good plan and the access log."""
        return self.root / "gateway"

    @property
    def broker(self) -> Path:
        """The NATS configuration and store."""
        return self.root / "broker"

    @property
    def spool(self) -> Path:
        """Records on their way to the ledger, a folder for each recorder."""
        return self.root / "spool"

    @property
    def ledger(self) -> Path:
        """Hot store, segments and checkpoints."""
        return self.root / "ledger"

    @property
    def monitor(self) -> Path:
        """Measurements."""
        return self.root / "monitor"

    @property
    def logs(self) -> Path:
        """One log file for each process."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Heartbeats of the running processes: ``ROLE.json``."""
        return self.root / "run"

    @property
    def first_sign_in(self) -> Path:
        """The administrator's first sign-in link, until it has been printed."""
        return self.run / "first-sign-in"
