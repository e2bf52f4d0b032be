"""Names and sentences for what the schema engine finds.

The id of a rule is made of the direction, of what is hit (``body`` or ``property``) and of what happened to it:
``request-property-max-length-decreased``. :data:`CHANGES` lists what may happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from easement.interfaces.compatibility.json_schema_facts import Facts
from easement.interfaces.compatibility.json_schema_failure import Failure
from easement.interfaces.compatibility.json_schema_node import Json, Node, escape

_LIMITS: Final = {
    "minLength": "min-length", "maxLength": "max-length", "minItems": "min-items", "maxItems": "max-items",
    "minProperties": "min-properties", "maxProperties": "max-properties", "minimum": "minimum", "maximum": "maximum",
    "exclusiveMinimum": "exclusive-minimum", "exclusiveMaximum": "exclusive-maximum", "maxContains": "max-contains",
}  # fmt: skip
_KEYWORDS: Final = {
    "multipleOf": "multiple-of", "pattern": "pattern", "format": "format", "uniqueItems": "unique-items",
    "contains": "contains", "propertyNames": "property-names", "dependentRequired": "dependent-required",
    "anyOf": "any-of", "oneOf": "one-of", "not": "not", "patternProperties": "pattern-properties",
    "$ref": "reference", "$dynamicRef": "reference", "$recursiveRef": "reference", "const": "const",
}  # fmt: skip
_VERBS: Final = ("increased", "decreased", "added", "removed", "changed")
CHANGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "type-narrowed": "fewer JSON types are allowed",
        "type-widened": "more JSON types are allowed",
        "type-changed": "other JSON types are allowed",
        "became-nullable": "null is allowed now",
        "became-not-nullable": "null is no longer allowed",
        "enum-value-added": "more values are allowed",
        "enum-value-removed": "fewer values are allowed",
        "enum-changed": "other values are allowed",
        "enum-added": "only listed values are allowed now",
        "enum-removed": "values are no longer listed",
        "became-required": "a property must be there now",
        "became-optional": "a property may be absent now",
        "added": "a property is described now",
        "removed": "a property is no longer described",
        "added-as-required": "a property is described now and must be there",
        "removed-while-required": "a property that was always there is no longer described",
        "became-closed": "properties that are not named are refused now",
        "became-open": "properties that are not named are allowed now",
        "map-values-changed": "the values of unnamed properties have another schema",
        "schema-too-complex": "the comparison was given up",
        "schema-changed": "the schema differs",
    }
)
"""What may happen, apart from ``LIMIT-{increased,decreased,added,removed}`` and ``KEYWORD-{added,removed,changed}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A failure seen from the old to the new schema."""

    what: str
    keyword: str
    steps: tuple[str, ...]
    old_pointer: str
    new_pointer: str
    before: Json
    after: Json
    has_before: bool
    has_after: bool


_NOTHING: Final = object()


def change_of(failure: Failure, *, old_is_source: bool) -> Change:
    """What happened, told by who is the source: the old schema when all old instances must fit the new one."""
    source = _place_in(failure.source.parts, failure, failure.source.origins)
    target = _place_in((failure.target,), failure, (failure.target,))
    old, new = (source, target) if old_is_source else (target, source)
    (old_pointer, before), (new_pointer, after) = old, new
    return Change(
        what=_what(failure, before, after, old_is_source=old_is_source),
        keyword=failure.keyword,
        steps=failure.steps,
        old_pointer=old_pointer,
        new_pointer=new_pointer,
        before=None if before is _NOTHING else before,
        after=None if after is _NOTHING else after,
        has_before=before is not _NOTHING,
        has_after=after is not _NOTHING,
    )


def _place_in(parts: tuple[Node, ...], failure: Failure, origins: tuple[Node, ...]) -> tuple[str, Any]:
    """Pointer and value of the keyword, or pointer of the schema and nothing."""
    name = failure.detail if failure.keyword in _ABOUT_A_NAME and isinstance(failure.detail, str) else None
    if name is not None:
        for part in parts:
            if name in part.keywords.get("properties", {}):
                node = part.keywords["properties"][name]
                return f"{part.at('properties')}/{escape(name)}", node.raw
    keywords = (failure.keyword,) if failure.keyword not in {"enum", "const"} else ("enum", "const")
    for part in parts:
        for keyword in keywords:
            if keyword in part.keywords or keyword in part.opaque:
                return part.at(keyword), part.said(keyword)
    standing = [one for one in origins if one.pointer] or list(origins)
    return (standing[0].pointer if standing else ""), _NOTHING


_ABOUT_A_NAME: Final = frozenset({"properties", "additionalProperties", "unevaluatedProperties"})


def _what(  # noqa: PLR0911 - one answer for each kind of keyword
    failure: Failure, before: Any, after: Any, *, old_is_source: bool
) -> str:
    keyword = failure.keyword
    if failure.is_too_complex:
        return "schema-too-complex"
    if keyword == "type":
        return _type_change(failure, old_is_source=old_is_source)
    if keyword in {"enum", "const"}:
        return _enum_change(before, after)
    if keyword == "required":
        known = str(failure.detail) in failure.source.named
        if old_is_source:
            return "became-required" if known else "added-as-required"
        return "became-optional" if known else "removed-while-required"
    if keyword == "properties":
        is_target_new = old_is_source
        gone = failure.question is not None and failure.question.value.endswith("removed")
        return "removed" if gone or not is_target_new else "added"
    if keyword in _ABOUT_A_NAME:
        return _rest_change(failure, before, after, old_is_source=old_is_source)
    if keyword in _LIMITS:
        return f"{_LIMITS[keyword]}-{_limit_verb(before, after, old_is_source=old_is_source)}"
    name = _KEYWORDS.get(keyword)
    return f"{name}-{_verb(before, after)}" if name else "schema-changed"


def _type_change(failure: Failure, *, old_is_source: bool) -> str:
    source, target = failure.source.types, failure.target.keywords.get("type", frozenset())
    known = Facts.of([failure.target]).types
    old, new = (source, known) if old_is_source else (known, source)
    if source - target == {"null"}:
        return "became-not-nullable" if old_is_source else "became-nullable"
    if new < old:
        return "type-narrowed"
    return "type-widened" if old < new else "type-changed"


def _enum_change(before: Any, after: Any) -> str:
    if before is _NOTHING:
        return "enum-added"
    if after is _NOTHING:
        return "enum-removed"
    old = {repr(one) for one in before} if isinstance(before, list) else {repr(before)}
    new = {repr(one) for one in after} if isinstance(after, list) else {repr(after)}
    if new < old:
        return "enum-value-removed"
    return "enum-value-added" if old < new else "enum-changed"


def _rest_change(failure: Failure, before: Any, after: Any, *, old_is_source: bool) -> str:
    if failure.detail is not None:
        return "removed" if old_is_source else "added"
    if old_is_source:
        return "became-closed" if after is False else "map-values-changed"
    return "became-open" if before is False else "map-values-changed"


def _limit_verb(before: Any, after: Any, *, old_is_source: bool) -> str:
    if before is _NOTHING or after is _NOTHING:
        return "added" if old_is_source else "removed"
    if isinstance(before, int | float) and isinstance(after, int | float) and before != after:
        return "increased" if after > before else "decreased"
    return "changed"


def _verb(before: Any, after: Any) -> str:
    if before is _NOTHING:
        return "added"
    return "removed" if after is _NOTHING else "changed"


def rule_ids(direction: str) -> frozenset[str]:
    """Every id that the engine can give for a direction (marks and texts aside)."""
    whats = {*CHANGES, *(f"{name}-{verb}" for name in (*_LIMITS.values(), *_KEYWORDS.values()) for verb in _VERBS)}
    return frozenset(f"{direction}-{place}-{what}" for place in ("body", "property") for what in whats)


def sentence(change: Change, *, place: str) -> str:
    """What happened, for people: place, keyword, before and after."""
    where = f"`{place}`" if place else "The body"
    said = CHANGES.get(change.what)
    if change.what in {"added", "removed", "added-as-required", "removed-while-required"}:
        return f"{where}: {said}."
    if change.what.startswith("became-") or said is not None:
        return f"{where}: {said}{_from_to(change)}."
    verb = change.what.rpartition("-")[2]
    return f"{where}: {change.keyword} was {verb}{_from_to(change)}."


_MAX_SHOWN: Final = 60


def _from_to(change: Change) -> str:
    if change.keyword in {"required", "properties"}:
        return ""
    if change.has_before and change.has_after:
        return f", from {_shown(change.before)} to {_shown(change.after)}"
    if change.has_after:
        return f": {_shown(change.after)}"
    return f"; it was {_shown(change.before)}" if change.has_before else ""


def _shown(value: Json) -> str:
    if isinstance(value, dict):
        return "another schema"
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return f"{len(value)} schemas"
    text = ", ".join(map(_scalar, value)) if isinstance(value, list) else _scalar(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def _scalar(value: Json) -> str:
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )
