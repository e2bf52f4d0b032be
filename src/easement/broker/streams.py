"""The streams and consumers that a plan needs. Pure: :mod:`easement.broker.reconcile` makes them so.

* Streams refuse new messages when full (nothing acknowledged is pushed out) and refuse deletion by clients.
* A target stream hands each message to its target at most as often as the contract's retry policy says.
* The relay's own consumer has a window of two batches: one is handled while the next is on its way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from easement.broker.naming import (
    EVIDENCE_STREAM,
    RELAY_CONSUMER,
    dead_letter_stream,
    ingress_stream,
    ingress_subject,
    target_consumer,
    target_stream,
    token,
)
from easement.broker.retry import backoff_seconds
from easement.plan.model import ChannelPlan, Delivery, Plan

BATCH_MESSAGES: Final = 500
RELAY_ACK_WAIT_S: Final = 10.0
DUPLICATE_WINDOW_S: Final = 600.0
HEADER_ROOM_BYTES: Final = 4096
"""Room for headers: the broker counts them into the size of a message."""
SEALING_GROWTH: Final = 2
"""A sealed payload is base64 of ciphertext with a header: under twice its size."""
_MAX_MESSAGES: Final = 1_000_000
_EVIDENCE_AGE_S: Final = 86_400.0
_PULL_ACK_WAIT_S: Final = 30.0
_PULL_WINDOW: Final = 1000
_WEBHOOK_ACK_WAIT_S: Final = 60.0
_WEBHOOK_WINDOW: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSpec:
    """One stream. Ages and windows are seconds, sizes bytes."""

    name: str
    subjects: tuple[str, ...]
    max_age_s: float
    max_message_bytes: int
    description: str
    erasable: bool = False
    """Whether single messages may be removed (dead letters, once they were replayed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSpec:
    """One durable pull consumer. ``max_deliver`` -1 means until it is acknowledged."""

    stream: str
    name: str
    ack_wait_s: float
    max_ack_pending: int
    max_deliver: int = -1
    backoff_s: tuple[float, ...] = ()
    sampled: bool = False
    """Whether each acknowledgement is reported: the evidence that the target has processed the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Everything a plan needs. ``problems`` names channels that are left out because their names collide."""

    streams: tuple[StreamSpec, ...]
    consumers: tuple[ConsumerSpec, ...]
    problems: tuple[str, ...] = ()
    removals: frozenset[str] = frozenset()
    """Streams that go with what is in them."""


def topology_of(plan: Plan) -> Topology:
    """Streams and consumers of ``plan``, sorted by name."""
    channels, problems = distinct_channels(plan)
    streams = [*_ingress_streams(channels), *_target_streams(plan, channels), *_dead_letter_streams(plan, channels)]
    consumers = [
        ConsumerSpec(
            stream=stream.name,
            name=RELAY_CONSUMER,
            ack_wait_s=RELAY_ACK_WAIT_S,
            max_ack_pending=2 * BATCH_MESSAGES,
        )
        for stream in _ingress_streams(channels)
    ]
    consumers += [_target_consumer(group, channels) for group in by_integration(plan)]
    evidence = StreamSpec(
        name=EVIDENCE_STREAM,
        subjects=(
            "$JS.EVENT.METRIC.CONSUMER.ACK.>",
            "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
            "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
        ),
        max_age_s=_EVIDENCE_AGE_S,
        max_message_bytes=65_536,
        description="Acknowledgements and exhausted deliveries of targets",
    )
    consumers.append(
        ConsumerSpec(
            stream=EVIDENCE_STREAM, name=RELAY_CONSUMER, ack_wait_s=RELAY_ACK_WAIT_S, max_ack_pending=BATCH_MESSAGES
        )
    )
    return Topology(
        streams=tuple(sorted([*streams, evidence], key=lambda stream: stream.name)),
        consumers=tuple(sorted(consumers, key=lambda consumer: (consumer.stream, consumer.name))),
        problems=problems,
        removals=_removals(plan),
    )


def _removals(plan: Plan) -> frozenset[str]:
    """The streams of integrations that were decommissioned; never one that a delivery of the plan still needs."""
    names = {make(name) for name in plan.removals for make in (target_stream, dead_letter_stream)}
    needed = {make(it.party.integration) for it in plan.deliveries for make in (target_stream, dead_letter_stream)}
    return frozenset(names - needed)


def distinct_channels(plan: Plan) -> tuple[dict[str, ChannelPlan], tuple[str, ...]]:
    """Channels by id whose subject is theirs alone, and a sentence for each that is left out."""
    taken: dict[str, str] = {}
    channels: dict[str, ChannelPlan] = {}
    problems: list[str] = []
    for channel in plan.channels:
        subject = ingress_subject(channel)
        if subject in taken:
            problems.append(f"{channel.id} and {taken[subject]} would share the subject {subject}: rename one channel")
            continue
        taken[subject] = channel.id
        channels[channel.id] = channel
    return channels, tuple(problems)


def by_integration(plan: Plan) -> list[tuple[Delivery, ...]]:
    """Deliveries grouped by integration, sorted."""
    ordered = sorted(plan.deliveries, key=lambda delivery: (delivery.party.integration, delivery.id))
    return [tuple(group) for _, group in groupby(ordered, key=lambda delivery: delivery.party.integration)]


def _ingress_streams(channels: dict[str, ChannelPlan]) -> list[StreamSpec]:
    ordered = sorted(channels.values(), key=ingress_stream)
    specs = []
    for name, group in groupby(ordered, key=ingress_stream):
        members = tuple(group)
        subjects = {ingress_subject(channel) for channel in members}
        specs.append(
            StreamSpec(
                name=name,
                subjects=tuple(sorted(subjects | {f"{subject}.*" for subject in subjects})),
                max_age_s=max(channel.max_age_ms for channel in members) / 1000,
                max_message_bytes=max(channel.max_message_bytes for channel in members) + HEADER_ROOM_BYTES,
                description=f"Published on {members[0].interface} v{members[0].version.split('.', 1)[0]}",
            )
        )
    return specs


def _target_streams(plan: Plan, channels: dict[str, ChannelPlan]) -> list[StreamSpec]:
    return [
        StreamSpec(
            name=target_stream(group[0].party.integration),
            subjects=(f"out.{token(group[0].party.integration)}.*",),
            max_age_s=max(delivery.max_age_ms for delivery in group) / 1000,
            max_message_bytes=_largest(group, channels) * SEALING_GROWTH + HEADER_ROOM_BYTES,
            description=f"Delivered to {group[0].party.target} under {group[0].party.integration}",
        )
        for group in by_integration(plan)
    ]


def _dead_letter_streams(plan: Plan, channels: dict[str, ChannelPlan]) -> list[StreamSpec]:
    return [
        StreamSpec(
            name=dead_letter_stream(group[0].party.integration),
            subjects=(f"dlq.{token(group[0].party.integration)}.*",),
            max_age_s=max(delivery.dead_letter_ms for delivery in group) / 1000,
            max_message_bytes=_largest(group, channels) * SEALING_GROWTH + 2 * HEADER_ROOM_BYTES,
            description=f"Dead letters of {group[0].party.integration}",
            erasable=True,
        )
        for group in by_integration(plan)
    ]


def _largest(group: Iterable[Delivery], channels: dict[str, ChannelPlan]) -> int:
    sizes = [channels[delivery.channel_id].max_message_bytes for delivery in group if delivery.channel_id in channels]
    return max(sizes, default=1_048_576)


def _target_consumer(group: tuple[Delivery, ...], channels: dict[str, ChannelPlan]) -> ConsumerSpec:
    first = group[0]
    stream, name = target_stream(first.party.integration), target_consumer(first)
    if first.webhook is not None:
        ordered = any(channels[item.channel_id].ordering_key for item in group if item.channel_id in channels)
        return ConsumerSpec(
            stream=stream,
            name=name,
            ack_wait_s=_WEBHOOK_ACK_WAIT_S,
            max_ack_pending=1 if ordered else _WEBHOOK_WINDOW,
        )
    pauses = tuple(backoff_seconds(first.retry, attempt) for attempt in range(1, first.retry.attempts))
    return ConsumerSpec(
        stream=stream,
        name=name,
        ack_wait_s=_PULL_ACK_WAIT_S,
        max_ack_pending=_PULL_WINDOW,
        max_deliver=first.retry.attempts,
        backoff_s=tuple(max(pause, _PULL_ACK_WAIT_S) for pause in pauses),
        sampled=True,
    )
