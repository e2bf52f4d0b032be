"""A probe finds what is missing: each control is taken out of the copy in turn, and the case that is about it fails.

A probe that says "held" whatever the gateway does would be worse than none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from easement.gateway import render_probe, render_routes
from easement.gateway.control_probe import ControlProbe
from easement.gateway.envoy_admin import EnvoyAdmin
from easement.gateway.envoy_process import EnvoyProcess, find_envoy
from easement.gateway.envoy_types import LUA, RBAC, Tree
from easement.gateway.files import LiveFiles
from easement.gateway.place import GatewayPlace
from easement.gateway.probe_identity import ProbeIdentity
from easement.gateway.probe_report import THE_GATEWAY, Outcome
from easement.gateway.render_api_keys import KEYS, key_file
from easement.gateway.render_quotas import QUOTAS, quota_file
from easement.gateway.render_revocations import REVOCATIONS, revocation_file
from easement.gateway.rendering import bootstrap, render
from easement.keys.jose import generate_signing_key
from easement.plan.model import Limit, Plan
from easement.store.api_key_hashes import NO_KEYS
from easement.store.revocations import NOTHING_REVOKED
from easement.testing.gateways import ISSUER, free_port
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream

JSON: Final = ("application/json",)
NEW: Final = {
    "type": "object", "required": ["item"], "additionalProperties": False,
    "properties": {"item": {"type": "string", "minLength": 3}},
}  # fmt: skip
LIMIT: Final = Limit(tokens=5, interval_ms=60_000, burst=5)
SEEN: Final = {"id": "value"}


def plan_to_probe(port: int) -> Plan:
    own = "request.path.client == principal.client_id"
    granted = make_grant("shop", "make", projection=SEEN, limit=LIMIT)
    return make_plan(
        make_route("make", method="POST", path="/orders", body=NEW, grants=[granted], answer_types=JSON),
        make_route(
            "own", path="/own/{client}", answer_types=JSON,
            grants=[make_grant("shop", "own", projection=SEEN, access=own)],
        ),
        make_route(
            "hidden", path="/hidden", answer_types=JSON,
            grants=[make_grant("shop", "hidden", projection=SEEN, access="resource.owner == principal.client_id")],
        ),
        make_route("admin", method="DELETE", path="/orders", answer_types=JSON),
        upstreams=[make_upstream(port)],
    )  # fmt: skip


@asynccontextmanager
async def probing(folder: Path) -> AsyncIterator[ControlProbe]:
    """A running Envoy under the plan, and a probe of it."""
    place = GatewayPlace(
        folder=folder, certificates=folder, host="127.0.0.1", port=free_port(), control_port=0, console_port=1,
        decider_port=1, admin_port=free_port(), issuer=ISSUER, tls=False,
    )  # fmt: skip
    plan, jwks = plan_to_probe(free_port()), {"keys": [generate_signing_key().public_jwk()]}
    live, admin = LiveFiles(place.live), EnvoyAdmin(place.admin_port)
    (place.live / KEYS).write_bytes(key_file(NO_KEYS))
    (place.live / QUOTAS).write_bytes(quota_file({}))
    (place.live / REVOCATIONS).write_bytes(revocation_file(NOTHING_REVOKED))
    live.place(render(plan, plan_hash="0" * 64, jwks=jwks, place=place))
    config = folder / "bootstrap.json"
    config.write_text(json.dumps(bootstrap(place)))
    process = EnvoyProcess(binary=find_envoy(), config=config, log=folder / "envoy.log")
    await process.start()
    try:
        assert await admin.wait_ready(30)
        yield ControlProbe(
            plan=plan, plan_hash="0" * 64, jwks=jwks, place=place, live=live, admin=admin, is_in_force=lambda: True
        )
    finally:
        await process.stop()


def outcomes(folder: Path, wanted: frozenset[str] = frozenset()) -> dict[tuple[str, str], Outcome]:
    async def probed() -> Mapping[str, Any]:
        async with probing(folder) as probe:
            before = probe.live.folder.joinpath("lds.json").read_bytes()
            results = await probe.run(wanted)
            assert probe.live.folder.joinpath("lds.json").read_bytes() == before
            return results

    results = asyncio.run(probed())
    return {(one.operation, one.case): one.outcome for name in results for one in results[name] if name != THE_GATEWAY}


def failed(found: Mapping[tuple[str, str], Outcome]) -> set[tuple[str, str]]:
    return {case for case, outcome in found.items() if outcome is Outcome.FAILED}


def test_everything_holds_at_a_gateway_that_enforces_its_plan(tmp_path: Path) -> None:
    found = outcomes(tmp_path)
    assert failed(found) == set()
    left = {place for place, outcome in found.items() if outcome is Outcome.NOT_TRIED}
    assert {operation for operation, _ in left} == {"hidden"}, "what its condition hides cannot be tried as seen"
    assert found["own", "other-object"] is Outcome.HELD
    assert found["make", "over-limit"] is Outcome.HELD
    assert found["hidden", "hidden-object"] is Outcome.HELD
    assert found["make", "other-operation"] is Outcome.HELD


def without_filter(name: str) -> Callable[[Any], Any]:
    """The routes of the copy with one filter's part taken out."""

    def taken(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {key: taken(value) for key, value in tree.items() if key != name}
        return [taken(item) for item in tree] if isinstance(tree, list) else tree

    return taken


def let_all_in(tree: Any) -> Any:
    """Each route's grants replaced by none that are asked for."""
    if isinstance(tree, dict):
        if RBAC in tree:
            tree = {**tree, RBAC: {**render_routes.anybody()}}
        return {key: let_all_in(value) for key, value in tree.items()}
    return [let_all_in(item) for item in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize(
    ("sabotage", "found_by"),
    [
        (let_all_in, {("make", case) for case in ("stranger", "foreign-audience", "no-scope")}),
        (let_all_in, {("own", "other-object")}),
        (without_filter(LUA), {("make", "undeclared-property"), ("make", "undeclared-field")}),
    ],
)  # fmt: skip
def test_a_control_that_is_missing_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sabotage: Callable[[Any], Any], found_by: set[tuple[str, str]]
) -> None:
    real = render_probe.route_configuration
    monkeypatch.setattr(render_probe, "route_configuration", lambda plan, digest: sabotage(real(plan, digest)))
    assert failed(outcomes(tmp_path)) >= found_by


def test_limits_that_do_not_count_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_probe, "integration_limits", lambda _: {})
    assert failed(outcomes(tmp_path)) >= {("make", "over-limit"), ("make", "flow-rate")}


def test_a_token_key_that_anybody_has_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verification of signatures taken out: the copy trusts the key of the foreigner, too."""

    class Shared(ProbeIdentity):
        def __post_init__(self) -> None:
            super().__post_init__()
            self._foreign = self.trusted

    monkeypatch.setattr("easement.gateway.control_probe.ProbeIdentity", Shared)
    assert ("make", "foreign-key") in failed(outcomes(tmp_path))


def test_a_condition_that_does_not_decide_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = render_probe.route_configuration

    def unconditional(plan: Plan, digest: str) -> Tree:
        routes = (
            replace(route, grants=tuple(replace(grant, access="") for grant in route.grants)) for route in plan.routes
        )
        return real(replace(plan, routes=tuple(routes)), digest)

    monkeypatch.setattr(render_probe, "route_configuration", unconditional)
    assert failed(outcomes(tmp_path)) == {("own", "other-object"), ("hidden", "hidden-object")}


def test_only_what_is_asked_for_is_tried(tmp_path: Path) -> None:
    assert outcomes(tmp_path, frozenset({"another"})) == {}
