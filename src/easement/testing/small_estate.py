"""A small estate as files: two systems, one API, one integration of low risk. Tests change it by keyword."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from easement.contract.loader import Bundle, load

SOURCE: Final = "shop"
TARGET: Final = "stock"
INTERFACE: Final = "stock-api"
INTEGRATION: Final = "shop-reads-stock"


def document(kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """A document with the metadata that the baseline asks for."""
    described = {"title": f"The {name}", "description": f"What {name} is for.", **metadata}
    if kind not in {"Team", "Waiver"}:
        described.setdefault("owner", "platform")
    return {"apiVersion": "easement/v1", "kind": kind, "metadata": {"name": name, **described}, "spec": spec}


def system(name: str, **spec: Any) -> dict[str, Any]:
    """A system in Germany with an endpoint on this machine."""
    return document(
        "System",
        name,
        {
            "location": {"country": "DE", "hosting": ["DE"]},
            "endpoints": {"development": {"url": "http://127.0.0.1:9/api"}},
            "capacity": {"throughput": "1000/s", "availability": 99.9},
            **spec,
        },
    )


def openapi(*, fields: Iterable[str] = ("sku", "count", "place"), operations: Iterable[str] = ("getStock",)) -> str:
    """An OpenAPI description: each operation answers an object of text fields."""
    answer = {"type": "object", "properties": {name: {"type": "string", "maxLength": 40} for name in fields}}
    paths = {
        f"/{operation.lower()}/{{sku}}": {
            "get": {
                "operationId": operation,
                "parameters": [
                    {"name": "sku", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 40}}
                ],
                "responses": {"200": {"description": "it", "content": {"application/json": {"schema": answer}}}},
                "security": [{"oauth": []}],
            }
        }
        for operation in operations
    }
    scheme = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://localhost/token", "scopes": {}}}}
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "Stock", "version": "1.0.0"},
            "paths": paths,
            "components": {"securitySchemes": {"oauth": scheme}},
        }
    )


def interface(**spec: Any) -> dict[str, Any]:
    """The API of the target system; every field is internal unless ``fields`` says otherwise."""
    return document(
        "Interface",
        INTERFACE,
        {
            "system": TARGET,
            "version": "1.0.0",
            "definition": {"openapi": "stock.json"},
            "defaultClassification": "internal",
            **spec,
        },
    )


def integration(name: str = INTEGRATION, *, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """The source reads two fields of the target's API."""
    return document(
        "Integration",
        name,
        {
            "source": SOURCE,
            "target": TARGET,
            "interface": {"name": INTERFACE, "version": "^1.0"},
            "pattern": "request",
            "operations": ["getStock"],
            "fields": ["sku", "count"],
            "purpose": "essential.service.fulfillment",
            "legalBasis": "contract",
            "security": {"authentication": "oauth2", "scopes": ["stock.read"]},
            "sla": {"throughput": {"limit": "10/s"}, "availability": 99.0, "latency": {"p95": "500ms"}},
            "monitoring": {"alertOwner": "platform"},
            "retention": {"records": "P400D"},
            **spec,
        },
        labels=labels or {},
    )


def small_files(*changed: dict[str, Any], description: str = "", without: Iterable[str] = ()) -> dict[str, bytes]:
    """The estate as files. ``changed`` documents replace those of the same kind and name, or are added."""
    chosen = {
        _file(each): each
        for each in (
            document("Team", "platform", {"email": "platform@example.org", "oncall": "platform"}),
            system(SOURCE),
            system(TARGET),
            interface(),
            integration(),
        )
    }
    chosen.update({_file(each): each for each in changed})
    files = {file: json.dumps(each).encode() for file, each in chosen.items() if file not in set(without)}
    return files | {"interface/stock.json": (description or openapi()).encode()}


def small_bundle(*changed: dict[str, Any], description: str = "", without: Iterable[str] = ()) -> Bundle:
    """:func:`small_files`, loaded."""
    return load(small_files(*changed, description=description, without=without))


def _file(tree: dict[str, Any]) -> str:
    return f"{tree['kind'].lower()}/{tree['metadata']['name']}.yaml"
