"""Where a field goes: who receives it, how, and what they may pass it on by."""

from __future__ import annotations

from typing import Any

import pytest

from easement.contract.loader import load
from easement.estate.assemble import assemble
from easement.estate.field_impact import field_graph
from easement.estate.graph import UnknownNodeError
from easement.estate.model import Estate
from easement.testing.small_estate import integration, interface, openapi, small_files, system


def estate(*changed: dict[str, Any], description: str = "") -> Estate:
    made, problems = assemble(load(small_files(*changed, description=description)))
    assert problems == ()
    return made


def reached(estate: Estate, reference: str) -> list[tuple[str, int]]:
    graph, node = field_graph(estate, reference)
    return [(affected.node.reference, affected.depth) for affected in graph.impact(node)]


def chain() -> Estate:
    """The shop reads ``count`` of stock, and hands a ``count`` of its own on to a partner."""
    feed = interface(system="shop")
    feed["metadata"]["name"] = "shop-api"
    onward = integration(
        "partner-reads-shop", source="partner", target="shop", interface={"name": "shop-api", "version": "^1.0"}
    )
    return estate(system("partner"), feed, onward)


def test_a_receiver_that_hands_on_the_same_name_is_followed() -> None:
    assert reached(chain(), "field/stock-api@1#count") == [
        ("integration/shop-reads-stock", 1), ("system/shop", 2), ("integration/partner-reads-shop", 3),
        ("system/partner", 4),
    ]  # fmt: skip


def test_a_category_that_differs_is_not_followed() -> None:
    first = interface(fields={"count": {"classification": "internal", "category": "stock.level"}})
    feed = interface(system="shop", fields={"count": {"classification": "internal", "category": "visitors"}})
    feed["metadata"]["name"] = "shop-api"
    onward = integration(
        "partner-reads-shop", source="partner", target="shop", interface={"name": "shop-api", "version": "^1.0"}
    )
    found = reached(estate(system("partner"), first, feed, onward), "field/stock-api#count")
    assert [reference for reference, _ in found] == ["integration/shop-reads-stock", "system/shop"]


def test_what_the_contract_drops_or_masks_reaches_nobody() -> None:
    assert reached(estate(), "field/stock-api@1#place") == []
    masked = integration(fields={"sku": "clear", "count": "mask"})
    assert reached(estate(masked), "field/stock-api@1#count") == []
    hashed = integration(fields={"sku": "clear", "count": "hash"})
    graph, node = field_graph(estate(hashed), "field/stock-api@1#count")
    assert graph.impact(node).edges()[0].relation == "is let through hashed by"


def test_a_property_of_a_schema_is_found_wherever_bodies_use_it() -> None:
    import json

    tree = json.loads(openapi())
    tree["components"]["schemas"] = {
        "Place": {"type": "object", "properties": {"a/b": {"type": "string"}, "city": {"type": "string"}}}
    }
    answer = tree["paths"]["/getstock/{sku}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    answer["properties"]["from"] = {"$ref": "#/components/schemas/Place"}
    answer["properties"]["stops"] = {"type": "array", "items": {"$ref": "#/components/schemas/Place"}}
    with_places = estate(integration(fields=["stops.city"]), description=json.dumps(tree))
    assert reached(with_places, "field/stock-api@1#/Place/city") == [
        ("integration/shop-reads-stock", 1), ("system/shop", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("field/stock-api", "write field/INTERFACE#PATH"),
        ("field/stok-api@1#count", "did you mean 'interface/stock-api@1'"),
        ("field/stock-api@1#cuont", "did you mean 'count'"),
        ("field/stock-api@1#/Nothing/x", "no field"),
        ("field/stock-api@1#/", "no field"),
        ("field/#", "names no field"),
    ],
)
def test_a_field_that_is_not_there_is_refused_with_a_hint(reference: str, said: str) -> None:
    with pytest.raises(UnknownNodeError, match=said):
        field_graph(estate(), reference)
