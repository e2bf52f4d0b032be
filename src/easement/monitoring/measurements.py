"""Records become measurements: counts by status and error class, latency buckets, bytes, by minute. Pure.

* An *outcome* is a record that ends one attempt: a request, or the delivery, retry or dead-lettering of one event to
  one target. Other steps (published, processed, replayed) are not counted again.
* Buckets are kept, never percentiles: percentiles do not add up.
* What belongs to no integration (refused strangers) is counted under the empty name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from easement.ledger.record import Record, RecordKind, Status, Step

MINUTE_MS: Final = 60_000
BUCKETS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
"""Upper bounds of the latency buckets; one more bucket holds what is slower."""
_OUTCOMES: Final = frozenset({Step.REQUESTED, Step.DELIVERED, Step.RETRIED, Step.DEAD_LETTERED})
_TRAFFIC: Final = frozenset({RecordKind.REQUEST, RecordKind.EVENT})
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}")


@dataclass(slots=True)
class Counts:
    """What happened to one integration in a stretch of time. ``buckets`` has a place for each bound and one more."""

    success: int = 0
    failed: int = 0
    retried: int = 0
    dead_lettered: int = 0
    refused: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    latency_us: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_MS) + 1))

    @property
    def outcomes(self) -> int:
        """Attempts that ended for good, one way or the other; refused ones are not the integration's."""
        return self.success + self.failed + self.dead_lettered

    @property
    def error_rate(self) -> float:
        """The share of outcomes that failed, 0 to 1."""
        return (self.failed + self.dead_lettered) / self.outcomes if self.outcomes else 0.0

    def add(self, other: Counts) -> None:
        """Add another stretch."""
        self.success += other.success
        self.failed += other.failed
        self.retried += other.retried
        self.dead_lettered += other.dead_lettered
        self.refused += other.refused
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.latency_us += other.latency_us
        self.buckets = [one + another for one, another in zip(self.buckets, other.buckets, strict=True)]


@dataclass(slots=True)
class Measured:
    """What a batch of records adds up to. Keys begin with the integration's name."""

    minutes: dict[tuple[str, int], Counts] = field(default_factory=dict)
    errors: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """By integration, status and error class."""
    last_seen_ms: dict[str, int] = field(default_factory=dict)
    last_success_ms: dict[str, int] = field(default_factory=dict)
    dead_letters: dict[tuple[str, str], int] = field(default_factory=dict)
    """By integration and transaction: when it was dead-lettered, or 0 when it was replayed since."""
    addresses: dict[tuple[str, str], int] = field(default_factory=dict)
    """By account and source address: when it was last let in from there."""


def measure(records: Iterable[Record], known: Mapping[str, object]) -> Measured:
    """Add up records. An integration that is not ``known`` counts as ``unregistered``: labels stay bounded."""
    result = Measured()
    for record in records:
        if record.kind not in _TRAFFIC:
            continue
        name = record.integration if record.integration in known or not record.integration else "unregistered"
        _count(result, record, name)
        address = record.detail.get("remote")
        if record.status is not Status.REFUSED and record.account and isinstance(address, str):
            place = record.account, address
            result.addresses[place] = max(record.time_ms, result.addresses.get(place, 0))
    return result


def error_class(record: Record) -> str:
    """A short word for what went wrong: the error code, or the kind of HTTP status. Empty on success."""
    if record.status is Status.SUCCESS:
        return ""
    if _CODE.fullmatch(record.error_code):
        return record.error_code
    status = record.detail.get("http_status")
    return f"http_{status // 100}xx" if isinstance(status, int) and 100 <= status < 600 else "other"


def percentile_ms(buckets: Sequence[int], share: float) -> float | None:
    """The latency below which ``share`` (0 to 1) of what is in the buckets lies, interpolated; None when empty.

    What is in the last, open bucket is said to be at its lower bound.
    """
    total = sum(buckets)
    if not total:
        return None
    wanted, below, lower = share * total, 0, 0.0
    for count, upper in zip(buckets, BUCKETS_MS, strict=False):
        if below + count >= wanted and count:
            return lower + (upper - lower) * max(0.0, wanted - below) / count
        below, lower = below + count, float(upper)
    return lower


def _count(result: Measured, record: Record, name: str) -> None:
    result.last_seen_ms[name] = max(record.time_ms, result.last_seen_ms.get(name, 0))
    if record.step is Step.REPLAYED and record.status is Status.SUCCESS:
        result.dead_letters[name, record.transaction_id] = 0
    if record.status is Status.SUCCESS:
        result.last_success_ms[name] = max(record.time_ms, result.last_success_ms.get(name, 0))
    if record.status is not Status.REFUSED and record.step not in _OUTCOMES:
        return
    counts = result.minutes.setdefault((name, record.time_ms // MINUTE_MS), Counts())
    counts.bytes_in += record.bytes_in
    counts.bytes_out += record.bytes_out
    match record.status:
        case Status.SUCCESS:
            counts.success += 1
        case Status.FAILED:
            counts.failed += 1
        case Status.RETRIED:
            counts.retried += 1
        case Status.DEAD_LETTERED:
            counts.dead_lettered += 1
            result.dead_letters[name, record.transaction_id] = record.time_ms
        case Status.REFUSED:
            counts.refused += 1
    if record.status in (Status.SUCCESS, Status.FAILED):
        counts.latency_us += record.latency_us
        counts.buckets[_bucket(record.latency_us)] += 1
    if word := error_class(record):
        key = (name, record.status.value, word)
        result.errors[key] = result.errors.get(key, 0) + 1


def _bucket(latency_us: int) -> int:
    for place, bound in enumerate(BUCKETS_MS):
        if latency_us <= bound * 1000:
            return place
    return len(BUCKETS_MS)
