"""Listeners, bootstrap and answers of Envoy's own: hygiene that is opt-in is opted into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from easement.contract.codes import CATALOGUE
from easement.gateway.lua_source import lua_source
from easement.gateway.place import GatewayPlace
from easement.gateway.refusals import REFUSALS
from easement.gateway.render_clusters import clusters
from easement.gateway.rendering import Rendering, bootstrap, render
from easement.keys.jose import generate_signing_key, sign_jwt
from easement.testing.plans import make_plan, make_route, make_upstream

PLACE = GatewayPlace(
    folder=Path("/srv/gateway"), certificates=Path("/srv/certificates"), host="0.0.0.0", port=8443, control_port=9443,
    console_port=8080, decider_port=8081, admin_port=9901, issuer="https://easement.example:9443",
)  # fmt: skip


@pytest.fixture(scope="module")
def rendering() -> Rendering:
    plan = make_plan(make_route(), upstreams=[make_upstream(8000)])
    return render(plan, plan_hash="0" * 64, jwks={"keys": []}, place=PLACE)


def manager(rendering: Rendering, number: int = 0) -> dict[str, Any]:
    return rendering.listeners[number]["filter_chains"][0]["filters"][0]["typed_config"]


@pytest.mark.parametrize("number", [0, 1])
def test_trap_path_hygiene_is_set_on_every_listener(rendering: Rendering, number: int):
    tree = manager(rendering, number)
    assert tree["normalize_path"] is True
    assert tree["merge_slashes"] is True
    assert tree["path_with_escaped_slashes_action"] == "REJECT_REQUEST"
    assert tree["common_http_protocol_options"]["headers_with_underscores_action"] == "REJECT_REQUEST"


def test_trap_filters_stand_in_the_order_of_policy(rendering: Rendering):
    names = [entry["name"].rpartition(".")[2] for entry in manager(rendering)["http_filters"]]
    assert names == [
        "jwt_authn", "revoked", "keys", "rbac", "quotas", "local_ratelimit", "limits", "buffer", "lua", "ext_authz",
        "inspection", "router",
    ]  # fmt: skip


def test_grants_cannot_be_switched_off_by_a_route_that_says_nothing(rendering: Rendering):
    rbac = manager(rendering)["http_filters"][3]
    assert "disabled" not in rbac
    assert rbac["typed_config"]["rules"] == {"action": "ALLOW", "policies": {}}


def test_tokens_are_asked_for_on_every_path_and_read_from_the_header_alone(rendering: Rendering):
    tokens = manager(rendering)["http_filters"][0]["typed_config"]
    assert tokens["rules"][-1] == {"match": {"prefix": "/"}, "requires": {"provider_name": "other-token"}}
    for provider in tokens["providers"].values():
        assert provider["from_headers"] == [{"name": "authorization", "value_prefix": "Bearer "}]
        assert provider["forward"] is False
        assert provider["require_expiration"] is True


def test_claims_that_grants_read_are_those_of_tokens_that_begin_as_access_tokens_of_a_live_key():
    first, second = generate_signing_key(), generate_signing_key()
    plan = make_plan(make_route(), upstreams=[make_upstream(8000)])
    keys = {"keys": [first.public_jwk(), second.public_jwk()]}
    tokens = manager(render(plan, plan_hash="0" * 64, jwks=keys, place=PLACE))["http_filters"][0]["typed_config"]
    by_key, *known, rest = tokens["rules"]
    assert "requires" not in by_key
    starts = [rule["match"]["headers"][0]["string_match"]["prefix"] for rule in known]
    for key, start in zip((first, second), starts, strict=True):
        assert f"Bearer {sign_jwt({}, key, type='at+jwt')}".startswith(start)
        assert not f"Bearer {sign_jwt({}, key, type='JWT')}".startswith(start)
        assert start.endswith(".")
    assert {rule["requires"]["provider_name"] for rule in known} == {"access-token"}
    assert rest["requires"] == {"provider_name": "other-token"}
    named = {name: provider["payload_in_metadata"] for name, provider in tokens["providers"].items()}
    assert named == {"access-token": "jwt", "other-token": "other"}


def test_trap_the_decider_fails_closed(rendering: Rendering):
    decider = manager(rendering)["http_filters"][9]["typed_config"]
    assert decider["failure_mode_allow"] is False
    assert decider["with_request_body"]["allow_partial_message"] is False
    assert decider["status_on_error"] == {"code": "ServiceUnavailable"}


def test_no_caller_is_internal(rendering: Rendering):
    assert manager(rendering)["internal_address_config"]["cidr_ranges"] == [
        {"address_prefix": "255.255.255.255", "prefix_len": 32}
    ]


def test_only_tls_from_1_2_on(rendering: Rendering):
    context = rendering.listeners[0]["filter_chains"][0]["transport_socket"]["typed_config"]["common_tls_context"]
    assert context["tls_params"]["tls_minimum_protocol_version"] == "TLSv1_2"


def test_administration_listens_on_loopback_whatever_the_host():
    assert bootstrap(PLACE)["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"


def test_the_control_listener_may_be_left_out():
    from dataclasses import replace

    place = replace(PLACE, control_port=0)
    rendered = render(make_plan(), plan_hash="0" * 64, jwks={"keys": []}, place=place)
    assert [listener["name"] for listener in rendered.listeners] == ["data"]


def test_targets_are_verified_by_name():
    upstream = make_upstream(443, host="orders.example", tls=True, server_name="orders.example", ca="internal")
    tree = clusters(make_plan(upstreams=[upstream]), PLACE)[-1]
    context = tree["transport_socket"]["typed_config"]
    validation = context["common_tls_context"]["validation_context"]
    assert context["sni"] == "orders.example"
    assert validation["trusted_ca"] == {"filename": "/srv/certificates/ca.pem"}
    assert validation["match_typed_subject_alt_names"] == [{"san_type": "DNS", "matcher": {"exact": "orders.example"}}]


def test_equal_plans_give_equal_files(rendering: Rendering):
    plan = make_plan(make_route(), upstreams=[make_upstream(8000)])
    again = render(plan, plan_hash="0" * 64, jwks={"keys": []}, place=PLACE)
    assert again.live_files() == rendering.live_files()


def test_files_name_their_content_and_come_in_an_order_without_dangling_routes(rendering: Rendering):
    files = rendering.live_files()
    assert list(files) == ["sds.json", "cds.json", "limits.json", "rds.json", "lds.json"]
    assert len({json.loads(data)["version_info"] for data in files.values()}) == 5


def test_every_code_of_a_refusal_is_explained():
    assert {refusal.code for refusal in REFUSALS} <= set(CATALOGUE)


def test_every_code_of_the_contract_runtime_is_explained():
    import re

    codes = set(re.findall(r"EAS-\d{4}", lua_source("contract_runtime")))
    assert codes
    assert codes <= set(CATALOGUE)
