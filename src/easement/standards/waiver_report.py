"""Every waiver of an estate with where it stands: in force, ending soon, ended, or of no use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from easement.contract.kinds import Waiver
from easement.standards.model import Finding
from easement.standards.waivers import EXPIRED, REFUSED, UNUSED

SOON_DAYS: Final = 30
"""A waiver that ends within so many days is due for renewal, or for mending what it covers."""


class WaiverState(StrEnum):
    """Where a waiver stands, the most urgent first."""

    EXPIRED = "expired"
    REFUSED = "refused"
    EXPIRING = "expiring"
    UNUSED = "unused"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who asked for a waiver and who approved it, as its review says; empty where nobody has yet."""

    requester: str = ""
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverEntry:
    """One waiver. ``days`` are left until its last day, negative after it; ``message`` is what it covers."""

    name: str
    owner: str
    rule: str
    at: str
    reason: str
    expires: date
    state: WaiverState
    days: int
    message: str
    approval: Approval


_UNAPPROVED: Final = Approval()
_BY_FINDING: Final = {EXPIRED: WaiverState.EXPIRED, REFUSED: WaiverState.REFUSED, UNUSED: WaiverState.UNUSED}


def waiver_report(
    waivers: Mapping[str, Waiver],
    findings: Iterable[Finding],
    today: date,
    approvals: Mapping[str, Approval] | None = None,
) -> tuple[WaiverEntry, ...]:
    """Every waiver, the most urgent first and then by its last day.

    ``findings`` are those of :func:`easement.standards.check.check` on the same estate and day; ``approvals`` come from
    the reviews, by waiver.
    """
    states: dict[str, WaiverState] = {}
    covered: dict[str, str] = {}
    for finding in findings:
        if finding.waived_by:
            covered[finding.waived_by] = finding.message
        elif finding.rule in _BY_FINDING and finding.subject.startswith("waiver/"):
            states[finding.subject.removeprefix("waiver/")] = _BY_FINDING[finding.rule]
    entries = (
        _entry(waiver, states.get(name), covered.get(name, ""), today, (approvals or {}).get(name, _UNAPPROVED))
        for name, waiver in waivers.items()
    )
    order = list(WaiverState)
    return tuple(sorted(entries, key=lambda entry: (order.index(entry.state), entry.expires, entry.name)))


def _entry(waiver: Waiver, found: WaiverState | None, message: str, today: date, approval: Approval) -> WaiverEntry:
    days = (waiver.spec.expires - today).days
    state = found or (WaiverState.EXPIRING if days <= SOON_DAYS else WaiverState.ACTIVE)
    return WaiverEntry(
        name=waiver.metadata.name,
        owner=waiver.metadata.owner,
        rule=waiver.spec.rule,
        at=waiver.spec.at,
        reason=waiver.spec.reason,
        expires=waiver.spec.expires,
        state=state,
        days=days,
        message=message,
        approval=approval,
    )


def waiver_values(entry: WaiverEntry) -> dict[str, Any]:
    """A waiver as plain values, as the API answers it."""
    return {
        "name": entry.name,
        "owner": entry.owner,
        "rule": entry.rule,
        "at": entry.at,
        "reason": entry.reason,
        "expires": entry.expires.isoformat(),
        "state": entry.state.value,
        "days": entry.days,
        "message": entry.message,
        "requester": entry.approval.requester,
        "approvers": list(entry.approval.approvers),
    }
