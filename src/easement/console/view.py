"""What pages show, made from registry, plan and measurements. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from easement.contract.documents import to_json
from easement.contract.kinds import Integration
from easement.interfaces.shape import Projection
from easement.monitoring.reader import HISTOGRAM_BOUNDS_MS, IntegrationHealth
from easement.plan.model import Condition, Delivery, Limit, Plan, RequestGrant, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryRow:
    """One integration in the registry."""

    id: str
    name: str
    title: str
    state: str
    source: str
    target: str
    interface: str
    range: str
    pattern: str
    purpose: str
    criticality: str
    owner: str
    enforced: str
    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetThrough:
    """One route or delivery of an integration."""

    place: str
    name: str
    cost: str
    limit: str
    fields: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a histogram, in the units of its picture (600 by 130)."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures at the top of the health page."""

    integrations: int
    unwell: int
    per_minute: float
    refused: int
    dead_letters: int


def registry_row(integration: Integration, *, identifier: str, state: str, revision: str, enforced: str) -> RegistryRow:
    """An integration as a row."""
    spec = integration.spec
    return RegistryRow(
        id=identifier,
        name=integration.metadata.name,
        title=integration.metadata.title,
        state=state,
        source=spec.source,
        target=spec.target,
        interface=spec.interface.name,
        range=str(spec.interface.version),
        pattern=str(spec.pattern),
        purpose=spec.purpose,
        criticality=str(spec.sla.criticality),
        owner=integration.metadata.owner,
        enforced=enforced,
        revision=revision,
    )


def enforcement_word(conditions: Sequence[Condition]) -> str:
    """``enforced``, ``in part``, or the reason why not."""
    for condition in conditions:
        if not condition.status:
            return condition.reason
    if not conditions:
        return "not compiled"
    return "in part" if conditions[-1].reason == "EnforcedInPart" else "enforced"


def matches(query: str, *texts: str) -> bool:
    """Whether every word of ``query`` is somewhere in ``texts``, without regard to case."""
    text = " ".join(texts).casefold()
    return all(word in text for word in query.casefold().split())


def summary(health: Iterable[IntegrationHealth], refused: int) -> Summary:
    """The figures over all integrations."""
    rows = list(health)
    return Summary(
        integrations=len(rows),
        unwell=sum(row.state in {"down", "degraded", "late", "no-data"} for row in rows),
        per_minute=sum(row.per_minute for row in rows),
        refused=refused,
        dead_letters=sum(row.dead_letters for row in rows),
    )


def conditions_of(plan: Plan | None, integration: str) -> tuple[Condition, ...]:
    """The conditions of one integration in the plan."""
    statuses = plan.statuses if plan else ()
    return next((status.conditions for status in statuses if status.integration == integration), ())


def let_through(plan: Plan | None, integration: str) -> list[LetThrough]:
    """The routes and deliveries that a plan has for one integration."""
    if plan is None:
        return []
    routes = [
        _of_route(route, grant)
        for route in plan.routes
        for grant in route.grants
        if grant.party.integration == integration
    ]
    return routes + [_of_delivery(one) for one in plan.deliveries if one.party.integration == integration]


def field_names(projection: Projection, prefix: str = "") -> list[str]:
    """The dotted paths of a projection, with what happens to those that do not pass clear."""
    found: list[str] = []
    for name, below in projection.items():
        if isinstance(below, Mapping):
            found.extend(field_names(below, f"{prefix}{name}."))
        else:
            found.append(f"{prefix}{name}" + ("" if below in ("value", "clear") else f" ({below})"))
    return found


def facts_of(integration: Integration) -> list[tuple[str, str]]:
    """What a contract says, for reading."""
    spec = integration.spec
    dead = spec.errors.dead_letter
    limit = spec.sla.throughput.limit
    facts = [
        ("Owner", integration.metadata.owner),
        ("Purpose", spec.purpose),
        ("Legal basis", str(spec.legal_basis or "")),
        ("Fields", ", ".join(f"{p}" if h == "clear" else f"{p} ({h})" for p, h in spec.handling.items())),
        ("Authentication", spec.security.authentication),
        ("Encryption", spec.security.encryption),
        ("Limit", str(limit or "")),
        ("Latency p95", str(spec.sla.latency.p95 or "")),
        ("Availability", f"{spec.sla.availability} %" if spec.sla.availability else ""),
        ("Expected every", str(spec.sla.schedule.every) if spec.sla.schedule else ""),
        ("Messages kept", str(spec.retention.messages or "")),
        ("Records kept", str(spec.retention.records or "")),
        ("Dead letters", f"{dead.retention}, owner {dead.owner or integration.metadata.owner}" if dead else ""),
        ("Transfer", f"{spec.transfer.mechanism} {spec.transfer.agreement}" if spec.transfer else ""),
    ]
    return [(label, value) for label, value in facts if value]


def document_text(integration: Integration) -> str:
    """The document as YAML."""
    return yaml.safe_dump(to_json(integration), sort_keys=False, allow_unicode=True)


def histogram(counts: Sequence[int]) -> list[Bar]:
    """Bars for latency counts; leading and trailing empty classes are left out."""
    bounds = [*(_milliseconds(bound) for bound in HISTOGRAM_BOUNDS_MS), f"> {_milliseconds(HISTOGRAM_BOUNDS_MS[-1])}"]
    used = [index for index, count in enumerate(counts) if count]
    if not used:
        return []
    chosen = range(used[0], used[-1] + 1)
    top, width = max(counts), min(60.0, 600 / len(chosen))
    bars = []
    for place, index in enumerate(chosen):
        height = round(counts[index] / top * 80, 1)
        x = round(place * width, 1)
        bars.append(
            Bar(
                x=x + 2,
                y=round(98 - height, 1),
                width=round(width - 4, 1),
                height=height,
                middle=round(x + width / 2, 1),
                label=bounds[index],
                count=counts[index],
            )
        )
    return bars


def _milliseconds(bound: float) -> str:
    return f"{bound / 1000:g} s" if bound >= 1000 else f"{bound:g} ms"


def _limit(limit: Limit | None) -> str:
    if limit is None:
        return "none"
    if limit.interval_ms == 1000:
        return f"{limit.tokens} a second"
    return f"{limit.tokens} in {limit.interval_ms / 1000:g} s"


def _of_route(route: Route, grant: RequestGrant) -> LetThrough:
    return LetThrough(
        place=f"{route.method} {route.prefix}{route.path}",
        name=route.id,
        cost=str(route.cost),
        limit=_limit(grant.limit),
        fields=", ".join(field_names(grant.projection)) or "none",
    )


def _of_delivery(delivery: Delivery) -> LetThrough:
    return LetThrough(
        place=f"{delivery.channel} → " + (delivery.webhook.url if delivery.webhook else "stream"),
        name=delivery.id,
        cost="sealed" if delivery.encryption_key else "clear",
        limit=f"{delivery.max_per_second:g} a second" if delivery.max_per_second else "none",
        fields=", ".join(field_names(delivery.projection)) or "none",
    )
