"""Records for other tools: our own fields as JSON, or OCSF API Activity. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from easement import __version__
from easement.ledger.query import Found
from easement.ledger.record import Record, RecordKind, Status, Step

OCSF_VERSION: Final = "1.6.0"
_CLASS_UID: Final = 6003
_CATEGORY_UID: Final = 6
_SUCCESS: Final = 1
_FAILURE: Final = 2
_OTHER: Final = 99
_READ: Final = 2
_INFORMATIONAL: Final = 1
_MEDIUM: Final = 3
_OUTCOMES: Final = {Status.SUCCESS: _SUCCESS, Status.FAILED: _FAILURE, Status.REFUSED: _FAILURE}


def as_json_object(found: Found) -> str:
    """One record in its own fields, with its position."""
    return json.dumps({"position": found.position, **asdict(found.record)}, ensure_ascii=False, separators=(",", ":"))


def as_ocsf(found: Found) -> str:
    """One record as OCSF 1.6.0 API Activity (class 6003). What has no place there is in ``unmapped``."""
    record = found.record
    activity = _READ if record.step is Step.READ or record.kind is RecordKind.ACCESS else _OTHER
    status = _OUTCOMES.get(record.status, _OTHER)
    event: dict[str, Any] = {
        "class_uid": _CLASS_UID,
        "class_name": "API Activity",
        "category_uid": _CATEGORY_UID,
        "category_name": "Application Activity",
        "activity_id": activity,
        "activity_name": "Read" if activity == _READ else record.step.value,
        "type_uid": _CLASS_UID * 100 + activity,
        "severity_id": _INFORMATIONAL if status == _SUCCESS else _MEDIUM,
        "time": record.time_ms,
        "status_id": status,
        "status": record.status.value,
        "metadata": {
            "version": OCSF_VERSION,
            "uid": record.transaction_id,
            "correlation_uid": record.correlation_id or None,
            "log_provider": record.recorder,
            "sequence": record.sequence,
            "product": {"name": "Easement", "vendor_name": "Easement", "version": __version__},
        },
        "actor": {"user": {"uid": record.account or "unknown"}},
        "api": {"operation": record.message_type or record.step.value},
        "src_endpoint": {"name": record.source or "unknown"},
        "dst_endpoint": {"name": record.target or "unknown"},
        "status_code": record.error_code or None,
        "status_detail": record.error or None,
        "duration": record.latency_us // 1000 if record.latency_us else None,
        "unmapped": _unmapped(record, found.position),
    }
    return json.dumps(_without_nothing(event), ensure_ascii=False, separators=(",", ":"))


def _unmapped(record: Record, position: int) -> dict[str, Any]:
    return {
        "position": position,
        "record_id": record.id,
        "kind": record.kind.value,
        "integration": record.integration,
        "integration_id": record.integration_id,
        "contract_revision": record.revision,
        "plan_hash": record.plan,
        "bytes_in": record.bytes_in,
        "bytes_out": record.bytes_out,
        "times": dict(record.times),
        "detail": dict(record.detail),
        "retention_class": record.retention_class,
    }


def _without_nothing(tree: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_nothing(value) if isinstance(value, dict) else value
        for key, value in tree.items()
        if value is not None
    }
