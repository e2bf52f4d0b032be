"""The decider's verdicts, without a network."""

from __future__ import annotations

import json
from typing import Any

import pytest

from easement.gateway.decider import Schemas
from easement.gateway.parameter_check import Seen
from easement.gateway.schema_key import check_key
from easement.gateway.verdict import Verdict
from easement.interfaces.model import Parameter
from easement.plan.model import CostClass, Route
from easement.testing.plans import make_plan, make_route

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"code": {"type": "string", "pattern": "^[A-Z]+$"}},
}


def route(schema: Any = SCHEMA) -> Route:
    return make_route(method="POST", cost=CostClass.DECISION, body_schema=schema, body_required=True)


KEY = check_key(route())
PATH = f"/schema/{KEY}/orders-api/v1/orders"


def schemas(schema: Any = SCHEMA) -> Schemas:
    made = Schemas()
    made.take(make_plan(route(schema)))
    return made


def test_a_body_that_fits_passes():
    assert schemas().decide(PATH, b'{"code": "AB"}', "t") == Verdict(status=200)


@pytest.mark.parametrize(
    "body", [b'{"code": "ab"}', b'{"other": 1}', b"[]", b"", b"{", b"\xff", b'{"code": NaN}', b"[" * 99999]
)
def test_a_body_that_does_not_fit_is_refused_without_its_values(body: bytes):
    verdict = schemas().decide(PATH, body, "t")
    assert (verdict.status, verdict.code) == (400, "EAS-5400")
    assert json.loads(verdict.document)["code"] == "EAS-5400"
    assert b'"ab"' not in verdict.document
    assert verdict.reason


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        (b"[]", "", "schema:type"),
        (b'{"code": "ab"}', "/code", "schema:pattern /code"),
        (b'{"map": {"a/b~c": "x"}}', "/map/a~1b~0c", "schema:type /map/a~1b~0c"),
        (b'{"map": {"\\r\\nx-evil: \\u20ac": "x"}}', "/map/\r\nx-evil: \u20ac", r"schema:type /map/\r\nx-evil: \u20ac"),
        (b"{", "", "malformed-json"),
    ],
)
def test_a_refusal_names_the_place_as_a_pointer_and_fits_into_a_header(body: bytes, path: str, reason: str):
    open_map = {"type": "object", "additionalProperties": {"type": "integer"}}
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "map": open_map}}
    verdict = schemas(schema).decide(f"/schema/{check_key(route(schema))}/x", body, "t")
    assert json.loads(verdict.document)["errors"][0]["path"] == path
    assert verdict.reason == reason
    assert verdict.reason.isascii()
    assert verdict.reason.isprintable()


def test_an_unknown_schema_is_refused_as_unavailable():
    verdict = schemas().decide("/schema/" + "0" * 64 + "/x", b"{}", "t")
    assert (verdict.status, json.loads(verdict.document)["code"]) == (503, "EAS-5505")


@pytest.mark.parametrize("path", ["/", "/schema/", "/other/" + KEY])
def test_paths_that_name_no_schema_are_refused(path: str):
    assert schemas().decide(path, b"{}", "t").status == 503


def test_the_schemas_of_the_former_plan_serve_requests_that_are_under_way():
    made = schemas()
    made.take(make_plan())
    assert made.decide(PATH, b'{"code": "AB"}', "t").status == 200
    made.take(make_plan())
    assert made.decide(PATH, b'{"code": "AB"}', "t").status == 503


def test_a_schema_that_does_not_compile_refuses_its_operations():
    broken = {"type": "nonsense"}
    made = schemas(broken)
    assert len(made) == 0
    assert made.decide(f"/schema/{check_key(route(broken))}/x", b"{}", "t").status == 503


def test_a_schema_that_refers_to_the_network_is_not_fetched():
    made = schemas({"$ref": "http://127.0.0.1:1/schema.json"})
    assert len(made) == 0


def test_schemas_are_named_by_content():
    assert check_key(route({"a": 1, "b": 2})) == check_key(route({"b": 2, "a": 1}))
    assert check_key(route(True)) != check_key(route(False))


def with_parameters() -> Route:
    declared = (
        Parameter(name="code", location="query", required=True, schema={"pattern": "^A"}, style="form", explode=True),
        Parameter(name="X-Code", location="header", required=False, schema={"pattern": "^B"}, style="simple"),
        Parameter(name="session", location="cookie", required=False, schema={"minLength": 2}, style="form"),
        Parameter(name="raw", location="query", required=False, schema={"format": "byte"}, style="form"),
    )
    return make_route(path="/x", declared=declared)


def decide(target: str, **headers: str) -> Verdict:
    made = Schemas()
    made.take(make_plan(with_parameters()))
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    seen = Seen(target=target, header=names.get)
    return made.decide(f"/schema/{check_key(with_parameters())}/x", b"", "t", seen)


def test_what_was_checked_is_what_goes_on():
    verdict = decide("/orders-api/v1/x?code=A&raw=QQ==", x_code="B1", cookie="other=1; session=ab")
    assert verdict == Verdict(status=200, passed={"x-code": "B1", "cookie": "session=ab"})
    assert decide("/orders-api/v1/x?code=A", cookie="other=1").passed == {}


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/orders-api/v1/x?code=B", "schema:pattern /code"),
        ("/orders-api/v1/x", "missing-parameter /code"),
        ("/orders-api/v1/y?code=A", "malformed-parameter"),
        ("/orders-api/v1/x?code=A&raw=*", "schema:format /raw"),
        ("/orders-api/v1/x?code=A&" + "raw=&" * 9000, "malformed-parameter"),
        ("/orders-api/v1/x?code=\u00e9", "malformed-parameter"),
        ("/orders-api/v1/x?code=A&a~/b=1", "unknown-parameter /a~0~1b"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(target: str, reason: str):
    verdict = decide(target)
    assert (verdict.status, verdict.code, verdict.reason) == (400, "EAS-5400", reason)
    assert verdict.passed == {}


def test_a_request_that_was_not_shown_is_refused_as_unavailable():
    made = Schemas()
    made.take(make_plan(with_parameters()))
    assert made.decide(f"/schema/{check_key(with_parameters())}/x", b"", "t").status == 503


def test_a_body_that_may_be_missing_may_be_missing():
    optional = make_route(method="POST", cost=CostClass.DECISION, body_schema=SCHEMA, body_required=False)
    made = Schemas()
    made.take(make_plan(optional))
    path = f"/schema/{check_key(optional)}/x"
    assert made.decide(path, b"", "t").status == 200
    assert made.decide(path, b'{"code": "ab"}', "t").status == 400


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(?=a)(a+)+$", "^(a|aa)+$", r"^(a*)*\1b$"])
def test_patterns_cost_no_more_than_their_bound(pattern: str):
    made = schemas({"type": "string", "pattern": pattern})
    key = check_key(route({"type": "string", "pattern": pattern}))
    text = json.dumps("a" * 60 + "c").encode()
    assert made.decide(f"/schema/{key}/x", text, "t").status == 400
