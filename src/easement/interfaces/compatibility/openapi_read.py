"""OpenAPI 3.0 and 3.1 into what is compared. What cannot be read is a problem and left out, never an exception."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from easement.interfaces.compatibility.openapi_model import (
    METHODS,
    Alternative,
    ApiPart,
    BodyPart,
    HeaderPart,
    MediaPart,
    OperationPart,
    ParameterPart,
    ResponsePart,
    Server,
)
from easement.interfaces.compatibility.openapi_names import OperationNames
from easement.interfaces.compatibility.security_read import alternatives, scheme_of
from easement.interfaces.path_templates import parameter_names
from easement.interfaces.sources import Found, Location, Sources

_STYLES: Final = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
_IGNORED_HEADERS: Final = frozenset({"accept", "content-type", "authorization"})
"""Parameters and response headers that the specification tells to ignore (OpenAPI 3.1 section 4.8.12)."""
_MAX_NESTED_CALLBACKS: Final = 3
_MAX_CALLED_BACK: Final = 5_000


def read_openapi_3(sources: Sources, file: str) -> ApiPart:
    """Read the OpenAPI 3 description in ``file``."""
    root = Location(file)
    reader = _Reader(sources, sources.mapping(sources.document(file), root), root)
    version = sources.text(reader.document.get("openapi"), root.child("openapi"))
    return ApiPart(
        version=version,
        dialect="openapi-3.0" if version.startswith("3.0") else "openapi-3.1",
        operations=reader.operations(),
        webhooks=reader.webhooks(),
        servers=reader.servers(reader.document.get("servers"), root.child("servers")) or (),
        texts=tuple(reader.document.get(name) for name in ("info", "tags", "externalDocs")),
        at=root,
    )


def media_name(said: str) -> str:
    """A media type as it is compared: lower case, without a charset."""
    first, *parameters = (part.strip().lower() for part in said.split(";"))
    return ";".join([first, *(one for one in parameters if one and not one.startswith("charset="))])


@dataclass(slots=True)
class _Reader:
    sources: Sources
    document: Mapping[str, Any]
    root: Location
    names: OperationNames = field(default_factory=OperationNames)
    called_back: int = 0

    def operations(self) -> dict[tuple[str, str], OperationPart]:
        found: dict[tuple[str, str], OperationPart] = {}
        at = self.root.child("paths")
        for path, item in self.sources.mapping(self.document.get("paths"), at).items():
            if path.startswith("x-"):
                continue
            for method, value, here, shared in self._item(item, at.child(path)):
                found[method, path] = self._operation(method, path, value, here, shared)
        return found

    def webhooks(self) -> dict[tuple[str, str], OperationPart]:
        at = self.root.child("webhooks")
        return {
            (method, name): self._operation(method, name, value, here, shared, called_back=True)
            for name, item in self.sources.mapping(self.document.get("webhooks"), at).items()
            for method, value, here, shared in self._item(item, at.child(name))
        }

    def servers(self, value: Any, at: Location) -> tuple[Server, ...] | None:
        """The addresses; None where nothing is said about them."""
        if value is None:
            return None
        found = []
        for position, entry in enumerate(self.sources.sequence(value, at)):
            said = self.sources.mapping(entry, at.child(position))
            variables = self.sources.mapping(said.get("variables"), at.child(position, "variables"))
            found.append(
                Server(
                    url=self.sources.text(said.get("url"), at.child(position, "url")).rstrip("/"),
                    variables={name: _values(one) for name, one in variables.items() if isinstance(one, Mapping)},
                    texts=(said.get("description"),),
                    at=at.child(position),
                )
            )
        return tuple(found)

    def _item(self, item: Any, at: Location) -> Iterator[tuple[str, Any, Location, Mapping[str, Any]]]:
        found = self.sources.follow(item, at)
        if found is None:
            return
        said = self.sources.mapping(found.value, found.location)
        for key in METHODS:
            if key in said:
                yield key.upper(), said[key], found.location.child(key), {**said, "at": found.location}

    def _operation(
        self,
        method: str,
        path: str,
        value: Any,
        at: Location,
        shared: Mapping[str, Any],
        *,
        called_back: bool = False,
        depth: int = 0,
    ) -> OperationPart:
        said = self.sources.mapping(value, at)
        above: Location = shared["at"]
        parameters = {
            **self._parameters(shared.get("parameters"), above.child("parameters"), path),
            **self._parameters(said.get("parameters"), at.child("parameters"), path),
        }
        if called_back:
            name, is_named = path, False
        else:
            name, is_named = self.names.name(said.get("operationId"), method, path)
            parameters = {**_undeclared(path, parameters, at), **parameters}
        own_servers = self.servers(said.get("servers"), at.child("servers"))
        return OperationPart(
            id=name,
            is_named=is_named,
            method=method,
            path=path,
            parameters=tuple(parameters.values()),
            body=self._body(said.get("requestBody"), at.child("requestBody")),
            responses=tuple(self._responses(said.get("responses"), at.child("responses"))),
            callbacks=self._callbacks(said.get("callbacks"), at.child("callbacks"), depth=depth),
            security=self._security(said, at),
            servers=own_servers
            if own_servers is not None
            else self.servers(shared.get("servers"), above.child("servers")),
            deprecated=said.get("deprecated") is True,
            sunset=sunset_of(said),
            texts=(
                *(said.get(one) for one in ("summary", "description", "tags", "externalDocs")),
                shared.get("summary"),
                shared.get("description"),
            ),
            at=at,
        )

    def _parameters(self, value: Any, at: Location, path: str) -> dict[tuple[str, str], ParameterPart]:
        found: dict[tuple[str, str], ParameterPart] = {}
        for position, entry in enumerate(self.sources.sequence(value, at)):
            parameter = self._parameter(entry, at.child(position), path)
            if parameter is not None:
                found[parameter.location, parameter.key] = parameter
        return found

    def _parameter(self, value: Any, at: Location, path: str) -> ParameterPart | None:
        found = self.sources.follow(value, at)
        if found is None:
            return None
        said, at = self.sources.mapping(found.value, found.location), found.location
        name, where = said.get("name"), said.get("in")
        if not isinstance(name, str) or where not in _STYLES:
            self.sources.report("EAS-2304", "a parameter needs a name and 'in': path, query, header or cookie", at)
            return None
        if where == "header" and name.lower() in _IGNORED_HEADERS:
            return None
        schema, media_type = self._schema_or_content(said, at)
        style = said.get("style") if isinstance(said.get("style"), str) else _STYLES[where]
        explode = said.get("explode") if isinstance(said.get("explode"), bool) else style == "form"
        return ParameterPart(
            name=name,
            location=where,
            key=_key(name, where, path),
            required=said.get("required") is True or where == "path",
            schema=schema,
            style=f"{style}{', exploded' if explode else ''}"
            if not media_type and _is_compound(schema, self.sources)
            else str(style),
            media_type=media_type,
            allow_reserved=said.get("allowReserved") is True,
            allow_empty=said.get("allowEmptyValue") is True,
            deprecated=said.get("deprecated") is True,
            texts=tuple(said.get(one) for one in ("description", "example", "examples")),
            at=at,
        )

    def _schema_or_content(self, said: Mapping[str, Any], at: Location) -> tuple[Found, str]:
        if "content" not in said:
            return Found(said.get("schema", {}), at.child("schema")), ""
        media = self._media(said["content"], at.child("content"))
        first = next(iter(media.values()), None)
        return (first.schema, first.name) if first else (Found({}, at.child("content")), "")

    def _body(self, value: Any, at: Location) -> BodyPart | None:
        if value is None or (found := self.sources.follow(value, at)) is None:
            return None
        said, at = self.sources.mapping(found.value, found.location), found.location
        return BodyPart(
            required=said.get("required") is True,
            media=self._media(said.get("content"), at.child("content")),
            texts=(said.get("description"),),
            at=at,
        )

    def _media(self, value: Any, at: Location) -> dict[str, MediaPart]:
        found: dict[str, MediaPart] = {}
        for name, entry in self.sources.mapping(value, at).items():
            said = self.sources.mapping(entry, at.child(name))
            found.setdefault(
                media_name(name),
                MediaPart(
                    name=media_name(name),
                    schema=Found(said.get("schema", {}), at.child(name, "schema")),
                    encoding=self.sources.mapping(said.get("encoding"), at.child(name, "encoding")),
                    texts=(said.get("example"), said.get("examples")),
                    at=at.child(name),
                ),
            )
        return found

    def _responses(self, value: Any, at: Location) -> Iterator[ResponsePart]:
        for status, entry in self.sources.mapping(value, at).items():
            if str(status).startswith("x-") or (found := self.sources.follow(entry, at.child(status))) is None:
                continue
            said, here = self.sources.mapping(found.value, found.location), found.location
            yield ResponsePart(
                status=status if status == "default" else str(status).upper(),
                media=self._media(said.get("content"), here.child("content")),
                headers=self._headers(said.get("headers"), here.child("headers")),
                links=self.sources.mapping(said.get("links"), here.child("links")),
                texts=(said.get("description"),),
                at=here,
            )

    def _headers(self, value: Any, at: Location) -> dict[str, HeaderPart]:
        found: dict[str, HeaderPart] = {}
        for name, entry in self.sources.mapping(value, at).items():
            if name.lower() == "content-type" or (one := self.sources.follow(entry, at.child(name))) is None:
                continue
            said = self.sources.mapping(one.value, one.location)
            schema, media_type = self._schema_or_content(said, one.location)
            is_exploded = said.get("explode") is True and _is_compound(schema, self.sources)
            found[name.lower()] = HeaderPart(
                name=name,
                required=said.get("required") is True,
                schema=schema,
                style=media_type or ("simple, exploded" if is_exploded else "simple"),
                texts=tuple(said.get(key) for key in ("description", "example", "examples", "deprecated")),
                at=one.location,
            )
        return found

    def _callbacks(self, value: Any, at: Location, *, depth: int) -> dict[tuple[str, str], OperationPart]:
        found: dict[tuple[str, str], OperationPart] = {}
        if depth >= _MAX_NESTED_CALLBACKS:
            return found
        if self.called_back > _MAX_CALLED_BACK:
            self.sources.report("EAS-2007", f"more than {_MAX_CALLED_BACK:,} callbacks; the rest is not read", at)
            return found
        for name, entry in self.sources.mapping(value, at).items():
            one = self.sources.follow(entry, at.child(name))
            if one is None:
                continue
            for expression, item in self.sources.mapping(one.value, one.location).items():
                if expression.startswith("x-"):
                    continue
                for method, said, here, shared in self._item(item, one.location.child(expression)):
                    self.called_back += 1
                    found[method, f"{name} {expression}"] = self._operation(
                        method, f"{name} {expression}", said, here, shared, called_back=True, depth=depth + 1
                    )
        return found

    def _security(self, said: Mapping[str, Any], at: Location) -> tuple[Alternative, ...]:
        stated, where = said.get("security"), at.child("security")
        if stated is None:
            stated, where = self.document.get("security"), self.root.child("security")
        return alternatives(self.sources, stated, where, self._scheme)

    def _scheme(self, name: str) -> Found | None:
        components = self.document.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
        if not isinstance(schemes, Mapping) or name not in schemes:
            return None
        return scheme_of(self.sources, schemes[name], self.root.child("components", "securitySchemes", name))


def sunset_of(said: Mapping[str, Any]) -> str:
    """The date on which an operation ends (``x-sunset``, ISO 8601), empty where none is said."""
    value = said.get("x-sunset")
    return value.strip() if isinstance(value, str) else ""


def _values(said: Mapping[str, Any]) -> tuple[str, ...]:
    listed = said.get("enum")
    return tuple(
        dict.fromkeys(str(one) for one in (said.get("default", ""), *(listed if isinstance(listed, list) else ())))
    )


def _key(name: str, where: str, path: str) -> str:
    if where == "header":
        return name.lower()
    if where != "path":
        return name
    names = parameter_names(path)
    return str(names.index(name)) if name in names else f"?{name}"


def _undeclared(
    path: str, parameters: Mapping[tuple[str, str], ParameterPart], at: Location
) -> dict[tuple[str, str], ParameterPart]:
    """Placeholders of a path that nothing is said about: text of any form."""
    return {
        ("path", str(position)): ParameterPart(
            name=name,
            location="path",
            key=str(position),
            required=True,
            schema=Found({"type": "string"}, at),
            style="simple",
            at=at,
        )
        for position, name in enumerate(parameter_names(path))
        if ("path", str(position)) not in parameters
    }


def _is_compound(schema: Found, sources: Sources) -> bool:
    """Whether a value may be a list or an object, for only then it matters whether it is exploded."""
    followed = sources.follow(schema.value, schema.location)
    said = followed.value if followed else None
    kind = said.get("type") if isinstance(said, Mapping) else None
    kinds = kind if isinstance(kind, list) else [kind]
    return any(one in {"array", "object", None} for one in kinds)
