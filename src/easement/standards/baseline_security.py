"""Baseline rules on identity, transport and payload protection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Classification, Pattern, Severity, Stage
from easement.estate.flows import Direction, is_event
from easement.standards.facts import IntegrationFacts, InterfaceFacts, SystemFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.wording import listing

MUTUAL_TLS: Final = frozenset({"mtls", "oauth2+mtls"})
OPEN_ZONES: Final = frozenset({"internet", "partner"})
_DEVELOPMENT: Final = "development"


def _unsealed(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.security.encryption == "payload":
        return
    restricted = sorted(
        {
            carried.path
            for flow in facts.flows
            if flow.direction is Direction.EVENT
            for carried in flow.fields
            if carried.leaf and carried.classification is Classification.RESTRICTED
        }
    )
    if restricted:
        yield Found(
            path="/spec/security/encryption",
            message=f"{listing(restricted)} is restricted and lies in streams and dead letters unsealed",
        )


def _sealing_without_key(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.security.encryption == "payload" and not facts.target.spec.encryption_key:
        name = facts.target.metadata.name
        yield Found(
            path="/spec/security/encryption",
            message=f"payloads are to be sealed, but system {name} has no encryptionKey",
        )


def _open_zone_without_mutual_tls(facts: IntegrationFacts) -> Iterable[Found]:
    spec = facts.integration.spec
    if spec.security.authentication in MUTUAL_TLS:
        return
    connecting = [facts.source]
    if is_event(facts.integration) and facts.target.spec.delivery.webhook is None:
        connecting.append(facts.target)
    for system in connecting:
        zones = sorted(OPEN_ZONES.intersection(system.spec.zones))
        if zones:
            yield Found(
                path="/spec/security/authentication",
                message=f"{system.metadata.name} connects from zone {', '.join(zones)} with "
                f"{spec.security.authentication} only",
            )


def _uninspected(facts: IntegrationFacts) -> Iterable[Found]:
    zones = sorted(OPEN_ZONES.intersection(facts.source.spec.zones))
    if zones and facts.integration.spec.waf.mode == "off":
        yield Found(
            path="/spec/waf/mode",
            message=f"what {facts.source.metadata.name} sends from zone {', '.join(zones)} is inspected for no attack",
        )


def _api_key(facts: IntegrationFacts) -> Iterable[Found]:
    paths = facts.classified(Classification.CONFIDENTIAL)
    exposed = sorted({zone for system in facts.parties for zone in OPEN_ZONES.intersection(system.spec.zones)})
    reasons = []
    if paths:
        reasons.append(f"carries {listing(paths)}")
    elif facts.carries_personal_data:
        reasons.append("carries personal data")
    if exposed:
        reasons.append(f"touches zone {', '.join(exposed)}")
    if reasons:
        yield Found(
            path="/spec/security/authentication", message=f"an API key alone guards what {' and '.join(reasons)}"
        )


def _plain_http(facts: SystemFacts) -> Iterable[Found]:
    for environment, endpoint in sorted(facts.system.spec.endpoints.items()):
        if environment != _DEVELOPMENT and endpoint.url.startswith("http://"):
            yield Found(path=f"/spec/endpoints/{environment}/url", message=f"the {environment} endpoint is plain http")
    webhook = facts.system.spec.delivery.webhook
    if webhook is not None and webhook.url.startswith("http://"):
        yield Found(path="/spec/delivery/webhook/url", message="events are posted over plain http")


def _unsecured_operations(facts: InterfaceFacts) -> Iterable[Found]:
    unsecured = sorted(name for name, operation in facts.model.operations.items() if not operation.secured)
    if unsecured:
        yield Found(
            path="/spec/definition",
            message=f"the description asks for no credentials at {listing(unsecured)}",
        )


SECURITY_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=IntegrationFacts,
        id="restricted-event-unsealed",
        title="Restricted fields of events are sealed",
        rationale="An event lies in streams, replicas and dead letters; only the target should be able to read what is "
        "restricted.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that carry restricted fields in events",
        applies=lambda facts: is_event(facts.integration),
        check=_unsealed,
        remedy="Set spec.security.encryption: payload and give the target an encryptionKey, or leave the field out.",
        source="GDPR Art. 32(1)(a); 45 CFR 164.312(e)(2)(ii); PCI DSS 4.0.1 req. 3.5.1",
        bad="""\
kind: Interface
metadata: {name: orders-events}
spec: {fields: {status: {classification: restricted}}}
---
kind: Integration
metadata: {name: orders-to-shop}
spec: {security: {encryption: transport}}""",
        good="""\
kind: Interface
metadata: {name: orders-events}
spec: {fields: {status: {classification: restricted}}}
---
kind: Integration
metadata: {name: orders-to-shop}
spec: {security: {encryption: payload}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="sealing-without-key",
        title="Sealed payloads have a key to be sealed to",
        rationale="Without the target's public key nothing can be sealed, and what cannot be sealed does not flow.",
        severity=Severity.ERROR,
        blocks=Stage.LIVE,
        scope="integrations with encryption: payload",
        check=_sealing_without_key,
        remedy="Add the target's public JWK as spec.encryptionKey of its System document.",
        source="RFC 7516; RFC 7517",
        bad="""\
kind: Integration
metadata: {name: orders-to-shop}
spec: {security: {encryption: payload}}""",
        good="""\
kind: System
metadata: {name: shop}
spec:
  encryptionKey:
    kty: EC
    crv: P-256
    use: enc
    kid: shop-2026
    x: A_fmuzQRnR_h9E5pV-OYoIbf8JzPfmhgR4kS_9FBtk0
    y: 6b8x7HIEqYrko1Q3oXTjHZgQs8YdJjRe6abuXei9vEw
---
kind: Integration
metadata: {name: orders-to-shop}
spec: {security: {encryption: payload}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="open-zone-without-mutual-tls",
        title="Callers from open zones prove themselves by certificate",
        rationale="A bearer token can be used by whoever holds it; from outside our own network it should be bound to "
        "a certificate.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope=f"integrations whose connecting system is in zone {' or '.join(sorted(OPEN_ZONES))}",
        check=_open_zone_without_mutual_tls,
        remedy="Set spec.security.authentication to oauth2+mtls or mtls.",
        source="RFC 8705; NIST SP 800-53 IA-3, SC-8",
        bad="""\
kind: System
metadata: {name: shop}
spec: {zones: [partner]}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {security: {authentication: oauth2}}""",
        good="""\
kind: System
metadata: {name: shop}
spec: {zones: [partner]}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {security: {authentication: oauth2+mtls}}
---
kind: Integration
metadata: {name: orders-to-shop}
spec: {security: {authentication: oauth2+mtls}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="uninspected-from-open-zone",
        title="What comes from open zones is inspected for attacks",
        rationale="A description says what a field looks like, not that its content harms nobody: a text that fits may "
        "still be an injection for the target behind it.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope=f"request integrations whose caller is in zone {' or '.join(sorted(OPEN_ZONES))}",
        applies=lambda facts: facts.integration.spec.pattern is Pattern.REQUEST,
        check=_uninspected,
        remedy="Set spec.waf.mode: detect, look at what it finds for a while, then set block.",
        source="PCI DSS 4.0.1 req. 6.4.2; NIST SP 800-53 SI-10, SI-4; OWASP API Security Top 10 2023 API8",
        bad="""\
kind: System
metadata: {name: shop}
spec: {zones: [partner]}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {waf: {mode: "off"}}""",
        good="""\
kind: System
metadata: {name: shop}
spec: {zones: [partner]}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {waf: {mode: detect}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="api-key-beyond-low-risk",
        title="API keys guard only what is low risk",
        rationale="An API key does not expire by itself, is sent with every call and says nothing of scope.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations with authentication: api-key",
        applies=lambda facts: facts.integration.spec.security.authentication == "api-key",
        check=_api_key,
        remedy="Use oauth2 or stronger, or leave out what is confidential.",
        source="OWASP API Security Top 10 2023 API2; PCI DSS 4.0.1 req. 8.6",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {security: {authentication: api-key}}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {security: {authentication: oauth2}}""",
    ),
    Rule(
        about=SystemFacts,
        id="plain-http-endpoint",
        title="Endpoints use TLS",
        rationale="Plain text between gateway and system can be read and changed by anyone on the way.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="systems; the endpoint named development is exempt, a webhook never is",
        check=_plain_http,
        remedy="Give the endpoint an https URL, and spec.endpoints.NAME.tls where our own authority signed it.",
        source="GDPR Art. 32(1)(a); 45 CFR 164.312(e)(1); PCI DSS 4.0.1 req. 4.2.1",
        bad="""\
kind: System
metadata: {name: orders}
spec: {endpoints: {production: {url: "http://orders.example.com"}}}""",
        good="""\
kind: System
metadata: {name: orders}
spec: {endpoints: {production: {url: "https://orders.example.com"}}}""",
    ),
    Rule(
        about=InterfaceFacts,
        id="unsecured-operation",
        title="API descriptions ask for credentials",
        rationale="The gateway refuses calls without credentials whatever the description says; the system behind it "
        "should refuse them too.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by OpenAPI",
        applies=lambda facts: facts.model.format == "openapi",
        check=_unsecured_operations,
        remedy="Add a security requirement to the operation or to the whole description.",
        source="OpenAPI 3.1 §4.8.30; OWASP API Security Top 10 2023 API2",
        bad="""\
openapi: 3.1.0
security: null""",
        good="""\
openapi: 3.1.0
security: [{oauth: []}]""",
    ),
)
