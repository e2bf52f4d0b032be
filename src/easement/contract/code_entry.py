"""One entry of the catalogue of problem codes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEntry:
    """What ``easement explain CODE`` says: a title, why it is a problem, and how to mend it.

    A code is ``EAS-`` and four digits. It is never given a second meaning; a retired code stays retired.
    """

    code: str
    title: str
    explanation: str
    fix: str
