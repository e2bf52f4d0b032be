"""Problems and findings as text for people, JSON for programs, and SARIF 2.1.0 for code review tools. Pure.

A source line that may hold a secret is never shown, and nothing that a file says can steer the terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from easement import __version__
from easement.contract.codes import CATALOGUE
from easement.contract.credential_detectors import SECRET_FINDINGS
from easement.contract.kinds import Severity
from easement.contract.literal_secrets import line_may_hold_secret
from easement.contract.problems import Place, Problem

if TYPE_CHECKING:
    from easement.standards.model import Finding

REPORT_VERSION: Final = 1
SARIF_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_COLOURS: Final = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.INFO: "36;1"}
_SHOWN_COLUMNS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedFinding:
    """A finding of the standards and its place in the files."""

    finding: Finding
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A problem or finding, ready to be written in any form."""

    rule: str
    severity: Severity
    message: str
    place: Place
    advice: str
    blocks: str = ""
    waived_by: str = ""


def as_text(
    problems: Sequence[Problem],
    findings: Sequence[LocatedFinding] = (),
    *,
    sources: Mapping[str, bytes] | None = None,
    folder: str = "",
    color: bool = False,
) -> str:
    """One block for each entry, with its source line and a caret, and a last line that counts.

    ``sources`` are the files by relative path; ``folder`` is put before each path, as the reader would type it.
    """
    entries = _entries(problems, findings)
    lines = _SourceLines(sources or {}, entries)
    blocks = [_block(entry, lines, folder, color=color) for entry in entries]
    return "\n".join([*blocks, _summary(entries)]) + "\n"


def as_json(problems: Sequence[Problem], findings: Sequence[LocatedFinding] = (), *, folder: str = "") -> str:
    """``{"version", "problems": [...], "findings": [...], "summary": {...}}``; positions from 1, 0 where unknown."""
    entries = _entries(problems, findings)
    report = {
        "version": REPORT_VERSION,
        "problems": [
            {
                "code": problem.code,
                "severity": problem.severity.value,
                **_position(problem.place, folder),
                "message": problem.message,
                "hint": problem.hint,
            }
            for problem in problems
        ],
        "findings": [
            {
                "rule": located.finding.rule,
                "title": located.finding.title,
                "severity": located.finding.severity.value,
                "blocks": located.finding.blocks.value,
                "subject": located.finding.subject,
                **_position(located.place, folder),
                "message": located.finding.message,
                "remedy": located.finding.remedy,
                "waivedBy": located.finding.waived_by,
            }
            for located in findings
        ],
        "summary": _counts(entries),
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def as_sarif(problems: Sequence[Problem], findings: Sequence[LocatedFinding] = (), *, folder: str = "") -> str:
    """A SARIF 2.1.0 log with one run; a waived finding is a suppressed result."""
    entries = _entries(problems, findings)
    rules = sorted({entry.rule for entry in entries})
    titles = {located.finding.rule: located.finding.title for located in findings}
    log = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "easement",
                        "semanticVersion": __version__,
                        "rules": [_sarif_rule(rule, titles.get(rule, "")) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(entry, rules.index(entry.rule), folder) for entry in entries],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _entries(problems: Iterable[Problem], findings: Iterable[LocatedFinding]) -> list[_Entry]:
    entries = [
        _Entry(rule=p.code, severity=p.severity, message=p.message, place=p.place, advice=p.hint) for p in problems
    ]
    entries.extend(
        _Entry(
            rule=located.finding.rule,
            severity=located.finding.severity,
            message=located.finding.message,
            place=located.place,
            advice=located.finding.remedy,
            blocks=located.finding.blocks.value,
            waived_by=located.finding.waived_by,
        )
        for located in findings
    )
    return sorted(entries, key=lambda entry: (entry.place.file, entry.place.line, entry.place.column, entry.rule))


def _counts(entries: Iterable[_Entry]) -> dict[str, int]:
    counts = {"errors": 0, "warnings": 0, "notes": 0, "waived": 0}
    names = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "notes"}
    for entry in entries:
        counts["waived" if entry.waived_by else names[entry.severity]] += 1
    return counts


def _summary(entries: Sequence[_Entry]) -> str:
    counts = _counts(entries)
    said = [f"{count} {name if count != 1 else name.removesuffix('s')}" for name, count in counts.items() if count]
    if not said:
        return "No problems and no findings."
    codes = [entry.rule for entry in entries if entry.rule in CATALOGUE]
    more = f" 'easement explain {codes[0]}' says more about the first." if codes else ""
    return f"{', '.join(said)}.{more}"


def _block(entry: _Entry, lines: _SourceLines, folder: str, *, color: bool) -> str:
    label = f"waived by {entry.waived_by}" if entry.waived_by else entry.severity.value
    if color:
        label = f"\x1b[{_COLOURS[entry.severity]}m{_clean(label)}\x1b[0m"
    place = Place(file=_shown_file(entry.place.file, folder), line=entry.place.line, column=entry.place.column)
    stage = f" (blocks {entry.blocks})" if entry.blocks and not entry.waived_by else ""
    head = f"{_clean(str(place))}: {label} {entry.rule}: {_clean(entry.message)}{stage}"
    advice = [f"    {_clean(entry.advice)}"] if entry.advice else []
    return "\n".join([head, *lines.excerpt(entry.place), *advice])


class _SourceLines:
    """Source lines by place; lines with a secret on them are hidden."""

    def __init__(self, sources: Mapping[str, bytes], entries: Iterable[_Entry]) -> None:
        self._sources = sources
        self._split: dict[str, list[str]] = {}
        self._hidden = {(entry.place.file, entry.place.line) for entry in entries if entry.rule in SECRET_FINDINGS}

    def excerpt(self, place: Place) -> Iterator[str]:
        """The line and a caret under the column, indented."""
        lines = self._lines(place.file)
        if not 0 < place.line <= len(lines):
            return
        line = lines[place.line - 1]
        number = f"{place.line:>6} | "
        if (place.file, place.line) in self._hidden or line_may_hold_secret(line):
            yield number + "[not shown: the line may hold a secret]"
            return
        start = max(0, place.column - _SHOWN_COLUMNS // 2) if len(line) > _SHOWN_COLUMNS else 0
        yield number + _clean(line[start : start + _SHOWN_COLUMNS])
        if place.column:
            yield " " * (len(number) - 2) + "| " + " " * (place.column - 1 - start) + "^"

    def _lines(self, file: str) -> list[str]:
        if file not in self._split:
            text = self._sources.get(file, b"").decode("utf-8-sig", "replace")
            self._split[file] = [line.rstrip("\r") for line in text.split("\n")] if text else []
        return self._split[file]


def _clean(text: str) -> str:
    """Text without what could steer a terminal or break the layout; every character stays one character."""
    return "".join(character if character.isprintable() else " " if character == "\t" else "?" for character in text)


def _shown_file(file: str, folder: str) -> str:
    return f"{folder.rstrip('/')}/{file}" if file and folder not in {"", "."} else file


def _position(place: Place, folder: str) -> dict[str, Any]:
    return {
        "file": _shown_file(place.file, folder),
        "line": place.line,
        "column": place.column,
        "path": place.path,
    }


def _sarif_rule(rule: str, title: str) -> dict[str, Any]:
    entry = CATALOGUE.get(rule)
    if entry is None:
        return {"id": rule, "shortDescription": {"text": title or rule}}
    return {
        "id": rule,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.explanation},
        "help": {"text": entry.fix},
    }


def _sarif_result(entry: _Entry, rule_index: int, folder: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": entry.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[entry.severity],
        "message": {"text": f"{entry.message}. {entry.advice}" if entry.advice else entry.message},
    }
    if entry.place.file:
        physical: dict[str, Any] = {"artifactLocation": {"uri": quote(_shown_file(entry.place.file, folder))}}
        if entry.place.line:
            physical["region"] = {"startLine": entry.place.line, "startColumn": max(1, entry.place.column)}
        result["locations"] = [{"physicalLocation": physical}]
    if entry.waived_by:
        result["suppressions"] = [{"kind": "external", "justification": f"waived by {entry.waived_by}"}]
    return result
