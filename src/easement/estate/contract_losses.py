"""What a new revision of a contract takes away from the side that relies on it. Pure.

A contract that flows is a promise to the consumer of the interface: the party that does not offer it. Whoever narrows
it breaks the consumer as surely as a changed interface does, so it needs the consumer's own hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from easement.contract.identity import reference_key
from easement.contract.kinds import Handling, Integration, IntegrationSpec
from easement.estate.model import Estate

_STRICTNESS: Final = (Handling.CLEAR, Handling.HASH, Handling.TRUNCATE, Handling.MASK, Handling.DROP)


def consumer_of(estate: Estate, integration: Integration) -> str:
    """The system that adapts when the interface changes: the party that does not offer it."""
    spec = integration.spec
    interface = estate.interface_of(integration)
    provider = interface.spec.system if interface else spec.target
    return spec.target if provider == spec.source else spec.source


def interface_used(estate: Estate, integration: Integration) -> str:
    """The key of the interface version that a contract refers to, empty where the estate does not have it."""
    key = reference_key(integration.spec.interface)
    return key if key in estate.interfaces else ""


def consumer_team(estate: Estate, integration: Integration) -> str:
    """The team that answers for the consumer: the owner of its system, else of the contract."""
    system = estate.systems.get(consumer_of(estate, integration))
    return (system.metadata.owner if system else "") or integration.metadata.owner


def losses(before: Integration, after: Integration) -> tuple[str, ...]:
    """Each thing that ``after`` no longer lets the consumer do or have, as a sentence. Empty when it only gains."""
    return tuple(_losses(before.spec, after.spec))


def move_of(before: Integration, after: Integration) -> tuple[str, str] | None:
    """The interface keys between which a contract moves, or None when it stays where it is."""
    old, new = reference_key(before.spec.interface), reference_key(after.spec.interface)
    return None if old == new else (old, new)


def _losses(before: IntegrationSpec, after: IntegrationSpec) -> Iterator[str]:
    if (before.source, before.target) != (after.source, after.target):
        yield f"it runs from {after.source} to {after.target}, no longer from {before.source} to {before.target}"
    for name in before.operations:
        if name not in after.operations:
            yield f"operation {name} is gone"
    for name in before.channels:
        if name not in after.channels:
            yield f"channel {name} is gone"
    yield from _field_losses(before, after)
    yield from _limit_losses(before, after)
    yield from _access_losses(before, after)


def _field_losses(before: IntegrationSpec, after: IntegrationSpec) -> Iterator[str]:
    kept = after.handling
    for path, handling in before.handling.items():
        now = next((kept[branch] for branch in _branches(path) if branch in kept), Handling.DROP)
        if _STRICTNESS.index(now) > _STRICTNESS.index(handling):
            yield f"field {path} is gone" if now is Handling.DROP else f"field {path} arrives as {now}"


def _branches(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]


def _limit_losses(before: IntegrationSpec, after: IntegrationSpec) -> Iterator[str]:
    old, new = before.sla.throughput.limit, after.sla.throughput.limit
    if new is not None and (old is None or new.per_second < old.per_second):
        yield f"the limit falls from {old or 'none'} to {new}"
    burst, less = before.sla.throughput.burst, after.sla.throughput.burst
    if less is not None and burst is not None and less < burst:
        yield f"the burst falls from {burst} to {less}"
    if after.sla.timeout < before.sla.timeout:
        yield f"the timeout falls from {before.sla.timeout} to {after.sla.timeout}"
    if after.sla.max_body_bytes < before.sla.max_body_bytes:
        yield f"the largest body falls from {before.sla.max_body_bytes} to {after.sla.max_body_bytes} bytes"
    kept, shorter = before.retention.messages, after.retention.messages
    if kept is not None and shorter is not None and shorter.milliseconds < kept.milliseconds:
        yield f"messages wait {shorter}, no longer {kept}"


def _access_losses(before: IntegrationSpec, after: IntegrationSpec) -> Iterator[str]:
    if before.security.authentication != after.security.authentication:
        yield f"the way to sign in changes from {before.security.authentication} to {after.security.authentication}"
    if gone := sorted(set(before.security.scopes) - set(after.security.scopes)):
        yield f"scope {', '.join(gone)} is gone"
    if before.security.encryption != after.security.encryption:
        yield f"payloads are encrypted by {after.security.encryption}, no longer by {before.security.encryption}"
    if after.access and before.access != after.access:
        yield "the access condition changes"
    if after.consent not in (before.consent, "none"):
        yield "it asks for another consent"
