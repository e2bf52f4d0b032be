"""The cases of a probe: whole by the outline, the same for the same plan, each with a reason when it is not tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from easement.gateway.control_case import ControlCase, Owasp
from easement.gateway.control_cases import control_cases
from easement.plan.model import API_KEY, BOUND, Limit, OutsideIdentity, Plan
from easement.testing.plans import make_grant, make_parameter, make_plan, make_route

JSON = ("application/json",)
NEW = {
    "type": "object", "required": ["item"], "additionalProperties": False, "properties": {"item": {"type": "string"}},
}  # fmt: skip
LIMIT = Limit(tokens=5, interval_ms=60_000, burst=5)


def plan_with(**grant: Any) -> Plan:
    granted = replace(make_grant("shop", "make", projection={"id": "value"}), **grant)
    return make_plan(
        make_route("make", method="POST", path="/orders/{id}", body=NEW, grants=[granted], answer_types=JSON),
        make_route("admin", method="DELETE", path="/orders/{id}"),
    )


def cases_of(plan: Plan) -> dict[str, ControlCase]:
    route = next(one for one in plan.routes if one.grants)
    found = list(control_cases(plan, route, route.grants[0]))
    assert len({case.id for case in found}) == len(found)
    assert found == list(control_cases(plan, route, route.grants[0]))
    return {case.id: case for case in found}


@pytest.mark.parametrize("authentication", ["oauth2", BOUND, API_KEY])
def test_every_item_of_the_outline_has_cases_and_every_case_a_request_or_a_reason(authentication: str) -> None:
    found = cases_of(plan_with(authentication=authentication, limit=LIMIT))
    assert {case.item for case in found.values()} == set(Owasp)
    assert all((case.request is None) == bool(case.reason) for case in found.values())
    assert next(iter(found)) == "granted"


def test_what_must_be_refused_differs_from_the_call_that_passes() -> None:
    found = cases_of(plan_with(limit=LIMIT))
    good = found["granted"].request
    assert good is not None
    for case in found.values():
        if case.request is not None and not case.expects.reaches:
            assert case.request != good, case.id
            assert case.expects.statuses
            assert not case.expects.statuses & set(range(200, 400)), case.id


def test_a_body_and_parameters_that_fit_are_made() -> None:
    route = replace(
        plan_with().routes[1],
        parameters=(
            make_parameter("id", {"type": "integer", "minimum": 10}, location="path", required=True),
            make_parameter("mode", {"enum": ["fast"]}, required=True),
        ),
    )
    found = list(control_cases(make_plan(route), route, route.grants[0]))
    assert found[0].request is not None
    assert found[0].request.path.endswith("/orders/10?mode=fast")
    assert found[0].request.body == b'{"item": "probe"}'


def test_what_cannot_be_made_is_not_tried_and_says_so() -> None:
    hard = {**NEW, "properties": {"item": {"type": "string", "pattern": "^(?=x)x$"}}}
    plan = make_plan(make_route("make", method="POST", path="/orders", body=hard, grants=[make_grant("shop", "make")]))
    found = cases_of(plan)
    assert found["granted"].request is None
    assert found["granted"].is_open
    assert "body" in found["granted"].reason
    assert found["no-credential"].request is not None, "what needs no good call is tried all the same"


def test_tokens_of_others_are_not_ours_to_make() -> None:
    outside = OutsideIdentity(
        issuer="https://login.example", jwks="https://login.example/jwks", audience="a", claim="sub", value="shop",
        ca="system",
    )  # fmt: skip
    found = cases_of(plan_with(outside=outside))
    assert found["granted"].is_open
    assert found["token-of-ours"].request is not None


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        (None, "the contract declares no limit"),
        (Limit(tokens=1000, interval_ms=1000, burst=1000), "a probe does not use up"),
        (Limit(tokens=500, interval_ms=1000, burst=5), "a probe does not use up"),
    ],
)
def test_limits_that_a_probe_cannot_use_up(limit: Limit | None, reason: str) -> None:
    case = cases_of(plan_with(limit=limit))["over-limit"]
    assert case.request is None
    assert reason in case.reason
    assert case.is_open is (limit is not None)


def test_object_conditions_are_tried_with_an_object_of_another() -> None:
    found = cases_of(plan_with(access="request.path.id == principal.client_id"))
    assert found["granted"].request is not None
    assert found["granted"].request.path.endswith("/orders/shop")
    assert found["other-object"].request is not None
    assert not found["other-object"].request.path.endswith("/shop")
