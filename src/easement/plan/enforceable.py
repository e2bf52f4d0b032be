"""What of a contract this release enforces. A contract that asks for more is refused whole: it never flows unprotected.

Each check returns a reason (a CamelCase word of the ``Programmed`` condition) and a sentence, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from easement.contract.identity import reference_key
from easement.contract.kinds import Agreement, Integration, Pattern
from easement.estate.access.access_obstacles import access_obstacles
from easement.estate.agreements import agreements_between, in_force, same_organisation
from easement.estate.model import Estate
from easement.plan.inspection import Reason, inspection_obstacles
from easement.plan.model import API_KEY, BOUND, InspectionRules


def obstacles(
    estate: Estate, integration: Integration, *, today: date | None, inspection: InspectionRules | None = None
) -> tuple[Reason, ...]:
    """Everything that keeps an integration from being programmed, in a fixed order; empty when nothing does."""
    found: list[Reason] = []
    for check in _CHECKS:
        found.extend(check(estate, integration))
    model = estate.models[reference_key(integration.spec.interface)]
    found.extend(("AccessNotEnforced", sentence) for sentence in access_obstacles(integration, model))
    found.extend(inspection_obstacles(integration, model, inspection))
    if today is not None:
        found.extend(_lapsed_agreements(estate, integration, today))
    return tuple(found)


def _pattern(_estate: Estate, integration: Integration) -> Iterable[Reason]:
    if integration.spec.pattern not in (Pattern.REQUEST, Pattern.EVENT):
        yield "PatternNotEnforced", f"pattern {integration.spec.pattern} has no enforcement yet; use request or event"


def _consent(_estate: Estate, integration: Integration) -> Iterable[Reason]:
    if integration.spec.consent != "none":
        yield "ConsentNotEnforced", "consent is asked before routing, and no consent source is connected yet"


def _authentication(_estate: Estate, integration: Integration) -> Iterable[Reason]:
    method = integration.spec.security.authentication
    if method in {BOUND, API_KEY} and integration.spec.pattern is not Pattern.REQUEST:
        yield "AuthenticationNotEnforced", f"authentication {method} is enforced for requests only; use oauth2"
    elif method not in {"oauth2", BOUND, API_KEY}:
        yield "AuthenticationNotEnforced", f"authentication {method} is not enforced yet; use oauth2 or {BOUND}"
    elif method == API_KEY and integration.spec.access:
        yield "AccessNotEnforced", "access conditions read tokens, and this contract takes API keys"


def _outside(estate: Estate, integration: Integration) -> Iterable[Reason]:
    """What is not enforced for tokens of another issuer."""
    spec = integration.spec
    source, target = estate.systems.get(spec.source), estate.systems.get(spec.target)
    if spec.pattern is Pattern.EVENT:
        fetches = target if target is not None and target.spec.delivery.webhook is None else None
        named = [one.metadata.name for one in (source, fetches) if one is not None and one.spec.identity is not None]
        if named:
            yield "AuthenticationNotEnforced", f"{' and '.join(named)} cannot meet the broker with an outside token"
    elif source is not None and source.spec.identity is not None:
        if spec.access:
            yield "AccessNotEnforced", f"access conditions do not read the tokens of {source.spec.identity.issuer}"
        if spec.security.authentication != "oauth2":
            yield "AuthenticationNotEnforced", "tokens of an outside issuer are not bound to certificates; use oauth2"


def _limits(_estate: Estate, integration: Integration) -> Iterable[Reason]:
    """Of events, deliveries have a rate; publishing has no quota and no operations."""
    throughput, spec = integration.spec.sla.throughput, integration.spec
    if spec.pattern is Pattern.EVENT and (throughput.operations or throughput.daily_quota):
        yield "LimitNotEnforced", "dailyQuota and limits of operations are enforced for requests only"
    unknown = sorted(throughput.operations.keys() - set(spec.operations))
    if spec.pattern is Pattern.REQUEST and unknown:
        yield (
            "LimitNotEnforced",
            f"sla.throughput.operations names what the contract does not use: {', '.join(unknown)}",
        )


def _encryption(estate: Estate, integration: Integration) -> Iterable[Reason]:
    if integration.spec.security.encryption != "payload":
        return
    if integration.spec.pattern is not Pattern.EVENT:
        yield "EncryptionNotEnforced", "payload encryption is done for events only"
    elif (target := estate.systems.get(integration.spec.target)) is not None and not target.spec.encryption_key:
        yield "EncryptionKeyMissing", f"system {integration.spec.target} has no encryptionKey to seal payloads to"


def _lapsed_agreements(estate: Estate, integration: Integration, today: date) -> Iterable[Reason]:
    """Fail closed: what stood on an agreement stops with it (GDPR Art. 28(3), 44; 45 CFR 164.504(e))."""
    spec = integration.spec
    named = estate.agreements.get(spec.transfer.agreement) if spec.transfer else None
    if named is not None and not in_force(named, today):
        yield "AgreementNotInForce", _lapse(named)
    source, target = estate.systems[spec.source], estate.systems[spec.target]
    if same_organisation(source, target):
        return
    for kind in ("DPA", "BAA"):
        between = agreements_between(estate, source, target, types=frozenset({kind}))
        if between and not any(in_force(agreement, today) for agreement in between):
            yield "AgreementNotInForce", "; ".join(_lapse(agreement) for agreement in between)


def _lapse(agreement: Agreement) -> str:
    spec = agreement.spec
    return f"agreement {agreement.metadata.name} ({spec.type}) is in force {spec.signed} to {spec.expires}"


_CHECKS: Final[tuple[Callable[[Estate, Integration], Iterable[Reason]], ...]] = (
    _pattern,
    _consent,
    _authentication,
    _outside,
    _limits,
    _encryption,
)
