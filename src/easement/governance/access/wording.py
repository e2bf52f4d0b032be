"""Numbers, limits and lists as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from easement.interfaces.shape import Projection
from easement.plan.model import Limit


def rate(limit: Limit) -> str:
    """``30 in 1s, bursts of 30``."""
    return f"{limit.tokens} in {span(limit.interval_ms)}, bursts of {limit.burst}"


def span(milliseconds: float) -> str:
    """``500ms``, ``1.5s``, ``7d``."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if milliseconds >= size and milliseconds % size == 0:
            return f"{milliseconds / size:g}{unit}"
    return f"{milliseconds / 1000:g}s" if milliseconds >= 1000 else f"{milliseconds:g}ms"


def counted(number: int, noun: str, nouns: str = "") -> str:
    """``1 field``, ``2 fields``; ``nouns`` where the plural is not made by an s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {nouns or noun + 's'}"


def listed(words: Iterable[str], *, most: int = 12) -> str:
    """At most ``most`` words, and how many more there are."""
    found = list(words)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def projected(projection: Projection) -> list[str]:
    """The paths that pass, each with what happens to it where that is more than passing."""
    found: list[str] = []
    for name, rule in sorted(projection.items()):
        if isinstance(rule, Mapping):
            found.extend(f"{name}.{inner}" for inner in projected(rule))
        else:
            found.append(name if rule in {"value", "clear"} else f"{name} ({rule})")
    return found
