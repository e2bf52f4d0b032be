"""The part of a plan that differs from the one in force: what has to be tried before the whole is put in force. Pure.

A rendered interface depends on its routes, the targets and accounts that they name, and its notice. Where all of
these are equal to what was tried and is in force, the rendering is equal too, so trying it again says nothing new.
With 10,000 integrations that saves two thirds of half a minute, and the sample of routes that the shadow tries falls
on those that changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from easement.plan.model import Plan


def changed_part(plan: Plan, before: Plan | None) -> Plan:
    """``plan`` with only the routes of interfaces that differ from ``before``; all of them where there was no plan."""
    if before is None or before.environment != plan.environment:
        return plan
    now, then = _by_prefix(plan), _by_prefix(before)
    changed = {prefix for prefix, content in now.items() if then.get(prefix) != content}
    return replace(plan, routes=tuple(route for route in plan.routes if route.prefix in changed))


def _by_prefix(plan: Plan) -> Mapping[str, list[object]]:
    """Everything that decides how the routes of a prefix are rendered and probed."""
    upstreams = {upstream.name: upstream for upstream in plan.upstreams}
    accounts = {account.client_id: replace(account, scopes=(), audiences=()) for account in plan.accounts}
    notices = {notice.interface: notice for notice in plan.notices}
    found: dict[str, list[object]] = defaultdict(list)
    for route in plan.routes:
        callers = tuple(accounts.get(grant.client_id) for grant in route.grants)
        found[route.prefix].append((route, upstreams.get(route.upstream), notices.get(route.interface_key), callers))
    return found
