"""An operation that offers several media types: which pass, which are refused, and what is said about each."""

from __future__ import annotations

import json
from typing import Any

from easement.estate.assemble import assemble
from easement.estate.model import LifecycleState, Registration
from easement.plan.compile import compile_plan
from easement.plan.model import Condition, CostClass, Route
from easement.testing.small_estate import INTEGRATION, openapi, small_bundle

ONE = {"type": "object", "properties": {"count": {"type": "integer"}}}
OTHER = {"type": "object", "properties": {"place": {"type": "string"}}}


def compiled(request: dict[str, Any], *, answers: tuple[str, ...] = ("application/json",)) -> tuple[Route, Condition]:
    """The route of an operation with ``request`` as schemas by media type, and what is said of its contract."""
    tree = json.loads(openapi())
    ((_, item),) = tree["paths"].items()
    operation = item["post"] = item.pop("get")
    answer = operation["responses"]["200"]
    answer["content"] = dict.fromkeys(answers, answer["content"]["application/json"])
    if request:
        operation["requestBody"] = {"content": {media: {"schema": schema} for media, schema in request.items()}}
    registration = Registration(id="INT-0001", revision="0" * 64, state=LifecycleState.LIVE)
    estate, problems = assemble(small_bundle(description=json.dumps(tree)), {INTEGRATION: registration})
    assert not problems
    plan = compile_plan(estate, environment="development")
    (route,), (status,) = plan.routes, plan.statuses
    return route, status.conditions[-1]


def test_body_of_another_type_beside_json_is_refused_and_leaves_nothing_unchecked() -> None:
    route, condition = compiled({"application/json": ONE, "application/xml": ONE})
    assert route.body is not None
    assert condition.reason == "Enforced"
    assert "refused by the gateway" in condition.message
    assert "request bodies of type application/xml" in condition.message


def test_body_without_a_json_form_passes_unchecked_and_the_contract_says_so() -> None:
    route, condition = compiled({"application/x-www-form-urlencoded": ONE})
    assert route.body is None
    assert condition.reason == "EnforcedInPart"
    assert condition.message == (
        "not checked by the gateway: getStock: request bodies of type application/x-www-form-urlencoded"
    )


def test_two_json_forms_with_one_schema_are_one_contract() -> None:
    route, _ = compiled({"application/json": ONE, "application/hal+json": ONE})
    assert (route.cost, route.body_schema) == (CostClass.BODY, None)


def test_two_json_forms_with_different_schemas_are_both_held_to_what_they_declare() -> None:
    route, _ = compiled({"application/json": ONE, "application/merge-patch+json": OTHER})
    assert route.cost is CostClass.DECISION
    assert isinstance(route.body_schema, dict)
    assert [sorted(branch["properties"]) for branch in route.body_schema["anyOf"]] == [["count"], ["place"]]
    assert route.body_schema["unevaluatedProperties"] is False


def test_target_is_asked_for_its_json_forms_only() -> None:
    route, condition = compiled({}, answers=("text/csv", "application/json", "application/hal+json"))
    assert route.answer_types == ("application/json", "application/hal+json")
    assert condition.reason == "Enforced"
    assert "answers of type text/csv" in condition.message
