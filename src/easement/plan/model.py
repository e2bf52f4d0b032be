"""The plan: the whole estate compiled into what may pass. No word of any gateway or broker product is in it.

* Everything here is a value; a plan is named by the hash of its canonical JSON (:mod:`easement.plan.codec`).
* Deny by default: a route without grants refuses everybody; what has no route does not exist.
* What could not be compiled is left out of routes and deliveries and carries a condition that says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from easement.interfaces.shape import Projection, ShapeSet


class CostClass(StrEnum):
    """What one call of an operation costs the gateway, in rising order."""

    NATIVE = "native"
    BODY = "body"
    DECISION = "decision"
    INSPECTION = "inspection"


class ConditionType(StrEnum):
    """Accepted: valid and approved. ResolvedRefs: everything it names exists. Programmed: it is enforced."""

    ACCEPTED = "Accepted"
    RESOLVED_REFS = "ResolvedRefs"
    PROGRAMMED = "Programmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One statement about a compiled object. ``reason`` is a CamelCase word, ``message`` a sentence."""

    type: ConditionType
    status: bool
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStatus:
    """The conditions of one integration."""

    integration: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Which contract a grant or delivery comes from; copied into each audit record."""

    integration: str
    integration_id: str
    revision: str
    source: str
    target: str
    retention_class: str
    """How long its records are kept: ``d400`` is 400 days."""


API_KEY: Final = "api-key"
"""Authentication by a key in the header ``X-API-Key``."""
BOUND: Final = "oauth2+mtls"
"""Authentication by an access token that is bound to the client certificate of its bearer (RFC 8705)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The service account of a source or target system: what its tokens may contain, from its grants only."""

    client_id: str
    system: str
    scopes: tuple[str, ...]
    audiences: tuple[str, ...]
    attributes: Mapping[str, str]
    authentication: tuple[str, ...]
    """Methods the contracts ask for: ``oauth2``, ``oauth2+mtls``, ``mtls``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamCredential:
    """What an upstream is shown: ``header: prefix secret``. ``secret`` is a reference, never a value."""

    header: str
    prefix: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where requests go. ``base_path`` has no trailing slash; ``ca`` is ``system``, ``internal`` or a PEM path.

    ``tls_minimum`` is the lowest version of TLS that is spoken: ``1.2`` or ``1.3``.
    """

    name: str
    host: str
    port: int
    tls: bool
    server_name: str
    ca: str
    base_path: str
    max_connections: int
    max_pending_requests: int
    max_requests: int
    connect_timeout_ms: int
    tls_minimum: str = "1.2"
    credential: UpstreamCredential | None = None
    shows_certificate: bool = False
    """Whether the gateway shows its own certificate in the handshake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A token bucket: ``tokens`` are added each ``interval_ms``; ``burst`` fit into it."""

    tokens: int
    interval_ms: int
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRule:
    """One declared parameter, checked as text against ``shape`` (numbers and booleans are parsed first)."""

    name: str
    location: Literal["path", "query", "header"]
    required: bool
    shape: ShapeSet
    array: Literal["", "repeat", "comma", "space", "pipe"] = ""
    """How several values are written: ``a=1&a=2``, ``a=1,2`` ... ; empty for a single value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedParameter:
    """One declared parameter as the decider checks it: read by its style, then held against the whole ``schema``."""

    name: str
    location: Literal["path", "query", "header", "cookie"]
    required: bool
    style: str
    """A style of OpenAPI (3.1.1 §4.8.12.3), or ``content``: a document of type ``media``."""
    explode: bool
    media: str
    shape: ShapeSet
    """Which types stand at each place, so that a text is read as the right one."""
    schema: Mapping[str, Any] | bool


INSPECTED_BODY_LIMIT: Final = 1_048_576
"""Bytes of a body that inspection reads; contracts that allow more cannot be inspected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRules:
    """The rules by which requests are inspected: which version, and the digest of their files.

    ``problem`` says why there are none; then no contract that asks for inspection is programmed.
    """

    version: str = ""
    digest: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionExclusion:
    """What of the rules does not count for one operation.

    It is a rule by its id, everywhere or for one argument, or all rules with a tag for one argument. Arguments go by
    the names that rules use: ``json.note``, or the name of a parameter.
    """

    rule: int = 0
    tag: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """How requests of one grant are inspected. ``detect`` records what it finds and lets it pass."""

    mode: Literal["detect", "block"]
    paranoia: int
    exclusions: tuple[InspectionExclusion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideIdentity:
    """By which tokens of another issuer a client is known. ``ca`` is as in :class:`Upstream`."""

    issuer: str
    jwks: str
    audience: str
    claim: str
    value: str
    ca: str

    @property
    def provider(self) -> str:
        """Issuer, keys and trust as one name: tokens that differ in any of these never stand for each other."""
        content = f"{self.issuer} {self.jwks} {self.ca}"
        return "outside-" + hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestGrant:
    """The right of one client to call one operation, with what it may see of the answer."""

    id: str
    """``INTEGRATION.OPERATION``"""
    party: Party
    client_id: str
    scopes: tuple[str, ...]
    audience: str
    authentication: str
    limit: Limit | None
    """Over all operations of the integration."""
    projection: Projection
    access: str = ""
    """CEL over ``principal`` (token claims), ``request`` and ``resource`` (what the target answers), or empty."""
    inspection: Inspection | None = None
    outside: OutsideIdentity | None = None
    """Set where the client has its tokens from another issuer: then no token of ours stands for it."""
    operation_limit: Limit | None = None
    """Of this operation alone, beside ``limit``."""
    resource_at: str = ""
    """Where in an answer the ``resource`` of ``access`` is: a dotted path, empty for the whole answer."""
    daily_quota: int = 0
    """Calls of a day (UTC) over all operations of the integration; 0 for no quota."""

    @property
    def integration(self) -> str:
        """The name of its integration. A route has one grant of each at most."""
        return grant_owner(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation of one interface version as the gateway serves it."""

    id: str
    """``INTERFACE@MAJOR.OPERATION``"""
    interface: str
    version: str
    operation: str
    method: str
    prefix: str
    """``/INTERFACE/vMAJOR``: what the gateway strips before it forwards."""
    path: str
    """Path template below the prefix, such as ``/orders/{orderId}``."""
    upstream: str
    cost: CostClass
    timeout_ms: int
    retries: int
    max_body_bytes: int
    body_required: bool
    content_types: tuple[str, ...]
    body: ShapeSet | None
    body_schema: Mapping[str, Any] | bool | None
    """The full schema, for the decider, only where ``cost`` is ``decision``."""
    parameters: tuple[ParameterRule, ...]
    open_query: bool
    """Whether query parameters without a rule pass the runtime: only where the decider knows them all."""
    grants: tuple[RequestGrant, ...]
    answer_types: tuple[str, ...] = ()
    """JSON media types of the declared successful answers: what the target is asked for, for no other kind passes."""
    decided: tuple[DecidedParameter, ...] = ()
    """Every declared parameter, for the decider, only where one of them asks more than a rule can say."""

    @property
    def interface_key(self) -> str:
        """``INTERFACE@MAJOR``."""
        return interface_of(self.id)

    @property
    def needs_decision(self) -> bool:
        """Whether the decider holds its body or parameters against whole schemas."""
        return self.body_schema is not None or bool(self.decided)

    @property
    def is_inspected(self) -> bool:
        """Whether requests of some grant are inspected."""
        return any(grant.inspection is not None for grant in self.grants)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishGrant:
    """The right of one client to publish to one channel."""

    client_id: str
    scopes: tuple[str, ...]
    audience: str
    authentication: str
    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlan:
    """One event channel: who may publish, and what a message must look like."""

    id: str
    """``INTERFACE@MAJOR.CHANNEL``"""
    interface: str
    version: str
    channel: str
    schema: Mapping[str, Any] | bool
    content_type: str
    max_message_bytes: int
    max_age_ms: int
    ordering_key: str
    publishers: tuple[PublishGrant, ...]

    @property
    def interface_key(self) -> str:
        """``INTERFACE@MAJOR``."""
        return interface_of(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When a failed delivery is tried again."""

    attempts: int
    initial_ms: int
    maximum_ms: int
    exponential: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget:
    """Where events are posted. ``secret`` is a reference, never a value."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One channel to one target under one contract."""

    id: str
    """``INTEGRATION.CHANNEL``"""
    party: Party
    channel_id: str
    channel: str
    client_id: str
    """The account of the target, which may consume."""
    scopes: tuple[str, ...]
    audience: str
    projection: Projection
    webhook: WebhookTarget | None
    retry: RetryPolicy
    dead_letter_ms: int
    dead_letter_owner: str
    max_age_ms: int
    max_per_second: float
    """0 when the contract sets no limit."""
    encryption_key: Mapping[str, Any] | None
    """Public JWK to seal the payload to, or None for clear payloads."""
    authentication: str = ""
    """How the target proves itself: ``oauth2``, ``oauth2+mtls``, ``mtls``. Empty: as the publishers of its contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What callers of an interface version are told: that it is deprecated, when it ends, or that it has ended."""

    interface: str
    """``INTERFACE@MAJOR``"""
    deprecated: datetime | None
    sunset: datetime | None
    successor: str
    """``INTERFACE@MAJOR`` of what replaces it, or empty."""
    link: str
    """Where people read about it, or empty."""
    gone: bool
    """Whether it has ended: nothing of it is forwarded or taken any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that may pass. All tuples are sorted by id, so equal estates give equal plans."""

    environment: str
    accounts: tuple[Account, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    routes: tuple[Route, ...] = ()
    channels: tuple[ChannelPlan, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    statuses: tuple[ObjectStatus, ...] = ()
    notices: tuple[Notice, ...] = ()
    removals: tuple[str, ...] = ()
    """Integrations that were decommissioned: whatever the bus still keeps of them goes."""
    inspection: InspectionRules | None = None
    """The rules that were there when this was compiled; None where nothing is inspected."""


def grant_id(integration: str, operation: str) -> str:
    """The id of a grant."""
    return f"{integration}.{operation}"


def grant_owner(identifier: str) -> str:
    """The integration of a grant's id."""
    return identifier.partition(".")[0]


def interface_of(identifier: str) -> str:
    """``INTERFACE@MAJOR`` of a route's or channel's id."""
    return identifier.partition(".")[0]
