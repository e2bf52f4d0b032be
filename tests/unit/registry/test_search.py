"""Search as a pure function: facets add up and narrow down, pages meet each entry once, counts are true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.governance.search import (
    FACETS,
    NONE,
    ORDERS,
    CatalogueEntry,
    SearchError,
    query_from_json,
    search,
    search_query,
)

ENTRIES = st.lists(
    st.builds(
        CatalogueEntry,
        kind=st.sampled_from(["System", "Integration"]),
        name=st.from_regex(r"[a-c]{1,3}", fullmatch=True),
        owner=st.sampled_from(["", "one", "two"]),
        state=st.sampled_from(["live", "design"]),
        criticality=st.sampled_from(["", "low", "vital"]),
        tags=st.lists(st.sampled_from(["phi", "pan"]), unique=True).map(tuple),
    ),
    max_size=25,
    unique_by=lambda entry: entry.reference,
)
SORTS = st.sampled_from([*ORDERS, *(f"-{one}" for one in ORDERS)])
CHOICES = st.lists(
    st.sampled_from(["owner=one", "owner=two", f"owner={NONE}", "state=live", "tag=phi", "kind=system"]), max_size=4
)


def fits(entry: CatalogueEntry, facets: list[str]) -> bool:
    wanted: dict[str, set[str]] = {}
    for name, _, value in (one.partition("=") for one in facets):
        wanted.setdefault(name, set()).add(value)
    return all({value or NONE for value in FACETS[name](entry)} & values for name, values in wanted.items())


@given(ENTRIES, CHOICES, SORTS, st.integers(1, 5))
def test_pages_together_are_exactly_what_fits_in_order(
    entries: list[CatalogueEntry], facets: list[str], sort: str, limit: int
):
    query = search_query("", facets, sort)
    seen, cursor = [], ""
    for _ in range(len(entries) + 1):
        page = search(entries, query, limit=limit, cursor=cursor)
        seen += page.entries
        cursor = page.cursor
        if not cursor:
            break
    assert sorted(one.reference for one in seen) == sorted(one.reference for one in entries if fits(one, facets))
    assert seen == list(search(entries, query, limit=1_000).entries)


@given(ENTRIES, CHOICES)
def test_a_facets_count_is_what_choosing_that_value_alone_would_find(entries: list[CatalogueEntry], facets: list[str]):
    counted = search(entries, search_query("", facets), limit=1).facets
    for name, values in counted.items():
        others = [one for one in facets if not one.startswith(f"{name}=")]
        for value, count in values:
            alone = search(entries, search_query("", [*others, f"{name}={value}"]), limit=1)
            assert alone.total == count


@given(ENTRIES, SORTS)
def test_an_entry_that_comes_in_between_moves_nothing_else(entries: list[CatalogueEntry], sort: str):
    query = search_query("", [], sort)
    first = search(entries, query, limit=2)
    if not first.cursor:
        return
    more = [*entries, CatalogueEntry(kind="Team", name="new")]
    rest = search(more, query, limit=1_000, cursor=first.cursor).entries
    assert not set(map(id, first.entries)) & set(map(id, rest))
    assert {one.reference for one in entries} <= {one.reference for one in (*first.entries, *rest)}


def test_words_are_looked_for_everywhere_whatever_the_case():
    entry = CatalogueEntry(
        kind="Integration", name="a", title="Straße", entities=("Order",), labels={"team": "x"}, systems=("crm", "erp")
    )
    for text in ("STRASSE", "order CRM", "team=x", "integration"):
        assert search([entry], search_query(text, []), limit=1).total == 1, text
    assert search([entry], search_query("order none", []), limit=1).total == 0


@pytest.mark.parametrize(
    ("text", "facets", "sort"),
    [
        ("", ["owner"], ""),
        ("", ["nothing=x"], ""),
        ("", [], "mood"),
        ("a " * 21, [], ""),
        ("", [f"owner={n}" for n in range(51)], ""),
    ],
)
def test_a_search_that_means_nothing_is_refused(text: str, facets: list[str], sort: str):
    with pytest.raises(SearchError):
        search_query(text, facets, sort)


@pytest.mark.parametrize("cursor", ["x", "[]", '{"a":1}', '["a"]', "[[1],2]", "[1,2]", "null"])
def test_a_foreign_cursor_is_refused_or_harmless(cursor: str):
    entries = [CatalogueEntry(kind="System", name="a"), CatalogueEntry(kind="System", name="b")]
    try:
        found = search(entries, search_query("", []), limit=5, cursor=cursor)
    except SearchError:
        return
    assert {one.name for one in found.entries} <= {"a", "b"}


def test_a_kept_query_comes_back():
    query = search_query("orders", ["owner=one", "owner=two", "label=a=b"], "-criticality")
    assert query_from_json(query.as_json()) == query
