"""Why an access condition cannot be enforced as it stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Integration, Pattern
from easement.estate.access.access_parts import AccessParts, access_parts
from easement.estate.access.cel_tree import AccessConditionError
from easement.estate.access.content_condition import content_condition
from easement.interfaces.media_types import is_json
from easement.interfaces.model import InterfaceModel, Operation

_TEXTS: Final = frozenset({"string", "integer", "number", "boolean"})


def access_obstacles(integration: Integration, model: InterfaceModel) -> Iterable[str]:
    """A sentence for each; none where there is no condition or all of it is enforced."""
    spec = integration.spec
    if not spec.access:
        if spec.resource_at:
            yield "resourceAt says where the resource of access is, and there is no access"
        return
    if spec.pattern is not Pattern.REQUEST:
        yield "access conditions are enforced for requests only"
        return
    try:
        parts = access_parts(spec.access)
        for part in (parts.request, parts.answer):
            if part is not None:
                content_condition(part)
    except AccessConditionError as error:
        yield f"access: {error}"
        return
    for name in spec.operations:
        for sentence in _of_operation(parts, model.operations[name]):
            yield f"operation {name}: {sentence}"


def _of_operation(parts: AccessParts, operation: Operation) -> Iterable[str]:
    if parts.answer is not None and operation.method != "GET":
        yield f"access reads resource, which is known when {operation.method} has been done; use principal and request"
    for kind, name in sorted(parts.reads):
        if kind == "body":
            if operation.request is None or not any(is_json(media) for media in operation.request.media):
                yield "access reads a JSON body, and the operation takes none"
        elif not _is_declared(operation, "header" if kind == "headers" else kind, name):
            yield f"access reads {kind} {name}, which is no declared parameter with one plain value"


def _is_declared(operation: Operation, location: str, name: str) -> bool:
    return any(
        one.location == location
        and (one.name.lower() if location == "header" else one.name) == name
        and isinstance(one.schema, dict)
        and one.schema.get("type") in _TEXTS
        for one in operation.parameters
    )
