"""Records for tests: say only what matters, the rest is plausible."""

from __future__ import annotations

from typing import Any

from easement.ledger.record import Record, RecordKind, Status, Step
from easement.store.ids import new_id

MOMENT_MS = 1_795_000_000_000
"""A fixed time, milliseconds since the epoch, for records and clocks of tests."""


def a_record(**changes: Any) -> Record:
    """A successful request from ``shop`` to ``orders``, with ``changes``."""
    plausible: dict[str, Any] = {
        "id": new_id(),
        "transaction_id": new_id(),
        "kind": RecordKind.REQUEST,
        "step": Step.REQUESTED,
        "status": Status.SUCCESS,
        "time_ms": MOMENT_MS,
        "times": {"received": MOMENT_MS - 3, "completed": MOMENT_MS},
        "source": "shop",
        "target": "orders",
        "message_type": "GET /orders/{orderId}",
        "account": "shop",
        "integration": "shop-orders",
        "integration_id": "INT-0001",
        "revision": "a" * 64,
        "plan": "b" * 64,
        "latency_us": 3_000,
        "detail": {"http_status": 200},
    }
    return Record(**{**plausible, **changes})
