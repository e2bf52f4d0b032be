"""What this installation can say of itself, looked up where it is: credentials, heartbeats, endpoints, the ledger."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from easement.contract.kinds import EndpointTls
from easement.governance.operating import BusFacts
from easement.identity.credentials import CredentialError, CredentialStore
from easement.ledger.query import LedgerReader, Search
from easement.monitoring.expectations import read_expectations
from easement.runtime.layout import DataDirectory
from easement.store.heartbeat import read_heartbeat

_FRESH_MS: Final = 10_000
_PROBE_S: Final = 3.0
_PROBE_KEPT_S: Final = 15.0
_PROBES_KEPT: Final = 1_000
_COUNTED: Final = 1_000


@dataclass(slots=True)
class LocalOperating:
    """The evidence of one machine's installation. Answers of endpoints are kept for some seconds."""

    data: DataDirectory
    credentials: CredentialStore
    ledger: LedgerReader
    _probes: dict[tuple[str, EndpointTls], tuple[float, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def live_credentials(self, client: str, now: datetime) -> int:
        """How many credentials of a service account authenticate now."""
        return sum(each.is_live(now) for each in self.credentials.credentials(client))

    def end_credentials(self, client: str, *, actor: str, now: datetime) -> int:
        """Revoke every credential of a service account; says how many."""
        ended = 0
        for each in self.credentials.credentials(client):
            if not each.is_live(now):
                continue
            try:
                self.credentials.revoke(client, each.id, actor=actor, now=now)
            except CredentialError:  # somebody else was quicker: it is revoked
                continue
            ended += 1
        return ended

    def probe(self, url: str, tls: EndpointTls) -> str:
        """Try to connect as the gateway would: empty when it answers, else why not. No request is sent."""
        now = time.monotonic()
        with self._lock:
            known = self._probes.get((url, tls))
            if known is not None and now - known[0] < _PROBE_KEPT_S:
                return known[1]
        said = _connect(url, tls, self.data.certificates / "ca.pem")
        with self._lock:
            if len(self._probes) >= _PROBES_KEPT:
                self._probes.clear()
            self._probes[url, tls] = (now, said)
        return said

    def gateway_plan(self) -> str:
        """The hash of the plan that the gateway enforces; empty when it says nothing."""
        return str(self._beat("gateway").get("plan", ""))

    def bus(self) -> BusFacts | None:
        """What broker and relay say, or None when one of them says nothing."""
        broker, relay = self._beat("broker"), self._beat("relay")
        if not broker or not relay or not _is_counted(broker) or relay.get("plan") != broker.get("plan"):
            return None
        return BusFacts(
            plan=str(broker.get("streams_of_plan", "")),
            waiting={str(name): int(count) for name, count in dict(broker.get("waiting", {})).items()},
            retired=frozenset(map(str, broker.get("retired_streams", ()))),
            dead_letters={str(name): int(count) for name, count in dict(relay.get("dead_letters", {})).items()},
        )

    def watched(self) -> frozenset[str]:
        """Integrations that the monitor expects something of."""
        return frozenset(read_expectations(self.data.monitor))

    def served_since(self, integration: str, since: datetime) -> int:
        """How many transactions of an integration the ledger shows as served after a moment (at most 1,000)."""
        since_ms = int(since.timestamp() * 1000)
        return sum(
            len(
                self.ledger.search(
                    Search(integration=integration, since_ms=since_ms, status="success", kind=kind, limit=_COUNTED)
                ).found
            )
            for kind in ("request", "event")
        )

    def is_recorded(self, transaction_id: str) -> bool:
        """Whether the ledger shows a transaction."""
        return bool(transaction_id) and bool(self.ledger.trace(transaction_id))

    def _beat(self, role: str) -> dict[str, Any]:
        """The heartbeat of a role that has just said that it is ready; else nothing."""
        beat = read_heartbeat(self.data.run, role)
        if beat is None or not beat["ready"] or time.time_ns() // 1_000_000 - int(beat["time_ms"]) >= _FRESH_MS:
            return {}
        return beat


def _is_counted(broker: dict[str, Any]) -> bool:
    return broker.get("streams_of_plan") == broker.get("plan")


def _connect(url: str, tls: EndpointTls, authority: Path) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((host, port), timeout=_PROBE_S) as connection:
            if parts.scheme == "https":
                context = _context(tls, authority)
                context.wrap_socket(connection, server_hostname=tls.server_name or host).close()
    except ssl.SSLError as error:
        return f"its certificate or TLS is refused ({error.reason or type(error).__name__})"
    except (OSError, ValueError) as error:
        return f"it cannot be reached ({_words(error)})"
    return ""


def _context(tls: EndpointTls, authority: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    files: Iterable[Path] = () if tls.ca == "system" else (authority if tls.ca == "internal" else Path(tls.ca),)
    for file in files:
        context = ssl.create_default_context(cafile=file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _words(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else type(error).__name__
