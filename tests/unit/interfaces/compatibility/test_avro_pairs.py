"""Pairs of Avro schemas: under ``backward`` the new schema reads what the old one wrote, under ``forward`` the reverse.

Each row: a name, the old schema, the new one, and whether the change breaks backward and forward, with the rules that
are to be named. What is said not to break is held against the Avro library's own checker.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from easement.interfaces.compatibility.avro_compare import AVRO_RULES, compare_avro
from easement.interfaces.compatibility.compare import DefinitionSource, compare_definitions
from easement.interfaces.compatibility.foreign import UnreadableSchemaError
from easement.interfaces.compatibility.policy import POLICIES
from easement.interfaces.compatibility.verdict import ChangeClass, Direction


def _record(*fields: Any, **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": "Order", "fields": list(fields), **more}


def _field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def _enum(*symbols: str, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "Kind", "symbols": list(symbols), **more}


def _fixed(size: int, name: str = "Key", **more: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size, **more}


def _decimal(precision: int, scale: int) -> dict[str, Any]:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


ID = _field("id", "string")
NODE = _record(_field("value", "int"), _field("next", ["null", "Order"]))
WIDE_NODE = _record(_field("value", "long"), _field("next", ["null", "Order"]))

PAIRS: list[tuple[str, Any, Any, bool, bool, set[str]]] = [
    ("field added with default", _record(ID), _record(ID, _field("n", "int", default=0)), False, False,
     {"avro-field-added"}),
    ("field added without default", _record(ID), _record(ID, _field("n", "int")), True, False,
     {"avro-field-added-without-default"}),
    ("field with default removed", _record(ID, _field("n", "int", default=0)), _record(ID), False, False,
     {"avro-field-removed"}),
    ("field without default removed", _record(ID, _field("n", "int")), _record(ID), False, True,
     {"avro-field-removed-without-default"}),
    ("nullable field added with null as default", _record(ID), _record(ID, _field("n", ["null", "int"], default=None)),
     False, False, {"avro-field-added"}),
    ("nullable field added without default", _record(ID), _record(ID, _field("n", ["null", "int"])), True, False,
     {"avro-field-added-without-default"}),
    ("field renamed without alias", _record(_field("a", "int")), _record(_field("b", "int")), True, True,
     {"avro-field-added-without-default", "avro-field-removed-without-default"}),
    ("field renamed with alias", _record(_field("a", "int")), _record(_field("b", "int", aliases=["a"])), False, True,
     {"avro-field-renamed", "avro-field-removed-without-default"}),
    ("fields reordered", _record(ID, _field("n", "int")), _record(_field("n", "int"), ID), False, False,
     {"avro-fields-reordered"}),
    ("default added", _record(_field("n", "int")), _record(_field("n", "int", default=1)), False, False,
     {"avro-default-added"}),
    ("default removed", _record(_field("n", "int", default=1)), _record(_field("n", "int")), False, False,
     {"avro-default-removed"}),
    ("default changed", _record(_field("n", "int", default=1)), _record(_field("n", "int", default=2)), False, False,
     {"avro-default-changed"}),
    ("default null became false", _record(_field("n", ["null", "boolean"], default=None)),
     _record(_field("n", ["boolean", "null"], default=False)), False, False, {"avro-default-changed"}),
    ("int widened to long", "int", "long", False, True, {"avro-type-changed"}),
    ("int widened to double", "int", "double", False, True, {"avro-type-changed"}),
    ("long widened to float", "long", "float", False, True, {"avro-type-changed"}),
    ("float widened to double", "float", "double", False, True, {"avro-type-changed"}),
    ("long narrowed to int", "long", "int", True, False, {"avro-type-changed"}),
    ("string to bytes is resolved and risky", "string", "bytes", False, False, {"avro-type-changed"}),
    ("string to int", "string", "int", True, True, {"avro-type-changed"}),
    ("boolean to string", "boolean", "string", True, True, {"avro-type-changed"}),
    ("record to map", _record(ID), {"type": "map", "values": "string"}, True, True, {"avro-type-changed"}),
    ("items of an array widened", {"type": "array", "items": "int"}, {"type": "array", "items": "long"}, False, True,
     {"avro-type-changed"}),
    ("values of a map changed", {"type": "map", "values": "int"}, {"type": "map", "values": "string"}, True, True,
     {"avro-type-changed"}),
    ("symbol added", _enum("A"), _enum("A", "B"), False, True, {"avro-enum-symbol-added"}),
    ("symbol removed", _enum("A", "B"), _enum("A"), True, False, {"avro-enum-symbol-removed"}),
    ("symbol added where unknown ones have a default", _enum("A", default="A"), _enum("A", "B", default="A"), False,
     False, {"avro-enum-symbol-added"}),
    ("symbol removed where unknown ones have a default", _enum("A", "B", default="A"), _enum("A", default="A"), False,
     False, {"avro-enum-symbol-removed"}),
    ("symbols reordered", _enum("A", "B"), _enum("B", "A"), False, False, {"avro-enum-reordered"}),
    ("default symbol changed", _enum("A", "B", default="A"), _enum("A", "B", default="B"), False, False,
     {"avro-enum-default-changed"}),
    ("branch added", ["null", "int"], ["null", "int", "string"], False, True, {"avro-union-branch-added"}),
    ("branch removed", ["null", "int", "string"], ["null", "int"], True, False, {"avro-union-branch-removed"}),
    ("branches reordered", ["null", "int"], ["int", "null"], False, False, {"avro-union-reordered"}),
    ("made nullable", "string", ["null", "string"], False, True, {"avro-union-branch-added"}),
    ("made not nullable", ["null", "string"], "string", True, False, {"avro-union-branch-removed"}),
    ("branch widened", ["null", "int"], ["null", "long"], False, True, {"avro-union-branch-added"}),
    ("record in a union gains a field", ["null", _record(ID)], ["null", _record(ID, _field("n", "int"))], True, False,
     {"avro-field-added-without-default"}),
    ("size of fixed changed", _fixed(4), _fixed(8), True, True, {"avro-fixed-size-changed"}),
    ("fixed renamed", _fixed(4), _fixed(4, "Other"), True, True, {"avro-name-changed"}),
    ("fixed renamed with alias", _fixed(4), _fixed(4, "Other", aliases=["Key"]), False, True, {"avro-name-changed"}),
    ("record renamed", _record(ID), _record(ID, name="Purchase"), True, True, {"avro-name-changed"}),
    ("record renamed with an alias in its namespace", _record(ID, namespace="shop"),
     _record(ID, name="Purchase", namespace="shop", aliases=["Order"]), False, True, {"avro-name-changed"}),
    ("namespace changed", _record(ID, namespace="a"), _record(ID, namespace="b"), False, False,
     {"avro-namespace-changed"}),
    ("enum renamed", _enum("A"), _enum("A", name="Sort"), True, True, {"avro-name-changed"}),
    ("recursive record widened", NODE, WIDE_NODE, False, True, {"avro-type-changed"}),
    ("logical type added", "long", {"type": "long", "logicalType": "timestamp-millis"}, False, False,
     {"avro-logical-type-changed"}),
    ("unit of a timestamp changed", {"type": "long", "logicalType": "timestamp-millis"},
     {"type": "long", "logicalType": "timestamp-micros"}, True, True, {"avro-logical-type-changed"}),
    ("scale of a decimal changed", _decimal(9, 2), _decimal(9, 3), True, True, {"avro-decimal-changed"}),
    ("precision of a decimal raised", _decimal(9, 2), _decimal(12, 2), False, True, {"avro-decimal-changed"}),
    ("sort order changed", _record(_field("n", "int")), _record(_field("n", "int", order="descending")), False, False,
     {"avro-sort-order-changed"}),
    ("documentation changed", _record(ID), _record(ID, doc="An order."), False, False, {"avro-doc-changed"}),
    ("aliases added", _record(ID), _record(ID, aliases=["Old"]), False, False, {"avro-aliases-changed"}),
    ("type used twice changes in both places",
     _record(_field("a", _record(_field("x", "int"), name="Inner")), _field("b", "Inner")),
     _record(_field("a", _record(_field("x", "string"), name="Inner")), _field("b", "Inner")), True, True,
     {"avro-type-changed"}),
]  # fmt: skip


def test_there_are_enough_pairs() -> None:
    assert len({name for name, *_ in PAIRS}) == len(PAIRS) >= 40


@pytest.mark.parametrize(
    ("old", "new", "backward", "forward", "rules"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS]
)
def test_avro_pair(old: Any, new: Any, backward: bool, forward: bool, rules: set[str]) -> None:
    for name, breaks in (("backward", backward), ("forward", forward), ("full", backward or forward)):
        found = compare_avro(json.dumps(old), json.dumps(new), direction=Direction.PUBLISH, policy=POLICIES[name])
        assert any(v.change is ChangeClass.BREAKING for v in found) == breaks, (name, found)
        assert name != "full" or rules <= {verdict.rule for verdict in found}
        assert "avro-not-readable" not in {verdict.rule for verdict in found}


@pytest.mark.parametrize(("old", "new", "backward", "forward"), [p[1:5] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_avro_role_decides_who_reads(old: Any, new: Any, backward: bool, forward: bool) -> None:
    for direction, breaks in ((Direction.PUBLISH, backward), (Direction.SUBSCRIBE, forward)):
        found = compare_avro(old, new, direction=direction, policy=POLICIES["strict"])
        assert any(v.change is ChangeClass.BREAKING for v in found) == breaks


@pytest.mark.parametrize("schema", [p[2] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_avro_schema_does_not_differ_from_itself(schema: Any) -> None:
    assert compare_avro(schema, json.dumps(schema).encode(), direction=Direction.PUBLISH, policy=POLICIES["full"]) == ()


def test_avro_verdicts_name_every_field_that_uses_a_type() -> None:
    old, new = PAIRS[-1][1:3]
    found = compare_avro(old, new, direction=Direction.PUBLISH, policy=POLICIES["strict"])
    assert {v.field_path for v in found if v.change is ChangeClass.BREAKING} == {"a.x", "b.x"}


def test_avro_verdict_has_its_place_in_both_files() -> None:
    old = json.dumps(_record(ID, _field("n", "int")), indent=1).encode()
    new = json.dumps(_record(_field("n", "string")), indent=1).encode()
    found, problems = compare_definitions(
        DefinitionSource(format="avro", path="o.avsc", files={"o.avsc": old}),
        DefinitionSource(format="avro", path="o.avsc", files={"o.avsc": new}),
    )
    assert problems == ()
    verdict = next(v for v in found.verdicts if v.rule == "avro-type-changed")
    assert (verdict.old.pointer, verdict.new.pointer) == ("/fields/1/type", "/fields/0/type")
    assert json.dumps("type") in old.decode().splitlines()[verdict.old.line - 1]
    assert "string" in new.decode().splitlines()[verdict.new.line - 1]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"42", b"null", b'"nosuch"', b'{"type": "record"}', b'{"type": "enum", "name": "E"}',
     b'{"type": "record", "name": "A", "fields": [{"name": "a", "type": "B"}]}', b'["int", "int"]',
     b'{"protocol": "P", "messages": {}}', b"[" * 100_000 + b"]" * 100_000, b'{"type": ["a"], "name": []}'],
)  # fmt: skip
def test_avro_that_is_none_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableSchemaError) as caught:
        compare_avro(content, b'"int"', direction=Direction.PUBLISH, policy=POLICIES["strict"])
    assert caught.value.is_old
    with pytest.raises(UnreadableSchemaError) as caught:
        compare_avro(b'"int"', content, direction=Direction.PUBLISH, policy=POLICIES["strict"])
    assert not caught.value.is_old


def test_avro_whose_paths_explode_is_held_for_breaking() -> None:
    def nested(kind: str) -> dict[str, Any]:
        inner: Any = kind
        for level in range(30):
            inner = _record(_field("a", inner), _field("b", inner if isinstance(inner, str) else inner["name"]))
            inner["name"] = f"L{level}"
        return dict(inner)

    found = compare_avro(nested("int"), nested("string"), direction=Direction.PUBLISH, policy=POLICIES["strict"])
    assert [(v.rule, v.change, v.too_complex) for v in found] == [("avro-too-complex", ChangeClass.BREAKING, True)]


def test_avro_with_an_unknown_logical_type_warns_nobody() -> None:
    schema = {"type": "string", "logicalType": "no-such"}
    found = compare_avro("string", schema, direction=Direction.PUBLISH, policy=POLICIES["strict"])
    assert {verdict.rule for verdict in found} == {"avro-logical-type-changed"}


def test_every_avro_rule_is_shown_by_a_pair() -> None:
    shown = set().union(*(pair[5] for pair in PAIRS))
    assert set(AVRO_RULES) - shown == {"avro-not-readable", "avro-too-complex"}


def test_avro_payloads_of_asyncapi_are_compared_inside() -> None:
    def described(*fields: Any) -> bytes:
        payload = {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": _record(*fields)}
        return json.dumps({
            "asyncapi": "3.0.0", "info": {"title": "t", "version": "1"},
            "channels": {"orders": {"address": "orders", "messages": {"placed": {"payload": payload}}}},
            "operations": {"o": {"action": "send", "channel": {"$ref": "#/channels/orders"}}},
        }).encode()  # fmt: skip

    def compared(old: bytes, new: bytes) -> set[tuple[str, str]]:
        sides = (DefinitionSource(format="asyncapi", path="a.json", files={"a.json": one}) for one in (old, new))
        found, problems = compare_definitions(*sides)
        assert problems == ()
        return {(verdict.rule, verdict.change.value) for verdict in found.verdicts}

    assert compared(described(ID, _field("n", "int")), described(ID)) == {
        ("avro-field-removed-without-default", "breaking")
    }
    assert compared(described(ID), described(_field("bad", "nosuch"))) == {("payload-not-comparable", "breaking")}
