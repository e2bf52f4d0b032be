"""OpenAPI 2.0 (Swagger) into what is compared, in the form of OpenAPI 3.

Body and form parameters become a body in what the operation consumes, answers one in what it produces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from easement.interfaces.compatibility.openapi_model import (
    METHODS,
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
from easement.interfaces.compatibility.openapi_read import media_name, sunset_of
from easement.interfaces.compatibility.security_read import alternatives
from easement.interfaces.path_templates import parameter_names
from easement.interfaces.sources import Found, Location, Sources

_SCHEMA_KEYS: Final = frozenset(
    {
        *("type", "format", "items", "default", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"),
        *("maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "enum", "multipleOf"),
    }
)
_LISTS: Final = {
    "csv": "form",
    "multi": "form, exploded",
    "ssv": "spaceDelimited",
    "tsv": "tabDelimited",
    "pipes": "pipeDelimited",
}
_FORM: Final = "application/x-www-form-urlencoded"
_FILES: Final = "multipart/form-data"


def read_openapi_2(sources: Sources, file: str) -> ApiPart:
    """Read the OpenAPI 2.0 description in ``file``."""
    root = Location(file)
    reader = _Reader(sources, sources.mapping(sources.document(file), root), root)
    return ApiPart(
        version=sources.text(reader.document.get("swagger"), root.child("swagger")),
        dialect="openapi-2.0",
        operations=reader.operations(),
        webhooks={},
        servers=tuple(reader.servers(reader.document.get("schemes"))),
        texts=tuple(reader.document.get(name) for name in ("info", "tags", "externalDocs")),
        at=root,
    )


@dataclass(slots=True)
class _Reader:
    sources: Sources
    document: Mapping[str, Any]
    root: Location
    names: OperationNames = field(default_factory=OperationNames)

    def servers(self, schemes: Any) -> Iterator[Server]:
        """One address for each scheme; a relative one where there is no host."""
        host, base = self.document.get("host"), self.document.get("basePath")
        path = base.rstrip("/") if isinstance(base, str) else ""
        if not isinstance(host, str):
            if path:
                yield Server(url=path, at=self.root.child("basePath"))
            return
        listed = schemes if isinstance(schemes, list) and schemes else ["https"]
        for scheme in listed:
            yield Server(url=f"{scheme}://{host}{path}", at=self.root.child("host"))

    def operations(self) -> dict[tuple[str, str], OperationPart]:
        found: dict[tuple[str, str], OperationPart] = {}
        at = self.root.child("paths")
        for path, item in self.sources.mapping(self.document.get("paths"), at).items():
            if path.startswith("x-") or (followed := self.sources.follow(item, at.child(path))) is None:
                continue
            said, here = self.sources.mapping(followed.value, followed.location), followed.location
            shared = self._raw_parameters(said.get("parameters"), here.child("parameters"))
            for method in METHODS:
                if method in said:
                    found[method.upper(), path] = self._operation(
                        method.upper(), path, said[method], here.child(method), shared
                    )
        return found

    def _operation(
        self, method: str, path: str, value: Any, at: Location, shared: Mapping[tuple[str, str], Found]
    ) -> OperationPart:
        said = self.sources.mapping(value, at)
        raw = {**shared, **self._raw_parameters(said.get("parameters"), at.child("parameters"))}
        name, is_named = self.names.name(said.get("operationId"), method, path)
        stated = said.get("security", self.document.get("security"))
        where = at.child("security") if "security" in said else self.root.child("security")
        return OperationPart(
            id=name,
            is_named=is_named,
            method=method,
            path=path,
            parameters=tuple(
                self._parameter(one, path) for one in raw.values() if one.value["in"] in {"path", "query", "header"}
            )
            + tuple(_undeclared(path, raw, at)),
            body=self._body(raw, said, at),
            responses=tuple(self._responses(said, at)),
            callbacks={},
            security=alternatives(self.sources, stated, where, self._scheme),
            servers=tuple(self.servers(said["schemes"])) if "schemes" in said else None,
            deprecated=said.get("deprecated") is True,
            sunset=sunset_of(said),
            texts=tuple(said.get(one) for one in ("summary", "description", "tags", "externalDocs")),
            at=at,
        )

    def _raw_parameters(self, value: Any, at: Location) -> dict[tuple[str, str], Found]:
        found: dict[tuple[str, str], Found] = {}
        for position, entry in enumerate(self.sources.sequence(value, at)):
            one = self.sources.follow(entry, at.child(position))
            if one is None:
                continue
            said = self.sources.mapping(one.value, one.location)
            if not isinstance(said.get("name"), str) or not isinstance(said.get("in"), str):
                self.sources.report("EAS-2304", "a parameter needs a name and 'in'", one.location)
                continue
            name = "" if said["in"] == "body" else said["name"]
            found[said["in"], name.lower() if said["in"] == "header" else name] = one
        return found

    def _parameter(self, one: Found, path: str) -> ParameterPart:
        said = one.value
        name, where = said["name"], said["in"]
        plain = "form" if where == "query" else "simple"
        is_list = said.get("type") == "array"
        listed = _LISTS.get(str(said.get("collectionFormat", "csv")), "form")
        style = listed if where == "query" and is_list else plain
        names = parameter_names(path)
        key = name.lower() if where == "header" else name
        if where == "path":
            key = str(names.index(name)) if name in names else f"?{name}"
        return ParameterPart(
            name=name,
            location=where,
            key=key,
            required=said.get("required") is True or where == "path",
            schema=_inline_schema(one),
            style=style,
            allow_empty=said.get("allowEmptyValue") is True,
            deprecated=said.get("x-deprecated") is True,
            texts=(said.get("description"), said.get("x-example")),
            at=one.location,
        )

    def _body(self, raw: Mapping[tuple[str, str], Found], said: Mapping[str, Any], at: Location) -> BodyPart | None:
        consumes = self._media_types(said, "consumes", at)
        if body := raw.get(("body", "")):
            schema = Found(body.value.get("schema", {}), body.location.child("schema"))
            return BodyPart(
                required=body.value.get("required") is True,
                media=_media(consumes or ["application/json"], schema, body.location),
                texts=(body.value.get("description"),),
                at=body.location,
            )
        fields = [one for (where, _), one in raw.items() if where == "formData"]
        if not fields:
            return None
        required = [one.value["name"] for one in fields if one.value.get("required") is True]
        schema = Found(
            {
                "type": "object",
                "properties": {one.value["name"]: _inline_schema(one).value for one in fields},
                **({"required": required} if required else {}),
            },
            at.child("parameters"),
        )
        has_file = any(one.value.get("type") == "file" for one in fields)
        usual = [_FILES if has_file else _FORM]
        forms = [name for name in consumes if name in {_FORM, _FILES}] or usual
        return BodyPart(
            required=bool(required),
            media=_media(forms, schema, at.child("parameters")),
            texts=tuple(one.value.get("description") for one in fields),
            at=at.child("parameters"),
        )

    def _responses(self, said: Mapping[str, Any], at: Location) -> Iterator[ResponsePart]:
        produces = self._media_types(said, "produces", at) or ["application/json"]
        at = at.child("responses")
        for status, entry in self.sources.mapping(said.get("responses"), at).items():
            if str(status).startswith("x-") or (one := self.sources.follow(entry, at.child(status))) is None:
                continue
            answer, here = self.sources.mapping(one.value, one.location), one.location
            schema = Found(answer.get("schema"), here.child("schema"))
            if isinstance(schema.value, Mapping) and schema.value.get("type") == "file":
                schema = Found(_binary(schema.value), schema.location)
            yield ResponsePart(
                status=str(status),
                media=_media(produces, schema, here) if "schema" in answer else {},
                headers=self._headers(answer.get("headers"), here.child("headers")),
                links={},
                texts=(answer.get("description"), answer.get("examples")),
                at=here,
            )

    def _headers(self, value: Any, at: Location) -> dict[str, HeaderPart]:
        return {
            name.lower(): HeaderPart(
                name=name,
                required=False,
                schema=_inline_schema(Found(self.sources.mapping(said, at.child(name)), at.child(name))),
                style="simple",
                texts=(said.get("description") if isinstance(said, Mapping) else None,),
                at=at.child(name),
            )
            for name, said in self.sources.mapping(value, at).items()
        }

    def _media_types(self, said: Mapping[str, Any], key: str, at: Location) -> list[str]:
        value, where = (said[key], at) if key in said else (self.document.get(key), self.root)
        return [media_name(str(one)) for one in self.sources.sequence(value, where.child(key))]

    def _scheme(self, name: str) -> Found | None:
        schemes = self.document.get("securityDefinitions")
        if not isinstance(schemes, Mapping) or name not in schemes:
            return None
        return Found(schemes[name], self.root.child("securityDefinitions", name))


def _inline_schema(one: Found) -> Found:
    schema = {key: value for key, value in one.value.items() if key in _SCHEMA_KEYS}
    return Found(_binary(schema) if schema.get("type") == "file" else schema, one.location)


def _binary(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, "type": "string", "format": "binary"}


def _media(names: list[str], schema: Found, at: Location) -> dict[str, MediaPart]:
    return {name: MediaPart(name=name, schema=schema, at=at) for name in names}


def _undeclared(path: str, raw: Mapping[tuple[str, str], Found], at: Location) -> Iterator[ParameterPart]:
    for position, name in enumerate(parameter_names(path)):
        if ("path", name) not in raw:
            yield ParameterPart(
                name=name,
                location="path",
                key=str(position),
                required=True,
                schema=Found({"type": "string"}, at),
                style="simple",
                at=at,
            )
