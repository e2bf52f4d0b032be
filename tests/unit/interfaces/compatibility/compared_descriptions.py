"""Small descriptions around a part that a test is about, and what the comparison of two says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import yaml

from easement.interfaces.compatibility.compare import ParsedSource, compare_parsed
from easement.interfaces.compatibility.policy import POLICIES
from easement.interfaces.compatibility.rules_model import Scope
from easement.interfaces.compatibility.verdict import Comparison
from easement.interfaces.sources import sources_of

OPERATION: Mapping[str, Any] = {"operationId": "listOrders", "responses": {"200": {"description": "ok"}}}


def read(text: str) -> dict[str, Any]:
    """A fragment of YAML as an object; nothing is an empty one."""
    return yaml.safe_load(text) or {}


def openapi(fragment: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """A whole OpenAPI description whose part ``scope`` has the members of ``fragment``."""
    base: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Orders", "version": "1"},
        "paths": {"/orders": {"get": dict(OPERATION)}},
        "components": {"schemas": {"A": {"type": "object"}, "B": {"type": "object"}}},
    }
    operation = {**OPERATION, **fragment}
    if scope is Scope.OPENAPI:
        return {**base, **fragment}
    if scope is Scope.WEBHOOK:
        return {**base, "webhooks": {"orderShipped": {"post": operation}}}
    method = "post" if scope is Scope.BODY_OPERATION else "get"
    return {**base, "paths": {"/orders": {method: operation}}}


def asyncapi(fragment: Mapping[str, Any]) -> dict[str, Any]:
    """A whole AsyncAPI 3 description with the members of ``fragment``; consumers subscribe to ``orders``."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Orders", "version": "1"},
        "channels": {"orders": {"address": "orders", "messages": {"placed": {"payload": {"type": "object"}}}}},
        "operations": {"onOrder": {"action": "send", "channel": {"$ref": "#/channels/orders"}}},
        **fragment,
    }


def compared(
    old: Any, new: Any, kind: Literal["openapi", "asyncapi"] = "openapi", policy: str = "strict"
) -> Comparison:
    """What the comparison of two parsed documents says; a problem in one of them fails the test."""
    before, after = sources_of({"api": old}), sources_of({"api": new})
    found = compare_parsed(
        ParsedSource(format=kind, path="api", sources=before),
        ParsedSource(format=kind, path="api", sources=after),
        policy=POLICIES[policy],
    )
    assert [problem.message for problem in (*before.problems, *after.problems)] == []
    return found
