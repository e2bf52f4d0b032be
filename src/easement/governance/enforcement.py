"""May these revisions be enforced together? Judged on the estate that would result. Pure.

What is enforced must hang together at every moment: an approval that would break something that flows is refused, and
so is one against which a finding stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from easement.contract.identity import reference_key
from easement.contract.kinds import Stage
from easement.estate.interface_lifecycle import InterfaceState
from easement.estate.lifecycle import Guard, LifecycleEvent, advance
from easement.estate.model import Estate, LifecycleState
from easement.estate.review import blocking_findings
from easement.governance.change_gate import change_refusals, needs_a_person
from easement.governance.notices_of_plan import standing_of
from easement.governance.requirements import Requirement, is_flowing, requirement
from easement.governance.snapshot import Assembled, DocumentKey, Snapshot, assemble_entries
from easement.standards.check import check
from easement.standards.model import Finding

HOLD: Final = "hold"
"""Label of an integration that must not go live by itself."""
_STANDS_ON_OTHERS: Final = "Integration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is enforced now, and the findings on it."""

    assembled: Assembled
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The estate that would be enforced with ``keys`` at their registered revisions.

    ``refusals`` are sentences; while there is one, nothing may be enforced, and ``states`` and ``requirements`` are
    empty. ``states`` are the integrations that move, and where to.
    """

    keys: tuple[DocumentKey, ...]
    refusals: tuple[str, ...]
    states: Mapping[str, LifecycleState]
    requirements: Mapping[DocumentKey, Requirement]


def standing(snapshot: Snapshot, *, today: date) -> Standing:
    """Assemble and check what is enforced now."""
    assembled = snapshot.enforced_estate()
    return Standing(assembled=assembled, findings=snapshot.enforced_findings(today))


def consider(snapshot: Snapshot, keys: Sequence[DocumentKey], now: Standing, *, today: date) -> Candidate:
    """Judge enforcing the registered revisions of ``keys`` together, on top of what is enforced ``now``."""
    entries = dict(snapshot.enforced) | {key: snapshot.registered[key] for key in keys}
    after = assemble_entries(entries.values(), snapshot.integrations)
    findings = tuple(check(after.estate, today))
    refusals = (
        *(f"{problem.message} ({problem.code})" for problem in after.new_problems(now.assembled)),
        *_findings_against(after.estate, frozenset(keys), findings, now.findings),
        *change_refusals(snapshot, now.assembled.estate, after.estate, keys),
    )
    if refusals:
        return Candidate(keys=tuple(keys), refusals=refusals, states={}, requirements={})
    enforced = now.assembled.estate
    return Candidate(
        keys=tuple(keys),
        refusals=(),
        states=_states(snapshot, after.estate, keys, findings),
        requirements={
            key: _seen_by_people(
                requirement(after.estate, enforced, key, findings, today=today),
                needs_a_person(snapshot, enforced, after.estate, key[1]) if key[0] == _STANDS_ON_OTHERS else "",
            )
            for key in keys
        },
    )


def largest_enforceable(snapshot: Snapshot, keys: Sequence[DocumentKey], *, today: date) -> Candidate:
    """Of ``keys`` as many as may be enforced together and need no person.

    What does not fit is left out and waits for a person. Found by halving, so a few misfits among many cost little.
    """
    now = standing(snapshot, today=today)
    best = consider(snapshot, (), now, today=today)
    groups = [sorted(keys, key=lambda key: key[0] == _STANDS_ON_OTHERS)]
    while groups:
        group = groups.pop()
        attempt = consider(snapshot, [*best.keys, *group], now, today=today)
        if not attempt.refusals and all(needed.automatic for needed in attempt.requirements.values()):
            best = attempt
        elif len(group) > 1:
            middle = len(group) // 2
            groups += [group[middle:], group[:middle]]
    return best


def guards(estate: Estate, name: str, findings: Sequence[Finding]) -> set[Guard]:
    """The guards of the lifecycle table that an estate with the approved revision itself answers."""
    integration = estate.integrations[name]
    met = {Guard.REVISION_APPROVED}
    if not blocking_findings(integration, findings, stage=Stage.REVIEW):
        met.add(Guard.NOTHING_BLOCKS_REVIEW)
    if not blocking_findings(integration, findings, stage=Stage.LIVE):
        met.add(Guard.NOTHING_BLOCKS_LIVE)
    return met


def _seen_by_people(needed: Requirement, reason: str) -> Requirement:
    """What takes something away from a consumer is never approved by the rule for low risk."""
    if not reason:
        return needed
    return replace(needed, automatic=False, reasons=(reason, *needed.reasons))


def _findings_against(
    estate: Estate, keys: frozenset[DocumentKey], findings: Sequence[Finding], before: Sequence[Finding]
) -> tuple[str, ...]:
    """What stands against the integrations that are asked for, and what is new against those that flow already."""
    known = {(finding.rule, finding.subject, finding.path) for finding in before if not finding.waived_by}
    unwaived = [finding for finding in findings if not finding.waived_by and finding.blocks is not Stage.NEVER]
    fresh = [finding for finding in unwaived if (finding.rule, finding.subject, finding.path) not in known]
    against: dict[str, None] = {}
    for name, integration in sorted(estate.integrations.items()):
        asked = ("Integration", name) in keys
        if not asked and not is_flowing(estate, integration):
            continue
        relevant = unwaived if asked else fresh
        stopping = set(map(id, blocking_findings(integration, relevant, stage=Stage.REVIEW)))
        for finding in relevant:
            if id(finding) in stopping:
                against[f"{finding.rule} on {finding.subject} {finding.path}: {finding.message}"] = None
    return tuple(against)


def _states(
    snapshot: Snapshot, estate: Estate, keys: Sequence[DocumentKey], findings: Sequence[Finding]
) -> dict[str, LifecycleState]:
    moved: dict[str, LifecycleState] = {}
    for name in (name for kind, name in keys if kind == "Integration"):
        state = after = snapshot.state(name) or LifecycleState.DESIGN
        met = guards(estate, name, findings)
        if after is LifecycleState.DESIGN:
            after = advance(after, LifecycleEvent.APPROVE, met)
        held = snapshot.waits_for_gate or _is_held(snapshot, estate, name)
        if after is LifecycleState.BUILD and not held and Guard.NOTHING_BLOCKS_LIVE in met:
            after = advance(after, LifecycleEvent.GO_LIVE, {*met, Guard.GATE_PASSED})
        if after is not state:
            moved[name] = after
    return moved


def _is_held(snapshot: Snapshot, estate: Estate, name: str) -> bool:
    """Its document asks for it, or the interface version that it names has ended."""
    integration = estate.integrations[name]
    standing = standing_of(snapshot.interface_states.get(reference_key(integration.spec.interface)))
    return integration.metadata.labels.get(HOLD, "").lower() == "true" or standing.state is InterfaceState.GONE
