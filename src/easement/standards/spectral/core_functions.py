"""Spectral's core functions. Names, options and messages are those of ``@stoplight/spectral-functions``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from easement.standards.spectral import script_values as js
from easement.standards.spectral.finding import Result
from easement.standards.spectral.function import Context, Function, as_results
from easement.standards.spectral.patterns import PatternTooSlowError, slashed
from easement.standards.spectral.resolving import decoded
from easement.standards.spectral.script_values import UNDEFINED, print_value

PROPERTY: Final = '#{{print("property")}}'
VALUE: Final = '#{{print("value")}}'
_CASES: Final = {
    "flat": "[a-z][a-z{d}]*",
    "camel": "[a-z][a-z{d}]*(?:[A-Z{d}](?:[a-z{d}]+|$))*",
    "pascal": "[A-Z][a-z{d}]*(?:[A-Z{d}](?:[a-z{d}]+|$))*",
    "kebab": "[a-z][a-z{d}]*(?:-[a-z{d}]+)*",
    "cobol": "[A-Z][A-Z{d}]*(?:-[A-Z{d}]+)*",
    "snake": "[a-z][a-z{d}]*(?:_[a-z{d}]+)*",
    "macro": "[A-Z][A-Z{d}]*(?:_[A-Z{d}]+)*",
}
_PRIMITIVE: Final = {"type": ["string", "number", "null", "boolean"]}


def _alphabetical(value: Any, options: Any, context: Context) -> list[Result]:
    keyed = (options or {}).get("keyedBy")
    items: list[Any] = list(value)
    if len(items) < 2:
        return []
    if keyed is not None:
        if not all(isinstance(item, dict | list) for item in items):
            return [Result(f"{PROPERTY}must be an object")]
        items = [js.member(item, keyed) for item in items]
    if not all(isinstance(item, str) or js.is_number(item) for item in items):
        return [Result(f"{PROPERTY}must be one of the allowed types: number, string")]
    for index in range(len(items) - 1):
        if _compared(items[index], items[index + 1]) < 1:
            continue
        if keyed is not None:
            return [Result("properties must follow the alphabetical order")]
        at = index if isinstance(value, list) else items[index]
        message = f"{print_value(items[index])} must be placed after {print_value(items[index + 1])}"
        return [Result(message, (*context.path, at))]
    return []


def _compared(left: Any, right: Any) -> float:
    def numeric(value: Any) -> bool:
        return js.is_number(value) or not math.isnan(js.to_number(value))

    if (js.is_number(left) or not numeric(left)) and numeric(right):
        difference = js.to_number(left) - js.to_number(right)
        return 0 if math.isnan(difference) else max(-1.0, min(1.0, difference))
    if not isinstance(left, str) or not isinstance(right, str):
        return 0
    a, b = _collated(left), _collated(right)
    return (a > b) - (a < b)


def _collated(text: str) -> tuple[Any, ...]:
    """A sort key near to that of the root locale: signs, digits, letters; lower case before upper case at last."""
    ranks = [((2 if c.isalpha() else 1 if c.isdigit() else 0), c.lower()) for c in text]
    return ranks, text.swapcase()


def _casing(value: Any, options: Any, _context: Context) -> list[Result]:
    separator = options.get("separator") or {}
    if len(value) == 1 and separator.get("allowLeading") is True and value == separator.get("char"):
        return []
    expression = _case(
        options["type"],
        digits=options.get("disallowDigits") is not True,
        separator=separator.get("char"),
        leading=separator.get("allowLeading") is True,
    )
    return [] if expression.search(value) else [Result(f"must be {options['type']} case")]


@cache
def _case(kind: str, *, digits: bool, separator: str | None, leading: bool) -> re.Pattern[str]:
    one = _CASES[kind].replace("{d}", "0-9" if digits else "").replace("$", r"\Z")
    if separator is None:
        return re.compile(rf"\A{one}\Z")
    between = f"[{re.escape(separator)}]" if separator else "(?!)"
    return re.compile(rf"\A{between + '?' if leading else ''}{one}(?:{between}{one})*\Z")


def _defined(value: Any, _options: Any, _context: Context) -> list[Result]:
    return [Result(f"{PROPERTY}must be defined")] if value is UNDEFINED else []


def _undefined(value: Any, _options: Any, _context: Context) -> list[Result]:
    return [] if value is UNDEFINED else [Result(f"{PROPERTY}must be undefined")]


def _truthy(value: Any, _options: Any, _context: Context) -> list[Result]:
    return [] if js.truthy(value) else [Result(f"{PROPERTY}must be truthy")]


def _falsy(value: Any, _options: Any, _context: Context) -> list[Result]:
    return [Result(f"{PROPERTY}must be falsy")] if js.truthy(value) else []


def _enumeration(value: Any, options: Any, _context: Context) -> list[Result]:
    if any(js.strict_equal(value, allowed) for allowed in options["values"]):
        return []
    listed = ", ".join(map(print_value, options["values"]))
    return [Result(f"{VALUE} must be equal to one of the allowed values: {listed}")]


def _length(value: Any, options: Any, _context: Context) -> list[Result]:
    size = value if js.is_number(value) else len(value)
    found: list[Result] = []
    if "min" in options and size < options["min"]:
        found.append(Result(f"{PROPERTY}must be longer than {print_value(options['min'])}"))
    if "max" in options and size > options["max"]:
        found.append(Result(f"{PROPERTY}must be shorter than {print_value(options['max'])}"))
    return found


def _or(value: Any, options: Any, _context: Context) -> list[Result]:
    return [] if any(name in options["properties"] for name in value) else [_at_least_one(options["properties"])]


def _xor(value: Any, options: Any, _context: Context) -> list[Result]:
    present = [name for name in value if name in options["properties"]]
    if not present:
        return [_at_least_one(options["properties"])]
    if len(present) == 1:
        return []
    listed = '" and "'.join(present)
    return [Result(f'Just one of "{listed}" must be defined')]


def _at_least_one(names: list[str]) -> Result:
    if len(names) > 4:
        listed = '" or "'.join(names[:3])
        return Result(f'At least one of "{listed}" or {len(names) - 3} other properties must be defined')
    listed = '" or "'.join(names)
    return Result(f'At least one of "{listed}" must be defined')


def _pattern(value: Any, options: Any, _context: Context) -> list[Result]:
    found: list[Result] = []
    for option, wanted, word in (("match", True, "must match"), ("notMatch", False, "must not match")):
        if option not in options:
            continue
        shown = print_value(options[option])
        try:
            matched = slashed(options[option]).search(value) is not None
        except PatternTooSlowError:
            found.append(Result(f"{PROPERTY}takes too long to match against the pattern {shown}"))
            continue
        if matched is not wanted:
            found.append(Result(f"{VALUE} {word} the pattern {shown}"))
    return found


def _schema(value: Any, options: Any, context: Context) -> list[Result]:
    return as_results(
        context.checks.wrong(
            value,
            options["schema"],
            context.path,
            dialect=options.get("dialect", "auto"),
            every=options.get("allErrors", False),
            resolved=context.resolved,
        )
    )


def unreferenced(value: Mapping[str, Any], location: str, context: Context) -> list[Result]:
    """The entries of a reusable part that no reference names. ``location`` is the pointer of the part."""
    return [
        Result(
            "Potential orphaned reusable object has been detected",
            tuple(decoded(part) for part in f"{location}/{name}".removeprefix("#/").split("/")),
        )
        for name in value
        if f"{location}/{name}" not in context.document.used
    ]


def _unreferenced(value: Any, options: Any, context: Context) -> list[Result]:
    return unreferenced(value, options["reusableObjectsLocation"], context)


def data_type(value: Any, *, integers: bool) -> str:
    """The JSON Schema type of a value; a whole number is an integer where ``integers``."""
    if js.is_number(value):
        return "integer" if integers and value == int(value) else "number"
    if isinstance(value, list):
        return "array"
    return "null" if value is None else js.type_of(value)


def _typed_enum(value: Any, _options: Any, context: Context) -> list[Result]:
    kind = value["type"]
    kinds = list(kind) if isinstance(kind, list) else [kind]
    nullable = (value.get("nullable") is True and context.has("oas3_0")) or (
        value.get("x-nullable") is True and context.has("oas2")
    )
    shown = ",".join([*kinds, "null"] if nullable else kinds)
    allowed = {*kinds, "null"} if nullable else set(kinds)
    return [
        Result(f'Enum value {print_value(item)} must be "{shown}".', (*context.path, "enum", index))
        for index, item in enumerate(value["enum"])
        if data_type(item, integers="integer" in kinds) not in allowed
    ]


_PROPERTIES: Final = {
    "type": "object",
    "properties": {"properties": {"type": "array", "items": {"type": "string"}, "minItems": 2}},
    "additionalProperties": False,
    "required": ["properties"],
}
CORE_FUNCTIONS: Final = (
    Function(
        name="alphabetical",
        body=_alphabetical,
        accepts={"type": ["object", "array"]},
        options={
            "type": ["object", "null"],
            "properties": {"keyedBy": {"type": "string"}},
            "additionalProperties": False,
        },
    ),
    Function(
        name="casing",
        body=_casing,
        accepts={"type": "string", "minLength": 1},
        options={
            "type": "object",
            "required": ["type"],
            "additionalProperties": False,
            "properties": {
                "type": {"type": "string", "enum": list(_CASES)},
                "disallowDigits": {"type": "boolean"},
                "separator": {
                    "type": "object",
                    "required": ["char"],
                    "additionalProperties": False,
                    "properties": {"char": {"type": "string", "maxLength": 1}, "allowLeading": {"type": "boolean"}},
                },
            },
        },
    ),
    Function(name="defined", body=_defined),
    Function(
        name="enumeration",
        body=_enumeration,
        accepts=_PRIMITIVE,
        options={
            "type": "object",
            "additionalProperties": False,
            "properties": {"values": {"type": "array", "items": _PRIMITIVE}},
            "required": ["values"],
        },
    ),
    Function(name="falsy", body=_falsy),
    Function(
        name="length",
        body=_length,
        accepts={"type": ["array", "object", "string", "number"]},
        options={
            "type": "object",
            "properties": {"min": {"type": "number"}, "max": {"type": "number"}},
            "minProperties": 1,
            "additionalProperties": False,
        },
    ),
    Function(name="or", body=_or, accepts={"type": "object"}, options=_PROPERTIES),
    Function(
        name="pattern",
        body=_pattern,
        accepts={"type": "string"},
        options={
            "type": "object",
            "additionalProperties": False,
            "properties": {"match": {"type": "string"}, "notMatch": {"type": "string"}},
            "minProperties": 1,
        },
    ),
    Function(
        name="schema",
        body=_schema,
        options={
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "schema": {"type": "object"},
                "dialect": {"enum": ["auto", "draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"]},
                "allErrors": {"type": "boolean"},
            },
            "required": ["schema"],
        },
    ),
    Function(name="truthy", body=_truthy),
    Function(
        name="typedEnum",
        body=_typed_enum,
        accepts={
            "type": "object",
            "properties": {
                "enum": {"type": "array"},
                "type": {"oneOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]},
            },
            "required": ["enum", "type"],
        },
    ),
    Function(name="undefined", body=_undefined),
    Function(
        name="unreferencedReusableObject",
        body=_unreferenced,
        accepts={"type": "object"},
        options={
            "type": "object",
            "properties": {"reusableObjectsLocation": {"type": "string", "format": "json-pointer-uri-fragment"}},
            "additionalProperties": False,
            "required": ["reusableObjectsLocation"],
        },
    ),
    Function(name="xor", body=_xor, accepts={"type": "object"}, options=_PROPERTIES),
)
