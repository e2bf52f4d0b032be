"""Rulesets in the Spectral format as part of a standard: run over the descriptions of the interfaces it selects.

A finding is about the interface, at the place in its description: ``/spec/definition/openapi/paths/~1orders/get``. A
ruleset that cannot be read is a finding about the standard, and blocks: nobody can say what it would have found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from easement.contract.kinds import Interface, RulesetReference, Severity, Stage, Standard
from easement.contract.places import pointer
from easement.contract.problems import Problem
from easement.contract.revision import definition_files, ruleset_files
from easement.estate.model import Estate
from easement.interfaces.sources import Sources
from easement.standards.configuration import is_trial, warned
from easement.standards.model import Finding
from easement.standards.selection import is_selected, traits_of_interface
from easement.standards.spectral import Ruleset, SpectralFinding, load_ruleset, run

INVALID_RULESET: Final = "standard-ruleset-invalid"
_Files = tuple[tuple[str, bytes], ...]
_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    """One ruleset of one standard, with the files that it is made of."""

    standard: Standard
    number: int
    path: str
    files: _Files

    @property
    def spec(self) -> RulesetReference:
        return self.standard.spec.rulesets[self.number]


def ruleset_findings(estate: Estate, today: date) -> tuple[Finding, ...]:
    """What the rulesets of all standards find in the descriptions of the estate's interfaces."""
    return tuple(
        finding
        for _, standard in sorted(estate.standards.items())
        for number in range(len(standard.spec.rulesets))
        for finding in _findings(estate, standard, number, today)
    )


def _findings(estate: Estate, standard: Standard, number: int, today: date) -> Iterator[Finding]:
    written = standard.spec.rulesets[number].file
    path = estate.files.resolve("Standard", standard.metadata.name, written)
    if not path:
        yield _invalid(standard, number, f"there is no file {written}")
        return
    file = estate.files.places["Standard", standard.metadata.name]
    contents = estate.files.contents
    files = tuple((name, contents[name]) for name in sorted({path, *ruleset_files(standard, file, contents)}))
    reference = _Reference(standard=standard, number=number, path=path, files=files)
    _, problems = _loaded(path, files)
    if problems:
        first = problems[0]
        yield _invalid(standard, number, f"{first.place}: {first.message}")
        return
    for key, interface in sorted(estate.interfaces.items()):
        if _is_covered(estate, reference, key):
            yield from _of_interface(estate, reference, key, interface, today)


def _is_covered(estate: Estate, reference: _Reference, key: str) -> bool:
    traits = traits_of_interface(estate, key)
    selectors = (reference.standard.spec.select, reference.spec.select)
    return traits is not None and all(is_selected(selector, traits) for selector in selectors)


def _of_interface(
    estate: Estate, reference: _Reference, key: str, interface: Interface, today: date
) -> Iterator[Finding]:
    definition = interface.spec.definition
    form, written = ("openapi", definition.openapi) if definition.openapi else ("asyncapi", definition.asyncapi)
    path = estate.files.resolve("Interface", key, written or "")
    if not path:
        return  # assembling has reported that the description is missing
    contents = estate.files.contents
    files = tuple((name, contents[name]) for name in sorted(definition_files(path, contents)))
    for found in _found(reference.path, reference.files, path, files):
        yield _finding(reference, key, form, found, today)


def _finding(reference: _Reference, key: str, form: str, found: SpectralFinding, today: date) -> Finding:
    severity = found.severity.severity
    blocks = reference.spec.blocks if severity is Severity.ERROR else Stage.NEVER
    if is_trial(reference.standard, today):
        severity, blocks = warned(severity), Stage.NEVER
    name = reference.standard.metadata.name
    return Finding(
        rule=found.rule,
        title=f"{found.rule} ({reference.spec.file})",
        severity=severity,
        blocks=blocks,
        subject=f"interface/{key}",
        path=f"/spec/definition/{form}{pointer(found.path)}",
        message=f"{found.place}: {found.message}",
        remedy=f"See {found.documentation_url}." if found.documentation_url else f"See the ruleset of standard {name}.",
        standard=name,
    )


def _invalid(standard: Standard, number: int, message: str) -> Finding:
    return Finding(
        rule=INVALID_RULESET,
        title="Rulesets of standards can be read",
        severity=Severity.ERROR,
        blocks=Stage.CHECK,
        subject=f"standard/{standard.metadata.name}",
        path=f"/spec/rulesets/{number}/file",
        message=message,
        remedy="Correct the ruleset, or remove it from the standard.",
        standard=standard.metadata.name,
    )


@lru_cache(maxsize=_REMEMBERED)
def _loaded(path: str, files: _Files) -> tuple[Ruleset | None, tuple[Problem, ...]]:
    return load_ruleset(dict(files), path)


@lru_cache(maxsize=_REMEMBERED)
def _found(ruleset: str, ruleset_contents: _Files, path: str, files: _Files) -> tuple[SpectralFinding, ...]:
    """What a ruleset finds in a description; remembered by content, since an estate is checked many times over."""
    loaded, _ = _loaded(ruleset, ruleset_contents)
    return run(loaded, path, source=Sources(dict(files))) if loaded else ()
