"""What a rule of a Spectral-format ruleset finds, and the severities that such rulesets have."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from easement.contract.kinds import Severity
from easement.contract.problems import Place


class SpectralSeverity(IntEnum):
    """The severities of rulesets, most severe first; OFF never reaches a finding."""

    OFF = -1
    ERROR = 0
    WARN = 1
    INFO = 2
    HINT = 3

    @property
    def severity(self) -> Severity:
        """The severity of the product that this one counts as."""
        return _SEVERITIES[self]


_SEVERITIES: Final = {
    SpectralSeverity.OFF: Severity.INFO,
    SpectralSeverity.ERROR: Severity.ERROR,
    SpectralSeverity.WARN: Severity.WARNING,
    SpectralSeverity.INFO: Severity.INFO,
    SpectralSeverity.HINT: Severity.INFO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectralFinding:
    """One rule that does not hold at one place.

    ``path`` are the keys from the root of the file in ``place``; ``place`` has the line and column there.
    """

    rule: str
    severity: SpectralSeverity
    message: str
    path: tuple[str, ...]
    place: Place
    documentation_url: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a function says about a value. Without ``path`` it is about the value that it was given."""

    message: str
    path: tuple[Any, ...] | None = field(default=None)
