"""Estate to plan, held against files. ``pytest tests/golden --update-golden`` rewrites them: the diff is the review."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.contract.kinds import Integration
from easement.contract.loader import load
from easement.estate.assemble import assemble
from easement.estate.model import Estate, LifecycleState, Registration
from easement.plan.codec import decode_plan, encode_plan, plan_hash
from easement.plan.compile import compile_plan
from easement.plan.model import Condition, Notice, Plan

HERE = Path(__file__).parent
TODAY = date(2026, 11, 23)
CASES = sorted(path.stem for path in (HERE / "cases").glob("*.yaml"))
BASE = {path.name: path.read_bytes() for path in (HERE / "estate").iterdir()}
REQUEST = {
    "source": "shop", "target": "orders", "interface": {"name": "orders-api", "version": "^1.0"},
    "operations": ["getOrder"], "fields": ["id"], "purpose": "test",
}  # fmt: skip
EVENT = {
    "source": "orders", "target": "desk", "interface": {"name": "orders-events", "version": "^2.0"},
    "pattern": "event", "channels": ["placed"], "fields": ["orderId"], "purpose": "test",
}  # fmt: skip


def estate_of(files: Mapping[str, bytes], *, state: LifecycleState = LifecycleState.LIVE) -> Estate:
    """The base estate with ``files``; every integration registered in ``state`` under a revision that is stable."""
    bundle = load({**BASE, **files})
    assert bundle.problems == ()
    names = sorted(d.document.metadata.name for d in bundle.documents if isinstance(d.document, Integration))
    registrations = {
        name: Registration(id=f"INT-{number:04}", revision=f"{number:064}", state=state)
        for number, name in enumerate(names, 1)
    }
    estate, _problems = assemble(bundle, registrations)
    return estate


def contract(spec: Mapping[str, object]) -> dict[str, bytes]:
    document = {"apiVersion": "easement/v1", "kind": "Integration", "metadata": {"name": "one"}, "spec": spec}
    return {"one.json": json.dumps(document).encode()}


def last_condition(plan: Plan) -> Condition:
    (status,) = plan.statuses
    return status.conditions[-1]


def is_empty(plan: Plan) -> bool:
    return not (plan.accounts or plan.upstreams or plan.routes or plan.channels or plan.deliveries)


@pytest.mark.parametrize("case", CASES)
def test_plan_is_what_it_was(case: str, golden) -> None:
    estate = estate_of({f"{case}.yaml": (HERE / "cases" / f"{case}.yaml").read_bytes()})
    encoded = encode_plan(compile_plan(estate, environment="production", today=TODAY))
    assert encode_plan(decode_plan(encoded)) == encoded
    golden(HERE / "cases" / f"{case}.plan.json", json.dumps(json.loads(encoded), indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        pytest.param(REQUEST | {"pattern": "file", "operations": []}, "PatternNotEnforced", id="file"),
        pytest.param(REQUEST | {"consent": {"scope": "x"}}, "ConsentNotEnforced", id="consent-request"),
        pytest.param(EVENT | {"consent": {"scope": "x"}}, "ConsentNotEnforced", id="consent-event"),
        pytest.param(REQUEST | {"access": "resource.region =="}, "AccessNotEnforced", id="no-condition"),
        pytest.param(REQUEST | {"access": "resource.a.matches('x')"}, "AccessNotEnforced", id="beyond-the-subset"),
        pytest.param(REQUEST | {"access": "request.query.x == 'eu'"}, "AccessNotEnforced", id="undeclared-query"),
        pytest.param(REQUEST | {"access": "request.headers.x == 'eu'"}, "AccessNotEnforced", id="undeclared-header"),
        pytest.param(REQUEST | {"access": "request.body.x == 'eu'"}, "AccessNotEnforced", id="no-body"),
        pytest.param(
            REQUEST | {"sla": {"throughput": {"operations": {"dropOrders": {"limit": "1/s"}}}}},
            "LimitNotEnforced",
            id="limit-of-an-operation-that-is-not-used",
        ),
        pytest.param(EVENT | {"sla": {"throughput": {"dailyQuota": 5}}}, "LimitNotEnforced", id="quota-of-events"),
        pytest.param(REQUEST | {"resourceAt": "items"}, "AccessNotEnforced", id="place-without-condition"),
        pytest.param(EVENT | {"access": "principal.region == 'eu'"}, "AccessNotEnforced", id="access-event"),
        pytest.param(REQUEST | {"security": {"authentication": "mtls"}}, "AuthenticationNotEnforced", id="mtls"),
        pytest.param(EVENT | {"security": {"authentication": "oauth2+mtls"}}, "AuthenticationNotEnforced", id="bound"),
        pytest.param(EVENT | {"security": {"authentication": "api-key"}}, "AuthenticationNotEnforced", id="key-event"),
        pytest.param(
            REQUEST | {"security": {"authentication": "api-key"}, "access": "principal.region == 'eu'"},
            "AccessNotEnforced",
            id="key-with-condition",
        ),
        pytest.param(REQUEST | {"security": {"encryption": "payload"}}, "EncryptionNotEnforced", id="sealed-request"),
        pytest.param(EVENT | {"security": {"encryption": "payload"}}, "EncryptionKeyMissing", id="sealed-without-key"),
        pytest.param(
            REQUEST | {"interface": {"name": "orders-api", "version": "^2.0"}}, "ReferenceMissing", id="range"
        ),
        pytest.param(
            REQUEST | {"interface": {"name": "nothing", "version": "^2.0"}}, "ReferenceMissing", id="dangling"
        ),
        pytest.param(REQUEST | {"operations": ["dropOrders"]}, "ReferenceMissing", id="operation"),
        pytest.param(EVENT | {"channels": ["shipped"]}, "ReferenceMissing", id="channel"),
        pytest.param(REQUEST | {"source": "nobody"}, "ReferenceMissing", id="source"),
    ],
)
def test_what_cannot_be_enforced_whole_does_not_flow_and_says_why(spec: Mapping[str, object], reason: str) -> None:
    plan = compile_plan(estate_of(contract(spec)), environment="production", today=TODAY)
    condition = last_condition(plan)
    assert (condition.status, condition.reason) == (False, reason)
    assert condition.message
    assert is_empty(plan)


def test_good_twin_of_the_refused_flows() -> None:
    for spec in (REQUEST, EVENT):
        plan = compile_plan(estate_of(contract(spec)), environment="production", today=TODAY)
        assert last_condition(plan).reason == "Enforced"
        assert not is_empty(plan)


@pytest.mark.parametrize("state", [LifecycleState.DESIGN, LifecycleState.BUILD, LifecycleState.RETIRED])
def test_only_live_and_deprecated_flow(state: LifecycleState) -> None:
    plan = compile_plan(estate_of(contract(REQUEST), state=state), environment="production", today=TODAY)
    assert last_condition(plan).reason == "NotLive"
    assert is_empty(plan)
    deprecated = estate_of(contract(REQUEST), state=LifecycleState.DEPRECATED)
    assert compile_plan(deprecated, environment="production", today=TODAY).routes


def test_unregistered_contract_does_not_flow() -> None:
    estate, _ = assemble(load({**BASE, **contract(REQUEST)}))
    plan = compile_plan(estate, environment="production", today=TODAY)
    assert last_condition(plan).reason == "NotRegistered"
    assert is_empty(plan)


def test_plain_http_flows_in_development_only() -> None:
    http = {"systems.yaml": BASE["systems.yaml"].replace(b"https://orders.example:8443/base", b"http://orders.example")}
    estate = estate_of({**http, **contract(REQUEST)})
    refused = compile_plan(estate, environment="production", today=TODAY)
    assert "plain http" in last_condition(refused).message
    assert is_empty(refused)
    assert compile_plan(estate, environment="development", today=TODAY).routes


def test_flow_stops_with_the_agreement_it_stands_on() -> None:
    estate = estate_of(contract(EVENT | {"target": "warehouse"}))
    assert compile_plan(estate, environment="production", today=date(2026, 12, 31)).deliveries
    lapsed = compile_plan(estate, environment="production", today=date(2027, 1, 1))
    assert last_condition(lapsed).reason == "AgreementNotInForce"
    assert is_empty(lapsed)


def test_expired_agreement_with_others_stops_nothing_inside_the_house() -> None:
    estate = estate_of(contract(REQUEST))
    assert compile_plan(estate, environment="production", today=date(2030, 1, 1)).routes


@given(st.permutations(sorted(BASE | {f"{c}.yaml": (HERE / "cases" / f"{c}.yaml").read_bytes() for c in CASES[:3]})))
def test_plan_does_not_depend_on_the_order_of_files(order: list[str]) -> None:
    everything = BASE | {f"{c}.yaml": (HERE / "cases" / f"{c}.yaml").read_bytes() for c in CASES[:3]}
    bundle = load({name: everything[name] for name in order})
    registrations = {
        loaded.document.metadata.name: Registration(id="INT-0001", revision="0" * 64, state=LifecycleState.LIVE)
        for loaded in bundle.documents
        if isinstance(loaded.document, Integration)
    }
    estate, _ = assemble(bundle, registrations)
    assert plan_hash(encode_plan(compile_plan(estate, environment="production", today=TODAY))) == _first_hash(
        everything
    )


_HASHES: dict[str, str] = {}


def _first_hash(files: Mapping[str, bytes]) -> str:
    if "all" not in _HASHES:
        bundle = load(files)
        registrations = {
            loaded.document.metadata.name: Registration(id="INT-0001", revision="0" * 64, state=LifecycleState.LIVE)
            for loaded in bundle.documents
            if isinstance(loaded.document, Integration)
        }
        estate, _ = assemble(bundle, registrations)
        _HASHES["all"] = plan_hash(encode_plan(compile_plan(estate, environment="production", today=TODAY)))
    return _HASHES["all"]


TWO_MAJORS = {"two.yaml": (HERE / "cases" / "two-majors-side-by-side.yaml").read_bytes()}


def notice(key: str, *, gone: bool) -> Notice:
    since = datetime(2026, 3, 1, tzinfo=UTC)
    until = datetime(2026, 9, 1, tzinfo=UTC)
    return Notice(interface=key, deprecated=since, sunset=until, successor="", link="", gone=gone)


def test_a_deprecated_version_is_served_like_before_with_its_notice() -> None:
    estate = estate_of(TWO_MAJORS)
    told = notice("orders-api@1", gone=False)
    before = compile_plan(estate, environment="production", today=TODAY)
    after = compile_plan(estate, environment="production", today=TODAY, notices=[told])
    assert replace(after, notices=()) == before
    assert after.notices == (told,)
    assert decode_plan(encode_plan(after)) == after


def test_of_a_version_that_is_gone_nothing_is_forwarded_and_its_clients_can_still_learn_so() -> None:
    estate = estate_of(TWO_MAJORS)
    plan = compile_plan(estate, environment="production", today=TODAY, notices=[notice("orders-api@1", gone=True)])
    assert {route.interface_key for route in plan.routes} == {"orders-api@2"}
    ended, serving = plan.statuses
    assert (ended.integration, ended.conditions[-1].reason) == ("shop-reads", "InterfaceGone")
    assert serving.conditions[-1].status
    only_old = {name: text.split(b"---\n")[1] for name, text in TWO_MAJORS.items()}
    alone = compile_plan(
        estate_of(only_old), environment="production", today=TODAY, notices=[notice("orders-api@1", gone=True)]
    )
    assert (alone.routes, alone.upstreams) == ((), ())
    assert [account.client_id for account in alone.accounts] == ["shop"]


def test_a_channel_of_a_version_that_is_gone_takes_nothing_new_and_delivers_what_it_took() -> None:
    estate = estate_of(contract(EVENT))
    before = compile_plan(estate, environment="production", today=TODAY)
    after = compile_plan(estate, environment="production", today=TODAY, notices=[notice("orders-events@2", gone=True)])
    assert [channel.publishers for channel in after.channels] == [()]
    assert after.deliveries == before.deliveries
    assert after.accounts == before.accounts
    assert last_condition(after).reason == "InterfaceGone"
