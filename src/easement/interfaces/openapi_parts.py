"""Parameters, bodies and responses of an OpenAPI description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from easement.contract.kinds import Severity
from easement.contract.suggestion import did_you_mean
from easement.interfaces.model import Content, Parameter, Response, Schema
from easement.interfaces.schema_normal import SchemaNormaliser
from easement.interfaces.sources import Location, Sources

_STYLES: Final[Mapping[str, tuple[str, ...]]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
_NOT_PARAMETERS: Final = frozenset({"accept", "content-type", "authorization"})
"""Header parameters with these names are to be ignored (OpenAPI 3.1 §4.8.12.2)."""

CONTENT_STYLE: Final = "content"
"""Style of a parameter whose text is a document of a media type, such as JSON in a query."""

_STATUS: Final = re.compile(r"[1-5](?:\d\d|XX)|default")
_MEDIA: Final = re.compile(r"[a-z0-9!#$&^_.+*-]+/[a-z0-9!#$&^_.+*-]+")
_LOCATIONS: Final = ("path", "query", "header", "cookie")


@dataclass(frozen=True, slots=True)
class PartReader:
    """Reads parts of operations; what is wrong goes to the sources' problems and the part is left out."""

    sources: Sources
    schemas: SchemaNormaliser

    def parameters(self, value: Any, at: Location) -> dict[tuple[str, str], Parameter]:
        """The parameters of a list by location and name; a later one of the same name is a problem."""
        found: dict[tuple[str, str], Parameter] = {}
        for position, entry in enumerate(self.sources.sequence(value, at)):
            parameter = self._parameter(entry, at.child(position))
            if parameter is None:
                continue
            name = parameter.name.lower() if parameter.location == "header" else parameter.name
            if (parameter.location, name) in found:
                message = f"{parameter.location} parameter {parameter.name!r} stands twice"
                self.sources.report("EAS-2304", message, at.child(position), severity=Severity.WARNING)
            found[parameter.location, name] = parameter
        return found

    def _parameter(self, value: Any, at: Location) -> Parameter | None:
        found = self.sources.follow(value, at)
        if found is None:
            return None
        said, at = self.sources.mapping(found.value, found.location), found.location
        name, where = said.get("name"), said.get("in")
        if not isinstance(name, str) or not name or where not in _LOCATIONS:
            hint = did_you_mean(str(where), _LOCATIONS) if isinstance(where, str) else ""
            self.sources.report(
                "EAS-2304", "a parameter needs a name and 'in': path, query, header or cookie", at, hint
            )
            return None
        location: Literal["path", "query", "header", "cookie"] = where
        if location == "header" and name.lower() in _NOT_PARAMETERS:
            return None
        schema, style, media = self._parameter_schema(said, location, at)
        required = said.get("required") is True
        if location == "path" and not required:
            message = f"path parameter {name!r} must say required: true; it is taken as required"
            self.sources.report("EAS-2304", message, at, severity=Severity.WARNING)
        explode = said.get("explode")
        return Parameter(
            name=name,
            location=location,
            required=required or location == "path",
            schema=schema,
            style=style,
            explode=explode if isinstance(explode, bool) else style == "form",
            media=media,
            deprecated=said.get("deprecated") is True,
        )

    def _parameter_schema(self, said: Mapping[str, Any], location: str, at: Location) -> tuple[Schema, str, str]:
        if "content" in said:
            media = self.media(said["content"], at.child("content"))
            name, schema = next(iter(media.items()), ("", False))
            return schema, CONTENT_STYLE, name
        styles = _STYLES[location]
        style = said.get("style", styles[0])
        if style not in styles:
            self.sources.report("EAS-2304", f"style must be one of {', '.join(styles)}", at.child("style"))
            style = styles[0]
        if "schema" not in said:
            message = "the parameter has no schema; text of any form is accepted"
            self.sources.report("EAS-2304", message, at, severity=Severity.WARNING)
            return {"type": "string"}, style, ""
        return self.schemas.schema(said["schema"], at.child("schema")), style, ""

    def request(self, value: Any, at: Location) -> Content | None:
        """The request body, or None where the operation has none."""
        if value is None or (found := self.sources.follow(value, at)) is None:
            return None
        said = self.sources.mapping(found.value, found.location)
        media = self.media(said.get("content"), found.location.child("content"))
        return Content(required=said.get("required") is True, media=media)

    def responses(self, value: Any, at: Location) -> tuple[Response, ...]:
        """The answers by status, in the order of the file."""
        responses = []
        for key, entry in self.sources.mapping(value, at).items():
            status = str(key) if key == "default" else str(key).upper()
            if status.startswith("X-"):
                continue
            if not _STATUS.fullmatch(status):
                hint = "Write 200, 2XX or default."
                self.sources.report("EAS-2307", f"{key!r} is no response status", at.child(key), hint, key=True)
                continue
            if (found := self.sources.follow(entry, at.child(key))) is None:
                continue
            said = self.sources.mapping(found.value, found.location)
            media = self.media(said.get("content"), found.location.child("content"))
            responses.append(Response(status=status, content=Content(required=True, media=media) if media else None))
        return tuple(responses)

    def media(self, value: Any, at: Location) -> dict[str, Schema]:
        """Schemas by media type (lower case, without parameters); no schema means that anything fits."""
        media: dict[str, Schema] = {}
        for key, entry in self.sources.mapping(value, at).items():
            name = key.partition(";")[0].strip().lower()
            if not _MEDIA.fullmatch(name):
                self.sources.report("EAS-2308", f"{key[:100]!r} is no media type", at.child(key), key=True)
                continue
            said = self.sources.mapping(entry, at.child(key))
            schema = self.schemas.schema(said["schema"], at.child(key, "schema")) if "schema" in said else True
            media[name] = {"anyOf": [media[name], schema]} if name in media else schema
        return media
