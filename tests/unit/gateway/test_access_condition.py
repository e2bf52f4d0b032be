"""CEL conditions as syntax trees for Envoy, and the reference that decides what they must decide."""

from __future__ import annotations

import json

import pytest

from easement.estate.access.cel_tree import AccessConditionError
from easement.gateway.access_condition import condition, evaluate
from easement.testing.plans import make_route

TENANT = make_route(path="/tenants/{tenant}/orders/{orderId}")


def test_attributes_are_read_from_the_verified_token():
    text = json.dumps(condition('principal.region == "eu"', TENANT))
    assert '"envoy.filters.http.jwt_authn"' in text
    assert '"attributes"' in text
    assert '"name": "principal"' not in text


def test_standard_claims_are_read_by_name():
    assert '"attributes"' not in json.dumps(condition('principal.client_id == "shop"', TENANT))


def test_trap_path_parameters_come_from_the_path_without_its_query():
    text = json.dumps(condition("request.path.tenant == principal.tenant", TENANT))
    assert '"url_path"' in text
    assert '"int64Value": "4"' in text
    assert '"field": "path"' not in text


@pytest.mark.parametrize(
    "expression",
    [
        "principal.region ==",
        "unknown.name == 1",
        "1 + 1",
        "principal == principal",
        "request.path.other == principal.tenant",
        "principal.roles.exists(role, role == 'a')",
        "principal[request.method] == 'a'",
        "'" + "a" * 2000 + "' == principal.region",
    ],
)
def test_what_the_gateway_cannot_evaluate_is_refused(expression: str):
    with pytest.raises(AccessConditionError):
        condition(expression, TENANT)


@pytest.mark.parametrize(
    ("literal", "tree"),
    [
        ("-3", {"int64Value": "-3"}),
        ("3u", {"uint64Value": "3"}),
        ("1.5", {"doubleValue": 1.5}),
        ("true", {"boolValue": True}),
        ("null", {"nullValue": None}),
        ("'é'", {"stringValue": "é"}),
    ],
)
def test_literals_keep_their_type(literal: str, tree: dict[str, object]):
    right = condition(f"principal.x == {literal}", TENANT)["callExpr"]["args"][1]
    assert right["constExpr"] == tree


def test_lists_and_calls_are_carried_over():
    tree = condition('principal.region in ["eu", "uk"] && request.method == "GET"', TENANT)
    assert tree["callExpr"]["function"] == "_&&_"
    assert len(tree["callExpr"]["args"][0]["callExpr"]["args"][1]["listExpr"]["elements"]) == 2


def test_an_attribute_that_is_missing_refuses():
    claims = {"client_id": "shop", "attributes": {}}
    assert not evaluate('principal.region != "us"', claims=claims, method="GET", path={})


def test_attributes_cannot_stand_in_for_standard_claims():
    claims = {"client_id": "shop", "attributes": {"client_id": "admin"}}
    assert not evaluate('principal.client_id == "admin"', claims=claims, method="GET", path={})
