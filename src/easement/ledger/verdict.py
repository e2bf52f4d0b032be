"""What the verifier says: findings with their place, and a verdict for each area."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Area = Literal["integrity", "completeness", "freshness"]


class Verdict(StrEnum):
    """How one area came out."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyFinding:
    """One thing that is not as it should be, and where. ``row`` counts from 1; 0 means the file as a whole."""

    area: Area
    verdict: Verdict
    file: str
    message: str
    row: int = 0
    record: str = ""

    @property
    def place(self) -> str:
        """``FILE row N record ID``, as far as known."""
        return self.file + (f" row {self.row}" if self.row else "") + (f" record {self.record}" if self.record else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found, failures first, and how much was looked at.

    ``checkpoint_ms`` is when the checkpoint was signed; 0 without one.
    """

    findings: tuple[VerifyFinding, ...]
    entries: int
    segments: int
    sealed_records: int
    unsealed_records: int
    checkpoint_ms: int

    def verdict(self, area: Area) -> Verdict:
        """The worst of an area."""
        found = {finding.verdict for finding in self.findings if finding.area == area}
        return next((verdict for verdict in (Verdict.FAIL, Verdict.WARN) if verdict in found), Verdict.PASS)

    @property
    def has_failed(self) -> bool:
        """Whether anything fails."""
        return any(finding.verdict is Verdict.FAIL for finding in self.findings)


def broken(file: str, message: str, *, row: int = 0, record: str = "") -> VerifyFinding:
    """A failure of integrity."""
    return VerifyFinding(area="integrity", verdict=Verdict.FAIL, file=file, message=message, row=row, record=record)


def incomplete(file: str, message: str) -> VerifyFinding:
    """A failure of completeness."""
    return VerifyFinding(area="completeness", verdict=Verdict.FAIL, file=file, message=message)
