"""Grants and limits of one route: who may call it, and how often."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import structlog

from easement.gateway.access_condition import AccessConditionError, condition
from easement.gateway.envoy_types import ACCESS_CLAIMS, JWT_AUTHN, Tree, seconds, typed
from easement.gateway.render_api_keys import METADATA as KEY_METADATA
from easement.gateway.render_api_keys import holds_key_of
from easement.gateway.render_issuers import outside_principals
from easement.plan.model import API_KEY, BOUND, Limit, RequestGrant, Route

_log = structlog.get_logger()
_CLIENT: Final = "client"
_KEY: Final = "key"
_CEL_OPTIONS: Final = ("enable_string_concat", "enable_string_conversion", "enable_string_functions")
"""All are off unless asked for; a condition that uses one then fails, and refuses everybody."""
_TOLD: Final = "DRAFT_VERSION_03"
"""``x-ratelimit-limit``, ``-remaining`` and ``-reset`` on each answer (draft-polli-ratelimit-headers-03). Only
where every client has a limit: whoever has none would be told of the bucket that never empties."""
_UNLIMITED: Final = {"max_tokens": 4_000_000_000, "tokens_per_fill": 4_000_000_000, "fill_interval": "1s"}


def grants_filter(route: Route) -> Tree:
    """The RBAC of a route: one policy for each grant, named by its id. No policy refuses everybody.

    A grant whose access condition cannot be compiled is left out: it refuses, and the log says why.
    """
    policies: Tree = {}
    for grant in route.grants:
        try:
            policies[grant.id] = _policy(grant, route)
        except AccessConditionError as error:
            _log.error("gateway.grant_left_out", grant=grant.id, reason=str(error))
    return {"rules": {"action": "ALLOW", "policies": policies}}


def anybody() -> Tree:
    """No grant is asked for: the route answers by itself. A token is, before it."""
    return typed("envoy.extensions.filters.http.rbac.v3.RBACPerRoute")


def limits_filter(route: Route) -> Tree | None:
    """Local rate limits by client, or None where no grant has one.

    Written out whole: nothing of it is inherited from the listener, and Envoy's defaults (20 clients at most, a common
    bucket that all drain) would undo it.
    """
    limited: dict[tuple[str, str], Limit] = {}
    actions = {_CLIENT: _by_claim(_CLIENT, ACCESS_CLAIMS, "client_id")}
    for grant in route.grants:
        if grant.limit is None:
            continue
        caller = (_CLIENT, grant.client_id)
        if grant.authentication == API_KEY:
            caller = (_KEY, grant.client_id)
            actions[_KEY] = _by_metadata(_KEY, KEY_METADATA, "client")
        if grant.outside is not None:
            key = f"{grant.outside.provider}.{grant.outside.claim}"
            caller = (key, grant.outside.value)
            actions[key] = _by_claim(key, grant.outside.provider, grant.outside.claim)
        limited[caller] = _stricter(grant.limit, limited.get(caller))
    if not limited:
        return None
    every = {"default_value": {"numerator": 100}}
    longest = max(limit.interval_ms / limit.tokens for limit in limited.values())
    return typed(
        "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="limits",
        status={"code": "TooManyRequests"},
        filter_enabled=every,
        filter_enforced=every,
        token_bucket=_UNLIMITED,
        always_consume_default_token_bucket=False,
        enable_x_ratelimit_headers=_TOLD if all(grant.limit for grant in route.grants) else "OFF",
        max_dynamic_descriptors=max(20, 2 * len(limited)),
        response_headers_to_add=[
            {
                "header": {"key": "retry-after", "value": str(max(1, round(longest / 1000)))},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
        rate_limits=[{"actions": [action]} for _, action in sorted(actions.items())],
        descriptors=[
            {"entries": [{"key": key, "value": value}], "token_bucket": _bucket(limit)}
            for (key, value), limit in sorted(limited.items())
        ],
    )


def _stricter(new: Limit, old: Limit | None) -> Limit:
    return new if old is None or new.tokens / new.interval_ms < old.tokens / old.interval_ms else old


def _bucket(limit: Limit) -> Tree:
    return {
        "max_tokens": limit.burst,
        "tokens_per_fill": limit.tokens,
        "fill_interval": seconds(limit.interval_ms),
    }


def _by_claim(key: str, metadata: str, claim: str) -> Tree:
    """From the verified token: descriptors of Envoy's own that read a token do not verify it."""
    return _by_metadata(key, JWT_AUTHN, metadata, claim)


def _by_metadata(key: str, metadata: str, *path: str) -> Tree:
    found = {"key": metadata, "path": [{"key": step} for step in path]}
    return {"metadata": {"descriptor_key": key, "metadata_key": found, "source": "DYNAMIC"}}


def _policy(grant: RequestGrant, route: Route) -> Tree:
    policy: Tree = {
        "permissions": [{"any": True}],
        "principals": [{"and_ids": {"ids": list(_principals(grant))}}],
    }
    if grant.access:
        policy["permissions"] = [{"not_rule": {"url_path": {"path": {"contains": "%"}}}}]
        policy["condition"] = condition(grant.access, route)
        policy["cel_config"] = dict.fromkeys(_CEL_OPTIONS, True)
    return policy


def _principals(grant: RequestGrant) -> Iterable[Tree]:
    if grant.outside is not None:
        yield from outside_principals(grant.outside)
        if grant.authentication != "oauth2" or grant.access:
            yield {"not_id": {"any": True}}
        return
    if grant.authentication == API_KEY:
        yield holds_key_of(grant.client_id)
        if grant.access:
            yield {"not_id": {"any": True}}
        return
    yield _claim([ACCESS_CLAIMS, "client_id"], {"string_match": {"exact": grant.client_id}})
    yield _claim([ACCESS_CLAIMS, "aud"], _contains(grant.audience))
    for scope in grant.scopes:
        yield _claim([ACCESS_CLAIMS, "scope"], _among_words(scope))
    is_bound = _claim([ACCESS_CLAIMS, "cnf"], {"present_match": True})
    if grant.authentication == BOUND:
        yield is_bound
        yield _holds_certificate_of(grant.client_id)
    else:
        yield {"not_id": is_bound}
    if grant.authentication not in {"oauth2", BOUND}:
        yield {"not_id": {"any": True}}


def _holds_certificate_of(system: str) -> Tree:
    """The connection has a certificate of our own authority for this system (SPIFFE-ID §2; Envoy has verified it).

    Whether it is the very certificate that the token is bound to, the contract runtime finds out.
    """
    name = f"spiffe://[^/]+/system/{re.escape(system)}"
    return {"authenticated": {"principal_name": {"safe_regex": {"regex": name}}}}


def _contains(text: str) -> Tree:
    return {"list_match": {"one_of": {"string_match": {"exact": text}}}}


def _among_words(scope: str) -> Tree:
    """One of the words of a ``scope`` (RFC 6749 §3.3). As text: a list would be made anew for each request."""
    return {"string_match": {"safe_regex": {"regex": f"(?:[^ ]+ )*{re.escape(scope)}(?: [^ ]+)*"}}}


def _claim(path: list[str], value: Tree) -> Tree:
    matcher = {"filter": JWT_AUTHN, "path": [{"key": key} for key in path], "value": value}
    return {"sourced_metadata": {"metadata_matcher": matcher}}
