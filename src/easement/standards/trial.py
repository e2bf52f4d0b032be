"""What standards would find before they block anything: tried on a whole estate, counted by rule and by owner.

A trial compares the estate as it is with the estate in which the standards hold from today: only what is new, or what
becomes stricter, counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from easement.contract.identity import document_key
from easement.contract.kinds import Severity, Stage, Standard
from easement.estate.lifecycle import ENFORCED_STATES
from easement.estate.model import Estate, EstateFiles
from easement.estate.review import blocking_findings
from easement.standards.check import check, rules_of
from easement.standards.model import Finding

NOBODY: Final = "(nobody)"
TRIED_FOLDER: Final = "@tried"
"""Where the files of standards that are tried appear to lie; no path of a manifest folder begins so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTrial:
    """What one rule would find, in how many documents, and the stage that it would stop."""

    rule: str
    title: str
    standard: str
    severity: Severity
    blocks: Stage
    findings: int
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerTrial:
    """What one team would have to look at."""

    owner: str
    findings: int
    errors: int
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The result. ``stops`` counts new findings by stage; ``flowing`` names live integrations that they would stop."""

    standards: tuple[str, ...]
    documents: int
    findings: tuple[Finding, ...]
    rules: tuple[RuleTrial, ...]
    owners: tuple[OwnerTrial, ...]
    stops: Mapping[Stage, int]
    flowing: tuple[str, ...]
    silent: tuple[str, ...]
    """Rules of the standards that find nothing."""


def try_standards(
    estate: Estate,
    standards: Iterable[Standard],
    today: date,
    *,
    file: str = "",
    files: Mapping[str, bytes] | None = None,
) -> Trial:
    """Try ``standards`` on ``estate``: added, or in place of those of the same name. Nothing of the estate changes.

    ``file`` is where they stand among ``files``, in which their rulesets are looked up.
    """
    tried = {standard.metadata.name: _in_force(standard) for standard in standards}
    beside = _with_files(estate.files, tried, file, files or {})
    after = replace(estate, standards={**estate.standards, **tried}, files=beside)
    before = {_identity(finding): finding for finding in check(estate, today)}
    fresh = tuple(finding for finding in check(after, today) if _is_fresh(finding, before, tried))
    owners = _owners(estate)
    found = {finding.rule for finding in fresh}
    return Trial(
        standards=tuple(sorted(tried)),
        documents=len(estate.systems) + len(estate.interfaces) + len(estate.integrations),
        findings=fresh,
        rules=_by_rule(fresh),
        owners=_by_owner(fresh, owners),
        stops={stage: sum(finding.blocks is stage for finding in fresh) for stage in Stage},
        flowing=_flowing(estate, fresh),
        silent=tuple(rule.id for rule in rules_of(after) if rule.standard in tried and rule.id not in found),
    )


def _with_files(known: EstateFiles, tried: Iterable[str], file: str, files: Mapping[str, bytes]) -> EstateFiles:
    """The files of an estate and, apart from them, those of the standards that are tried."""
    contents = {f"{TRIED_FOLDER}/{name}": content for name, content in files.items()}
    places = {("Standard", name): f"{TRIED_FOLDER}/{file}" for name in tried}
    return EstateFiles(contents={**known.contents, **contents}, places={**known.places, **places})


def _in_force(standard: Standard) -> Standard:
    return replace(standard, spec=replace(standard.spec, blocks_from=None))


def _identity(finding: Finding) -> tuple[str, str]:
    return finding.rule, finding.at


def _is_fresh(finding: Finding, before: Mapping[tuple[str, str], Finding], tried: Mapping[str, Standard]) -> bool:
    if finding.waived_by:
        return False
    known = before.get(_identity(finding))
    if known is None or finding.standard in tried:
        return True
    stages, severities = list(Stage), list(Severity)
    return stages.index(finding.blocks) < stages.index(known.blocks) or severities.index(
        finding.severity
    ) > severities.index(known.severity)


def _by_rule(findings: Sequence[Finding]) -> tuple[RuleTrial, ...]:
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    counted = (
        RuleTrial(
            rule=rule,
            title=found[0].title,
            standard=found[0].standard,
            severity=found[0].severity,
            blocks=found[0].blocks,
            findings=len(found),
            documents=len({finding.subject for finding in found}),
        )
        for rule, found in by_rule.items()
    )
    return tuple(sorted(counted, key=lambda one: (-one.findings, one.rule)))


def _by_owner(findings: Iterable[Finding], owners: Mapping[str, str]) -> tuple[OwnerTrial, ...]:
    counts: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    documents: dict[str, set[str]] = {}
    for finding in findings:
        owner = owners.get(finding.subject) or NOBODY
        counts[owner] += 1
        errors[owner] += finding.severity is Severity.ERROR
        documents.setdefault(owner, set()).add(finding.subject)
    return tuple(
        OwnerTrial(owner=owner, findings=number, errors=errors[owner], documents=len(documents[owner]))
        for owner, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def _owners(estate: Estate) -> dict[str, str]:
    kinds: tuple[Mapping[str, Any], ...] = (
        estate.systems,
        estate.interfaces,
        estate.integrations,
        estate.standards,
        estate.waivers,
        estate.agreements,
    )
    return {
        f"{document.kind.lower()}/{document_key(document)}": document.metadata.owner
        for documents in kinds
        for document in documents.values()
    }


def _flowing(estate: Estate, findings: Sequence[Finding]) -> tuple[str, ...]:
    names = (name for name, known in sorted(estate.registrations.items()) if known.state in ENFORCED_STATES)
    return tuple(
        name
        for name in names
        if name in estate.integrations and blocking_findings(estate.integrations[name], findings, stage=Stage.LIVE)
    )


def trial_values(trial: Trial) -> dict[str, Any]:
    """A trial as plain values, as the API answers it."""
    return {
        "standards": list(trial.standards),
        "documents": trial.documents,
        "stops": {stage.value: number for stage, number in trial.stops.items()},
        "flowing": list(trial.flowing),
        "silent": list(trial.silent),
        "rules": [asdict(one) for one in trial.rules],
        "owners": [asdict(one) for one in trial.owners],
        "findings": [
            {
                "rule": finding.rule,
                "standard": finding.standard,
                "severity": finding.severity.value,
                "blocks": finding.blocks.value,
                "at": finding.at,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in trial.findings
        ],
    }
