"""The API's own OpenAPI description, made from its routes: what fails is described as it is answered.

The framework describes only success and its own form of validation errors. Here every operation says that anything else
is a problem document (RFC 9457), or at the OAuth endpoints an error of RFC 6749 §5.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from easement.api.problem import MEDIA_TYPE

_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "description": "urn:easement:problem:CODE"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; `easement explain CODE` says more."},
        "detail": {"type": "string"},
        "errors": {"type": "array", "description": "What is wrong, place by place."},
        "reasons": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What stands against it, or what next.",
        },
    },
}
_OAUTH_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}
_OAUTH: Final = "/oauth/"
_FRAMEWORK_ERRORS: Final = ("HTTPValidationError", "ValidationError")


def describe_api(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of ``app``, made once."""
    if app.openapi_schema is None:
        tree = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            separate_input_output_schemas=app.separate_input_output_schemas,
        )
        _describe_errors(tree)
        app.openapi_schema = tree
    return app.openapi_schema


def _describe_errors(tree: dict[str, Any]) -> None:
    schemas = tree.setdefault("components", {}).setdefault("schemas", {})
    for name in _FRAMEWORK_ERRORS:
        schemas.pop(name, None)
    schemas |= {"Problem": _PROBLEM, "OAuthError": _OAUTH_ERROR}
    for path, operation in _operations(tree):
        responses = operation["responses"]
        responses.pop("422", None)
        responses["default"] = _oauth_error() if path.startswith(_OAUTH) else _problem()


def _operations(tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in tree.get("paths", {}).items():
        for operation in methods.values():
            yield path, operation


def _problem() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": "What went wrong, as a problem document (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def _oauth_error() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/OAuthError"}
    content = {"application/json": {"schema": schema}}
    return {"description": "What went wrong (RFC 6749 §5.2).", "content": content}
