"""Whether one value fits a node: yes, no, or not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import jsonschema_rs

from easement.interfaces.compatibility.budget import Budget
from easement.interfaces.compatibility.json_schema_node import Json, Node, Values, conjuncts, exact, is_number

Answer = bool | None


def atom_of(value: Json) -> str:
    """The JSON type of a value; a number without a fraction is an integer (2020-12 §4.2.1)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list | tuple):
        return "array"
    return "integer" if value == int(value) else "fraction"


def equal(one: Json, other: Json) -> bool:
    """Equality of JSON values: 1 is 1.0 and not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(said, other[name]) for name, said in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and one == other if isinstance(one, str) else bool(one == other)


def within(value: Json, values: Iterable[Json]) -> bool:
    """Whether an equal value is among them."""
    return values.has(value) if isinstance(values, Values) else any(equal(value, one) for one in values)


@lru_cache(maxsize=2_048)
def _searcher(pattern: str) -> jsonschema_rs.Draft202012Validator | None:
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions())
    except (jsonschema_rs.ValidationError, ValueError):
        return None


def finds(pattern: str, text: str) -> Answer:
    """Whether the expression finds something in the text; None where it cannot be run in linear time."""
    searcher = _searcher(pattern)
    return None if searcher is None else searcher.is_valid(text)


def fits(node: Node, value: Json, budget: Budget) -> Answer:
    """Whether ``value`` fits. ``format`` and everything that cannot be read gives None at best."""
    here = (node, id(value))
    if here in budget.busy:
        return None
    budget.busy.add(here)
    try:
        return _all([_one(part, value, budget) for part in conjuncts(node)])
    finally:
        budget.busy.discard(here)


def _all(answers: Iterable[Answer]) -> Answer:
    result: Answer = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            result = None
    return result


def _any(answers: Iterable[Answer]) -> Answer:
    opposite = _all(_not(answer) for answer in answers)
    return _not(opposite)


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer


def _one(node: Node, value: Json, budget: Budget) -> Answer:
    budget.spend()
    said = node.keywords
    atom = atom_of(value)
    if "type" in said and atom not in said["type"]:
        return False
    if any(key in said and not within(value, said[key]) for key in ("enum", "const")):
        return False
    answers: list[Answer] = [None] if node.opaque or "circular" in said else []
    if atom in {"integer", "fraction"}:
        answers.append(_number(said, value))
    elif atom == "string":
        answers.append(_string(said, value))
    elif atom == "array":
        answers.append(_array(said, value, budget))
    elif atom == "object":
        answers.append(_object(said, value, budget))
    answers.append(_combined(said, value, budget))
    return _all(answers)


def _number(said: Mapping[str, Json], value: Json) -> Answer:
    if not is_number(value):
        return None
    number = exact(value)
    return not (
        ("minimum" in said and number < said["minimum"])
        or ("maximum" in said and number > said["maximum"])
        or ("exclusiveMinimum" in said and number <= said["exclusiveMinimum"])
        or ("exclusiveMaximum" in said and number >= said["exclusiveMaximum"])
        or ("multipleOf" in said and (number / said["multipleOf"]).denominator != 1)
    )


def _string(said: Mapping[str, Json], value: str) -> Answer:
    if len(value) < said.get("minLength", 0) or len(value) > said.get("maxLength", len(value)):
        return False
    found = finds(said["pattern"], value) if "pattern" in said else True
    return _all((found, None if "format" in said else True))


def _array(said: Mapping[str, Json], value: list[Json], budget: Budget) -> Answer:
    if len(value) < said.get("minItems", 0) or len(value) > said.get("maxItems", len(value)):
        return False
    prefix = said.get("prefixItems", ())
    answers: list[Answer] = [fits(node, one, budget) for node, one in zip(prefix, value, strict=False)]
    if "items" in said:
        answers.extend(fits(said["items"], one, budget) for one in value[len(prefix) :])
    if said.get("uniqueItems"):
        budget.spend(len(value) ** 2)
        answers.append(not any(within(one, value[:place]) for place, one in enumerate(value)))
    if "contains" in said:
        answers.append(_contains(said, value, budget))
    if "unevaluatedItems" in said:
        answers.append(None)
    return _all(answers)


def _contains(said: Mapping[str, Json], value: list[Json], budget: Budget) -> Answer:
    found = [fits(said["contains"], one, budget) for one in value]
    sure, possible = found.count(True), found.count(True) + found.count(None)
    least, most = said.get("minContains", 1), said.get("maxContains")
    if possible < least or (most is not None and sure > most):
        return False
    return True if sure >= least and (most is None or possible <= most) else None


def _object(said: Mapping[str, Json], value: Mapping[str, Json], budget: Budget) -> Answer:
    count = len(value)
    if count < said.get("minProperties", 0) or count > said.get("maxProperties", count):
        return False
    if not said.get("required", frozenset()) <= value.keys():
        return False
    if any(name in value and not needed <= value.keys() for name, needed in said.get("dependentRequired", {}).items()):
        return False
    answers: list[Answer] = [None] if "unevaluatedProperties" in said else []
    answers.extend(
        fits(schema, value, budget) for name, schema in said.get("dependentSchemas", {}).items() if name in value
    )
    if "propertyNames" in said:
        answers.extend(fits(said["propertyNames"], name, budget) for name in value)
    answers.extend(_member(said, name, one, budget) for name, one in value.items())
    return _all(answers)


def _member(said: Mapping[str, Json], name: str, value: Json, budget: Budget) -> Answer:
    properties = said.get("properties", {})
    answers: list[Answer] = [fits(properties[name], value, budget)] if name in properties else []
    is_named = name in properties
    uncertain = False
    for pattern, schema in said.get("patternProperties", {}).items():
        matched = finds(pattern, name)
        if matched is not False:
            answer = fits(schema, value, budget)
            answers.append(answer if matched or answer else None)
            is_named, uncertain = is_named or bool(matched), uncertain or matched is None
    if not is_named and "additionalProperties" in said:
        answer = fits(said["additionalProperties"], value, budget)
        answers.append(None if uncertain and answer is False else answer)
    return _all(answers)


def _combined(said: Mapping[str, Json], value: Json, budget: Budget) -> Answer:
    answers: list[Answer] = []
    if "anyOf" in said:
        answers.append(_any([fits(one, value, budget) for one in said["anyOf"]]))
    if "oneOf" in said:
        found = [fits(one, value, budget) for one in said["oneOf"]]
        sure, unsure = found.count(True), found.count(None)
        answers.append(False if sure > 1 or sure + unsure == 0 else None if unsure else True)
    if "not" in said:
        answers.append(_not(fits(said["not"], value, budget)))
    if "if" in said:
        condition = fits(said["if"], value, budget)
        outcomes = [
            fits(said[key], value, budget) if key in said else True
            for key, wanted in (("then", True), ("else", False))
            if condition in {wanted, None}
        ]
        answers.append(outcomes[0] if len(outcomes) == 1 else _all(outcomes) or None)
    return _all(answers)
