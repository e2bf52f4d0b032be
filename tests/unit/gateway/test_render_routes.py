"""Routes, grants and limits as Envoy gets them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from easement.estate.access.cel_tree import AccessConditionError
from easement.gateway.envoy_types import BUFFER, EXT_AUTHZ, LOCAL_RATELIMIT, LUA, RBAC
from easement.gateway.render_grants import grants_filter
from easement.gateway.render_routes import route_configuration
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream


def entries(*routes: Any, **upstream: Any) -> list[dict[str, Any]]:
    plan = make_plan(*routes, upstreams=[make_upstream(8000, **upstream)])
    matcher = route_configuration(plan, "f" * 64)["virtual_hosts"][0]["matcher"]
    (action,) = matcher["matcher_tree"]["prefix_match_map"]["map"].values()
    return [
        {**entry, "name": entry["name"].removeprefix("f" * 64 + "/")}
        for entry in action["action"]["typed_config"]["routes"]
    ]


def named(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in found if entry["name"] == name and "route" in entry)


def keys_in(tree: Any) -> set[str]:
    if isinstance(tree, dict):
        return set(tree) | {key for value in tree.values() for key in keys_in(value)}
    return {key for value in tree for key in keys_in(value)} if isinstance(tree, list) else set()


def test_literal_paths_stand_before_templates():
    found = entries(make_route("one", path="/orders/{id}"), make_route("latest", path="/orders/latest"))
    names = [entry["name"] for entry in found if "route" in entry]
    assert names == ["orders-api@1.latest", "orders-api@1.one"]


def test_templates_that_differ_in_names_only_share_one_refusal_of_methods():
    found = entries(make_route("a", path="/x/{id}"), make_route("b", method="PUT", path="/x/{key}"))
    (refusal,) = [entry for entry in found if entry["name"] == "no-such-method"]
    assert refusal["response_headers_to_add"][0]["header"] == {"key": "allow", "value": "GET, PUT"}


def test_every_interface_ends_with_the_refusal_of_unknown_paths():
    assert entries(make_route())[-1]["direct_response"] == {"status": 404}


def test_a_plan_without_routes_answers_404_to_everything():
    virtual_host = route_configuration(make_plan(), "f" * 64)["virtual_hosts"][0]
    assert virtual_host["matcher"]["on_no_match"]["action"]["typed_config"]["direct_response"]["status"] == 404


def test_a_route_without_its_upstream_does_not_exist():
    plan = make_plan(make_route(upstream="elsewhere"), upstreams=[make_upstream(8000)])
    assert "matcher_tree" not in route_configuration(plan, "f" * 64)["virtual_hosts"][0]["matcher"]


def test_a_route_without_grants_refuses_everybody():
    assert grants_filter(make_route(grants=[])) == {"rules": {"action": "ALLOW", "policies": {}}}


def test_queries_are_refused_before_the_operation_where_none_are_declared():
    first, second = [entry for entry in entries(make_route()) if entry["name"] == "orders-api@1.getOrder"]
    assert first["direct_response"] == {"status": 400}
    assert first["typed_per_filter_config"][RBAC] == second["typed_per_filter_config"][RBAC], "only to those granted"


@pytest.mark.parametrize(
    ("method", "retries", "expected"), [("GET", 2, True), ("GET", 0, False), ("POST", 2, False), ("PATCH", 1, False)]
)
def test_only_idempotent_methods_are_tried_again(method: str, retries: int, expected: bool):
    found = named(entries(make_route(method=method, retries=retries)), "orders-api@1.getOrder")
    assert ("retry_policy" in found["route"]) is expected


def test_the_prefix_is_exchanged_for_the_base_path_of_the_target():
    found = named(entries(make_route(), base_path="/api/v3"), "orders-api@1.getOrder")
    assert found["route"]["prefix_rewrite"] == "/api/v3/"
    assert found["route"]["host_rewrite_literal"] == "127.0.0.1:8000"


def test_the_decider_is_asked_only_where_the_contract_needs_it_and_reads_the_whole_body():
    pattern = {"type": "object", "properties": {"code": {"type": "string", "pattern": "^[A-Z]+$"}}}
    simple = {"type": "object", "properties": {"code": {"type": "string"}}}
    found = entries(
        make_route("full", method="POST", path="/full", body=pattern),
        make_route("simple", method="POST", path="/simple", body=simple),
    )
    assert EXT_AUTHZ not in named(found, "orders-api@1.simple")["typed_per_filter_config"]
    settings = named(found, "orders-api@1.full")["typed_per_filter_config"][EXT_AUTHZ]["check_settings"]
    assert settings["with_request_body"] == {"max_request_bytes": 65_536, "allow_partial_message": False}


def test_operations_without_body_take_none():
    filters = named(entries(make_route()), "orders-api@1.getOrder")["typed_per_filter_config"]
    assert filters[BUFFER]["buffer"] == {"max_request_bytes": 1}
    assert filters[LUA]["name"] == "answers"


def test_a_treatment_that_nobody_knows_is_refused_at_compile_time():
    with pytest.raises(ValueError, match=r"shop-to-orders\.getOrder: the gateway cannot scramble"):
        entries(make_route(grants=[make_grant(projection={"id": "scramble"})]))


def test_grants_ask_for_client_audience_and_every_scope_of_an_access_token():
    grant = make_grant(scopes=["a", "b"])
    policy = grants_filter(make_route(grants=[grant]))["rules"]["policies"][grant.integration]
    text = json.dumps(policy)
    for part in (
        '"exact": "shop"',
        '"exact": "urn:easement:interface:orders-api"',
        "(?:[^ ]+ )*a(?: [^ ]+)*",
        "(?:[^ ]+ )*b(?: [^ ]+)*",
    ):
        assert part in text
    assert '"other"' not in text, "claims of tokens that are no access tokens"


@pytest.mark.parametrize("authentication", ["mtls"])
def test_a_grant_with_an_authentication_that_is_not_enforced_lets_nobody_in(authentication: str):
    from dataclasses import replace

    grant = replace(make_grant(), authentication=authentication)
    policy = grants_filter(make_route(grants=[grant]))["rules"]["policies"][grant.integration]
    assert {"not_id": {"any": True}} in policy["principals"][0]["and_ids"]["ids"]


def test_trap_checked_condition_is_never_emitted():
    grant = make_grant(access='principal.region == "eu"')
    tree = grants_filter(make_route(grants=[grant]))
    assert "condition" in keys_in(tree)
    assert "checked_condition" not in keys_in(tree)


def test_a_grant_whose_condition_cannot_be_compiled_is_left_out():
    assert grants_filter(make_route(grants=[make_grant(access="nonsense ==")]))["rules"]["policies"] == {}


def test_routes_without_limits_have_no_limiter():
    assert LOCAL_RATELIMIT not in named(entries(make_route()), "orders-api@1.getOrder")["typed_per_filter_config"]


def test_access_condition_error_is_a_value_error():
    assert issubclass(AccessConditionError, ValueError)


def test_a_target_is_asked_for_the_forms_of_answers_that_may_pass():
    found = entries(make_route("hal", answer_types=("application/json", "application/hal+json")), make_route("none"))
    (asked,) = named(found, "orders-api@1.hal")["request_headers_to_add"]
    assert asked["header"] == {"key": "accept", "value": "application/json, application/hal+json"}
    assert asked["append_action"] == "OVERWRITE_IF_EXISTS_OR_ADD"
    assert "request_headers_to_add" not in named(found, "orders-api@1.none")
