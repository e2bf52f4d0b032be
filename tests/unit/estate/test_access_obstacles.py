"""Why a condition cannot be enforced: said when the plan is compiled, before anything flows."""

from __future__ import annotations

from typing import Any

import pytest

from easement.contract.kinds import Integration, IntegrationSpec, InterfaceReference, Metadata
from easement.contract.values import VersionRange
from easement.estate.access.access_obstacles import access_obstacles
from easement.interfaces.model import Content, InterfaceModel, Operation, Parameter

BODY = Content(media={"application/json": {"type": "object"}}, required=True)


def parameter(name: str, location: str, schema: dict[str, Any]) -> Parameter:
    return Parameter(name=name, location=location, required=False, style="form", explode=True, schema=schema)  # type: ignore[arg-type] # the location of a case


def said(access: str, method: str = "GET", **changes: Any) -> list[str]:
    parameters = (
        parameter("owner", "query", {"type": "string"}),
        parameter("ids", "query", {"type": "array", "items": {"type": "string"}}),
        parameter("X-Owner", "header", {"type": "string"}),
    )
    request = None if method == "GET" else BODY
    operation = Operation(id="op", method=method, path="/x", parameters=parameters, request=request)
    integration = Integration(
        metadata=Metadata(name="a-to-b", title="A", owner="t"),
        spec=IntegrationSpec(
            source="a", target="b", interface=InterfaceReference(name="x", version=VersionRange.parse("^1")),
            operations=("op",), access=access, purpose="p", fields=("a",), **changes,
        ),
    )  # fmt: skip
    model = InterfaceModel(
        format="openapi", title="x", version="1.0.0", operations={"op": operation}, channels={}, definitions={}
    )
    return list(access_obstacles(integration, model))


@pytest.mark.parametrize(
    ("access", "method"),
    [
        ("", "GET"),
        ("principal.a == 'x'", "DELETE"),
        ("resource.a == 'x'", "GET"),
        ("request.query.owner == 'x' && request.headers['x-owner'] == 'x'", "GET"),
        ("request.body.a == 'x'", "POST"),
    ],
)
def test_what_is_enforced_has_no_obstacle(access: str, method: str) -> None:
    assert said(access, method) == []


@pytest.mark.parametrize(
    ("access", "method", "word"),
    [
        ("resource.a == 'x'", "DELETE", "resource, which is known when DELETE has been done"),
        ("request.body.a == 'x'", "GET", "a JSON body, and the operation takes none"),
        ("request.query.other == 'x'", "GET", "query other, which is no declared parameter"),
        ("request.query.ids == 'x'", "GET", "query ids, which is no declared parameter with one plain value"),
        ("request.headers['x-other'] == 'x'", "GET", "headers x-other"),
        ("resource.a ==", "GET", "access: "),
        ("resource.a.matches('x')", "GET", "matches is not available"),
    ],
)
def test_an_obstacle_says_where_it_is(access: str, method: str, word: str) -> None:
    (sentence,) = said(access, method)
    assert word in sentence


def test_a_place_without_a_condition_is_a_mistake() -> None:
    assert "there is no access" in said("", resource_at="items")[0]
