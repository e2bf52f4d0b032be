"""A report of changes for programs: JSON, SARIF 2.1.0 and JUnit XML. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from easement import __version__
from easement.interfaces.compatibility.report import ChangeReport, Entry, plain, shown_value
from easement.interfaces.compatibility.verdict import ChangeClass, Position

REPORT_VERSION: Final = 1
SARIF_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final[Mapping[ChangeClass, str]] = MappingProxyType(
    {
        ChangeClass.BREAKING: "error",
        ChangeClass.RISKY: "warning",
        ChangeClass.SAFE: "note",
        ChangeClass.DOCUMENTATION: "note",
    }
)
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(report: ChangeReport) -> str:
    """``{"version", "old", "new", "format", "policy", "breaking", "counts", "changes": [...]}``; 0 is no line."""
    said = {
        "version": REPORT_VERSION,
        "old": report.old,
        "new": report.new,
        "format": report.format,
        "policy": report.policy,
        "breaking": report.is_breaking,
        "counts": report.counts,
        "changes": [_change(entry) for entry in report.entries],
    }
    # Escapes keep lone surrogates and bidirectional marks of a description out of whatever shows the report.
    return json.dumps(said, indent=2, default=str) + "\n"


def _change(entry: Entry) -> dict[str, Any]:
    verdict = entry.shared
    said: dict[str, Any] = {
        "rule": verdict.rule,
        "class": verdict.change.value,
        "directions": list(entry.directions),
        "operation": verdict.operation,
        "field": verdict.field_path,
        "explanation": verdict.explanation,
        "old": _place(verdict.old),
        "new": _place(verdict.new),
        "tooComplex": verdict.too_complex,
    }
    if verdict.has_before:
        said["before"] = verdict.before
    if verdict.has_after:
        said["after"] = verdict.after
    if example := verdict.counter_example:
        said["counterExample"] = {"instance": example.instance, "acceptedBy": example.accepted_by}
    return said


def _place(position: Position) -> dict[str, Any]:
    return {
        "file": position.file, "pointer": position.pointer, "line": position.line, "column": position.column,
    }  # fmt: skip


def as_sarif(report: ChangeReport) -> str:
    """A SARIF log with one run: results at the new place, the old one as a related location."""
    rules = sorted({entry.rule for entry in report.entries})
    log = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "easement diff",
                        "semanticVersion": __version__,
                        "rules": [{"id": rule, "shortDescription": {"text": _words(rule)}} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(entry, rules.index(entry.rule)) for entry in report.entries],
            }
        ],
    }
    return json.dumps(log, indent=2, default=str) + "\n"


def _words(rule: str) -> str:
    return rule.replace("-", " ").replace("_", " ").lower()


def _result(entry: Entry, rule_index: int) -> dict[str, Any]:
    subject = f"{entry.subject}: " if entry.subject else ""
    result: dict[str, Any] = {
        "ruleId": entry.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[entry.change],
        "message": {"text": plain(f"{subject}{entry.explanation} ({', '.join(entry.directions)})")},
        "partialFingerprints": {"interfaceChange/v1": _fingerprint(entry)},
    }
    if entry.position.file:
        result["locations"] = [_location(entry.position)]
    if entry.shared.old.file and entry.position is not entry.shared.old:
        result["relatedLocations"] = [{**_location(entry.shared.old), "message": {"text": "as it was"}}]
    return result


def _location(position: Position) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(position.file)}}
    if position.line:
        physical["region"] = {"startLine": position.line, "startColumn": max(1, position.column)}
    location: dict[str, Any] = {"physicalLocation": physical}
    if position.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": plain(position.pointer)}]
    return location


def _fingerprint(entry: Entry) -> str:
    """The same for the same change when lines move."""
    verdict = entry.shared
    said = (
        verdict.rule, verdict.operation, verdict.field_path,
        verdict.old.pointer, verdict.new.pointer, *entry.directions,
    )  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def as_junit(report: ChangeReport) -> str:
    """One test case for each change: a breaking one failed, the others passed with their text as output."""
    counts = {
        "name": "easement diff",
        "tests": str(max(1, len(report.entries))),
        "failures": str(report.counts[ChangeClass.BREAKING.value]),
        "errors": "0",
    }
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {**counts, "name": _xml(f"{report.old} to {report.new}")})
    for entry in report.entries:
        _case(suite, entry)
    if not report.entries:
        ET.SubElement(suite, "testcase", {"name": "nothing differs", "classname": "easement.diff"})
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _case(suite: ET.Element, entry: Entry) -> None:
    name = f"{entry.rule} {entry.subject} ({', '.join(entry.directions)}) {entry.position}"
    case = ET.SubElement(suite, "testcase", {"name": _xml(name), "classname": "easement.diff"})
    details = [f"{entry.change.value}: {entry.explanation}", f"old {entry.shared.old}", f"new {entry.shared.new}"]
    if example := entry.counter_example:
        details.append(f"only the {example.accepted_by} one accepts {shown_value(example.instance)}")
    if entry.change is ChangeClass.BREAKING:
        failure = ET.SubElement(case, "failure", {"type": entry.rule, "message": _xml(entry.explanation)})
        failure.text = "\n".join(map(_xml, details))
    else:
        ET.SubElement(case, "system-out").text = "\n".join(map(_xml, details))


def _xml(text: str) -> str:
    """Text without what XML 1.0 forbids (section 2.2); the writer escapes the rest."""
    return _NO_XML.sub("?", plain(text))
