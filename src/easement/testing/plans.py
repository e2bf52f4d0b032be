"""Plans made by hand: small estates for tests and benchmarks of what enforces a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from easement.interfaces.model import Parameter
from easement.interfaces.shape import Projection
from easement.interfaces.shapes import compile_shape
from easement.plan.model import (
    Account,
    CostClass,
    Limit,
    ParameterRule,
    Party,
    Plan,
    RequestGrant,
    Route,
    Upstream,
)
from easement.plan.parameters import ParameterCompiler

DEFAULT_INTERFACE = "orders-api"


def make_party(integration: str = "shop-to-orders", *, source: str = "shop", target: str = "orders") -> Party:
    """A party of an integration."""
    return Party(
        integration=integration,
        integration_id="INT-0001",
        revision="a" * 64,
        source=source,
        target=target,
        retention_class="d400",
    )


def make_upstream(port: int, *, name: str = "orders", host: str = "127.0.0.1", **changes: Any) -> Upstream:
    """A plain-text upstream on loopback."""
    values: dict[str, Any] = {
        "name": name,
        "host": host,
        "port": port,
        "tls": False,
        "server_name": host,
        "ca": "system",
        "base_path": "",
        "max_connections": 256,
        "max_pending_requests": 256,
        "max_requests": 256,
        "connect_timeout_ms": 1000,
    }
    return Upstream(**(values | changes))


def make_grant(
    client: str = "shop",
    operation: str = "getOrder",
    *,
    projection: Projection | None = None,
    limit: Limit | None = None,
    operation_limit: Limit | None = None,
    scopes: Sequence[str] | None = None,
    access: str = "",
    resource_at: str = "",
    interface: str = DEFAULT_INTERFACE,
) -> RequestGrant:
    """A grant of one operation to one client, with the scope ``INTERFACE:OPERATION`` unless told."""
    integration = f"{client}-to-orders"
    return RequestGrant(
        id=f"{integration}.{operation}",
        party=make_party(integration, source=client),
        client_id=client,
        scopes=tuple(scopes) if scopes is not None else (f"{interface}:{operation}",),
        audience=f"urn:easement:interface:{interface}",
        authentication="oauth2",
        limit=limit,
        operation_limit=operation_limit,
        projection=projection if projection is not None else {},
        access=access,
        resource_at=resource_at,
    )


def make_route(
    operation: str = "getOrder",
    *,
    method: str = "GET",
    path: str = "/orders/{orderId}",
    grants: Sequence[RequestGrant] = (),
    body: Mapping[str, Any] | None = None,
    parameters: Sequence[ParameterRule] = (),
    declared: Sequence[Parameter] = (),
    **changes: Any,
) -> Route:
    """One operation of ``orders-api`` v1. ``body`` is a JSON Schema; ``declared`` are compiled as a plan's are."""
    compiled = ParameterCompiler({}).compile(declared)
    shape = compile_shape(body, {}, closed=True) if body is not None else None
    body_decided = shape is not None and bool(shape.unchecked)
    decision = body_decided or bool(compiled.decided)
    values: dict[str, Any] = {
        "id": f"{DEFAULT_INTERFACE}@1.{operation}",
        "interface": DEFAULT_INTERFACE,
        "version": "1.0.0",
        "operation": operation,
        "method": method,
        "prefix": f"/{DEFAULT_INTERFACE}/v1",
        "path": path,
        "upstream": "orders",
        "cost": CostClass.DECISION if decision else CostClass.BODY,
        "timeout_ms": 2000,
        "retries": 0,
        "max_body_bytes": 65_536 if body is not None else 0,
        "body_required": body is not None,
        "content_types": ("application/json",) if body is not None else (),
        "body": shape,
        "body_schema": body if body_decided else None,
        "parameters": (*parameters, *compiled.rules),
        "decided": compiled.decided,
        "open_query": compiled.open_query,
        "grants": tuple(grants),
    }
    return Route(**(values | changes))


def make_parameter(
    name: str, schema: Mapping[str, Any], *, location: str = "query", required: bool = False, array: str = ""
) -> ParameterRule:
    """A declared parameter."""
    values: dict[str, Any] = {"location": location, "array": array}
    return ParameterRule(name=name, required=required, shape=compile_shape(schema, {}, closed=True), **values)


def make_plan(*routes: Route, upstreams: Sequence[Upstream] = (), environment: str = "development") -> Plan:
    """A plan with these routes; accounts follow from the grants."""
    grants = [grant for route in routes for grant in route.grants]
    accounts = [
        Account(
            client_id=client,
            system=client,
            scopes=tuple(sorted({s for g in grants if g.client_id == client for s in g.scopes})),
            audiences=tuple(sorted({g.audience for g in grants if g.client_id == client})),
            attributes={},
            authentication=("oauth2",),
        )
        for client in sorted({grant.client_id for grant in grants})
    ]
    return Plan(
        environment=environment,
        accounts=tuple(accounts),
        upstreams=tuple(upstreams),
        routes=tuple(sorted(routes, key=lambda route: route.id)),
    )
