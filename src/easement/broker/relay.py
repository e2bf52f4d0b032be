"""The relay: from each source's stream to the streams of the targets, or to dead letters. Nothing is lost.

One task for each stream. A batch goes through whole: check, project, seal, publish, record, acknowledge, in this order;
a crash anywhere hands the batch out again, and the message ids make the second round harmless. Messages of a stream
keep their order.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from easement.broker.channel_contract import RelayPlan, Route
from easement.broker.dead_letter import DeadLetterReason, dead_letter_of
from easement.broker.message import Incoming, MessageRefusedError, read_incoming
from easement.broker.naming import RELAY_CONSUMER
from easement.broker.outgoing import CompiledDelivery, Outgoing, Prepared
from easement.broker.publisher import BusUnavailableError, Publisher, Stored
from easement.broker.puller import Puller
from easement.broker.records import Journey, RecordSink, published, refused, step_of
from easement.broker.retry import FailureClass
from easement.broker.streams import BATCH_MESSAGES, RELAY_ACK_WAIT_S
from easement.ledger.errors import LedgerError
from easement.ledger.record import DetailValue, Record, Status, Step

_log = structlog.get_logger()
_KNOWN_TRANSACTIONS: Final = 100_000


@dataclass(frozen=True, slots=True)
class _Leg:
    """One message to one target: what is sent, and what is recorded once it is stored."""

    message: Incoming
    route: Route
    delivery: CompiledDelivery
    outgoing: Outgoing
    prepared: Prepared | None
    reason: DeadLetterReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that a target has in its stream: enough to record later that it was processed."""

    journey: Journey


class RecentDeliveries:
    """Which transaction lies at which place of a target's stream: the newest 100,000, older ones are looked up."""

    def __init__(self) -> None:
        self._places: OrderedDict[tuple[str, int], Sent] = OrderedDict()

    def add(self, stream: str, sequence: int, sent: Sent) -> None:
        """Remember one place."""
        self._places[stream, sequence] = sent
        if len(self._places) > _KNOWN_TRANSACTIONS:
            self._places.popitem(last=False)

    def take(self, stream: str, sequence: int) -> Sent | None:
        """What lies there, once."""
        return self._places.pop((stream, sequence), None)


@dataclass(slots=True)
class Relay:
    """Moves the messages of the streams that this worker owns. :attr:`plan` may be replaced while it runs."""

    connection: Client
    publisher: Publisher
    records: RecordSink
    plan: RelayPlan
    recent: RecentDeliveries = field(default_factory=RecentDeliveries)
    moved: int = 0

    async def run_stream(self, stream: str, stop: asyncio.Event) -> None:
        """Move messages of one stream until ``stop`` is set. While the broker fails, nothing is acknowledged."""
        while not stop.is_set():
            await self._until_handed_out_again(stream, stop)
            puller = Puller(self.connection, stream, RELAY_CONSUMER, batch=BATCH_MESSAGES)
            await puller.start()
            try:
                await self._move(puller, stop)
            except (BusUnavailableError, LedgerError, OSError) as error:
                _log.error("relay.batch_not_acknowledged", stream=stream, error=str(error))
            finally:
                await puller.close()

    async def _move(self, puller: Puller, stop: asyncio.Event) -> None:
        """Handle one batch while the next is on its way. What was fetched and not handled is handed out again."""
        coming = asyncio.create_task(puller.next_batch())
        try:
            while not stop.is_set():
                batch = await coming
                coming = asyncio.create_task(puller.next_batch())
                if batch:
                    await self.handle(batch)
            if batch := [*await coming, *puller.left_over()]:
                await self.handle(batch)
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _until_handed_out_again(self, stream: str, stop: asyncio.Event) -> None:
        """After a crash or a fault, let what was handed out before come back first: that keeps the order."""
        state = await self.connection.jetstream().consumer_info(stream, RELAY_CONSUMER)
        if state.num_ack_pending:
            _log.info("relay.waits_for_unacknowledged", stream=stream, messages=state.num_ack_pending)
            await _pause(stop, RELAY_ACK_WAIT_S + 1)

    async def handle(self, batch: Sequence[Msg]) -> None:
        """Move one batch. Raises before anything is acknowledged; see :class:`BusUnavailableError`, ``SpoolError``."""
        plan, now_ms = self.plan, int(time.time() * 1000)
        records: list[Record] = []
        legs: list[_Leg] = []
        for raw in batch:
            message = read_incoming(raw.subject, raw.reply, raw.data, raw.headers, now_ms=now_ms)
            self._prepare(plan, message, legs, records, now_ms)
        stored = await self.publisher.send([leg.outgoing for leg in legs])
        now_ms = int(time.time() * 1000)
        turned_back = self._record_legs(plan, legs, stored, records, now_ms)
        if turned_back:
            again = await self.publisher.send([leg.outgoing for leg in turned_back])
            self._record_legs(plan, turned_back, again, records, now_ms)
        await asyncio.to_thread(self.records.append, records)
        for raw in batch:
            await raw.ack()
        self.moved += len(batch)

    def _prepare(
        self, plan: RelayPlan, message: Incoming, legs: list[_Leg], records: list[Record], now_ms: int
    ) -> None:
        try:
            route = plan.route(message)
        except MessageRefusedError as refusal:
            records.append(_unroutable(message, refusal, plan.hash, now_ms))
            return
        targets = [delivery.plan for delivery in route.deliveries]
        records.append(
            published(message, route.channel.plan, targets, account=route.account, plan=plan.hash, now_ms=now_ms)
        )
        try:
            value = route.channel.check(message.data)
            legs += [_leg(message, route, delivery, value, now_ms) for delivery in route.deliveries]
        except MessageRefusedError as refusal:
            reason = DeadLetterReason(refusal.code, str(refusal), FailureClass.CONTRACT)
            legs += [_dead_leg(message, route, delivery, reason, now_ms) for delivery in route.deliveries]
        except Exception:  # noqa: BLE001 - a fault of ours at one message must not stop the stream; the message is kept
            _log.exception("relay.message_failed", stream=message.receipt.stream, sequence=message.receipt.sequence)
            reason = DeadLetterReason("relay.internal", "the relay failed at this message", FailureClass.PERMANENT)
            legs += [_dead_leg(message, route, delivery, reason, now_ms) for delivery in route.deliveries]

    def _record_legs(
        self, plan: RelayPlan, legs: Sequence[_Leg], stored: Sequence[Stored], records: list[Record], now_ms: int
    ) -> list[_Leg]:
        """Record what was stored; a leg that the broker refused becomes a dead letter, returned to be sent.

        Raises :class:`BusUnavailableError` when even a dead letter is refused: the batch then waits.
        """
        turned_back: list[_Leg] = []
        for leg, answer in zip(legs, stored, strict=True):
            if not answer.error:
                records += self._records_of(plan, leg, answer, now_ms)
                continue
            if leg.reason is not None:
                raise BusUnavailableError(f"{leg.outgoing.subject} takes no dead letters: {answer.error}")
            reason = DeadLetterReason("delivery.target-stream", answer.error, FailureClass.PERMANENT)
            turned_back.append(_dead_leg(leg.message, leg.route, leg.delivery, reason, now_ms))
        return turned_back

    def _records_of(self, plan: RelayPlan, leg: _Leg, answer: Stored, now_ms: int) -> list[Record]:
        """The record of one stored leg. What waits for a webhook is delivered, and recorded, by its courier."""
        journey = _journey(plan.hash, leg)
        detail: dict[str, DetailValue] = {"sequence": answer.sequence}
        if answer.duplicate:
            detail["duplicate"] = True
        if leg.reason is not None:
            detail["class"] = leg.reason.failure_class.value
            dead = step_of(
                journey,
                Step.DEAD_LETTERED,
                Status.DEAD_LETTERED,
                now_ms=now_ms,
                error_code=leg.reason.code,
                error=leg.reason.message,
                detail=detail,
            )
            return [dead]
        if leg.delivery.plan.webhook is not None:
            return []
        if leg.prepared is not None and leg.prepared.removed:
            detail["removed"] = leg.prepared.removed
        self.recent.add(leg.delivery.stream, answer.sequence, Sent(journey=journey))
        size = len(leg.outgoing.data)
        return [step_of(journey, Step.DELIVERED, Status.SUCCESS, now_ms=now_ms, bytes_out=size, detail=detail)]


def _journey(plan_hash: str, leg: _Leg) -> Journey:
    return Journey(
        transaction_id=leg.message.transaction_id,
        correlation_id=leg.message.correlation_id,
        account=leg.route.account,
        published_ms=leg.message.receipt.stored_ms,
        plan=plan_hash,
        delivery=leg.delivery.plan,
        bytes_in=len(leg.message.data),
    )


def _leg(message: Incoming, route: Route, delivery: CompiledDelivery, value: Any, now_ms: int) -> _Leg:
    try:
        prepared = delivery.prepare(message, value)
    except MessageRefusedError as refusal:
        failure = FailureClass.CONTRACT if refusal.code.startswith("event.") else FailureClass.PERMANENT
        return _dead_leg(message, route, delivery, DeadLetterReason(refusal.code, str(refusal), failure), now_ms)
    return _Leg(message, route, delivery, prepared.outgoing, prepared, None)


def _dead_leg(
    message: Incoming, route: Route, delivery: CompiledDelivery, reason: DeadLetterReason, now_ms: int
) -> _Leg:
    outgoing = dead_letter_of(message, delivery, reason, account=route.account, now_ms=now_ms)
    return _Leg(message, route, delivery, outgoing, None, reason)


def _unroutable(message: Incoming, refusal: MessageRefusedError, plan_hash: str, now_ms: int) -> Record:
    return refused(
        step=Step.PUBLISHED,
        account="",
        code=refusal.code,
        message=str(refusal),
        plan=plan_hash,
        now_ms=now_ms,
        detail={"stream": message.receipt.stream, "sequence": message.receipt.sequence},
    )


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
