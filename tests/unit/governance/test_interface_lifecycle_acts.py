"""Deprecating and ending interface versions in the registry: what is kept, recorded, planned and refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from easement.contract.loader import load
from easement.estate.interface_lifecycle import InterfaceState
from easement.estate.lifecycle import LifecycleEvent
from easement.governance.apply import apply
from easement.governance.compilation import current_plan
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.interface_lifecycle import interface_standings, set_interface_state
from easement.governance.lifecycle import move
from easement.governance.reading import registered_document
from easement.governance.registry import Actor, Registry
from easement.plan.codec import decode_plan
from easement.plan.model import Plan
from easement.testing.small_estate import INTEGRATION, integration, interface, small_files

V1, V2 = "stock-api@1", "stock-api@2"


def plan_of(registry: Registry) -> Plan:
    stored = current_plan(registry)
    assert stored is not None
    return decode_plan(stored.content)


@pytest.fixture
def two(registry: Registry) -> Registry:
    """Both majors enforced; the one integration flows on the first."""
    apply(registry, load(files(integration())), "ana")
    return registry


def files(*changed: dict[str, Any]) -> dict[str, bytes]:
    return small_files(*changed) | {"interface/next.yaml": json.dumps(interface(version="2.0.0")).encode()}


def move_on(registry: Registry) -> dict[str, Any]:
    """The consumer has a contract on the second major and none on the first any more."""
    following = integration("shop-reads-next", interface={"name": "stock-api", "version": "^2.0"})
    apply(registry, load(files(following)), "ana")
    ops = Actor(name="ops", roles=frozenset({"operator"}))
    for event in (LifecycleEvent.DEPRECATE, LifecycleEvent.RETIRE):
        move(registry, INTEGRATION, event, ops, "moved to the second major")
    return following


def test_a_deprecation_is_in_the_plan_in_the_registry_and_on_the_record(two: Registry, clock: Any, records: Any):
    sunset = clock.now + timedelta(days=30)
    moved = set_interface_state(
        two,
        V1,
        InterfaceState.DEPRECATED,
        "ops",
        "v2 is there",
        sunset=sunset,
        successor=V2,
        link="https://a.example/m",
    )
    (notice,) = plan_of(two).notices
    assert (notice.interface, notice.deprecated, notice.sunset) == (V1, clock.now, sunset)
    assert (notice.successor, notice.link, notice.gone) == (V2, "https://a.example/m", False)
    assert plan_of(two).routes
    stored = current_plan(two)
    assert stored is not None
    assert moved.plan == stored.hash
    assert registered_document(two.snapshot(), "Interface", V1).state == "deprecated"
    assert interface_standings(two.snapshot())[V2].state is InterfaceState.ACTIVE
    assert "interface.deprecated" in records.actions()
    record = next(each for each in records.kept if each.message_type == "interface.deprecated")
    assert (record.account, record.detail["reason"], record.detail["document"]) == (
        "ops",
        "v2 is there",
        f"interface/{V1}",
    )


def test_it_does_not_end_before_its_time_nor_under_those_who_use_it(two: Registry, clock: Any):
    sunset = clock.now + timedelta(days=30)
    set_interface_state(two, V1, InterfaceState.DEPRECATED, "ops", "old", sunset=sunset, successor=V2)
    with pytest.raises(PolicyError) as caught:
        set_interface_state(two, V1, InterfaceState.GONE, "ops", "over")
    assert len(caught.value.reasons) == 2
    clock.pass_(days=31)
    with pytest.raises(PolicyError, match="shop-reads-stock still flows"):
        set_interface_state(two, V1, InterfaceState.GONE, "ops", "over")
    move_on(two)
    set_interface_state(two, V1, InterfaceState.GONE, "ops", "over")
    plan = plan_of(two)
    assert [notice.gone for notice in plan.notices] == [True]
    assert {route.interface_key for route in plan.routes} == {V2}


def test_an_emergency_ends_it_at_once_and_can_be_undone(two: Registry, clock: Any, records: Any):
    sunset = clock.now + timedelta(days=30)
    set_interface_state(two, V1, InterfaceState.DEPRECATED, "ops", "leak", sunset=sunset)
    set_interface_state(two, V1, InterfaceState.GONE, "ops", "leak", although_used=True)
    assert not plan_of(two).routes
    record = next(each for each in records.kept if each.message_type == "interface.gone")
    assert record.detail["although_used"] is True
    set_interface_state(two, V1, InterfaceState.DEPRECATED, "ops", "mended")
    assert plan_of(two).routes
    set_interface_state(two, V1, InterfaceState.ACTIVE, "ops", "a mistake")
    assert plan_of(two).notices == ()
    set_interface_state(two, V1, InterfaceState.DEPRECATED, "ops", "again")


def test_objections_of_the_caller_stand_like_our_own(two: Registry):
    with pytest.raises(PolicyError, match="notice is running"):
        set_interface_state(
            two, V1, InterfaceState.DEPRECATED, "ops", "old", objections=lambda _snapshot: ["notice is running"]
        )
    assert plan_of(two).notices == ()


@pytest.mark.parametrize(
    "link",
    ['https://a.example/>; rel="x"', "https://a.example/\r\nX: y", "javascript:alert(1)", "https://u:p@a.example/"],
)
def test_attack_a_link_that_is_more_than_a_place_is_refused(two: Registry, link: str):
    with pytest.raises(PolicyError, match="no plain http"):
        set_interface_state(two, V1, InterfaceState.DEPRECATED, "ops", "old", link=link)


def test_attack_a_bare_name_a_ghost_and_a_missing_reason_are_refused(two: Registry):
    for name in ("stock-api", "stock-api@7", "../stock-api@1", ""):
        with pytest.raises(UnknownError):
            set_interface_state(two, name, InterfaceState.DEPRECATED, "ops", "old")
    with pytest.raises(PolicyError, match="no reason"):
        set_interface_state(two, V1, InterfaceState.DEPRECATED, "ops", "  ")


def test_what_cannot_be_recorded_does_not_happen(two: Registry, records: Any):
    before = plan_of(two)
    records.broken = True
    with pytest.raises(OSError, match="full"):
        set_interface_state(two, V1, InterfaceState.DEPRECATED, "ops", "old")
    records.broken = False
    assert plan_of(two) == before
    assert two.snapshot().interface_states == {}


def test_a_version_that_is_gone_stays_gone_when_its_document_goes(two: Registry, clock: Any):
    moved = move_on(two)
    set_interface_state(two, V1, InterfaceState.DEPRECATED, "ops", "old", successor=V2)
    set_interface_state(two, V1, InterfaceState.GONE, "ops", "old")
    over = {"interface/stock-api.yaml", f"integration/{INTEGRATION}.yaml"}
    left = {name: data for name, data in files(moved).items() if name not in over}
    apply(two, load(left), "ana", prune=True)
    assert ("Interface", V1) not in two.snapshot().registered
    assert [(notice.interface, notice.gone) for notice in plan_of(two).notices] == [(V1, True)]
