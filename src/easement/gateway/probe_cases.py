"""What a rendering must refuse and must let through: probes made from the plan, for a shadow of the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from easement.estate.access.access_parts import access_parts
from easement.estate.access.cel_tree import AccessConditionError, expression_of
from easement.gateway.access_condition import evaluate
from easement.gateway.route_contract import access_of, path_parts
from easement.plan.model import Plan, RequestGrant, Route

MAX_ROUTES: Final = 200
STRANGER: Final = "easement-shadow-stranger"
_FILLING: Final = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeCase:
    """One request to the shadow. ``claims`` None means: without a token. ``allowed``: past token and grants."""

    what: str
    method: str
    path: str
    claims: Mapping[str, Any] | None
    allowed: bool


def probe_cases(plan: Plan) -> Iterator[ProbeCase]:
    """For each route: nobody, a stranger who has every scope, each grant as it should be and with a part missing.

    Above ``MAX_ROUTES`` routes a sample that is spread evenly, and the same for the same plan.
    """
    attributes = {account.client_id: dict(account.attributes) for account in plan.accounts}
    for route in _sample(plan.routes):
        path = _filled(route, _FILLING)
        scopes = sorted({scope for grant in route.grants for scope in grant.scopes})
        audiences = sorted({grant.audience for grant in route.grants})
        stranger = {"client_id": STRANGER, "scope": " ".join(scopes), "aud": audiences or ["urn:none"]}
        yield ProbeCase(what=f"{route.id}: no token", method=route.method, path=path, claims=None, allowed=False)
        yield ProbeCase(what=f"{route.id}: a stranger", method=route.method, path=path, claims=stranger, allowed=False)
        for grant in route.grants:
            yield from _grant_cases(route, grant, attributes.get(grant.client_id, {}))


def _grant_cases(route: Route, grant: RequestGrant, attributes: Mapping[str, str]) -> Iterator[ProbeCase]:
    whole = {
        "client_id": grant.client_id,
        "scope": " ".join(grant.scopes),
        "aud": [grant.audience],
        "attributes": dict(attributes),
    }
    fillings = [_FILLING, *dict.fromkeys(attributes.values())] if grant.access else [_FILLING]
    if access_of(grant).request is None:  # what it reads, the shadow's calls do not have
        for filling in fillings[:4]:
            yield _case(route, grant, whole, "as granted", filling)
    if access_of(grant).caller is not None and access_of(grant).request is None:
        yield _case(route, grant, whole | {"attributes": {}}, "without attributes", _FILLING)
    if grant.scopes:
        yield _case(route, grant, whole | {"scope": ""}, "without scope", _FILLING)
    yield _case(route, grant, whole | {"aud": ["urn:easement:interface:another"]}, "with another audience", _FILLING)


def _case(route: Route, grant: RequestGrant, claims: Mapping[str, Any], how: str, filling: str) -> ProbeCase:
    return ProbeCase(
        what=f"{route.id}: {grant.id} {how}",
        method=route.method,
        path=_filled(route, filling),
        claims=claims,
        allowed=_is_granted(route, claims, filling),
    )


def _is_granted(route: Route, claims: Mapping[str, Any], filling: str) -> bool:
    """The decision by the plan alone, over all grants of the route: what the compiled one is held against."""
    return any(_fits(grant, route, claims, filling) for grant in route.grants)


def _fits(grant: RequestGrant, route: Route, claims: Mapping[str, Any], filling: str) -> bool:
    if grant.outside is not None:  # the shadow has no token of that issuer
        return False
    if grant.authentication != "oauth2" or grant.client_id != claims["client_id"]:
        return False
    if grant.audience not in claims["aud"] or not set(grant.scopes) <= set(claims["scope"].split()):
        return False
    if not grant.access:
        return True
    path = {name: filling for _, name in path_parts(route.path) if name}
    try:
        caller = access_parts(grant.access).caller
        return caller is None or evaluate(expression_of(caller), claims=claims, method=route.method, path=path)
    except AccessConditionError:
        return False


def _sample(routes: Sequence[Route]) -> Sequence[Route]:
    step = max(1, -(-len(routes) // MAX_ROUTES))
    return routes[::step]


def _filled(route: Route, filling: str) -> str:
    return "".join(literal or filling for literal, _ in path_parts(route.prefix + route.path))
