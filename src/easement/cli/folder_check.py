"""Everything that can be said about a folder of documents without a server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from easement.cli.problem_report import LocatedFinding
from easement.contract.identity import document_key
from easement.contract.kinds import Severity
from easement.contract.loader import Bundle, load
from easement.contract.problems import Place, Problem
from easement.estate.assemble import assemble
from easement.estate.model import Estate
from easement.standards.check import check as check_standards
from easement.standards.model import Finding
from easement.store.manifest_folder import read_folder

_ECHOES: Final = frozenset({"unresolved-reference"})
"""Findings that only repeat what the problems of the same folder say, at a better place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderCheck:
    """What was loaded, what is wrong with it, and what the standards find, each finding with its place."""

    bundle: Bundle
    estate: Estate
    problems: tuple[Problem, ...]
    findings: tuple[LocatedFinding, ...]

    def fails(self, *, strict: bool) -> bool:
        """Whether there is an error (or, where ``strict``, a warning) that nobody has waived."""
        counted = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        open_findings = (located.finding for located in self.findings if not located.finding.waived_by)
        severities = (*(problem.severity for problem in self.problems), *(found.severity for found in open_findings))
        return not counted.isdisjoint(severities)


def check_folder(folder: Path, *, today: date) -> FolderCheck:
    """Read, load, assemble and hold against the standards of ``today``. Never raises because a document is bad."""
    contents = read_folder(folder)
    bundle = load(contents.files)
    estate, unresolved = assemble(bundle)
    problems = (*contents.problems, *bundle.problems, *unresolved)
    findings = tuple(
        LocatedFinding(finding=finding, place=finding.place or place_of(finding, bundle))
        for finding in check_standards(estate, today)
        if not (problems and finding.rule in _ECHOES)
    )
    return FolderCheck(bundle=bundle, estate=estate, problems=problems, findings=findings)


def place_of(finding: Finding, bundle: Bundle) -> Place:
    """Where in the files a finding is; a place without file when its subject is in none."""
    kind, _, name = finding.subject.partition("/")
    for loaded in bundle.documents:
        if loaded.document.kind.lower() == kind and document_key(loaded.document) == name:
            return loaded.place(finding.path)
    return Place(path=finding.path)
