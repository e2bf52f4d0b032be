"""Which properties and items a schema has looked at: the ground of ``unevaluatedProperties`` and ``unevaluatedItems``.

JSON Schema 2020-12, sections 11.2 and 11.3. The branches are compiled a second time, and only for schemas that have one
of these two keywords.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from easement.standards.spectral.patterns import pattern
from easement.standards.spectral.schema_check import Check, Compiler
from easement.standards.spectral.schema_error import SchemaError

Names = Callable[[dict[str, Any]], set[str] | None]
"""The names of a value that were looked at; None where all were."""
Count = Callable[[list[Any]], int]
"""How many items from the start were looked at."""
_MAX_DEPTH: Final = 40
_DYNAMIC: Final = frozenset(
    {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "patternProperties"}
)


def evaluated_names(compiler: Compiler, schema: Any, *, own: bool = False, depth: int = 0) -> Names:
    """See Names. ``own`` where the question comes from the schema's own ``unevaluatedProperties``."""
    if not isinstance(schema, Mapping):
        return lambda _value: set()
    if "additionalProperties" in schema or (not own and "unevaluatedProperties" in schema):
        return lambda _value: None
    declared = frozenset(schema.get("properties") or ())
    patterns = [pattern(source) for source in schema.get("patternProperties") or ()]
    branches = _branches(compiler, schema, lambda inner: evaluated_names(compiler, inner, depth=_deeper(depth)))

    def names(value: dict[str, Any]) -> set[str] | None:
        found = {name for name in value if name in declared or any(one.search(name) for one in patterns)}
        for applies, inner in branches:
            if not applies(value):
                continue
            more = inner(value)
            if more is None:
                return None
            found |= more
        return found

    return names


def evaluated_items(compiler: Compiler, schema: Any, *, depth: int = 0) -> Count:
    """See Count."""
    if not isinstance(schema, Mapping):
        return lambda _value: 0
    items = schema.get("items")
    if (items is not None and not isinstance(items, list)) or "additionalItems" in schema:
        return len
    listed = items if isinstance(items, list) else schema.get("prefixItems") or ()
    branches = _branches(compiler, schema, lambda inner: evaluated_items(compiler, inner, depth=_deeper(depth)))

    def count(value: list[Any]) -> int:
        counts: list[int] = [inner(value) for applies, inner in branches if applies(value)]
        return min(max([len(listed), *counts]), len(value))

    return count


def _deeper(depth: int) -> int:
    if depth >= _MAX_DEPTH:
        raise SchemaError("references turn in a circle")
    return depth + 1


def _branches(
    compiler: Compiler, schema: Mapping[str, Any], read: Callable[[Any], Any]
) -> list[tuple[Callable[[Any], bool], Any]]:
    """The schemas beside this one, each with the condition under which it applies."""
    branches: list[tuple[Callable[[Any], bool], Any]] = []
    if isinstance(schema.get("$ref"), str):
        held = _always if compiler.inside(schema["$ref"], _is_static) else _holds(compiler.referred(schema["$ref"]))
        branches.append((held, compiler.inside(schema["$ref"], read)))
    branches.extend((_always, read(inner)) for inner in schema.get("allOf") or ())
    for keyword in ("anyOf", "oneOf"):
        branches.extend((_holds(compiler.part(inner)), read(inner)) for inner in schema.get(keyword) or ())
    if "if" in schema:
        met = _holds(compiler.part(schema["if"]))
        then, otherwise = schema.get("then", True), schema.get("else", True)
        then_holds, otherwise_holds = _holds(compiler.part(then)), _holds(compiler.part(otherwise))
        branches.append((met, read(schema["if"])))
        branches.append((lambda value: met(value) and then_holds(value), read(then)))
        branches.append((lambda value: not met(value) and otherwise_holds(value), read(otherwise)))
    for name, inner in (schema.get("dependentSchemas") or {}).items():
        branches.append((_has(name, _holds(compiler.part(inner))), read(inner)))
    return branches


def _always(_value: Any) -> bool:
    return True


def _holds(check: Check) -> Callable[[Any], bool]:
    return lambda value: not check(value)


def _has(name: str, holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: name in value and holds(value)


def _is_static(schema: Any) -> bool:
    """Whether what a schema looks at does not depend on the value; such a schema counts also where it fails."""
    return not isinstance(schema, Mapping) or not _DYNAMIC & schema.keys()
