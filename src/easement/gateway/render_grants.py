"""Grants of one route: who may call it. Each policy goes by the name of the integration that it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import structlog

from easement.estate.access.cel_tree import AccessConditionError
from easement.gateway.access_condition import condition
from easement.gateway.envoy_types import ACCESS_CLAIMS, JWT_AUTHN, Tree, typed
from easement.gateway.render_api_keys import holds_key_of
from easement.gateway.render_issuers import outside_principals
from easement.gateway.route_contract import runtime_access
from easement.plan.model import API_KEY, BOUND, RequestGrant, Route

_log = structlog.get_logger()
_CEL_OPTIONS: Final = ("enable_string_concat", "enable_string_conversion", "enable_string_functions")
"""All are off unless asked for; a condition that uses one then fails, and refuses everybody."""


def grants_filter(route: Route) -> Tree:
    """The RBAC of a route: one policy for each grant, named by its integration. No policy refuses everybody.

    A grant whose access condition cannot be compiled is left out: it refuses, and the log says why.
    """
    policies: Tree = {}
    for grant in route.grants:
        try:
            policies[grant.integration] = _policy(grant, route)
        except AccessConditionError as error:
            _log.error("gateway.grant_left_out", grant=grant.id, reason=str(error))
    return {"rules": {"action": "ALLOW", "policies": policies}}


def anybody() -> Tree:
    """No grant is asked for: the route answers by itself. A token is, before it."""
    return typed("envoy.extensions.filters.http.rbac.v3.RBACPerRoute")


def _policy(grant: RequestGrant, route: Route) -> Tree:
    policy: Tree = {
        "permissions": [{"any": True}],
        "principals": [{"and_ids": {"ids": list(_principals(grant))}}],
    }
    if grant.access:
        runtime_access(grant)
        policy["permissions"] = [{"not_rule": {"url_path": {"path": {"contains": "%"}}}}]
        if (compiled := condition(grant.access, route)) is not None:
            policy["condition"] = compiled
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
