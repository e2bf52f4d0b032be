"""How pages write states, times and small charts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

_CLASSES: Final = {
    "good": {
        "held", "healthy", "success", "live", "approved", "True", "whole", "fresh", "complete", "enforced", "yes",
        "good", "low", "approve", "closed", "sent", "migrated", "moved", "sunset-ready", "safe",
    },
    "warn": {
        "late", "degraded", "retried", "deprecated", "waiting", "open", "stale", "in part", "attention", "fair",
        "warning", "medium", "changes-requested", "request-changes", "takes away",
        "noticed", "transition", "not tried", "running", "acknowledged", "no answer", "still uses it", "risky",
    },
    "bad": {
        "down", "failed", "refused", "dead-lettered", "rejected", "False", "broken", "no", "poor", "error", "high",
        "reject", "break-glass", "breaking", "dead",
    },
}  # fmt: skip
_NONE: Final = "\u2013"
_MARKS: Final = {"good": "●", "warn": "▲", "bad": "■", "none": "◇"}


def state_class(state: object) -> str:
    """The CSS class of a state word: good, warn, bad or none."""
    word = str(state)
    return next((name for name, words in _CLASSES.items() if word in words), "none")


def state_mark(state: object) -> str:
    """A sign beside the word, so that colour is never the only difference."""
    return _MARKS[state_class(state)]


def rfc3339(milliseconds: int) -> str:
    """A moment for machines: ``2026-11-23T18:00:00.123Z``."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(milliseconds: int) -> str:
    """A moment for people: ``2026-11-23 18:00:00.123``."""
    return rfc3339(milliseconds).replace("T", " ").removesuffix("Z")


def duration(seconds: float | None) -> str:
    """A length of time for people: ``850 ms``, ``12 s``, ``5 min``, ``3 h``, ``2 d``; a dash for None."""
    if seconds is None:
        return _NONE
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for unit, size, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 48)):
        if seconds < most * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"


def percent(share: float | None) -> str:
    """A share between 0 and 1 as a percentage; small shares keep their digits."""
    if share is None:
        return _NONE
    value = share * 100
    return f"{value:.2f} %" if 0 < value < 1 else f"{value:.1f} %"


def polyline(series: Sequence[float], width: int, height: int) -> str:
    """Points of an SVG line through ``series``, scaled to its highest value."""
    if len(series) < 2:
        return f"0,{height} {width},{height}"
    top = max(series) or 1
    step = width / (len(series) - 1)
    return " ".join(f"{i * step:.1f},{height - value / top * height + 1:.1f}" for i, value in enumerate(series))


FILTERS: Final = {
    "state_class": state_class,
    "state_mark": state_mark,
    "rfc3339": rfc3339,
    "moment": moment,
    "duration": duration,
    "percent": percent,
    "polyline": polyline,
}
