"""Baseline rules on who may do what: authentication by zone, least scopes, age of credentials, TLS, zones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Classification, Pattern, Severity, Stage
from easement.contract.values import Duration
from easement.estate.access.access_obstacles import access_obstacles
from easement.standards.baseline_security import OPEN_ZONES
from easement.standards.facts import IntegrationFacts, SystemFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.parameters import Parameter, ParameterValues
from easement.standards.pattern_advice import READING
from easement.standards.wording import listing

PROTECTED_ZONES: Final = frozenset({"cde", "phi"})
_BY_ZONE: Final = {
    "cde": ("oauth2", "oauth2+mtls", "mtls"),
    "dmz": ("oauth2", "oauth2+mtls", "mtls"),
    "internet": ("oauth2", "oauth2+mtls", "mtls"),
    "partner": ("oauth2", "oauth2+mtls", "mtls"),
    "phi": ("oauth2", "oauth2+mtls", "mtls"),
}
_TOKENS: Final = frozenset({"oauth2", "oauth2+mtls"})
_WIDE: Final = re.compile(r"(.*[.:/])?(\*|all|admin|root|superuser|full[-_]?access)")
_WRITING: Final = re.compile(r"(.*[.:/])?(write|create|update|delete|manage|admin)")
_FLOORS: Final = ("1.2", "1.3")


def _below_zone(facts: IntegrationFacts, settings: ParameterValues) -> Iterable[Found]:
    used = facts.integration.spec.security.authentication
    for system in facts.parties:
        for zone in system.spec.zones:
            allowed = settings["zones"].get(zone)
            if allowed is not None and used not in allowed:
                yield Found(
                    path="/spec/security/authentication",
                    message=f"{system.metadata.name} is in zone {zone}, where {used} is not enough; "
                    f"allowed is {listing(allowed)}",
                )


def _zones_skipped(facts: IntegrationFacts) -> Iterable[Found]:
    for sender, receiver in ((facts.source, facts.target), (facts.target, facts.source)):
        outside = sorted(OPEN_ZONES.intersection(sender.spec.zones))
        inside = sorted(PROTECTED_ZONES.intersection(receiver.spec.zones) - set(sender.spec.zones))
        if outside and inside:
            yield Found(
                path="/spec",
                message=f"{sender.metadata.name} (zone {outside[0]}) and {receiver.metadata.name} (zone {inside[0]}) "
                "meet without anything in between",
            )


def _has_condition(facts: IntegrationFacts) -> bool:
    return bool(facts.integration.spec.access or facts.integration.spec.resource_at)


def _unenforced_condition(facts: IntegrationFacts) -> Iterable[Found]:
    path = "/spec/access" if facts.integration.spec.access else "/spec/resourceAt"
    for sentence in access_obstacles(facts.integration, facts.model):
        yield Found(path=path, message=sentence)


def _unmarked_administration(facts: IntegrationFacts, settings: ParameterValues) -> Iterable[Found]:
    words = {word.lower() for word in settings["words"]}
    marked = facts.interface.spec.administrative
    for number, name in enumerate(facts.integration.spec.operations):
        operation = facts.model.operations.get(name)
        if operation is None or name in marked:
            continue
        said = {*(part.lower() for part in operation.path.split("/")), *(tag.lower() for tag in operation.tags)}
        if found := sorted(words & said):
            yield Found(
                path=f"/spec/operations/{number}",
                message=f"{name} ({operation.method} {operation.path}) manages the system, by its {found[0]!r}, and "
                "its interface does not say that it may be granted",
            )


def _no_scopes(facts: IntegrationFacts) -> Iterable[Found]:
    security = facts.integration.spec.security
    if security.authentication in _TOKENS and not security.scopes:
        yield Found(
            path="/spec/security", message="its tokens carry no scope, so they say nothing of what they are for"
        )


def _wide_scopes(facts: IntegrationFacts) -> Iterable[Found]:
    for number, scope in enumerate(facts.integration.spec.security.scopes):
        if _WIDE.fullmatch(scope.lower()):
            yield Found(path=f"/spec/security/scopes/{number}", message=f"{scope} allows more than this contract names")


def _writing_scope(facts: IntegrationFacts) -> Iterable[Found]:
    used = [facts.model.operations[name] for name in facts.integration.spec.operations]
    if not used or any(operation.method not in READING for operation in used):
        return
    for number, scope in enumerate(facts.integration.spec.security.scopes):
        if _WRITING.fullmatch(scope.lower()):
            yield Found(path=f"/spec/security/scopes/{number}", message=f"it only reads, but may {scope}")


def _needs_rotation(facts: IntegrationFacts) -> bool:
    exposed = any(OPEN_ZONES.intersection(system.spec.zones) for system in facts.parties)
    by_key = facts.integration.spec.security.authentication == "api-key"
    return exposed or by_key or bool(facts.classified(Classification.RESTRICTED))


def _no_rotation(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.security.rotation is None:
        yield Found(path="/spec/security", message="nothing says how old its credential may become")


def _slow_rotation(facts: IntegrationFacts, settings: ParameterValues) -> Iterable[Found]:
    security = facts.integration.spec.security
    most: Duration = settings[security.authentication]
    if security.rotation is not None and security.rotation > most:
        yield Found(
            path="/spec/security/rotation",
            message=f"a credential for {security.authentication} is replaced after {most}, not {security.rotation}",
        )


def _old_tls(facts: SystemFacts, settings: ParameterValues) -> Iterable[Found]:
    floor = settings["floor"]
    if floor not in _FLOORS:
        yield Found(path="/spec/endpoints", message=f"the floor {floor!r} is none of {', '.join(_FLOORS)}")
        return
    for name, endpoint in sorted(facts.system.spec.endpoints.items()):
        if endpoint.url.startswith("https://") and _FLOORS.index(endpoint.tls.minimum) < _FLOORS.index(floor):
            yield Found(
                path=f"/spec/endpoints/{name}/tls",
                message=f"the {name} endpoint takes TLS {endpoint.tls.minimum}; the floor is {floor}",
            )


def _restricted_in_clear(facts: IntegrationFacts) -> Iterable[Found]:
    paths = facts.classified(Classification.RESTRICTED)
    if paths and facts.integration.spec.security.encryption != "payload":
        yield Found(
            path="/spec/security/encryption", message=f"{listing(paths)} is restricted and lies in files unsealed"
        )


_SECURITY: Final = "kind: Integration\nmetadata: {name: shop-reads-orders}\nspec: {security: %s}"
_ACCESS: Final = 'kind: Integration\nmetadata: {name: shop-reads-orders}\nspec: {access: "%s"}'
_ADMINISTRATION: Final = """\
openapi: 3.1.0
paths:
  /orders/{id}:
    get: {tags: [admin]}"""
_ROTATING: Final = """\
kind: System
metadata: {name: shop}
spec: {zones: [partner]}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {security: {rotation: %s}}
---
kind: Integration
metadata: {name: orders-to-shop}
spec: {security: {rotation: P90D}}"""

ACCESS_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=IntegrationFacts,
        id="authentication-below-zone",
        title="Authentication fits the zone",
        rationale="The more a zone protects, or the more people reach it, the stronger the proof of who is calling.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that touch a zone with a list of its own",
        check=_below_zone,
        remedy="Set spec.security.authentication to one that the zone allows.",
        source="NIST SP 800-53 IA-3, AC-17; PCI DSS 4.0.1 req. 8.6; 45 CFR 164.312(d)",
        parameters={"zones": Parameter(default=_BY_ZONE, meaning="Authentication that each zone allows.")},
        bad="""\
kind: System
metadata: {name: orders}
spec: {zones: [phi]}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {security: {authentication: api-key}}""",
        good="""\
kind: System
metadata: {name: orders}
spec: {zones: [phi]}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {security: {authentication: oauth2}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="open-zone-meets-protected-zone",
        title="Open and protected zones do not meet",
        rationale="Whoever takes over a system in an open zone is one call away from what the protected zone holds.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope=f"integrations between zone {' or '.join(sorted(OPEN_ZONES))} and {' or '.join(sorted(PROTECTED_ZONES))}",
        check=_zones_skipped,
        remedy="Put a system of your own between the two, which passes on only what is needed.",
        source="PCI DSS 4.0.1 req. 1.4.1, 1.4.4; NIST SP 800-53 SC-7",
        bad="kind: System\nmetadata: {name: shop}\nspec: {zones: [internet]}\n---\n"
        "kind: System\nmetadata: {name: orders}\nspec: {zones: [cde]}",
        good="kind: System\nmetadata: {name: shop}\nspec: {zones: [internal]}\n---\n"
        "kind: System\nmetadata: {name: orders}\nspec: {zones: [cde]}",
    ),
    Rule(
        about=IntegrationFacts,
        id="access-not-enforced",
        title="Conditions on objects can be enforced",
        rationale="A condition that nothing enforces protects nothing; a contract with one does not flow, and its "
        "owner should hear of it before the review and not after.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations with a condition in access, or with resourceAt",
        applies=_has_condition,
        check=_unenforced_condition,
        remedy="Write it over principal, declared parameters, a JSON body or the answer of a GET; "
        "see the how-to 'Decide by object'.",
        source="OWASP API Security Top 10 2023 API1; NIST SP 800-53 AC-3, AC-24",
        bad=_ACCESS % "request.query.undeclared == principal.client_id",
        good=_ACCESS % "resource.owner == principal.client_id",
    ),
    Rule(
        about=IntegrationFacts,
        id="administration-unmarked",
        title="Nobody is granted administration in passing",
        rationale="A function that manages the system is worth more to whoever steals an account than all data that "
        "the account may read. Where it has to be granted, its owner says so first, and two people look.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations with operations whose path or tags have one of the words",
        applies=lambda facts: facts.integration.spec.pattern is Pattern.REQUEST,
        check=_unmarked_administration,
        remedy="Take it out of spec.operations, or have the interface's owner list it in spec.administrative.",
        source="OWASP API Security Top 10 2023 API5; NIST SP 800-53 AC-6(1), AC-6(5)",
        parameters={
            "words": Parameter(
                default=("admin", "_admin", "administration", "administrator", "actuator", "sudo", "superuser"),
                meaning="Parts of a path, and tags, that tell administration.",
            )
        },
        bad=_ADMINISTRATION,
        good=_ADMINISTRATION + "\n---\nkind: Interface\nmetadata: {name: orders-api}\n"
        "spec: {administrative: [getOrder]}",
    ),
    Rule(
        about=IntegrationFacts,
        id="no-scopes",
        title="Tokens carry scopes",
        rationale="A token without a scope proves who is calling and not for what; the target cannot tell.",
        severity=Severity.INFO,
        blocks=Stage.NEVER,
        scope="integrations with authentication by OAuth 2.0",
        check=_no_scopes,
        remedy="Name in spec.security.scopes what the operations need.",
        source="RFC 6749 §3.3; RFC 9700 §2.3",
        bad=_SECURITY % "{scopes: null}",
        good=_SECURITY % "{scopes: [orders.read]}",
    ),
    Rule(
        about=IntegrationFacts,
        id="scope-too-wide",
        title="Scopes are least privilege",
        rationale="A scope for everything makes one stolen token a key to everything.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations with scopes",
        check=_wide_scopes,
        remedy="Name a scope for what the contract's operations do, such as orders.read.",
        source="NIST SP 800-53 AC-6; RFC 9700 §2.3; OWASP API Security Top 10 2023 API5",
        bad=_SECURITY % "{scopes: ['orders.*']}",
        good=_SECURITY % "{scopes: [orders.read]}",
    ),
    Rule(
        about=IntegrationFacts,
        id="writing-scope-for-reading",
        title="Who only reads may only read",
        rationale="What a contract does not need is only of use to whoever steals its token.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations whose operations only read",
        check=_writing_scope,
        remedy="Take the scope out of spec.security.scopes.",
        source="NIST SP 800-53 AC-6(1); PCI DSS 4.0.1 req. 7.2.2",
        bad=_SECURITY % "{scopes: [orders.read, orders.write]}",
        good=_SECURITY % "{scopes: [orders.read]}",
    ),
    Rule(
        about=IntegrationFacts,
        id="rotation-unsaid",
        title="Credentials have an age at which they are replaced",
        rationale="A credential that is never replaced works for whoever copied it years ago.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="integrations by API key, in open zones, or with restricted data",
        applies=_needs_rotation,
        check=_no_rotation,
        remedy="Set spec.security.rotation, such as P90D, and rotate by 'easement credential rotate'.",
        source="PCI DSS 4.0.1 req. 8.6.3; NIST SP 800-53 IA-5(1)",
        bad=_ROTATING % "null",
        good=_ROTATING % "P90D",
    ),
    Rule(
        about=IntegrationFacts,
        id="rotation-too-slow",
        title="Credentials are replaced in time",
        rationale="The longer a credential is valid, the longer a copy of it is of use.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that say how old their credential may become",
        check=_slow_rotation,
        remedy="Shorten spec.security.rotation.",
        source="PCI DSS 4.0.1 req. 8.3.9, 8.6.3; CA/Browser Forum Baseline Requirements §6.3.2",
        parameters={
            "api-key": Parameter(default=Duration.parse("P90D"), meaning="Highest age of an API key."),
            "oauth2": Parameter(default=Duration.parse("P365D"), meaning="Highest age of a client secret."),
            "oauth2+mtls": Parameter(default=Duration.parse("P398D"), meaning="Highest age of secret and certificate."),
            "mtls": Parameter(default=Duration.parse("P398D"), meaning="Highest age of a certificate."),
        },
        bad=_SECURITY % "{rotation: P900D}",
        good=_SECURITY % "{rotation: P90D}",
    ),
    Rule(
        about=SystemFacts,
        id="tls-below-floor",
        title="Endpoints speak a current TLS",
        rationale="Versions below the floor have known weaknesses; the gateway refuses what is below TLS 1.2 anyway.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="systems with https endpoints",
        check=_old_tls,
        remedy="Set spec.endpoints.NAME.tls.minimum to the floor, once the system speaks it.",
        source="RFC 9325 §3.1; PCI DSS 4.0.1 req. 2.2.7, 4.2.1; NIST SP 800-52 Rev. 2",
        parameters={"floor": Parameter(default="1.2", meaning="Lowest version of TLS: 1.2 or 1.3.")},
        bad="""\
kind: Standard
metadata: {name: house}
spec: {parameters: {tls-below-floor: {floor: "1.3"}}}""",
        good="""\
kind: Standard
metadata: {name: house}
spec: {parameters: {tls-below-floor: {floor: "1.3"}}}
---
kind: System
metadata: {name: orders}
spec: {endpoints: {production: {tls: {minimum: "1.3"}}}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="restricted-file-unsealed",
        title="Restricted data in files is sealed",
        rationale="A file lies on the disks of both sides and in their backups; only the target should be able to read "
        "what is restricted.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations of pattern file or batch that carry restricted fields",
        applies=lambda facts: facts.integration.spec.pattern in {Pattern.FILE, Pattern.BATCH},
        check=_restricted_in_clear,
        remedy="Set spec.security.encryption: payload and give the target an encryptionKey, or leave the field out.",
        source="GDPR Art. 32(1)(a); 45 CFR 164.312(a)(2)(iv); PCI DSS 4.0.1 req. 3.5.1",
        bad="""\
kind: Interface
metadata: {name: orders-events}
spec: {fields: {status: {classification: restricted}}}
---
kind: Integration
metadata: {name: orders-to-shop}
spec: {pattern: file, file: {}, security: {encryption: transport}}""",
        good="""\
kind: Interface
metadata: {name: orders-events}
spec: {fields: {status: {classification: restricted}}}
---
kind: Integration
metadata: {name: orders-to-shop}
spec: {pattern: file, file: {}, security: {encryption: payload}}""",
    ),
)
