"""Keywords about any value, numbers and strings, and whether the source implies them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final

from easement.interfaces.compatibility.json_schema_facts import Facts
from easement.interfaces.compatibility.json_schema_failure import Failure
from easement.interfaces.compatibility.json_schema_node import NUMERIC, Node
from easement.interfaces.compatibility.json_schema_pattern import MAX_PATTERN, Texts, automaton
from easement.interfaces.compatibility.json_schema_proof import Proof
from easement.interfaces.compatibility.json_schema_value import fits
from easement.interfaces.compatibility.policy import Open

_OF_NUMBERS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_OF_STRINGS: Final = frozenset({"minLength", "maxLength", "pattern"})
_NUMBER_FORMATS: Final = frozenset(
    {"int8", "int16", "int32", "int64", "float", "double", "decimal", "uint32", "uint64"}
)
_WIDER_FORMATS: Final = {
    "int8": {"int16", "int32", "int64"}, "int16": {"int32", "int64"}, "int32": {"int64"}, "uint32": {"uint64", "int64"},
    "float": {"double"}, "email": {"idn-email"}, "hostname": {"idn-hostname"},
    "uri": {"uri-reference", "iri", "iri-reference"}, "uri-reference": {"iri-reference"}, "iri": {"iri-reference"},
}  # fmt: skip
"""Formats of which each text or number also has the other format."""


def value_failures(proof: Proof, facts: Facts, part: Node) -> tuple[Failure, ...] | None:
    """Where the source has few values, each is tried; None where that decides nothing."""
    values = facts.values(proof.budget)
    if values is None:
        return None
    answers = [fits(part, value, proof.budget) for value in values]
    if all(answers):
        return ()
    refused = [value for value, answer in zip(values, answers, strict=True) if answer is False]
    if None in answers or any(isinstance(value, dict | list) for value in refused):
        return None
    keywords = [key for key in part.keywords if any(_refuses(part, key, value, proof) for value in refused)]
    question = Open.READ_VALUE_ADDED if proof.reads and keywords in (["enum"], ["const"]) else None
    return tuple(Failure(keyword=key, target=part, source=facts, detail=refused, question=question) for key in keywords)


def _refuses(part: Node, keyword: str, value: object, proof: Proof) -> bool:
    alone = Node(uid=0, pointer=part.pointer, raw=part.raw, keywords={keyword: part.keywords[keyword]})
    if keyword in {"then", "else"}:
        return False
    if keyword == "if":
        alone.keywords.update({key: part.keywords[key] for key in ("then", "else") if key in part.keywords})
    return fits(alone, value, proof.budget) is False


def scalar_failures(proof: Proof, facts: Facts, part: Node) -> Iterator[Failure]:
    """What of type, enum, and the keywords of numbers and strings is not implied."""
    said = part.keywords
    if "type" in said and (missing := facts.types - said["type"]):
        yield Failure(keyword="type", target=part, source=facts, detail=type_names(missing))
    for keyword in ("enum", "const"):
        if keyword in said:
            yield Failure(keyword=keyword, target=part, source=facts)
    if not said.keys().isdisjoint(_OF_NUMBERS) and facts.may_be_number:
        yield from _number_failures(facts, part)
    if not said.keys().isdisjoint(_OF_STRINGS) and facts.may_be("string"):
        yield from _string_failures(proof, facts, part)
    if "format" in said and _concerns(said["format"], facts) and not _has_format(facts, said["format"]):
        yield Failure(keyword="format", target=part, source=facts, question=Open.FORMAT)


def type_names(atoms: frozenset[str]) -> list[str]:
    """JSON type names for a set of types."""
    names = {atom for atom in atoms if atom not in NUMERIC}
    if "fraction" in atoms:
        names.add("number")
    elif "integer" in atoms:
        names.add("integer")
    return sorted(names)


def _concerns(name: str, facts: Facts) -> bool:
    return facts.may_be_number if name in _NUMBER_FORMATS else facts.may_be("string")


def _has_format(facts: Facts, name: str) -> bool:
    return any(one == name or name in _WIDER_FORMATS.get(one, ()) for one in facts.said("format"))


def _number_failures(facts: Facts, part: Node) -> Iterator[Failure]:
    said = part.keywords
    low, low_open = facts.low
    high, high_open = facts.high
    kept: dict[str, Callable[[Fraction], bool]] = {
        "minimum": lambda limit: low is not None and low >= limit,
        "maximum": lambda limit: high is not None and high <= limit,
        "exclusiveMinimum": lambda limit: low is not None and (low > limit or (low == limit and low_open)),
        "exclusiveMaximum": lambda limit: high is not None and (high < limit or (high == limit and high_open)),
        "multipleOf": lambda limit: _is_multiple(facts, limit),
    }
    for keyword, holds in kept.items():
        if keyword in said and not holds(said[keyword]):
            yield Failure(keyword=keyword, target=part, source=facts)


def _is_multiple(facts: Facts, step: Fraction) -> bool:
    if any((one / step).denominator == 1 for one in facts.said("multipleOf")):
        return True
    return not facts.may_be("fraction") and step.numerator == 1


def _string_failures(proof: Proof, facts: Facts, part: Node) -> Iterator[Failure]:
    said = part.keywords
    if "minLength" in said and facts.least("minLength") < said["minLength"]:
        found = texts(facts, most=said["minLength"] - 1)
        if found is None or shortest(found, proof) is not None:
            yield Failure(keyword="minLength", target=part, source=facts)
    most = facts.most("maxLength")
    if "maxLength" in said and (most is None or most > said["maxLength"]):
        found = texts(facts, least=said["maxLength"] + 1)
        if found is None or shortest(found, proof) is not None:
            yield Failure(keyword="maxLength", target=part, source=facts)
    if "pattern" in said and said["pattern"] not in facts.said("pattern"):
        yield from _pattern_failures(proof, facts, part)


def _pattern_failures(proof: Proof, facts: Facts, part: Node) -> Iterator[Failure]:
    pattern = part.keywords["pattern"]
    if automaton(pattern) is None:
        yield Failure(keyword="pattern", target=part, source=facts, is_sure=False)
        return
    found = texts(facts, but=pattern) or Texts(others=(pattern,))
    example = shortest(found, proof)
    if example is not None:
        yield Failure(keyword="pattern", target=part, source=facts, detail=example, is_sure=example != "")


def texts(facts: Facts, *, least: int = 0, most: int | None = None, but: str | None = None) -> Texts | None:
    """The strings of the source as far as they are read (never fewer); None without a pattern that is read."""
    patterns = tuple(one for one in dict.fromkeys(facts.said("pattern")) if automaton(one) is not None)
    if not patterns and but is None:
        return None
    shortest_allowed = max(least, facts.least("minLength"))
    limits = [one for one in (most, facts.most("maxLength")) if one is not None]
    longest = min(limits, default=None)
    return Texts(
        patterns=patterns,
        others=() if but is None else (but,),
        least=shortest_allowed if shortest_allowed <= MAX_PATTERN else 0,
        most=longest if longest is None or longest <= MAX_PATTERN else None,
    )


def shortest(found: Texts, proof: Proof) -> str | None:
    """A shortest text, ``""`` also where nothing can be said."""
    try:
        return found.shortest(proof.budget)
    except ValueError:
        return ""


def is_number_impossible(facts: Facts, atom: str) -> bool:
    """Whether no number of this kind exists."""
    low, low_open = facts.low
    high, high_open = facts.high
    if low is None or high is None:
        return False
    if atom == "integer":
        first, last = -((-low) // 1), high // 1
        first += bool(low_open and first == low)
        last -= bool(high_open and last == high)
        return first > last
    return low > high or (low == high and (low_open or high_open or low.denominator == 1))


def is_string_impossible(proof: Proof, facts: Facts) -> bool:
    """Whether no string exists."""
    most = facts.most("maxLength")
    if most is not None and facts.least("minLength") > most:
        return True
    found = texts(facts)
    return found is not None and shortest(found, proof) is None
