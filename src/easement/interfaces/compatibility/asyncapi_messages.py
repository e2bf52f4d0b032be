"""Messages of AsyncAPI 2 and 3, with the traits that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from easement.interfaces.compatibility.asyncapi_model import MessagePart
from easement.interfaces.sources import Found, Location, Sources

_TEXTS = ("title", "summary", "description", "tags", "externalDocs", "examples", "deprecated")


def with_traits(sources: Sources, found: Found, *, traits_win: bool) -> dict[str, Found]:
    """The members of an object with those of its traits, each where it stands.

    In version 2 a trait overwrites what the object says; in version 3 the object does.
    """
    said = sources.mapping(found.value, found.location)
    own = {name: Found(value, found.location.child(name)) for name, value in said.items() if name != "traits"}
    shared: dict[str, Found] = {}
    at = found.location.child("traits")
    for position, entry in enumerate(sources.sequence(said.get("traits"), at)):
        trait = sources.follow(entry, at.child(position))
        if trait is not None:
            members = sources.mapping(trait.value, trait.location)
            shared |= {name: Found(value, trait.location.child(name)) for name, value in members.items()}
    return {**own, **shared} if traits_win else {**shared, **own}


@dataclass(frozen=True, slots=True)
class MessageReader:
    """Reads messages of one description."""

    sources: Sources
    default_content_type: str
    is_2: bool

    def listed_2(self, found: Found | None) -> Iterator[MessagePart]:
        """The message of an operation of version 2, or each of its ``oneOf``."""
        if found is None:
            return
        followed = self.sources.follow(found.value, found.location)
        said = followed.value if followed and isinstance(followed.value, Mapping) else {}
        if followed is None or "oneOf" not in said:
            if message := self.read("", found.value, found.location):
                yield message
            return
        at = followed.location.child("oneOf")
        for position, one in enumerate(self.sources.sequence(said["oneOf"], at)):
            if message := self.read(str(position), one, at.child(position)):
                yield message

    def read(self, key: str, value: Any, at: Location) -> MessagePart | None:
        """One message, known by ``key``; in version 2 by its id, its name, or the name of its definition."""
        found = self.sources.follow(value, at)
        if found is None:
            return None
        said = with_traits(self.sources, found, traits_win=self.is_2)
        name = _text(said.get("name"))
        payload, named_format = self._payload(said, found.location)
        content_type = _text(said.get("contentType")) or self.default_content_type
        return MessagePart(
            key=self._key(key, said, found) if self.is_2 else key,
            name=name,
            payload=payload,
            format=named_format,
            headers=self._headers(said, found.location),
            content_type=content_type.strip().lower(),
            correlation=self._followed(said.get("correlationId")),
            bindings=self._followed(said.get("bindings")),
            texts=tuple(said[one].value if one in said else None for one in _TEXTS),
            at=found.location,
        )

    def _key(self, position: str, said: Mapping[str, Found], found: Found) -> str:
        is_defined = found.location.tokens[-2:-1] == ("messages",)
        defined = found.location.tokens[-1] if is_defined else ""
        return _text(said.get("messageId")) or _text(said.get("name")) or defined or position

    def _payload(self, said: Mapping[str, Found], at: Location) -> tuple[Found, str]:
        if "payload" not in said:
            return Found({}, at), ""
        payload = said["payload"]
        if self.is_2:
            return payload, _text(said.get("schemaFormat")).lower()
        followed = self.sources.follow(payload.value, payload.location)
        inner = followed.value if followed else None
        if isinstance(inner, Mapping) and followed and isinstance(inner.get("schemaFormat"), str):
            return _schema_in(followed), inner["schemaFormat"].lower()
        return payload, ""

    def _headers(self, said: Mapping[str, Found], at: Location) -> Found:
        if "headers" not in said:
            return Found({}, at)
        headers = said["headers"]
        followed = self.sources.follow(headers.value, headers.location)
        inner = followed.value if followed else None
        if followed and isinstance(inner, Mapping) and "schemaFormat" in inner:
            return _schema_in(followed)
        return headers

    def _followed(self, found: Found | None) -> Any:
        if found is None:
            return None
        followed = self.sources.follow(found.value, found.location)
        return followed.value if followed else None


def _schema_in(found: Found) -> Found:
    """The schema beside a ``schemaFormat``; any value where there is none."""
    return Found(found.value.get("schema", {}), found.location.child("schema"))


def _text(found: Found | None) -> str:
    return found.value if found and isinstance(found.value, str) else ""
