"""The picture of a neighbourhood: nothing overlaps, every edge is drawn, and the same input gives the same picture."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from easement.console.formatting import state_class, state_mark
from easement.console.graph_layout import NODE_HEIGHT, NODE_WIDTH, layout
from easement.console.graph_view import MAX_DRAWN, neighbourhood
from easement.estate.graph import Edge, EstateGraph, Node

COLUMNS = st.dictionaries(st.from_regex(r"[a-f]{1,2}", fullmatch=True), st.integers(-3, 3), max_size=20)
PAIRS = st.lists(st.tuples(st.from_regex(r"[a-f]{1,2}", fullmatch=True), st.from_regex(r"[a-f]{1,2}", fullmatch=True)))


@given(COLUMNS, PAIRS)
def test_boxes_stand_inside_and_apart_and_every_edge_is_drawn(columns: dict[str, int], pairs: list[tuple[str, str]]):
    edges = [(start, end, "x") for start, end in pairs]
    picture = layout(columns, edges)
    assert {node.reference for node in picture.nodes} == columns.keys()
    for place, one in enumerate(picture.nodes):
        assert one.x >= 0
        assert one.y >= 0
        assert one.x + NODE_WIDTH <= picture.width
        assert one.y + NODE_HEIGHT <= picture.height
        for other in picture.nodes[place + 1 :]:
            apart = abs(one.x - other.x) >= NODE_WIDTH or abs(one.y - other.y) >= NODE_HEIGHT
            assert apart
    assert len(picture.edges) == sum(start in columns and end in columns for start, end in pairs)
    assert layout(columns, edges) == picture


def words(reference: str) -> str:
    return "down" if reference == "system/n5" else ""


def test_a_star_is_cut_at_the_bound_and_the_list_is_whole():
    nodes = [Node(reference=f"system/n{number}", title="", owner="", criticality=None) for number in range(300)]
    graph = EstateGraph(nodes, [Edge(start="system/n0", end=one.reference, relation="x") for one in nodes[1:]])
    drawn = neighbourhood(
        [graph.impact("system/n0")], keep=lambda node: node.name != "n7", words=words,
        overlay="health", state_class=state_class, state_mark=state_mark,
    )  # fmt: skip
    assert (len(drawn.nodes), len(drawn.listed), drawn.left_out) == (MAX_DRAWN, 299, 299 - MAX_DRAWN)
    unwell = next(one for one in drawn.listed if one.reference == "system/n5")
    assert (unwell.css, unwell.sign, unwell.word) == ("bad", "■", "down")
