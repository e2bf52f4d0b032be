"""What is tried before a plan is put in force is what differs from the one in force, and never less."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from easement.gateway.changed_part import changed_part
from easement.plan.codec import decode_plan, encode_plan
from easement.plan.model import Limit, Notice, Plan
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream


def route_of(interface: str, operation: str = "get", **changes: Any) -> Any:
    return make_route(
        operation, id=f"{interface}@1.{operation}", interface=interface, prefix=f"/{interface}/v1", upstream=interface,
        grants=[make_grant("shop", operation, interface=interface)], **changes,
    )  # fmt: skip


def plan_of(*routes: Any) -> Plan:
    return make_plan(*routes, upstreams=[make_upstream(1, name=name) for name in ("orders", "stock")])


BEFORE = plan_of(route_of("orders"), route_of("orders", "put"), route_of("stock"))


def tried(plan: Plan, before: Plan | None = BEFORE) -> list[str]:
    return [route.id for route in changed_part(plan, before).routes]


def test_everything_is_tried_where_nothing_is_in_force() -> None:
    assert changed_part(BEFORE, None) is BEFORE


def test_a_plan_that_says_the_same_needs_no_trial() -> None:
    assert tried(decode_plan(encode_plan(BEFORE))) == []


def test_an_interface_is_tried_whole_where_one_of_its_operations_changes() -> None:
    after = plan_of(route_of("orders"), route_of("orders", "put", timeout_ms=1), route_of("stock"))
    assert tried(after) == ["orders@1.get", "orders@1.put"]


def test_an_interface_is_tried_where_an_operation_goes_or_comes() -> None:
    assert tried(plan_of(route_of("orders"), route_of("stock"))) == ["orders@1.get"]
    assert tried(plan_of(*BEFORE.routes, route_of("stock", "put"))) == ["stock@1.get", "stock@1.put"]


def test_a_limit_of_one_grant_is_a_change() -> None:
    grants = [replace(BEFORE.routes[2].grants[0], limit=Limit(tokens=1, interval_ms=1000, burst=1))]
    assert tried(plan_of(*BEFORE.routes[:2], replace(BEFORE.routes[2], grants=tuple(grants)))) == ["stock@1.get"]


def test_what_a_route_stands_on_counts_as_its_own() -> None:
    upstreams = tuple(replace(one, port=2) if one.name == "stock" else one for one in BEFORE.upstreams)
    assert tried(replace(BEFORE, upstreams=upstreams)) == ["stock@1.get"]
    accounts = tuple(replace(one, attributes={"region": "north"}) for one in BEFORE.accounts)
    assert len(tried(replace(BEFORE, accounts=accounts))) == 3


def test_another_environment_is_another_plan() -> None:
    assert len(tried(replace(BEFORE, environment="production"))) == 3


@pytest.mark.parametrize("gone", [True, False])
def test_a_notice_is_a_change_of_its_interface(gone: bool) -> None:
    notice = Notice(interface="stock@1", deprecated=None, sunset=None, successor="", link="", gone=gone)
    assert tried(replace(BEFORE, notices=(notice,))) == ["stock@1.get"]
