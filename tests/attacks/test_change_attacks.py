"""Ways around notice and transition, each tried against a consumer that flows; the good twin is in the unit tests."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from easement.contract.loader import load
from easement.governance.apply import apply
from easement.governance.change_case_opening import Opening, open_case, open_emergency
from easement.governance.change_cases import acknowledge, confirm, notify
from easement.governance.errors import GovernanceError, InvalidBundleError, PolicyError
from easement.governance.registry import Actor, Registry
from easement.governance.reviews import Verdict, decide, pending
from easement.ledger.record import Record
from easement.store.database import open_engine, sqlite_url
from easement.store.migrate import upgrade
from easement.testing.small_estate import (
    INTEGRATION,
    document,
    integration,
    interface,
    openapi,
    small_files,
    system,
)

V1 = ("Interface", "stock-api@1")
CONTRACT = ("Integration", INTEGRATION)
RITA = Actor(name="rita", roles=frozenset({"reviewer", "security", "compliance"}))
MALLORY = Actor(name="mallory", roles=frozenset({"developer", "admin", "operator", "reviewer"}))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Registry]:
    """A consumer whose team says who belongs to it reads two fields of an API."""
    kept: list[Record] = []

    def record(records: Sequence[Record]) -> None:
        kept.extend(records)

    engine = open_engine(sqlite_url(tmp_path / "control.db"))
    upgrade(engine)
    registry = Registry(
        engine=engine, environment="development", record=record, now=lambda: datetime(2026, 3, 1, tzinfo=UTC)
    )
    apply(registry, load(files()), "ana")
    assert registry.snapshot().state(INTEGRATION) == "live"
    yield registry
    engine.dispose()


def files(*changed: dict[str, Any], description: str = "", without: Sequence[str] = ()) -> dict[str, bytes]:
    shop = system("shop")
    shop["metadata"]["owner"] = "shopping"
    teams = (
        document("Team", "platform", {"email": "platform@example.org", "oncall": "x"}),
        document("Team", "shopping", {"email": "shop@example.org", "oncall": "x", "members": ["carol"]}),
    )
    return small_files(*teams, shop, *changed, description=description, without=without)


def get_through(registry: Registry, changed: dict[str, bytes], person: str = "mallory", *, prune: bool = False) -> None:
    """Apply, and let a reviewer with every role approve what waits, one by one and all together."""
    apply(registry, load(changed), person, prune=prune)
    for chosen in ([each.id] for each in pending(registry)):
        decide(registry, chosen, RITA, Verdict.APPROVE, "looks fine")
    if waiting := [each.id for each in pending(registry)]:
        decide(registry, waiting, RITA, Verdict.APPROVE, "looks fine")


def retyped(field: str = "count") -> str:
    return openapi().replace(f'"{field}": {{"type": "string", "maxLength": 40}}', f'"{field}": {{"type": "integer"}}')


def required_parameter() -> str:
    tree = json.loads(openapi())
    operation = tree["paths"]["/getstock/{sku}"]["get"]
    operation["parameters"].append({"name": "tenant", "in": "query", "required": True, "schema": {"type": "string"}})
    return json.dumps(tree)


def moved_path() -> str:
    return openapi().replace("/getstock/", "/v2/getstock/")


@pytest.mark.parametrize(
    "description", [retyped(), required_parameter(), moved_path()], ids=["type", "parameter", "path"]
)
@pytest.mark.parametrize("version", ["1.0.0", "1.9.0"])
def test_attack_breaking_definition_within_a_major_by_apply_and_review(live: Registry, description: str, version: str):
    before = live.snapshot().enforced[V1].revision
    with pytest.raises(PolicyError, match="would break shop"):
        get_through(live, files(interface(version=version), description=description))
    assert live.snapshot().enforced[V1].revision == before


def test_attack_breaking_definition_is_never_approved_by_the_rule(live: Registry):
    before = live.snapshot().enforced[V1].revision
    apply(replace(live, auto_approve_low_risk=True), load(files(description=retyped())), "mallory")
    assert live.snapshot().enforced[V1].revision == before


def test_attack_dropping_the_field_that_is_read(live: Registry):
    with pytest.raises(InvalidBundleError):
        get_through(live, files(description=openapi(fields=("sku", "place"))))


def test_attack_dropping_field_and_contract_of_it_in_one_bundle(live: Registry):
    with pytest.raises(GovernanceError):
        get_through(live, files(integration(fields=["sku"]), description=openapi(fields=("sku", "place"))))


def test_attack_removing_interface_and_contract_from_the_folder(live: Registry):
    for without in (["interface/stock-api.yaml"], [f"integration/{INTEGRATION}.yaml"],
                    ["interface/stock-api.yaml", f"integration/{INTEGRATION}.yaml"]):  # fmt: skip
        with pytest.raises(InvalidBundleError):
            get_through(live, files(without=without), prune=True)
    assert live.snapshot().state(INTEGRATION) == "live"


def test_attack_renaming_the_interface_under_the_consumer(live: Registry):
    renamed = interface()
    renamed["metadata"]["name"] = "stock-next"
    contract = integration(interface={"name": "stock-next", "version": "^1.0"})
    changed = files(renamed, contract, without=["interface/stock-api.yaml"])
    changed["interface/stock.json"] = retyped().encode()
    with pytest.raises(GovernanceError):
        get_through(live, changed, prune=True)
    with pytest.raises(PolicyError, match="has not agreed"):
        get_through(live, changed)


def test_attack_version_backwards(live: Registry):
    get_through(live, files(interface(version="1.4.0")), "ana")
    with pytest.raises(PolicyError, match="versions only go up"):
        get_through(live, files(interface(version="1.3.0")))


def test_attack_next_major_in_the_place_of_the_old_one(live: Registry):
    changed = files(interface(version="2.0.0"), description=retyped())
    with pytest.raises(GovernanceError):
        get_through(live, changed, prune=True)
    assert V1 in live.snapshot().enforced


@pytest.mark.parametrize(
    "spec",
    [
        {"fields": ["sku"]},
        {"fields": {"sku": "clear", "count": "mask"}},
        {"sla": {**integration()["spec"]["sla"], "throughput": {"limit": "1/h"}}},
        {"sla": {**integration()["spec"]["sla"], "timeout": "1ms"}},
        {"sla": {**integration()["spec"]["sla"], "maxBodyBytes": 0}},
        {"security": {"authentication": "oauth2", "scopes": []}},
        {"access": "resource.region == principal.region"},
    ],
    ids=["field", "mask", "limit", "timeout", "body", "scope", "condition"],
)
def test_attack_narrowing_the_consumers_contract(live: Registry, spec: dict[str, Any]):
    before = live.snapshot().enforced[CONTRACT].revision
    with pytest.raises(GovernanceError):
        get_through(live, files(integration(**spec)))
    assert live.snapshot().enforced[CONTRACT].revision == before


def test_attack_narrowing_in_many_small_steps(live: Registry):
    for limit in ("9/s", "8/s", "7/s"):
        sla = {**integration()["spec"]["sla"], "throughput": {"limit": limit}}
        with pytest.raises(PolicyError, match="has not agreed"):
            get_through(live, files(integration(sla=sla)))


def test_the_consumers_own_hand_narrows_its_contract(live: Registry):
    get_through(live, files(integration(fields=["sku"])), "carol")
    assert live.snapshot().registered[CONTRACT].revision == live.snapshot().enforced[CONTRACT].revision


def test_the_consumer_agrees_to_a_narrower_contract_in_a_case(live: Registry):
    with pytest.raises(PolicyError, match="has not agreed"):
        get_through(live, files(integration(fields=["sku"])))
    case = open_case(live, MALLORY, Opening(kind="Integration", name=INTEGRATION, reason="count is not for you"))
    notify(live, case.id, MALLORY)
    with pytest.raises(GovernanceError):
        acknowledge(live, case.id, INTEGRATION, MALLORY)
    acknowledge(live, case.id, INTEGRATION, Actor(name="carol", roles=frozenset({"developer"})))
    decide(live, [each.id for each in pending(live)], RITA, Verdict.APPROVE, "")
    assert live.snapshot().registered[CONTRACT].revision == live.snapshot().enforced[CONTRACT].revision


def test_attack_agreement_to_one_revision_used_for_the_next(live: Registry):
    with pytest.raises(PolicyError):
        get_through(live, files(integration(fields=["sku"])))
    case = open_case(live, MALLORY, Opening(kind="Integration", name=INTEGRATION, reason="a little less"))
    notify(live, case.id, MALLORY)
    acknowledge(live, case.id, INTEGRATION, Actor(name="carol", roles=frozenset({"developer"})))
    sla = {**integration()["spec"]["sla"], "throughput": {"limit": "1/h"}}
    with pytest.raises(PolicyError, match="has not agreed"):
        get_through(live, files(integration(fields=["sku"], sla=sla)))


def test_attack_joining_the_consumers_team_to_agree_for_it(live: Registry):
    joined = document("Team", "shopping", {"email": "shop@example.org", "oncall": "x", "members": ["carol", "mallory"]})
    apply(live, load(files(joined)), "mallory")
    assert "mallory" not in live.snapshot().enforced["Team", "shopping"].document.spec.members


def test_attack_emergency_for_one_revision_used_for_the_next(live: Registry):
    apply(live, load(files(description=retyped())), "mallory")
    case = open_emergency(live, MALLORY, Opening(kind="Interface", name="stock-api@1", reason="now"), 4)
    confirm(live, case.id, RITA)
    apply(live, load(files(description=required_parameter())), "mallory")
    with pytest.raises(PolicyError, match="would break shop"):
        decide(live, [each.id for each in pending(live)], RITA, Verdict.APPROVE, "")


def test_a_field_that_nobody_may_see_goes_without_a_case(live: Registry):
    get_through(live, files(description=openapi(fields=("sku", "count"))), "pat")
    assert live.snapshot().registered[V1].revision == live.snapshot().enforced[V1].revision
