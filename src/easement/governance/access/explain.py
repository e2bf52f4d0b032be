"""The way of each operation and channel of one integration, from the plan that is enforced."""

from __future__ import annotations

from easement.contract.suggestion import did_you_mean
from easement.governance.access.events import channel_ways
from easement.governance.access.model import AccessPath
from easement.governance.access.requests import request_ways
from easement.plan.model import Plan


class UnknownIntegrationError(LookupError):
    """The plan knows no integration of that name. The message has the nearest one."""


def explain_access(plan: Plan, integration: str) -> AccessPath:
    """The layers that requests and events of ``integration`` pass under ``plan``.

    Raises :class:`UnknownIntegrationError`, and ``ValueError`` for a plan that cannot be rendered.
    """
    status = next((one for one in plan.statuses if one.integration == integration), None)
    if status is None:
        hint = did_you_mean(integration, (one.integration for one in plan.statuses))
        raise UnknownIntegrationError(f"the plan has no integration {integration!r}" + (f"; {hint}" if hint else ""))
    return AccessPath(
        integration=integration,
        environment=plan.environment,
        flows=all(one.status for one in status.conditions),
        conditions=status.conditions,
        ways=(*request_ways(plan, integration), *channel_ways(plan, integration)),
    )
