"""What the review of a changed document takes, whatever its kind. Pure.

* An integration is judged by :func:`easement.estate.review.review_requirements`.
* A system or interface is judged by the approved integrations that stand on it, live or held back; while there are
  none, no approval rests on it, and the reviews of later integrations will look at it.
* Agreements decide what may be approved, so somebody for compliance looks at each. Waivers and standards do too: they
  are the business of the Centre of Excellence, with security or compliance where the waived rule is theirs.
* Who belongs to a team decides who speaks for its systems, so changing that takes a reviewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from easement.contract.identity import reference_key
from easement.contract.kinds import Integration, StandardSpec
from easement.estate.lifecycle import ENFORCED_STATES
from easement.estate.model import Estate, LifecycleState
from easement.estate.review import ReviewRequirements, Risk, ordered_roles, review_requirements
from easement.governance.snapshot import DocumentKey
from easement.standards.baseline import THEMES
from easement.standards.model import Finding

_THEME_ROLES: Final = {
    "Personal data": "compliance",
    "Health information": "compliance",
    "Card data": "compliance",
    "Security": "security",
}
"""Who else looks at a waiver, by the theme of the rule that it waives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What must happen before a revision may be enforced. ``blocking`` are ids of rules that stand against it now."""

    risk: Risk
    reasons: tuple[str, ...]
    roles: tuple[str, ...]
    automatic: bool
    blocking: tuple[str, ...] = ()


def requirement(
    estate: Estate, enforced: Estate, key: DocumentKey, findings: Sequence[Finding], *, today: date
) -> Requirement:
    """The requirement of one document of ``estate``; ``enforced`` is what flows now."""
    kind, name = key
    if kind == "Integration":
        return _of(review_requirements(estate, estate.integrations[name], findings, today=today))
    if kind in {"System", "Interface"}:
        return _of_dependents(estate, enforced, key, findings, today)
    return _of_what_decides(estate, enforced, key) or Requirement(
        risk=Risk.LOW, reasons=("it takes nothing away",), roles=("reviewer",), automatic=True
    )


def _decides(standard: StandardSpec) -> bool:
    """Whether a standard says who approves, how long notice is, or what a rule of the baseline accepts."""
    return bool(standard.settings or standard.notice or standard.parameters or standard.overrides)


def dependents(estate: Estate, key: DocumentKey) -> tuple[Integration, ...]:
    """Integrations that stand on a document, by name."""
    kind, name = key
    return tuple(
        integration
        for _, integration in sorted(estate.integrations.items())
        if name in _stands_on(estate, integration, kind)
    )


def live_dependents(enforced: Estate, key: DocumentKey) -> tuple[Integration, ...]:
    """Integrations that flow now and stand on a document, by name."""
    return tuple(integration for integration in dependents(enforced, key) if is_flowing(enforced, integration))


def is_flowing(estate: Estate, integration: Integration) -> bool:
    """Whether it is live or deprecated."""
    registration = estate.registrations.get(integration.metadata.name)
    return registration is not None and registration.state in ENFORCED_STATES


def _is_approved(enforced: Estate, integration: Integration) -> bool:
    registration = enforced.registrations.get(integration.metadata.name)
    return registration is not None and registration.state is not LifecycleState.RETIRED


def _stands_on(estate: Estate, integration: Integration, kind: str) -> Iterable[str]:
    spec = integration.spec
    match kind:
        case "Integration":
            return (integration.metadata.name,)
        case "System":
            interface = estate.interface_of(integration)
            return (spec.source, spec.target, *((interface.spec.system,) if interface else ()))
        case "Interface":
            return (reference_key(spec.interface),)
        case "Agreement":
            return (spec.transfer.agreement,) if spec.transfer else ()
        case _:
            return ()


def _of(found: ReviewRequirements) -> Requirement:
    return Requirement(
        risk=found.risk, reasons=found.reasons, roles=found.roles, automatic=found.automatic, blocking=found.blocking
    )


def _of_dependents(
    estate: Estate, enforced: Estate, key: DocumentKey, findings: Sequence[Finding], today: date
) -> Requirement:
    names = [each.metadata.name for each in dependents(enforced, key) if _is_approved(enforced, each)]
    affected = [estate.integrations[name] for name in names if name in estate.integrations]
    if not affected:
        return Requirement(risk=Risk.LOW, reasons=("no approval rests on it",), roles=("reviewer",), automatic=True)
    found = [review_requirements(estate, integration, findings, today=today) for integration in affected]
    roles = {role for each in found for role in each.roles}
    return Requirement(
        risk=max((each.risk for each in found), key=lambda risk: risk.rank),
        reasons=(f"{', '.join(names)} stands on it", *dict.fromkeys(r for each in found for r in each.reasons)),
        roles=ordered_roles(roles),
        automatic=all(each.automatic for each in found),
        blocking=tuple(sorted({rule for each in found for rule in each.blocking})),
    )


def _of_what_decides(estate: Estate, enforced: Estate, key: DocumentKey) -> Requirement | None:
    """The requirement of a document that decides about others; None where it decides nothing."""
    kind, name = key
    match kind:
        case "Agreement":
            return _by("compliance", reason="an agreement decides which transfers are lawful")
        case "Waiver":
            return _by(*_waiver_roles(estate, name), reason="a waiver accepts a finding")
        case "Standard" if _decides(estate.standards[name].spec):
            return _by("coe", "compliance", reason="a standard with settings decides who approves what")
        case "Standard" if name in enforced.standards:
            return _by("coe", reason="a standard decides what may be approved")
        case "Team" if _speaks_for_somebody(estate, enforced, name):
            return _by("reviewer", reason="its members decide who reaches its systems")
        case _:
            return None


def _waiver_roles(estate: Estate, name: str) -> tuple[str, ...]:
    rule = estate.waivers[name].spec.rule
    theirs = (_THEME_ROLES[theme] for theme, rules in THEMES.items() if any(rule == one.id for one in rules)
              and theme in _THEME_ROLES)  # fmt: skip
    return ("coe", *theirs)


def _speaks_for_somebody(estate: Estate, enforced: Estate, name: str) -> bool:
    """Whether the members of an approved team change, and systems stand under that team."""
    before = enforced.teams.get(name)
    if before is None or set(before.spec.members) == set(estate.teams[name].spec.members):
        return False
    return any(system.metadata.owner == name for system in enforced.systems.values())


def _by(*roles: str, reason: str) -> Requirement:
    return Requirement(risk=Risk.MEDIUM, reasons=(reason,), roles=ordered_roles(roles), automatic=False)
