"""Attacks through parameters, each against the real Envoy and the real decider, each beside a request that passes."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from easement.interfaces.model import Parameter
from easement.testing.deciders import DeciderSimulator
from easement.testing.gateways import GatewaySimulator
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream
from easement.testing.upstreams import UpstreamSimulator

CODE = {"type": "string", "pattern": "^[A-Z]{2,4}$"}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}, "required": ["x"]}
CODES = {"type": "array", "items": CODE, "maxItems": 3}
OPEN = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "string"}}


def declare(name: str, schema: Any, location: str = "query", **changes: Any) -> Parameter:
    style = changes.get("style", "form" if location in {"query", "cookie"} else "simple")
    values: dict[str, Any] = {"style": style, "explode": style == "form", "required": location == "path"}
    values |= {"name": name, "location": location, "schema": schema} | changes
    return Parameter(**values)


DECLARED: Mapping[str, tuple[str, list[Parameter]]] = {
    "code": ("/code", [declare("code", CODE), declare("limit", {"type": "integer", "format": "int32"})]),
    "needed": ("/needed", [declare("code", CODE, required=True)]),
    "big": ("/big", [declare("id", {"type": "integer", "format": "int64"})]),
    "formats": (
        "/formats",
        [declare("day", {"type": "string", "format": "date"}), declare("id", {"type": "string", "format": "uuid"})],
    ),
    "many": (
        "/many",
        [
            declare("codes", CODES),
            declare("pipes", CODES, style="pipeDelimited"),
            declare("spaces", CODES, style="spaceDelimited"),
            declare("commas", CODES, explode=False),
        ],
    ),
    "deep": ("/deep", [declare("at", POINT, style="deepObject", explode=True)]),
    "open": ("/open", [declare("filter", OPEN, style="deepObject", explode=True)]),
    "exploded": ("/exploded", [declare("at", POINT)]),
    "document": ("/document", [declare("at", POINT, style="content", media="application/json")]),
    "simple": ("/simple/{code}", [declare("code", CODE, "path")]),
    "label": ("/label/{code}", [declare("code", CODE, "path", style="label")]),
    "matrix": ("/matrix/{at}", [declare("at", POINT, "path", style="matrix", explode=True)]),
    "headed": ("/headed", [declare("X-Code", CODE, "header"), declare("X-Codes", CODES, "header")]),
    "tenant": ("/tenant", [declare("X-Tenant", CODE, "header", required=True)]),
    "cookied": ("/cookied", [declare("session", CODE, "cookie"), declare("theme", {"enum": ["a", "b"]}, "cookie")]),
    "bare": ("/bare", []),
    "hostile": (
        "/hostile",
        [
            declare("q", {"type": "string", "pattern": "^(a+)+$"}),
            declare("r", {"type": "string", "pattern": "^(?=a)(a+)+$"}),
        ],
    ),
    "untyped": (
        "/untyped",
        [declare("p", {"pattern": "^[a-f]+$"}), declare("n", {"minimum": 5, "multipleOf": 5}), declare("free", {})],
    ),
    "union": (
        "/union",
        [declare("v", {"oneOf": [{"type": "integer", "minimum": 5}, {"type": "string", "pattern": "^x"}]})],
    ),
}


@pytest.fixture(scope="module")
def parameter_target() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def guarded(
    parameter_target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewaySimulator]:
    routes = [
        make_route(name, path=path, declared=parameters, grants=[make_grant(operation=name)])
        for name, (path, parameters) in DECLARED.items()
    ]
    plan = make_plan(*routes, upstreams=[make_upstream(parameter_target.port)])
    folder = tmp_path_factory.mktemp("parameters")
    with DeciderSimulator(plan) as decider, GatewaySimulator(plan, folder, decider_port=decider.port) as gateway:
        yield gateway


@pytest.fixture
def target(parameter_target: UpstreamSimulator) -> UpstreamSimulator:
    parameter_target.asked.clear()
    return parameter_target


class Attack(NamedTuple):
    """What is sent, and its good twin."""

    what: str
    bad: str
    good: str
    reason: str = ""
    bad_headers: Mapping[str, str] = {}
    good_headers: Mapping[str, str] = {}


BIG = "9223372036854775808"
ATTACKS = [
    Attack("a value outside the pattern", "/code?code=ab", "/code?code=AB", "schema:pattern"),
    Attack("a line break after what the pattern ends with", "/code?code=AB%0A", "/code?code=AB", "control"),
    Attack("a repeated parameter", "/code?code=AB&code=evil", "/code?code=AB", "duplicate"),
    Attack("a repeated parameter, both good", "/code?code=AB&code=CD", "/code?code=CD", "duplicate"),
    Attack("a name that is written with escapes", "/code?%63ode=evil", "/code?%63ode=AB", "pattern"),
    Attack("an undeclared parameter beside a declared one", "/code?code=AB&admin=1", "/code?code=AB", "unknown"),
    Attack("a name in another case", "/code?Code=AB", "/code?code=AB", "unknown"),
    Attack("a name with brackets", "/code?code[]=AB", "/code?code=AB", "unknown"),
    Attack("a name that begins with a blank", "/code?%20code=AB", "/code?code=AB", "unknown"),
    Attack("a name that ends in a NUL", "/code?code%00=AB", "/code?code=AB", "control"),
    Attack("a NUL in a value", "/code?code=AB%00", "/code?code=AB", "control"),
    Attack("a value that is no UTF-8", "/code?code=%C3%28", "/code?code=ABC", "UTF-8"),
    Attack("an overlong encoding of a letter", "/code?code=%C1%81B", "/code?code=AB", "UTF-8"),
    Attack("half an escape", "/code?code=AB%4", "/code?code=AB%43", "escape"),
    Attack("a double escape", "/code?code=%2541B", "/code?code=%41B", "pattern"),
    Attack("digits of another script", "/code?limit=%D9%A3", "/code?limit=3", "wrong-type"),
    Attack("letters that look like others", "/code?code=%D0%90B", "/code?code=AB", "pattern"),
    Attack("a semicolon as separator", "/code?code=AB;admin=1", "/code?code=AB", "semicolon"),
    Attack("an overlong value", "/code?code=" + "A" * 9000, "/code?code=AAAA", "pattern"),
    Attack("an overlong target", "/code?" + "&" * 17000 + "code=AB", "/code?&&code=AB", ""),
    Attack("too many parameters", "/many?" + "codes=AB&" * 1500, "/many?codes=AB&codes=CD", ""),
    Attack("a number beyond 32 bits", "/code?limit=2147483648", "/code?limit=2147483647", ""),
    Attack("a number below 32 bits", "/code?limit=-2147483649", "/code?limit=-2147483648", ""),
    Attack("a number beyond 64 bits", f"/big?id={BIG}", "/big?id=9223372036854775000", ""),
    Attack("a number below 64 bits", f"/big?id=-{BIG}9", "/big?id=-9223372036854775000", ""),
    Attack("a number with a thousand digits", "/big?id=" + "9" * 1000, "/big?id=999", ""),
    Attack("a number in hexadecimal", "/big?id=0x10", "/big?id=16", ""),
    Attack("a number with a leading zero", "/big?id=010", "/big?id=10", ""),
    Attack("an infinite number", "/big?id=1e999", "/big?id=1e3", ""),
    Attack("a day that is none", "/formats?day=2026-02-30", "/formats?day=2026-02-28", "format"),
    Attack(
        "an identifier that is none", "/formats?id=' OR 1=1", "/formats?id=0190a0b0-7c1d-7abc-8def-0123456789ab", ""
    ),
    Attack(
        "an identifier with braces",
        "/formats?id=%7B0190a0b0-7c1d-7abc-8def-0123456789ab%7D",
        "/formats?id=0190A0B0-7C1D-7ABC-8DEF-0123456789AB",
        "format",
    ),
    Attack("one bad item of many", "/many?codes=AB&codes=evil", "/many?codes=AB&codes=CD", "pattern"),
    Attack(
        "more items than allowed", "/many?codes=AB&codes=AB&codes=AB&codes=AB", "/many?codes=AB&codes=AB&codes=AB", ""
    ),
    Attack("an array that is written in another style", "/many?codes=AB,CD", "/many?commas=AB,CD", "pattern"),
    Attack("a list that is repeated", "/many?commas=AB&commas=CD", "/many?commas=AB,CD", "duplicate"),
    Attack(
        "items counted past an escaped comma", "/many?commas=AB%2CAB,AB%2CAB", "/many?commas=AB%2CAB,AB", "maxItems"
    ),
    Attack("items counted past a pipe", "/many?pipes=AB|AB|AB%7CAB", "/many?pipes=AB%7CAB|AB", "maxItems"),
    Attack("items counted past a blank", "/many?spaces=AB+AB%20AB+AB", "/many?spaces=AB+AB%20AB", "maxItems"),
    Attack("an empty item", "/many?commas=AB,,CD", "/many?commas=AB,CD", "pattern"),
    Attack("an undeclared property", "/deep?at[x]=1&at[admin]=1", "/deep?at[x]=1&at[y]=2", "unevaluated"),
    Attack("a property that is deeper than the style", "/deep?at[x][y]=1", "/deep?at%5Bx%5D=1", "nested"),
    Attack("a property without a name", "/deep?at[]=1", "/deep?at[x]=1", "nested"),
    Attack("a property that is never closed", "/deep?at[x=1", "/deep?at[x]=1", "nested"),
    Attack("a property that is given twice", "/deep?at[x]=1&at[x]=2", "/deep?at[x]=1", "twice"),
    Attack("a property of a wrong type", "/deep?at[x]=one", "/deep?at[x]=1", "wrong-type"),
    Attack("a required property that is missing", "/deep?at[y]=1", "/deep?at[x]=1", "required"),
    Attack("the object's own name", "/deep?at=1", "/deep?at[x]=1", "unknown"),
    Attack("the prototype", "/open?filter[__proto__]=1", "/open?filter[proto]=1", "no contract"),
    Attack("the constructor", "/open?filter[constructor]=1", "/open?filter[builder]=1", "no contract"),
    Attack("the prototype below a property", "/open?filter[a][__proto__]=1", "/open?filter[a]=1", "nested"),
    Attack("the prototype in escapes", "/open?filter[%5F_proto__]=1", "/open?filter[%5Fproto]=1", "no contract"),
    Attack("an exploded property that is undeclared", "/exploded?x=1&z=2", "/exploded?x=1&y=2", "unknown"),
    Attack("an exploded property that is given twice", "/exploded?x=1&x=2", "/exploded?x=1", "twice"),
    Attack("a document with a name given twice", '/document?at={"x":1,"x":2}', '/document?at={"x":1}', "JSON"),
    Attack(
        "a document with an undeclared name", '/document?at={"x":1,"z":2}', '/document?at={"x":1,"y":2}', "unevaluated"
    ),
    Attack("a document that is none", "/document?at={x:1}", '/document?at={"x":1}', "JSON"),
    Attack("a document that is nested without end", "/document?at=" + "[" * 5000, '/document?at={"x":1}', "JSON"),
    Attack("a document that is no number", '/document?at={"x":NaN}', '/document?at={"x":1.0}', "JSON"),
    Attack("a path value outside the pattern", "/simple/ab", "/simple/AB", "pattern"),
    Attack("a path value that is no UTF-8", "/simple/%FF", "/simple/AB", ""),
    Attack("a path value with more behind a semicolon", "/simple/AB;admin=1", "/simple/AB", "pattern"),
    Attack("a label without its dot", "/label/AB", "/label/.AB", "form"),
    Attack("a label with another behind it", "/label/.AB.CD", "/label/.AB", "pattern"),
    Attack("a matrix with an undeclared name", "/matrix/;x=1;z=2", "/matrix/;x=1;y=2", "unevaluated"),
    Attack("a matrix with an escaped separator", "/matrix/;x=1%3By=2", "/matrix/;x=1;y=2", "escaped"),
    Attack("a matrix with a name given twice", "/matrix/;x=1;x=2", "/matrix/;x=1", "twice"),
    Attack("a header outside the pattern", "/headed", "/headed", "pattern", {"X-Code": "ab"}, {"X-Code": "AB"}),
    Attack("a header in another case", "/headed", "/headed", "pattern", {"x-cODE": "evil"}, {"x-cODE": "AB"}),
    Attack("a bad item in a header", "/headed", "/headed", "pattern", {"X-Codes": "AB,ab"}, {"X-Codes": "AB,CD"}),
    Attack("a header that is missing", "/tenant", "/tenant", "missing", {}, {"X-Tenant": "AB"}),
    Attack("a header that is not ASCII", "/tenant", "/tenant", "missing", {"X-Tenant": "AB\xe9"}, {"X-Tenant": "AB"}),
    Attack(
        "our own header forged", "/tenant", "/tenant", "missing", {"x-easement-seen-x-tenant": "AB"}, {"X-Tenant": "AB"}
    ),
    Attack(
        "a target forged",
        "/code?code=ab",
        "/code?code=AB",
        "pattern",
        {"x-easement-target": "/orders-api/v1/code?code=AB"},
    ),
    Attack(
        "a cookie outside the pattern",
        "/cookied",
        "/cookied",
        "pattern",
        {"cookie": "session=ab"},
        {"cookie": "session=AB"},
    ),
    Attack(
        "a cookie that is given twice",
        "/cookied",
        "/cookied",
        "twice",
        {"cookie": "session=AB; session=CD"},
        {"cookie": "session=AB"},
    ),
    Attack(
        "a cookie that is given twice, both the same",
        "/cookied",
        "/cookied",
        "twice",
        {"cookie": "session=AB;session=AB"},
        {"cookie": "theme=a;session=AB"},
    ),
    Attack(
        "a cookie in quotes", "/cookied", "/cookied", "character", {"cookie": 'session="AB"'}, {"cookie": "session=AB"}
    ),
    Attack(
        "a cookie that is another when decoded",
        "/cookied",
        "/cookied",
        "enum",
        {"cookie": "theme=%61"},
        {"cookie": "theme=a"},
    ),
    Attack(
        "a regular expression made to backtrack",
        "/hostile?q=" + "a" * 5000 + "b",
        "/hostile?q=" + "a" * 5000,
        "pattern",
    ),
    Attack("one that looks ahead made to backtrack", "/hostile?r=" + "a" * 40 + "b", "/hostile?r=aaaa", "pattern"),
    Attack("neither branch of a union", "/union?v=4", "/union?v=5", ""),
    Attack("a text for the branch of numbers", "/union?v=4x", "/union?v=x4", ""),
    Attack("a number where a pattern has no type", "/untyped?p=5", "/untyped?p=abc", "pattern"),
    Attack("a list where a pattern has no type", "/untyped?p=abc&p=x", "/untyped?p=abc", "duplicate"),
    Attack("a text where a minimum has no type", "/untyped?n=abc", "/untyped?n=10", "wrong-type"),
    Attack("a small number where a minimum has no type", "/untyped?n=0", "/untyped?n=5", "minimum"),
    Attack("a list where anything may stand", "/untyped?free=1&free=2", "/untyped?free=1", "duplicate"),
    Attack("a required parameter that is missing", "/needed", "/needed?code=AB", "missing"),
    Attack("a required parameter that is empty", "/needed?code=", "/needed?code=AB", "pattern"),
    Attack("a required parameter without a value", "/needed?code", "/needed?code=AB", "pattern"),
    Attack("a query where none is declared", "/bare?x=1", "/bare", ""),
]


def sent(path: str) -> str:
    """What an HTTP client of the attacker's would not refuse to send."""
    return path.replace(" ", "%20").replace('"', "%22")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.what)
def test_a_hostile_parameter_is_refused_and_its_good_twin_passes(
    guarded: GatewaySimulator, target: UpstreamSimulator, attack: Attack
):
    refused = guarded.ask("GET", sent(attack.bad), token=guarded.token(), headers=attack.bad_headers)
    assert refused.status == 400, (refused.status, refused.body)
    assert refused.code in {"EAS-5400", "EAS-5406"}
    assert target.asked == []
    passed = guarded.ask("GET", sent(attack.good), token=guarded.token(), headers=attack.good_headers)
    assert passed.status == 200, passed.body
    assert len(target.asked) == 1
    if attack.reason:
        line = guarded.log_line(refused)
        told = f"{line.get('decided')} {line.get('runtime')} {refused.json()['detail']}"
        assert attack.reason in told


def test_a_refusal_names_the_parameter_and_never_its_value(guarded: GatewaySimulator, target: UpstreamSimulator):
    reply = guarded.ask("GET", "/code?code=geheim", token=guarded.token())
    assert reply.json()["errors"] == [{"path": "/code", "message": "does not fit pattern"}]
    assert b"geheim" not in reply.body
    assert guarded.log_line(reply)["decided"] == "schema:pattern /code"


def test_cookies_that_nobody_declared_do_not_reach_the_target(guarded: GatewaySimulator, target: UpstreamSimulator):
    for path, sent_cookie, expected in (
        ("/bare", "session=AB; admin=1", None),
        ("/cookied", "admin=1; session=AB; $Version=1; theme=b; junk", "session=AB; theme=b"),
        ("/cookied", "admin=1", None),
        ("/code", "session=AB", None),
    ):
        target.asked.clear()
        reply = guarded.ask("GET", path, token=guarded.token(), headers={"cookie": sent_cookie})
        assert reply.status == 200, reply.body
        assert target.asked[0].headers.get("cookie") == expected


def test_a_second_line_of_a_header_does_not_pass_behind_the_first(guarded: GatewaySimulator, target: UpstreamSimulator):
    connection = http.client.HTTPConnection("127.0.0.1", guarded.place.port, timeout=30)
    connection.putrequest("GET", "/orders-api/v1/cookied")
    lines = [("authorization", f"Bearer {guarded.token()}"), ("cookie", "session=AB"), ("cookie", "session=evil")]
    for name, value in lines:
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 200
    connection.close()
    assert target.asked[0].headers["cookie"] == "session=AB"
    connection = http.client.HTTPConnection("127.0.0.1", guarded.place.port, timeout=30)
    connection.putrequest("GET", "/orders-api/v1/headed")
    for name, value in [lines[0], ("X-Code", "AB"), ("x-code", "evil")]:
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 200
    connection.close()
    assert target.asked[1].headers["x-code"] == "AB"


def test_without_the_decider_nothing_passes_that_needs_it(
    parameter_target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory
):
    known = make_route("code", path="/code", declared=DECLARED["code"][1], grants=[make_grant(operation="code")])
    other = make_route("big", path="/big", declared=DECLARED["big"][1], grants=[make_grant(operation="big")])
    plan = make_plan(known, other, upstreams=[make_upstream(parameter_target.port)])
    with DeciderSimulator(make_plan()) as decider:
        folder = tmp_path_factory.mktemp("undecided")
        with GatewaySimulator(plan, folder, decider_port=decider.port) as gateway:
            parameter_target.asked.clear()
            unknown = gateway.ask("GET", "/code?code=AB", token=gateway.token())
            assert (unknown.status, unknown.code) == (503, "EAS-5505")
            decider.stop()
            down = gateway.ask("GET", "/code?code=AB", token=gateway.token())
            assert (down.status, down.code) == (503, "EAS-5505")
            assert parameter_target.asked == []
            assert gateway.ask("GET", "/big?id=1", token=gateway.token()).status == 200
