"""Records and verification reports as people and programs read them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, Final

from easement.ledger.query import Found, Page
from easement.ledger.record import Record
from easement.ledger.verdict import Area, Report, Verdict

_COLUMNS: Final = ("time", "status", "step", "source", "target", "message_type", "account", "integration", "error_code")
_AREAS: Final[tuple[Area, ...]] = ("integrity", "completeness", "freshness")
_MARKS: Final = {Verdict.PASS: "holds", Verdict.WARN: "doubtful", Verdict.FAIL: "FAILS"}
_CONTROLS: Final = dict.fromkeys((*range(32), *range(127, 160)))


def moment(time_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_table(page: Page) -> str:
    """Columns for a terminal, the transaction id last."""
    rows = [[*_cells(found.record), found.record.transaction_id] for found in page.found]
    heads = [*(name.replace("_", " ") for name in _COLUMNS), "transaction"]
    if not rows:
        return "no records\n"
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows)]
    return "".join(line.rstrip() + "\n" for line in lines)


def as_json_page(page: Page) -> str:
    """``{"records": [...], "cursor": N}``."""
    records = [{"position": found.position, **_tree(found.record)} for found in page.found]
    return json.dumps({"records": records, "cursor": page.cursor}, indent=2, ensure_ascii=False) + "\n"


def as_csv(page: Page) -> str:
    """All fields; what a spreadsheet would take for a formula is marked as text."""
    names = [field.name for field in fields(Record)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["position", *names])
    for found in page.found:
        tree = _tree(found.record)
        writer.writerow([found.position, *(_csv_cell(tree[name]) for name in names)])
    return out.getvalue()


def as_trace(found: Sequence[Found]) -> str:
    """The steps of one transaction, each with its facts."""
    first = found[0].record
    lines = [f"transaction {first.transaction_id}"]
    if first.correlation_id:
        lines.append(f"correlation {_clean(first.correlation_id)}")
    for number, one in enumerate(found, start=1):
        lines += ["", *_step_lines(number, one)]
    return "\n".join(lines) + "\n"


def as_text_report(report: Report, now_ms: int, *, is_key_given: bool) -> str:
    """The three verdicts, what was looked at, and each finding with its place."""
    lines = [f"{area:<13}{_MARKS[report.verdict(area)]}" for area in _AREAS]
    lines.append(
        f"{report.sealed_records} sealed records in {report.segments} segments, {report.unsealed_records} unsealed, "
        f"{report.entries} log entries"
    )
    if report.checkpoint_ms:
        age_s = max(0, now_ms - report.checkpoint_ms) // 1000
        lines.append(f"checkpoint signed {moment(report.checkpoint_ms)}, {age_s} s ago")
    if not is_key_given:
        lines.append("the key is the ledger's own: give --public-key for a check that does not rest on this directory")
    lines += [
        f"{_MARKS[finding.verdict]:<9} {finding.area}: {_clean(finding.place)}: {_clean(finding.message)}"
        for finding in report.findings
    ]
    return "\n".join(lines) + "\n"


def as_json_report(report: Report, now_ms: int, *, is_key_given: bool) -> str:
    """The same as JSON."""
    verdicts: dict[str, Any] = {area: report.verdict(area) for area in _AREAS}
    body = {
        "passed": not report.has_failed,
        **verdicts,
        "time": moment(now_ms),
        "checkpointTime": moment(report.checkpoint_ms) if report.checkpoint_ms else None,
        "independentKey": is_key_given,
        "logEntries": report.entries,
        "segments": report.segments,
        "sealedRecords": report.sealed_records,
        "unsealedRecords": report.unsealed_records,
        "findings": [
            {key: value for key, value in {**asdict(finding), "place": finding.place}.items() if value != ""}
            for finding in report.findings
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _step_lines(number: int, found: Found) -> list[str]:
    record = found.record
    lines = [f"{number}. {moment(record.time_ms)}  {record.step} {record.status}"]
    flow = f"{record.source or '?'} -> {record.target or '?'}  {record.message_type}".rstrip()
    facts = {
        "flow": flow,
        "account": record.account,
        "integration": " ".join(filter(None, (record.integration, record.integration_id))),
        "revision": record.revision,
        "plan": record.plan,
        "error": " ".join(filter(None, (record.error_code, record.error))),
        "latency": f"{record.latency_us / 1000:.3f} ms" if record.latency_us else "",
        "bytes": f"{record.bytes_in} in, {record.bytes_out} out" if record.bytes_in or record.bytes_out else "",
        "detail": ", ".join(f"{key}={_plain(value)}" for key, value in sorted(record.detail.items())),
        "record": f"{record.id} at {found.position}, {record.recorder} {record.sequence}",
    }
    times = sorted(record.times.items(), key=lambda item: item[1])
    lines += [f"   {name:<12}{moment(time_ms)}" for name, time_ms in times]
    return lines + [f"   {name:<12}{_clean(value)}" for name, value in facts.items() if value]


def _cells(record: Record) -> list[str]:
    return [moment(record.time_ms) if name == "time" else _clean(str(getattr(record, name))) for name in _COLUMNS]


def _tree(record: Record) -> dict[str, Any]:
    return {**asdict(record), "time": moment(record.time_ms)}


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _csv_cell(value: object) -> object:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _clean(text: str) -> str:
    """Without control characters: what a hostile caller sent must not steer a terminal."""
    return text.translate(_CONTROLS)
