"""Baseline rules on what is promised and what can be carried."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Criticality, Severity, Stage
from easement.standards.facts import IntegrationFacts, SystemFacts
from easement.standards.model import AnyRule, Found, Rule

_WATCHED: Final = frozenset({Criticality.HIGH, Criticality.VITAL})


def _no_limit(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.sla.throughput.limit is None:
        yield Found(path="/spec/sla", message="nothing limits how fast it may go")


def _limits_above_capacity(facts: SystemFacts) -> Iterable[Found]:
    capacity = facts.system.spec.capacity.throughput
    if capacity is None:
        return
    limits = [it.spec.sla.throughput.limit for it in facts.inbound]
    total = sum(limit.per_second for limit in limits if limit is not None)
    if total > capacity.per_second * (1 + 1e-9):
        yield Found(
            path="/spec/capacity/throughput",
            message=f"{len(limits)} integrations may send {total:g}/s together, the system carries {capacity}",
        )


def _availability_above_capacity(facts: IntegrationFacts) -> Iterable[Found]:
    promised, able = facts.integration.spec.sla.availability, facts.target.spec.capacity.availability
    if promised is not None and able is not None and promised > able:
        yield Found(
            path="/spec/sla/availability",
            message=f"{promised:g} % is promised, system {facts.target.metadata.name} declares {able:g} %",
        )


def _critical_without_promise(facts: IntegrationFacts) -> Iterable[Found]:
    sla = facts.integration.spec.sla
    latency = sla.latency
    if sla.schedule is None:
        yield Found(path="/spec/sla", message=f"its criticality is {sla.criticality}, but silence would go unnoticed")
    if sla.availability is None and latency.p50 is None and latency.p95 is None and latency.p99 is None:
        yield Found(
            path="/spec/sla",
            message=f"its criticality is {sla.criticality}, but no availability or latency is promised",
        )


def _deprecated_operations(facts: IntegrationFacts) -> Iterable[Found]:
    for number, name in enumerate(facts.integration.spec.operations):
        if facts.model.operations[name].deprecated:
            yield Found(
                path=f"/spec/operations/{number}",
                message=f"{name} of {facts.interface.metadata.name} is deprecated",
            )


SERVICE_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=IntegrationFacts,
        id="no-throughput-limit",
        title="Every integration has a throughput limit",
        rationale="Without a limit one caller in a loop takes the target away from all others.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="all integrations",
        check=_no_limit,
        remedy="Set spec.sla.throughput.limit, such as 50/s.",
        source="OWASP API Security Top 10 2023 API4; NIST SP 800-53 SC-5",
        bad="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {sla: {throughput: {limit: null}}}""",
        good="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {sla: {throughput: {limit: 20/s}}}""",
    ),
    Rule(
        about=SystemFacts,
        id="limits-above-capacity",
        title="Limits together fit the target's capacity",
        rationale="Each limit is a promise; together they must not promise more than the system can carry.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="systems that declare a capacity",
        check=_limits_above_capacity,
        remedy="Lower limits of the integrations that reach it, or raise spec.capacity.throughput after measuring.",
        source="NIST SP 800-53 SC-5(2), CP-2(2)",
        bad="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {sla: {throughput: {limit: 900/s}}}""",
        good="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {sla: {throughput: {limit: 90/s}}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="availability-above-capacity",
        title="No more availability is promised than the target has",
        rationale="A chain is not more available than its weakest link.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that promise availability on a target that declares its own",
        check=_availability_above_capacity,
        remedy="Promise no more than the target declares.",
        source="ISO/IEC 20000-1:2018 8.3.3",
        bad="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {sla: {availability: 99.99}}""",
        good="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {sla: {availability: 99.5}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="critical-without-promise",
        title="What is critical has a schedule and a promise",
        rationale="What must not fail must be watched: when traffic is expected and how good it has to be.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations of criticality high or vital",
        applies=lambda facts: facts.integration.spec.sla.criticality in _WATCHED,
        check=_critical_without_promise,
        remedy="Set spec.sla.schedule, and availability or latency.",
        source="NIST SP 800-53 SI-4, CP-2(8)",
        bad="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {sla: {criticality: vital}}""",
        good="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {sla: {criticality: vital, availability: 99.5, schedule: {every: 1d}}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="deprecated-operation",
        title="New contracts use no deprecated operations",
        rationale="What is deprecated will be taken away.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="integrations that name operations",
        check=_deprecated_operations,
        remedy="Move to the successor that the interface's owner names.",
        source="RFC 9745",
        bad="""\
openapi: 3.1.0
paths: {'/orders/{id}': {get: {deprecated: true}}}""",
        good="""\
openapi: 3.1.0
paths: {'/orders/{id}': {get: {deprecated: false}}}""",
    ),
)
