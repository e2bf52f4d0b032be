"""Avro schemas as a graph with places: names resolved, each type with the JSON pointer where it stands.

Source: Apache Avro 1.12 specification, "Schema Declaration" and "Names". The library ``avro`` decides what is valid.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import avro.compatibility
import avro.errors
import avro.schema

from easement.interfaces.compatibility.foreign import UnreadableSchemaError

PRIMITIVES: Final = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_NAMED: Final = frozenset({"record", "error", "enum", "fixed"})
MAX_TYPES: Final = 50_000
"""Types of one schema. The largest that are published have some thousand."""


@dataclass(slots=True, kw_only=True, eq=False)
class AvroType:
    """One type where it is defined. Set once while reading: a record is known by name before its fields are read."""

    kind: str
    pointer: str
    said: Mapping[str, Any] = field(default_factory=dict)
    fullname: str = ""
    aliases: frozenset[str] = frozenset()
    element: AvroType | None = None
    branches: tuple[AvroType, ...] = ()
    fields: tuple[AvroField, ...] = ()

    @property
    def name(self) -> str:
        """The name without its namespace; what schema resolution compares."""
        return self.fullname.rpartition(".")[2]

    @property
    def title(self) -> str:
        """How people call it: the full name of a named type, else its kind."""
        return self.fullname or self.kind

    @property
    def alternatives(self) -> tuple[AvroType, ...]:
        """The branches of a union; of any other type only itself."""
        return self.branches if self.kind == "union" else (self,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AvroField:
    """One field of a record."""

    name: str
    pointer: str
    type: AvroType
    said: Mapping[str, Any]

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names under which a writer may have written it."""
        return _texts(self.said.get("aliases"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AvroSchema:
    """A schema: our graph with places, and the library's reading of the same text."""

    root: AvroType
    parsed: avro.schema.Schema


def read_avro(content: Any) -> AvroSchema:
    """Read bytes or text of JSON, or JSON that was read before.

    Raises :class:`UnreadableSchemaError`.
    """
    try:
        said = _json(content)
        if isinstance(said, Mapping) and "protocol" in said and "type" not in said:
            raise UnreadableSchemaError("this is an Avro protocol; name the schema of a message")
        parsed = avro.schema.make_avsc_object(_for_library(said, ""))
        return AvroSchema(root=_Reading().type(said, "", ""), parsed=parsed)
    except RecursionError:
        raise UnreadableSchemaError("the schema is nested too deeply to be read") from None
    except (avro.errors.AvroException, AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, UnreadableSchemaError):
            raise
        raise UnreadableSchemaError(f"this is no Avro schema ({type(error).__name__})") from error


def _json(content: Any) -> Any:
    if isinstance(content, bytes):
        content = content.decode("utf-8-sig")
    elif not isinstance(content, str) or content in PRIMITIVES:
        return content
    try:
        return json.loads(content)
    except ValueError as error:
        at = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableSchemaError(f"this is no JSON{at}") from None


def _for_library(said: Any, space: str) -> Any:
    """The schema without logical types, which never refuse data, and with aliases in full, as the library asks."""
    if isinstance(said, list):
        return [_for_library(one, space) for one in said]
    if not isinstance(said, Mapping):
        return said
    is_named = isinstance(said.get("type"), str) and said["type"] in _NAMED
    space = _fullname(said, space).rpartition(".")[0] if is_named else space
    plain = {name: value for name, value in said.items() if name != "logicalType"}
    for inner in ("items", "values", "type"):
        if inner in plain:
            plain[inner] = _for_library(plain[inner], space)
    if is_named and isinstance(plain.get("fields"), list):
        plain["fields"] = [_for_library(one, space) for one in plain["fields"]]
    if is_named and "aliases" in plain:
        plain["aliases"] = [_qualified(alias, space) for alias in _texts(plain["aliases"])]
    return plain


class _Reading:
    def __init__(self) -> None:
        self._named: dict[str, AvroType] = {}
        self._count = 0

    def type(self, said: Any, pointer: str, space: str) -> AvroType:  # noqa: PLR0911 -- one return for each form
        """The type at ``pointer``; a name stands for what was defined under it before."""
        self._count += 1
        if self._count > MAX_TYPES:
            raise UnreadableSchemaError(f"the schema has more than {MAX_TYPES:,} types", pointer=pointer)
        if isinstance(said, str):
            return self._by_name(said, pointer, space)
        if isinstance(said, list):
            branches = tuple(self.type(one, f"{pointer}/{position}", space) for position, one in enumerate(said))
            return AvroType(kind="union", pointer=pointer, branches=branches)
        kind = said["type"]
        if not isinstance(kind, str):
            return self.type(kind, f"{pointer}/type", space)
        if kind in _NAMED:
            return self._defined(said, kind, pointer, space)
        if kind in {"array", "map"}:
            inner = "items" if kind == "array" else "values"
            element = self.type(said[inner], f"{pointer}/{inner}", space)
            return AvroType(kind=kind, pointer=pointer, said=said, element=element)
        if kind in PRIMITIVES:
            return AvroType(kind=kind, pointer=pointer, said=said)
        return self._by_name(kind, pointer, space)

    def _by_name(self, name: str, pointer: str, space: str) -> AvroType:
        if name in PRIMITIVES:
            return AvroType(kind=name, pointer=pointer)
        found = self._named.get(_qualified(name, space)) or self._named.get(name)
        if found is None:
            raise UnreadableSchemaError("a type is used that is not defined before", pointer=pointer)
        return found

    def _defined(self, said: Mapping[str, Any], kind: str, pointer: str, space: str) -> AvroType:
        fullname = _fullname(said, space)
        inner_space = fullname.rpartition(".")[0]
        aliases = frozenset(_qualified(alias, inner_space) for alias in _texts(said.get("aliases")))
        kind = "record" if kind == "error" else kind
        found = AvroType(kind=kind, pointer=pointer, said=said, fullname=fullname, aliases=aliases)
        self._named[fullname] = found
        if kind == "record":
            found.fields = tuple(
                AvroField(
                    name=one["name"],
                    pointer=f"{pointer}/fields/{position}",
                    type=self.type(one["type"], f"{pointer}/fields/{position}/type", inner_space),
                    said=one,
                )
                for position, one in enumerate(said["fields"])
            )
        return found


def _fullname(said: Mapping[str, Any], space: str) -> str:
    name = str(said["name"])
    return name if "." in name else _qualified(name, str(said.get("namespace", space) or ""))


def _qualified(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
