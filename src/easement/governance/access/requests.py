"""The way of a request: what the gateway does with one operation under one grant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from easement.estate.access.cel_tree import AccessConditionError
from easement.gateway.access_condition import condition as compiled_condition
from easement.gateway.header_allow_list import PASSING
from easement.gateway.render_revocations import FILTER as REVOCATION_FILTER
from easement.gateway.route_contract import access_of, reads_body, runtime_access, takes_query
from easement.governance.access.model import (
    Aspect,
    Control,
    Way,
    compiled,
    condition,
    ledger,
    metric,
    none,
    test,
)
from easement.governance.access.rendered import Cluster, Listener, read_clusters, read_listener
from easement.governance.access.wording import counted, listed, projected, rate, span
from easement.plan.model import API_KEY, BOUND, Plan, RequestGrant, Route, Upstream

_ATTACKS: Final = "tests/attacks/test_gateway_attacks.py"
_RED: Final = "tests/attacks/test_red_gateway.py"
_OBJECTS: Final = "tests/attacks/test_object_level_attacks.py"
_REQUESTS: Final = "tests/integration/gateway/test_gateway_requests.py"
_INSPECTION: Final = "tests/integration/gateway/test_waf_gateway.py"
_LISTENERS: Final = "tests/unit/gateway/test_render_listeners.py"
_RUNTIME: Final = "contract runtime (Lua)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One operation under one grant, with what is rendered for it."""

    route: Route
    grant: RequestGrant
    upstream: Upstream
    cluster: Cluster
    listener: Listener


def request_ways(plan: Plan, integration: str) -> tuple[Way, ...]:
    """The ways of all operations that ``integration`` is granted, in the order of the plan."""
    upstreams = {upstream.name: upstream for upstream in plan.upstreams}
    granted = [
        (route, grant)
        for route in plan.routes
        for grant in route.grants
        if grant.party.integration == integration and route.upstream in upstreams
    ]
    if not granted:
        return ()
    listener, targets = read_listener(), read_clusters(plan)
    return tuple(
        _way(
            _Call(
                route=route,
                grant=grant,
                upstream=upstreams[route.upstream],
                cluster=targets[route.upstream],
                listener=listener,
            )
        )
        for route, grant in granted
    )


def _way(call: _Call) -> Way:
    route = call.route
    return Way(
        name=route.operation,
        title=f"{route.method} {route.prefix}{route.path}, cost class {route.cost}",
        controls=tuple(tell(call) for tell in _CONTROLS),
    )


def _registration(call: _Call) -> Control:
    return compiled(
        Aspect.REGISTRATION,
        f"{call.route.method} on this path only; another path is 404, another method 405",
        "Envoy route table",
        ledger("error_code=EAS-5404"),
        ledger("error_code=EAS-5405"),
        test(f"{_ATTACKS}::test_no_spelling_of_a_path_reaches_what_is_not_granted"),
    )


def _authentication(call: _Call) -> Control:
    if call.grant.authentication == API_KEY:
        return compiled(
            Aspect.AUTHENTICATION,
            f"API key of {call.grant.client_id} in X-API-Key, kept as a hash, with an end; no token beside it",
            "Envoy easement.keys, rbac",
            ledger("error_code=EAS-5402"),
            test("tests/attacks/test_api_key_attacks.py"),
        )
    if call.grant.outside is not None:
        outside = call.grant.outside
        return compiled(
            Aspect.AUTHENTICATION,
            f"token of {outside.issuer} for {outside.audience} with {outside.claim} {outside.value}; none of ours",
            "Envoy jwt_authn, rbac",
            ledger("error_code=EAS-5402"),
            test("tests/attacks/test_outside_issuer_attacks.py"),
        )
    return compiled(
        Aspect.AUTHENTICATION,
        f"{call.grant.authentication}: signed access token (at+jwt) with an end, audience {call.grant.audience}",
        "Envoy jwt_authn, rbac",
        ledger("error_code=EAS-5401"),
        ledger("error_code=EAS-5402"),
        test(f"{_ATTACKS}::test_a_token_signed_by_another_key_is_refused"),
        test(f"{_ATTACKS}::test_a_token_without_signature_is_refused"),
    )


def _revocation(call: _Call) -> Control:
    if _REVOCATIONS.isdisjoint(call.listener.filters):
        return none(Aspect.REVOCATION, "the gateway takes a token until it ends, minutes after it was issued")
    return compiled(
        Aspect.REVOCATION,
        "a revoked token, and every token of an account whose credential was revoked, is refused from then on",
        f"Envoy {REVOCATION_FILTER}",
        ledger("error_code=EAS-5402"),
        test("tests/attacks/test_revocation_attacks.py::test_a_revoked_token_is_refused_and_no_other_is"),
    )


def _authorisation(call: _Call) -> Control:
    scopes = listed(call.grant.scopes)
    evidence = (
        ledger("error_code=EAS-5403"),
        ledger(f"detail.grant={call.grant.id}"),
        test(f"{_ATTACKS}::test_a_scope_that_contains_another_does_not_count"),
    )
    if reason := _refusal(call):
        return compiled(Aspect.AUTHORISATION, f"nobody is let in: {reason}", "Envoy rbac", *evidence)
    return compiled(
        Aspect.AUTHORISATION, f"client {call.grant.client_id} with scope {scopes}, no other", "Envoy rbac", *evidence
    )


def _refusal(call: _Call) -> str:
    """Why the grant lets nobody in, as the rendering has it; empty where it does."""
    if call.grant.authentication not in {"oauth2", BOUND, API_KEY}:
        return f"authentication {call.grant.authentication} is not enforced by the gateway"
    if not call.grant.access:
        return ""
    try:
        compiled_condition(call.grant.access, call.route)
        runtime_access(call.grant)
    except AccessConditionError as error:
        return f"its access condition cannot be compiled ({error})"
    return ""


def _rate(call: _Call) -> Control:
    whole, own, quota = call.grant.limit, call.grant.operation_limit, call.grant.daily_quota
    said = [f"{rate(whole)} over all operations of the contract"] if whole else []
    said += [f"{rate(own)} for this operation"] if own else []
    said += [f"{quota:,} calls a day (UTC) over all gateways"] if quota else []
    if not said:
        return none(Aspect.RATE, "the contract sets no limit (sla.throughput.limit)")
    return compiled(
        Aspect.RATE,
        "; ".join(said),
        "Envoy local_ratelimit" if not quota else "Envoy local_ratelimit, easement.quotas",
        ledger("error_code=EAS-5429"),
        *([ledger("error_code=EAS-5430"), metric("easement_quota_used_calls")] if quota else []),
        test(f"{_REQUESTS}::test_over_the_limit_of_the_contract"),
        test(f"{_ATTACKS}::test_trap_more_than_twenty_clients_keep_their_own_limits"),
    )


def _size_and_time(call: _Call) -> Control:
    manager, thresholds = call.listener.manager, call.cluster.thresholds
    body = f"body up to {call.route.max_body_bytes:,} bytes" if reads_body(call.route) else "no body"
    return compiled(
        Aspect.SIZE_AND_TIME,
        f"{body}; headers up to {manager['max_request_headers_kb']} KiB, within {manager['request_headers_timeout']}; "
        f"target answers within {span(call.route.timeout_ms)}, {counted(call.route.retries, 'retry', 'retries')}; "
        f"at most {thresholds['max_requests']} requests under way at the target",
        "Envoy connection manager, route, circuit breaker",
        ledger("error_code=EAS-5413"),
        ledger("error_code=EAS-5504"),
        ledger("error_code=EAS-5503"),
        test(f"{_REQUESTS}::test_a_body_over_the_size_of_the_contract"),
        test(f"{_REQUESTS}::test_a_slow_target_ends_in_a_time_out"),
    )


def _firewall(call: _Call) -> Control:
    inspection = call.grant.inspection
    if inspection is None:
        return none(
            Aspect.FIREWALL,
            "the contract asks for no inspection (waf.mode: off); requests are held against the description",
        )
    outcome = "what is found is refused" if inspection.mode == "block" else "what is found is recorded and passes"
    left_out = f", {counted(len(inspection.exclusions), 'exclusion')}" if inspection.exclusions else ""
    return compiled(
        Aspect.FIREWALL,
        f"headers, target and body by the Core Rule Set at paranoia {inspection.paranoia}{left_out}; {outcome}",
        "decider (libmodsecurity)",
        ledger("error_code=EAS-5420"),
        ledger("detail.waf=blocked"),
        test(f"{_INSPECTION}::test_an_attack_is_refused_and_recorded_and_its_good_twin_passes"),
    )


def _transport(call: _Call) -> Control:
    if not call.listener.tls_floor:
        return none(Aspect.TRANSPORT, "the listener is rendered without TLS")
    return compiled(
        Aspect.TRANSPORT,
        f"TLS {call.listener.tls_floor} or later; HSTS on every answer",
        "Envoy listener",
        test(f"{_LISTENERS}::test_only_tls_from_1_2_on"),
    )


def _hygiene(call: _Call) -> Control:
    manager = call.listener.manager
    kept = [
        ("paths are normalised", manager.get("normalize_path")),
        ("slashes merged", manager.get("merge_slashes")),
        ("escaped separators refused", manager.get("path_with_escaped_slashes_action") == "REJECT_REQUEST"),
        (
            "underscores in header names refused",
            manager["common_http_protocol_options"]["headers_with_underscores_action"] == "REJECT_REQUEST",
        ),
        (
            "headers that claim who or where a caller is taken off",
            manager.get("early_header_mutation_extensions"),
        ),
    ]
    held = [words for words, value in kept if value]
    if not held:
        return none(Aspect.HYGIENE, "the listener is rendered without it")
    return compiled(
        Aspect.HYGIENE,
        listed(held),
        "Envoy connection manager",
        ledger("error_code=EAS-5407"),
        test(f"{_ATTACKS}::test_headers_that_mislead_targets_are_stripped"),
        test(f"{_ATTACKS}::test_two_requests_cannot_hide_in_one"),
    )


def _addresses(_call: _Call) -> Control:
    return none(Aspect.ADDRESSES, "contracts have no address lists; callers are told apart by token, not by address")


def _caller_certificate(call: _Call) -> Control:
    if call.grant.authentication == BOUND:
        return compiled(
            Aspect.CALLER_CERTIFICATE,
            f"of our own authority, for system {call.grant.client_id}; the token is bound to it (RFC 8705)",
            "Envoy listener, rbac and contract runtime",
            test("tests/e2e/test_bound_tokens.py"),
        )
    if call.listener.asks_for_certificates:
        return compiled(Aspect.CALLER_CERTIFICATE, "asked of every caller", "Envoy listener")
    return none(
        Aspect.CALLER_CERTIFICATE,
        f"the contract authenticates by {call.grant.authentication}; tokens are not bound to certificates",
    )


def _target(call: _Call) -> Control:
    upstream = call.upstream
    if not call.cluster.tls_floor:
        return none(
            Aspect.TARGET,
            f"plain http to {upstream.host}:{upstream.port}, which only development allows",
            condition("ResolvedRefs"),
        )
    return compiled(
        Aspect.TARGET,
        f"TLS {call.cluster.tls_floor} or later to {upstream.host}:{upstream.port}; "
        f"certificate of authority {upstream.ca} for {call.cluster.verified_name}",
        "Envoy cluster",
        ledger("error_code=EAS-5503"),
        test(f"{_LISTENERS}::test_targets_are_verified_by_name"),
    )


def _own_certificate(call: _Call) -> Control:
    if (shown := call.upstream.credential) is not None:
        return compiled(
            Aspect.OWN_CERTIFICATE,
            f"no certificate; a secret that no caller holds, in the header {shown.header}, over what the caller sends",
            "Envoy credential_injector",
            ledger("error_code=EAS-5506"),
            test("tests/attacks/test_target_credential_attacks.py::test_a_caller_cannot_put_another_in_its_place"),
        )
    if call.cluster.shows_certificate:
        return compiled(Aspect.OWN_CERTIFICATE, "the gateway shows the target a certificate", "Envoy cluster")
    return none(
        Aspect.OWN_CERTIFICATE,
        "the gateway shows targets no certificate; the target must admit it by network or other means",
    )


def _parameters(call: _Call) -> Control:
    route = call.route
    by_place = {
        place: [rule.name for rule in route.parameters if rule.location == place]
        for place in ("path", "query", "header")
    }
    said = [f"{place}: {listed(names)}" for place, names in by_place.items() if names]
    if not takes_query(route):
        said.append("no query is taken")
    decided = sorted({one.name for one in route.decided})
    if decided:
        said.append(f"by the decider: {listed(decided)}")
    return compiled(
        Aspect.PARAMETERS,
        "; ".join(said),
        f"{_RUNTIME}, decider" if decided else f"{_RUNTIME}, Envoy route",
        ledger("error_code=EAS-5406"),
        condition("Programmed"),
        test(f"{_REQUESTS}::test_query_parameters_are_those_of_the_contract"),
        test(f"{_REQUESTS}::test_path_parameters_are_those_of_the_contract"),
    )


def _body(call: _Call) -> Control:
    route = call.route
    types = listed(route.content_types)
    if not reads_body(route):
        return compiled(
            Aspect.BODY,
            "no body is taken",
            "Envoy buffer",
            ledger("error_code=EAS-5413"),
            test(f"{_ATTACKS}::test_a_body_on_an_operation_without_one_is_refused"),
        )
    evidence = (
        ledger("detail.verdict"),
        test(f"{_REQUESTS}::test_bodies_are_held_to_their_contract"),
        test(f"{_ATTACKS}::test_no_body_that_two_parsers_could_read_in_two_ways_passes"),
    )
    if route.body_schema is not None:
        return compiled(
            Aspect.BODY,
            f"{types}: held against the whole schema; unknown, duplicate and read-only properties refused",
            f"{_RUNTIME}, decider (ext_authz; down means 503)",
            *evidence,
            test("tests/integration/gateway/test_gateway_agent.py::test_the_decider_holds_bodies_to_the_full_schema"),
        )
    if route.body is None:
        return none(Aspect.BODY, f"bodies of type {types} are not JSON and pass unread up to their size")
    return compiled(
        Aspect.BODY,
        f"{types}: {counted(len(route.body.nodes), 'node')} of schema; "
        "unknown, duplicate and read-only properties refused",
        _RUNTIME,
        *evidence,
    )


def _objects(call: _Call) -> Control:
    if not call.grant.access:
        return none(
            Aspect.OBJECTS, "no access condition in the contract: the client reaches every object of the operation"
        )
    if reason := _refusal(call):
        return none(Aspect.OBJECTS, f"{reason}; the grant is left out and lets nobody in")
    parts = access_of(call.grant)
    mechanisms = ["Envoy rbac (CEL over token and path)"] if parts.caller is not None else []
    evidence = [ledger("error_code=EAS-5403"), test(f"{_ATTACKS}::test_a_condition_on_the_path_cannot_be_escaped")]
    if parts.request is not None:
        mechanisms.append(f"{_RUNTIME}, over the request")
        evidence.append(test(f"{_OBJECTS}::test_an_object_cannot_be_made_in_the_name_of_another"))
    if parts.answer is not None:
        where = f" at {call.grant.resource_at}, item by item" if call.grant.resource_at else ""
        mechanisms.append(f"{_RUNTIME}, over the answer{where}")
        evidence.append(ledger("error_code=EAS-5414"))
        evidence.append(test(f"{_OBJECTS}::test_an_object_of_another_is_answered_like_one_that_is_not_there"))
    return compiled(
        Aspect.OBJECTS,
        call.grant.access,
        "; ".join(mechanisms),
        *evidence,
        test(f"{_REQUESTS}::test_conditions_hold_for_the_verified_principal"),
    )


def _fields(call: _Call) -> Control:
    passing = projected(call.grant.projection)
    return compiled(
        Aspect.FIELDS,
        f"{listed(passing)}; every other field is removed" if passing else "no field of an answer passes",
        _RUNTIME,
        ledger("detail.removed"),
        ledger("error_code=EAS-5502"),
        test(f"{_REQUESTS}::test_a_granted_call_sees_the_fields_of_its_contract_and_no_other"),
        test(f"{_ATTACKS}::test_a_target_cannot_pass_fields_by_its_content_type"),
    )


def _answer_headers(call: _Call) -> Control:
    if _HEADER_FILTER not in call.cluster.filters:
        return none(Aspect.ANSWER_HEADERS, "the connection to the target is rendered without the allow-list")
    return compiled(
        Aspect.ANSWER_HEADERS,
        f"{counted(len(PASSING), 'header')} of the target pass; cookies, links and traces of software do not",
        "Envoy header_mutation at the target",
        test(f"{_RED}::test_a_target_cannot_speak_through_headers"),
    )


def _sealing(_call: _Call) -> Control:
    return none(Aspect.SEALING, "payloads are protected by TLS on each hop and are clear inside the gateway")


def _at_rest(_call: _Call) -> Control:
    return none(Aspect.AT_REST, "the gateway keeps no payload; what the target stores is the target's")


def _audit(call: _Call) -> Control:
    party = call.grant.party
    return compiled(
        Aspect.AUDIT,
        f"one record of each request, refused ones too: {party.integration_id}, revision {party.revision[:12]}, "
        f"grant, plan, verdict and names of removed fields; kept {party.retention_class.removeprefix('d')} days",
        "Envoy access log, agent, ledger",
        ledger("kind=request"),
        metric("easement_transactions"),
        metric("easement_errors"),
        test(f"{_REQUESTS}::test_the_log_names_grant_plan_and_removed_fields_and_no_value"),
    )


_REVOCATIONS: Final = frozenset({REVOCATION_FILTER})
_HEADER_FILTER: Final = "envoy.filters.http.header_mutation"
_CONTROLS: Final[tuple[Callable[[_Call], Control], ...]] = (
    _registration,
    _authentication,
    _revocation,
    _authorisation,
    _rate,
    _size_and_time,
    _firewall,
    _transport,
    _hygiene,
    _addresses,
    _caller_certificate,
    _target,
    _own_certificate,
    _parameters,
    _body,
    _objects,
    _fields,
    _answer_headers,
    _sealing,
    _at_rest,
    _audit,
)
