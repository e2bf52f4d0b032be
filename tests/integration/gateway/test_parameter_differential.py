"""The contract runtime against the decider: the same parameters, each checked by one of them alone, in one live Envoy.

Schemas and texts are made from a seed, so a failure can be repeated. The runtime's subset is where both apply; there
they must decide alike, or what passes would depend on how an operation happens to be compiled.
"""

from __future__ import annotations

import http.client
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote_from_bytes

import pytest

from easement.interfaces.model import Parameter
from easement.plan.model import CostClass, DecidedParameter, Route
from easement.testing.deciders import DeciderSimulator
from easement.testing.gateways import GatewaySimulator
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

SCHEMAS = 90
TEXTS = 40
WORDS = [
    "", "a", "b", "é", "😀😀", "abcde", "a b", "1", "2", "3", "-1", "0", "-0", "1.0", "1.5", "2.5e0", "1e3", "1E1",
    "1e400", "-1e400", "1e-400", "01", "-01", "+1", "0x1", "1.", ".5", "1e", "--1", "true", "false", "null", "True",
    "NaN", "Infinity", "-Infinity", "9007199254740991", "9007199254740993", "9223372036854774784",
    "9223372036854775295", "9223372036854775296", "9223372036854775807", "9223372036854775808",
    "-9223372036854775295", "-9223372036854775808", "2147483647", "2147483648", "-2147483648", "-2147483649", "1_0",
    "\u0661", "\u00b9", "[1]", "{}", '"a"', '"1"', "1,2", "a,b", "1|2", "a|b", "1 2", ",", ",,", "|", "a,", "%", "&",
    "=",
    "a=b", "+", "%31", "\x00", "\x1f", "\x7f", "a\x00", "\u0085", "\ufeff1", "9" * 309, "9" * 400,
    "0." + "0" * 400 + "1", "#", "?", "1#2", " 1", "1 ", "1\n", "true ", "\t1",
]  # fmt: skip
BROKEN = [b"\xff", b"\xc3(", b"\xc1\x81", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"1\xff"]


def leaf(chance: random.Random) -> dict[str, Any]:
    """A schema of texts with one reading."""
    kind = chance.choice(["string", "string", "integer", "integer", "number", "boolean", "enum", "nullable"])
    if kind == "string":
        limits = {"minLength": chance.randrange(3), "maxLength": chance.randrange(1, 6)}
        return {"type": "string", **dict(chance.sample(sorted(limits.items()), chance.randrange(3)))}
    if kind in {"integer", "number"}:
        limits = {
            "minimum": chance.choice([-1, 0, 1, 0.5]),
            "exclusiveMaximum": chance.choice([2, 2.5, 1000]),
            "format": chance.choice(["int32", "int64", "float"]),
        }
        return {"type": kind, **dict(chance.sample(sorted(limits.items()), chance.randrange(4)))}
    if kind == "enum":
        texts = {"enum": chance.sample(["a", "1", "é", "true", "null", ""], 3)}
        numbers = {"type": "integer", "enum": [1, 2, -1]}
        return chance.choice([texts, numbers, {"type": "string", **texts}, {"const": "a"}])
    if kind == "nullable":
        return {"type": [chance.choice(["integer", "boolean", "string"]), "null"]}
    return {"type": "boolean"}


def parameter(chance: random.Random) -> Parameter:
    """A parameter in the runtime's subset."""
    location = chance.choice(["query", "query", "query", "path", "header"])
    schema, style, explode = leaf(chance), "simple", False
    if location == "query":
        style, explode = chance.choice(
            [("form", True), ("form", False), ("spaceDelimited", False), ("pipeDelimited", False)]
        )
    if chance.random() < 0.5:
        counts = {"minItems": chance.randrange(3), "maxItems": chance.randrange(1, 4)}
        schema = {"type": "array", "items": schema, **dict(chance.sample(sorted(counts.items()), chance.randrange(3)))}
    return Parameter(
        name="X-P" if location == "header" else "p",
        location=location,
        required=location == "path" or chance.random() < 0.2,
        schema=schema,
        style=style,
        explode=explode,
    )


def ruled_and_decided(number: int, one: Parameter) -> tuple[Route, Route]:
    """The operation twice: checked by the runtime alone, and by the decider alone."""
    tail = "/{p}" if one.location == "path" else ""
    ruled = make_route(
        f"r{number}", path=f"/r{number}{tail}", declared=[one], grants=[make_grant(operation=f"r{number}")]
    )
    assert ruled.decided == (), one
    rule = ruled.parameters[0]
    decided = DecidedParameter(
        name=one.name, location=one.location, required=one.required, style=one.style, explode=one.explode, media="",
        shape=rule.shape, schema=one.schema,
    )  # fmt: skip
    grants = (make_grant(operation=f"d{number}"),)
    twin = replace(
        ruled, id=f"orders-api@1.d{number}", operation=f"d{number}", path=f"/d{number}{tail}", grants=grants,
        parameters=(), decided=(with_bounds(decided),), cost=CostClass.DECISION, open_query=one.location == "query",
    )  # fmt: skip
    return ruled, twin


def with_bounds(decided: DecidedParameter) -> DecidedParameter:
    from easement.interfaces.number_formats import with_number_bounds

    return replace(decided, schema=with_number_bounds(decided.schema))


MADE = random.Random(20261124)
PARAMETERS = [parameter(MADE) for _ in range(SCHEMAS)]
PAIRS = [ruled_and_decided(number, one) for number, one in enumerate(PARAMETERS)]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewaySimulator]:
    with UpstreamSimulator() as target:
        target.answer = Answer(status=204, body=b"")
        plan = make_plan(*(route for pair in PAIRS for route in pair), upstreams=[make_upstream(target.port)])
        folder = tmp_path_factory.mktemp("parameters-twice")
        with DeciderSimulator(plan) as decider, GatewaySimulator(plan, folder, decider_port=decider.port) as gateway:
            yield gateway


def text_of(chance: random.Random, one: Parameter) -> str:
    """One value as it is sent, with more or fewer escapes than it needs."""
    if chance.random() < 0.05:
        data = chance.choice(BROKEN)
    else:
        data = chance.choice([",", " ", "|"]).join(chance.choices(WORDS, k=chance.choice([1, 1, 1, 2, 3]))).encode()
    escaped = quote_from_bytes(data, safe=chance.choice(["", ",", ",|", "+,"]))
    return escaped.replace("%20", "+") if one.location == "query" and chance.random() < 0.3 else escaped


def request_of(chance: random.Random, one: Parameter, path: str) -> tuple[str, dict[str, str]]:
    if one.location == "header":
        texts = [word for word in WORDS if word.isascii() and word.isprintable() and word.strip() == word != ""]
        value = ",".join(chance.choices(texts, k=chance.choice([1, 1, 2, 3])))
        return path, {} if chance.random() < 0.1 else {one.name: value}
    if one.location == "path":
        value = text_of(chance, one)
        return f"{path}/{value if value.strip('.') else 'a'}", {}
    pairs = [f"p={text_of(chance, one)}" for _ in range(chance.choice([0, 1, 1, 1, 1, 2, 3]))]
    if chance.random() < 0.05:
        pairs.append(chance.choice(["p", "q=1", "%70=1", "P=1", "=1", "p%00=1", ""]))
    return f"{path}?{'&'.join(pairs)}", {}


def test_the_runtime_and_the_decider_decide_alike(both: GatewaySimulator):
    chance = random.Random(20261125)
    connection = http.client.HTTPConnection("127.0.0.1", both.place.port, timeout=30)
    token = {"authorization": f"Bearer {both.token()}"}
    passed = 0

    def ask(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        connection.request("GET", f"/orders-api/v1{path}", headers={**token, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()

    for number, one in enumerate(PARAMETERS):
        for _ in range(TEXTS):
            path, headers = request_of(chance, one, f"/r{number}")
            ruled, said = ask(path, headers)
            decided, why = ask(path.replace(f"/r{number}", f"/d{number}", 1), headers)
            assert ruled == decided, (one, path, headers, said, why)
            assert ruled in {204, 400}, (path, said)
            passed += ruled == 204
    assert SCHEMAS * TEXTS // 10 < passed < SCHEMAS * TEXTS
    connection.close()
