"""What one account may publish and subscribe, exactly as its grants say: plan and token in, subject lists out. Pure.

The broker takes an *empty* allow list for "everything" (seen with nats-server 2.15), so an empty side is written as a
denial of everything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from easement.broker.naming import (
    inbox_prefix,
    ingress_subject,
    publisher_ids,
    publisher_subject,
    target_consumer,
    target_stream,
)
from easement.contract.values import NAME_PATTERN
from easement.plan.model import Plan

_CLIENT_ID: Final = re.compile(NAME_PATTERN)
_TOKEN_METHODS: Final = frozenset({"oauth2"})
_BOUND_METHODS: Final = frozenset({"oauth2", "oauth2+mtls", "mtls"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What a verified token says of its bearer. ``bound``: a certificate of the chain is the one in the token."""

    client_id: str
    audiences: frozenset[str]
    scopes: frozenset[str]
    bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Subjects that an account may publish to and subscribe to; nothing else. Sorted."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.publish)

    def to_json(self) -> dict[str, Any]:
        """The ``pub`` and ``sub`` members of a NATS user claim."""
        return {"pub": _side(self.publish), "sub": _side(self.subscribe)}


def _side(allowed: tuple[str, ...]) -> dict[str, list[str]]:
    return {"allow": list(allowed)} if allowed else {"deny": [">"]}


def permissions_for(plan: Plan, presented: Presented) -> Permissions:
    """The rights of one connection: those grants of its account that its token covers.

    A grant needs its audience and all its scopes in the token, and a bound certificate where the contract asks for one.
    An account without any right gets no connection.
    """
    if not _CLIENT_ID.match(presented.client_id):
        return Permissions()
    publish = _publish_rights(plan, presented) | _consume_rights(plan, presented)
    if not publish:
        return Permissions()
    return Permissions(publish=tuple(sorted(publish)), subscribe=(f"{inbox_prefix(presented.client_id)}.>",))


def grants_of(plan: Plan, client_id: str) -> tuple[str, ...]:
    """Every subject that ``client_id`` could be given under ``plan``, whatever its token: to see a right go."""
    audiences = {grant.audience for channel in plan.channels for grant in channel.publishers}
    scopes = {scope for channel in plan.channels for grant in channel.publishers for scope in grant.scopes}
    audiences |= {delivery.audience for delivery in plan.deliveries}
    scopes |= {scope for delivery in plan.deliveries for scope in delivery.scopes}
    everything = Presented(
        client_id=client_id, audiences=frozenset(audiences), scopes=frozenset(scopes), bound=True
    )  # fmt: skip
    return permissions_for(plan, everything).publish


def _publish_rights(plan: Plan, presented: Presented) -> set[str]:
    rights: set[str] = set()
    for channel in plan.channels:
        for grant in channel.publishers:
            if grant.client_id != presented.client_id:
                continue
            if not _covers(presented, grant.audience, grant.scopes, grant.authentication):
                continue
            rights.add(publisher_subject(channel, grant.client_id))
            if publisher_ids(channel) == (grant.client_id,):
                rights.add(ingress_subject(channel))
    return rights


def _consume_rights(plan: Plan, presented: Presented) -> set[str]:
    methods = _methods_by_integration(plan)
    rights: set[str] = set()
    for delivery in plan.deliveries:
        if delivery.client_id != presented.client_id or delivery.webhook is not None:
            continue
        method = delivery.authentication or methods.get(delivery.party.integration, "oauth2+mtls")
        if not _covers(presented, delivery.audience, delivery.scopes, method):
            continue
        stream, consumer = target_stream(delivery.party.integration), target_consumer(delivery)
        rights.add(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}")
        rights.add(f"$JS.ACK.{stream}.{consumer}.>")
    return rights


def _covers(presented: Presented, audience: str, scopes: tuple[str, ...], method: str) -> bool:
    methods = _BOUND_METHODS if presented.bound else _TOKEN_METHODS
    return audience in presented.audiences and presented.scopes.issuperset(scopes) and method in methods


def _methods_by_integration(plan: Plan) -> dict[str, str]:
    return {
        party.integration: grant.authentication
        for channel in plan.channels
        for grant in channel.publishers
        for party in grant.parties
    }
