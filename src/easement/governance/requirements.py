"""What the review of a changed document takes, whatever its kind. Pure.

* An integration is judged by :func:`easement.estate.review.review_requirements`.
* A system or interface is judged by the approved integrations that stand on it, live or held back; while there are
  none, no approval rests on it, and the reviews of later integrations will look at it.
* Agreements and waivers decide what may be approved, so somebody for compliance looks at each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from easement.contract.kinds import Integration
from easement.estate.lifecycle import ENFORCED_STATES
from easement.estate.model import Estate, LifecycleState
from easement.estate.review import APPROVER_ROLES, ReviewRequirements, Risk, review_requirements
from easement.governance.snapshot import DocumentKey
from easement.standards.model import Finding


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
    match kind:
        case "Integration":
            return _of(review_requirements(estate, estate.integrations[name], findings, today=today))
        case "System" | "Interface":
            return _of_dependents(estate, enforced, key, findings, today)
        case "Agreement":
            return _by("compliance", "an agreement decides which transfers are lawful")
        case "Waiver":
            return _by("compliance", "a waiver accepts a finding")
        case "Standard" if name in enforced.standards or estate.standards[name].spec.settings:
            return _by("compliance", "a standard decides what may be approved")
        case _:
            return Requirement(risk=Risk.LOW, reasons=("it takes nothing away",), roles=("reviewer",), automatic=True)


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
            interface = estate.interfaces.get(spec.interface.name)
            return (spec.source, spec.target, *((interface.spec.system,) if interface else ()))
        case "Interface":
            return (spec.interface.name,)
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
        roles=tuple(role for role in APPROVER_ROLES if role in roles),
        automatic=all(each.automatic for each in found),
        blocking=tuple(sorted({rule for each in found for rule in each.blocking})),
    )


def _by(role: str, reason: str) -> Requirement:
    return Requirement(risk=Risk.MEDIUM, reasons=(reason,), roles=(role,), automatic=False)
