"""What targets did with their messages: acknowledged (processed), or taken too often without (a dead letter).

JetStream reports both on advisory subjects, which a stream keeps until they are recorded here.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from easement.broker.channel_contract import RelayPlan
from easement.broker.dead_letter import DeadLetterReason
from easement.broker.delivered import dead_letter_from_target, read_delivered
from easement.broker.naming import EVIDENCE_STREAM, RELAY_CONSUMER, TARGET_PREFIX
from easement.broker.outgoing import CompiledDelivery
from easement.broker.publisher import BusUnavailableError, Publisher
from easement.broker.puller import Puller
from easement.broker.records import Journey, RecordSink, step_of
from easement.broker.relay import RecentDeliveries
from easement.broker.retry import FailureClass
from easement.broker.stored_message import StoredMessage, read_message
from easement.ledger.errors import LedgerError
from easement.ledger.record import Record, Status, Step

_log = structlog.get_logger()
_BATCH: Final = 200
_FAULT_PAUSE_S: Final = 2.0
_ACKNOWLEDGED: Final = "$JS.EVENT.METRIC.CONSUMER.ACK."
_EXHAUSTED: Final = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES."


@dataclass(slots=True)
class EvidenceReader:
    """Turns advisories into records. One of the relay's workers runs it."""

    connection: Client
    publisher: Publisher
    records: RecordSink
    plan: Callable[[], RelayPlan]
    recent: RecentDeliveries

    async def run(self, stop: asyncio.Event) -> None:
        """Read until ``stop`` is set."""
        puller = Puller(self.connection, EVIDENCE_STREAM, RELAY_CONSUMER, batch=_BATCH)
        await puller.start()
        try:
            while not stop.is_set():
                batch = await puller.next_batch()
                try:
                    await self._take(batch)
                except (BusUnavailableError, NatsError, LedgerError, OSError) as error:
                    _log.error("relay.evidence_not_acknowledged", error=str(error))
                    await asyncio.sleep(_FAULT_PAUSE_S)
        finally:
            await puller.close()

    async def _take(self, batch: Sequence[Msg]) -> None:
        found = await asyncio.gather(*(self._record_of(raw) for raw in batch))
        records = [record for record in found if record is not None]
        if records:
            await asyncio.to_thread(self.records.append, records)
        for raw in batch:
            await raw.ack()

    async def _record_of(self, raw: Msg) -> Record | None:
        try:
            body = json.loads(raw.data)
            stream, sequence = str(body["stream"]), int(body["stream_seq"])
        except (ValueError, KeyError, TypeError):
            _log.warning("relay.advisory_unreadable", subject=raw.subject)
            return None
        if not stream.startswith(TARGET_PREFIX):
            return None
        if raw.subject.startswith(_ACKNOWLEDGED):
            return await self._processed(stream, sequence, body)
        return await self._given_up(raw.subject, stream, sequence, body)

    async def _processed(self, stream: str, sequence: int, body: dict[str, Any]) -> Record | None:
        sent = self.recent.take(stream, sequence)
        journey = sent.journey if sent else await self._journey(stream, sequence)
        if journey is None:
            return None
        return step_of(
            journey,
            Step.PROCESSED,
            Status.SUCCESS,
            now_ms=int(time.time() * 1000),
            detail={
                "sequence": sequence,
                "deliveries": int(body.get("deliveries", 1)),
                "held_us": int(body.get("ack_time", 0)) // 1000,
            },
        )

    async def _journey(self, stream: str, sequence: int) -> Journey | None:
        message = await read_message(self.connection, stream, sequence)
        delivery = self._delivery_of(message)
        if message is None or delivery is None:
            return None
        return read_delivered(message.headers, message.data, delivery.plan, self.plan().hash).journey

    def _delivery_of(self, message: StoredMessage | None) -> CompiledDelivery | None:
        if message is None:
            return None
        return next((item for item in self.plan().deliveries.values() if item.subject == message.subject), None)

    async def _given_up(self, subject: str, stream: str, sequence: int, body: dict[str, Any]) -> Record | None:
        message = await read_message(self.connection, stream, sequence)
        delivery = self._delivery_of(message)
        if message is None or delivery is None:
            _log.warning("relay.dead_letter_lost", stream=stream, sequence=sequence)
            return None
        attempts = int(body.get("deliveries", 1))
        if subject.startswith(_EXHAUSTED):
            reason = DeadLetterReason(
                "delivery.exhausted", f"the target did not acknowledge in {attempts} attempts", FailureClass.TRANSIENT
            )
        else:
            reason = DeadLetterReason("delivery.terminated", "the target refused the message", FailureClass.PERMANENT)
        delivered = read_delivered(message.headers, message.data, delivery.plan, self.plan().hash)
        letter = await dead_letter_from_target(self.connection, delivery, delivered, reason, attempts=attempts)
        answer = (await self.publisher.send([letter]))[0]
        if answer.error:
            raise BusUnavailableError(f"{letter.subject} takes no dead letters: {answer.error}")
        return step_of(
            delivered.journey,
            Step.DEAD_LETTERED,
            Status.DEAD_LETTERED,
            now_ms=int(time.time() * 1000),
            error_code=reason.code,
            error=reason.message,
            detail={"attempt": attempts, "sequence": answer.sequence},
        )
