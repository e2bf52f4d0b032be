"""What ends, and when: client secrets, API keys, and the certificates of this installation, the soonest first.

A credential that has a younger live one beside it is replaced: its end is meant, and nobody has to act. Client
certificates are not in the list: they are issued for hours to days and kept by nobody here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from easement.identity.credentials import Credential

CERTIFICATE: Final = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """One thing that ends. ``kind`` is ``secret``, ``api-key`` or ``certificate``; ``name`` is a system or a file.

    ``is_replaced``: nobody has to act, for a younger one lives already, or it is renewed by itself in time.
    """

    kind: str
    name: str
    id: str
    expires: datetime
    is_replaced: bool


def credential_expiries(live: Iterable[Credential]) -> Iterator[Expiry]:
    """Of live credentials, newest first for each client: all but the newest of a kind are replaced."""
    seen: set[tuple[str, str]] = set()
    for one in live:
        if one.expires is None:
            continue
        key = (one.kind, one.client_id)
        yield Expiry(kind=one.kind, name=one.client_id, id=one.id, expires=one.expires, is_replaced=key in seen)
        seen.add(key)


def certificate_expiries(folder: Path, now: datetime) -> Iterator[Expiry]:
    """Of each certificate in the ``.pem`` files of ``folder``, by the name in it. One that cannot be read is left out.

    They are renewed by themselves when a third of their life remains: one that has less than a quarter was not, and
    somebody must look.
    """
    found: dict[str, Expiry] = {}
    for path in sorted(folder.glob("*.pem")):
        try:
            chain = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError):
            continue
        for certificate in chain:
            name = certificate.subject.rfc4514_string()
            serial = f"{certificate.serial_number:x}"
            end = certificate.not_valid_after_utc
            is_in_time = (end - now) > (end - certificate.not_valid_before_utc) / 4
            found[serial] = Expiry(kind=CERTIFICATE, name=name, id=serial, expires=end, is_replaced=is_in_time)
    yield from found.values()


def in_order(expiries: Iterable[Expiry]) -> list[Expiry]:
    """The soonest first."""
    return sorted(expiries, key=lambda one: (one.expires, one.kind, one.name, one.id))


def expiry_metrics(expiries: Iterable[Expiry]) -> bytes:
    """``easement_expiry_timestamp_seconds`` in the Prometheus text format, of the youngest of each."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ends(expiries))
    return generate_latest(registry)


class _Ends(Collector):
    def __init__(self, expiries: Iterable[Expiry]) -> None:
        self._expiries = expiries

    def collect(self) -> Iterator[Metric]:
        """One gauge for each kind and name: the latest end of what lives."""
        family = GaugeMetricFamily(
            "easement_expiry_timestamp_seconds",
            "When the youngest client secret, API key or certificate of that name ends.",
            labels=["kind", "name"],
        )
        latest: dict[tuple[str, str], float] = {}
        for one in self._expiries:
            key = (one.kind, one.name)
            latest[key] = max(one.expires.timestamp(), latest.get(key, 0))
        for key, moment in sorted(latest.items()):
            family.add_metric(key, moment)
        yield family
