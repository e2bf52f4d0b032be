"""The decider's verdicts, without a network."""

from __future__ import annotations

import json
from typing import Any

import pytest

from easement.gateway.decider import Schemas
from easement.gateway.schema_key import schema_key
from easement.plan.model import CostClass
from easement.testing.plans import make_plan, make_route

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"code": {"type": "string", "pattern": "^[A-Z]+$"}},
}
PATH = f"/schema/{schema_key(SCHEMA)}/orders-api/v1/orders"


def schemas(schema: Any = SCHEMA) -> Schemas:
    made = Schemas()
    made.take(make_plan(make_route(method="POST", cost=CostClass.DECISION, body_schema=schema)))
    return made


def test_a_body_that_fits_passes():
    assert schemas().decide(PATH, b'{"code": "AB"}', "t") == (200, b"")


@pytest.mark.parametrize(
    "body", [b'{"code": "ab"}', b'{"other": 1}', b"[]", b"", b"{", b"\xff", b'{"code": NaN}', b"[" * 99999]
)
def test_a_body_that_does_not_fit_is_refused_without_its_values(body: bytes):
    status, document = schemas().decide(PATH, body, "t")
    assert status == 400
    assert json.loads(document)["code"] == "EAS-5400"
    assert b'"ab"' not in document


def test_an_unknown_schema_is_refused_as_unavailable():
    status, document = schemas().decide("/schema/" + "0" * 64 + "/x", b"{}", "t")
    assert status == 503
    assert json.loads(document)["code"] == "EAS-5505"


@pytest.mark.parametrize("path", ["/", "/schema/", "/other/" + schema_key(SCHEMA)])
def test_paths_that_name_no_schema_are_refused(path: str):
    assert schemas().decide(path, b"{}", "t")[0] == 503


def test_the_schemas_of_the_former_plan_serve_requests_that_are_under_way():
    made = schemas()
    made.take(make_plan())
    assert made.decide(PATH, b'{"code": "AB"}', "t")[0] == 200
    made.take(make_plan())
    assert made.decide(PATH, b'{"code": "AB"}', "t")[0] == 503


def test_a_schema_that_does_not_compile_refuses_its_operations():
    broken = {"type": "nonsense"}
    made = schemas(broken)
    assert len(made) == 0
    assert made.decide(f"/schema/{schema_key(broken)}/x", b"{}", "t")[0] == 503


def test_a_schema_that_refers_to_the_network_is_not_fetched():
    made = schemas({"$ref": "http://127.0.0.1:1/schema.json"})
    assert len(made) == 0


def test_schemas_are_named_by_content():
    assert schema_key({"a": 1, "b": 2}) == schema_key({"b": 2, "a": 1})
    assert schema_key(True) != schema_key(False)
