"""A message in a target's stream, read back: whose it is, and how it becomes a dead letter."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from nats.aio.client import Client
from nats.errors import Error as NatsError

from easement.broker.dead_letter import DELIVERED_STAGE, PUBLISHED_STAGE, DeadLetterReason, dead_letter_of
from easement.broker.headers import CORRELATION, ORIGIN, PUBLISHED_MS, REPLAY, TRANSACTION, forwarded, lowered
from easement.broker.message import Incoming, Receipt
from easement.broker.outgoing import CompiledDelivery, Outgoing
from easement.broker.records import Journey
from easement.broker.stored_message import read_message
from easement.plan.model import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What the relay wrote about a message when it put it into a target's stream."""

    journey: Journey
    stream: str
    sequence: int
    """Origin: where the message was published."""
    replays: int
    forwarded: Mapping[str, str]
    data: bytes
    size: int

    @property
    def webhook_id(self) -> str:
        """The same for each attempt to bring this message to this target, so that the receiver can drop a repeat."""
        return f"{self.journey.transaction_id}:{self.journey.delivery.party.integration}"


def read_delivered(
    headers: Mapping[str, str] | None, data: bytes, delivery: Delivery, plan_hash: str
) -> Delivered:  # fmt: skip
    """The facts in the headers of a message of a target's stream. Pure."""
    known = headers or {}
    stream, _, sequence = known.get(ORIGIN, "").rpartition(":")
    return Delivered(
        journey=Journey(
            transaction_id=known.get(TRANSACTION, ""),
            correlation_id=known.get(CORRELATION, ""),
            account=delivery.party.source,
            published_ms=_number(known.get(PUBLISHED_MS, "")),
            plan=plan_hash,
            delivery=delivery,
        ),
        stream=stream,
        sequence=_number(sequence),
        replays=_number(known.get(REPLAY, "")),
        forwarded={**forwarded(lowered(known)), "Content-Type": known.get("Content-Type", "application/json")},
        data=data,
        size=len(data),
    )


async def dead_letter_from_target(
    connection: Client, delivery: CompiledDelivery, delivered: Delivered, reason: DeadLetterReason, *, attempts: int
) -> Outgoing:
    """The dead letter of a message that its target did not take.

    It holds the message as it was published, so that a replay can check it against the contract of that day; where
    that copy has aged out, what the target would have seen.
    """
    origin = None
    if delivered.stream and delivered.sequence:
        try:
            origin = await read_message(connection, delivered.stream, delivered.sequence)
        except NatsError:
            origin = None
    message = Incoming(
        subject=delivery.subject,
        data=origin.data if origin else delivered.data,
        headers=lowered(origin.headers if origin else delivered.forwarded),
        receipt=Receipt(
            stream=delivered.stream,
            consumer="",
            deliveries=1,
            sequence=delivered.sequence,
            stored_ms=delivered.journey.published_ms,
        ),
        transaction_id=delivered.journey.transaction_id,
        correlation_id=delivered.journey.correlation_id,
        message_id="",
        fetched_ms=0,
    )
    return dead_letter_of(
        message,
        delivery,
        reason,
        account=delivered.journey.account,
        now_ms=int(time.time() * 1000),
        stage=PUBLISHED_STAGE if origin else DELIVERED_STAGE,
        attempts=attempts,
        replays=delivered.replays,
    )


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
