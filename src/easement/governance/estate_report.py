"""The monthly report on the estate: one value, written as self-contained HTML (no script, nothing fetched) or Markdown.

What the month says comes from what was kept: reviews, revisions, daily scores. What is counted at one moment (findings,
waivers, sprawl) is that of the moment at which the report is made, and the report says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from easement.contract.kinds import Waiver
from easement.estate.sprawl import Sprawl
from easement.governance.errors import PolicyError
from easement.governance.review_times import ReviewTimes, review_times
from easement.governance.scorecards import Adoption, Scorecards
from easement.standards.scorecard import Scorecard
from easement.store.database import reading
from easement.store.reviews import StoredReview, every_pending
from easement.store.revisions import count_between

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_SOON: Final = timedelta(days=30)
_WORST: Final = 10
_SPARK_WIDTH: Final = 240
_SPARK_HEIGHT: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverLine:
    """One waiver. ``state`` is ``active``, ``expires soon`` or ``expired``."""

    name: str
    rule: str
    at: str
    reason: str
    owner: str
    expires: date
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """One review that waits. ``age_s`` is seconds."""

    document: str
    risk: str
    needs: tuple[str, ...]
    author: str
    age_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateReport:
    """All figures of one month. ``score`` is None where the estate has no integration; scores are 0 to 100."""

    month: str
    made: datetime
    environment: str
    systems: int
    interfaces: int
    states: tuple[tuple[str, int], ...]
    score: Scorecard | None
    score_days: tuple[tuple[date, float], ...]
    teams: tuple[Scorecard, ...]
    worst: tuple[Scorecard, ...]
    adoption: tuple[Adoption, ...]
    rules: tuple[tuple[str, int], ...]
    severities: tuple[tuple[str, int], ...]
    waivers: tuple[WaiverLine, ...]
    reviews: ReviewTimes
    queue: tuple[QueueLine, ...]
    changes: tuple[tuple[str, int], ...]
    sprawl: Sprawl

    @property
    def change_of_score(self) -> float | None:
        """Points from the first to the last day that was kept in the month; None with fewer than two days."""
        if len(self.score_days) < 2:
            return None
        return self.score_days[-1][1] - self.score_days[0][1]


def estate_report(scorecards: Scorecards, month: str) -> EstateReport:
    """The report of ``month`` (``2026-11``). Raises :class:`PolicyError` for what is no month or has not begun."""
    registry = scorecards.registry
    now = registry.now()
    start, end = _span(month, now)
    standing = scorecards.standing()
    estate = standing.estate
    days = scorecards.history("estate", "estate", (now.date() - start.date()).days + 1)
    with reading(registry.engine) as connection:
        waiting = every_pending(connection)
        changes = count_between(connection, start, end)
    return EstateReport(
        month=month,
        made=now,
        environment=registry.environment,
        systems=len(estate.systems),
        interfaces=len(estate.interfaces),
        states=_counted(Counter(str(each.state) for each in estate.registrations.values())),
        score=standing.cards.get(("estate", "estate")),
        score_days=tuple((one.day, one.score) for one in days if start.date() <= one.day < end.date()),
        teams=standing.of_kind("team"),
        worst=tuple(card for card in standing.of_kind("integration") if card.grade != "good")[:_WORST],
        adoption=standing.adoption,
        rules=_counted(Counter(one.rule for one in standing.findings if not one.waived_by))[:_WORST],
        severities=_counted(Counter(str(one.severity) for one in standing.findings if not one.waived_by)),
        waivers=_waivers(estate.waivers, now.date()),
        reviews=review_times(registry, start, end),
        queue=tuple(_queued(review, now) for review in waiting),
        changes=_counted(Counter(changes)),
        sprawl=standing.sprawl,
    )


def report_html(report: EstateReport) -> str:
    """The report as one HTML file."""
    return _TEMPLATES.get_template("estate_report.html").render(report=report, spark=_spark(report.score_days))


def report_markdown(report: EstateReport) -> str:
    """The report as Markdown (GitHub's dialect, for its tables)."""
    return _TEMPLATES.get_template("estate_report.md").render(report=report)


def this_month(now: datetime) -> str:
    """``2026-11``."""
    return f"{now:%Y-%m}"


def _span(month: str, now: datetime) -> tuple[datetime, datetime]:
    match = _MONTH.fullmatch(month)
    if match is None or int(match[1]) < 2000:
        raise PolicyError(f"{month[:20]!r} is not a month", ("write it as 2026-11",))
    year, number = int(match[1]), int(match[2])
    start = datetime(year, number, 1, tzinfo=UTC)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    if start > now:
        raise PolicyError(f"{month} has not begun", ("ask for this month or an earlier one",))
    return start, end


def _waivers(waivers: Mapping[str, Waiver], today: date) -> tuple[WaiverLine, ...]:
    lines = [
        WaiverLine(
            name=name,
            rule=waiver.spec.rule,
            at=waiver.spec.at,
            reason=waiver.spec.reason,
            owner=waiver.metadata.owner,
            expires=waiver.spec.expires,
            state=waiver_state(waiver, today),
        )
        for name, waiver in waivers.items()
    ]
    return tuple(sorted(lines, key=lambda line: (line.expires, line.name)))


def waiver_state(waiver: Waiver, today: date) -> str:
    """``active``, ``expires soon`` (within 30 days) or ``expired``; the last day still counts."""
    if waiver.spec.expires < today:
        return "expired"
    return "expires soon" if waiver.spec.expires <= today + _SOON else "active"


def _queued(review: StoredReview, now: datetime) -> QueueLine:
    return QueueLine(
        document=f"{review.kind.lower()}/{review.name}",
        risk=review.risk,
        needs=review.roles,
        author=review.author,
        age_s=(now - review.created).total_seconds(),
    )


def _counted(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _spark(days: tuple[tuple[date, float], ...]) -> str:
    """Points of a line over the days, on a scale from 0 to 100."""
    if len(days) < 2:
        return ""
    step = _SPARK_WIDTH / (len(days) - 1)
    height = _SPARK_HEIGHT - 2
    return " ".join(f"{i * step:.1f},{1 + height * (1 - score / 100):.1f}" for i, (_, score) in enumerate(days))


def duration_text(seconds: float | None) -> str:
    """``40 s``, ``12 min``, ``5 h``, ``3 d``; a dash for None."""
    if seconds is None:
        return "-"
    for unit, size, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 48)):
        if seconds < most * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"


def _markdown_text(value: object) -> str:
    """Text that stays text in Markdown: no cell, link, image, code span, HTML or new line comes out of it."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~&])", r"\\\1", " ".join(str(value).split()))


def _environment() -> Environment:
    pages = Environment(
        loader=PackageLoader("easement.governance"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update({"duration": duration_text, "md": _markdown_text})
    return pages


_TEMPLATES: Final = _environment()
