"""What flows where: directions, handling by the most specific name, shared bodies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.contract.kinds import Handling
from easement.estate.flows import FlowIndex, handling_of, merge_fields
from easement.interfaces.model import ClassifiedField


def flows(estate: Any, name: str) -> list[tuple[str, str, str, list[str]]]:
    return [
        (flow.direction, flow.sender, flow.receiver, [carried.path for carried in flow.fields])
        for flow in FlowIndex(estate).flows(estate.integrations[name])
    ]


def test_an_answer_flows_back_to_the_source_with_the_named_fields_only(estate_after: Any) -> None:
    assert flows(estate_after(), "shop-reads") == [("response", "store", "shop", ["id", "lines.sku"])]


def test_a_request_body_flows_whole_to_the_target(estate_after: Any) -> None:
    estate = estate_after(("operations: [getOrder]", "operations: [getOrder, placeOrder]"), ("[id, lines.sku]", "[id]"))
    assert flows(estate, "shop-reads") == [("request", "shop", "store", ["sku"]), ("response", "store", "shop", ["id"])]


def test_a_branch_covers_what_is_below_and_the_specific_name_decides(estate_after: Any) -> None:
    estate = estate_after(("[id, lines.sku]", "{id: hash, lines: clear, lines.price: drop}"))
    assert flows(estate, "shop-reads") == [("response", "store", "shop", ["id", "lines", "lines.sku"])]


def test_an_event_flows_to_the_target_without_what_is_masked(estate_after: Any) -> None:
    assert flows(estate_after(), "store-tells") == [("event", "store", "shop", ["id"])]


def test_unknown_interfaces_carry_nothing_and_say_so(estate_after: Any) -> None:
    import dataclasses

    estate = dataclasses.replace(estate_after(), models={})
    index = FlowIndex(estate)
    assert index.flows(estate.integrations["shop-reads"]) == ()
    assert index.known_paths(estate.integrations["shop-reads"]) is None


@pytest.mark.parametrize(
    ("path", "handling"),
    [("a", "mask"), ("a.b", "clear"), ("a.b.c", "clear"), ("a.bc", "mask"), ("ab", "drop"), ("", "drop")],
)
def test_the_nearest_named_ancestor_decides(path: str, handling: str) -> None:
    assert handling_of(path, {"a": Handling.MASK, "a.b": Handling.CLEAR}) == handling


@given(
    st.text(alphabet="ab.", max_size=8),
    st.dictionaries(st.text(alphabet="ab.", min_size=1, max_size=5), st.sampled_from(Handling)),
)
def test_a_field_that_no_name_covers_never_passes(path: str, handling: dict[str, Handling]) -> None:
    covered = any(path == name or path.startswith(f"{name}.") for name in handling)
    if not covered:
        assert handling_of(path, handling) is Handling.DROP


def classified(classification: Any, *tags: Any) -> ClassifiedField:
    return ClassifiedField(
        path="a", types=(), leaf=True, required=False, classification=classification, tags=frozenset(tags)
    )


def test_merging_keeps_the_stricter_side_and_never_hides_an_unclassified_one() -> None:
    from easement.contract.kinds import Classification, Tag

    public, restricted = classified(Classification.PUBLIC, Tag.PHI), classified(Classification.RESTRICTED)
    merged = merge_fields([public, restricted])["a"]
    assert (merged.classification, merged.tags) == (Classification.RESTRICTED, {Tag.PHI})
    assert merge_fields([restricted, classified(None)])["a"].classification is None
