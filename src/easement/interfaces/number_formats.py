"""``format: int32`` and ``int64`` as what they ask: bounds (OpenAPI 3.1.1 §4.4.2), so that every check holds them.

A gateway reads numbers as IEEE 754 doubles, which cannot tell the outermost 64-bit integers from those beyond. The
bounds of ``int64`` are therefore the first doubles that stand for nothing else but what is inside: the outermost 512
values at each end are refused, wherever they are checked, and none beyond the range ever passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from easement.interfaces.model import Schema

INT64_EDGE: Final = 2**63 - 512
"""Halfway between the last double below 2**63 and 2**63; by ties-to-even it reads as 2**63."""
_BOUNDS: Final[Mapping[str, tuple[tuple[str, int], tuple[str, int]]]] = {
    "int32": (("minimum", -(2**31)), ("maximum", 2**31 - 1)),
    "int64": (("exclusiveMinimum", -INT64_EDGE), ("exclusiveMaximum", INT64_EDGE)),
}
_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_SCHEMAS: Final = frozenset(
    {"items", "prefixItems", "additionalProperties", "contains", "unevaluatedItems", "unevaluatedProperties",
     "propertyNames", "allOf", "anyOf", "oneOf", "not", "if", "then", "else"}
)  # fmt: skip


def with_number_bounds(schema: Schema) -> Schema:
    """A copy of a normalised schema in which number formats are bounds too; tighter ones stay."""
    if isinstance(schema, bool):
        return schema
    written = {keyword: _keyword(keyword, said) for keyword, said in schema.items()}
    said = schema.get("format")
    bounds = _BOUNDS.get(said) if isinstance(said, str) else None
    if bounds is not None:
        (low, least), (high, most) = bounds
        written[low] = max(least, written.get(low, least))
        written[high] = min(most, written.get(high, most))
    return written


def _keyword(keyword: str, said: Any) -> Any:
    if keyword in _MAPS:
        return {name: with_number_bounds(child) for name, child in said.items()}
    if keyword in _SCHEMAS:
        return [with_number_bounds(child) for child in said] if isinstance(said, list) else with_number_bounds(said)
    return said
