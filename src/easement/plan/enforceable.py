"""What of a contract this release enforces. A contract that asks for more is refused whole: it never flows unprotected.

Each check returns a reason (a CamelCase word of the ``Programmed`` condition) and a sentence, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from easement.contract.kinds import Handling, Integration, Pattern
from easement.estate.model import Estate

Reason = tuple[str, str]


def obstacles(estate: Estate, integration: Integration, *, today: date | None) -> tuple[Reason, ...]:
    """Everything that keeps an integration from being programmed, in a fixed order; empty when nothing does."""
    found: list[Reason] = []
    for check in _CHECKS:
        found.extend(check(estate, integration))
    if today is not None:
        found.extend(_expired_agreement(estate, integration, today))
    return tuple(found)


def _pattern(_estate: Estate, integration: Integration) -> Iterable[Reason]:
    if integration.spec.pattern not in (Pattern.REQUEST, Pattern.EVENT):
        yield "PatternNotEnforced", f"pattern {integration.spec.pattern} has no enforcement yet; use request or event"


def _consent(_estate: Estate, integration: Integration) -> Iterable[Reason]:
    if integration.spec.consent != "none":
        yield "ConsentNotEnforced", "consent is asked before routing, and no consent source is connected yet"


def _access(_estate: Estate, integration: Integration) -> Iterable[Reason]:
    access = integration.spec.access
    if access and integration.spec.pattern is not Pattern.REQUEST:
        yield "AccessNotEnforced", "access conditions are enforced for requests only"
    elif "resource." in access:
        yield "AccessNotEnforced", "access conditions over resource are not enforced yet; use principal and request"


def _authentication(_estate: Estate, integration: Integration) -> Iterable[Reason]:
    method = integration.spec.security.authentication
    allowed = {"oauth2"} if integration.spec.pattern is Pattern.REQUEST else {"oauth2", "oauth2+mtls"}
    if method not in allowed:
        yield "AuthenticationNotEnforced", f"authentication {method} is not enforced yet for this pattern; use oauth2"


def _handling(_estate: Estate, integration: Integration) -> Iterable[Reason]:
    if integration.spec.pattern is not Pattern.REQUEST:
        return
    hashed = sorted(path for path, how in integration.spec.handling.items() if how is Handling.HASH)
    if hashed:
        yield "HandlingNotEnforced", f"hash is done for events only; mask or drop {', '.join(hashed)}"


def _encryption(estate: Estate, integration: Integration) -> Iterable[Reason]:
    if integration.spec.security.encryption != "payload":
        return
    if integration.spec.pattern is not Pattern.EVENT:
        yield "EncryptionNotEnforced", "payload encryption is done for events only"
    elif (target := estate.systems.get(integration.spec.target)) is not None and not target.spec.encryption_key:
        yield "EncryptionKeyMissing", f"system {integration.spec.target} has no encryptionKey to seal payloads to"


def _expired_agreement(estate: Estate, integration: Integration, today: date) -> Iterable[Reason]:
    name = integration.spec.transfer.agreement if integration.spec.transfer else ""
    agreement = estate.agreements.get(name)
    if agreement is not None and not agreement.spec.signed <= today <= agreement.spec.expires:
        yield "AgreementNotInForce", f"agreement {name} is in force {agreement.spec.signed} to {agreement.spec.expires}"


_CHECKS: Final[tuple[Callable[[Estate, Integration], Iterable[Reason]], ...]] = (
    _pattern,
    _consent,
    _access,
    _authentication,
    _handling,
    _encryption,
)
