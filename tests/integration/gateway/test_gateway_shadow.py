"""The shadow notices what ``envoy --mode validate`` does not: rules that Envoy accepts and does not enforce."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from easement.gateway import render_grants, render_routes
from easement.gateway.envoy_process import EnvoyError, find_envoy, validate
from easement.gateway.place import GatewayPlace
from easement.gateway.shadow import ShadowError, probe
from easement.plan.model import Account, Limit, Plan
from easement.testing.gateways import ISSUER, free_port
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream

BODY = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "pattern": "^a$"}}}


@pytest.fixture
def place(tmp_path: Path) -> GatewayPlace:
    return GatewayPlace(
        folder=tmp_path, certificates=tmp_path, host="127.0.0.1", port=free_port(), control_port=free_port(),
        console_port=1, decider_port=1, admin_port=free_port(), issuer=ISSUER,
    )  # fmt: skip


def estate() -> Plan:
    limit = Limit(tokens=1, interval_ms=60_000, burst=1)
    plan = make_plan(
        make_route(grants=[make_grant(), make_grant("web")]),
        make_route("make", method="POST", path="/orders", body=BODY, grants=[make_grant(operation="make")]),
        make_route("slow", path="/slow", grants=[make_grant(operation="slow", limit=limit)]),
        make_route(
            "region",
            path="/r/{region}",
            grants=[make_grant(operation="region", access="request.path.region == principal.region")],
        ),
        make_route("nobody", path="/nobody"),
        upstreams=[make_upstream(1)],
    )
    accounts = tuple(replace(account, attributes={"region": "eu"}) for account in plan.accounts)
    assert all(isinstance(account, Account) for account in accounts)
    return replace(plan, accounts=accounts)


@pytest.mark.asyncio
async def test_a_sound_rendering_passes(place: GatewayPlace):
    assert await probe(estate(), "0" * 64, place, find_envoy()) > 20


def ignored_condition(tree: dict[str, Any]) -> dict[str, Any]:
    for policy in tree["rules"]["policies"].values():
        if "condition" in policy:
            policy["checked_condition"] = {"expr": policy.pop("condition")}
            policy.pop("cel_config")
    return tree


def anybody(tree: dict[str, Any]) -> dict[str, Any]:
    for policy in tree["rules"]["policies"].values():
        policy["principals"] = [{"any": True}]
    return tree


def without_scope(tree: dict[str, Any]) -> dict[str, Any]:
    for policy in tree["rules"]["policies"].values():
        ids = policy["principals"][0]["and_ids"]["ids"]
        policy["principals"][0]["and_ids"]["ids"] = [part for part in ids if '"scope"' not in json.dumps(part)]
    return tree


def nobody(tree: dict[str, Any]) -> dict[str, Any]:
    tree["rules"]["policies"] = {}
    return tree


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (ignored_condition, "must be refused"),
        (anybody, "a stranger: must be refused"),
        (without_scope, "without scope: must be refused"),
        (nobody, "as granted: must be let through"),
    ],
)
async def test_trap_a_rule_that_is_accepted_and_not_enforced_is_found(
    place: GatewayPlace, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[dict[str, Any]], dict[str, Any]], fault: str
):
    monkeypatch.setattr(render_routes, "grants_filter", lambda route: spoil(render_grants.grants_filter(route)))
    with pytest.raises(ShadowError, match=f"EAS-5902: .*{fault}"):
        await probe(estate(), "0" * 64, place, find_envoy())


@pytest.mark.asyncio
async def test_what_envoy_does_not_accept_is_refused_in_its_own_words(place: GatewayPlace):
    config = place.folder / "broken.json"
    config.write_text('{"static_resources": {"listeners": [{"nonsense": 1}]}}')
    with pytest.raises(EnvoyError, match="EAS-5902: Envoy does not accept the configuration"):
        await validate(find_envoy(), config)
