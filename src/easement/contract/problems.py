"""Problems: what is wrong, where, why, and what to do next. Loading and checking collect them, never raise them."""

from __future__ import annotations

from dataclasses import dataclass

from easement.contract.kinds import Severity


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where a problem is: file, line and column (both from 1; 0 = the whole file) and path inside the document."""

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        where = self.file or "(input)"
        if self.line:
            where += f":{self.line}:{self.column}"
        return where


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong. ``code`` is stable (``EAS-1203``) and explained by ``easement explain CODE``."""

    code: str
    message: str
    place: Place
    hint: str = ""
    severity: Severity = Severity.ERROR
