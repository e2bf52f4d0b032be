"""AsyncAPI 3.0 into the model: channels and what their messages look like.

Payloads are JSON Schema in any of its drafts, or OpenAPI schemas. A channel with several messages takes any of them.
What is not read: servers, bindings, headers, operations (a contract says who sends and who receives).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from easement.contract.kinds import Severity
from easement.interfaces.model import Channel, InterfaceModel, Schema
from easement.interfaces.schema_normal import SchemaNormaliser
from easement.interfaces.sources import Location, Sources

_VERSION: Final = re.compile(r"3\.\d+\.\d+(-.*)?")
_FORMATS: Final = (
    "application/schema+json",
    "application/schema+yaml",
    "application/vnd.aai.asyncapi",
    "application/vnd.aai.asyncapi+json",
    "application/vnd.aai.asyncapi+yaml",
    "application/vnd.oai.openapi",
    "application/vnd.oai.openapi+json",
    "application/vnd.oai.openapi+yaml",
)
_DEFAULT_CONTENT_TYPE: Final = "application/json"
MAX_CHANNELS: Final = 10_000
_MAX_TITLE: Final = 300


def read_asyncapi(sources: Sources, file: str) -> InterfaceModel | None:
    """Read the description in ``file``; None where it is no AsyncAPI 3 at all. Problems go to ``sources``."""
    root = Location(file)
    document = sources.mapping(sources.document(file), root)
    if not document or not _is_supported(sources, document, root):
        return None
    reader = _Reader(sources, _content_type(document.get("defaultContentType")) or _DEFAULT_CONTENT_TYPE)
    reader.read(document, root)
    reader.schemas.finish()
    info = sources.mapping(document.get("info"), root.child("info"))
    return InterfaceModel(
        format="asyncapi",
        title=sources.text(info.get("title"), root.child("info", "title")),
        version=sources.text(info.get("version"), root.child("info", "version")),
        channels=reader.channels,
        definitions=dict(sorted(reader.schemas.definitions.items())),
    )


def _is_supported(sources: Sources, document: Mapping[str, Any], root: Location) -> bool:
    version = document.get("asyncapi")
    if not isinstance(version, str):
        hint = "It has 'openapi': write definition.openapi." if "openapi" in document else ""
        sources.report("EAS-2005", "this is no AsyncAPI description: 'asyncapi' is missing", root, hint)
        return False
    if not _VERSION.fullmatch(version):
        hint = "Convert it to AsyncAPI 3.0: asyncapi convert FILE --target-version=3.0.0."
        sources.report("EAS-2005", f"AsyncAPI {version[:20]} is not read", root.child("asyncapi"), hint)
        return False
    return True


def _content_type(said: Any) -> str:
    return said.partition(";")[0].strip().lower() if isinstance(said, str) else ""


@dataclass(slots=True)
class _Reader:
    sources: Sources
    default_content_type: str
    channels: dict[str, Channel] = field(default_factory=dict)
    schemas: SchemaNormaliser = field(init=False)

    def __post_init__(self) -> None:
        self.schemas = SchemaNormaliser(self.sources)

    def read(self, document: Mapping[str, Any], root: Location) -> None:
        channels = self.sources.mapping(document.get("channels"), root.child("channels"))
        if not channels:
            self.sources.report("EAS-2006", "the description has no channels", root, severity=Severity.WARNING)
        for name, value in channels.items():
            if len(self.channels) >= MAX_CHANNELS:
                self.sources.report("EAS-2007", f"more than {MAX_CHANNELS:,} channels; the rest is not read", root)
                return
            self._channel(name, value, root.child("channels", name))

    def _channel(self, name: str, value: Any, at: Location) -> None:
        found = self.sources.follow(value, at)
        if found is None:
            return
        said, at = self.sources.mapping(found.value, found.location), found.location
        messages = self.sources.mapping(said.get("messages"), at.child("messages"))
        payloads: list[Schema] = []
        content_types: set[str] = set()
        for key, message in messages.items():
            payload, content_type = self._message(message, at.child("messages", key))
            payloads.append(payload)
            content_types.add(content_type)
        if not payloads:
            self.sources.report("EAS-2401", f"channel {name!r} has no message; nothing can be published to it", at)
            payloads.append(False)
        if len(content_types) > 1:
            hint = "Make one channel for each content type."
            self.sources.report("EAS-2402", f"the messages of channel {name!r} have different content types", at, hint)
            payloads = [False]
        self.channels[name] = Channel(
            name=name,
            address=self.sources.text(said.get("address"), at.child("address")) or name,
            payload=payloads[0] if len(payloads) == 1 else {"anyOf": payloads},
            content_type=min(content_types, default=self.default_content_type),
            title=self.sources.text(said.get("title"), at.child("title"))[:_MAX_TITLE],
        )

    def _message(self, value: Any, at: Location) -> tuple[Schema, str]:
        found = self.sources.follow(value, at)
        if found is None:
            return False, self.default_content_type
        said, at = self.sources.mapping(found.value, found.location), found.location
        content_type = _content_type(said.get("contentType")) or self.default_content_type
        if "payload" not in said:
            message = "the message has no payload schema; any payload fits"
            self.sources.report("EAS-2401", message, at, severity=Severity.WARNING)
            return True, content_type
        return self._payload(said["payload"], at.child("payload")), content_type

    def _payload(self, value: Any, at: Location) -> Schema:
        if not isinstance(value, Mapping) or "schemaFormat" not in value:
            return self.schemas.schema(value, at)
        named = _content_type(value["schemaFormat"])
        if named not in _FORMATS:
            hint = "Write the payload as JSON Schema."
            self.sources.report("EAS-2205", f"schemas in {named or 'this format'!r} are not read", at, hint)
            return False
        return self.schemas.schema(value.get("schema"), at.child("schema"))
