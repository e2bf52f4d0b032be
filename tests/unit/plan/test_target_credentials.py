"""Where a credential of a target may stand in a plan, and where it would be given away."""

from __future__ import annotations

from typing import Any

import pytest

from easement.estate.assemble import assemble
from easement.estate.model import LifecycleState, Registration
from easement.plan.codec import encode_plan
from easement.plan.compile import compile_plan
from easement.plan.model import Plan, UpstreamCredential
from easement.testing.small_estate import INTEGRATION, TARGET, small_bundle, system

REFERENCE = "secret://file/secrets/partner#key"


def compiled(url: str, environment: str = "development", **credential: Any) -> Plan:
    told = {environment: {"url": url, "credential": {"secret": REFERENCE, **credential}}}
    registered = {INTEGRATION: Registration(id="INT-0001", revision="a" * 64, state=LifecycleState.LIVE)}
    estate, _ = assemble(small_bundle(system(TARGET, endpoints=told)), registered)
    return compile_plan(estate, environment=environment)


def said(plan: Plan) -> str:
    return " ".join(one.message for status in plan.statuses for one in status.conditions if not one.status)


def test_the_plan_has_the_reference_and_no_value() -> None:
    plan = compiled("https://stock.example.org/api", prefix="Bearer ")
    assert plan.upstreams[0].credential == UpstreamCredential(
        header="authorization", prefix="Bearer ", secret=REFERENCE
    )
    assert REFERENCE.encode() in encode_plan(plan)


@pytest.mark.parametrize("host", ["127.0.0.1:81", "localhost:81", "[::1]:81"])
def test_a_target_on_this_machine_may_be_shown_it_in_development(host: str) -> None:
    assert compiled(f"http://{host}").upstreams[0].credential is not None


@pytest.mark.parametrize("host", ["stock.example.org", "127.0.0.1.example.org", "10.0.0.7"])
def test_it_does_not_travel_in_the_clear(host: str) -> None:
    plan = compiled(f"http://{host}")
    assert "in the clear" in said(plan)
    assert not plan.routes


@pytest.mark.parametrize("header", ["Host", "Content-Length", "transfer-encoding", "X-Transaction-Id", "Cookie"])
def test_it_takes_no_header_by_which_a_request_is_framed_or_traced(header: str) -> None:
    plan = compiled("https://stock.example.org/api", header=header)
    assert "cannot stand in the header" in said(plan)
    assert not plan.routes
