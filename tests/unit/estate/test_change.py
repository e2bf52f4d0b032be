"""What differs between two estates, and what of it takes something away."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import pytest

from easement.estate.change import changes


def test_an_estate_does_not_differ_from_itself(estate_after: Any) -> None:
    assert changes(estate_after(), estate_after()) == ()


def test_adding_is_not_destructive_and_removing_is(estate_after: Any) -> None:
    estate = estate_after()
    fewer = dataclasses.replace(estate, integrations={"shop-reads": estate.integrations["shop-reads"]})
    (added,) = changes(fewer, estate)
    (removed,) = changes(estate, fewer)
    assert (added.action, added.subject, added.destructive) == ("added", "integration/store-tells", False)
    assert (removed.action, removed.subject, removed.destructive) == ("removed", "integration/store-tells", True)


class Edit(NamedTuple):
    """A text of the folder, what it is replaced by, and how that shows."""

    old: str
    new: str
    path: str
    before: Any
    after: Any
    destructive: bool


EDITS = [
    Edit(
        "title: The store",
        "title: A store",
        "/metadata/title",
        "The store",
        "A store",
        False,
    ),
    Edit(
        "[id, lines.sku]",
        "[id, lines.sku, lines.price]",
        "/spec/fields",
        ["id", "lines.sku"],
        ["id", "lines.sku", "lines.price"],
        False,
    ),
    Edit(
        "[id, lines.sku]",
        "[id]",
        "/spec/fields",
        ["id", "lines.sku"],
        ["id"],
        True,
    ),
    Edit(
        "[id, lines.sku]",
        "{id: clear, lines.sku: drop}",
        "/spec/fields",
        ["id", "lines.sku"],
        {"id": "clear", "lines.sku": "drop"},
        True,
    ),
    Edit(
        "total: mask",
        "total: clear",
        "/spec/fields/total",
        "mask",
        "clear",
        True,
    ),
    Edit(
        "[getOrder]",
        "[getOrder, dropOrder]",
        "/spec/operations",
        ["getOrder"],
        ["getOrder", "dropOrder"],
        False,
    ),
    Edit(
        "lines.sku]",
        "lines.sku]\n  sla: {throughput: {limit: 5/s}}",
        "/spec/sla",
        None,
        {"throughput": {"limit": "5/s"}},
        False,
    ),
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit.path} {edit.new}")
def test_a_change_is_shown_field_by_field(estate_after: Any, edit: Edit) -> None:
    (change,) = changes(estate_after(), estate_after((edit.old, edit.new)))
    (field,) = change.fields
    assert (field.path, field.before, field.after, field.destructive) == edit[2:]
    assert change.action == "changed"
    assert change.destructive is edit.destructive


def test_a_lower_limit_takes_room_away_and_a_higher_one_does_not(estate_after: Any) -> None:
    def limited(rate: str) -> Any:
        return estate_after(("lines.sku]", f"lines.sku]\n  sla: {{throughput: {{limit: {rate}}}}}"))

    assert changes(limited("5/s"), limited("299/m"))[0].destructive
    assert not changes(limited("5/s"), limited("301/m"))[0].destructive


def test_another_party_is_another_right(estate_after: Any) -> None:
    changed = estate_after(("  source: store\n  target: shop", "  source: shop\n  target: store"))
    (change,) = changes(estate_after(), changed)
    assert [field.path for field in change.fields] == ["/spec/source", "/spec/target"]
    assert change.destructive


def test_a_definition_that_loses_an_operation_is_destructive(estate_after: Any, folder: Any) -> None:
    folder.texts["store/store-api.yaml"] = folder.texts["store/store-api.yaml"].replace("dropOrder", "removeOrder")
    after, _ = folder.assemble()
    (change,) = changes(estate_after(), after)
    assert change.subject == "interface/store-api@1"
    assert [(field.path, field.destructive) for field in change.fields] == [
        ("/definition/operations/dropOrder", True),
        ("/definition/operations/removeOrder", False),
    ]
