"""Inspection through the real Envoy and the real decider: what passes, what is refused, what the record says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from easement.gateway.log_line import record_of
from easement.gateway.plan_index import facts_of
from easement.gateway.waf_decision import Inspections
from easement.ledger.record import Record, Status
from easement.plan.model import CostClass, Inspection, InspectionExclusion, RequestGrant, Route
from easement.testing.deciders import DeciderSimulator
from easement.testing.gateways import GatewaySimulator, Reply
from easement.testing.plans import make_grant, make_parameter, make_plan, make_route, make_upstream
from easement.testing.upstreams import UpstreamSimulator

BLOCK = Inspection(mode="block", paranoia=1)
DETECT = Inspection(mode="detect", paranoia=1)
NO_SQLI = replace(BLOCK, exclusions=(InspectionExclusion(rule=942100),))
SQLI = "1%27%20or%201%3D1--%20"
NOTE = {"type": "object", "properties": {"note": {"type": "string"}, "n": {"type": "integer"}}}
STRICT = {"type": "object", "properties": {"note": {"type": "string", "pattern": "^(?!x)"}}}
SCRIPT = json.dumps({"note": "<script>alert(1)</script>"}).encode()
PLAIN = json.dumps({"note": "leave it at the door"}).encode()


def grant(operation: str, inspection: Inspection | None, client: str = "shop") -> RequestGrant:
    return replace(make_grant(client, operation), inspection=inspection)


def searching(operation: str, *grants: RequestGrant) -> Route:
    query = make_parameter("q", {"type": "string"})
    cost = CostClass.INSPECTION
    return make_route(operation, path=f"/{operation}", parameters=[query], grants=grants, cost=cost)


def posting(operation: str, inspection: Inspection, body: Any = NOTE) -> Route:
    given = [grant(operation, inspection)]
    return make_route(
        operation, method="POST", path=f"/{operation}", body=body, grants=given, cost=CostClass.INSPECTION
    )


ROUTES = [
    searching("search", grant("search", BLOCK)),
    searching("other", grant("other", BLOCK)),
    searching("excepted", grant("excepted", NO_SQLI)),
    searching("watched", grant("watched", DETECT)),
    searching("shared", grant("shared", BLOCK), grant("shared", None, "crm"), grant("shared", DETECT, "erp")),
    searching("free", grant("free", None)),
    posting("create", BLOCK),
    posting("note", DETECT),
    posting("strict", BLOCK, STRICT),
]


@pytest.fixture(scope="module")
def target() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def inspecting(target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewaySimulator]:
    plan = make_plan(*ROUTES, upstreams=[make_upstream(target.port)])
    folder = tmp_path_factory.mktemp("waf")
    with DeciderSimulator(plan) as decider, GatewaySimulator(plan, folder, decider_port=decider.port) as gateway:
        yield gateway


def recorded(gateway: GatewaySimulator, reply: Reply) -> Record:
    gateway.log_line(reply)
    transaction = reply.headers["x-transaction-id"].encode()
    line = next(line for line in gateway.place.access_log.read_bytes().splitlines() if transaction in line)
    return record_of(line, lambda _plan: facts_of(gateway.plan))


def test_an_attack_is_refused_and_recorded_and_its_good_twin_passes(
    inspecting: GatewaySimulator, target: UpstreamSimulator
):
    target.asked.clear()
    reply = inspecting.ask("GET", f"/search?q={SQLI}", token=inspecting.token())
    assert (reply.status, reply.code, reply.json()["reason"]) == (403, "EAS-5420", "waf")
    assert reply.headers["content-type"] == "application/problem+json"
    assert b"942100" not in reply.body
    assert not [name for name in reply.headers if name in ("x-easement-finding", "x-easement-verdict")]
    assert target.asked == []
    record = recorded(inspecting, reply)
    assert (record.status, record.error_code, record.integration) == (Status.REFUSED, "EAS-5420", "shop-to-orders")
    assert record.detail["waf"] == "blocked"
    assert record.detail["waf_rules"] == ("942100",)
    assert record.detail["waf_attacks"] == ("sqli",)
    assert str(record.detail["waf_ruleset"]).startswith("OWASP_CRS/")
    assert record.error.endswith("waf sqli")
    assert "1=1" not in str(record)

    good = inspecting.ask("GET", "/search?q=union%20station", token=inspecting.token())
    assert good.status == 200, good.body
    assert "waf" not in recorded(inspecting, good).detail


def test_a_body_is_inspected_field_by_field(inspecting: GatewaySimulator, target: UpstreamSimulator):
    target.asked.clear()
    reply = inspecting.ask("POST", "/create", token=inspecting.token(), body=SCRIPT)
    assert (reply.status, reply.code) == (403, "EAS-5420")
    record = recorded(inspecting, reply)
    assert record.detail["waf_attacks"] == ("xss",)
    assert "script" not in str(record)
    assert target.asked == []
    assert inspecting.ask("POST", "/create", token=inspecting.token(), body=PLAIN).status == 200


def test_detect_lets_pass_and_records(inspecting: GatewaySimulator, target: UpstreamSimulator):
    target.asked.clear()
    for reply in (
        inspecting.ask("GET", f"/watched?q={SQLI}", token=inspecting.token()),
        inspecting.ask("POST", "/note", token=inspecting.token(), body=SCRIPT),
    ):
        assert reply.status == 200, reply.body
        record = recorded(inspecting, reply)
        assert (record.status, record.detail["waf"]) == (Status.SUCCESS, "would-block")
        assert record.detail["waf_rules"]
        assert (record.integration, record.account) == ("shop-to-orders", "shop")
    assert len(target.asked) == 2


def test_an_exclusion_holds_for_its_operation_only(inspecting: GatewaySimulator):
    token = inspecting.token()
    assert inspecting.ask("GET", f"/excepted?q={SQLI}", token=token).status == 200
    assert inspecting.ask("GET", f"/other?q={SQLI}", token=token).status == 403
    assert inspecting.ask("GET", "/excepted?q=%3Cscript%3Ealert(1)%3C/script%3E", token=token).status == 403


def test_each_contract_on_an_operation_is_held_to_its_own_inspection(inspecting: GatewaySimulator):
    path = f"/shared?q={SQLI}"
    assert inspecting.ask("GET", path, token=inspecting.token("shop")).status == 403
    crm = inspecting.ask("GET", path, token=inspecting.token("crm"))
    assert (crm.status, "waf" in recorded(inspecting, crm).detail) == (200, False)
    erp = inspecting.ask("GET", path, token=inspecting.token("erp"))
    assert (erp.status, recorded(inspecting, erp).detail["waf"]) == (200, "would-block")


def test_nobody_chooses_an_inspection_by_a_header(inspecting: GatewaySimulator):
    sent = {"x-easement-grant": "crm-to-orders.shared", "x-easement-target": "/orders-api/v1/shared?q=a"}
    reply = inspecting.ask("GET", f"/shared?q={SQLI}", token=inspecting.token("shop"), headers=sent)
    assert (reply.status, reply.code) == (403, "EAS-5420")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user-agent", "() { :; }; /bin/cat /etc/passwd"),
        ("x-anything", "() { :; }; /bin/cat /etc/passwd"),
        ("referer", "https://x.example/?q=%3Cscript%3Ealert(1)%3C/script%3E"),
        ("user-agent", "sqlmap/1.7 (https://sqlmap.org)"),
    ],
)
def test_headers_are_inspected(inspecting: GatewaySimulator, name: str, value: str):
    reply = inspecting.ask("GET", "/search?q=a", token=inspecting.token(), headers={name: value})
    assert (reply.status, reply.code) == (403, "EAS-5420")
    assert inspecting.ask("GET", "/search?q=a", token=inspecting.token(), headers={name: "shop"}).status == 200


def test_both_the_schema_and_the_inspection_hold_where_both_are_asked(inspecting: GatewaySimulator):
    def post(note: str) -> Reply:
        return inspecting.ask("POST", "/strict", token=inspecting.token(), body=json.dumps({"note": note}).encode())

    assert post("hello").status == 200
    assert post("xhello").code == "EAS-5400"
    assert post("<script>alert(1)</script>").code == "EAS-5420"


def test_what_has_no_grant_costs_no_inspection(inspecting: GatewaySimulator):
    assert inspecting.ask("GET", f"/search?q={SQLI}").code == "EAS-5401"
    assert inspecting.ask("GET", f"/free?q={SQLI}", token=inspecting.token()).status == 200


@pytest.mark.parametrize("broken", ["no-rules", "away", "other-plan", "too-slow"])
def test_nothing_passes_uninspected(target: UpstreamSimulator, tmp_path: Path, broken: str):
    routes = [searching("search", grant("search", BLOCK)), searching("watched", grant("watched", DETECT))]
    plan = make_plan(*routes, upstreams=[make_upstream(target.port)])
    known = make_plan() if broken == "other-plan" else plan
    with DeciderSimulator(known) as decider:
        inspections = decider.application.inspections
        if broken == "no-rules":
            decider.application.inspections = Inspections(tmp_path / "none")
            decider.application.take(plan)
            assert "EASEMENT_WAF_RULES" in decider.application.inspections.problem
        if broken == "too-slow":
            inspections.timeout_s = 0
        with GatewaySimulator(plan, tmp_path, decider_port=decider.port) as gateway:
            if broken == "away":
                decider.stop()
            target.asked.clear()
            for path in ("/search?q=a", "/watched?q=a"):
                reply = gateway.ask("GET", path, token=gateway.token())
                assert (reply.status, reply.code) == (503, "EAS-5505"), reply.body
            assert target.asked == []
