"""What a probe has found about one integration: the cases with their outcome, and the record that proves it."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from easement.gateway.control_case import ControlCase, Owasp
from easement.ledger.record import Record, RecordKind, Status, Step
from easement.plan.model import Party
from easement.store.ids import new_id

THE_GATEWAY: Final = ""
"""Instead of an integration: cases about the gateway as a whole."""
MESSAGE_TYPE: Final = "control-validation"
_NAMED: Final = 40


class Outcome(StrEnum):
    """What became of one case."""

    HELD = "held"
    FAILED = "failed"
    NOT_TRIED = "not tried"
    """It should be, and cannot be; the reason says why."""
    NOT_APPLICABLE = "not applicable"
    """The contract gives no ground for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case of one operation. ``said`` is what was answered, or why it was not tried."""

    operation: str
    case: str
    item: Owasp
    what: str
    outcome: Outcome
    said: str


def left_out(case: ControlCase, operation: str) -> CaseResult:
    """The result of a case that is not tried."""
    outcome = Outcome.NOT_TRIED if case.is_open else Outcome.NOT_APPLICABLE
    return CaseResult(
        operation=operation, case=case.id, item=case.item, what=case.what, outcome=outcome, said=case.reason
    )


def report_of(
    results: Iterable[CaseResult], *, run: str, integration: str, plan: str, party: Party | None
) -> dict[str, Any]:
    """The report as JSON: counts by outcome, and the cases under the items of the outline, in its order."""
    found = list(results)
    counts = Counter(result.outcome for result in found)
    return {
        "run": run,
        "integration": integration,
        "revision": party.revision if party else "",
        "plan": plan,
        "counts": {outcome.value: counts[outcome] for outcome in Outcome},
        "items": [
            {"item": item.value, "cases": [_case(result) for result in found if result.item is item]} for item in Owasp
        ],
    }


def _case(result: CaseResult) -> dict[str, str]:
    return {
        "operation": result.operation, "case": result.case, "what": result.what, "outcome": result.outcome.value,
        "said": result.said,
    }  # fmt: skip


def digest(report: Mapping[str, Any]) -> str:
    """SHA-256 of the report's canonical JSON, in hexadecimal: what the ledger holds, and whoever has it can compare."""
    return hashlib.sha256(json.dumps(report, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def record_of_report(report: Mapping[str, Any], party: Party | None, *, account: str) -> Record:
    """The evidence in the ledger: outcome, counts, which cases failed, and the digest of the whole report."""
    counts = report["counts"]
    failed = [
        f"{case['operation']} {case['case']}".strip()
        for item in report["items"]
        for case in item["cases"]
        if case["outcome"] == Outcome.FAILED
    ]
    identity = new_id()
    return Record(
        id=identity,
        transaction_id=str(report["run"]),
        kind=RecordKind.ADMINISTRATION,
        step=Step.PROBED,
        status=Status.FAILED if failed else Status.SUCCESS,
        time_ms=time.time_ns() // 1_000_000,
        source=party.source if party else "",
        target=party.target if party else "",
        message_type=MESSAGE_TYPE,
        account=account,
        integration=party.integration if party else "",
        integration_id=party.integration_id if party else "",
        revision=party.revision if party else "",
        plan=str(report["plan"]),
        error_code="EAS-5910" if failed else "",
        error="A control does not hold" if failed else "",
        detail={
            "held": counts[Outcome.HELD],
            "failed": counts[Outcome.FAILED],
            "not_tried": counts[Outcome.NOT_TRIED],
            "not_applicable": counts[Outcome.NOT_APPLICABLE],
            "failed_cases": tuple(failed[:_NAMED]),
            "report_sha256": digest(report),
        },
        retention_class=party.retention_class if party else "d400",
    )
