"""What the shadow is asked, and that it would notice."""

from __future__ import annotations

from easement.gateway.probe_cases import MAX_ROUTES, STRANGER, probe_cases
from easement.testing.plans import make_grant, make_plan, make_route


def test_every_route_is_tried_by_nobody_and_by_a_stranger_with_every_scope():
    cases = list(probe_cases(make_plan(make_route(grants=[make_grant()]))))
    nobody, stranger = cases[0], cases[1]
    assert nobody.claims is None
    assert not nobody.allowed
    assert stranger.claims is not None
    assert stranger.claims["client_id"] == STRANGER
    assert stranger.claims["scope"] == "orders-api:getOrder"
    assert not stranger.allowed


def test_every_grant_is_tried_whole_and_with_each_part_missing():
    cases = {
        case.what.rpartition(" ")[2]: case.allowed for case in probe_cases(make_plan(make_route(grants=[make_grant()])))
    }
    assert cases["granted"]
    assert not cases["scope"]
    assert not cases["audience"]


def test_conditions_are_decided_by_the_reference():
    grant = make_grant(access='principal.region == "eu"')
    cases = [case for case in probe_cases(make_plan(make_route(grants=[grant]))) if "as granted" in case.what]
    assert [case.allowed for case in cases] == [False], "the account has no attributes"


def test_two_grants_of_one_client_are_decided_together():
    wide = make_grant(scopes=[])
    cases = {case.what: case.allowed for case in probe_cases(make_plan(make_route(grants=[make_grant(), wide])))}
    assert any(allowed for what, allowed in cases.items() if "without scope" in what)


def test_large_plans_are_sampled_evenly():
    routes = [make_route(f"op{number:04}", path=f"/p{number}") for number in range(1000)]
    asked = {case.path for case in probe_cases(make_plan(*routes))}
    assert len(asked) <= MAX_ROUTES
    assert asked == {case.path for case in probe_cases(make_plan(*routes))}
