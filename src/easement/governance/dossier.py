"""What a reviewer gets: the five answers, what it costs at the gateway, whom it reaches, the picture, the comments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from easement.contract.kinds import Integration
from easement.estate.data_flow import DataFlow, data_flow
from easement.estate.design_review import DesignReview, design_review, joined
from easement.estate.flows import FlowIndex
from easement.estate.graph import UnknownNodeError, impact
from easement.estate.model import Estate, LifecycleState, Registration
from easement.estate.nonfunctional import Measured
from easement.governance.comments import comments_in
from easement.governance.judgement import grounds, still_needed
from easement.governance.reading import ReviewDetail, review_detail
from easement.governance.registry import Registry
from easement.governance.requirements import dependents
from easement.governance.snapshot import DocumentKey, Snapshot, assemble_entries
from easement.plan.compile import compile_plan
from easement.standards.check import check
from easement.standards.model import Finding
from easement.standards.pattern_advice import pattern_advice
from easement.store.review_comments import StoredComment
from easement.store.reviews import PENDING

MOST_REACHED = 100
"""How many affected documents a dossier names."""


class SeenHealth(Protocol):
    """The part of an integration's health that a review needs. Latencies are seconds."""

    @property
    def name(self) -> str:
        """The integration."""

    @property
    def p50_s(self) -> float | None:
        """Half of the calls were quicker."""

    @property
    def p95_s(self) -> float | None:
        """Nineteen of twenty were quicker."""

    @property
    def error_rate(self) -> float:
        """A share from 0 to 1."""

    @property
    def per_minute(self) -> float:
        """How much flows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCost:
    """One operation or channel as it would be enforced. ``cost`` is the gateway's cost class, or ``broker``."""

    name: str
    place: str
    cost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One document that the change reaches."""

    reference: str
    title: str
    owner: str
    criticality: str
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything about one review.

    ``design`` has no answers for a document on which no integration stands. ``obstacles`` say why it could not be
    enforced, from the compiler. ``needs`` are the roles in which nobody has approved yet.
    """

    detail: ReviewDetail
    design: DesignReview
    costs: tuple[OperationCost, ...]
    obstacles: tuple[str, ...]
    reached: tuple[Reached, ...]
    flow: DataFlow | None
    comments: tuple[StoredComment, ...]
    needs: tuple[str, ...]


def dossier(registry: Registry, review_id: str, health: Iterable[SeenHealth] = ()) -> Dossier:
    """The dossier of a review. Raises :class:`~easement.governance.errors.UnknownError`."""
    detail = review_detail(registry, review_id)
    review, snapshot = detail.review, registry.snapshot()
    key = (review.kind, review.name)
    estate = _estate_with(snapshot, key)
    findings = check(estate, registry.today)
    measured = measured_of(health)
    integration = estate.integrations.get(review.name) if review.kind == "Integration" else None
    costs, obstacles = _enforced(registry, estate, integration) if integration else ((), ())
    return Dossier(
        detail=detail,
        design=_design(estate, key, findings, measured),
        costs=costs,
        obstacles=obstacles,
        reached=_reached(estate, key),
        flow=data_flow(estate, integration) if integration else None,
        comments=comments_in(registry, review),
        needs=still_needed(registry, review, review.roles) if review.state in PENDING else (),
    )


def measured_of(health: Iterable[SeenHealth]) -> dict[str, Measured]:
    """What traffic showed, by integration; those without traffic are missing."""
    return {
        each.name: Measured(p50_s=each.p50_s, p95_s=each.p95_s, error_rate=each.error_rate, per_minute=each.per_minute)
        for each in health
        if each.p95_s is not None
    }


def _estate_with(snapshot: Snapshot, key: DocumentKey) -> Estate:
    """What is enforced, with the revision under review and, of an integration, the newest of what it stands on."""
    entry = snapshot.registered.get(key)
    keys = [key, *(grounds(entry.document) if entry and isinstance(entry.document, Integration) else ())]
    newest = {one: snapshot.registered[one] for one in keys if one in snapshot.registered}
    owners = {one: snapshot.registered[one] for one in snapshot.registered if one[0] == "Team"}
    return assemble_entries((dict(snapshot.enforced) | owners | newest).values(), snapshot.integrations).estate


def _design(
    estate: Estate, key: DocumentKey, findings: Iterable[Finding], measured: Mapping[str, Measured]
) -> DesignReview:
    kind, name = key
    found, index = tuple(findings), FlowIndex(estate)

    def of(integration: Integration) -> DesignReview:
        advice = pattern_advice(estate, integration)
        return design_review(estate, integration, found, advice=advice, measured=measured, index=index)

    if kind == "Integration" and name in estate.integrations:
        return of(estate.integrations[name])
    return joined(f"{kind.lower()}/{name}", [of(integration) for integration in dependents(estate, key)])


def _enforced(
    registry: Registry, estate: Estate, integration: Integration
) -> tuple[tuple[OperationCost, ...], tuple[str, ...]]:
    """What the compiler makes of the contract alone, as if it were live."""
    name = integration.metadata.name
    known = estate.registrations.get(name)
    as_live = Registration(
        id=known.id if known else "", revision=known.revision if known else "", state=LifecycleState.LIVE
    )
    alone = replace(estate, integrations={name: integration}, registrations={name: as_live})
    plan = compile_plan(alone, environment=registry.environment, today=registry.today, inspection=registry.inspection)
    costs = [
        OperationCost(name=route.operation, place=f"{route.method} {route.prefix}{route.path}", cost=str(route.cost))
        for route in plan.routes
        if any(grant.party.integration == name for grant in route.grants)
    ]
    costs += [OperationCost(name=one.channel, place=one.id, cost="broker") for one in plan.deliveries]
    obstacles = tuple(
        condition.message or condition.reason
        for status in plan.statuses
        for condition in status.conditions
        if not condition.status
    )
    return tuple(costs), obstacles


def _reached(estate: Estate, key: DocumentKey) -> tuple[Reached, ...]:
    kind, name = key
    try:
        found = list(impact(estate, f"{kind.lower()}/{name}"))
    except UnknownNodeError:
        return ()
    return tuple(
        Reached(
            reference=each.node.reference,
            title=each.node.title,
            owner=each.node.owner,
            criticality=str(each.node.criticality or ""),
            depth=each.depth,
        )
        for each in found[:MOST_REACHED]
    )
