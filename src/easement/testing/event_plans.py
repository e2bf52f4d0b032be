"""Plans for events, made by hand: for tests of the broker and of whatever follows a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from easement.interfaces.shape import Projection
from easement.plan.model import (
    Account,
    ChannelPlan,
    Delivery,
    Party,
    Plan,
    PublishGrant,
    RetryPolicy,
    WebhookTarget,
)

ORDER_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["orderId", "lines"],
    "additionalProperties": False,
    "properties": {
        "orderId": {"type": "string", "maxLength": 64},
        "note": {"type": "string"},
        "customer": {"type": "object", "properties": {"email": {"type": "string"}, "name": {"type": "string"}}},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["sku", "quantity"],
                "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}},
            },
        },
    },
}
WITHOUT_CUSTOMER: Final[Projection] = {"orderId": "clear", "lines": {"sku": "clear", "quantity": "clear"}}
WITH_EMAIL_HASH: Final[Projection] = {"orderId": "clear", "customer": {"email": "hash"}}
DEFAULT_RETRY: Final = RetryPolicy(attempts=3, initial_ms=100, maximum_ms=1000, exponential=True)
_DAY_MS: Final = 86_400_000


def party(integration: str, source: str, target: str) -> Party:
    """A party with a made-up id and revision."""
    return Party(
        integration=integration,
        integration_id="INT-0001",
        revision="0" * 64,
        source=source,
        target=target,
        retention_class="d400",
    )


def delivery(
    integration: str,
    *,
    source: str,
    target: str,
    interface: str = "orders-events",
    channel: str = "orderPlaced",
    projection: Projection = WITHOUT_CUSTOMER,
    webhook: WebhookTarget | None = None,
    retry: RetryPolicy = DEFAULT_RETRY,
    encryption_key: Mapping[str, Any] | None = None,
    max_per_second: float = 0.0,
    authentication: str = "",
) -> Delivery:
    """One channel to one target, which proves itself as the publishers do unless told."""
    return Delivery(
        id=f"{integration}.{channel}",
        party=party(integration, source, target),
        channel_id=f"{interface}@1.{channel}",
        channel=channel,
        client_id=target,
        scopes=(f"{interface}:{channel}:consume",),
        audience=f"urn:easement:interface:{interface}",
        projection=projection,
        webhook=webhook,
        retry=retry,
        dead_letter_ms=14 * _DAY_MS,
        dead_letter_owner="logistics",
        max_age_ms=7 * _DAY_MS,
        max_per_second=max_per_second,
        encryption_key=encryption_key,
        authentication=authentication,
    )


def channel(
    deliveries: Sequence[Delivery],
    *,
    interface: str = "orders-events",
    name: str = "orderPlaced",
    schema: Mapping[str, Any] | bool = ORDER_SCHEMA,
    authentication: str = "oauth2",
    max_message_bytes: int = 65_536,
    ordering_key: str = "",
) -> ChannelPlan:
    """The channel of ``deliveries``, published by their sources."""
    sources = sorted({item.party.source for item in deliveries})
    return ChannelPlan(
        id=f"{interface}@1.{name}",
        interface=interface,
        version="1.2.0",
        channel=name,
        schema=schema,
        content_type="application/json",
        max_message_bytes=max_message_bytes,
        max_age_ms=7 * _DAY_MS,
        ordering_key=ordering_key,
        publishers=tuple(
            PublishGrant(
                client_id=source,
                scopes=(f"{interface}:{name}:publish",),
                audience=f"urn:easement:interface:{interface}",
                authentication=authentication,
                parties=tuple(item.party for item in deliveries if item.party.source == source),
            )
            for source in sources
        ),
    )


def plan(channels: Sequence[ChannelPlan], deliveries: Sequence[Delivery]) -> Plan:
    """A plan with these channels and deliveries, and the accounts they need."""
    scopes: dict[str, set[str]] = {}
    audiences: dict[str, set[str]] = {}
    for item in channels:
        for grant in item.publishers:
            scopes.setdefault(grant.client_id, set()).update(grant.scopes)
            audiences.setdefault(grant.client_id, set()).add(grant.audience)
    for target in deliveries:
        scopes.setdefault(target.client_id, set()).update(target.scopes)
        audiences.setdefault(target.client_id, set()).add(target.audience)
    return Plan(
        environment="development",
        accounts=tuple(
            Account(
                client_id=client,
                system=client,
                scopes=tuple(sorted(scopes[client])),
                audiences=tuple(sorted(audiences[client])),
                attributes={},
                authentication=("oauth2",),
            )
            for client in sorted(scopes)
        ),
        channels=tuple(sorted(channels, key=lambda item: item.id)),
        deliveries=tuple(sorted(deliveries, key=lambda item: item.id)),
    )


def order_plan() -> Plan:
    """Orders publishes to the warehouse (no customer) and to marketing (order id and a hashed e-mail address)."""
    deliveries = (
        delivery("orders-to-warehouse", source="orders", target="warehouse"),
        delivery("orders-to-marketing", source="orders", target="marketing", projection=WITH_EMAIL_HASH),
    )
    return plan((channel(deliveries),), deliveries)
