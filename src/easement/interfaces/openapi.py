"""OpenAPI 3.0 and 3.1 into the model.

What is not read: servers (a System has its endpoints), examples, links, security schemes (a contract says how to
authenticate), callbacks and webhooks (named in a problem: they are integrations of their own).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from easement.contract.kinds import Severity
from easement.interfaces.model import InterfaceModel, Operation, Parameter
from easement.interfaces.openapi_parts import PartReader
from easement.interfaces.path_templates import (
    generated_id,
    overlapping,
    parameter_names,
    shape_of,
    template_problem,
)
from easement.interfaces.schema_normal import SchemaNormaliser
from easement.interfaces.sources import Location, Sources

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")
"""TRACE is not among them: it shows a caller what the gateway added on the way (RFC 9110 §9.3.8)."""

MAX_OPERATIONS: Final = 10_000
_VERSION: Final = re.compile(r"3\.[01](\.\d+)?(-.*)?")
_MAX_TITLE: Final = 300
_PATH_KEYS: Final = frozenset({"$ref", "summary", "description", "servers", "parameters", *METHODS})


def read_openapi(sources: Sources, file: str) -> InterfaceModel | None:
    """Read the description in ``file``; None where it is no OpenAPI 3 at all. Problems go to ``sources``."""
    root = Location(file)
    document = sources.mapping(sources.document(file), root)
    if not document or not _is_supported(sources, document, root):
        return None
    reader = _Reader(sources, document)
    reader.read(root)
    reader.schemas.finish()
    info = sources.mapping(document.get("info"), root.child("info"))
    return InterfaceModel(
        format="openapi",
        title=sources.text(info.get("title"), root.child("info", "title")),
        version=sources.text(info.get("version"), root.child("info", "version")),
        operations=reader.operations,
        definitions=dict(sorted(reader.schemas.definitions.items())),
    )


def _is_supported(sources: Sources, document: Mapping[str, Any], root: Location) -> bool:
    if "swagger" in document:
        hint = "Convert it to OpenAPI 3.0 or later; most editors and swagger2openapi do."
        sources.report("EAS-2005", "Swagger 2.0 is not read", root.child("swagger"), hint)
        return False
    version = document.get("openapi")
    if not isinstance(version, str | float):
        hint = "It has 'asyncapi': write definition.asyncapi." if "asyncapi" in document else ""
        sources.report("EAS-2005", "this is no OpenAPI description: 'openapi' is missing", root, hint)
        return False
    if not _VERSION.fullmatch(str(version)):
        sources.report("EAS-2005", f"OpenAPI {str(version)[:20]} is not read", root.child("openapi"), "Use 3.0 or 3.1.")
        return False
    return True


@dataclass(slots=True)
class _Reader:
    sources: Sources
    document: Mapping[str, Any]
    operations: dict[str, Operation] = field(default_factory=dict)
    schemas: SchemaNormaliser = field(init=False)
    parts: PartReader = field(init=False)
    _templates: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.schemas = SchemaNormaliser(self.sources)
        self.parts = PartReader(self.sources, self.schemas)

    def read(self, root: Location) -> None:
        paths = self.sources.mapping(self.document.get("paths"), root.child("paths"))
        if not paths:
            self.sources.report("EAS-2006", "the description has no paths", root, severity=Severity.WARNING)
        if self.document.get("webhooks"):
            self._unread("webhooks", root.child("webhooks"))
        for path, item in paths.items():
            if path.startswith("x-"):
                continue
            if problem := template_problem(path):
                at = root.child("paths", path)
                self.sources.report("EAS-2301", f"the path {problem}; it is left out", at, key=True)
                continue
            self._path(path, item, root.child("paths", path))
        self._report_overlaps(root)

    def _path(self, path: str, item: Any, at: Location) -> None:
        found = self.sources.follow(item, at)
        if found is None:
            return
        said = self.sources.mapping(found.value, found.location)
        shared = self.parts.parameters(said.get("parameters"), found.location.child("parameters"))
        for key, value in said.items():
            here = found.location.child(key)
            if key in METHODS:
                self._operation(key.upper(), path, value, here, shared)
            elif key not in _PATH_KEYS and not key.startswith("x-"):
                hint = f"Read are {', '.join(METHODS)}."
                self.sources.report(
                    "EAS-2306", f"{key!r} is no method that is read", here, hint, severity=Severity.WARNING, key=True
                )

    def _operation(
        self, method: str, path: str, value: Any, at: Location, shared: Mapping[tuple[str, str], Parameter]
    ) -> None:
        said = self.sources.mapping(value, at)
        if len(self.operations) >= MAX_OPERATIONS:
            self.sources.report("EAS-2007", f"more than {MAX_OPERATIONS:,} operations; the rest is not read", at)
            return
        if other := self._templates.get((method, shape_of(path))):
            message = f"{method} matches the same paths as {other}; it is left out"
            self.sources.report("EAS-2302", message, at, "Keep one of the two.", key=True)
            return
        self._templates[method, shape_of(path)] = path
        own = self.parts.parameters(said.get("parameters"), at.child("parameters"))
        operation = Operation(
            id=self._id(said.get("operationId"), method, path, at),
            method=method,
            path=path,
            title=self.sources.text(said.get("summary"), at.child("summary"))[:_MAX_TITLE],
            parameters=self._parameters(path, {**shared, **own}, at),
            request=self.parts.request(said.get("requestBody"), at.child("requestBody")),
            responses=self.parts.responses(said.get("responses"), at.child("responses")),
            secured=self._is_secured(said, at),
            deprecated=said.get("deprecated") is True,
            tags=tuple(
                tag for tag in self.sources.sequence(said.get("tags"), at.child("tags")) if isinstance(tag, str)
            ),
        )
        self.operations[operation.id] = operation
        if said.get("callbacks"):
            self._unread("callbacks", at.child("callbacks"))

    def _id(self, said: Any, method: str, path: str, at: Location) -> str:
        named = self.sources.text(said, at.child("operationId")).strip()
        wanted = named if named and len(named) <= _MAX_TITLE and named.isprintable() else generated_id(method, path)
        unique, count = wanted, 1
        while unique in self.operations:
            count += 1
            unique = f"{wanted}_{count}"
        if unique != wanted:
            self.sources.report(
                "EAS-2303",
                f"operationId {wanted!r} stands twice; this one is read as {unique!r}",
                at.child("operationId") if named else at,
                "Give each operation a name of its own: contracts name operations.",
                severity=Severity.WARNING,
            )
        return unique

    def _parameters(
        self, path: str, parameters: Mapping[tuple[str, str], Parameter], at: Location
    ) -> tuple[Parameter, ...]:
        named = parameter_names(path)
        kept = []
        for parameter in parameters.values():
            if parameter.location == "path" and parameter.name not in named:
                message = f"path parameter {parameter.name!r} is not in {path}; it is ignored"
                self.sources.report("EAS-2305", message, at, severity=Severity.WARNING, key=True)
                continue
            kept.append(parameter)
        for name in named:
            if ("path", name) not in parameters:
                message = f"{{{name}}} is not declared; text of any form is accepted"
                self.sources.report("EAS-2305", message, at, severity=Severity.WARNING, key=True)
                schema = {"type": "string"}
                kept.append(Parameter(name=name, location="path", required=True, schema=schema, style="simple"))
        return tuple(kept)

    def _is_secured(self, said: Mapping[str, Any], at: Location) -> bool:
        """Whether every alternative of the security requirement asks for something (OpenAPI 3.1 §4.8.30)."""
        stated = said.get("security", self.document.get("security"))
        alternatives = self.sources.sequence(stated, at.child("security"))
        return bool(alternatives) and all(isinstance(one, Mapping) and bool(one) for one in alternatives)

    def _unread(self, what: str, at: Location) -> None:
        self.sources.report(
            "EAS-2306",
            f"{what} are not read",
            at,
            "Calls in the other direction are an integration of their own: describe them as event channels.",
            severity=Severity.INFO,
            key=True,
        )

    def _report_overlaps(self, root: Location) -> None:
        for method in sorted({method for method, _ in self._templates}):
            paths = [path for (known, _), path in self._templates.items() if known == method]
            for one, other in overlapping(paths):
                message = f"{method} {one} and {other} match the same paths; the one that is literal first wins"
                at = root.child("paths", one)
                self.sources.report("EAS-2302", message, at, severity=Severity.WARNING, key=True)
