"""The way of each kind of contract, held against files. ``--update-golden`` rewrites them: the diff is the review."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from easement.cli.explain_access_report import access_markdown
from easement.contract.kinds import Integration
from easement.contract.loader import load
from easement.estate.assemble import assemble
from easement.estate.model import LifecycleState, Registration
from easement.governance.access.explain import explain_access
from easement.governance.access.owasp import owasp_outline
from easement.plan.compile import compile_plan
from easement.plan.model import Plan

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
MERIDIAN = ROOT / "examples" / "meridian" / "estate"
PLANS = ROOT / "tests" / "golden" / "plan"
DECISION = "request-beyond-the-subset-costs-a-decision.yaml"
DIGEST = "0" * 64


def plan_of(files: Mapping[str, bytes]) -> Plan:
    bundle = load(files)
    names = sorted(one.document.metadata.name for one in bundle.documents if isinstance(one.document, Integration))
    registrations = {
        name: Registration(id=f"INT-{number:04}", revision=f"{number:064}", state=LifecycleState.LIVE)
        for number, name in enumerate(names, 1)
    }
    estate, _problems = assemble(bundle, registrations)
    return compile_plan(estate, environment="production", today=date(2026, 11, 23))


def meridian() -> dict[str, bytes]:
    return {path.relative_to(MERIDIAN).as_posix(): path.read_bytes() for path in MERIDIAN.rglob("*.yaml")}


@pytest.mark.parametrize(
    "name", ["crm-reads-orders", "storefront-places-orders", "clinic-prescribes", "orders-to-analytics"]
)
def test_the_way_of_an_integration_of_the_example_is_what_it_was(name: str, golden) -> None:
    path = explain_access(plan_of(meridian()), name)
    assert path.flows
    golden(HERE / f"{name}.md", access_markdown(path, DIGEST, ()))


def test_the_outline_of_the_example_is_what_it_was(golden) -> None:
    path = explain_access(plan_of(meridian()), "crm-reads-orders")
    golden(HERE / "crm-reads-orders.owasp.md", access_markdown(path, DIGEST, owasp_outline(path)))


def test_the_way_of_an_operation_that_costs_a_decision_is_what_it_was(golden) -> None:
    files = {path.name: path.read_bytes() for path in (PLANS / "estate").iterdir()}
    plan = plan_of(files | {DECISION: (PLANS / "cases" / DECISION).read_bytes()})
    path = explain_access(plan, plan.statuses[0].integration)
    assert any("decider" in control.where for way in path.ways for control in way.controls)
    golden(HERE / "decision.md", access_markdown(path, DIGEST, ()))


def test_a_refused_contract_says_that_nothing_flows_and_why(golden) -> None:
    files = meridian()
    asked = files["integrations.yaml"].replace(
        b"  purpose: essential.service.support\n", b"  purpose: essential.service.support\n  consent: {scope: care}\n"
    )
    path = explain_access(plan_of(files | {"integrations.yaml": asked}), "crm-reads-orders")
    assert not path.flows
    assert path.ways == ()
    golden(HERE / "refused.md", access_markdown(path, DIGEST, ()))
