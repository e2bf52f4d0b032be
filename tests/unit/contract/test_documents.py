"""Documents as trees, and their revisions."""

from __future__ import annotations

import pytest

from easement.contract.documents import DocumentError, from_json, to_json
from easement.contract.revision import definition_content, definition_files, revision_of

TREE = {
    "apiVersion": "easement/v1",
    "kind": "Integration",
    "metadata": {"name": "shop-reads-stock", "owner": "shop"},
    "spec": {
        "source": "shop",
        "target": "stock",
        "interface": {"name": "stock-api", "version": "^1.0"},
        "operations": ["getItem"],
        "fields": {"id": "clear", "price": "mask"},
        "purpose": "essential.service",
        "legalBasis": "contract",
        "sla": {"timeout": "5s", "throughput": {"limit": "50/s"}},
        "retention": {"messages": "P7D"},
    },
}


def test_a_tree_comes_back_as_it_was():
    assert to_json(from_json(TREE)) == TREE


def test_defaults_are_left_out_and_mean_the_same():
    spelt = {**TREE, "spec": {**TREE["spec"], "pattern": "request", "consent": "none", "errors": {}}}
    assert to_json(from_json(spelt)) == TREE
    assert revision_of(from_json(spelt)) == revision_of(from_json(TREE))


def test_order_of_keys_does_not_change_the_revision():
    turned = {**TREE, "spec": dict(reversed(TREE["spec"].items()))}
    assert revision_of(from_json(turned)) == revision_of(from_json(TREE))


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "marketing"},
        {"fields": {"id": "clear", "price": "clear"}},
        {"fields": {"id": "clear"}},
        {"sla": {"timeout": "6s", "throughput": {"limit": "50/s"}}},
        {"operations": ["getItem", "listItems"]},
    ],
    ids=str,
)
def test_every_meaning_has_its_own_revision(change):
    assert revision_of(from_json({**TREE, "spec": {**TREE["spec"], **change}})) != revision_of(from_json(TREE))


def test_a_revision_is_stable_across_releases():
    team = from_json({"apiVersion": "easement/v1", "kind": "Team", "metadata": {"name": "shop"}})
    assert revision_of(team) == "39e1f4bed2cdefb30f14961a651fefc293d9459d50d42a250623e9ffcea0b93f"
    assert revision_of(team, b"definition") != revision_of(team)


@pytest.mark.parametrize(
    ("tree", "code"),
    [
        ({}, "EAS-1101"),
        ({"apiVersion": "easement/v2", "kind": "Team"}, "EAS-1101"),
        ({"apiVersion": "easement/v1", "kind": "Tame"}, "EAS-1101"),
        ({"apiVersion": "easement/v1", "kind": ["Team"]}, "EAS-1101"),
        ({"apiVersion": "easement/v1", "kind": "Team", "metadata": {}}, "EAS-1202"),
        ({"apiVersion": "easement/v1", "kind": "Team", "metadata": {"name": "a"}, "x": 1}, "EAS-1201"),
        ({"apiVersion": "easement/v1", "kind": "Team", "metadata": {"name": b"a"}}, "EAS-1002"),
        ({"apiVersion": "easement/v1", "kind": "Team", "metadata": {"name": "a", "title": float("nan")}}, "EAS-1204"),
    ],
)
def test_what_is_no_document_is_refused_with_problems(tree, code):
    with pytest.raises(DocumentError) as caught:
        from_json(tree)
    assert [problem.code for problem in caught.value.problems] == [code]
    assert str(caught.value)


def test_references_are_followed_in_any_spelling_and_never_outside():
    files = {
        "a.yaml": b'"$ref" : "b%20c.yaml#/x"\n$ref: ../out.yaml\n$ref: https://x.example/y.yaml\n$ref: \'#/z\'\n',
        "b c.yaml": b"{$ref: a.yaml}",
        "out.yaml": b"",
    }
    assert definition_files("a.yaml", files) == ("a.yaml", "b c.yaml")
    assert definition_files("absent.yaml", files) == ()
    assert definition_content("absent.yaml", files) == b""
    assert definition_content("out.yaml", files) == b""
