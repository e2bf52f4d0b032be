"""What the pages of the Centre of Excellence show, made from scores, findings and reviews. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from easement.estate.data_flow import DataFlow
from easement.estate.model import Estate
from easement.standards.model import Finding
from easement.store.scorecard_days import DayScore

_HEIGHT = 46
_LEG = 44
_LEFT, _RIGHT = 144, 496


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A finding with the owner of the document that it is about."""

    rule: str
    title: str
    severity: str
    blocks: str
    at: str
    message: str
    remedy: str
    waived_by: str
    owner: str
    standard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegLine:
    """One arrow of the picture, in the units of its drawing (640 wide)."""

    y: int
    start: int
    end: int
    text: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDrawing:
    """The picture of a data flow with its places; ``text`` says the same in words."""

    height: int
    box: int
    source: tuple[str, ...]
    target: tuple[str, ...]
    between: str
    legs: tuple[LegLine, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """A line of scores over days on a scale from 0 to 100, in a drawing of 600 by 120; ``text`` says it in words."""

    points: str
    dots: tuple[tuple[float, float, str], ...]
    text: str
    first: date
    last: date


def owner_of(estate: Estate, subject: str) -> str:
    """The owner of the document ``kind/name``; empty where there is none."""
    kind, _, name = subject.partition("/")
    collections: Mapping[str, Mapping[str, Any]] = {
        "system": estate.systems,
        "interface": estate.interfaces,
        "integration": estate.integrations,
        "agreement": estate.agreements,
        "standard": estate.standards,
        "waiver": estate.waivers,
    }
    document = collections.get(kind, {}).get(name)
    return "" if document is None else str(document.metadata.owner)


def finding_rows(estate: Estate, findings: Iterable[Finding]) -> list[FindingRow]:
    """Findings as rows: what blocks first, then the graver, then by place."""
    order = {"error": 0, "warning": 1, "info": 2}
    rows = [
        FindingRow(
            rule=one.rule,
            title=one.title,
            severity=str(one.severity),
            blocks=str(one.blocks),
            at=one.at,
            message=one.message,
            remedy=one.remedy,
            waived_by=one.waived_by,
            owner=owner_of(estate, one.subject),
            standard=one.standard,
        )
        for one in findings
    ]
    return sorted(rows, key=lambda row: (bool(row.waived_by), row.blocks == "never", order[row.severity], row.at))


def flow_drawing(flow: DataFlow | None) -> FlowDrawing | None:
    """Where the parts of the picture stand."""
    if flow is None:
        return None
    height = _HEIGHT + _LEG * max(1, len(flow.legs))
    legs = tuple(
        LegLine(
            y=_HEIGHT + _LEG * number + 8,
            start=_LEFT if leg.sender == flow.source.name else _RIGHT,
            end=_RIGHT if leg.sender == flow.source.name else _LEFT,
            text=f"{leg.direction}: {len(leg.fields)} field{'' if len(leg.fields) == 1 else 's'}",
            note=_short(", ".join((leg.classification, *leg.tags)), 25),
        )
        for number, leg in enumerate(flow.legs)
    )
    words = "; ".join(leg.text for leg in flow.legs) or "nothing that is described"
    return FlowDrawing(
        height=height,
        box=height - 8,
        source=_party(flow.source.name, flow.source.country, flow.source.zones, flow.source.organisation),
        target=_party(flow.target.name, flow.target.country, flow.target.zones, flow.target.organisation),
        between=flow.between,
        legs=legs,
        text=f"{flow.source.name} and {flow.target.name} through the {flow.between}: {words}",
    )


def score_line(days: Sequence[DayScore]) -> ScoreLine | None:
    """The drawing of a history; None with fewer than two days."""
    if len(days) < 2:
        return None
    step = 580 / (len(days) - 1)
    places = [(round(10 + i * step, 1), round(110 - one.score, 1)) for i, one in enumerate(days)]
    first, last = days[0], days[-1]
    return ScoreLine(
        points=" ".join(f"{x},{y}" for x, y in places),
        dots=((*places[0], f"{first.score:.0f}"), (*places[-1], f"{last.score:.0f}")),
        text=f"Score by day: {first.score:.0f} on {first.day}, {last.score:.0f} on {last.day}, "
        f"lowest {min(one.score for one in days):.0f}, highest {max(one.score for one in days):.0f}",
        first=first.day,
        last=last.day,
    )


def grade(score: float) -> str:
    """``good``, ``fair`` or ``poor``, as scorecards have it."""
    return "good" if score >= 85 else "fair" if score >= 60 else "poor"


def _party(name: str, country: str, zones: Sequence[str], organisation: str) -> tuple[str, ...]:
    lines = (_short(name, 18), _short(f"{country}, {', '.join(zones)}", 22), _short(organisation, 22))
    return tuple(line for line in lines if line)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
