"""Continuous control validation: what must fail and what must pass under one grant, derived from its contract.

The outline is the OWASP API Security Top 10 of 2023. A case that the contract gives no ground for (no limit declared,
no condition on objects) is there too, as not applicable and with the reason: a report without it would look complete.
Pure: the same plan gives the same cases. Credentials are named, not held; who sends a case makes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from easement.gateway.control_case import (
    OTHER,
    UNDECLARED,
    ControlCase,
    Credential,
    Expectation,
    Owasp,
)
from easement.gateway.granted_call import (
    GrantedCall,
    claims_of,
    filled,
    is_granted,
    path_names,
    refused_path,
)
from easement.gateway.route_contract import access_of, reads_body, takes_query
from easement.gateway.valid_example import fits
from easement.plan.model import API_KEY, BOUND, Plan, RequestGrant, Route

MAX_BURST: Final = 200
"""A larger burst is not used up by a probe."""
SLOWEST_REFILL: Final = 20
"""Milliseconds for one call: a bucket that fills more quickly cannot be emptied one call after another."""
MAX_OVERSIZE: Final = 4 * 1024 * 1024
STRANGER: Final = "easement-probe-stranger"
_MISSING: Final = frozenset({404, 405})
_MALFORMED: Final = frozenset({400, 401, 403, 404, 405, 415})
_MISLEADING: Final = (
    ("x-original-url", f"/{OTHER}"), ("x-rewrite-url", f"/{OTHER}"), ("x-forwarded-host", f"{OTHER}.example"),
    ("x-forwarded-for", "203.0.113.77"), ("x-http-method-override", "DELETE"), ("forwarded", f"host={OTHER}.example"),
)  # fmt: skip
_INJECTION: Final = "1' UNION SELECT username, password FROM users--"
"""Stopped by the rules at the lowest paranoia."""


def control_cases(plan: Plan, route: Route, grant: RequestGrant) -> Iterator[ControlCase]:
    """All cases of one grant, in the order of the OWASP items; the first is the call that must pass."""
    base = GrantedCall.of(plan, route, grant)
    yield base.good()
    yield from _object_level(base)
    yield from _authentication(base)
    yield from _property_level(base)
    yield from _consumption(base, begins=_begins_its_budget(plan, route, grant))
    yield from _function_level(base, plan)
    yield from _business_flows(base)
    yield from _forgery(base)
    yield from _misconfiguration(base)
    yield from _inventory(base, plan)
    yield from _unsafe_answers(base)


def _object_level(base: GrantedCall) -> Iterator[ControlCase]:
    item, what = Owasp.OBJECT_LEVEL, "an object that is not the caller's is refused"
    if not base.grant.access:
        yield base.left_out("other-object", item, what, "the contract has no condition on objects (access:)")
        return
    if access_of(base.grant).answer is not None:
        yield _hidden_object(base)
    if access_of(base.grant).caller is None:
        return
    other = refused_path(base)
    if other is None:
        yield base.left_out("other-object", item, what, "no path was found that the condition refuses", is_open=True)
    else:
        yield base.refused("other-object", item, what, path=filled(base.route, other))
    bare = claims_of(base.grant, {})
    if not is_granted(base.grant, base.route, bare, base.path):
        yield base.refused(
            "no-attributes", item, "a caller without the attributes of the condition is refused",
            credential=base.token(attributes={}),
        )  # fmt: skip


def _hidden_object(base: GrantedCall) -> ControlCase:
    case, item, what = "hidden-object", Owasp.OBJECT_LEVEL, "an object that the condition does not grant is not shown"
    if not base.hides:
        reason = base.lacks or "the condition has nothing against what a probe answers"
        return base.left_out(case, item, what, reason, is_open=True)
    expects = Expectation(statuses=frozenset({404}), reaches=True, absent=(UNDECLARED,))
    return ControlCase(id=case, item=item, what=what, request=base.request, expects=expects)


def _authentication(base: GrantedCall) -> Iterator[ControlCase]:
    item = Owasp.AUTHENTICATION
    token = base.token()
    yield base.refused("no-credential", item, "a call without credential is refused", credential=Credential())
    tried: list[tuple[str, str, Credential]] = [
        ("expired-token", "an expired token is refused", base.token(iat=-7200, nbf=-7200, exp=-3600)),
        ("future-token", "a token that is not valid yet is refused", base.token(iat=3600, nbf=3600, exp=7200)),
        ("foreign-key", "a token that another key has signed is refused", replace(token, key="foreign")),
        ("unsigned-token", "a token without signature is refused", replace(token, key="unsigned")),
        ("foreign-issuer", "a token of another issuer is refused", base.token(iss="https://issuer.invalid")),
        ("foreign-audience", "a token for another interface is refused", base.token(aud=["urn:easement:interface:?"])),
        ("no-access-token", "a token that is no access token is refused", replace(token, header_type="JWT")),
        ("token-in-query", "a token in the query is not read", replace(token, place="query")),
    ]
    yield from (base.refused(case, item, what, _MALFORMED, credential=it) for case, what, it in tried)
    if base.grant.authentication == BOUND:
        other = replace(token, certificate="other", is_bound=False)
        yield base.refused(
            "unbound-token", item, "a token without its certificate is refused",
            credential=replace(token, certificate="", is_bound=False),
        )  # fmt: skip
        yield base.refused("other-certificate", item, "a token with another's certificate is refused", credential=other)
    if base.grant.authentication == API_KEY:
        live = Credential(kind="api-key", system=base.grant.client_id)
        dead, shown = replace(live, is_live=False), replace(live, place="query")
        yield base.refused("unknown-key", item, "an API key that was never issued is refused", credential=dead)
        yield base.refused("key-in-query", item, "an API key in the query is not read", _MALFORMED, credential=shown)
    if base.grant.authentication == API_KEY or base.grant.outside is not None:
        yield base.refused(
            "token-of-ours", item, "a token of ours does not stand for the credential of the contract", credential=token
        )


def _property_level(base: GrantedCall) -> Iterator[ControlCase]:
    item = Owasp.PROPERTY_LEVEL
    what = "a property that is not declared is refused (mass assignment)"
    if not isinstance(base.value, dict):
        yield base.left_out("undeclared-property", item, what, "the operation takes no object as its body")
    elif fits({**base.value, UNDECLARED: True}, base.schema):
        yield base.left_out("undeclared-property", item, what, "the contract lets any property pass")
    else:
        yield _with_body(base, "undeclared-property", item, what, {**base.value, UNDECLARED: True})
    what = "a field that the contract does not give is removed from the answer"
    if base.lacks:
        yield base.left_out("undeclared-field", item, what, base.lacks, is_open=True)
    elif base.grant.projection.get("*") or not base.route.answer_types:
        yield base.left_out("undeclared-field", item, what, "the operation answers without declared fields")
    else:
        expects = Expectation(reaches=True, absent=(UNDECLARED,))
        yield ControlCase(id="undeclared-field", item=item, what=what, request=base.request, expects=expects)


def _consumption(base: GrantedCall, *, begins: bool) -> Iterator[ControlCase]:
    item, what = Owasp.CONSUMPTION, "a body over the size of the contract is refused"
    limit = base.route.max_body_bytes if reads_body(base.route) else 0
    too_large = frozenset({413, 400})
    if limit > MAX_OVERSIZE:
        yield base.left_out("oversize-body", item, what, f"the contract allows {limit} bytes", is_open=True)
    else:
        body = json.dumps({UNDECLARED: "a" * limit}).encode()
        headers = _typed(base, "application/json")
        yield base.refused("oversize-body", item, what, too_large, body=body, headers=headers)
    large = (*base.request.headers, ("x-easement-probe", "a" * 40_000))
    yield base.refused(
        "oversize-headers", item, "headers over 32 KiB are refused", frozenset({431, 400}), headers=large
    )
    case = _over_limit(base, "over-limit", item, "calls over the rate of the contract are refused")
    yield case if begins else replace(case, expects=replace(case.expects, reaches=None))


def _begins_its_budget(plan: Plan, route: Route, grant: RequestGrant) -> bool:
    """Whether no operation of the contract is tried before: the cases of one may use up the budget of all."""
    first = next(one for one in plan.routes if any(it.integration == grant.integration for it in one.grants))
    return first.id == route.id


def _over_limit(base: GrantedCall, case: str, item: Owasp, what: str) -> ControlCase:
    limit = base.grant.operation_limit or base.grant.limit
    if limit is None:
        return base.left_out(case, item, what, "the contract declares no limit")
    if limit.burst > MAX_BURST or limit.interval_ms / limit.tokens < SLOWEST_REFILL:
        per = f"{limit.tokens} in {limit.interval_ms} ms with a burst of {limit.burst}"
        return base.left_out(case, item, what, f"a probe does not use up {per}", is_open=True)
    if base.lacks:
        return base.left_out(case, item, what, base.lacks, is_open=True)
    request = replace(base.request, times=limit.burst + 1 + limit.burst // 4, is_limited=True)
    return ControlCase(
        id=case, item=item, what=what, request=request, expects=Expectation(statuses=frozenset({429}), reaches=True)
    )


def _function_level(base: GrantedCall, plan: Plan) -> Iterator[ControlCase]:
    item = Owasp.FUNCTION_LEVEL
    everything = sorted({scope for grant in base.route.grants for scope in grant.scopes})
    stranger = {"client_id": STRANGER, "sub": STRANGER, "scope": " ".join(everything)}
    token = replace(base.token(**stranger), certificate="", is_bound=False)
    yield base.refused(
        "stranger", item, "an account without contract is refused, whatever its scopes", credential=token
    )
    if base.grant.scopes and base.grant.authentication != API_KEY and base.grant.outside is None:
        yield base.refused(
            "no-scope", item, "a token without the scope is refused", credential=base.token(scope="openid")
        )
    what = "an operation of the interface that is not granted is refused"
    other = _not_granted(base, plan)
    if other is None:
        yield base.left_out("other-operation", item, what, "every operation of the interface is granted to the account")
    else:
        path = filled(other, dict.fromkeys(path_names(other), "1"))
        yield base.refused("other-operation", item, what, method=other.method, path=path, body=None, headers=())


def _business_flows(base: GrantedCall) -> Iterator[ControlCase]:
    what = "a flow cannot be driven faster than its contract allows"
    if base.route.method in {"GET", "HEAD", "OPTIONS"}:
        yield base.left_out("flow-rate", Owasp.BUSINESS_FLOWS, what, "the operation reads only")
    else:
        case = _over_limit(base, "flow-rate", Owasp.BUSINESS_FLOWS, what)
        yield replace(case, expects=replace(case.expects, reaches=None))


def _forgery(base: GrantedCall) -> Iterator[ControlCase]:
    item, what = Owasp.SSRF, "headers cannot lead the target to another host, path, method or caller"
    if base.lacks:
        yield base.left_out("misleading-headers", item, what, base.lacks, is_open=True)
    else:
        request = replace(base.request, headers=(*base.request.headers, *_MISLEADING))
        expects = Expectation(reaches=True, misses=(OTHER, "203.0.113.77", "DELETE" * (base.route.method != "DELETE")))
        yield ControlCase(id="misleading-headers", item=item, what=what, request=request, expects=expects)


def _misconfiguration(base: GrantedCall) -> Iterator[ControlCase]:
    item = Owasp.MISCONFIGURATION
    prefix = base.route.prefix
    escapes = {
        "dot-segments": f"{prefix}/../{OTHER}", "escaped-slash": f"{prefix}%2f..%2f{OTHER}",
        "double-slash": f"{prefix}//..//{OTHER}", "backslash": f"{prefix}/..%5c{OTHER}",
        "null-byte": f"{base.request.path.partition('?')[0]}%00",
    }  # fmt: skip
    for case, path in escapes.items():
        yield base.refused(case, item, f"a path with {case.replace('-', ' ')} leads nowhere", _MALFORMED, path=path)
    if not takes_query(base.route):
        yield base.refused(
            "undeclared-query", item, "an undeclared query is refused", frozenset({400}),
            path=f"{base.request.path}?{UNDECLARED}=1",
        )  # fmt: skip
    if base.value is not None:
        malformed = frozenset({400, 413, 415})
        body = base.request.body or b""
        tried = {
            "truncated-body": (body[:-1], "a truncated body"),
            "bad-utf-8": (b'{"a": "\xff"}', "a body that is not UTF-8"),
            "deep-nesting": (b"[" * 500 + b"]" * 500, "a body nested 500 deep"),
        }
        for case, (data, named) in tried.items():
            yield base.refused(case, item, f"{named} is refused", malformed, body=data)
        yield base.refused(
            "other-content-type", item, "an undeclared content type is refused", malformed,
            headers=_typed(base, "application/x-easement-probe"),
        )  # fmt: skip
    yield from _inspection(base)
    what = "what reveals the target does not pass"
    if base.lacks:
        yield base.left_out("revealing-headers", item, what, base.lacks, is_open=True)
    else:
        expects = Expectation(reaches=True, absent=("x-powered-by", "set-cookie", "server"))
        yield ControlCase(id="revealing-headers", item=item, what=what, request=base.request, expects=expects)


def _inspection(base: GrantedCall) -> Iterator[ControlCase]:
    item, what = Owasp.MISCONFIGURATION, "an injection is stopped by inspection"
    inspection = base.grant.inspection
    if inspection is None:
        yield base.left_out("injection", item, what, "the contract asks for no inspection")
    elif inspection.mode != "block":
        yield base.left_out("injection", item, what, "inspection only detects")
    elif base.lacks:
        yield base.left_out("injection", item, what, base.lacks, is_open=True)
    else:
        headers = (*base.request.headers, ("user-agent", _INJECTION), ("referer", f"/?id={quote(_INJECTION)}"))
        yield base.refused("injection", item, what, frozenset({400, 403}), headers=headers)


def _inventory(base: GrantedCall, plan: Plan) -> Iterator[ControlCase]:
    item = Owasp.INVENTORY
    prefix = base.route.prefix
    yield base.refused(
        "undeclared-operation", item, "an operation that is not declared does not exist", _MISSING,
        path=f"{prefix}/{OTHER}", body=None,
    )  # fmt: skip
    version = f"/{base.route.interface}/v0/{base.route.path.lstrip('/')}"
    yield base.refused(
        "undeclared-version", item, "a version that is not registered does not exist", _MISSING, path=version
    )
    declared = {one.method for one in plan.routes if one.prefix == prefix and _like(one.path, base.route.path)}
    method = next((one for one in ("DELETE", "PATCH", "PUT", "POST", "GET") if one not in declared), "")
    if method:
        yield base.refused(
            "undeclared-method", item, "a method that is not declared is refused", _MISSING, method=method, body=None
        )
    yield base.refused("trace", item, "TRACE is refused", frozenset({400, 403, 404, 405}), method="TRACE", body=None)


def _unsafe_answers(base: GrantedCall) -> Iterator[ControlCase]:
    item = Owasp.CONSUMPTION_OF_APIS
    broken = "an answer that is not what it says it is does not pass"
    foreign = "an answer of another content type does not pass"
    elsewhere = "an answer cannot lead the caller elsewhere"
    if base.lacks or not base.route.answer_types:
        reason = base.lacks or "the operation answers without a body"
        for case, what in (("broken-answer", broken), ("foreign-answer", foreign), ("redirect", elsewhere)):
            yield base.left_out(case, item, what, reason, is_open=bool(base.lacks))
        return
    bad = Expectation(statuses=frozenset({502}), reaches=True, absent=(UNDECLARED,))
    away = Expectation(statuses=frozenset({302}), reaches=True, absent=(OTHER,))
    yield ControlCase(id="broken-answer", item=item, what=broken, request=base.request, expects=bad, answer="broken")
    yield ControlCase(id="foreign-answer", item=item, what=foreign, request=base.request, expects=bad, answer="foreign")
    yield ControlCase(id="redirect", item=item, what=elsewhere, request=base.request, expects=away, answer="elsewhere")


def _with_body(base: GrantedCall, case: str, item: Owasp, what: str, value: Any) -> ControlCase:
    return base.refused(case, item, what, frozenset({400}), body=json.dumps(value).encode())


def _typed(base: GrantedCall, media: str) -> tuple[tuple[str, str], ...]:
    rest = tuple(pair for pair in base.request.headers if pair[0] != "content-type")
    return (*rest, ("content-type", media))


def _not_granted(base: GrantedCall, plan: Plan) -> Route | None:
    client = base.grant.client_id
    for route in plan.routes:
        if route.interface_key == base.route.interface_key and all(it.client_id != client for it in route.grants):
            return route
    return None


def _like(one: str, other: str) -> bool:
    return ["{}" if "{" in part else part for part in one.split("/")] == [
        "{}" if "{" in part else part for part in other.split("/")
    ]
