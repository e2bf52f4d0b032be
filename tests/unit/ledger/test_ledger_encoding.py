from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from easement.ledger.encoding import FIELDS, MAX_RECORD_BYTES, bounded, decode, encode, parse, search_values
from easement.ledger.errors import EncodingError
from easement.ledger.layout import SEARCH_COLUMNS
from easement.ledger.record import Record, RecordKind, Status, Step
from easement.testing.records import a_record

OTHER = {
    "kind": RecordKind.EVENT,
    "step": Step.DELIVERED,
    "status": Status.FAILED,
    "times": {"received": 1},
    "detail": {"removed": ("card",)},
    "retention_class": "d30",
}


@pytest.mark.parametrize("name", [field.name for field in fields(Record)])
def test_every_field_changes_the_canonical_bytes(name: str) -> None:
    record = a_record()
    value = getattr(record, name)
    other = OTHER.get(name, value + 1 if isinstance(value, int) else f"{value}x")
    assert encode(replace(record, **{name: other})) != encode(record)


def test_canonical_bytes_are_pinned() -> None:
    record = Record(
        id="1",
        transaction_id="2",
        kind=RecordKind.EVENT,
        step=Step.DELIVERED,
        status=Status.SUCCESS,
        time_ms=5,
        times={"b": 2, "a": 1},
        error="ü\n",
        detail={"removed": ("x", "y"), "attempt": 2, "final": True},
        recorder="relay@00",
        sequence=9,
    )
    assert encode(record).decode() == (
        '[1,"1","2","","event","delivered","success",5,{"a":1,"b":2},"","","","","","","","","","ü\\n",0,0,0,'
        '{"attempt":2,"final":true,"removed":["x","y"]},"d400","relay@00",9]'
    )


def test_search_values_are_the_columns() -> None:
    record = a_record()
    assert search_values(parse(encode(record))) == tuple(getattr(record, name) for name in SEARCH_COLUMNS)


def test_lone_surrogates_do_not_stop_a_recorder() -> None:
    assert decode(encode(a_record(error="bad \ud800 name"))).error == "bad ? name"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": ""}, "needs an id"),
        ({"account": None}, "account must be text"),
        ({"time_ms": True}, "time_ms must be a whole number"),
        ({"latency_us": 2**63}, "64 bits"),
        ({"times": {"received": 1.5}}, "times maps"),
        ({"detail": {"body": {"secret": 1}}}, "detail holds"),
        ({"detail": {"share": float("nan")}}, "JSON"),
        ({"retention_class": "../x"}, "retention_class"),
        ({"retention_class": "d400\n"}, "retention_class"),
    ],
)
def test_a_record_without_canonical_form_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(EncodingError, match=message):
        encode(a_record(**change))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data + b" ",
        lambda data: data.replace(b"[1,", b"[2,", 1),
        lambda data: data.replace(b'"success"', b'"perfect"'),
        lambda data: data[:-1],
        lambda data: json.dumps(json.loads(data)).encode(),
        lambda data: json.dumps([*json.loads(data), 1]).encode(),
        lambda _: b"{}",
        lambda _: b"\xff",
        lambda _: b"[" * 100_000,
    ],
)
def test_bytes_that_are_not_canonical_are_refused(damage: object) -> None:
    with pytest.raises(EncodingError):
        decode(damage(encode(a_record())))  # type: ignore[operator]


def test_the_largest_shortened_record_fits() -> None:
    texts = {
        name: "𝄞" * 5_000
        for name in FIELDS
        if isinstance(getattr(a_record(), name), str) and name not in ("kind", "step", "status", "retention_class")
    }
    detail = {"𝄞" * 600 + str(n): tuple("𝄞" * 600 for _ in range(50)) for n in range(50)}
    record = bounded(a_record(**texts, detail=detail, times={"t" * 900 + str(n): n for n in range(50)}))
    assert len(encode(record)) < 4 * MAX_RECORD_BYTES
    assert decode(encode(record)) == record
