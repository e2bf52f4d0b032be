"""Scores day by day. One row for each subject and day; the last writer of a day stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, delete, func, insert, select

from easement.store.tables_reviews import scorecard_days

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DayScore:
    """The score of one subject on one day, 0 to 100. ``parts`` are shares from 0 to 1 by criterion."""

    day: date
    kind: str
    name: str
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)


def keep_day(connection: Connection, day: date, scores: Iterable[DayScore]) -> int:
    """Keep the scores of a day, in place of what was kept for it before; how many there are."""
    connection.execute(delete(scorecard_days).where(scorecard_days.c.day == day))
    rows = [
        {"day": day, "kind": one.kind, "name": one.name, "score": round(one.score * 10), "parts": dict(one.parts)}
        for one in scores
    ]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        connection.execute(insert(scorecard_days), rows[start : start + _ROWS_AT_ONCE])
    return len(rows)


def forget_days_before(connection: Connection, day: date) -> int:
    """Remove what is older than ``day``; how many rows there were."""
    return connection.execute(delete(scorecard_days).where(scorecard_days.c.day < day)).rowcount


def last_day(connection: Connection) -> date | None:
    """The day that was kept last, or None."""
    found: date | None = connection.execute(select(func.max(scorecard_days.c.day))).scalar_one_or_none()
    return found


def history_of(connection: Connection, kind: str, name: str, since: date) -> tuple[DayScore, ...]:
    """The scores of one subject from ``since`` on, oldest first."""
    query = (
        select(scorecard_days)
        .where(scorecard_days.c.kind == kind, scorecard_days.c.name == name, scorecard_days.c.day >= since)
        .order_by(scorecard_days.c.day)
    )
    return tuple(
        DayScore(day=row.day, kind=row.kind, name=row.name, score=row.score / 10, parts=row.parts)
        for row in connection.execute(query)
    )
