"""Retention: whole segments go when the youngest of their records is older than their class allows.

A signed tombstone with the segment's root stays in the log, so that a dropped segment is told from a stolen one.
"""

from __future__ import annotations

import re
from typing import Final

from easement.ledger.entries import LogState, SegmentFacts, Tombstone

DAY_MS: Final = 86_400_000
_DAYS = re.compile(r"d(\d{1,6})")


def retention_days(retention_class: str) -> int | None:
    """How many days a class is kept: ``d400`` is 400. None, for any other name, is forever."""
    match = _DAYS.fullmatch(retention_class)
    return int(match[1]) if match else None


def is_due(segment: SegmentFacts, now_ms: int) -> bool:
    """Whether the time of every record in the segment has passed."""
    days = retention_days(segment.retention_class)
    return days is not None and segment.last_ms + days * DAY_MS < now_ms


def tombstone(state: LogState, *, now_ms: int) -> Tombstone | None:
    """The entry that drops every segment that is due, or None. Sign it before any file is removed."""
    due = tuple(segment for segment in state.kept if is_due(segment, now_ms))
    if not due:
        return None
    return Tombstone(time_ms=now_ms, reason="retention of the class has passed", segments=due)
