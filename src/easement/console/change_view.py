"""What the pages of change control show, made from cases. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from easement.governance.change_case_states import TOLD, CaseState
from easement.governance.contract_use import StillUsing
from easement.store.change_cases import StoredCase

_LEFT: Final = 70.0
_RIGHT: Final = 730.0
_APART: Final = 120.0
_ROWS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One point of a timeline, in the units of its picture (800 by 180).

    ``word`` is ``past``, ``now`` or ``ahead``; ``side`` is where its label goes.
    """

    label: str
    at_ms: int
    word: str
    side: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case in a list."""

    id: str
    subject: str
    successor: str
    state: str
    affected: int
    answered: int
    sunset_ms: int
    opened_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a person could do in a case now; whether they may is decided when they do it."""

    notify: bool
    start: bool
    close: bool
    withdraw: bool
    confirm: bool
    answer: tuple[str, ...]
    cut: tuple[str, ...]


def case_rows(cases: Iterable[StoredCase]) -> list[CaseRow]:
    """Emergencies first, then in the order of opening."""
    ordered = sorted(cases, key=lambda case: (case.state != CaseState.BREAK_GLASS, case.number))
    return [
        CaseRow(
            id=case.id,
            subject=case.subject,
            successor=case.successor,
            state=str(case.state),
            affected=len(case.parties),
            answered=sum(bool(party.answer) for party in case.parties),
            sunset_ms=milliseconds(case.sunset),
            opened_by=case.opened_by,
            reason=case.reason,
        )
        for case in ordered
    ]


def timeline(case: StoredCase, now: datetime) -> list[Milestone]:
    """The points of a case in time, spread over the picture; labels that would meet are set one above the other."""
    points = [
        ("opened", case.opened),
        ("noticed", case.noticed),
        ("transition", case.started),
        ("window ends" if case.emergency else "sunset", case.permitted_until if case.emergency else case.sunset),
        ("over", case.closed),
    ]
    points += [(f"{party.integration} until", party.until) for party in case.parties if party.until]
    dated = sorted(((label, at) for label, at in [*points, ("today", now)] if at is not None), key=lambda one: one[1])
    first, last = dated[0][1], dated[-1][1]
    span = max(last - first, timedelta(seconds=1))
    found: list[Milestone] = []
    rows = [-_APART] * _ROWS
    for label, at in dated:
        x = round(_LEFT + (_RIGHT - _LEFT) * ((at - first) / span), 1)
        row = next((row for row, taken in enumerate(rows) if x - taken >= _APART), _least(rows))
        rows[row] = x
        word = "now" if label == "today" else "past" if at <= now else "ahead"
        found.append(Milestone(label=label, at_ms=milliseconds(at), word=word, side=_side(x), x=x, y=24.0 + row * 30))
    return found


def offered(case: StoredCase, using: Sequence[StillUsing], person: str) -> Offered:
    """Which steps the state of a case has."""
    told, draft = case.state in TOLD, case.state == CaseState.DRAFT
    return Offered(
        notify=draft and not case.emergency,
        start=case.state == CaseState.NOTICED and case.kind == "Interface",
        close=case.state in {CaseState.SUNSET_READY, CaseState.BREAK_GLASS},
        withdraw=told or draft,
        confirm=draft and case.emergency and person != case.opened_by,
        answer=tuple(party.integration for party in case.parties) if told else (),
        cut=tuple(row.integration for row in using if row.uses) if case.state == CaseState.SUNSET_READY else (),
    )


def milliseconds(moment: datetime | None) -> int:
    """Milliseconds since the epoch; 0 for None."""
    return int(moment.timestamp() * 1000) if moment else 0


def _side(x: float) -> str:
    return "right" if x < _LEFT + _APART else "left" if x > _RIGHT - _APART else "middle"


def _least(rows: Sequence[float]) -> int:
    return min(range(len(rows)), key=rows.__getitem__)
