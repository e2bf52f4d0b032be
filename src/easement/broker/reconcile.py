"""Make JetStream hold the streams and consumers that a plan needs, and nothing that was retired and is empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    ConsumerInfo,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import APIError, NotFoundError

from easement.broker.naming import DEAD_LETTER_PREFIX, INGRESS_PREFIX, TARGET_PREFIX
from easement.broker.streams import DUPLICATE_WINDOW_S, ConsumerSpec, StreamSpec, Topology

_log = structlog.get_logger()
_OURS: Final = (INGRESS_PREFIX, TARGET_PREFIX, DEAD_LETTER_PREFIX)
_MAX_MESSAGES: Final = 1_000_000
_SHORTEST_AGE_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What was done, by stream name; ``failed`` holds a sentence for each object that could not be made.

    ``waiting`` counts, for each stream of a target, the messages that it has not acknowledged, where there are any;
    ``retired`` are our streams that no contract names and that are still there.
    """

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    waiting: Mapping[str, int] = field(default_factory=dict)
    retired: tuple[str, ...] = ()


async def reconcile(connection: Client, topology: Topology) -> Reconciled:
    """Create and update what ``topology`` names; delete our streams that it does not name once they are empty.

    Streams in ``topology.removals`` are deleted with what is in them.
    """
    stream_api = connection.jetstream(timeout=10)
    existing = {info.config.name or "": info for info in await _all_streams(stream_api)}
    created, updated, failed = [], [], []
    for spec in topology.streams:
        try:
            if spec.name not in existing:
                await stream_api.add_stream(_stream_config(spec))
                created.append(spec.name)
            elif _differs(spec, existing[spec.name]):
                await stream_api.update_stream(_stream_config(spec))
                updated.append(spec.name)
        except APIError as error:
            failed.append(f"stream {spec.name}: {error.description}")
    waiting: dict[str, int] = {}
    for consumer in topology.consumers:
        try:
            if (count := await _reconcile_consumer(stream_api, consumer)) and consumer.stream.startswith(TARGET_PREFIX):
                waiting[consumer.stream] = count
        except APIError as error:
            failed.append(f"consumer {consumer.stream}/{consumer.name}: {error.description}")
    deleted, kept = await _delete_retired(stream_api, topology, existing)
    return Reconciled(
        created=tuple(created),
        updated=tuple(updated),
        deleted=deleted,
        failed=tuple(failed),
        waiting=waiting,
        retired=kept,
    )


async def missing_streams(connection: Client, topology: Topology) -> tuple[str, ...]:
    """Streams that should be there and are not: with a wrong storage key the server runs, and simply has none."""
    present = {info.config.name for info in await _all_streams(connection.jetstream(timeout=10))}
    return tuple(spec.name for spec in topology.streams if spec.name not in present)


async def _all_streams(stream_api: JetStreamContext) -> list[StreamInfo]:
    found: list[StreamInfo] = []
    while page := await stream_api.streams_info(offset=len(found)):
        found += page
    return found


def _stream_config(spec: StreamSpec) -> StreamConfig:
    age = max(spec.max_age_s, _SHORTEST_AGE_S)
    return StreamConfig(
        name=spec.name,
        description=spec.description,
        subjects=list(spec.subjects),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_msgs=_MAX_MESSAGES,
        max_age=age,
        max_msg_size=spec.max_message_bytes,
        duplicate_window=min(DUPLICATE_WINDOW_S, age),
        deny_delete=not spec.erasable,
        allow_rollup_hdrs=False,
        num_replicas=1,
    )


def _differs(spec: StreamSpec, info: StreamInfo) -> bool:
    want, have = _stream_config(spec), info.config
    return (
        sorted(have.subjects or []) != sorted(want.subjects or [])
        or have.max_age != want.max_age
        or have.max_msg_size != want.max_msg_size
        or have.max_msgs != want.max_msgs
        or have.duplicate_window != want.duplicate_window
        or have.discard != want.discard
    )


async def _reconcile_consumer(stream_api: JetStreamContext, spec: ConsumerSpec) -> int:
    """Make it so, and count what it has not handled yet."""
    want = _consumer_config(spec)
    try:
        have = await stream_api.consumer_info(spec.stream, spec.name)
    except NotFoundError:
        await stream_api.add_consumer(spec.stream, want)
        return 0
    if _consumer_differs(want, have):
        await stream_api.add_consumer(spec.stream, want)
    return (have.num_pending or 0) + (have.num_ack_pending or 0)


def _consumer_differs(want: ConsumerConfig, info: ConsumerInfo) -> bool:
    have = info.config
    ack_wait = want.backoff[0] if want.backoff else want.ack_wait
    return (
        have.ack_wait != ack_wait
        or have.max_ack_pending != want.max_ack_pending
        or have.max_deliver != want.max_deliver
        or list(have.backoff or []) != list(want.backoff or [])
        or (have.sample_freq or "") != (want.sample_freq or "")
    )


def _consumer_config(spec: ConsumerSpec) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=spec.name,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=spec.ack_wait_s,
        max_ack_pending=spec.max_ack_pending,
        max_deliver=spec.max_deliver,
        backoff=list(spec.backoff_s) or None,
        sample_freq="100" if spec.sampled else None,
    )


async def _delete_retired(
    stream_api: JetStreamContext, topology: Topology, existing: dict[str, StreamInfo]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A stream that no contract names goes when its last message has aged out; until then nobody may reach it.

    Returns what was deleted and what is kept.
    """
    wanted = {spec.name for spec in topology.streams}
    deleted, kept = [], []
    for name, info in existing.items():
        if name in wanted or not name.startswith(_OURS):
            continue
        if info.state.messages and name not in topology.removals:
            _log.info("broker.retired_stream_kept", stream=name, messages=info.state.messages)
            kept.append(name)
            continue
        await stream_api.delete_stream(name)
        deleted.append(name)
    return tuple(deleted), tuple(kept)
