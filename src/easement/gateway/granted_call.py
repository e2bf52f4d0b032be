"""The call that a grant lets pass, made from its contract, from which each case of a probe differs in one thing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from easement.estate.access.access_parts import access_parts
from easement.estate.access.cel_tree import AccessConditionError, expression_of
from easement.gateway.access_condition import evaluate
from easement.gateway.control_case import OTHER, PROBE_ANSWER, ControlCase, Credential, Expectation, Owasp, ProbeRequest
from easement.gateway.route_contract import access_of, path_parts, reads_body
from easement.gateway.valid_example import NoExampleError, example_of, fits, schema_of
from easement.plan.model import API_KEY, BOUND, Plan, RequestGrant, Route

DENIED: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedCall:
    """The good call, from which each case differs in one thing. ``lacks`` says why there is none."""

    route: Route
    grant: RequestGrant
    request: ProbeRequest
    path: Mapping[str, str]
    attributes: Mapping[str, str]
    value: Any
    schema: Mapping[str, Any] | bool | None
    lacks: str
    hides: bool = False
    """Whether its condition hides what the probe's target answers."""

    @classmethod
    def of(cls, plan: Plan, route: Route, grant: RequestGrant) -> GrantedCall:
        """From the contract alone."""
        account = next((one for one in plan.accounts if one.client_id == grant.client_id), None)
        attributes = dict(account.attributes) if account else {}
        lacks = ""
        if grant.outside is not None:
            lacks = f"tokens of {grant.outside.issuer} are not ours to make"
        path, query, headers, problem = _parameters(route, grant, attributes)
        value, schema, unfit = _body(route)
        headers += (("content-type", route.content_types[0] if route.content_types else "application/json"),) * (
            value is not None
        )
        request = ProbeRequest(
            method=route.method,
            path=filled(route, path) + (f"?{urlencode(query)}" if query else ""),
            credential=_credential(grant, attributes),
            headers=headers,
            body=None if value is None else json.dumps(value).encode(),
        )
        content = {"query": query, "headers": dict(headers), "body": value}
        lacks = lacks or problem or unfit or _unread(grant, route, attributes, path, content)
        hides = not lacks and _hides(grant, route, attributes, path)
        return cls(
            route=route, grant=grant, request=request, path=path, attributes=attributes, value=value, schema=schema,
            lacks="the condition on the object hides what a probe answers" if hides else lacks, hides=hides,
        )  # fmt: skip

    def good(self) -> ControlCase:
        """The call that must pass, or why it is not tried."""
        what = "the call that the contract grants passes"
        if self.lacks:
            return ControlCase(id="granted", item=Owasp.AUTHENTICATION, what=what, reason=self.lacks, is_open=True)
        return ControlCase(
            id="granted", item=Owasp.AUTHENTICATION, what=what, request=self.request, expects=Expectation(reaches=True)
        )

    def refused(
        self, case: str, item: Owasp, what: str, statuses: frozenset[int] = DENIED, **changes: Any
    ) -> ControlCase:
        """The good call with one thing changed, which must be refused."""
        return ControlCase(
            id=case, item=item, what=what, request=replace(self.request, **changes),
            expects=Expectation(statuses=statuses),
        )  # fmt: skip

    def left_out(self, case: str, item: Owasp, what: str, reason: str, *, is_open: bool = False) -> ControlCase:
        """A case that is not tried: ``is_open`` where it should be and cannot be."""
        return ControlCase(id=case, item=item, what=what, reason=reason, is_open=is_open)

    def token(self, **changes: Any) -> Credential:
        """The token that the grant asks for, or one of ours in its place, with claims changed."""
        whole = _token_of(self.grant, self.attributes)
        return replace(whole, claims={**whole.claims, **changes})


def _credential(grant: RequestGrant, attributes: Mapping[str, str]) -> Credential:
    if grant.authentication == API_KEY:
        return Credential(kind="api-key", system=grant.client_id)
    return _token_of(grant, attributes)


def _token_of(grant: RequestGrant, attributes: Mapping[str, str]) -> Credential:
    bound = grant.authentication == BOUND
    return Credential(
        kind="token", claims=claims_of(grant, attributes), certificate="own" if bound else "", system=grant.client_id,
        is_bound=bound,
    )  # fmt: skip


def claims_of(grant: RequestGrant, attributes: Mapping[str, str]) -> dict[str, Any]:
    """The claims of a token that fits the grant, without times and issuer."""
    return {
        "client_id": grant.client_id, "sub": grant.client_id, "scope": " ".join(grant.scopes),
        "aud": [grant.audience], "attributes": dict(attributes),
    }  # fmt: skip


def _parameters(
    route: Route, grant: RequestGrant, attributes: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str], tuple[tuple[str, str], ...], str]:
    """Path, query and headers of the good call, and why there is none."""
    schemas: dict[tuple[str, str], Mapping[str, Any] | bool] = {}
    for rule in route.parameters:
        if rule.required or rule.location == "path":
            schemas[rule.location, rule.name] = schema_of(rule.shape)
    for one in route.decided:
        if one.required and (one.style not in {"simple", "form"} or one.location == "cookie"):
            return dict.fromkeys(path_names(route), "1"), {}, (), f"parameter {one.name} is written as {one.style}"
        if one.required or one.location == "path":
            schemas[one.location, one.name] = one.schema
    found: dict[tuple[str, str], str] = {}
    for place, schema in schemas.items():
        try:
            found[place] = _written(example_of(schema))
        except NoExampleError as error:
            return dict.fromkeys(path_names(route), "1"), {}, (), f"parameter {place[1]}: {error}"
    query = {name: value for (location, name), value in found.items() if location == "query"}
    headers = tuple((name, value) for (location, name), value in found.items() if location == "header")
    path = {name: found.get(("path", name), "1") for name in path_names(route)}
    if not grant.access:
        return path, query, headers, ""
    fitting = _granted_filling(route, grant, attributes, path, schemas)
    if fitting is None:
        return path, query, headers, "no path was found that the access condition grants"
    return fitting, query, headers, ""


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(_written(item) for item in value) if isinstance(value, list) else str(value)


def _granted_filling(
    route: Route,
    grant: RequestGrant,
    attributes: Mapping[str, str],
    path: Mapping[str, str],
    schemas: Mapping[tuple[str, str], Mapping[str, Any] | bool],
) -> dict[str, str] | None:
    claims = claims_of(grant, attributes)
    for filling in _fillings(path, [*attributes.values(), grant.client_id]):
        fits = all(
            ("path", name) not in schemas or filling[name] == path[name] or fits(filling[name], schemas["path", name])
            for name in filling
        )
        if fits and is_granted(grant, route, claims, filling):
            return filling
    return None


def refused_path(base: GrantedCall) -> dict[str, str] | None:
    """Path parameters that the access condition refuses, or None where none were found."""
    claims = claims_of(base.grant, base.attributes)
    for filling in _fillings(base.path, [OTHER, "2", "x"]):
        if filling != base.path and not is_granted(base.grant, base.route, claims, filling):
            return filling
    return None


def _fillings(path: Mapping[str, str], others: list[str]) -> Iterator[dict[str, str]]:
    names = list(path)
    choices = [[path[name], *dict.fromkeys(others)] for name in names]
    for values in itertools.islice(itertools.product(*choices), 256):
        yield dict(zip(names, values, strict=True))


def is_granted(grant: RequestGrant, route: Route, claims: Mapping[str, Any], path: Mapping[str, str]) -> bool:
    """What the access condition must decide of caller and path; one that cannot be evaluated refuses."""
    try:
        caller = access_parts(grant.access).caller
        return caller is None or evaluate(expression_of(caller), claims=claims, method=route.method, path=path)
    except AccessConditionError:
        return False


def _unread(
    grant: RequestGrant,
    route: Route,
    attributes: Mapping[str, str],
    path: Mapping[str, str],
    content: Mapping[str, Any],
) -> str:
    """Why the part of the condition that reads the request refuses the call that was made up, or an empty text."""
    part = access_of(grant).request
    if part is None or evaluate(
        expression_of(part), claims=claims_of(grant, attributes), method=route.method, path=path, content=content
    ):
        return ""
    return "no request was found that the access condition grants"


def _hides(grant: RequestGrant, route: Route, attributes: Mapping[str, str], path: Mapping[str, str]) -> bool:
    part = access_of(grant).answer
    return (
        part is not None
        and not grant.resource_at
        and not evaluate(
            expression_of(part),
            claims=claims_of(grant, attributes),
            method=route.method,
            path=path,
            resource=PROBE_ANSWER,
        )
    )


def _body(route: Route) -> tuple[Any, Mapping[str, Any] | bool | None, str]:
    """A body that fits, its schema, and why there is none."""
    if not reads_body(route):
        return None, None, ""
    schema: Mapping[str, Any] | bool | None = route.body_schema
    if schema is None and route.body is not None:
        schema = schema_of(route.body)
    if schema is None:
        return None, None, "the body is not JSON" if route.body_required else ""
    try:
        return example_of(schema), schema, ""
    except NoExampleError as error:
        return None, schema, f"body: {error}"


def path_names(route: Route) -> list[str]:
    """The path parameters, in order."""
    return [name for _, name in path_parts(route.path) if name]


def filled(route: Route, path: Mapping[str, str]) -> str:
    """The path at the gateway with its parameters in place."""
    return "".join(literal or quote(path[name], safe="") for literal, name in path_parts(route.prefix + route.path))
