"""Keys of documents, and what people may write for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.contract.documents import from_json
from easement.contract.identity import (
    UnknownKeyError,
    bare_name,
    document_key,
    interface_key,
    reference_key,
    resolve_key,
    versions_of,
)
from easement.contract.kinds import InterfaceReference
from easement.contract.loader import load
from easement.contract.values import VersionRange
from easement.testing.small_estate import interface, small_files, system


def test_an_interface_stands_under_name_and_major_and_others_under_their_name() -> None:
    assert document_key(from_json(interface(version="3.7.1"))) == "stock-api@3"
    assert document_key(from_json(system("stock"))) == "stock"


@pytest.mark.parametrize(
    ("written", "key"), [("^1.2", "api@1"), ("~2.0.1", "api@2"), ("=3", "api@3"), ("4.1", "api@4"), ("^0.3", "api@0")]
)
def test_every_range_names_one_major(written: str, key: str) -> None:
    assert reference_key(InterfaceReference(name="api", version=VersionRange.parse(written))) == key


def test_a_bare_name_is_enough_where_there_is_one_version() -> None:
    assert resolve_key("Interface", "orders", ["orders@2", "order@1"]) == "orders@2"
    assert resolve_key("Interface", "orders@2", ["orders@2", "orders@1"]) == "orders@2"
    assert resolve_key("System", "crm", ["crm"]) == "crm"


def test_a_bare_name_of_several_versions_lists_them_in_order() -> None:
    with pytest.raises(UnknownKeyError, match=r"several versions: name one of orders@2, orders@10"):
        resolve_key("Interface", "orders", ["orders@10", "orders@2"])


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UnknownKeyError, match="orders@2"):
        resolve_key("Interface", "order@2", ["orders@2"])


def test_two_majors_are_two_documents_and_the_same_major_twice_is_one_too_many() -> None:
    files = small_files()
    two = files | {"interface/next.yaml": files["interface/stock-api.yaml"].replace(b'"1.0.0"', b'"2.0.0"')}
    bundle = load(two)
    assert bundle.problems == ()
    assert {document_key(one.document) for one in bundle.documents if one.document.kind == "Interface"} == {
        "stock-api@1",
        "stock-api@2",
    }
    again = files | {"interface/next.yaml": files["interface/stock-api.yaml"].replace(b'"1.0.0"', b'"1.4.0"')}
    assert [problem.code for problem in load(again).problems] == ["EAS-1301"]


def test_a_name_that_leaves_no_room_for_its_major_is_refused() -> None:
    files = small_files()
    long = files["interface/stock-api.yaml"].replace(b'"stock-api"', b'"' + b"a" * 62 + b'"')
    bundle = load(files | {"interface/long.yaml": long})
    assert [(problem.code, problem.place.path) for problem in bundle.problems] == [("EAS-1207", "/metadata/name")]


@given(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), st.integers(0, 999), st.integers(0, 999))
def test_keys_are_read_back_and_never_collide(name: str, one: int, other: int) -> None:
    key = interface_key(name, one)
    assert bare_name(key) == name
    assert (key == interface_key(name, other)) == (one == other)
    assert versions_of(name, [key, f"x{name}@1", name]) == (key,)
