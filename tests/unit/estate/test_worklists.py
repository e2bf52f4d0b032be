"""Work lists: each has its reason, and nothing stands on one without."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from easement.estate.assemble import assemble
from easement.estate.model import LifecycleState, Registration
from easement.estate.worklists import Signs, WorkList, worklists
from easement.testing.small_estate import INTEGRATION, integration, interface, openapi, small_bundle, system

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def lists(
    *changed: dict[str, Any], signs: Signs | None = None, state: LifecycleState = LifecycleState.LIVE, **options: Any
) -> dict[WorkList, list[tuple[str, str]]]:
    bundle = small_bundle(*changed, **options)
    names = [one.document.metadata.name for one in bundle.documents if one.document.kind == "Integration"]
    known = {name: Registration(id="INT-0001", revision="a" * 64, state=state) for name in names}
    estate, _ = assemble(bundle, known)
    used = {(name, "getStock"): NOW for name in names}
    fresh = Signs(served=dict.fromkeys(names, NOW), reviewed=dict.fromkeys(names, NOW), used=used)
    return {
        name: [(item.subject, item.why) for item in items]
        for name, items in worklists(estate, signs or fresh, NOW).items()
    }


def test_on_a_tidy_estate_every_list_is_empty() -> None:
    assert lists() == {name: [] for name in WorkList}


def test_without_an_owner_or_with_one_that_is_gone() -> None:
    bare = {**system("shop"), "metadata": {"name": "shop"}}
    found = lists(bare, without=["team/platform.yaml"])[WorkList.OWNERLESS]
    assert ("system/shop", "it has no owner") in found
    assert (f"integration/{INTEGRATION}", "its owner platform is no registered team") in found


def test_silence_and_old_reviews_make_stale_but_only_of_what_flows() -> None:
    old = NOW - timedelta(days=100)
    signs = Signs(served={INTEGRATION: old}, registered={INTEGRATION: NOW - timedelta(days=91)})
    assert [why for _, why in lists(signs=signs)[WorkList.STALE]] == [
        "no review for 91 days; registered on 2026-03-02", "no traffic for 100 days; the last was on 2026-02-21",
    ]  # fmt: skip
    assert lists(signs=signs, state=LifecycleState.BUILD)[WorkList.STALE] == []
    assert lists(signs=Signs(registered={INTEGRATION: NOW}))[WorkList.STALE] == []


def test_what_nobody_uses_and_what_stands_on_nothing_is_orphaned() -> None:
    unused = {**interface(), "metadata": {"name": "old-api", "owner": "platform"}}
    found = lists(unused, without=["system/shop.yaml"])[WorkList.ORPHANED]
    assert ("interface/old-api@1", "no integration uses it") in found
    assert (f"integration/{INTEGRATION}", "what it stands on is not registered: system/shop") in found


def test_an_account_in_use_from_several_addresses_may_be_shared() -> None:
    places = {"shop": [f"10.0.0.{n}" for n in range(7)], "nobody": ["10.0.0.1", "10.0.0.2"]}
    (found,) = lists(
        signs=Signs(
            places=places, served={INTEGRATION: NOW}, reviewed={INTEGRATION: NOW}, used={(INTEGRATION, "getStock"): NOW}
        )
    )[WorkList.SHARED]
    assert found[0] == "system/shop"
    assert "10.0.0.0, 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4 and 2 more within an hour" in found[1]


def test_a_retired_integration_is_on_no_list_and_uses_nothing() -> None:
    found = lists(state=LifecycleState.RETIRED, without=["team/platform.yaml", "system/shop.yaml"])
    assert [subject for subject, _ in found[WorkList.ORPHANED]] == ["interface/stock-api@1"]
    assert not any(subject.startswith("integration/") for items in found.values() for subject, _ in items)


def test_the_same_entity_by_two_ways_is_a_duplicate_in_either_direction() -> None:
    first = interface(entities=["Stock"])
    other = {**interface(entities=["stock"]), "metadata": {"name": "stock-feed", "owner": "platform"}}
    second = integration("stock-again", interface={"name": "stock-feed", "version": "^1.0"})
    found = lists(first, other, second)[WorkList.DUPLICATE]
    assert [subject for subject, _ in found] == [f"integration/{INTEGRATION}", "integration/stock-again"]
    assert "stock goes between shop and stock by another way too: integration/stock-again" in found[0][1]


def test_two_majors_of_one_interface_are_a_migration_and_no_duplicate() -> None:
    second_major = {**interface(entities=["Stock"], version="2.0.0")}
    bundle_files = interface(entities=["Stock"])
    moved = integration("stock-new", interface={"name": "stock-api", "version": "^2.0"})
    import json

    from easement.contract.loader import load
    from easement.testing.small_estate import small_files

    files = small_files(bundle_files, moved) | {"interface/stock-api-2.yaml": json.dumps(second_major).encode()}
    estate, problems = assemble(load(files))
    assert problems == ()
    assert worklists(estate, Signs(), NOW)[WorkList.DUPLICATE] == ()


def test_a_right_that_nobody_uses_is_to_be_taken_away() -> None:
    both = integration(operations=["getStock", "dropStock"])
    old = NOW - timedelta(days=120)
    used = {(INTEGRATION, "getStock"): NOW}
    signs = Signs(served={INTEGRATION: NOW}, registered={INTEGRATION: old}, reviewed={INTEGRATION: old}, used=used)
    described = openapi(operations=("getStock", "dropStock"))
    found = lists(both, signs=signs, description=described)[WorkList.UNUSED]
    assert [why.partition(" is ")[0] for _, why in found] == ["dropStock"]
    assert "never called" in found[0][1]
    lately = replace(signs, reviewed={INTEGRATION: NOW - timedelta(days=5)})
    assert lists(both, signs=lately, description=described)[WorkList.UNUSED] == [], "it was granted only now"
    silent = replace(signs, served={INTEGRATION: old}, used={})
    found_silent = lists(both, signs=silent, description=described)
    assert found_silent[WorkList.UNUSED] == [], "nothing flows at all: that is the list of what is stale"
    assert found_silent[WorkList.STALE]
    assert lists(both, signs=signs, state=LifecycleState.RETIRED, description=described)[WorkList.UNUSED] == []
