"""Baseline rules on what is recorded and watched, and who is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Classification, Criticality, Severity, Stage, Tag
from easement.contract.values import Duration
from easement.estate.flows import is_event
from easement.standards.facts import IntegrationFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.parameters import Parameter, ParameterValues
from easement.standards.wording import listing

_WATCHED: Final = frozenset({Criticality.HIGH, Criticality.VITAL})
_RECORD_TAGS: Final = (Tag.PHI, Tag.PAN)


def _is_watched(facts: IntegrationFacts) -> bool:
    return facts.integration.spec.sla.criticality in _WATCHED


def _no_alert_owner(facts: IntegrationFacts) -> Iterable[Found]:
    owner = facts.integration.spec.monitoring.alert_owner
    criticality = facts.integration.spec.sla.criticality
    if not owner:
        yield Found(path="/spec", message=f"its criticality is {criticality}, but nobody is told when it fails")
    elif owner not in facts.estate.teams:
        yield Found(path="/spec/monitoring/alertOwner", message=f"there is no team {owner} to be told")


def _unreachable(facts: IntegrationFacts) -> Iterable[Found]:
    owner = facts.integration.spec.monitoring.alert_owner
    team = facts.estate.teams.get(owner)
    if team is not None and not team.spec.oncall and not team.spec.email:
        yield Found(
            path="/spec/monitoring/alertOwner", message=f"team {owner} has neither an on-call address nor an e-mail"
        )


def _no_runbook(facts: IntegrationFacts) -> Iterable[Found]:
    if not facts.integration.spec.monitoring.runbook:
        yield Found(path="/spec", message="nothing says what to do when it fails")


def _no_metrics(facts: IntegrationFacts) -> Iterable[Found]:
    sla = facts.integration.spec.sla
    latency = sla.latency
    if sla.availability is None and latency.p50 is None and latency.p95 is None and latency.p99 is None:
        yield Found(path="/spec/sla", message="neither availability nor latency is promised, so nothing is measured")


def _no_expected_rate(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.sla.throughput.expected is None:
        yield Found(path="/spec/sla/throughput", message="nothing says how much traffic is usual")


def _expected_above_limit(facts: IntegrationFacts) -> Iterable[Found]:
    throughput = facts.integration.spec.sla.throughput
    expected, limit = throughput.expected, throughput.limit
    if expected and limit and expected.per_second > limit.per_second:
        yield Found(
            path="/spec/sla/throughput/expected",
            message=f"{expected} is expected, but {limit} is the limit: the rest is refused",
        )


def _timeout_too_short(facts: IntegrationFacts) -> Iterable[Found]:
    sla = facts.integration.spec.sla
    promised = sla.latency.p99 or sla.latency.p95 or sla.latency.p50
    if promised is not None and sla.timeout < promised:
        yield Found(
            path="/spec/sla/timeout", message=f"calls are ended after {sla.timeout}, but {promised} is as promised"
        )


def _no_record_retention(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.retention.records is None:
        yield Found(path="/spec/retention", message="nothing says how long its records are kept")


def _records_too_short(facts: IntegrationFacts, settings: ParameterValues) -> Iterable[Found]:
    kept = facts.integration.spec.retention.records
    for tag in _RECORD_TAGS:
        paths, least = facts.tagged(frozenset({tag})), settings[tag.value]
        if kept is not None and paths and kept < least:
            yield Found(
                path="/spec/retention/records",
                message=f"it carries {tag} data ({listing(paths)}); its records are kept {kept}, not {least}",
            )


MONITORING_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=IntegrationFacts,
        id="no-alert-owner",
        title="Somebody is told when what is critical fails",
        rationale="An alert that goes to nobody in particular is read by nobody in particular.",
        severity=Severity.ERROR,
        blocks=Stage.LIVE,
        scope="integrations of criticality high or vital",
        applies=_is_watched,
        check=_no_alert_owner,
        remedy="Name a team in spec.monitoring.alertOwner.",
        source="NIST SP 800-53 SI-4(5), IR-6; PCI DSS 4.0.1 req. 10.7.2",
        bad="kind: Integration\nmetadata: {name: shop-reads-orders}\n"
        "spec: {sla: {criticality: high}, monitoring: {alertOwner: null}}",
        good="kind: Integration\nmetadata: {name: shop-reads-orders}\n"
        "spec: {sla: {criticality: high}, monitoring: {alertOwner: shopkeepers}}",
    ),
    Rule(
        about=IntegrationFacts,
        id="alert-owner-unreachable",
        title="Whoever is to be told can be reached",
        rationale="A team without an address learns of a failure from its customers.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="integrations with an alert owner",
        check=_unreachable,
        remedy="Set spec.oncall or spec.email of the Team.",
        source="NIST SP 800-53 IR-7",
        bad="kind: Team\nmetadata: {name: shopkeepers}\nspec: {email: null, oncall: null}",
        good="kind: Team\nmetadata: {name: shopkeepers}\nspec: {email: shop@example.com, oncall: null}",
    ),
    Rule(
        about=IntegrationFacts,
        id="vital-without-runbook",
        title="What is vital has a runbook",
        rationale="At night nobody remembers what to do; it has to stand somewhere.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="integrations of criticality vital",
        applies=lambda facts: facts.integration.spec.sla.criticality is Criticality.VITAL,
        check=_no_runbook,
        remedy="Write it down and set spec.monitoring.runbook to where it stands.",
        source="NIST SP 800-53 IR-8, CP-2",
        bad="kind: Integration\nmetadata: {name: shop-reads-orders}\nspec: {sla: {criticality: vital}}",
        good="kind: Integration\nmetadata: {name: shop-reads-orders}\n"
        "spec: {sla: {criticality: vital}, monitoring: {runbook: 'https://docs.example.com/orders'}}",
    ),
    Rule(
        about=IntegrationFacts,
        id="no-service-level",
        title="Every integration has a measure of good",
        rationale="Without a promise no measurement can say whether it is well.",
        severity=Severity.INFO,
        blocks=Stage.NEVER,
        scope="integrations of criticality medium; higher ones are held to critical-without-promise",
        applies=lambda facts: facts.integration.spec.sla.criticality is Criticality.MEDIUM,
        check=_no_metrics,
        remedy="Set spec.sla.availability or spec.sla.latency.p95.",
        source="ISO/IEC 20000-1:2018 8.3.3; NIST SP 800-53 SI-4",
        bad="kind: Integration\nmetadata: {name: shop-reads-orders}\nspec: {sla: {latency: null}}",
        good="kind: Integration\nmetadata: {name: shop-reads-orders}\nspec: {sla: {latency: {p95: 300ms}}}",
    ),
    Rule(
        about=IntegrationFacts,
        id="no-expected-rate",
        title="The usual traffic is known",
        rationale="Capacity is planned, and a flood or a silence noticed, against what is usual.",
        severity=Severity.INFO,
        blocks=Stage.NEVER,
        scope="all integrations",
        check=_no_expected_rate,
        remedy="Set spec.sla.throughput.expected.",
        source="ISO/IEC 20000-1:2018 8.4.3; NIST SP 800-53 SC-5(2)",
        bad="kind: Integration\nmetadata: {name: shop-reads-orders}\nspec: {sla: {throughput: {expected: null}}}",
        good="kind: Integration\nmetadata: {name: shop-reads-orders}\nspec: {sla: {throughput: {expected: 5/s}}}",
    ),
    Rule(
        about=IntegrationFacts,
        id="expected-above-limit",
        title="The limit lies above the usual traffic",
        rationale="A limit below the usual rate refuses what the contract is for.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations with an expected rate and a limit",
        check=_expected_above_limit,
        remedy="Raise the limit, or correct what is expected.",
        source="ISO/IEC 20000-1:2018 8.4.3",
        bad="kind: Integration\nmetadata: {name: shop-reads-orders}\n"
        "spec: {sla: {throughput: {expected: 60/s, limit: 50/s}}}",
        good="kind: Integration\nmetadata: {name: shop-reads-orders}\n"
        "spec: {sla: {throughput: {expected: 10/s, limit: 50/s}}}",
    ),
    Rule(
        about=IntegrationFacts,
        id="timeout-below-promise",
        title="Calls may take as long as is promised",
        rationale="A timeout below the promised latency turns good answers into failures.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that call operations and promise latency",
        applies=lambda facts: not is_event(facts.integration),
        check=_timeout_too_short,
        remedy="Raise spec.sla.timeout above the highest promised latency.",
        source="ISO/IEC 20000-1:2018 8.3.3",
        bad="kind: Integration\nmetadata: {name: shop-reads-orders}\n"
        "spec: {sla: {timeout: 200ms, latency: {p95: 500ms}}}",
        good="kind: Integration\nmetadata: {name: shop-reads-orders}\n"
        "spec: {sla: {timeout: 2s, latency: {p95: 500ms}}}",
    ),
    Rule(
        about=IntegrationFacts,
        id="records-without-retention",
        title="Records are kept for a stated time",
        rationale="Every call and message is recorded; how long the record is kept must be decided.",
        severity=Severity.INFO,
        blocks=Stage.NEVER,
        scope="integrations that carry confidential or personal data",
        applies=lambda facts: bool(facts.classified(Classification.CONFIDENTIAL)) or facts.carries_personal_data,
        check=_no_record_retention,
        remedy="Set spec.retention.records, such as P400D.",
        source="NIST SP 800-53 AU-11; GDPR Art. 5(1)(e), (2)",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {retention: {records: null}}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {retention: {records: P400D}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="records-kept-too-short",
        title="Records of protected data are kept as long as the law asks",
        rationale="Who saw card or health data must be provable for as long as somebody may ask.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that carry fields tagged phi or pan and say how long records are kept",
        check=_records_too_short,
        remedy="Raise spec.retention.records.",
        source="45 CFR 164.316(b)(2)(i); PCI DSS 4.0.1 req. 10.5.1",
        parameters={
            "phi": Parameter(default=Duration.parse("P2190D"), meaning="How long records of health data are kept."),
            "pan": Parameter(default=Duration.parse("P365D"), meaning="How long records of card data are kept."),
        },
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [phi]}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {retention: {records: P90D}}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [phi]}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {retention: {records: P2190D}}""",
    ),
)
