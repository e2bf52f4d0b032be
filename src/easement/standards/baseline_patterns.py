"""Baseline rules on the pattern of integration that a scenario asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Integration, Pattern, Severity, Stage
from easement.contract.values import Duration
from easement.estate.flows import is_event
from easement.standards.facts import IntegrationFacts, SystemFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.parameters import Parameter, ParameterValues
from easement.standards.pattern_advice import POLLING, polled_events
from easement.standards.wording import listing

_BATCHES: Final = frozenset({Pattern.FILE, Pattern.BATCH})


def _moves_files(facts: IntegrationFacts) -> bool:
    return facts.integration.spec.pattern is Pattern.FILE


def _moves_batches(facts: IntegrationFacts) -> bool:
    return facts.integration.spec.pattern in _BATCHES


def _transfer_unsaid(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.file is None:
        yield Found(path="/spec", message="nothing says how the files go over")


def _protocol(facts: IntegrationFacts, settings: ParameterValues) -> Iterable[Found]:
    file = facts.integration.spec.file
    if file is not None and file.protocol not in settings["protocols"]:
        yield Found(
            path="/spec/file/protocol",
            message=f"files go by {file.protocol}; allowed is {listing(settings['protocols'])}",
        )


def _password(facts: IntegrationFacts) -> Iterable[Found]:
    file = facts.integration.spec.file
    if file is not None and file.authentication != "public-key":
        yield Found(path="/spec/file/authentication", message="the sender proves itself by a password")


def _no_checksum(facts: IntegrationFacts) -> Iterable[Found]:
    file = facts.integration.spec.file
    if file is not None and file.checksum == "none":
        yield Found(path="/spec/file/checksum", message="half a file looks like a whole one")


def _no_schedule(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.sla.schedule is None:
        yield Found(path="/spec/sla", message="nothing says when it comes, so nobody notices when it does not")


def _polling(facts: IntegrationFacts, settings: ParameterValues) -> Iterable[Found]:
    often: Duration = settings["often"]
    events = polled_events(facts.estate, facts.integration, often)
    if events:
        yield Found(
            path="/spec/sla/schedule",
            message=f"it asks on a timer for what {listing(events)} publishes",
        )


def _two_ways(facts: IntegrationFacts) -> Iterable[Found]:
    entities = set(facts.interface.spec.entities)
    for other in facts.links.siblings(facts.integration):
        interface = facts.estate.interface_of(other)
        if interface is None or interface is facts.interface or is_event(other) == is_event(facts.integration):
            continue
        same_way = _receiver(facts.integration) == _receiver(other)
        shared = sorted(entities.intersection(interface.spec.entities))
        if shared and same_way:
            yield Found(
                path="/spec/interface",
                message=f"{listing(shared)} also goes by {other.metadata.name}, through {interface.metadata.name}",
            )


def _receiver(integration: Integration) -> str:
    """Who ends up with the data that is asked for or published: asking brings it to the source."""
    return integration.spec.target if is_event(integration) else integration.spec.source


def _deep_calls(facts: SystemFacts, settings: ParameterValues) -> Iterable[Found]:
    name = facts.system.metadata.name
    depth, most = facts.links.call_depth(name), settings["most"]
    if depth > most:
        yield Found(path="/spec", message=f"{depth} calls wait for each other from {name} on; at most {most} should")


def _call_circle(facts: SystemFacts) -> Iterable[Found]:
    circle = facts.links.call_circle(facts.system.metadata.name)
    if circle:
        yield Found(path="/spec", message=f"{listing(circle)} call each other in a circle")


def _many_callers(facts: SystemFacts, settings: ParameterValues) -> Iterable[Found]:
    callers = {one.spec.source for one in facts.inbound if not is_event(one)}
    if len(callers) > settings["most"]:
        yield Found(
            path="/spec",
            message=f"{len(callers)} systems call it; publish what they ask for (at most {settings['most']})",
        )


def _large_bodies(facts: IntegrationFacts, settings: ParameterValues) -> Iterable[Found]:
    size = facts.integration.spec.sla.max_body_bytes
    if size > settings["most"]:
        yield Found(
            path="/spec/sla/maxBodyBytes", message=f"bodies of up to {size:,} bytes are files, no calls or events"
        )


_FILE: Final = """\
kind: Integration
metadata: {name: orders-to-shop}
spec:
  pattern: file
  file: %s
  sla: {schedule: {every: 1d, grace: 2h}}"""

PATTERN_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=IntegrationFacts,
        id="file-transfer-unsaid",
        title="File transfers say how the files go over",
        rationale="Protocol, proof of the sender and check of the content decide whether a file can be trusted.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations of pattern file",
        applies=_moves_files,
        check=_transfer_unsaid,
        remedy="Add spec.file: {protocol: sftp, authentication: public-key, checksum: sha256}.",
        source="NIST SP 800-53 CA-3, SC-8",
        bad=_FILE % "null",
        good=_FILE % "{protocol: sftp, authentication: public-key, checksum: sha256}",
    ),
    Rule(
        about=IntegrationFacts,
        id="file-transfer-insecure",
        title="Files go by SFTP only",
        rationale="FTP sends names, passwords and content in the clear; shares of a file system have no contract.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations of pattern file",
        applies=_moves_files,
        check=_protocol,
        remedy="Set spec.file.protocol: sftp.",
        source="PCI DSS 4.0.1 req. 2.2.7, 4.2.1; NIST SP 800-53 SC-8",
        parameters={"protocols": Parameter(default=("sftp",), meaning="Protocols by which files may go over.")},
        bad=_FILE % "{protocol: ftp}",
        good=_FILE % "{protocol: sftp}",
    ),
    Rule(
        about=IntegrationFacts,
        id="file-transfer-by-password",
        title="File transfers prove the sender by key",
        rationale="A password of a machine is written down somewhere, is rarely changed, and works from everywhere.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations of pattern file",
        applies=_moves_files,
        check=_password,
        remedy="Set spec.file.authentication: public-key.",
        source="RFC 4252 §7; NIST SP 800-53 IA-3; PCI DSS 4.0.1 req. 8.6.2",
        bad=_FILE % "{authentication: password}",
        good=_FILE % "{authentication: public-key}",
    ),
    Rule(
        about=IntegrationFacts,
        id="file-without-checksum",
        title="Files carry a checksum",
        rationale="A transfer that broke off leaves a file that looks complete to whoever reads it next.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="integrations of pattern file",
        applies=_moves_files,
        check=_no_checksum,
        remedy="Set spec.file.checksum: sha256, and let the target compare it before it reads.",
        source="45 CFR 164.312(c)(1); NIST SP 800-53 SI-7",
        bad=_FILE % "{checksum: none}",
        good=_FILE % "{checksum: sha256}",
    ),
    Rule(
        about=IntegrationFacts,
        id="batch-without-schedule",
        title="What comes in batches has a schedule",
        rationale="A batch that does not come looks exactly like one that is not due.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations of pattern file or batch",
        applies=_moves_batches,
        check=_no_schedule,
        remedy="Set spec.sla.schedule: {every: 1d, grace: 2h}.",
        source="NIST SP 800-53 SI-4, AU-6",
        bad="kind: Integration\nmetadata: {name: orders-to-shop}\nspec: {pattern: batch}",
        good="kind: Integration\nmetadata: {name: orders-to-shop}\n"
        "spec: {pattern: batch, sla: {schedule: {every: 1d, grace: 2h}}}",
    ),
    Rule(
        about=IntegrationFacts,
        id="polling-where-events-exist",
        title="Nobody polls for what is published",
        rationale="Asking on a timer loads the target with questions whose answer is mostly nothing, and still learns "
        "of changes late.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that only read, on a schedule",
        applies=lambda facts: facts.integration.spec.sla.schedule is not None and not is_event(facts.integration),
        check=_polling,
        remedy="Subscribe to the events ('easement new integration --pattern event-carried-state'); keep the call for "
        "what a person asks for.",
        source="Enterprise Integration Patterns: Event-Driven Consumer, Polling Consumer",
        parameters={"often": Parameter(default=POLLING, meaning="Reading at least this often is polling.")},
        bad="""\
kind: Interface
metadata: {name: orders-events}
spec: {entities: [Order]}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {sla: {schedule: {every: 1m}}}""",
        good="""\
kind: Interface
metadata: {name: orders-events}
spec: {entities: [Order]}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {sla: {schedule: {every: 1d}}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="same-data-two-ways",
        title="The same data does not come by two ways",
        rationale="Two ways to the same data disagree sooner or later, and both have to be kept.",
        severity=Severity.INFO,
        blocks=Stage.NEVER,
        scope="integrations whose interface names its entities",
        applies=lambda facts: bool(facts.interface.spec.entities),
        check=_two_ways,
        remedy="Keep one of them, or say in the description why both are needed.",
        source="ISO/IEC 27001:2022 A.5.9; GDPR Art. 5(1)(c), (d)",
        bad="kind: Interface\nmetadata: {name: orders-events}\nspec: {entities: [Order]}",
        good="kind: Interface\nmetadata: {name: orders-events}\nspec: {entities: [Shipment]}",
    ),
    Rule(
        about=IntegrationFacts,
        id="body-too-large",
        title="Large bodies go as files",
        rationale="A large body holds memory and a connection in every system it passes, and fails as a whole.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="integrations of pattern request or event",
        applies=lambda facts: facts.integration.spec.pattern not in _BATCHES,
        check=_large_bodies,
        remedy="Send a reference and let the file go by SFTP (pattern batch-file), or lower maxBodyBytes.",
        source="OWASP API Security Top 10 2023 API4; Enterprise Integration Patterns: Claim Check",
        parameters={"most": Parameter(default=10_000_000, meaning="Largest body of a call or an event, in bytes.")},
        bad="kind: Integration\nmetadata: {name: shop-reads-orders}\nspec: {sla: {maxBodyBytes: 50000000}}",
        good="kind: Integration\nmetadata: {name: shop-reads-orders}\nspec: {sla: {maxBodyBytes: 1000000}}",
    ),
    Rule(
        about=SystemFacts,
        id="deep-call-chain",
        title="Calls do not wait for long chains of calls",
        rationale="Each call in a chain adds its latency and multiplies its availability; the first caller gets both.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="systems that call others",
        check=_deep_calls,
        remedy="Let a system in the middle keep what it needs from events, so that it can answer by itself.",
        source="NIST SP 800-53 CP-2(8); ISO/IEC 20000-1:2018 8.7.1",
        parameters={"most": Parameter(default=3, meaning="Calls that may wait for each other.")},
        bad="""\
kind: Standard
metadata: {name: house}
spec: {parameters: {deep-call-chain: {most: 0}}}""",
        good="""\
kind: Standard
metadata: {name: house}
spec: {parameters: {deep-call-chain: {most: 1}}}""",
    ),
    Rule(
        about=SystemFacts,
        id="call-circle",
        title="Systems do not call each other in a circle",
        rationale="In a circle every system waits for itself; one slow answer stops all of them.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="systems that call others",
        check=_call_circle,
        remedy="Turn one of the calls into an event.",
        source="NIST SP 800-53 SC-5, CP-2(8)",
        bad="""\
kind: Interface
metadata: {name: shop-api}
spec:
  system: shop
  version: 1.0.0
  definition: {openapi: orders.openapi.yaml}
  defaultClassification: internal
---
kind: Integration
metadata: {name: orders-asks-shop}
spec:
  source: orders
  target: shop
  interface: {name: shop-api, version: ^1.0}
  operations: [getOrder]
  fields: [id]
  purpose: essential.service
  sla: {throughput: {limit: 1/s}}""",
        good="kind: Integration\nmetadata: {name: shop-reads-orders}\nspec: {source: shop, target: orders}",
    ),
    Rule(
        about=SystemFacts,
        id="too-many-callers",
        title="What many ask for is published",
        rationale="A system that many others call is a bottleneck for each of them, and its team serves all of them.",
        severity=Severity.INFO,
        blocks=Stage.NEVER,
        scope="systems that others call",
        check=_many_callers,
        remedy="Publish events with what the callers need.",
        source="NIST SP 800-53 SC-5(2)",
        parameters={"most": Parameter(default=20, meaning="Systems that may call one system.")},
        bad="""\
kind: Standard
metadata: {name: house}
spec: {parameters: {too-many-callers: {most: 0}}}""",
        good="""\
kind: Standard
metadata: {name: house}
spec: {parameters: {too-many-callers: {most: 1}}}""",
    ),
)
