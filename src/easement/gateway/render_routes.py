"""Routes: the plan's operations behind one prefix for each interface. What is not listed here does not exist.

Inside an interface literal paths stand before templates, then comes "no such method" for each path, then "no such
operation". Envoy takes the first that matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

from easement.gateway.decided_headers import (
    PASSED_PREFIX,
    SEEN_PREFIX,
    TARGET_HEADER,
    decided_headers,
    replaced_headers,
)
from easement.gateway.envoy_types import (
    ANSWERS_ONLY,
    BUFFER,
    EXT_AUTHZ,
    INSPECTION,
    LOCAL_RATELIMIT,
    LUA,
    RBAC,
    Tree,
    seconds,
    typed,
)
from easement.gateway.refusals import CODE_HEADER, TRANSACTION_HEADER, VERDICT_HEADER
from easement.gateway.render_access_log import PLAN_SEPARATOR, TRIED_PATH_HEADER
from easement.gateway.render_api_keys import FILTER as KEY_FILTER
from easement.gateway.render_api_keys import reads_keys
from easement.gateway.render_clusters import cluster_name
from easement.gateway.render_grants import anybody, grants_filter
from easement.gateway.render_inspection import inspection_of_route
from easement.gateway.render_limits import RETRY_AFTER, ROUTE_METADATA, operation_limits, retry_after
from easement.gateway.render_notices import gone, with_notice
from easement.gateway.render_quotas import FILTER as QUOTA_FILTER
from easement.gateway.render_quotas import looks_at_quotas
from easement.gateway.render_replies import header, security_headers
from easement.gateway.route_contract import (
    filter_context,
    path_parts,
    reads_answers,
    reads_body,
    reads_request,
    takes_query,
)
from easement.gateway.schema_key import check_key
from easement.plan.model import API_KEY, Notice, Plan, Route, Upstream
from easement.plan.notices import gateway_prefix

ROUTES_NAME: Final = "data"
_RETRY_ON: Final = "connect-failure,refused-stream,reset-before-request,retriable-status-codes"
_METADATA: Final = f"%DYNAMIC_METADATA({EXT_AUTHZ}:{{}})%"
_CONDITIONAL: Final = ("if-match", "if-modified-since", "if-none-match", "if-unmodified-since")
"""Where a condition reads the object, the target must send it: a 304 would tell of one that the caller may not see."""
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


def route_configuration(plan: Plan, plan_hash: str, *, gateways: int = 1) -> Tree:
    """The ``RouteConfiguration`` of the data plane, where so many ``gateways`` bear the load.

    Raises ``ValueError`` for a grant that cannot be enforced.
    """
    upstreams = {upstream.name: upstream for upstream in plan.upstreams}
    routes = sorted((route for route in plan.routes if route.upstream in upstreams), key=lambda route: route.prefix)
    told = {notice.interface: notice for notice in plan.notices}
    prefixes = {
        f"{prefix}/": _route_list(list(group), upstreams, plan_hash, told, gateways)
        for prefix, group in groupby(routes, key=lambda route: route.prefix)
    }
    prefixes |= {f"{gateway_prefix(it.interface)}/": gone(it, plan_hash) for it in plan.notices if it.gone}
    return typed(
        "envoy.config.route.v3.RouteConfiguration",
        name=ROUTES_NAME,
        request_headers_to_remove=["cookie"],
        request_headers_to_add=[header(TRANSACTION_HEADER, "%REQ(X-REQUEST-ID)%")],
        response_headers_to_add=[header(TRANSACTION_HEADER, "%REQ(X-REQUEST-ID)%"), *security_headers()],
        most_specific_header_mutations_wins=True,
        virtual_hosts=[{"name": "all", "domains": ["*"], "matcher": _matcher(prefixes, plan_hash)}],
    )


def _matcher(prefixes: dict[str, Tree], plan_hash: str) -> Tree:
    unknown = {"action": _action("unknown", _unknown(plan_hash))}
    if not prefixes:
        return {"on_no_match": unknown}
    path = typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=":path")
    return {
        "matcher_tree": {"input": {"name": "path", "typed_config": path}, "prefix_match_map": {"map": prefixes}},
        "on_no_match": unknown,
    }


def _action(name: str, route: Tree) -> Tree:
    return {"name": name, "typed_config": {"@type": "type.googleapis.com/envoy.config.route.v3.Route", **route}}


def _route_list(
    routes: list[Route], upstreams: dict[str, Upstream], plan_hash: str, told: Mapping[str, Notice], gateways: int
) -> Tree:
    ordered = sorted(routes, key=_specificity)
    entries: list[Tree] = []
    for _, same_path in groupby(ordered, key=_specificity):
        group = list(same_path)
        for route in group:
            notice = told.get(route.interface_key)
            operation = _operation(route, upstreams[route.upstream], plan_hash, gateways)
            entries.extend(with_notice(entry, notice) for entry in operation)
        entries.append(_no_such_method(group, plan_hash))
    entries.append(_unknown(plan_hash))
    action = typed("envoy.config.route.v3.RouteList", routes=entries)
    return {"action": {"name": routes[0].prefix, "typed_config": action}}


def _specificity(route: Route) -> tuple[list[tuple[int, str]], str]:
    """Literal segments before placeholders, segment by segment; equal for templates that differ in names only."""
    segments = [(1, _segment_form(part)) if "{" in part else (0, part) for part in route.path.split("/")]
    return segments, _path_regex(route)


def _segment_form(segment: str) -> str:
    return "".join(literal or "{}" for literal, _ in path_parts(segment))


def _path_regex(route: Route) -> str:
    """RE2 of the whole ``:path``: the template, then an optional query."""
    parts = path_parts(route.prefix + route.path)
    return "".join("[^/?]+" if name else re.escape(literal) for literal, name in parts) + r"(\?.*)?"


def _match(route: Route, *, method: bool = True, query: bool = False) -> Tree:
    headers: list[Tree] = []
    if method:
        headers.append({"name": ":method", "string_match": {"exact": route.method}})
    if query:
        headers.append({"name": ":path", "string_match": {"contains": "?"}})
    headers.append({"name": ":path", "string_match": {"safe_regex": {"regex": _path_regex(route)}}})
    return {"prefix": f"{route.prefix}/", "headers": headers}


def _operation(route: Route, upstream: Upstream, plan_hash: str, gateways: int) -> Iterable[Tree]:
    grants = typed("envoy.extensions.filters.http.rbac.v3.RBACPerRoute", rbac=grants_filter(route))
    if not takes_query(route):
        yield {
            "name": _name(plan_hash, route.id),
            "match": _match(route, query=True),
            "direct_response": {"status": 400},
            "typed_per_filter_config": {RBAC: grants, **_keys(route)},
        }
    filters: Tree = {
        **_keys(route),
        RBAC: grants,
        LUA: _contract(route, upstream),
    }
    limits = operation_limits(route, gateways)
    if limits is not None:
        filters[LOCAL_RATELIMIT] = limits
    if (quotas := looks_at_quotas(route)) is not None:
        filters[QUOTA_FILTER] = quotas
    if not reads_body(route):
        filters[BUFFER] = typed(
            "envoy.extensions.filters.http.buffer.v3.BufferPerRoute", buffer={"max_request_bytes": 1}
        )
    if route.needs_decision:
        filters[EXT_AUTHZ] = _decision(route)
    if route.is_inspected:
        filters[INSPECTION] = inspection_of_route(route)
    yield {
        "name": _name(plan_hash, route.id),
        "match": _match(route),
        "request_body_buffer_limit": max(1, route.max_body_bytes),
        "route": _forward(route, upstream),
        "metadata": {"filter_metadata": {ROUTE_METADATA: {RETRY_AFTER: str(retry_after(route))}}},
        **_header_changes(route),
        "typed_per_filter_config": filters,
    }


def _keys(route: Route) -> Tree:
    """Keys are read where a grant takes them; anywhere else they are no more than a header."""
    takes = any(grant.authentication == API_KEY for grant in route.grants)
    return {KEY_FILTER: reads_keys()} if takes else {}


def _contract(route: Route, upstream: Upstream) -> Tree:
    """The contract of the route as data; where requests need no reading, the script that reads answers only."""
    context = filter_context(route, shows_credential=upstream.credential is not None)
    tree = typed("envoy.extensions.filters.http.lua.v3.LuaPerRoute", filter_context=context)
    return tree if reads_request(route) else {**tree, "name": ANSWERS_ONLY}


def _header_changes(route: Route) -> Tree:
    """What of the caller's headers is replaced. Of a header that the decider checks, what it checked goes on.

    ``Accept`` is as the contract has it: a target that offers other forms too must choose one that may pass.
    """
    changes: Tree = {}
    added = [header(name, _METADATA.format(f"{PASSED_PREFIX}{name}")) for name in decided_headers(route)]
    if route.answer_types:
        added.append(header("accept", ", ".join(route.answer_types)))
    if added:
        changes["request_headers_to_add"] = added
    removed = [*replaced_headers(route), *(_CONDITIONAL if reads_answers(route) else ())]
    if removed:
        changes["request_headers_to_remove"] = removed
    return changes


def _forward(route: Route, upstream: Upstream) -> Tree:
    default_port = upstream.port == (443 if upstream.tls else 80)
    tree: Tree = {
        "cluster": cluster_name(upstream.name),
        "prefix_rewrite": f"{upstream.base_path}/",
        "host_rewrite_literal": upstream.host if default_port else f"{upstream.host}:{upstream.port}",
        "timeout": seconds(route.timeout_ms),
    }
    if route.retries and route.method in _IDEMPOTENT:
        tree["retry_policy"] = {
            "retry_on": _RETRY_ON,
            "retriable_status_codes": [502, 503, 504],
            "num_retries": route.retries,
            "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
        }
    return tree


def _decision(route: Route) -> Tree:
    """The decider sees what it is to check and nothing else: a body, or the target, declared headers and cookies."""
    body: Tree = {"disable_request_body_buffering": True}
    if route.body_schema is not None:
        size = max(1, route.max_body_bytes)
        body = {"with_request_body": {"max_request_bytes": size, "allow_partial_message": False}}
    return typed(
        "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
        check_settings={**body, "http_service": _decider_service(route)},
    )


def _decider_service(route: Route) -> Tree:
    told: list[Tree] = [{"exact": VERDICT_HEADER}]
    shown: Tree = {}
    if route.decided:
        told.append({"prefix": PASSED_PREFIX})
        seen = {TARGET_HEADER: ":path", **{f"{SEEN_PREFIX}{name}": name for name in decided_headers(route)}}
        added = [{"key": name, "value": f"%REQ({source})%"} for name, source in seen.items()]
        shown["authorization_request"] = {"headers_to_add": added}
    return {
        "server_uri": {"uri": "http://127.0.0.1/", "cluster": "easement-decider", "timeout": "1s"},
        "path_prefix": f"/schema/{check_key(route)}",
        **shown,
        "authorization_response": {
            "allowed_client_headers": {"patterns": [{"exact": "content-type"}, {"exact": CODE_HEADER}]},
            "dynamic_metadata_from_headers": {"patterns": told},
        },
    }


def _no_such_method(group: list[Route], plan_hash: str) -> Tree:
    allowed = ", ".join(sorted({route.method for route in group}))
    return {
        "name": _name(plan_hash, "no-such-method"),
        "match": _match(group[0], method=False),
        "direct_response": {"status": 405},
        "response_headers_to_add": [header("allow", allowed)],
        "typed_per_filter_config": {RBAC: anybody(), KEY_FILTER: reads_keys()},
    }


def _unknown(plan_hash: str) -> Tree:
    return {
        "name": _name(plan_hash, "unknown"),
        "match": {"prefix": "/"},
        "direct_response": {"status": 404},
        "response_headers_to_add": [header(TRIED_PATH_HEADER, "%PATH(NQ:PATH):256%")],
        "typed_per_filter_config": {RBAC: anybody(), KEY_FILTER: reads_keys()},
    }


def _name(plan_hash: str, name: str) -> str:
    """The log gets plan and operation in one word."""
    return f"{plan_hash}{PLAN_SEPARATOR}{name}"
