"""What somebody probably meant: the nearest known word."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_LISTED: Final = 12
_LONGEST: Final = 100
"""Comparing is quadratic in the length of a word; nothing that people name is longer."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like ``word``, whatever the case; empty when none is near."""
    folded = {candidate.casefold(): candidate for candidate in sorted(known, reverse=True)}
    near = get_close_matches(word[:_LONGEST].casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint: the nearest known word, else all of them when they are few, else nothing."""
    candidates = sorted(set(known))
    if near := nearest(word, candidates):
        return f"did you mean {near!r}?"
    return "known: " + ", ".join(candidates) if 0 < len(candidates) <= _LISTED else ""
