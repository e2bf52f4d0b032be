"""The elements of Protobuf files, from a FileDescriptorSet in JSON (descriptor.proto, with ``sourceCodeInfo``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_PARTS: Final = {
    "file": (("messageType", 4, "message"), ("enumType", 5, "enum"), ("service", 6, "service")),
    "message": (("field", 2, "field"), ("nestedType", 3, "message"), ("enumType", 4, "enum")),
    "enum": (("value", 2, "value"),),
    "service": (("method", 2, "rpc"),),
}
"""Kind to its members: JSON name, number of the field in descriptor.proto, and their kind."""

Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A message, field, enum, value, service or RPC. ``key`` is the number of a field or value, else the name.

    ``span`` is first line, first column, last line, last column, from 1; zeros where unknown.
    """

    kind: str
    owner: str
    name: str
    key: str
    file: str
    span: Span
    comment: str
    said: Mapping[str, Any]

    @property
    def fullname(self) -> str:
        """The name with package and owner."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    def holds(self, line: int, column: int) -> bool:
        """Whether a place in its file is within it."""
        return self.span[:2] <= (line, column) <= self.span[2:]


def elements(image: Mapping[str, Any]) -> Iterator[Element]:
    """Every element of the files of an image that are its own; imports from elsewhere are left out."""
    for file in image.get("file", ()):
        if not (file.get("bufExtension") or {}).get("isImport"):
            places = {tuple(one.get("path", ())): one for one in (file.get("sourceCodeInfo") or {}).get("location", ())}
            yield from _members(file, "file", file.get("package", ""), (), _File(file["name"], places))


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    places: Mapping[tuple[int, ...], Mapping[str, Any]]


def _members(said: Mapping[str, Any], kind: str, owner: str, path: tuple[int, ...], file: _File) -> Iterator[Element]:
    for name, number, inner_kind in _PARTS.get(kind, ()):
        for position, one in enumerate(said.get(name, ())):
            at = (*path, number, position)
            place = file.places.get(at, {})
            element = Element(
                kind=inner_kind,
                owner=owner,
                name=one.get("name", ""),
                key=str(one.get("number", 0)) if inner_kind in {"field", "value"} else one.get("name", ""),
                file=file.name,
                span=_span(place.get("span", ())),
                comment=place.get("leadingComments", "") + place.get("trailingComments", ""),
                said=one,
            )
            yield element
            yield from _members(one, inner_kind, element.fullname, at, file)


def _span(said: Any) -> Span:
    """Descriptor spans count from 0 and leave the last line out where it is the first; ends are exclusive."""
    if len(said) not in {3, 4}:
        return (0, 0, 0, 0)
    first, start, *rest = said
    last, end = rest if len(rest) == 2 else (first, rest[0])
    return (first + 1, start + 1, last + 1, end)
