"""One record: one step of one transaction, or one decision about the estate.

A record never holds payload values or secrets; ``detail`` holds names and numbers (removed field names, HTTP status,
broker sequence). ``recorder`` and ``sequence`` are given by the spool and leave no gap: a missing number is a
lost record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

DetailValue = str | int | float | bool | tuple[str, ...]


class RecordKind(StrEnum):
    """What a record is about."""

    REQUEST = "request"
    EVENT = "event"
    GOVERNANCE = "governance"
    ADMINISTRATION = "administration"
    ACCESS = "access"


class Step(StrEnum):
    """What happened. A request is one record; an event has one record for each step and target."""

    REQUESTED = "requested"
    PUBLISHED = "published"
    DELIVERED = "delivered"
    PROCESSED = "processed"
    RETRIED = "retried"
    DEAD_LETTERED = "dead-lettered"
    REPLAYED = "replayed"
    CONNECTED = "connected"
    DECIDED = "decided"
    CHANGED = "changed"
    READ = "read"
    PROBED = "probed"
    """The controls of an integration were tried (``easement probe``)."""


class Status(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    FAILED = "failed"
    RETRIED = "retried"
    DEAD_LETTERED = "dead-lettered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row of the ledger.

    ``time_ms`` and the values of ``times`` are milliseconds since the epoch, UTC. ``times`` maps the steps inside a
    record (``received``, ``forwarded``, ``responded``, ``completed``; ``published``, ``fetched``, ``delivered``) to
    when they happened. ``latency_us`` is microseconds. ``id`` is a UUIDv7.
    """

    id: str
    transaction_id: str
    correlation_id: str = ""
    kind: RecordKind
    step: Step
    status: Status
    time_ms: int
    times: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    target: str = ""
    message_type: str = ""
    account: str = ""
    integration: str = ""
    integration_id: str = ""
    revision: str = ""
    plan: str = ""
    error_code: str = ""
    error: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    latency_us: int = 0
    detail: Mapping[str, DetailValue] = field(default_factory=dict)
    retention_class: str = "d400"
    recorder: str = ""
    sequence: int = 0
