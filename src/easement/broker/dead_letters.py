"""The dead-letter desk: list, group, inspect and replay, each act with a reason and a record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nats.aio.client import Client
from nats.js.errors import APIError, NotFoundError

from easement.broker.channel_contract import RelayPlan
from easement.broker.dead_letter import DELIVERED_STAGE, DeadLetter, as_incoming, read_dead_letter
from easement.broker.message import MessageRefusedError
from easement.broker.naming import dead_letter_stream
from easement.broker.outgoing import CompiledDelivery, Outgoing
from easement.broker.publisher import BusUnavailableError, Publisher
from easement.broker.records import Journey, RecordSink, step_of
from easement.broker.stored_message import StoredMessage, read_message
from easement.ledger.record import DetailValue, Record, RecordKind, Status, Step
from easement.store.ids import new_id

MAX_REPLAYS: Final = 5
"""A message that came back so often is not helped by another try: it needs a corrected payload."""
PAGE: Final = 100


class DeskError(Exception):
    """What was asked cannot be done. ``code`` is stable; the message says why and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonGroup:
    """Dead letters of one integration with one cause. Times are milliseconds since the epoch."""

    integration: str
    reason: str
    error: str
    count: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """Who wants which dead letter replayed, and why. ``payload`` replaces the message's own when it was corrected."""

    integration: str
    sequence: int
    actor: str
    reason: str
    payload: bytes | None = None


def group_by_reason(letters: list[DeadLetter]) -> tuple[ReasonGroup, ...]:
    """Letters by integration and cause, the most frequent first. Pure."""
    groups: dict[tuple[str, str, str], list[DeadLetter]] = {}
    for letter in letters:
        groups.setdefault((letter.integration, letter.reason, letter.error), []).append(letter)
    found = [
        ReasonGroup(
            integration=integration,
            reason=reason,
            error=error,
            count=len(members),
            first_ms=min(member.failed_ms for member in members),
            last_ms=max(member.failed_ms for member in members),
        )
        for (integration, reason, error), members in groups.items()
    ]
    return tuple(sorted(found, key=lambda group: (-group.count, group.integration, group.reason, group.error)))


@dataclass(slots=True)
class DeadLetterDesk:
    """Works on the dead-letter streams with the relay's rights."""

    connection: Client
    publisher: Publisher
    records: RecordSink
    plan: Callable[[], RelayPlan]

    def integrations(self) -> tuple[str, ...]:
        """Integrations that deliver events under the present plan, sorted."""
        return tuple(sorted({item.plan.party.integration for item in self.plan().deliveries.values()}))

    async def depths(self) -> dict[str, int]:
        """How many dead letters wait, by integration."""
        stream_api = self.connection.jetstream(timeout=5)
        depths: dict[str, int] = {}
        for integration in self.integrations():
            try:
                info = await stream_api.stream_info(dead_letter_stream(integration))
            except NotFoundError:
                continue
            depths[integration] = info.state.messages
        return depths

    async def list(self, integration: str, *, after: int = 0, limit: int = PAGE) -> list[DeadLetter]:
        """Up to ``limit`` dead letters with a number above ``after``, oldest first. Raises :class:`DeskError`."""
        if integration not in self.integrations():
            raise DeskError("dead-letter.unknown", f"no contract in force is named {integration!r}: see the registry")
        letters: list[DeadLetter] = []
        sequence = after + 1
        while len(letters) < min(limit, PAGE):
            message = await read_message(
                self.connection, dead_letter_stream(integration), sequence, or_next=True
            )  # fmt: skip
            if message is None:
                break
            letters.append(_letter(message))
            sequence = message.sequence + 1
        return letters

    async def show(self, integration: str, sequence: int) -> DeadLetter:
        """One dead letter without its payload. Raises :class:`DeskError`."""
        return _letter(await self._message(integration, sequence))

    async def payload(self, integration: str, sequence: int, *, actor: str, reason: str) -> bytes:
        """The payload of one dead letter; the look is recorded with its reason. Raises :class:`DeskError`."""
        _need_reason(reason)
        message = await self._message(integration, sequence)
        letter = _letter(message)
        record = Record(
            id=new_id(),
            transaction_id=letter.transaction_id,
            kind=RecordKind.ACCESS,
            step=Step.READ,
            status=Status.SUCCESS,
            time_ms=int(time.time() * 1000),
            account=actor,
            integration=integration,
            plan=self.plan().hash,
            detail={"dead_letter": sequence, "reason": reason},
        )
        await asyncio.to_thread(self.records.append, [record])
        return message.data

    async def replay(self, request: ReplayRequest) -> DeadLetter:
        """Deliver one dead letter again under today's contract, then remove it from the dead letters.

        It is checked again, gets a message id of its own (the broker would drop a repeated one) and keeps its
        transaction id. Raises :class:`DeskError`, also when it breaks today's contract; that is recorded too.
        """
        _need_reason(request.reason)
        message = await self._message(request.integration, request.sequence)
        letter = _letter(message)
        delivery = self._delivery(message)
        try:
            outgoing, removed = self._prepare(letter, message, delivery, request)
        except DeskError as refusal:
            await self._record(letter, delivery, request, Status.REFUSED, refusal)
            raise
        answer = (await self.publisher.send([outgoing]))[0]
        if answer.error or answer.duplicate:
            problem = answer.error or "it has been replayed before, and the target's stream has it"
            failure = DeskError("dead-letter.not-stored", f"the broker did not take the replay: {problem}")
            await self._record(letter, delivery, request, Status.FAILED, failure)
            if answer.duplicate:
                await self._remove(request)
            raise failure
        await self._record(letter, delivery, request, Status.SUCCESS, None, removed=removed)
        await self._remove(request)
        return letter

    def _prepare(
        self, letter: DeadLetter, message: StoredMessage, delivery: CompiledDelivery, request: ReplayRequest
    ) -> tuple[Outgoing, tuple[str, ...]]:
        if letter.replays >= MAX_REPLAYS and request.payload is None:
            raise DeskError("dead-letter.loop", f"replayed {letter.replays} times and back again: correct the payload")
        if letter.stage == DELIVERED_STAGE and request.payload is None:
            raise DeskError(
                "dead-letter.original-gone",
                "the message as published has aged out, so it cannot be checked: replay with a corrected payload",
            )
        data = message.data if request.payload is None else request.payload
        incoming = as_incoming(letter, data, message.headers, now_ms=int(time.time() * 1000))
        try:
            value = self.plan().channels[delivery.plan.channel_id].check(data)
            prepared = delivery.prepare(incoming, value, replay=letter.replays + 1)
        except MessageRefusedError as error:
            raise DeskError(error.code, f"{error}: replay with a corrected payload") from error
        return prepared.outgoing, prepared.removed

    def _delivery(self, message: StoredMessage) -> CompiledDelivery:
        for delivery in self.plan().deliveries.values():
            if delivery.dead_letter_subject == message.subject and delivery.plan.channel_id in self.plan().channels:
                return delivery
        raise DeskError("dead-letter.no-contract", "no contract in force delivers this channel to this target any more")

    async def _message(self, integration: str, sequence: int) -> StoredMessage:
        if integration not in self.integrations():
            raise DeskError("dead-letter.unknown", f"no contract in force is named {integration!r}: see the registry")
        message = await read_message(self.connection, dead_letter_stream(integration), sequence)
        if message is None:
            raise DeskError("dead-letter.unknown", f"{integration} has no dead letter {sequence}: list them first")
        return message

    async def _remove(self, request: ReplayRequest) -> None:
        try:
            stream_api = self.connection.jetstream(timeout=5)
            await stream_api.delete_msg(dead_letter_stream(request.integration), request.sequence)
        except APIError as error:
            raise BusUnavailableError(f"the replayed dead letter is still listed: {error.description}") from error

    async def _record(
        self,
        letter: DeadLetter,
        delivery: CompiledDelivery,
        request: ReplayRequest,
        status: Status,
        refusal: DeskError | None,
        *,
        removed: tuple[str, ...] = (),
    ) -> None:
        now_ms = int(time.time() * 1000)
        journey = Journey(
            transaction_id=letter.transaction_id,
            correlation_id=letter.correlation_id,
            account=request.actor,
            published_ms=letter.published_ms,
            plan=self.plan().hash,
            delivery=delivery.plan,
        )
        detail: dict[str, DetailValue] = {
            "dead_letter": request.sequence,
            "reason": request.reason,
            "run": letter.replays + 1,
            "corrected": request.payload is not None,
        }
        records = [
            step_of(
                journey,
                Step.REPLAYED,
                status,
                now_ms=now_ms,
                error_code=refusal.code if refusal else "",
                error=str(refusal) if refusal else "",
                detail=detail,
            )
        ]
        if status is Status.SUCCESS and delivery.plan.webhook is None:
            names: dict[str, DetailValue] = {"removed": removed} if removed else {}
            records.append(step_of(journey, Step.DELIVERED, Status.SUCCESS, now_ms=now_ms, detail=names))
        await asyncio.to_thread(self.records.append, records)


def _letter(message: StoredMessage) -> DeadLetter:
    return read_dead_letter(message.subject, message.sequence, message.headers, len(message.data), message.stored_ms)


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise DeskError("dead-letter.reason", "say why: the reason is kept in the ledger")
