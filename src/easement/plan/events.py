"""Event integrations to channels and deliveries: who may publish, and what each target receives of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from easement.contract.kinds import Integration, Interface, Retry
from easement.contract.values import Duration
from easement.estate.model import Estate
from easement.interfaces.enforced_schema import enforced_schema
from easement.interfaces.model import Channel, InterfaceModel
from easement.interfaces.projection import compile_projection
from easement.plan.model import ChannelPlan, Delivery, PublishGrant, RetryPolicy, WebhookTarget
from easement.plan.parties import audience_of, consume_scope, party_of, publish_scope

_DEFAULT_MESSAGE_AGE: Final = Duration.parse("P7D")
_DEFAULT_DEAD_LETTER_AGE: Final = Duration.parse("P14D")


@dataclass(frozen=True, slots=True)
class EventCompiler:
    """Compiles the channels of one interface."""

    estate: Estate
    interface: Interface
    model: InterfaceModel

    def channels(self, integrations: Sequence[Integration]) -> list[ChannelPlan]:
        """The channels that a contract uses, each with its publishers."""
        by_channel: dict[str, list[Integration]] = {}
        for integration in integrations:
            for name in integration.spec.channels:
                by_channel.setdefault(name, []).append(integration)
        return [self._channel(self.model.channels[name], users) for name, users in by_channel.items()]

    def deliveries(self, integrations: Sequence[Integration]) -> list[Delivery]:
        """One delivery for each channel of each contract."""
        return [
            self._delivery(integration, self.model.channels[name])
            for integration in integrations
            for name in integration.spec.channels
        ]

    def _channel_id(self, channel: Channel) -> str:
        return f"{self.interface.metadata.name}@{self.interface.spec.version.major}.{channel.name}"

    def _channel(self, channel: Channel, integrations: Sequence[Integration]) -> ChannelPlan:
        name = self.interface.metadata.name
        publishers: dict[tuple[str, str], list[Integration]] = {}
        for integration in integrations:
            key = (integration.spec.source, integration.spec.security.authentication)
            publishers.setdefault(key, []).append(integration)
        ordering = self.interface.spec.ordering
        return ChannelPlan(
            id=self._channel_id(channel),
            interface=name,
            version=str(self.interface.spec.version),
            channel=channel.name,
            schema=enforced_schema(channel.payload, self.model.definitions, closed=True, direction="response"),
            content_type=channel.content_type,
            max_message_bytes=max(integration.spec.sla.max_body_bytes for integration in integrations),
            max_age_ms=max(_message_age(integration) for integration in integrations),
            ordering_key=ordering.key if ordering else "",
            publishers=tuple(
                PublishGrant(
                    client_id=client,
                    scopes=(publish_scope(name, channel.name),),
                    audience=audience_of(name),
                    authentication=method,
                    parties=tuple(party_of(self.estate, user) for user in users),
                )
                for (client, method), users in sorted(publishers.items())
            ),
        )

    def _delivery(self, integration: Integration, channel: Channel) -> Delivery:
        spec = integration.spec
        name = self.interface.metadata.name
        target = self.estate.systems[spec.target]
        webhook = target.spec.delivery.webhook
        projection, _found = compile_projection(channel.payload, self.model.definitions, spec.handling)
        dead = spec.errors.dead_letter
        limit = spec.sla.throughput.limit
        return Delivery(
            id=f"{integration.metadata.name}.{channel.name}",
            party=party_of(self.estate, integration),
            channel_id=self._channel_id(channel),
            channel=channel.name,
            client_id=spec.target,
            scopes=tuple(sorted(spec.security.scopes)) or (consume_scope(name, channel.name),),
            audience=audience_of(name),
            projection=projection,
            webhook=WebhookTarget(url=webhook.url, secret=webhook.secret) if webhook else None,
            retry=_retry(spec.errors.retry or Retry()),
            dead_letter_ms=(dead.retention if dead else _DEFAULT_DEAD_LETTER_AGE).milliseconds,
            dead_letter_owner=(dead.owner if dead else "") or integration.metadata.owner,
            max_age_ms=_message_age(integration),
            max_per_second=limit.per_second if limit else 0.0,
            authentication=spec.security.authentication,
            encryption_key=dict(target.spec.encryption_key or {}) if spec.security.encryption == "payload" else None,
        )


def _message_age(integration: Integration) -> int:
    return (integration.spec.retention.messages or _DEFAULT_MESSAGE_AGE).milliseconds


def _retry(retry: Retry) -> RetryPolicy:
    return RetryPolicy(
        attempts=retry.attempts,
        initial_ms=retry.initial.milliseconds,
        maximum_ms=retry.maximum.milliseconds,
        exponential=retry.backoff == "exponential",
    )
