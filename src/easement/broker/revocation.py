"""End connections whose account lost a right: the broker fixes permissions at login, so a change needs another."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from easement.broker.naming import CLIENT_ACCOUNT
from easement.broker.permissions import grants_of
from easement.plan.model import Plan

_log = structlog.get_logger()
_TIMEOUT_S: Final = 3.0
_PAGE: Final = 1024


def accounts_to_disconnect(old: Plan, new: Plan) -> frozenset[str]:
    """Accounts that hold a right under ``old`` that they have not under ``new``, or whose terms changed. Pure."""
    return frozenset(client for client in _clients(old) if _terms(old, client) - _terms(new, client))


def _clients(plan: Plan) -> set[str]:
    publishers = {grant.client_id for channel in plan.channels for grant in channel.publishers}
    return publishers | {delivery.client_id for delivery in plan.deliveries}


def _terms(plan: Plan, client: str) -> set[object]:
    """Everything that a connection of ``client`` was judged by."""
    terms: set[object] = set(grants_of(plan, client))
    terms |= {
        (channel.id, grant.audience, grant.scopes, grant.authentication)
        for channel in plan.channels
        for grant in channel.publishers
        if grant.client_id == client
    }
    return terms | {
        (delivery.id, delivery.audience, delivery.scopes)
        for delivery in plan.deliveries
        if delivery.client_id == client
    }


async def disconnect(system: Client, accounts: Iterable[str]) -> int:
    """End every connection of ``accounts``; how many. ``system`` is connected as the system user.

    Raises ``nats.errors.Error`` when the server does not answer: the caller must try again.
    """
    wanted = frozenset(accounts)
    if not wanted:
        return 0
    ended = 0
    offset = 0
    while True:
        answer = await _ask(system, "$SYS.REQ.SERVER.PING.CONNZ", {"auth": True, "limit": _PAGE, "offset": offset})
        connections = answer["data"]["connections"]
        targets = [
            item["cid"]
            for item in connections
            if item.get("account") == CLIENT_ACCOUNT and item.get("authorized_user") in wanted
        ]
        for cid in targets:
            await _ask(system, f"$SYS.REQ.SERVER.{answer['server']['id']}.KICK", {"cid": cid})
        ended += len(targets)
        if len(connections) < _PAGE:
            break
        offset += _PAGE - len(targets)
    _log.info("broker.accounts_disconnected", accounts=sorted(wanted), connections=ended)
    return ended


async def _ask(system: Client, subject: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = await system.request(subject, json.dumps(body).encode(), timeout=_TIMEOUT_S)
        return dict(json.loads(answer.data))
    except (TimeoutError, ValueError) as error:
        raise NatsError(f"the server did not answer {subject.rsplit('.', 1)[-1]}") from error
