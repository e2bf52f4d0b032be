"""Names and small parts that requests and events share: parties, audiences, scopes, limits, endpoints."""

from __future__ import annotations

from math import ceil
from typing import Final
from urllib.parse import urlsplit

from easement.contract.kinds import Endpoint, Integration, System
from easement.contract.values import Rate
from easement.estate.model import Estate
from easement.plan.model import Limit, OutsideIdentity, Party, Upstream, UpstreamCredential

DEFAULT_RECORD_DAYS: Final = 400
"""PCI DSS 4.0.1 10.5.1 asks for twelve months of audit trail; a month of margin lets a yearly review finish."""


def audience_of(interface: str) -> str:
    """The token audience of one interface (RFC 9068 §3)."""
    return f"urn:easement:interface:{interface}"


def operation_scope(interface: str, operation: str) -> str:
    """The scope of one operation, where the contract names none."""
    return f"{interface}:{operation}"


def publish_scope(interface: str, channel: str) -> str:
    """The scope to publish on one channel."""
    return f"{interface}:{channel}:publish"


def consume_scope(interface: str, channel: str) -> str:
    """The scope to receive one channel, where the contract names none."""
    return f"{interface}:{channel}:consume"


def party_of(estate: Estate, integration: Integration) -> Party:
    """Who and what an audit record of this integration names."""
    registration = estate.registrations[integration.metadata.name]
    records = integration.spec.retention.records
    days = max(1, ceil(records.seconds / 86400)) if records else DEFAULT_RECORD_DAYS
    return Party(
        integration=integration.metadata.name,
        integration_id=registration.id,
        revision=registration.revision,
        source=integration.spec.source,
        target=integration.spec.target,
        retention_class=f"d{days}",
    )


def outside_identity(system: System) -> OutsideIdentity | None:
    """By which tokens of another issuer a system is known; None where its tokens are ours."""
    told = system.spec.identity
    if told is None:
        return None
    return OutsideIdentity(
        issuer=told.issuer, jwks=told.jwks, audience=told.audience, claim=told.claim, value=told.value, ca=told.ca
    )


def limit_of(rate: Rate | None, burst: int | None) -> Limit | None:
    """A rate as a token bucket that never lets more than the declared count pass in one of its units."""
    if rate is None:
        return None
    if rate.count < 1:  # one in several units: stretch the interval rather than round to zero
        return Limit(tokens=1, interval_ms=round(rate.per_seconds * 1000 / rate.count), burst=burst or 1)
    tokens = int(rate.count)
    return Limit(tokens=tokens, interval_ms=rate.per_seconds * 1000, burst=burst or tokens)


def endpoint_of(system: System, environment: str) -> Endpoint | None:
    """The endpoint for an environment: its own, else ``production``, else the only one there is."""
    endpoints = system.spec.endpoints
    if environment in endpoints:
        return endpoints[environment]
    if "production" in endpoints:
        return endpoints["production"]
    return next(iter(endpoints.values())) if len(endpoints) == 1 else None


def upstream_of(system: System, endpoint: Endpoint) -> Upstream:
    """A system's endpoint with the load that its declared capacity bears (Little's law, doubled for bursts)."""
    parts = urlsplit(endpoint.url)
    tls = parts.scheme == "https"
    capacity = system.spec.capacity
    requests = 1024
    if capacity.throughput is not None:
        p95 = capacity.latency.p95.seconds if capacity.latency.p95 else 1.0
        requests = max(64, ceil(capacity.throughput.per_second * p95 * 2))
    return Upstream(
        name=system.metadata.name,
        host=parts.hostname or "",
        port=parts.port or (443 if tls else 80),
        tls=tls,
        server_name=endpoint.tls.server_name or parts.hostname or "",
        ca=endpoint.tls.ca,
        base_path=parts.path.rstrip("/"),
        max_connections=requests,
        max_pending_requests=requests,
        max_requests=requests,
        connect_timeout_ms=2000,
        tls_minimum=endpoint.tls.minimum,
        credential=_credential_of(endpoint),
        shows_certificate=tls and endpoint.tls.client_certificate,
    )


def _credential_of(endpoint: Endpoint) -> UpstreamCredential | None:
    told = endpoint.credential
    if told is None:
        return None
    return UpstreamCredential(header=told.header.lower(), prefix=told.prefix, secret=told.secret)
