"""One line of the access log as a record. Pure: the same line gives the same record, with the same id."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from easement.contract.codes import CATALOGUE
from easement.gateway.plan_index import NO_FACTS, PlanFacts
from easement.gateway.render_access_log import PLAN_SEPARATOR, SERVED_FIELDS, SERVED_MARK, SERVED_SEPARATOR
from easement.gateway.waf_finding import read_finding
from easement.ledger.record import DetailValue, Record, RecordKind, Status, Step
from easement.plan.model import Route, grant_id

_TRACE: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{1,128}")
_TARGET_ERROR: Final = "EAS-5599"
_TEXT_LIMIT: Final = 256
_SERVED_START: Final = f"{SERVED_MARK}{SERVED_SEPARATOR}".encode()
_COUNTED: Final = frozenset({"status", "received", "sent", "forwarded_us", "responded_us", "completed_us"})
_COPIED: Final = ("details", "flags", "tried", "remote")


def record_of(line: bytes, facts: Callable[[str], PlanFacts]) -> Record:
    """Read one line. ``facts`` gives what a plan hash stands for. Raises ``ValueError`` on one that cannot be read."""
    entry = fields_of(line)
    plan, _, operation = _text(entry, "route").partition(PLAN_SEPARATOR)
    known = facts(plan) if plan else NO_FACTS
    route = known.routes.get(operation)
    grant = known.grants.get(grant_id(owner, route.operation)) if route and (owner := _text(entry, "grant")) else None
    party = grant.party if grant else None
    started = int(_text(entry, "start"))
    completed = started + _number(entry, "completed_us") // 1000
    transaction = _text(entry, "answered") or _text(entry, "transaction")
    client = (
        _text(entry, "client")
        or _text(entry, "key_client")
        or _text(entry, "other_client")
        or (grant.client_id if grant else "")
    )
    runtime = entry.get("runtime")
    said: dict[str, Any] = runtime if isinstance(runtime, dict) else {}
    code = _text(said, "code") or _text(entry, "code")
    verdict = _text(said, "verdict") or _text(entry, "decided")
    return Record(
        id=_record_id(completed, transaction.encode() or line),
        transaction_id=transaction or _record_id(completed, line),
        correlation_id=_correlation(entry),
        kind=RecordKind.REQUEST,
        step=Step.REQUESTED,
        status=_status(_number(entry, "status"), code),
        time_ms=completed,
        times=_times(entry, started, completed),
        source=party.source if party else client,
        target=party.target if party else (route.upstream if route else ""),
        message_type=route.id if route else operation if operation in known.gone else "",
        account=client,
        integration=party.integration if party else "",
        integration_id=party.integration_id if party else "",
        revision=party.revision if party else "",
        plan=plan,
        error_code=code,
        error=_error(code, verdict, _number(entry, "status")),
        bytes_in=_number(entry, "received"),
        bytes_out=_number(entry, "sent"),
        latency_us=_number(entry, "completed_us"),
        detail=_detail(entry, said, verdict, route),
        retention_class=party.retention_class if party else "d400",
    )


def unreadable(line: bytes, now_ms: int) -> Record:
    """The record of a line that cannot be read: that there was one, how long, and its hash; nothing of its text."""
    identity = _record_id(now_ms, line)
    return Record(
        id=identity,
        transaction_id=identity,
        kind=RecordKind.REQUEST,
        step=Step.REQUESTED,
        status=Status.FAILED,
        time_ms=now_ms,
        error_code="EAS-5904",
        error=CATALOGUE["EAS-5904"].title,
        detail={"line_bytes": len(line), "line_sha256": hashlib.sha256(line).hexdigest()},
    )


def interrupted(now_ms: int, exit_code: int | None) -> Record:
    """The record that marks where Envoy died: what it had answered and not yet written down is missing here."""
    identity = _record_id(now_ms, b"EAS-5905")
    return Record(
        id=identity,
        transaction_id=identity,
        kind=RecordKind.REQUEST,
        step=Step.REQUESTED,
        status=Status.FAILED,
        time_ms=now_ms,
        error_code="EAS-5905",
        error=CATALOGUE["EAS-5905"].title,
        detail={} if exit_code is None else {"exit_code": exit_code},
    )


def fields_of(line: bytes) -> dict[str, Any]:
    """The fields of a short or a long line by name. Raises ``ValueError`` on anything else."""
    entry = _served(line) if line.startswith(_SERVED_START) else _refused(line)
    if not _text(entry, "start").isdigit():
        raise ValueError("not an entry of the access log")
    return entry


def _served(line: bytes) -> dict[str, Any]:
    """A short line. One separator too many or too few, and nothing of it is believed."""
    mark, *values = line.rstrip(b"\n").decode("utf-8", "replace").split(SERVED_SEPARATOR)
    if mark != SERVED_MARK or len(values) != len(SERVED_FIELDS):
        raise ValueError("not an entry of the access log")
    entry: dict[str, Any] = {name: value for name, value in zip(SERVED_FIELDS, values, strict=True) if value}
    for name in _COUNTED & entry.keys():
        entry[name] = int(entry[name]) if entry[name].isascii() and entry[name].isdigit() else 0
    return entry | {"runtime": {"removed": entry.pop("removed", "")}}


def _refused(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error
    return entry if isinstance(entry, dict) else {}


def _status(status: int, code: str) -> Status:
    if 200 <= status < 400 and not code:
        return Status.SUCCESS
    return Status.REFUSED if code and code != _TARGET_ERROR and status < 500 else Status.FAILED


def _error(code: str, verdict: str, status: int) -> str:
    if not code:
        return "" if 200 <= status < 400 else f"ended with status {status}"
    if code == _TARGET_ERROR:
        return f"The target answered with status {status}"
    title = CATALOGUE[code].title if code in CATALOGUE else "Refused"
    return f"{title}: {verdict}" if verdict else title


def _times(entry: dict[str, Any], started: int, completed: int) -> dict[str, int]:
    times = {"received": started, "completed": completed}
    for name in ("forwarded", "responded"):
        offset = entry.get(f"{name}_us")
        if isinstance(offset, int) and not isinstance(offset, bool):
            times[name] = started + offset // 1000
    return times


def _detail(entry: dict[str, Any], said: dict[str, Any], verdict: str, route: Route | None) -> dict[str, DetailValue]:
    detail: dict[str, DetailValue] = {
        name: _text(entry, name) for name in _COPIED if _text(entry, name) not in ("", "-")
    }
    detail["http_method"] = _text(entry, "method") or (route.method if route else "")
    detail["http_status"] = _number(entry, "status")
    if route is not None:
        detail["path"] = route.prefix + route.path
    if verdict:
        detail["verdict"] = verdict
    if route is not None and (owner := _text(entry, "grant")):
        detail["grant"] = grant_id(owner, route.operation)
    detail |= _findings(entry)
    if _text(said, "removed"):
        detail["removed"] = tuple(name[:128] for name in str(said["removed"]).split(",")[:41])
    return detail


def _findings(entry: dict[str, Any]) -> dict[str, DetailValue]:
    """What an inspection found: rule ids and kinds of attack by the names of the rule set, never a value."""
    finding = read_finding(_text(entry, "finding"))
    if finding is None:
        return {}
    return {
        "waf": finding.outcome,
        "waf_rules": tuple(str(rule) for rule in finding.rules),
        "waf_attacks": finding.attacks,
        "waf_ruleset": finding.ruleset,
    }


def _correlation(entry: dict[str, Any]) -> str:
    """The caller's own id where it is plain text, as on the bus: no bytes that a reader's terminal would obey."""
    given = _text(entry, "correlation")[:128]
    if _PRINTABLE.fullmatch(given):
        return given
    trace = _TRACE.fullmatch(_text(entry, "traceparent"))
    return trace.group(1) if trace else ""


def _text(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    return value[:_TEXT_LIMIT] if isinstance(value, str) else ""


def _number(entry: dict[str, Any], name: str) -> int:
    value = entry.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _record_id(time_ms: int, seed: bytes) -> str:
    """A UUIDv7 (RFC 9562 §5.7) whose random part is a hash: read again, the same transaction is the same record."""
    bits = int.from_bytes(hashlib.sha256(seed).digest()[:10])
    value = (time_ms & (1 << 48) - 1) << 80 | 7 << 76 | (bits >> 68 & 0xFFF) << 64 | 2 << 62 | bits & (1 << 62) - 1
    return str(uuid.UUID(int=value))
