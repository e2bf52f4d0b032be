"""What applying a bundle would do: changes, problems, findings, reviews. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from easement.contract.kinds import Stage
from easement.contract.loader import Bundle
from easement.contract.problems import Place, Problem
from easement.estate.change import Change, changes
from easement.estate.model import Estate, LifecycleState
from easement.governance.entries import Entries, entries_of
from easement.governance.registry import Registry
from easement.governance.requirements import Requirement, live_dependents, requirement
from easement.governance.snapshot import Assembled, DocumentKey, Snapshot, assemble_entries
from easement.standards.check import check
from easement.standards.model import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedReview:
    """The review that a change would open."""

    kind: str
    name: str
    revision: str
    requirement: Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """``base`` names the registry that was compared with; ``absent`` are registered documents not in the bundle.

    ``findings`` are those on what changes, and those that are new elsewhere.
    """

    base: str
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    reviews: tuple[PlannedReview, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A preview with what is needed to carry it out: the estate as it would be registered, and all findings on it."""

    preview: Preview
    estate: Estate
    findings: tuple[Finding, ...]
    incoming: Entries
    removed: tuple[DocumentKey, ...]


def preview(registry: Registry, bundle: Bundle, *, prune: bool = False) -> Preview:
    """Compare a bundle with what is registered. ``prune`` also removes what is not in the bundle."""
    return propose(registry.snapshot(), bundle, prune=prune, today=registry.today).preview


def propose(snapshot: Snapshot, bundle: Bundle, *, prune: bool, today: date) -> Proposal:
    """The pure part of :func:`preview`."""
    incoming = entries_of(bundle)
    absent = tuple(key for key in snapshot.registered if key not in incoming)
    removed = absent if prune else ()
    merged = {key: entry for key, entry in snapshot.registered.items() if key not in removed} | incoming
    before = snapshot.registered_estate()
    after = assemble_entries(merged.values(), snapshot.integrations, problems=bundle.problems)
    enforced = snapshot.enforced_estate()

    touched = tuple(
        key
        for key, entry in incoming.items()
        if key not in snapshot.registered or snapshot.registered[key].revision != entry.revision
    )
    problems = (
        *after.problems,
        *_retired(snapshot, incoming, touched),
        *_still_needed(snapshot, enforced, removed),
    )
    findings = () if problems else check(after.estate, today)
    shown = _relevant(findings, () if problems else snapshot.registered_findings(today), touched)
    reviews = (
        ()
        if problems
        else tuple(
            PlannedReview(
                kind=key[0],
                name=key[1],
                revision=incoming[key].revision,
                requirement=requirement(after.estate, enforced.estate, key, findings, today=today),
            )
            for key in touched
        )
    )
    return Proposal(
        preview=Preview(
            base=snapshot.head.registered,
            changes=() if problems else changes(before.estate, after.estate),
            problems=problems,
            findings=shown,
            reviews=reviews,
            absent=tuple(f"{kind.lower()}/{name}" for kind, name in absent),
        ),
        estate=after.estate,
        findings=tuple(findings),
        incoming={key: incoming[key] for key in touched},
        removed=removed,
    )


def refused_at_check(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings that nobody may apply: they block at ``check`` and no waiver covers them."""
    return tuple(finding for finding in findings if finding.blocks is Stage.CHECK and not finding.waived_by)


def _relevant(
    findings: Iterable[Finding], before: Iterable[Finding], touched: tuple[DocumentKey, ...]
) -> tuple[Finding, ...]:
    subjects = {f"{kind.lower()}/{name}" for kind, name in touched}
    known = {(finding.rule, finding.subject, finding.path, finding.waived_by) for finding in before}
    return tuple(
        finding
        for finding in findings
        if finding.subject in subjects or (finding.rule, finding.subject, finding.path, finding.waived_by) not in known
    )


def _retired(snapshot: Snapshot, incoming: Entries, touched: Iterable[DocumentKey]) -> Iterable[Problem]:
    for kind, name in touched:
        if kind == "Integration" and snapshot.state(name) is LifecycleState.RETIRED:
            yield Problem(
                code="EAS-3901",
                message=f"integration {name} is retired; a retired integration cannot change",
                place=incoming[kind, name].places.place("/metadata/name"),
                hint="Register it under a new name, or remove the retired one first (easement apply --prune).",
            )


def _still_needed(snapshot: Snapshot, enforced: Assembled, removed: tuple[DocumentKey, ...]) -> Iterable[Problem]:
    for key in removed:
        kind, name = key
        users = live_dependents(enforced.estate, key)
        if not users:
            continue
        names = ", ".join(integration.metadata.name for integration in users)
        what = "it is live" if kind == "Integration" else f"{names} is live and stands on it"
        yield Problem(
            code="EAS-3902",
            message=f"{kind.lower()} {name} cannot be removed: {what}",
            place=Place(file=snapshot.registered[key].file),
            hint=f"Deprecate and retire first: easement lifecycle deprecate {users[0].metadata.name}",
        )
