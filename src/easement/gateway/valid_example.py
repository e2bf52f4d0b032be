"""A value that fits a schema, for the call that must pass when a contract's controls are tried.

It is made from the schema alone: the smallest value first, and what was made is held against the full validator. Where
nothing fits (a pattern that cannot be run backwards, conditions that contradict each other) there is no example, and
whoever asked says so: nothing is guessed.
"""

from __future__ import annotations

import itertools
import math
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from easement.gateway.full_schema import SchemaError, compile_schema
from easement.interfaces.shape import Shape, ShapeSet

_DEPTH: Final = 24
_TRIES: Final = 64
_LONGEST: Final = 4096
_FORMATS: Final[Mapping[str, str]] = {
    "date": "2024-02-29", "date-time": "2024-02-29T12:00:00Z", "time": "12:00:00Z", "duration": "P1D",
    "uuid": "01890a5d-ac96-774b-bcce-b302099a8057", "email": "probe@example.org", "hostname": "example.org",
    "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "uri": "https://example.org/", "uri-reference": "/", "byte": "AA==",
    "regex": "a", "json-pointer": "/a", "iri": "https://example.org/", "idn-email": "probe@example.org",
}  # fmt: skip
_WORDS: Final = ("probe", "a", "A", "1", "probe-1", "PROBE", "Probe", "AB", "EUR", "US", "12345678", "1.0", "+15550100")
_CLASSES: Final[Mapping[str, str]] = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_CHOICE: Final = string.ascii_lowercase + string.digits + string.ascii_uppercase + string.punctuation + " "
_QUANTITY: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")


class NoExampleError(ValueError):
    """No value was found that fits."""


def example_of(schema: Mapping[str, Any] | bool) -> Any:  # noqa: FBT001 - both are schemas
    """A value that the full validator takes. Raises :class:`NoExampleError`."""
    try:
        validator = compile_schema(schema)
    except SchemaError as error:
        raise NoExampleError(str(error)) from error
    values = _Maker(schema if isinstance(schema, Mapping) else {}).values(schema, 0)
    for value in itertools.islice(values, _TRIES):
        if validator.is_valid(value):
            return value
    raise NoExampleError("no value was found that fits the schema")


def fits(value: Any, schema: Mapping[str, Any] | bool | None) -> bool:  # noqa: FBT001 - both are schemas
    """Whether the full validator takes the value; no schema, or one that is none, takes nothing."""
    if schema is None:
        return False
    try:
        return compile_schema(schema).is_valid(value)
    except SchemaError:
        return False


def schema_of(shapes: ShapeSet) -> dict[str, Any]:
    """The table of shapes as a JSON Schema (2020-12) with one definition for each node."""
    nodes = {f"n{index}": _node_schema(shape) for index, shape in enumerate(shapes.nodes)}
    return {"$ref": f"#/$defs/n{shapes.root}", "$defs": nodes}


def _node_schema(shape: Shape) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": list(shape.types) or None,
        "required": list(shape.required) or None,
        "items": None if shape.items is None else _ref(shape.items),
        "enum": None if shape.enum is None else list(shape.enum),
        "minimum": shape.minimum,
        "maximum": shape.maximum,
        "exclusiveMinimum": shape.exclusive_minimum,
        "exclusiveMaximum": shape.exclusive_maximum,
        "minLength": shape.min_length,
        "maxLength": shape.max_length,
        "minItems": shape.min_items,
        "maxItems": shape.max_items,
    }
    if shape.properties is not None:
        schema["properties"] = {name: _ref(index) for name, index in shape.properties.items()}
        extra = shape.extra
        schema["additionalProperties"] = extra if isinstance(extra, bool) else _ref(extra)
    return {key: value for key, value in schema.items() if value is not None}


def _ref(index: int) -> dict[str, str]:
    return {"$ref": f"#/$defs/n{index}"}


@dataclass(slots=True)
class _Maker:
    """Candidates for each part of one document, the likeliest first."""

    document: Mapping[str, Any]
    _open: list[str] = field(default_factory=list)

    def values(self, schema: Any, depth: int) -> Iterator[Any]:
        if not isinstance(schema, Mapping) or not schema:
            yield from ("probe", {}, 1)
            return
        if depth > _DEPTH:
            return
        if "const" in schema:
            yield schema["const"]
        elif "enum" in schema:
            yield from schema["enum"]
        else:
            yield from self._composed(schema, depth)

    def _composed(self, schema: Mapping[str, Any], depth: int) -> Iterator[Any]:
        merged = self._merged(schema, depth)
        choices = merged.pop("oneOf", None) or merged.pop("anyOf", None)
        if choices:
            for choice in choices:
                yield from itertools.islice(self.values(_both(merged, self._merged(choice, depth)), depth + 1), 4)
            return
        if "const" in merged or "enum" in merged:
            yield from self.values(merged, depth + 1)
            return
        for kind in _types(merged):
            yield from self._typed(kind, merged, depth)

    def _merged(self, schema: Any, depth: int) -> dict[str, Any]:
        """The schema with its reference and ``allOf`` written out."""
        if not isinstance(schema, Mapping):
            return {}
        merged: dict[str, Any] = {key: value for key, value in schema.items() if key not in {"$ref", "allOf"}}
        parts = [self._found(str(schema["$ref"]))] if "$ref" in schema else []
        parts += schema.get("allOf", [])
        if depth < _DEPTH:
            for part in parts:
                merged = _both(merged, self._merged(part, depth + 1))
        return merged

    def _found(self, reference: str) -> Any:
        node: Any = self.document
        for step in reference.removeprefix("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            node = node.get(name, {}) if isinstance(node, Mapping) else {}
        return node

    def _typed(self, kind: str, schema: Mapping[str, Any], depth: int) -> Iterator[Any]:
        if kind == "object":
            yield from self._objects(schema, depth)
        elif kind == "array":
            yield from self._arrays(schema, depth)
        elif kind == "string":
            yield from _texts(schema)
        elif kind in {"integer", "number"}:
            yield from _numbers(schema, whole=kind == "integer")
        elif kind == "boolean":
            yield from (True, False)
        else:
            yield None

    def _objects(self, schema: Mapping[str, Any], depth: int) -> Iterator[Any]:
        declared: Mapping[str, Any] = schema.get("properties", {})
        needed = [str(name) for name in schema.get("required", [])]
        for names in (needed, [*declared]):
            made = {name: next(self.values(declared.get(name, True), depth + 1), None) for name in names}
            yield made
            for name in names:
                for other in itertools.islice(self.values(declared.get(name, True), depth + 1), 1, 8):
                    yield {**made, name: other}

    def _arrays(self, schema: Mapping[str, Any], depth: int) -> Iterator[Any]:
        count = int(schema.get("minItems", 0))
        for wanted in dict.fromkeys((count, max(count, 1))):
            items = list(itertools.islice(self.values(schema.get("items", True), depth + 1), max(1, wanted)))
            if items and wanted <= _LONGEST:
                yield [items[index % len(items)] for index in range(wanted)]
                yield [items[0]] * wanted


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**one, **other}
    merged["properties"] = {**one.get("properties", {}), **other.get("properties", {})}
    merged["required"] = [*dict.fromkeys([*one.get("required", []), *other.get("required", [])])]
    return {key: value for key, value in merged.items() if key not in {"properties", "required"} or value}


def _types(schema: Mapping[str, Any]) -> list[str]:
    kinds = schema.get("type")
    if isinstance(kinds, str):
        return [kinds]
    if kinds:
        return [kind for kind in kinds if kind != "null"] + [kind for kind in kinds if kind == "null"]
    if "properties" in schema or "required" in schema:
        return ["object"]
    return ["array"] if "items" in schema else ["string", "integer", "object", "boolean"]


def _numbers(schema: Mapping[str, Any], *, whole: bool) -> Iterator[Any]:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = schema.get("multipleOf", 1 if whole else 0.5)
    starts = [value for value in (1, low, high, 0) if value is not None]
    found = [start + step * sign for start in starts for sign in (0, 1, -1)]
    if step > 0:
        found += [step * math.ceil((low or 0) / step), step * (math.floor((low or 0) / step) + 1)]
    for value in found:
        made = int(value) if float(value).is_integer() else value
        if _in_range(made, schema) and not (whole and isinstance(made, float)):
            yield made


def _in_range(value: float, schema: Mapping[str, Any]) -> bool:
    step = schema.get("multipleOf", 0)
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and value > schema.get("exclusiveMinimum", value - 1)
        and value < schema.get("exclusiveMaximum", value + 1)
        and (not step or float(value / step).is_integer())
    )


def _texts(schema: Mapping[str, Any]) -> Iterator[str]:
    least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", _LONGEST))
    if least > _LONGEST:
        return
    if "pattern" in schema:
        yield from _from_pattern(str(schema["pattern"]), least)
    if schema.get("format") in _FORMATS:
        yield _FORMATS[schema["format"]]
    for word in (*_WORDS, *_FORMATS.values()):
        yield (
            (word * (least // len(word) + 1))[: max(least, min(len(word), most))] if len(word) < least else word[:most]
        )


def _from_pattern(pattern: str, least: int) -> Iterator[str]:
    """Texts for a plain pattern: literals, classes, groups, alternatives and counts; others have none."""
    for extra in (0, 1, least):
        try:
            text, end = _run(pattern, 0, extra)
        except (IndexError, ValueError):
            return
        if end == len(pattern):
            yield text


def _run(pattern: str, at: int, extra: int) -> tuple[str, int]:
    """The first alternative from ``at`` to the closing bracket or the end; open counts take ``extra`` more."""
    made = ""
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            return made, _end_of_group(pattern, at)
        part, at = _atom(pattern, at, extra)
        count, at = _count(pattern, at, extra)
        made += part * count
    return made, at


def _atom(pattern: str, at: int, extra: int) -> tuple[str, int]:
    sign = pattern[at]
    if sign in "^$":
        return "", at + 1
    if sign == "(":
        start = at + 3 if pattern.startswith("(?:", at) else at + 1
        if pattern[start] == "?":
            raise ValueError("looks around")
        part, end = _run(pattern, start, extra)
        return part, end + 1
    if sign == "[":
        return _class(pattern, at)
    if sign == "\\":
        return _CLASSES.get(pattern[at + 1], pattern[at + 1]), at + 2
    return ("a" if sign == "." else sign), at + 1


def _class(pattern: str, at: int) -> tuple[str, int]:
    end = at + 2
    while pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    allowed = re.compile(pattern[at : end + 1])
    return next(sign for sign in _CHOICE if allowed.fullmatch(sign)), end + 1


def _count(pattern: str, at: int, extra: int) -> tuple[int, int]:
    if at < len(pattern) and pattern[at] in "?*+":
        least = 1 if pattern[at] == "+" else 0
        return least + (extra if pattern[at] != "?" else min(extra, 1)), at + 1
    if found := _QUANTITY.match(pattern, at):
        least = int(found[1])
        if found[2] is None:
            return least, found.end()
        most = int(found[2]) if found[2] else _LONGEST
        return min(least + extra, most), found.end()
    return 1, at


def _end_of_group(pattern: str, at: int) -> int:
    depth = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] == "(":
            depth += 1
        elif pattern[at] == ")":
            if not depth:
                return at
            depth -= 1
        at += 1
    return at
