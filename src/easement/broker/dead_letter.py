"""A dead letter: a message that could not be delivered, with why, and everything that a replay needs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from easement.broker.headers import (
    ACCOUNT,
    ATTEMPTS,
    CORRELATION,
    ERROR,
    FAILED_MS,
    INTEGRATION,
    MESSAGE_ID,
    ORIGIN,
    PUBLISHED_MS,
    REASON,
    REPLAY,
    REVISION,
    STAGE,
    TRANSACTION,
    forwarded,
    lowered,
)
from easement.broker.message import Incoming, Receipt
from easement.broker.outgoing import CompiledDelivery, Outgoing
from easement.broker.retry import FailureClass

PUBLISHED_STAGE = "published"
DELIVERED_STAGE = "delivered"


@dataclass(frozen=True, slots=True)
class DeadLetterReason:
    """Why: a stable code, a sentence without values, and the class of failure."""

    code: str
    message: str
    failure_class: FailureClass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One entry of a dead-letter stream, without its payload. Times are milliseconds since the epoch."""

    integration: str
    channel: str
    sequence: int
    transaction_id: str
    correlation_id: str
    account: str
    reason: str
    error: str
    stage: str
    origin: str
    revision: str
    published_ms: int
    failed_ms: int
    attempts: int
    replays: int
    size_bytes: int


def dead_letter_of(
    message: Incoming,
    delivery: CompiledDelivery,
    reason: DeadLetterReason,
    *,
    account: str,
    now_ms: int,
    stage: str = PUBLISHED_STAGE,
    attempts: int = 1,
    replays: int = 0,
) -> Outgoing:
    """``message`` as a dead letter of ``delivery``. Its id is the same when the same failure is met again."""
    headers = {
        MESSAGE_ID: f"{message.transaction_id}:{delivery.plan.party.integration}:{message.origin}!{replays}",
        TRANSACTION: message.transaction_id,
        ORIGIN: message.origin,
        PUBLISHED_MS: str(message.receipt.stored_ms),
        INTEGRATION: delivery.plan.party.integration,
        REVISION: delivery.plan.party.revision,
        ACCOUNT: account,
        REASON: reason.code,
        ERROR: reason.message,
        FAILED_MS: str(now_ms),
        ATTEMPTS: str(attempts),
        STAGE: stage,
        **forwarded(message.headers),
    }
    if message.correlation_id:
        headers[CORRELATION] = message.correlation_id
    if replays:
        headers[REPLAY] = str(replays)
    return Outgoing(subject=delivery.dead_letter_subject, data=message.data, headers=headers)


def read_dead_letter(
    subject: str, sequence: int, headers: Mapping[str, str] | None, size: int, stored_ms: int
) -> DeadLetter:
    """The entry that :func:`dead_letter_of` wrote."""
    known = headers or {}
    return DeadLetter(
        integration=known.get(INTEGRATION, ""),
        channel=subject.rpartition(".")[2],
        sequence=sequence,
        transaction_id=known.get(TRANSACTION, ""),
        correlation_id=known.get(CORRELATION, ""),
        account=known.get(ACCOUNT, ""),
        reason=known.get(REASON, ""),
        error=known.get(ERROR, ""),
        stage=known.get(STAGE, PUBLISHED_STAGE),
        origin=known.get(ORIGIN, ""),
        revision=known.get(REVISION, ""),
        published_ms=_number(known.get(PUBLISHED_MS, ""), stored_ms),
        failed_ms=_number(known.get(FAILED_MS, ""), stored_ms),
        attempts=_number(known.get(ATTEMPTS, ""), 1),
        replays=_number(known.get(REPLAY, ""), 0),
        size_bytes=size,
    )


def as_incoming(letter: DeadLetter, data: bytes, headers: Mapping[str, str] | None, *, now_ms: int) -> Incoming:
    """The message as it was published, so that it can be prepared again. ``data`` may be a corrected payload."""
    stream, _, sequence = letter.origin.rpartition(":")
    return Incoming(
        subject="",
        data=data,
        headers=lowered(headers),
        receipt=Receipt(
            stream=stream,
            consumer="",
            deliveries=1,
            sequence=_number(sequence, 0),
            stored_ms=letter.published_ms,
        ),
        transaction_id=letter.transaction_id,
        correlation_id=letter.correlation_id,
        message_id="",
        fetched_ms=now_ms,
    )


def _number(text: str, default: int) -> int:
    return int(text) if text.isdigit() else default
