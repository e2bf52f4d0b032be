"""Couriers bring the messages of a target's stream to its webhook: in order where the contract asks, retried durably.

The broker itself keeps count and time of the retries, so a crash forgets neither. What is refused for good, or too
often, becomes a dead letter.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from easement.broker.channel_contract import RelayPlan
from easement.broker.dead_letter import DeadLetterReason
from easement.broker.delivered import Delivered, dead_letter_from_target, read_delivered
from easement.broker.message import read_receipt
from easement.broker.naming import target_consumer, target_stream
from easement.broker.outgoing import CompiledDelivery
from easement.broker.publisher import BusUnavailableError, Publisher
from easement.broker.puller import Puller
from easement.broker.records import RecordSink, step_of
from easement.broker.retry import FailureClass, backoff_seconds, is_exhausted
from easement.broker.webhook import PostOutcome, post, signed_headers
from easement.keys.secret_stores import SecretStores
from easement.keys.secrets import SecretError
from easement.ledger.errors import LedgerError
from easement.ledger.record import Status, Step

_log = structlog.get_logger()
_FAULT_PAUSE_S: Final = 2.0


@dataclass(slots=True)
class Courier:
    """Serves the webhook of one integration."""

    connection: Client
    publisher: Publisher
    records: RecordSink
    http: httpx.AsyncClient
    secrets: SecretStores
    plan: Callable[[], RelayPlan]
    integration: str
    _next_post: float = field(default=0.0)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop`` is set or the contract is gone."""
        deliveries = self._deliveries()
        if not deliveries:
            return
        window = 1 if self._is_ordered(deliveries) else 16
        stream, consumer = target_stream(self.integration), target_consumer(deliveries[0].plan)
        puller = Puller(self.connection, stream, consumer, batch=window)
        await puller.start()
        try:
            while not stop.is_set() and self._deliveries():
                batch = await puller.next_batch()
                try:
                    await asyncio.gather(*(self._deliver(raw) for raw in batch))
                except (BusUnavailableError, NatsError, LedgerError, OSError) as error:
                    _log.error("relay.webhook_not_acknowledged", integration=self.integration, error=str(error))
                    await asyncio.sleep(_FAULT_PAUSE_S)
        finally:
            await puller.close()

    def _deliveries(self) -> list[CompiledDelivery]:
        return [
            delivery
            for delivery in self.plan().deliveries.values()
            if delivery.plan.party.integration == self.integration and delivery.plan.webhook is not None
        ]

    def _is_ordered(self, deliveries: Sequence[CompiledDelivery]) -> bool:
        channels = self.plan().channels
        return any(
            channels[item.plan.channel_id].plan.ordering_key for item in deliveries if item.plan.channel_id in channels
        )

    async def _deliver(self, raw: Msg) -> None:
        plan = self.plan()
        delivery = next((item for item in self._deliveries() if item.subject == raw.subject), None)
        if delivery is None:
            await raw.nak(delay=60)
            return
        attempt = read_receipt(raw.reply).deliveries
        delivered = read_delivered(raw.headers, raw.data, delivery.plan, plan.hash)
        await self._keep_pace(delivery)
        outcome = await self._post(delivery, delivered, raw.data)
        if outcome.failure is None:
            await self._record(delivered, Step.DELIVERED, Status.SUCCESS, outcome, attempt)
            await raw.ack()
        elif outcome.failure is FailureClass.PERMANENT or is_exhausted(delivery.plan.retry, attempt):
            await self._give_up(raw, delivery, delivered, outcome, attempt)
        else:
            await self._record(delivered, Step.RETRIED, Status.RETRIED, outcome, attempt)
            await raw.nak(delay=backoff_seconds(delivery.plan.retry, attempt))

    async def _post(self, delivery: CompiledDelivery, delivered: Delivered, body: bytes) -> PostOutcome:
        webhook = delivery.plan.webhook
        if webhook is None:
            raise RuntimeError("a courier serves webhooks only")
        try:
            secret = await asyncio.to_thread(self.secrets.of_document, webhook.secret, delivery.plan.party.target)
            headers = signed_headers(delivered.webhook_id, int(time.time()), body, secret)
        except (SecretError, ValueError) as error:
            return PostOutcome(failure=FailureClass.TRANSIENT, code="delivery.secret", message=str(error))
        return await post(self.http, webhook.url, body, {**delivered.forwarded, **delivery.notice_headers, **headers})

    async def _give_up(
        self, raw: Msg, delivery: CompiledDelivery, delivered: Delivered, outcome: PostOutcome, attempt: int
    ) -> None:
        reason = DeadLetterReason(outcome.code, outcome.message, outcome.failure or FailureClass.PERMANENT)
        letter = await dead_letter_from_target(self.connection, delivery, delivered, reason, attempts=attempt)
        answer = (await self.publisher.send([letter]))[0]
        if answer.error:
            raise BusUnavailableError(f"{letter.subject} takes no dead letters: {answer.error}")
        await self._record(delivered, Step.DEAD_LETTERED, Status.DEAD_LETTERED, outcome, attempt)
        await raw.ack()

    async def _record(
        self, delivered: Delivered, step: Step, status: Status, outcome: PostOutcome, attempt: int
    ) -> None:
        record = step_of(
            delivered.journey,
            step,
            status,
            now_ms=int(time.time() * 1000),
            error_code=outcome.code,
            error=outcome.message,
            bytes_out=delivered.size if outcome.failure is None else 0,
            detail={"attempt": attempt, **({"http_status": outcome.status} if outcome.status else {})},
        )
        await asyncio.to_thread(self.records.append, [record])

    async def _keep_pace(self, delivery: CompiledDelivery) -> None:
        """Hold back so that no more than the contract's limit reaches the target in a second."""
        if not delivery.plan.max_per_second:
            return
        now = time.monotonic()
        slot = max(now, self._next_post)
        self._next_post = slot + 1 / delivery.plan.max_per_second
        await asyncio.sleep(slot - now)
