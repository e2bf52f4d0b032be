"""A condition is split by when its parts can be decided; what nobody can evaluate is refused."""

from __future__ import annotations

from typing import Any

import pytest

from easement.estate.access.access_parts import NO_PARTS, access_parts
from easement.estate.access.cel_tree import AccessConditionError, expression_of, syntax_tree
from easement.estate.access.content_condition import content_condition

CALLER = "request.path.id == principal.client_id"


def decided(expression: str) -> list[str]:
    parts = access_parts(expression)
    named = {"caller": parts.caller, "request": parts.request, "answer": parts.answer}
    return [name for name, part in named.items() if part is not None]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (CALLER, ["caller"]),
        ("request.method == 'GET'", ["caller"]),
        ("request.query.owner == principal.client_id", ["request"]),
        ("request.headers['x-tenant'] == principal.tenant", ["request"]),
        ("request.body.order.owner == principal.client_id", ["request"]),
        ("has(principal.region) && principal.region == 'eu'", ["caller", "request"]),
        ("resource.owner == principal.client_id", ["answer"]),
        (f"{CALLER} && request.body.a == 1 && resource.b == 2", ["caller", "request", "answer"]),
        (f"{CALLER} || resource.open", ["answer"]),
        (f"!({CALLER} && resource.open)", ["answer"]),
        (f"({CALLER} && resource.open) && {CALLER}", ["caller", "answer"]),
    ],
)
def test_each_comparison_is_decided_as_early_as_it_can_be(expression: str, expected: list[str]) -> None:
    assert decided(expression) == expected


def test_no_condition_has_no_parts() -> None:
    assert access_parts("") is NO_PARTS


def test_what_a_condition_reads_is_known() -> None:
    parts = access_parts("request.query.a == request.headers['X-B'] && request.body.c == request.query['d']")
    assert parts.reads == {("query", "a"), ("headers", "x-b"), ("body", ""), ("query", "d")}


@pytest.mark.parametrize(
    "expression",
    [
        "request.query.owner == resource.owner",
        "request.body.owner in resource.owners",
        "resource.owner ==",
        "resource.items.exists(x, x == 1)",
        "resource.size() + 1",
    ],
)
def test_what_cannot_be_split_is_refused(expression: str) -> None:
    with pytest.raises(AccessConditionError):
        access_parts(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "resource.a.matches('x+')",
        "resource.a + 1 == 2",
        "resource.a == 9007199254740993",
        "resource.a == principal",
        "resource.a == request",
        "int(resource.a) == 1",
        "timestamp(resource.at) < timestamp('2026-01-01T00:00:00Z')",
        "has(request.path) && resource.a",
        "principal[resource.a] == 1",
    ],
)
def test_what_the_runtime_cannot_evaluate_is_refused(expression: str) -> None:
    parts = access_parts(expression)
    with pytest.raises(AccessConditionError):
        _ = [content_condition(part) for part in (parts.request, parts.answer) if part is not None]


def test_a_condition_becomes_lists() -> None:
    part = access_parts("resource.a.b == principal.c && (resource[0] in ['x', null] || has(resource.d))").answer
    assert part is not None
    assert content_condition(part) == [
        "and",
        ["eq", ["get", ["get", ["resource"], ["value", "a"]], ["value", "b"]], ["principal", "c"]],
        [
            "or",
            ["in", ["get", ["resource"], ["value", 0]], ["list", ["value", "x"], ["value"]]],
            ["has", ["resource"], "d"],
        ],
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "request.path.id == principal.client_id + '-1'",
        "!(resource.a[0].b in ['x', null, true, 1.5, -2]) || has(resource['c\"d'].e)",
        "resource.a.size() > 0 ? resource.b.startsWith('é') : -resource.c < 3u",
        "size(resource) % 2 == 1 && request.headers['x-a'] != ''",
    ],
)
def test_a_part_reads_as_the_tree_it_is_of(expression: str) -> None:
    tree = syntax_tree(expression)
    assert without_ids(syntax_tree(expression_of(tree))) == without_ids(tree)


def without_ids(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: without_ids(value) for key, value in tree.items() if key != "id"}
    return [without_ids(one) for one in tree] if isinstance(tree, list) else tree
