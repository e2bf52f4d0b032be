"""What is said of a control is what is compiled, and each piece of evidence exists."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

from easement.cli.explain_access_report import access_json, access_markdown, access_text
from easement.contract.codes import CATALOGUE
from easement.contract.kinds import Integration
from easement.contract.loader import load
from easement.estate.assemble import assemble
from easement.estate.model import LifecycleState, Registration
from easement.governance.access.explain import UnknownIntegrationError, explain_access
from easement.governance.access.model import LAYER_OF, AccessPath, Aspect, Control, Evidence, Layer
from easement.governance.access.owasp import RISKS, Answer, owasp_outline
from easement.governance.access.rendered import read_listener
from easement.ledger.record import Record
from easement.monitoring.metrics import exposition
from easement.plan.compile import compile_plan
from easement.plan.model import ConditionType, CostClass, Inspection, InspectionExclusion, Limit, Notice, Plan

ROOT = Path(__file__).parents[3]
ESTATE = ROOT / "examples" / "meridian" / "estate"
READS, PLACES, PRESCRIBES = "storefront-reads-orders", "storefront-places-orders", "clinic-prescribes"
PLAIN_FILTERS = {
    "easement.revoked",
    "easement.keys",
    "easement.limits",
    "easement.quotas",
    "envoy.filters.http.jwt_authn",
    "envoy.filters.http.local_ratelimit",
    "envoy.filters.http.rbac",
    "envoy.filters.http.buffer",
    "envoy.filters.http.lua",
    "envoy.filters.http.ext_authz",
    "easement.inspection",
    "envoy.filters.http.router",
}


@cache
def meridian_plan(environment: str = "production", *, gone: str = "") -> Plan:
    bundle = load({path.relative_to(ESTATE).as_posix(): path.read_bytes() for path in ESTATE.rglob("*.yaml")})
    names = sorted(one.document.metadata.name for one in bundle.documents if isinstance(one.document, Integration))
    registrations = {
        name: Registration(id=f"INT-{number:04}", revision=f"{number:064}", state=LifecycleState.LIVE)
        for number, name in enumerate(names, 1)
    }
    estate, _problems = assemble(bundle, registrations)
    ended = datetime(2026, 1, 1, tzinfo=UTC)
    notices = [Notice(interface=gone, deprecated=ended, sunset=ended, successor="", link="", gone=True)] if gone else []
    return compile_plan(estate, environment=environment, today=date(2026, 11, 23), notices=notices)


def control(path: AccessPath, aspect: Aspect, way: int = 0) -> Control:
    return next(one for one in path.ways[way].controls if one.aspect is aspect)


def every_path() -> list[AccessPath]:
    plan = meridian_plan()
    return [explain_access(plan, status.integration) for status in plan.statuses]


def every_evidence() -> list[Evidence]:
    found = {one for path in every_path() for way in path.ways for each in way.controls for one in each.evidence}
    return sorted(found, key=str)


def test_every_way_tells_its_layers_from_the_outside_to_the_inside() -> None:
    order = list(Layer)
    for path in every_path():
        assert path.ways, path.integration
        for way in path.ways:
            layers = [order.index(one.layer) for one in way.controls]
            assert layers == sorted(layers), (path.integration, way.name)
            assert set(layers) == set(range(len(order)))


def test_every_control_has_a_setting_and_a_place_and_every_gap_a_reason() -> None:
    for path in every_path():
        for one in (one for way in path.ways for one in way.controls):
            assert one.setting, one.aspect
            assert bool(one.where) is one.is_compiled, one.aspect
            assert one.told.startswith("none: ") is not one.is_compiled


def test_every_aspect_has_a_layer() -> None:
    assert LAYER_OF.keys() == set(Aspect)


@pytest.mark.parametrize("evidence", every_evidence(), ids=str)
def test_every_piece_of_evidence_exists(evidence: Evidence) -> None:
    name, _, value = evidence.name.partition("=")
    if evidence.kind == "test":
        file, _, function = evidence.name.partition("::")
        assert re.search(rf"def {function}\(", (ROOT / file).read_text())
    elif evidence.kind == "condition":
        assert evidence.name in set(ConditionType)
    elif evidence.kind == "metric":
        assert evidence.name in exposition(ROOT / "nowhere", datetime(2026, 1, 1, tzinfo=UTC)).decode()
    elif name.startswith("detail."):
        assert f'"{name.removeprefix("detail.")}"' in (ROOT / "src/easement/gateway/log_line.py").read_text()
    else:
        assert name in {one.name for one in fields(Record)}
        broker = "".join(path.read_text() for path in (ROOT / "src/easement/broker").glob("*.py"))
        steps = (ROOT / "src/easement/ledger/record.py").read_text()
        assert value in CATALOGUE or f'"{value}"' in broker or f'"{value}"' in steps


def test_an_inspected_call_says_so_and_one_that_is_not_says_that() -> None:
    plan = meridian_plan()
    assert not control(explain_access(plan, READS), Aspect.FIREWALL).is_compiled
    inspection = Inspection(mode="block", paranoia=2, exclusions=(InspectionExclusion(rule=942100),))
    routes = tuple(
        replace(route, grants=tuple(replace(grant, inspection=inspection) for grant in route.grants))
        for route in plan.routes
    )
    told = control(explain_access(replace(plan, routes=routes), READS), Aspect.FIREWALL)
    assert told.is_compiled
    assert "paranoia 2, 1 exclusion; what is found is refused" in told.setting


def test_the_chain_of_filters_is_the_one_that_is_explained() -> None:
    # A filter that is added (a firewall, revocations) makes something here untrue that is said of every request.
    assert set(read_listener().filters) == PLAIN_FILTERS


def test_a_plain_target_is_told_as_no_control() -> None:
    inside = control(explain_access(meridian_plan("development"), READS), Aspect.TARGET)
    assert not inside.is_compiled
    assert "plain http" in inside.setting
    outside = control(explain_access(meridian_plan(), READS), Aspect.TARGET)
    assert outside.is_compiled
    assert "orders.meridian.example" in outside.setting


def test_an_operation_without_body_answers_natively_is_told() -> None:
    plan = meridian_plan()
    (route,) = [one for one in plan.routes if one.operation == "getOrder"]
    bare = replace(route, cost=CostClass.NATIVE, answer_types=())
    path = explain_access(replace(plan, routes=(bare,)), READS)
    assert path.ways[0].title.endswith("cost class native")
    assert control(path, Aspect.BODY).setting == "no body is taken"


def test_every_limit_of_a_contract_is_told() -> None:
    plan = meridian_plan()
    (route,) = [one for one in plan.routes if one.operation == "placeOrder"]
    own = Limit(tokens=2, interval_ms=60_000, burst=3)
    limited = replace(route, grants=(replace(route.grants[0], operation_limit=own, daily_quota=12_000),))
    told = control(explain_access(replace(plan, routes=(limited,)), PLACES), Aspect.RATE).setting
    assert told.endswith("2 in 1min, bursts of 3 for this operation; 12,000 calls a day (UTC) over all gateways")
    assert "over all operations of the contract; " in told


def test_a_missing_limit_is_told() -> None:
    plan = meridian_plan()
    (route,) = [one for one in plan.routes if one.operation == "placeOrder"]
    unlimited = replace(route, grants=(replace(route.grants[0], limit=None),))
    path = explain_access(replace(plan, routes=(unlimited,)), PLACES)
    assert not control(path, Aspect.RATE).is_compiled
    assert {one.answer for one in owasp_outline(path) if one.risk.id == "API4:2023"} == {Answer.IN_PART}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"access": "request.nothing == '1'"}, "cannot be compiled", id="a-condition-without-parameter"),
        pytest.param(
            {"access": "principal[request.method] == 'a'"}, "cannot be compiled", id="a-condition-of-another-gateway"
        ),
        pytest.param({"authentication": "mtls"}, "mtls is not enforced", id="a-method-without-enforcement"),
    ],
)
def test_a_grant_that_is_left_out_is_not_told_as_one_that_works(changes: dict[str, str], said: str) -> None:
    plan = meridian_plan()
    (route,) = [one for one in plan.routes if one.operation == "placeOrder"]
    broken = replace(route, grants=(replace(route.grants[0], **changes),))
    path = explain_access(replace(plan, routes=(broken,)), PLACES)
    told = control(path, Aspect.AUTHORISATION).setting
    assert told.startswith("nobody is let in: ")
    assert said in told
    assert not control(path, Aspect.OBJECTS).is_compiled


def test_an_access_condition_is_the_object_level_control() -> None:
    plan = meridian_plan()
    (route,) = [one for one in plan.routes if one.operation == "getOrder"]
    grants = tuple(replace(one, access="request.orderId == principal.region") for one in route.grants)
    path = explain_access(replace(plan, routes=(replace(route, grants=grants),)), READS)
    told = control(path, Aspect.OBJECTS)
    assert told.is_compiled
    assert told.setting == "request.orderId == principal.region"
    assert {one.answer for one in owasp_outline(path) if one.risk.id == "API1:2023"} == {Answer.ANSWERED}


def test_sealing_is_told_with_the_key_and_with_what_stays_clear() -> None:
    path = explain_access(meridian_plan(), PRESCRIBES)
    assert "pharmacy-2026" in control(path, Aspect.SEALING, way=1).setting
    assert not control(path, Aspect.SEALING, way=0).is_compiled


def test_of_a_version_that_is_gone_nothing_flows() -> None:
    path = explain_access(meridian_plan(gone="orders-api@1"), READS)
    assert not path.flows
    assert "InterfaceGone" in path.reason
    assert path.ways == ()
    assert {one.answer for one in owasp_outline(path)} == {Answer.NOTHING_FLOWS}
    events = explain_access(meridian_plan(gone="prescriptions-events@1"), PRESCRIBES)
    assert [way.name for way in events.ways] == ["deliver prescriptionIssued"]
    assert "only what was taken before" in access_text(events, "0" * 64, ())


def test_an_unknown_integration_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownIntegrationError, match="did you mean 'crm-reads-orders'"):
        explain_access(meridian_plan(), "crm-read-orders")


def test_the_outline_has_all_ten_items_for_each_way() -> None:
    path = explain_access(meridian_plan(), READS)
    outline = owasp_outline(path)
    assert [risk.id for risk in RISKS] == [f"API{number}:2023" for number in range(1, 11)]
    assert len(outline) == len(RISKS) * len(path.ways)
    for one in outline:
        assert (one.answer is Answer.ANSWERED) == (bool(one.controls) and not one.missing and not one.risk.beyond)


def test_attack_a_condition_cannot_break_out_of_the_report() -> None:
    plan = meridian_plan()
    (route,) = [one for one in plan.routes if one.operation == "getOrder"]
    hostile = "request.orderId == '|\\x1b[2J<script>'"
    grants = tuple(replace(one, access=hostile + "\x1b[2J\n# x") for one in route.grants)
    path = explain_access(replace(plan, routes=(replace(route, grants=grants),)), READS)
    for text in (access_text(path, "0" * 64, ()), access_markdown(path, "0" * 64, ())):
        assert "\x1b" not in text
        assert "\n# x" not in text
    assert "<script" not in access_markdown(path, "0" * 64, ()).replace("\\<script", "")
    assert "\x1b" not in access_json(path, "0" * 64, ())
