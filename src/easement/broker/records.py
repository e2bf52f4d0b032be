"""The records of a message's way, and a writer that makes them durable in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from easement.broker.message import Incoming
from easement.ledger.record import DetailValue, Record, RecordKind, Status, Step
from easement.plan.model import ChannelPlan, Delivery, Party
from easement.store.ids import new_id

_WAITING_RECORDS: Final = 10_000
_BATCH: Final = 1_000


class RecordSink(Protocol):
    """Where records become durable: a :class:`~easement.ledger.spool.Spool`."""

    def append(self, records: Sequence[Record]) -> None:
        """Make the records durable before return."""


def published(
    message: Incoming, channel: ChannelPlan, deliveries: Sequence[Delivery], *, account: str, plan: str, now_ms: int
) -> Record:
    """The record that a source published a message. It names the integration where there is exactly one."""
    only = deliveries[0].party if len(deliveries) == 1 else None
    detail: dict[str, DetailValue] = {"stream": message.receipt.stream, "sequence": message.receipt.sequence}
    if not only:
        detail["integrations"] = tuple(delivery.party.integration for delivery in deliveries)
    if message.message_id and message.message_id != message.transaction_id:
        detail["message_id"] = message.message_id
    if message.receipt.deliveries > 1:
        detail["handed_out"] = message.receipt.deliveries
    return Record(
        id=new_id(),
        transaction_id=message.transaction_id,
        correlation_id=message.correlation_id,
        kind=RecordKind.EVENT,
        step=Step.PUBLISHED,
        status=Status.SUCCESS,
        time_ms=now_ms,
        times={"published": message.receipt.stored_ms, "fetched": message.fetched_ms},
        source=account,
        target=only.target if only else "",
        message_type=channel.id,
        account=account,
        integration=only.integration if only else "",
        integration_id=only.integration_id if only else "",
        revision=only.revision if only else "",
        plan=plan,
        bytes_in=len(message.data),
        detail=detail,
        retention_class=longest_retention([delivery.party for delivery in deliveries]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What the records of one message to one target have in common. Times are milliseconds since the epoch."""

    transaction_id: str
    correlation_id: str
    account: str
    published_ms: int
    plan: str
    delivery: Delivery
    bytes_in: int = 0


def step_of(
    journey: Journey,
    step: Step,
    status: Status,
    *,
    now_ms: int,
    error_code: str = "",
    error: str = "",
    bytes_out: int = 0,
    detail: Mapping[str, DetailValue] | None = None,
) -> Record:
    """One step of a message on its way to one target."""
    party = journey.delivery.party
    return Record(
        id=new_id(),
        transaction_id=journey.transaction_id,
        correlation_id=journey.correlation_id,
        kind=RecordKind.EVENT,
        step=step,
        status=status,
        time_ms=now_ms,
        times={"published": journey.published_ms, step.value: now_ms},
        source=party.source,
        target=party.target,
        message_type=journey.delivery.channel_id,
        account=journey.account,
        integration=party.integration,
        integration_id=party.integration_id,
        revision=party.revision,
        plan=journey.plan,
        error_code=error_code,
        error=error,
        bytes_in=journey.bytes_in,
        bytes_out=bytes_out,
        latency_us=max(0, now_ms - journey.published_ms) * 1000,
        detail=detail or {},
        retention_class=party.retention_class,
    )


def refused(
    *,
    step: Step,
    account: str,
    code: str,
    message: str,
    plan: str,
    now_ms: int,
    message_type: str = "",
    detail: Mapping[str, DetailValue] | None = None,
) -> Record:
    """The record of an attempt that the broker did not let through."""
    return Record(
        id=new_id(),
        transaction_id=new_id(),
        kind=RecordKind.EVENT,
        step=step,
        status=Status.REFUSED,
        time_ms=now_ms,
        source=account,
        message_type=message_type,
        account=account,
        plan=plan,
        error_code=code,
        error=message,
        detail=detail or {},
    )


def longest_retention(parties: Sequence[Party]) -> str:
    """The retention class that keeps a shared record as long as any of its contracts asks."""
    return max((party.retention_class for party in parties), key=_days, default="d400")


def _days(retention_class: str) -> int:
    digits = retention_class.removeprefix("d")
    return int(digits) if digits.isdigit() else 0


@dataclass(slots=True)
class RecordWriter:
    """Makes records durable that nobody waits for, such as refusals. Bounded; a full queue slows the caller."""

    sink: RecordSink
    _queue: asyncio.Queue[Record] = field(init=False, default_factory=lambda: asyncio.Queue(_WAITING_RECORDS))

    async def write(self, record: Record) -> None:
        """Hand over one record."""
        await self._queue.put(record)

    async def run(self) -> None:
        """Write until cancelled, then write what is left. Raises what the sink raises."""
        try:
            while True:
                await asyncio.to_thread(self.sink.append, await self._next_batch())
        finally:
            while left := self._waiting():
                self.sink.append(left)

    async def _next_batch(self) -> list[Record]:
        return [await self._queue.get(), *self._waiting()]

    def _waiting(self) -> list[Record]:
        batch: list[Record] = []
        while len(batch) < _BATCH and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch
