"""Instances that one schema accepts and the other refuses, made for a failure and checked by a validator.

The validator is not the engine that found the failure, so an example is evidence, not an opinion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from typing import Any, Final

import jsonschema_rs

from easement.interfaces.compatibility.budget import Budget, BudgetSpentError
from easement.interfaces.compatibility.counter_example_maker import NONE, Maker
from easement.interfaces.compatibility.json_schema_circles import CIRCULAR
from easement.interfaces.compatibility.json_schema_containment import Prover
from easement.interfaces.compatibility.json_schema_facts import Facts
from easement.interfaces.compatibility.json_schema_failure import Failure
from easement.interfaces.compatibility.json_schema_node import Document, Json, Node, target_of

MAX_TRIED: Final = 120
_STEPS: Final = 20_000
_VALIDATORS: Final[dict[str, Any]] = {
    "draft-04": jsonschema_rs.Draft4Validator,
    "draft-06": jsonschema_rs.Draft6Validator,
    "draft-07": jsonschema_rs.Draft7Validator,
    "2019-09": jsonschema_rs.Draft201909Validator,
    "2020-12": jsonschema_rs.Draft202012Validator,
}
_MAX_EXPORTED: Final = 3_000


class Checker:
    """A validator for one schema of a document."""

    def __init__(self, document: Document, schema: Json, node: Node) -> None:
        self._validator = _compiled(document, schema, node)

    def accepts(self, value: Json) -> bool | None:
        """Whether the value is valid; None where no validator could be made."""
        if self._validator is None:
            return None
        try:
            return bool(self._validator.is_valid(value))
        except (ValueError, jsonschema_rs.ReferencingError):
            return None


def _compiled(document: Document, schema: Json, node: Node) -> Any:
    if schema is document.root and document.dialect in _VALIDATORS:
        return _validator(_VALIDATORS[document.dialect], schema)
    exported = _exported(node)
    return None if exported is None else _validator(jsonschema_rs.Draft202012Validator, exported)


def _validator(kind: Any, schema: Json) -> Any:
    for options in (jsonschema_rs.RegexOptions(), jsonschema_rs.FancyRegexOptions(backtrack_limit=10_000)):
        try:
            return kind(schema, validate_formats=True, pattern_options=options, offline=True)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            continue
    return None


def _exported(root: Node) -> Json | None:
    """The schema and all it refers to, in 2020-12; None where it cannot be written down or is too large."""
    names: dict[Node, str] = {}
    definitions: dict[str, Json] = {}
    waiting = [root]

    def reference(node: Node) -> Json:
        if not node.keywords and not node.opaque:
            return True
        if node not in names:
            names[node] = f"n{len(names)}"
            waiting.append(node)
        return {"$ref": f"#/$defs/{names[node]}"}

    reference(root)
    while waiting:
        node = waiting.pop()
        name = names.get(node)
        if name is None or name in definitions:
            continue
        if node.opaque or CIRCULAR in node.keywords or len(names) > _MAX_EXPORTED:
            return None
        definitions[name] = {key: _written(key, said, reference) for key, said in node.keywords.items()
                             if not key.startswith("$")}  # fmt: skip
        targets = [reference(one) for one in target_of(node)]
        if targets:
            definitions[name]["allOf"] = [*definitions[name].get("allOf", []), *targets]
    return {"$defs": definitions, **(reference(root) if names else {})}


def _written(  # noqa: PLR0911 - one answer for each form of keyword
    keyword: str, said: Any, reference: Callable[[Node], Json]
) -> Json:
    if keyword == "type":
        return _types(said)
    if keyword == "enum":
        return list(said)
    if keyword == "const":
        return said[0]
    if isinstance(said, Fraction):
        return int(said) if said.denominator == 1 else float(said)
    if isinstance(said, frozenset):
        return sorted(said)
    if keyword == "dependentRequired":
        return {name: sorted(names) for name, names in said.items()}
    if isinstance(said, Node):
        return reference(said)
    if isinstance(said, tuple):
        return [reference(one) for one in said]
    if isinstance(said, dict):
        return {name: reference(one) for name, one in said.items()}
    return said


def _types(atoms: frozenset[str]) -> list[str]:
    names = set(atoms)
    if "fraction" in names:
        names = names - {"fraction", "integer"} | {"number"}
    return sorted(names)


def find_example(prover: Prover, source: Node, failure: Failure, accepts: Checker, refuses: Checker) -> Json:
    """A readable instance that ``accepts`` takes and ``refuses`` does not; NONE where none was found."""
    outer, prover.budget = prover.budget, Budget(_STEPS)
    try:
        maker = Maker(prover)
        for value in islice(_candidates(maker, source, failure), MAX_TRIED):
            if accepts.accepts(value) is True and refuses.accepts(value) is False:
                return value
    except (BudgetSpentError, RecursionError):
        return NONE
    finally:
        prover.budget = outer
    return NONE


def _candidates(maker: Maker, source: Node, failure: Failure) -> Iterator[Json]:
    yield from _wrapped(maker, Facts.of([source]), failure.trail, failure, 0)


_MAX_DEPTH: Final = 12
_MAX_INNER: Final = 25


def _wrapped(
    maker: Maker, facts: Facts, trail: tuple[tuple[str, Any], ...], failure: Failure, depth: int
) -> Iterator[Json]:
    if depth > _MAX_DEPTH:
        return
    if not trail:
        yield from maker.breaking(facts, failure)
        return
    for case in maker.cases(facts):
        yield from _around(maker, case, trail, failure, depth)


def _around(
    maker: Maker, facts: Facts, trail: tuple[tuple[str, Any], ...], failure: Failure, depth: int
) -> Iterator[Json]:
    (kind, place), *rest = trail
    if kind != "item":
        name = place if place is not None and kind == "property" else maker.fresh_name(facts, place)
        if name is None:
            return
        inner_facts = Facts.of(facts.member(name))
        base = maker.object(facts, [name])
    else:
        name, inner_facts = place, Facts.of(facts.item(place))
        base = maker.array(facts, place + 1)
    if base is NONE:
        return
    if not rest and kind == "property" and failure.keyword in {"properties", "additionalProperties",
                                                               "unevaluatedProperties"}:  # fmt: skip
        yield from maker.breaking(facts, failure)
        return
    for inner in islice(_wrapped(maker, inner_facts, tuple(rest), failure, depth + 1), _MAX_INNER):
        copied = base.copy()
        copied[name] = inner
        yield copied
