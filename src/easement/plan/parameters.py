"""Declared parameters to rules: what the contract runtime can check exactly, and what only a full validator can.

The runtime reads a text as one type. A parameter is within its subset where one reading is the only one there is and
the shape says all that the schema asks. As soon as one parameter of an operation is outside, the decider checks all
of that operation's parameters, and the operation costs a ``decision``; nothing is left unchecked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from easement.interfaces.enforced_schema import enforced_schema
from easement.interfaces.implied_types import with_implied_types
from easement.interfaces.model import Parameter, Schema
from easement.interfaces.number_formats import INT64_EDGE, with_number_bounds
from easement.interfaces.openapi_parts import CONTENT_STYLE
from easement.interfaces.shape import Shape, ShapeSet
from easement.interfaces.shapes import compile_shape
from easement.plan.model import DecidedParameter, ParameterRule

CHECKED_FORMATS: Final = frozenset(
    {"date", "time", "date-time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri",
     "uri-reference", "iri", "iri-reference", "uri-template", "uuid", "json-pointer", "relative-json-pointer", "regex",
     "byte"}
)  # fmt: skip
"""Formats that a parameter is held to. Any other is an annotation (JSON Schema 2020-12 validation §7.2.3)."""
TEXT_MEDIA: Final = "text/plain"
_GATEWAYS_OWN: Final = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
     "x-request-id", "x-transaction-id"}
)  # fmt: skip
"""Headers that the gateway writes itself to the target, whatever the caller sent and a description says."""
_RULED_BY_OPENAPI: Final = frozenset({"accept", "authorization", "content-type"})
_NOT_TEXT: Final = frozenset({"integer", "number", "boolean", "null"})
_TEXT: Final = frozenset({"string", "null"})
_EXACT: Final = 2**53
_MAX_REASONS: Final = 3
_DEFAULT_STYLE: Final = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledParameters:
    """``rules`` for the runtime; ``decided`` for the decider, all or none; ``reasons`` why it is needed."""

    rules: tuple[ParameterRule, ...] = ()
    decided: tuple[DecidedParameter, ...] = ()
    open_query: bool = False
    reasons: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(slots=True)
class ParameterCompiler:
    """Compiles the parameters of operations that share ``definitions``."""

    definitions: Mapping[str, Schema]
    _bounded: dict[str, Schema] = field(init=False)

    def __post_init__(self) -> None:
        self._bounded = {name: _of_texts(schema) for name, schema in self.definitions.items()}

    def compile(self, parameters: Sequence[Parameter]) -> CompiledParameters:
        """The rules of one operation's parameters."""
        rules: list[ParameterRule] = []
        decided: list[DecidedParameter] = []
        reasons: list[str] = []
        refused: list[str] = []
        dropped: list[str] = []
        beyond: set[str] = set()
        for parameter in parameters:
            if _is_ruled_elsewhere(parameter):
                continue
            if _is_dropped(parameter):
                dropped.append(f"header parameter {parameter.name}")
                continue
            one = self._decided(parameter)
            decided.append(one)
            if one.style == CONTENT_STYLE and not is_readable(one.media):
                refused.append(f"{one.location} parameter {one.name} of type {one.media or 'none'}")
            if one.location == "cookie" and one.explode and _is_object(one.shape.nodes[one.shape.root]):
                refused.append(f"cookie parameter {one.name}, an exploded object, which has no form in a cookie")
            why = sorted(set(_beyond_a_rule(one)))
            if not why:
                rules.append(_rule(one))
                continue
            beyond.add(one.location)
            reasons.append(f"{one.location} parameter {one.name}: {in_short(why)}")
        return CompiledParameters(
            rules=tuple(sorted(rules, key=lambda rule: (rule.location, rule.name))),
            decided=tuple(sorted(decided, key=lambda one: (one.location, one.name))) if beyond else (),
            open_query="query" in beyond,
            reasons=tuple(reasons),
            refused=tuple(refused),
            dropped=tuple(dropped),
        )

    def _decided(self, parameter: Parameter) -> DecidedParameter:
        is_document = parameter.style == CONTENT_STYLE
        schema = with_number_bounds(parameter.schema) if is_document else _of_texts(parameter.schema)
        return DecidedParameter(
            name=parameter.name,
            location=parameter.location,
            required=parameter.required,
            style=parameter.style or _DEFAULT_STYLE[parameter.location],
            explode=parameter.explode,
            media=parameter.media,
            shape=compile_shape(schema, self._bounded, closed=True),
            schema=enforced_schema(schema, self._bounded, closed=True),
        )


def _of_texts(schema: Schema) -> Schema:
    """A schema for values that arrive as texts: every part says its type, and formats of numbers are bounds."""
    return with_number_bounds(with_implied_types(schema))


def in_short(reasons: Sequence[str]) -> str:
    """The first few of many reasons, and how many more there are."""
    shown = ", ".join(reasons[:_MAX_REASONS])
    return f"{shown} and {len(reasons) - _MAX_REASONS} more" if len(reasons) > _MAX_REASONS else shown


def is_readable(media: str) -> bool:
    """Whether a parameter that is a document of this media type can be read."""
    return media in {"application/json", TEXT_MEDIA} or media.endswith("+json")


def _is_ruled_elsewhere(parameter: Parameter) -> bool:
    """OpenAPI 3.1.1 §4.8.12.2.1: such header parameters are to be ignored."""
    return parameter.location == "header" and parameter.name.lower() in _RULED_BY_OPENAPI


def _is_dropped(parameter: Parameter) -> bool:
    """A whole ``Cookie`` header never passes: cookies are declared one by one."""
    return parameter.location == "header" and parameter.name.lower() in {*_GATEWAYS_OWN, "cookie"}


def _rule(one: DecidedParameter) -> ParameterRule:
    if one.location == "cookie":
        raise ValueError("cookies are checked by the decider")
    return ParameterRule(
        name=one.name, location=one.location, required=one.required, shape=one.shape, array=_array_style(one)
    )


def _array_style(one: DecidedParameter) -> Literal["", "repeat", "comma", "space", "pipe"]:
    if "array" not in one.shape.nodes[one.shape.root].types:
        return ""
    if one.location != "query":
        return "comma"
    if one.explode:
        return "repeat"
    return _SEPARATED.get(one.style, "comma")


_SEPARATED: Final[Mapping[str, Literal["space", "pipe"]]] = {"spaceDelimited": "space", "pipeDelimited": "pipe"}


def _beyond_a_rule(one: DecidedParameter) -> Iterator[str]:
    if one.location == "cookie":
        yield "a cookie"
    if one.style == CONTENT_STYLE:
        yield f"a document of type {one.media or 'none'}"
    elif one.style in {"label", "matrix", "deepObject"}:
        yield f"style {one.style}"
    yield from (what.removeprefix("$: ") for what in one.shape.unchecked)
    yield from (f"format {name}" for name in _formats(one.schema))
    root = one.shape.nodes[one.shape.root]
    if _is_object(root):
        yield "an object"
    elif "array" in root.types:
        yield from _beyond_a_plain_array(one.shape, root)
    elif not _has_one_reading(root):
        yield "a text that may be of several types"
    if any(_is_inexact(node) for node in one.shape.nodes):
        yield "numbers beyond 53 bits"


def _is_object(node: Shape) -> bool:
    return "object" in node.types or node.properties is not None


def _beyond_a_plain_array(shape: ShapeSet, root: Shape) -> Iterator[str]:
    if not set(root.types) <= {"array", "null"} or root.enum is not None:
        yield "a text that may be of several types"
    items = None if root.items is None else shape.nodes[root.items]
    if items is None or not _has_one_reading(items):
        yield "items that may be of several types"


def _has_one_reading(node: Shape) -> bool:
    """Whether a text stands for at most one value here."""
    if node.properties is not None or node.items is not None:
        return False
    if node.types:
        return set(node.types) <= _NOT_TEXT or set(node.types) <= _TEXT
    return replace(node, extra=False) == Shape()


def _is_inexact(node: Shape) -> bool:
    """Whether a double may decide otherwise than the number that was written."""
    bounds = (node.minimum, node.maximum, node.exclusive_minimum, node.exclusive_maximum)
    said = [bound for bound in bounds if bound is not None and abs(bound) != INT64_EDGE]
    said += [value for value in node.enum or () if isinstance(value, int | float) and not isinstance(value, bool)]
    return any(abs(value) > _EXACT for value in said)


def _formats(schema: Any) -> Iterator[str]:
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            said = part.get("format")
            if isinstance(said, str) and said in CHECKED_FORMATS:
                yield said
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
