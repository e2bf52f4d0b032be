"""Request integrations to routes: one route for each operation of an API in use, one grant for each contract on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from easement.contract.kinds import Handling, Integration, Interface
from easement.estate.access.access_parts import access_parts
from easement.estate.model import Estate
from easement.interfaces.enforced_schema import enforced_schema
from easement.interfaces.media_types import is_json
from easement.interfaces.model import InterfaceModel, Operation, Schema
from easement.interfaces.projection import compile_projection
from easement.interfaces.shape import Projection, ShapeSet
from easement.interfaces.shapes import compile_shape
from easement.plan.inspection import inspection_of
from easement.plan.model import BOUND, CostClass, RequestGrant, Route, grant_id
from easement.plan.parameters import CompiledParameters, ParameterCompiler, in_short
from easement.plan.parties import audience_of, limit_of, operation_scope, outside_identity, party_of

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""RFC 9110 §9.2.2: only these are ever sent twice."""
_MAX_GATEWAY_RETRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Notes:
    """Of one operation: what passes unchecked, what is refused or dropped though declared, what is decided."""

    unchecked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RequestCompiler:
    """Compiles the operations of one interface; shapes and projections are compiled once and shared by grants.

    ``notes`` collects, by operation id, where what is enforced differs from what the interface declares.
    """

    estate: Estate
    interface: Interface
    model: InterfaceModel
    upstream: str
    notes: dict[str, Notes] = field(default_factory=dict)
    _parameter_compiler: ParameterCompiler | None = None
    _projections: dict[tuple[str, tuple[tuple[str, Handling], ...]], Projection] = field(default_factory=dict)

    def routes(self, integrations: Sequence[Integration]) -> list[Route]:
        """All operations of the interface; those that no contract grants refuse everybody."""
        by_operation: dict[str, list[Integration]] = {}
        for integration in integrations:
            for name in integration.spec.operations:
                by_operation.setdefault(name, []).append(integration)
        return [
            self._route(operation, by_operation.get(operation.id, [])) for operation in self.model.operations.values()
        ]

    def _route(self, operation: Operation, integrations: Sequence[Integration]) -> Route:
        name = self.interface.metadata.name
        version = self.interface.spec.version
        granted = bool(integrations)
        notes = Notes()
        body, schema = self._body(operation, notes) if granted else (None, None)
        parameters = self._parameters(operation, notes) if granted else CompiledParameters()
        grants = tuple(self._grant(integration, operation) for integration in integrations)
        if granted:
            notes.refused.extend(_refused_answers(operation))
            self.notes[operation.id] = notes
        slas = [integration.spec.sla for integration in integrations]
        return Route(
            id=f"{name}@{version.major}.{operation.id}",
            interface=name,
            version=str(version),
            operation=operation.id,
            method=operation.method,
            prefix=f"/{name}/v{version.major}",
            path=operation.path,
            upstream=self.upstream,
            cost=self._cost(operation, body, parameters, grants),
            timeout_ms=max((sla.timeout.milliseconds for sla in slas), default=15_000),
            retries=_retries(operation, integrations),
            max_body_bytes=max((sla.max_body_bytes for sla in slas), default=0) if operation.request else 0,
            body_required=operation.request.required if operation.request else False,
            content_types=tuple(sorted(operation.request.media)) if operation.request else (),
            body=body,
            body_schema=schema,
            parameters=parameters.rules,
            decided=parameters.decided,
            open_query=parameters.open_query,
            answer_types=tuple(dict.fromkeys(media for media, _ in _json_answers(operation))),
            grants=tuple(sorted(grants, key=lambda grant: grant.id)),
        )

    def _cost(
        self,
        operation: Operation,
        body: ShapeSet | None,
        parameters: CompiledParameters,
        grants: Sequence[RequestGrant],
    ) -> CostClass:
        if any(grant.inspection is not None for grant in grants):
            return CostClass.INSPECTION
        if parameters.decided or (body is not None and body.unchecked):
            return CostClass.DECISION
        if any(access_parts(grant.access).is_read for grant in grants):
            return CostClass.BODY
        is_bound = any(grant.authentication == BOUND for grant in grants)
        if body is not None or is_bound or (grants and _json_answers(operation)):
            return CostClass.BODY
        return CostClass.NATIVE

    def _body(self, operation: Operation, notes: Notes) -> tuple[ShapeSet | None, Mapping[str, object] | bool | None]:
        if operation.request is None:
            return None, None
        schemas: list[Schema] = []
        others = [f"request bodies of type {media}" for media in operation.request.media if not is_json(media)]
        for media, schema in operation.request.media.items():
            if is_json(media) and schema not in schemas:
                schemas.append(schema)
        if not schemas:
            notes.unchecked.extend(others)
            return None, None
        notes.refused.extend(others)
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        shape = compile_shape(schema, self.model.definitions, closed=True)
        if not shape.unchecked:
            return shape, None
        notes.decided.append(f"body: {in_short([what.removeprefix('$: ') for what in shape.unchecked])}")
        return shape, enforced_schema(schema, self.model.definitions, closed=True)

    def _parameters(self, operation: Operation, notes: Notes) -> CompiledParameters:
        if self._parameter_compiler is None:
            self._parameter_compiler = ParameterCompiler(self.model.definitions)
        compiled = self._parameter_compiler.compile(operation.parameters)
        notes.decided.extend(compiled.reasons)
        notes.refused.extend(compiled.refused)
        notes.dropped.extend(compiled.dropped)
        return compiled

    def _grant(self, integration: Integration, operation: Operation) -> RequestGrant:
        spec = integration.spec
        interface = self.interface.metadata.name
        throughput = spec.sla.throughput
        own = throughput.operations.get(operation.id)
        return RequestGrant(
            id=grant_id(integration.metadata.name, operation.id),
            party=party_of(self.estate, integration),
            client_id=spec.source,
            scopes=tuple(sorted(spec.security.scopes)) or (operation_scope(interface, operation.id),),
            audience=audience_of(interface),
            authentication=spec.security.authentication,
            limit=limit_of(throughput.limit, throughput.burst),
            operation_limit=limit_of(own.limit, own.burst) if own else None,
            daily_quota=throughput.daily_quota or 0,
            projection=self._projection(operation, spec.handling),
            access=spec.access,
            resource_at=spec.resource_at,
            outside=outside_identity(self.estate.systems[spec.source]),
            inspection=inspection_of(integration, operation, self.model.definitions),
        )

    def _projection(self, operation: Operation, handling: Mapping[str, Handling]) -> Projection:
        key = (operation.id, tuple(sorted(handling.items())))
        if key not in self._projections:
            merged: Projection = {}
            for _media, schema in _json_answers(operation):
                projection, _found = compile_projection(schema, self.model.definitions, handling)
                merged = _merge(merged, projection)
            self._projections[key] = merged
        return self._projections[key]


def _json_answers(operation: Operation) -> list[tuple[str, Schema]]:
    return [(media, schema) for media, schema in _answers(operation) if is_json(media)]


def _refused_answers(operation: Operation) -> list[str]:
    others = dict.fromkeys(media for media, _ in _answers(operation) if not is_json(media))
    return [f"answers of type {media}" for media in others]


def _answers(operation: Operation) -> Iterator[tuple[str, Schema]]:
    for response in operation.responses:
        if response.status.startswith("2") and response.content is not None:
            yield from response.content.media.items()


def _merge(left: Projection, right: Projection) -> Projection:
    merged = dict(left)
    for name, new in right.items():
        old = merged.get(name)
        merged[name] = _merge(old, new) if isinstance(old, Mapping) and isinstance(new, Mapping) else (old or new)
    return merged


def _retries(operation: Operation, integrations: Sequence[Integration]) -> int:
    if operation.method not in IDEMPOTENT:
        return 0
    asked = [spec.errors.retry.attempts - 1 for spec in (i.spec for i in integrations) if spec.errors.retry]
    return min(_MAX_GATEWAY_RETRIES, max(asked, default=1))
