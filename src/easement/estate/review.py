"""What a review of one revision needs: its risk with reasons, the roles that must approve, and whether people must.

* The risk is the highest of its factors; each factor is a sentence that the reviewer reads.
* Four eyes always, except where the decision is automatic: low risk and no finding that blocks the review.
* A standard may ask for more roles in ``settings.approvers``; it can never ask for fewer.
* A team that names its members decides who reaches its systems: the role is then ``owner:TEAM``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, Protocol

from easement.contract.identity import reference_key
from easement.contract.kinds import Classification, Criticality, Integration, Stage, System, Tag
from easement.estate.agreements import same_organisation
from easement.estate.flows import CarriedField, FlowIndex
from easement.estate.model import Estate
from easement.estate.transfers import personal_transfers

EXPOSED_ZONES: Final = frozenset({"internet", "dmz", "partner"})
APPROVER_ROLES: Final = ("reviewer", "security", "compliance", "coe")
"""Roles of people, in the order in which they are shown; ``coe`` is the Centre of Excellence."""
OWNER_PREFIX: Final = "owner:"
"""What makes a team a role: ``owner:logistics`` is held by the members of that team."""
APPROVER_CONDITIONS: Final = frozenset(
    {"default", "restricted", "regulated", "personal", "partner", "third-party", "transfer", "card", "administrative"}
)
"""Keys that ``settings.approvers`` of a Standard may have."""
_ASKED_BY: Final[Mapping[str, frozenset[str]]] = {
    "restricted": frozenset({"security"}),
    "regulated": frozenset({"security", "compliance"}),
    "card": frozenset({"security", "compliance"}),
    "partner": frozenset({"security"}),
    "third-party": frozenset({"security"}),
    "administrative": frozenset({"security"}),
    "personal": frozenset({"compliance"}),
    "transfer": frozenset({"compliance"}),
}
_IMPLIED: Final[Mapping[str, str]] = {"regulated": "restricted"}
_HIGH_RISK_TAGS: Final = frozenset({Tag.SPECIAL_CATEGORY, Tag.PHI, Tag.PAN, Tag.SAD})


class Risk(StrEnum):
    """How much care a review takes."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low to 2 for high."""
        return list(Risk).index(self)


class BlockingFinding(Protocol):
    """The part of a finding that a review needs."""

    @property
    def rule(self) -> str:
        """The rule's id."""

    @property
    def blocks(self) -> Stage:
        """The stage that it stops."""

    @property
    def subject(self) -> str:
        """``kind/name`` of the document."""

    @property
    def waived_by(self) -> str:
        """The waiver in force, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFactor:
    """One reason for a risk. ``condition`` is a key of :data:`APPROVER_CONDITIONS` or empty."""

    risk: Risk
    reason: str
    condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRequirements:
    """What must happen before the revision may be approved. ``blocking`` are ids of rules that stop it now."""

    risk: Risk
    reasons: tuple[str, ...]
    roles: tuple[str, ...]
    four_eyes: bool
    automatic: bool
    blocking: tuple[str, ...]


def blocking_findings(
    integration: Integration, findings: Iterable[BlockingFinding], *, stage: Stage
) -> tuple[BlockingFinding, ...]:
    """Findings that stop ``integration`` at ``stage``: unwaived, due by then, and about it or what it stands on.

    A standard that is itself broken stops everything: nobody can say what it would have found.
    """
    stages = list(Stage)
    spec = integration.spec
    subjects = {
        f"integration/{integration.metadata.name}",
        f"system/{spec.source}",
        f"system/{spec.target}",
        f"interface/{reference_key(spec.interface)}",
    }
    return tuple(
        finding
        for finding in findings
        if (finding.subject in subjects or finding.subject.startswith("standard/"))
        and not finding.waived_by
        and finding.blocks is not Stage.NEVER
        and stages.index(finding.blocks) <= stages.index(stage)
    )


def review_requirements(
    estate: Estate,
    integration: Integration,
    findings: Iterable[BlockingFinding],
    *,
    today: date | None = None,
    index: FlowIndex | None = None,
) -> ReviewRequirements:
    """Risk, approver roles and automatic approval of ``integration`` in ``estate``.

    ``automatic`` says that nobody needs to look; whether that is used is the installation's setting. Without ``today``
    agreements and adequacy decisions are judged by nothing, so every export of personal data is high risk. Pass one
    ``index`` of the estate when many integrations are judged.
    """
    factors = risk_factors(estate, integration, today=today, index=index)
    risk = max((factor.risk for factor in factors), key=lambda level: level.rank, default=Risk.LOW)
    blocking = blocking_findings(integration, findings, stage=Stage.REVIEW)
    owner = owner_role(estate, integration)
    automatic = risk is Risk.LOW and not blocking and not owner
    return ReviewRequirements(
        risk=risk,
        reasons=(
            *(factor.reason for factor in factors),
            *([f"{role_text(owner)} decide who reaches {integration.spec.target}"] if owner else []),
        ),
        roles=_roles(estate, risk, {factor.condition for factor in factors if factor.condition}, owner),
        four_eyes=not automatic,
        automatic=automatic,
        blocking=tuple(sorted({finding.rule for finding in blocking})),
    )


def risk_factors(
    estate: Estate, integration: Integration, *, today: date | None = None, index: FlowIndex | None = None
) -> tuple[RiskFactor, ...]:
    """Why a revision needs care, worst first. What cannot be judged is high risk."""
    source = estate.systems.get(integration.spec.source)
    target = estate.systems.get(integration.spec.target)
    index = FlowIndex(estate) if index is None else index
    if source is None or target is None or index.offered_to(integration) is None:
        return (RiskFactor(risk=Risk.HIGH, reason="what it carries is unknown: a reference does not resolve"),)
    flows = index.flows(integration)
    fields = tuple(carried for flow in flows for carried in flow.fields)
    factors = [
        *_data_factors(fields),
        *_party_factors(source, target, personal=any(carried.is_personal for carried in fields)),
        *_terms_factors(integration),
        *_function_factors(estate, integration),
    ]
    for transfer in personal_transfers(estate, integration, flows, today or date.min):
        ground = transfer.basis.kind if transfer.basis.lawful else "no ground found"
        reason = f"personal data goes from {transfer.origin} to {transfer.destination} ({ground})"
        factors.append(RiskFactor(risk=Risk.HIGH, reason=reason, condition="transfer"))
    unique = dict.fromkeys(factors)
    return tuple(sorted(unique, key=lambda factor: -factor.risk.rank))


def _data_factors(fields: tuple[CarriedField, ...]) -> Iterable[RiskFactor]:
    tags = frozenset(tag for carried in fields for tag in carried.tags)
    levels = {carried.classification for carried in fields if carried.leaf}
    for tag in sorted(tags & _HIGH_RISK_TAGS):
        yield RiskFactor(risk=Risk.HIGH, reason=f"it carries {tag} data", condition="regulated")
    if Classification.RESTRICTED in levels:
        yield RiskFactor(risk=Risk.HIGH, reason="it carries restricted data", condition="restricted")
    if Classification.CONFIDENTIAL in levels:
        yield RiskFactor(risk=Risk.MEDIUM, reason="it carries confidential data")
    if any(carried.is_personal for carried in fields):
        yield RiskFactor(risk=Risk.MEDIUM, reason="it carries personal data", condition="personal")
    if None in levels:
        yield RiskFactor(risk=Risk.MEDIUM, reason="it carries fields that nobody classified")


def _party_factors(source: System, target: System, *, personal: bool) -> Iterable[RiskFactor]:
    for system in (source, target):
        exposed = sorted(EXPOSED_ZONES.intersection(system.spec.zones))
        if exposed:
            reason = f"{system.metadata.name} is in zone {', '.join(exposed)}"
            yield RiskFactor(risk=Risk.MEDIUM, reason=reason, condition="partner")
        if "cde" in system.spec.zones:
            reason = f"{system.metadata.name} is in the card data environment"
            yield RiskFactor(risk=Risk.MEDIUM, reason=reason, condition="card")
    if not same_organisation(source, target):
        reason = f"{source.metadata.name} and {target.metadata.name} belong to different organisations"
        yield RiskFactor(risk=Risk.HIGH if personal else Risk.MEDIUM, reason=reason, condition="third-party")


def _terms_factors(integration: Integration) -> Iterable[RiskFactor]:
    spec = integration.spec
    if spec.sla.criticality is Criticality.VITAL:
        yield RiskFactor(risk=Risk.HIGH, reason="its criticality is vital")
    elif spec.sla.criticality is Criticality.HIGH:
        yield RiskFactor(risk=Risk.MEDIUM, reason="its criticality is high")
    if spec.security.authentication == "api-key":
        yield RiskFactor(risk=Risk.MEDIUM, reason="the source proves itself by an API key only")
    if spec.consent != "none":
        yield RiskFactor(
            risk=Risk.MEDIUM, reason=f"it depends on consent to {spec.consent.scope}", condition="personal"
        )


def _function_factors(estate: Estate, integration: Integration) -> Iterable[RiskFactor]:
    interface = estate.interface_of(integration)
    marked = frozenset(interface.spec.administrative) if interface else frozenset()
    granted = sorted(marked.intersection(integration.spec.operations))
    if granted:
        reason = f"it may call what manages the system: {', '.join(granted)}"
        yield RiskFactor(risk=Risk.HIGH, reason=reason, condition="administrative")


def owner_role(estate: Estate, integration: Integration) -> str:
    """``owner:TEAM`` where the target belongs to another team that names its members, else empty."""
    target = estate.systems.get(integration.spec.target)
    team = estate.teams.get(target.metadata.owner) if target else None
    if team is None or not team.spec.members or team.metadata.name == integration.metadata.owner:
        return ""
    return f"{OWNER_PREFIX}{team.metadata.name}"


def role_text(role: str) -> str:
    """A role in words: ``the members of team logistics``, or the role itself."""
    return f"the members of team {role.removeprefix(OWNER_PREFIX)}" if role.startswith(OWNER_PREFIX) else role


def ordered_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Each role once: those of people in their order, then owners by name."""
    asked = set(roles)
    known = tuple(role for role in APPROVER_ROLES if role in asked)
    return (*known, *sorted(role for role in asked if role.startswith(OWNER_PREFIX)))


def _roles(estate: Estate, risk: Risk, conditions: set[str], owner: str) -> tuple[str, ...]:
    met = conditions | {_IMPLIED[condition] for condition in conditions if condition in _IMPLIED}
    roles = {"reviewer", owner}
    if risk is Risk.HIGH:
        roles.add("security")
    for condition in met:
        roles |= _ASKED_BY.get(condition, frozenset())
    for standard in estate.standards.values():
        approvers = standard.spec.settings.get("approvers")
        if isinstance(approvers, dict):
            for condition in met | {"default"}:
                asked = approvers.get(condition)
                roles.update(role for role in (asked if isinstance(asked, list) else ()) if role in APPROVER_ROLES)
    return ordered_roles(roles)
