"""The graph: who is affected, by which way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.estate.graph import Edge, EstateGraph, Node, UnknownNodeError, build_graph, impact


def test_a_system_affects_what_stands_on_it(estate_after: Any) -> None:
    found = impact(estate_after(), "system/store")
    assert found.references == (
        "interface/store-api@1",
        "interface/store-events@1",
        "integration/shop-reads",
        "integration/store-tells",
        "system/shop",
    )
    last = list(found)[-1]
    assert last.path == ("system/store", "interface/store-api@1", "integration/shop-reads", "system/shop")
    assert (last.depth, last.node.owner, last.node.criticality) == (3, "commerce", "medium")


def test_an_interface_is_as_critical_as_its_system(estate_after: Any) -> None:
    graph = build_graph(estate_after())
    assert {node.reference: node.criticality for node in graph.nodes}["interface/store-api@1"] == "high"


def test_depth_bounds_the_walk(estate_after: Any) -> None:
    assert len(impact(estate_after(), "system/store", depth=1)) == 2


def test_upstream_is_what_it_depends_on(estate_after: Any) -> None:
    found = impact(estate_after(), "integration/shop-reads", "upstream")
    assert found.references == ("interface/store-api@1", "system/store")


def test_events_into_a_targets_interface_affect_both_sides(estate_after: Any) -> None:
    estate = estate_after(("  source: store\n  target: shop", "  source: shop\n  target: store"))
    assert "integration/store-tells" in impact(estate, "system/shop").references
    assert "system/shop" in impact(estate, "interface/store-events@1").references
    assert "system/store" in impact(estate, "integration/store-tells").references


def test_an_agreement_affects_the_transfers_that_stand_on_it(folder: Any) -> None:
    folder.add(
        "law.yaml",
        "{apiVersion: easement/v1, kind: Agreement, metadata: {name: scc, owner: commerce}, "
        "spec: {type: SCC, between: [self, shop], signed: 2025-01-01, expires: 2030-01-01}}",
    )
    folder.replace("lines.sku]", "lines.sku]\n  transfer: {mechanism: SCC, agreement: scc}")
    assert impact(folder.assemble()[0], "agreement/scc").references[0] == "integration/shop-reads"


@pytest.mark.parametrize(("reference", "hint"), [("system/stroe", "did you mean 'system/store'?"), ("zzz", "")])
def test_an_unknown_reference_is_refused_with_the_nearest(estate_after: Any, reference: str, hint: str) -> None:
    with pytest.raises(UnknownNodeError, match=reference) as caught:
        impact(estate_after(), reference)
    assert hint in str(caught.value)


PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=30)


def graph_of(pairs: list[tuple[int, int]]) -> EstateGraph:
    nodes = [Node(reference=f"system/n{number}", title="", owner="", criticality=None) for number in range(8)]
    return EstateGraph(nodes, [Edge(start=f"system/n{a}", end=f"system/n{b}", relation="x") for a, b in pairs])


@given(PAIRS)
def test_impact_is_exactly_what_can_be_reached(pairs: list[tuple[int, int]]) -> None:
    reached = {0}
    for _ in range(8):
        reached |= {b for a, b in pairs if a in reached}
    found = graph_of(pairs).impact("system/n0")
    assert set(found.references) == {f"system/n{number}" for number in reached - {0}}
    assert len(found) == len(found.references)


@given(PAIRS)
def test_every_path_is_made_of_edges_and_as_long_as_its_depth(pairs: list[tuple[int, int]]) -> None:
    edges = {(f"system/n{a}", f"system/n{b}") for a, b in pairs}
    depths = []
    for affected in graph_of(pairs).impact("system/n0"):
        steps = list(zip(affected.path, affected.path[1:], strict=False))
        assert set(steps) <= edges
        assert len(steps) == affected.depth
        depths.append(affected.depth)
    assert depths == sorted(depths)


@given(PAIRS, st.integers(0, 7))
def test_upstream_is_downstream_turned_round(pairs: list[tuple[int, int]], other: int) -> None:
    graph = graph_of(pairs)
    down = f"system/n{other}" in graph.impact("system/n0").references
    up = "system/n0" in graph.impact(f"system/n{other}", direction="upstream").references
    assert down == up
