"""Limits: token buckets by integration, shared by all its operations, and by operation.

A bucket goes by the integration whose grant let the call in, which the grants filter has just found out; so one budget
holds for every operation, every kind of credential and every listener thread. The shared buckets are a file of their
own that Envoy watches: a plan that changes no limit leaves them as full or as empty as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Final

from easement.gateway.envoy_types import RBAC, Tree, seconds, typed
from easement.gateway.place import GatewayPlace
from easement.gateway.watched_files import filter_file, watched_filter
from easement.plan.model import Limit, Plan, Route

LIMITS: Final = "limits.json"
FILTER: Final = "easement.limits"
RETRY_AFTER: Final = "retry_after"
ROUTE_METADATA: Final = "easement"
_LOCAL_RATELIMIT: Final = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_INTEGRATION: Final = "integration"
_TOLD: Final = "DRAFT_VERSION_03"
"""``x-ratelimit-limit``, ``-remaining`` and ``-reset`` on each answer (draft-polli-ratelimit-headers-03)."""
_NEVER_EMPTY: Final = {"max_tokens": 4_000_000_000, "tokens_per_fill": 4_000_000_000, "fill_interval": "1s"}
"""The bucket of who has no limit: Envoy asks for one."""
_NO_BUCKETS: Final[Mapping[str, Limit]] = {}


def integration_limits(plan: Plan) -> dict[str, Limit]:
    """The budget of each integration that has one, by its name."""
    return {
        grant.integration: grant.limit for route in plan.routes for grant in route.grants if grant.limit is not None
    }


def integration_limits_filter(place: GatewayPlace, *, live: bool, limits: Mapping[str, Limit] = _NO_BUCKETS) -> Tree:
    """The HTTP filter. One that watches no files (``live`` False) has ``limits``, with buckets of its own."""
    if not live:
        return {"name": FILTER, "typed_config": _buckets(limits, place.gateways)}
    return watched_filter(FILTER, place.live / LIMITS, _LOCAL_RATELIMIT)


def limits_file(limits: Mapping[str, Limit], gateways: int) -> bytes:
    """What the filter reads."""
    return filter_file(FILTER, _buckets(limits, gateways))


def operation_limits(route: Route, gateways: int = 1) -> Tree | None:
    """The limits that contracts set for this operation alone, beside the budget of the integration; or None."""
    limits = {grant.integration: grant.operation_limit for grant in route.grants if grant.operation_limit is not None}
    return _buckets(limits, gateways) if limits else None


def retry_after(route: Route) -> int:
    """Seconds until the slowest bucket of the operation has room again; 0 where nothing limits it."""
    limits = [limit for grant in route.grants for limit in (grant.limit, grant.operation_limit) if limit is not None]
    return max((max(1, ceil(limit.interval_ms / limit.tokens / 1000)) for limit in limits), default=0)


def shared_among(limit: Limit, gateways: int) -> Limit:
    """The part of one of several gateways that bear the same load: as many calls in a longer time, a smaller burst."""
    if gateways == 1:
        return limit
    return Limit(tokens=limit.tokens, interval_ms=limit.interval_ms * gateways, burst=max(1, limit.burst // gateways))


def _buckets(limits: Mapping[str, Limit], gateways: int) -> Tree:
    """Written out whole: Envoy's defaults (20 clients at most, a common bucket that all drain) would undo it."""
    every = {"default_value": {"numerator": 100}}
    return typed(
        _LOCAL_RATELIMIT,
        stat_prefix="limits",
        status={"code": "TooManyRequests"},
        filter_enabled=every,
        filter_enforced=every,
        token_bucket=_NEVER_EMPTY,
        always_consume_default_token_bucket=False,
        max_dynamic_descriptors=max(20, 2 * len(limits)),
        rate_limits=[{"actions": [_by_integration()], "x_ratelimit_option": _TOLD}],
        descriptors=list(_descriptors(limits, gateways)),
    )


def _descriptors(limits: Mapping[str, Limit], gateways: int) -> Iterable[Tree]:
    for integration, whole in sorted(limits.items()):
        limit = shared_among(whole, gateways)
        yield {
            "entries": [{"key": _INTEGRATION, "value": integration}],
            "token_bucket": {
                "max_tokens": limit.burst,
                "tokens_per_fill": limit.tokens,
                "fill_interval": seconds(limit.interval_ms),
            },
        }


def _by_integration() -> Tree:
    """From what the grants filter found, which is the name of the policy that let the call in."""
    found = {"key": RBAC, "path": [{"key": "enforced_effective_policy_id"}]}
    return {"metadata": {"descriptor_key": _INTEGRATION, "metadata_key": found, "source": "DYNAMIC"}}
