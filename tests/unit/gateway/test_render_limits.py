"""Buckets by integration and by operation, and quotas, as Envoy gets them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from easement.gateway.place import GatewayPlace
from easement.gateway.render_limits import (
    integration_limits,
    integration_limits_filter,
    limits_file,
    operation_limits,
    retry_after,
    shared_among,
)
from easement.gateway.render_quotas import looks_at_quotas, quota_file
from easement.plan.model import Limit
from easement.testing.plans import make_grant, make_plan, make_route

FIVE = Limit(tokens=5, interval_ms=1000, burst=7)
SLOW = Limit(tokens=1, interval_ms=60_000, burst=1)


def place(tmp_path: Path) -> GatewayPlace:
    return GatewayPlace(
        folder=tmp_path, certificates=tmp_path, host="127.0.0.1", port=1, control_port=0, console_port=2,
        decider_port=3, admin_port=4, issuer="https://localhost",
    )  # fmt: skip


def keys_in(tree: Any) -> set[str]:
    if isinstance(tree, dict):
        return set(tree) | {key for value in tree.values() for key in keys_in(value)}
    return {key for value in tree for key in keys_in(value)} if isinstance(tree, list) else set()


def test_trap_limits_state_what_envoy_would_default_to(tmp_path: Path) -> None:
    plan = make_plan(make_route(grants=[make_grant(limit=FIVE), make_grant("web", limit=FIVE)]))
    tree = integration_limits_filter(place(tmp_path), live=False, limits=integration_limits(plan))["typed_config"]
    assert tree["max_dynamic_descriptors"] >= 20
    assert tree["always_consume_default_token_bucket"] is False
    assert [one["entries"] for one in tree["descriptors"]] == [
        [{"key": "integration", "value": "shop-to-orders"}],
        [{"key": "integration", "value": "web-to-orders"}],
    ]
    assert tree["descriptors"][0]["token_bucket"] == {
        "max_tokens": 7,
        "tokens_per_fill": 5,
        "fill_interval": "1.000s",
    }


def test_trap_who_is_limited_comes_from_the_grant_that_let_the_call_in(tmp_path: Path) -> None:
    tree = integration_limits_filter(place(tmp_path), live=False, limits={"shop-to-orders": FIVE})
    (action,) = tree["typed_config"]["rate_limits"][0]["actions"]
    assert action["metadata"]["metadata_key"]["key"] == "envoy.filters.http.rbac"
    assert "jwt_claim" not in keys_in(tree)


def test_one_budget_for_all_operations_of_an_integration() -> None:
    plan = make_plan(
        make_route("a", path="/a", grants=[make_grant(operation="a", limit=FIVE)]),
        make_route("b", path="/b", grants=[make_grant(operation="b", limit=FIVE)]),
        make_route("c", path="/c", grants=[make_grant("web", "c")]),
    )
    assert integration_limits(plan) == {"shop-to-orders": FIVE}


def test_an_operation_has_a_limiter_of_its_own_where_a_contract_says_so() -> None:
    assert operation_limits(make_route(grants=[make_grant(limit=FIVE)])) is None
    tree = operation_limits(make_route(grants=[replace(make_grant(limit=FIVE), operation_limit=SLOW)]))
    assert tree is not None
    assert tree["descriptors"][0]["token_bucket"]["fill_interval"] == "60.000s"


def test_the_same_limits_are_the_same_file() -> None:
    first, second = limits_file({"b": FIVE, "a": SLOW}, 1), limits_file({"a": SLOW, "b": FIVE}, 1)
    assert first == second
    assert json.loads(first)["version_info"] != json.loads(limits_file({"a": SLOW}, 1))["version_info"]


@pytest.mark.parametrize(
    ("gateways", "expected"),
    [
        (1, FIVE),
        (2, Limit(tokens=5, interval_ms=2000, burst=3)),
        (10, Limit(tokens=5, interval_ms=10_000, burst=1)),
    ],
)
def test_several_gateways_share_a_limit(gateways: int, expected: Limit) -> None:
    assert shared_among(FIVE, gateways) == expected


def test_a_caller_is_told_when_the_slowest_bucket_has_room() -> None:
    assert retry_after(make_route(grants=[make_grant()])) == 0
    assert retry_after(make_route(grants=[make_grant(limit=FIVE)])) == 1
    assert retry_after(make_route(grants=[replace(make_grant(limit=FIVE), operation_limit=SLOW)])) == 60


def test_only_operations_under_a_quota_look_at_quotas() -> None:
    assert looks_at_quotas(make_route(grants=[make_grant()])) is None
    assert looks_at_quotas(make_route(grants=[replace(make_grant(), daily_quota=5)])) is not None


def test_nothing_but_names_gets_into_the_script_of_quotas() -> None:
    text = quota_file({"shop-to-orders": 1_795_564_800, '"]=1} os.exit() --': 5}).decode()
    assert r"[\"shop-to-orders\"]=1795564800" in text
    assert "os.exit" not in text
