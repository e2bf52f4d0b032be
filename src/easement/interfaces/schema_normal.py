"""Schemas of OpenAPI 3.0 and 3.1, AsyncAPI 3 and JSON Schema draft 4 to 2020-12, written as JSON Schema 2020-12.

* Only what is enforced or classified is kept: a change of a description changes nothing downstream.
* Each referenced schema becomes one definition; a ``$ref`` is ``#/$defs/NAME`` afterwards.
* A schema that cannot be read is a problem and becomes ``false``: nothing fits. Never does a defect open a door.
* ``nullable: true`` admits null also beside ``enum``, ``allOf`` and ``$ref``. OpenAPI 3.0.3 would not, but whoever
  writes it means it.
* Keywords beside ``$ref`` are kept in every dialect; OpenAPI 3.0 ignores them, JSON Schema 2020-12 does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

import jsonschema_rs

from easement.contract.kinds import Classification, Severity, Tag
from easement.contract.suggestion import did_you_mean
from easement.interfaces.in_place import DEFINITION_PREFIX, UNIONS
from easement.interfaces.model import Schema
from easement.interfaces.sources import Found, Location, Sources, kind_of

TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_NUMBERS: Final = frozenset({"minimum", "maximum", "multipleOf"})
_COUNTS: Final = frozenset(
    {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains"}
)
_FLAGS: Final = frozenset({"uniqueItems", "deprecated", "readOnly", "writeOnly"})
_TEXTS: Final = frozenset({"format", "contentEncoding", "contentMediaType"})
_SCHEMAS: Final = frozenset(
    {"not", "if", "then", "else", "contains", "propertyNames", "additionalProperties", "unevaluatedProperties",
     "unevaluatedItems"}
)  # fmt: skip
_SCHEMA_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMA_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_OTHERS: Final = frozenset(
    {"type", "enum", "const", "required", "pattern", "items", "exclusiveMinimum", "exclusiveMaximum", "x-easement",
     "dependentRequired", "discriminator", "nullable", "additionalItems", "dependencies", "$ref"}
)  # fmt: skip
_DROPPED: Final = frozenset(
    {"title", "description", "default", "example", "examples", "externalDocs", "xml", "definitions", "id",
     "contentSchema", "summary", "optional"}
)  # fmt: skip
_KNOWN: Final = _NUMBERS | _COUNTS | _FLAGS | _TEXTS | _SCHEMAS | _SCHEMA_LISTS | _SCHEMA_MAPS | _OTHERS
_DYNAMIC: Final = ("$dynamicRef", "$recursiveRef")
_SAME_PLACE: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
_TAG_KEYS: Final = ("classification", "category", "tags")
_LINEAR: Final = jsonschema_rs.RegexOptions()
_Reader = Callable[[Any, Mapping[str, Any]], dict[str, Any]]
_MISSPELT: Final = 0.8
_MAX_KEYWORD: Final = 50
_UNSAFE_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")


class _WrongError(Exception):
    """A keyword whose value cannot be used. ``expected`` completes the sentence."""

    def __init__(self, expected: str, code: str = "EAS-2201") -> None:
        super().__init__(expected)
        self.expected = expected
        self.code = code


@dataclass(slots=True)
class SchemaNormaliser:
    """Normalises schemas of one description; call :meth:`finish` at the end and take ``definitions``."""

    sources: Sources
    definitions: dict[str, Schema] = field(default_factory=dict)
    _names: dict[Location, str] = field(default_factory=dict)
    _waiting: list[Found] = field(default_factory=list)
    _patterns: dict[str, str] = field(default_factory=dict)

    def schema(self, value: Any, at: Location) -> Schema:
        """The schema at ``at``; what it refers to is read by :meth:`finish`."""
        if isinstance(value, bool):
            return value
        if not isinstance(value, Mapping):
            self.sources.report("EAS-2004", f"expected a schema, found {kind_of(value)}", at)
            return False
        if dynamic := next((name for name in _DYNAMIC if name in value), None):
            self.sources.report("EAS-2106", f"{dynamic} is not read", at, "Use $ref with a JSON pointer.")
            return False
        written: dict[str, Any] = {}
        for keyword, said in value.items():
            if not self._keyword(written, keyword, said, value, at):
                return False
        if value.get("nullable") is True:
            return _nullable(written)
        return written

    def finish(self) -> None:
        """Read every schema that is referred to; replace those that contain themselves without a step between."""
        while self._waiting:
            found = self._waiting.pop()
            self.definitions[self._names[found.location]] = self.schema(found.value, found.location)
        locations = {name: location for location, name in self._names.items()}
        for name in sorted(_circular(self.definitions)):
            self.sources.report(
                "EAS-2104", f"schema {name} is made of itself: no value can be checked", locations[name]
            )
            self.definitions[name] = False

    def _keyword(
        self, written: dict[str, Any], keyword: str, said: Any, schema: Mapping[str, Any], at: Location
    ) -> bool:
        """Write one keyword; False where the whole schema is unusable."""
        here = at.child(keyword)
        try:
            if keyword in _SCHEMAS:
                written[keyword] = self.schema(said, here)
            elif keyword in _SCHEMA_LISTS:
                written[keyword] = self._list(said, here)
            elif keyword in _SCHEMA_MAPS:
                written[keyword] = {name: self.schema(one, here.child(name)) for name, one in _object(said).items()}
            elif keyword == "$ref":
                written["$ref"] = self._reference(said, at)
            elif keyword in _READERS:
                written.update(_READERS[keyword](said, schema))
            elif keyword == "pattern":
                written["pattern"] = self._pattern(said, here)
            elif keyword in {"items", "additionalItems", "dependencies"}:
                self._older_forms(written, keyword, said, schema, here)
            elif keyword == "x-easement":
                written.update(self._tag(said, here))
            else:
                self._unknown(keyword, here)
        except _WrongError as error:
            if keyword == "required" and isinstance(said, bool):  # draft 3; in OpenAPI 3 it asks nothing
                self.sources.report(
                    error.code, "required is true or false here, so it asks nothing", here,
                    "List the name under 'required' of the object.", severity=Severity.WARNING,
                )  # fmt: skip
                return True
            if not isinstance(error, _UnresolvedError):
                self.sources.report(error.code, f"{keyword} {error.expected}; nothing fits this schema", here)
            return False
        return True

    def _list(self, said: Any, here: Location) -> list[Schema]:
        if not isinstance(said, list) or not said:
            raise _WrongError(f"must be a list of schemas, found {kind_of(said)}")
        return [self.schema(one, here.child(position)) for position, one in enumerate(said)]

    def _reference(self, reference: Any, at: Location) -> str:
        found = self.sources.resolve(reference, at)
        if found is None:
            raise _UnresolvedError
        if found.location not in self._names:
            self._names[found.location] = self._free_name(found.location)
            self._waiting.append(found)
        return DEFINITION_PREFIX + self._names[found.location]

    def _free_name(self, location: Location) -> str:
        last = location.tokens[-1] if location.tokens else location.file.rpartition("/")[2].partition(".")[0]
        wanted = _UNSAFE_NAME.sub("_", last)[:100] or "schema"
        name, count = wanted, 1
        while name in self.definitions:
            count += 1
            name = f"{wanted}_{count}"
        self.definitions[name] = False  # holds the name until the schema is read
        return name

    def _pattern(self, said: Any, here: Location) -> str:
        if not isinstance(said, str):
            raise _WrongError(f"must be text, found {kind_of(said)}")
        if said not in self._patterns:
            self._patterns[said] = _pattern_class(said)
        if self._patterns[said] == "invalid":
            raise _WrongError("is no regular expression (ECMA-262)", "EAS-2202")
        if self._patterns[said] == "backtracking":
            self.sources.report(
                "EAS-2203",
                "the pattern looks around or refers back, so its cost has no bound",
                here,
                "Write it without (?=, (?!, (?<=, (?<! and \\1; until then the validator stops at a limit and refuses.",
                severity=Severity.WARNING,
            )
        return said

    def _older_forms(
        self, written: dict[str, Any], keyword: str, said: Any, schema: Mapping[str, Any], here: Location
    ) -> None:
        is_tuple = isinstance(schema.get("items"), list)
        if keyword == "items":
            if is_tuple:  # before 2020-12
                written["prefixItems"] = [self.schema(one, here.child(place)) for place, one in enumerate(said)]
            else:
                written["items"] = self.schema(said, here)
        elif keyword == "additionalItems":
            if is_tuple:
                written["items"] = self.schema(said, here)
        else:  # dependencies, before 2019-09
            for name, one in _object(said).items():
                if isinstance(one, list):
                    written.setdefault("dependentRequired", {})[name] = _names(one)
                else:
                    written.setdefault("dependentSchemas", {})[name] = self.schema(one, here.child(name))

    def _tag(self, said: Any, here: Location) -> dict[str, Any]:
        """A checked ``x-easement``; one that is wrong counts as none, so that the field stays unclassified."""
        tag = self.sources.mapping(said, here)
        problems = list(_tag_problems(tag))
        for key, message, hint in problems:
            self.sources.report("EAS-2204", message, here.child(key) if key else here, hint, key=key not in _TAG_KEYS)
        return {} if problems or not tag else {"x-easement": dict(tag)}

    def _unknown(self, keyword: str, here: Location) -> None:
        if keyword in _DROPPED or keyword.startswith(("x-", "$")):
            return
        if near := get_close_matches(keyword[:_MAX_KEYWORD], _KNOWN, n=1, cutoff=_MISSPELT):
            message, hint = f"{keyword!r} is no keyword of a schema and asks nothing", f"did you mean {near[0]!r}?"
            self.sources.report("EAS-2207", message, here, hint, severity=Severity.WARNING, key=True)


class _UnresolvedError(_WrongError):
    """A reference that was reported already."""

    def __init__(self) -> None:
        super().__init__("names nothing that can be read", "EAS-2101")


def _tag_problems(tag: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Key (or empty), message and hint."""
    for key in tag:
        if key not in _TAG_KEYS:
            yield key, f"{key!r} is not known under x-easement", did_you_mean(key, _TAG_KEYS)
    level = tag.get("classification")
    levels = [one.value for one in Classification]
    if level is None:
        yield "", "x-easement names no classification", f"Add one of {', '.join(levels)}."
    elif level not in levels:
        yield "classification", f"classification is none of {', '.join(levels)}", did_you_mean(str(level), levels)
    if not isinstance(tag.get("category", ""), str):
        yield "category", "category must be text", ""
    tags, known = tag.get("tags", []), [one.value for one in Tag]
    if not isinstance(tags, list):
        yield "tags", "tags must be a list", ""
        return
    for one in tags:
        if one not in known:
            yield "tags", f"a tag is none of {', '.join(known)}", did_you_mean(str(one), known)


def _pattern_class(pattern: str) -> str:
    """``linear``, ``backtracking`` or ``invalid``."""
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=_LINEAR)
    except (jsonschema_rs.ValidationError, ValueError):
        try:
            jsonschema_rs.Draft202012Validator({"pattern": pattern})
        except (jsonschema_rs.ValidationError, ValueError):
            return "invalid"
        return "backtracking"
    return "linear"


def _object(said: Any) -> Mapping[str, Any]:
    if not isinstance(said, Mapping):
        raise _WrongError(f"must be an object, found {kind_of(said)}")
    return said


def _names(said: Any) -> list[str]:
    if not isinstance(said, list) or not all(isinstance(name, str) for name in said):
        raise _WrongError(f"must be a list of names, found {kind_of(said)}")
    return list(dict.fromkeys(said))


def _is_number(said: Any) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool)


def _read_type(said: Any, _schema: Mapping[str, Any]) -> dict[str, Any]:
    stated = said if isinstance(said, list) else [said]
    for one in stated:
        if one not in TYPES:
            raise _WrongError(f"must be one of {', '.join(TYPES)}")
    if not stated:
        raise _WrongError("must not be an empty list")
    return {"type": said if isinstance(said, str) else list(dict.fromkeys(stated))}


def _read_enum(said: Any, _schema: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(said, list) or not said:
        raise _WrongError(f"must be a list of values, found {kind_of(said)}")
    return {"enum": list(said)}


def _reader_of(keyword: str) -> _Reader:
    def number(said: Any, _schema: Mapping[str, Any]) -> dict[str, Any]:
        if not _is_number(said) or (keyword == "multipleOf" and said <= 0):
            raise _WrongError(f"must be a number, found {kind_of(said)}" if not _is_number(said) else "must be above 0")
        return {keyword: said}

    def count(said: Any, _schema: Mapping[str, Any]) -> dict[str, Any]:
        if not _is_number(said) or said < 0 or said != int(said):
            raise _WrongError("must be a whole number from 0")
        return {keyword: int(said)}

    def flag(said: Any, _schema: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(said, bool):
            raise _WrongError(f"must be true or false, found {kind_of(said)}")
        return {keyword: True} if said else {}

    def text(said: Any, _schema: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(said, str):
            raise _WrongError(f"must be text, found {kind_of(said)}")
        return {keyword: said}

    for group, reader in ((_NUMBERS, number), (_COUNTS, count), (_FLAGS, flag)):
        if keyword in group:
            return reader
    return text


def _exclusive(keyword: str, limit: str) -> _Reader:
    """OpenAPI 3.0 (draft 5) has true or false beside the limit, later drafts have the limit itself."""

    def read(said: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
        if _is_number(said):
            return {keyword: said}
        if not isinstance(said, bool):
            raise _WrongError(f"must be a number, found {kind_of(said)}")
        return {keyword: schema[limit]} if said and _is_number(schema.get(limit)) else {}

    return read


def _read_dependent_required(said: Any, _schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"dependentRequired": {name: _names(names) for name, names in _object(said).items()}}


_READERS: Final[Mapping[str, _Reader]] = {
    **{keyword: _reader_of(keyword) for keyword in _NUMBERS | _COUNTS | _FLAGS | _TEXTS},
    "type": _read_type,
    "enum": _read_enum,
    "const": lambda said, _schema: {"const": said},
    "required": lambda said, _schema: {"required": _names(said)},
    "exclusiveMinimum": _exclusive("exclusiveMinimum", "minimum"),
    "exclusiveMaximum": _exclusive("exclusiveMaximum", "maximum"),
    "dependentRequired": _read_dependent_required,
    "discriminator": lambda said, _schema: {"discriminator": dict(_object(said))},
    "nullable": lambda _said, _schema: {},
}


def _nullable(written: dict[str, Any]) -> Schema:
    if any(keyword in written for keyword in ("$ref", "allOf", "const", "not", "if", *UNIONS)):
        kept: dict[str, Any] = {
            key: written.pop(key) for key in ("x-easement", "readOnly", "writeOnly") if key in written
        }
        return {"anyOf": [written, {"type": "null"}], **kept}
    if "type" in written:
        stated = written["type"]
        types = [stated] if isinstance(stated, str) else stated
        written["type"] = list(dict.fromkeys([*types, "null"]))
    if "enum" in written and None not in written["enum"]:
        written["enum"] = [*written["enum"], None]
    return written


def _circular(definitions: Mapping[str, Schema]) -> set[str]:
    """Names of definitions that lead to themselves without a step into the value."""
    leads_to = {name: set(_same_place_references(schema)) & definitions.keys() for name, schema in definitions.items()}
    while True:
        named = set().union(*leads_to.values()) if leads_to else set()
        ends = {name for name, others in leads_to.items() if not others or name not in named}
        if not ends:
            return set(leads_to)
        leads_to = {name: others - ends for name, others in leads_to.items() if name not in ends}


def _same_place_references(schema: Schema) -> Iterator[str]:
    waiting: list[Any] = [schema]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, Mapping):
            continue
        if "$ref" in part:
            yield str(part["$ref"]).removeprefix(DEFINITION_PREFIX)
        for keyword in _SAME_PLACE:
            said = part.get(keyword, ())
            waiting.extend(said if isinstance(said, list) else [said])
        waiting.extend(part.get("dependentSchemas", {}).values())
