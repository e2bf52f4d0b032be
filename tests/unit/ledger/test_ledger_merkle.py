from __future__ import annotations

import hashlib

import pytest

from easement.ledger.merkle import (
    EMPTY_ROOT,
    GrowingRoot,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

# The reference leaves and roots of the Certificate Transparency log tests (RFC 6962, the same tree as RFC 9162 §2.1).
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(bytes.fromhex(text)) for text in LEAVES[:count]]


@pytest.mark.parametrize(("count", "expected"), list(enumerate(ROOTS, start=1)))
def test_roots_are_those_of_the_reference_tree(count: int, expected: str) -> None:
    assert root(leaves(count)).hex() == expected
    assert GrowingRoot(leaves(count)).root().hex() == expected


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert root([]) == EMPTY_ROOT == GrowingRoot().root() == hashlib.sha256(b"").digest()


def test_reference_proofs() -> None:
    assert [step.hex() for step in inclusion_proof(leaves(8), 0)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [step.hex() for step in consistency_proof(leaves(8), 1)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


def test_a_node_never_passes_for_a_leaf() -> None:
    pair = leaves(2)
    assert leaf_hash(pair[0] + pair[1]) != root(pair)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_places_outside_of_the_tree_are_refused(index: int, size: int) -> None:
    assert not verify_inclusion(b"x" * 32, index, size, (), b"x" * 32)
    with pytest.raises(IndexError, match="no leaf"):
        inclusion_proof(leaves(size), index)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3)])
def test_sizes_that_never_were_are_refused(old: int, new: int) -> None:
    assert not verify_consistency(old, new, EMPTY_ROOT, root(leaves(new)), ())
    with pytest.raises(ValueError, match="earlier size"):
        consistency_proof(leaves(new), old)
