"""The contract runtime against the reference implementation: thousands of documents through one live Envoy.

What both must agree on: whether a document fits a shape, and what of it a projection lets through. Documents are made
from a seed, so a failure can be repeated.
"""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from easement.interfaces.projection import apply_projection
from easement.interfaces.shapes import check_shape
from easement.testing.gateways import GatewaySimulator
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

ROUNDS = 1500
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["id", "kind"],
    "properties": {
        "id": {"type": "integer", "minimum": 1, "exclusiveMaximum": 50},
        "kind": {"enum": ["a", "é", 1, True, None]},
        "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 4},
        "price": {"type": "number", "exclusiveMinimum": 0, "maximum": 9.5},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
        "inner": {
            "type": "object",
            "properties": {"deep": {"type": "array", "items": {"$ref": "#/$defs/leaf"}}, "any": True},
            "additionalProperties": {"type": "boolean"},
        },
        "free": {"type": "object", "additionalProperties": True},
    },
    "additionalProperties": False,
    "$defs": {"leaf": {"type": "object", "required": ["v"], "properties": {"v": {"type": "integer"}}}},
}
BODY = {key: value for key, value in SCHEMA.items() if key != "$defs"}
PROJECTION = {
    "id": "value",
    "name": "mask",
    "inner": {"deep": {"v": "value"}, "any": "clear", "$": "clear"},
    "tags": "value",
    "free": "value",
}
NAMES = [
    "id",
    "kind",
    "name",
    "price",
    "tags",
    "inner",
    "free",
    "deep",
    "any",
    "v",
    "$",
    "*",
    "",
    "é",
    "a.b",
    'x"\\/\n',
]
TREATED = {
    "id": "hash", "kind": "truncate", "name": "hash", "price": "hash", "tags": "hash",
    "inner": {"deep": "hash", "any": "truncate", "v": "mask", "$": "hash"}, "free": "hash", "any": "hash",
}  # fmt: skip
LONG: list[Any] = [
    "4111111111111111", "é" * 12, "quote\"" * 3, 4111111111111111, 2**70, -(2**60), 1e20, -1.5e18, 1e-7, 0.1, 1 / 3,
    5e-324, 123456.789, 2**53 - 0.0, "\u2028" * 11, "😀" * 12,
]  # fmt: skip
SCALARS: list[Any] = [
    None, True, False, 0, 1, -1, 49, 50, 1.0, 1.5, 9.5, 9.50001, 1e3, -0.0, 2**40, "", "a", "é", "😀😀", "abcde",
    'quote " back \\ slash / \b\f\n\r\t \u2028', "\u007f", "1",
]  # fmt: skip


@pytest.fixture(scope="module")
def target() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def gateway(target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewaySimulator]:
    from easement.interfaces.shapes import compile_shape

    shape = compile_shape(BODY, SCHEMA["$defs"], closed=True)
    assert shape.unchecked == ()
    check = make_route(
        "check", method="POST", path="/check", grants=[make_grant(operation="check", projection={"*": "clear"})],
        body=BODY_WITHOUT_REFERENCES, max_body_bytes=1_000_000,
    )  # fmt: skip
    read = make_route("read", path="/read", grants=[make_grant(operation="read", projection=PROJECTION)])
    treat = make_route("treat", path="/treat", grants=[make_grant(operation="treat", projection=TREATED)])
    folder: Path = tmp_path_factory.mktemp("differential")
    with GatewaySimulator(make_plan(check, read, treat, upstreams=[make_upstream(target.port)]), folder) as simulator:
        yield simulator


def _inlined(tree: Any) -> Any:
    if isinstance(tree, dict):
        return SCHEMA["$defs"]["leaf"] if "$ref" in tree else {key: _inlined(value) for key, value in tree.items()}
    return tree


BODY_WITHOUT_REFERENCES = _inlined(BODY)


def document(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON value, mostly an object that nearly fits."""
    roll = chance.random()
    if depth > 4 or (depth and roll < 0.45):
        return chance.choice(SCALARS)
    if roll < 0.6:
        return [document(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(NAMES): document(chance, depth + 1) for _ in range(chance.randrange(5))}


def near(chance: random.Random) -> Any:
    """A document that fits, with up to two places changed."""
    made: dict[str, Any] = {"id": 7, "kind": "é", "name": "😀b", "price": 1.5, "tags": ["x"]}
    made["inner"] = {"deep": [{"v": 1}, {"v": 2.0}], "any": document(chance, 3), "more": True}
    made["free"] = {"z": document(chance, 3)}
    for _ in range(chance.randrange(3)):
        place = chance.choice([made, made["inner"], made["free"]])
        name = chance.choice(NAMES)
        if chance.random() < 0.3:
            place.pop(name, None)
        else:
            place[name] = document(chance, 3)
        if not isinstance(made.get("inner"), dict) or not isinstance(made.get("free"), dict):
            break
    return made


class Caller:
    """Requests on one connection."""

    def __init__(self, gateway: GatewaySimulator) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", gateway.place.port, timeout=30)
        self.headers = {"authorization": f"Bearer {gateway.token()}", "content-type": "application/json"}

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        self.connection.request(method, f"/orders-api/v1{path}", body, self.headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


@pytest.fixture
def caller(gateway: GatewaySimulator) -> Iterator[Caller]:
    made = Caller(gateway)
    yield made
    made.connection.close()


def test_documents_fit_a_shape_where_the_reference_says_so(target: UpstreamSimulator, caller: Caller):
    from easement.interfaces.shapes import compile_shape

    chance = random.Random(20261123)
    shape = compile_shape(BODY_WITHOUT_REFERENCES, {}, closed=True)
    full = jsonschema_rs.Draft202012Validator(SCHEMA)
    target.answer = Answer(status=204, body=b"")
    fits = 0
    for number in range(ROUNDS):
        value = near(chance) if number % 3 else document(chance)
        body = json.dumps(value, ensure_ascii=bool(number % 2), indent=number % 4 or None).encode()
        wrong = check_shape(shape, value)
        status, reply = caller.ask("POST", "/check", body)
        assert status == (400 if wrong else 204), (body, wrong, reply)
        if not wrong:
            fits += 1
            assert full.is_valid(value), body
    assert ROUNDS // 20 < fits < ROUNDS


def test_projections_let_through_what_the_reference_does(target: UpstreamSimulator, caller: Caller):
    chance = random.Random(20261124)
    for number in range(ROUNDS):
        value = near(chance) if number % 2 else document(chance)
        target.answer = Answer(
            body=json.dumps(value, ensure_ascii=bool(number % 2), indent=number % 4 or None).encode()
        )
        expected, _ = apply_projection(PROJECTION, value, hash_key=b"")
        status, reply = caller.ask("GET", "/read")
        assert status == 200, target.answer.body
        assert json.loads(reply) == expected, target.answer.body


def test_hashes_and_truncations_are_those_of_the_reference(
    target: UpstreamSimulator, caller: Caller, gateway: GatewaySimulator
):
    chance = random.Random(20261126)
    hashes = 0
    for number in range(ROUNDS):
        value = near(chance)
        for name in chance.sample(NAMES, 3):
            value[name] = chance.choice(LONG) if chance.random() < 0.8 else [chance.choice(LONG), {"é": 1.0, "a": "b"}]
        body = json.dumps(value, ensure_ascii=bool(number % 2), indent=number % 4 or None).encode()
        target.answer = Answer(body=body)
        expected, _ = apply_projection(TREATED, json.loads(body), hash_key=gateway.hash_key)
        status, reply = caller.ask("GET", "/treat")
        assert status == 200, (body, reply)
        assert json.loads(reply) == expected, body
        hashes += sum(isinstance(one, str) and len(one) == 64 for one in expected.values())
    assert hashes > ROUNDS


def test_damaged_documents_are_refused_where_the_reference_parser_refuses(target: UpstreamSimulator, caller: Caller):
    chance = random.Random(20261125)
    target.answer = Answer(status=204, body=b"")
    refused = 0
    for _ in range(ROUNDS):
        data = bytearray(
            json.dumps({"id": 7, "kind": "a", "free": {"z": document(chance, 2)}}, ensure_ascii=False).encode()
        )
        for _ in range(chance.randrange(1, 3)):
            at = chance.randrange(len(data))
            data[at : at + chance.randrange(2)] = chance.choice(
                [b"", b'"', b"\\", b"\x00", b"\xc3", b",", b"}", b"0", b"-", b"e"]
            )
        readable = _reads_strictly(bytes(data))
        status, _ = caller.ask("POST", "/check", bytes(data))
        if not readable:
            refused += 1
            assert status == 400, bytes(data)
    assert refused > ROUNDS // 4


def _reads_strictly(data: bytes) -> bool:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("duplicate")
        return dict(pairs)

    def never(name: str) -> Any:
        raise ValueError(name)

    try:
        value = json.loads(data.decode(), object_pairs_hook=once, parse_constant=never)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, UnicodeError):
        return False
    return True
