"""Small, readable values for what is known of a schema, and values that miss a given keyword."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import islice
from typing import Any, Final

from easement.interfaces.compatibility.json_schema_containment import Prover
from easement.interfaces.compatibility.json_schema_facts import Facts, is_never
from easement.interfaces.compatibility.json_schema_failure import Failure
from easement.interfaces.compatibility.json_schema_node import Json, Node, conjuncts
from easement.interfaces.compatibility.json_schema_pattern import Texts, automaton
from easement.interfaces.compatibility.json_schema_scalars import texts
from easement.interfaces.compatibility.json_schema_value import finds

NONE: Final = object()
"""No value was found."""
_MAX_CASES: Final = 12
_MAX_DEPTH: Final = 8
_MAX_LENGTH: Final = 2_000
_BY_FORMAT: Final = {
    "date": "2024-01-31", "date-time": "2024-01-31T12:00:00Z", "time": "12:00:00Z", "duration": "P1D",
    "email": "a@example.org", "idn-email": "a@example.org", "hostname": "example.org", "idn-hostname": "example.org",
    "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "uri": "https://example.org/", "uri-reference": "/a", "iri": "https://example.org/",
    "iri-reference": "/a", "uuid": "2b6f0cc9-04d1-4d9a-9b8e-0c4a6f6f8a3e", "json-pointer": "/a", "regex": "a",
    "uri-template": "/a", "relative-json-pointer": "0",
}  # fmt: skip
_ORDER: Final[tuple[str, ...]] = ("string", "integer", "object", "array", "boolean", "null", "fraction")
_OTHERS: Final[tuple[Json, ...]] = ("a", 1, True, None, 0.5, [], {}, "", "zzz", -1, 0, 2, 100)


class Maker:
    """Makes values; what it makes is a suggestion until a validator has seen it."""

    def __init__(self, prover: Prover) -> None:
        self._prover = prover
        self._depth = 0

    def cases(self, facts: Facts) -> Iterator[Facts]:
        """The facts with every union told apart, as far as there are not too many."""
        waiting, given = [facts], 0
        while waiting and given < _MAX_CASES:
            one = waiting.pop(0)
            if one.union() is None or len(one.split) > _MAX_DEPTH:
                given += 1
                yield one
                continue
            waiting[:0] = [case for case in self._prover.cases(one) if not self._prover.impossible(case)]

    def value(self, facts: Facts) -> Json:
        """A value that probably fits, or NONE."""
        self._prover.budget.spend()
        if self._depth >= _MAX_DEPTH:
            return NONE
        self._depth += 1
        try:
            for case in self.cases(facts):
                if (found := self._plain(case)) is not NONE:
                    return found
            return NONE
        finally:
            self._depth -= 1

    def _plain(self, facts: Facts) -> Json:
        values = facts.values(self._prover.budget)
        if values is not None:
            return values[0] if values else NONE
        order = _ORDER
        if facts.named or facts.required:
            order = ("object", *_ORDER)
        elif any(True for _ in facts.said("items")):
            order = ("array", *_ORDER)
        for atom in order:
            if atom in facts.types and (found := self.of_type(facts, atom)) is not NONE:
                return found
        return NONE

    def of_type(self, facts: Facts, atom: str) -> Json:
        """A value of one JSON type."""
        if atom == "null":
            return None
        if atom == "boolean":
            return True
        made: Callable[[], Json] = {
            "string": lambda: self.text(facts),
            "integer": lambda: _number(facts, 1),
            "fraction": lambda: _number(facts, 2),
            "array": lambda: self.array(facts, 0),
            "object": lambda: self.object(facts, []),
        }[atom]
        return made()

    def text(self, facts: Facts, *, least: int = 0, most: int | None = None, but: str | None = None) -> Json:
        """A string within the lengths and patterns."""
        found = texts(facts, least=least, most=most, but=but)
        if found is not None:
            return self._from_pattern(found)
        formats = [_BY_FORMAT[one] for one in facts.said("format") if one in _BY_FORMAT]
        low = max(least, facts.least("minLength"))
        high = min((one for one in (most, facts.most("maxLength")) if one is not None), default=None)
        for text in formats:
            if low <= len(text) and (high is None or len(text) <= high):
                return text
        length = max(low, min(1, high) if high is not None else 1)
        return "a" * length if length <= _MAX_LENGTH and (high is None or length <= high) else NONE

    def _from_pattern(self, found: Texts) -> Json:
        try:
            text = found.shortest(self._prover.budget)
        except ValueError:
            return NONE
        return NONE if text is None else text

    def array(self, facts: Facts, least: int) -> Json:
        """An array of at least ``least`` items, as short as it may be."""
        length = max(least, facts.least("minItems"))
        if length > _MAX_LENGTH:
            return NONE
        contained = [self.value(Facts.of([one, *facts.item(0)])) for one in facts.said("contains")]
        found = [one for one in contained if one is not NONE]
        unique = any(facts.said("uniqueItems"))
        for place in range(len(found), length):
            self._prover.budget.spend()
            item = self._distinct(facts, place, found) if unique else self.value(Facts.of(facts.item(place)))
            if item is NONE:
                return NONE
            found.append(item)
        return found

    def _distinct(self, facts: Facts, place: int, taken: list[Json]) -> Json:
        item = Facts.of(facts.item(place))
        values = item.values(self._prover.budget)
        options: Iterable[Json] = (
            values if values is not None else (self.value(item), *_numbered(item, place), *_OTHERS)
        )
        return next((one for one in options if one is not NONE and one not in taken), NONE)

    def object(self, facts: Facts, names: list[str], without: Iterable[str] = ()) -> Json:
        """An object with what is required and ``names``; without some names if they are not wanted."""
        found: dict[str, Json] = {}
        refused = set(without)
        wanted = [name for name in (*sorted(facts.required), *names) if name not in refused]
        more = list(facts.named)
        while len(dict.fromkeys(wanted)) < facts.least("minProperties") and len(wanted) < _MAX_LENGTH:
            wanted.append(more.pop(0) if more else f"p{len(wanted)}")
        for name in dict.fromkeys(wanted):
            value = self.value(Facts.of(facts.member(name)))
            if value is NONE:
                if name in names:
                    value = None
                else:
                    return NONE
            found[name] = value
        return found

    def fresh_name(self, facts: Facts, pattern: str | None = None) -> str | None:
        """A name that nothing knows, or one that fits a pattern of names."""
        if pattern is None and facts.names is None and not any(map(is_never, facts.unnamed)):
            for name in ("extra", "other", "x1", "A", "0"):
                if name not in facts.named and not any(finds(one, name) for one in facts.patterns):
                    return name
        for one in [pattern] if pattern is not None else facts.patterns:
            if automaton(one) is None:
                continue
            text = self._from_pattern(Texts(patterns=(one,), least=1))
            if isinstance(text, str):
                return text
        return next(iter(sorted(facts.names or ())), None)

    # -- values that miss a keyword

    def breaking(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        """Values that fit the source and probably not the keyword of the failure."""
        for one in self._both(facts, failure):
            for case in self.cases(one):
                maker = _BREAKERS.get(failure.keyword)
                if maker is not None and failure.keyword in failure.target.keywords:
                    yield from (value for value in maker(self, case, failure) if value is not NONE)
        for one in self._both(facts, failure):
            for case in self.cases(one):
                yield from self._anything(case)

    def _both(self, facts: Facts, failure: Failure) -> list[Facts]:
        return [failure.source, facts] if failure.source is not facts else [facts]

    def _anything(self, facts: Facts) -> Iterator[Json]:
        values = facts.values(self._prover.budget)
        if values is not None:
            yield from values
            return
        for atom in _ORDER:
            if atom in facts.types:
                value = self.of_type(facts, atom)
                if value is not NONE:
                    yield value
        if facts.may_be("object"):
            for name in islice(facts.named, _MAX_CASES):
                value = self.object(facts, [name])
                if value is not NONE:
                    yield value
                    yield from ({**value, name: other} for other in self._variations(Facts.of(facts.member(name))))
        yield from _OTHERS

    def _variations(self, facts: Facts) -> Iterator[Json]:
        values = facts.values(self._prover.budget)
        if values is not None:
            yield from values[:_MAX_CASES]
            return
        yield from (self.of_type(facts, atom) for atom in _ORDER if atom in facts.types
                    if self.of_type(facts, atom) is not NONE)  # fmt: skip

    def _types(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        for atom in _ORDER:
            if atom in facts.types - failure.target.keywords["type"]:
                yield self.of_type(facts, atom)

    def _values(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        if isinstance(failure.detail, list):
            yield from failure.detail
        yield from self._anything(facts)
        yield from (self.text(facts, least=length) for length in range(2, 6) if facts.may_be("string"))

    def _lengths(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        limit = failure.target.keywords[failure.keyword]
        if limit > _MAX_LENGTH:
            return
        below = failure.keyword.startswith("min")
        if failure.keyword.endswith("Length"):
            yield self.text(facts, most=limit - 1) if below else self.text(facts, least=limit + 1)
        elif failure.keyword.endswith("Items"):
            yield self.array(facts, max(0, limit - 1) if below else limit + 1)
        else:
            count = max(0, limit - 1) if below else limit + 1
            names = [*facts.named, *(f"p{place}" for place in range(count))]
            yield self.object(facts, [])
            missing = count - len(facts.required)
            yield self.object(facts, [name for name in names if name not in facts.required][: max(0, missing)])

    def _patterns(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        if isinstance(failure.detail, str) and failure.detail:
            yield failure.detail
        pattern = failure.target.keywords["pattern"]
        if automaton(pattern) is not None:
            yield self.text(facts, but=pattern)
        yield self.text(facts)
        yield from ("a", "", "0", "A-1", "?")

    def _formats(self, facts: Facts, _failure: Failure) -> Iterator[Json]:
        yield self.text(facts)
        yield from ("a", "?", "not one")

    def _numbers(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        limit = failure.target.keywords[failure.keyword]
        steps = [Fraction(0), *(Fraction(sign * one) for one in (1, Fraction(1, 2), 2, 10) for sign in (-1, 1))]
        multiples = list(facts.said("multipleOf"))
        yield _number(facts, 1)
        for step in steps:
            for base in (limit, *multiples, *(one for one in (facts.low[0], facts.high[0]) if one is not None)):
                found = base + step
                if facts.may_be("fraction") or found.denominator == 1:
                    yield plain(found)
        yield from (plain(one * factor) for one in multiples for factor in range(-3, 4))

    def _repeated(self, facts: Facts, _failure: Failure) -> Iterator[Json]:
        item = self.value(Facts.of(facts.item(0)))
        base = self.array(facts, 0)
        if item is not NONE and base is not NONE:
            yield [item, item]
            yield [*base, *base]
            yield [item, item, *base]

    def _lacking(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        yield self.object(facts, [], without=[str(failure.detail)])

    def _unnamed_values(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        name = str(failure.detail)
        base = self.object(facts, [])
        if base is NONE:
            return
        own = self.value(Facts.of(facts.member(name)))
        yield from ({**base, name: value} for value in (*([] if own is NONE else [own]), *_OTHERS))

    def _rest(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        if isinstance(failure.detail, str) and failure.keyword != "patternProperties":
            yield self.object(facts, [failure.detail])
            return
        name = self.fresh_name(facts, failure.detail)
        base = self.object(facts, [name] if name else [])
        if base is not NONE and name:
            yield base
            yield from ({**base, name: value} for value in _OTHERS)

    def _named(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        names = (
            [failure.detail[0]] if isinstance(failure.detail, list) else ["?", "A", "a", "0", "extra", "", "long-name"]
        )
        known = Facts.of(facts.said("propertyNames"))
        for wanted in conjuncts(failure.target.keywords["propertyNames"]):
            made = (
                self.text(known, least=wanted.keywords["maxLength"] + 1) if "maxLength" in wanted.keywords else NONE,
                self.text(known, but=wanted.keywords["pattern"]) if "pattern" in wanted.keywords else NONE,
            )
            yield from (self.object(facts, [name]) for name in made if isinstance(name, str))
        yield from (self.object(facts, [name]) for name in names)

    def _excluded(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        wanted = failure.target.keywords["not"]
        yield self.value(facts.and_(wanted))
        yield self.value(Facts.of([wanted]))

    def _dependents(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        yield self.object(facts, [failure.detail[0]], without=failure.detail[1:])

    def _holders(self, facts: Facts, failure: Failure) -> Iterator[Json]:
        yield from (self.array(facts, length) for length in range(4))
        wanted: Node | None = failure.target.keywords.get("contains")
        if wanted is not None and (one := self.value(Facts.of([wanted]))) is not NONE:
            yield [one] * (failure.target.keywords.get("maxContains", 0) + 1)
        for node in facts.said("contains"):
            held = Facts.of([node, *facts.item(0)])
            made = (self.of_type(held, atom) for atom in _ORDER if atom in held.types)
            yield from ([one] for one in made if one is not NONE)


def _numbered(facts: Facts, place: int) -> Iterator[Json]:
    if facts.may_be("string"):
        yield f"a{place}"
    if facts.may_be_number:
        low = facts.low[0]
        yield plain((low if low is not None else Fraction(0)) + place + 1)


def _number(facts: Facts, parts: int) -> Json:
    """A small number: whole for one part, with a fraction for two."""
    (low, low_open), (high, high_open) = facts.low, facts.high
    step = next(iter(facts.said("multipleOf")), None)
    candidates: list[Fraction] = [Fraction(one, parts) for one in (1, 0, 3, -1)]
    for limit, sign in ((low, 1), (high, -1)):
        if limit is not None:
            base = -((-limit) // 1) if sign > 0 else limit // 1
            candidates += [limit, Fraction(base), Fraction(base) + sign, limit + Fraction(sign, parts * 2)]
    if low is not None and high is not None:
        candidates.append((low + high) / 2)
    if step is not None:
        candidates += [step * (one // step) for one in candidates] + [step * (one // step + 1) for one in candidates]
    for one in candidates:
        if (one.denominator == 1) != (parts == 1) or (step is not None and (one / step).denominator != 1):
            continue
        if low is not None and (one < low or (low_open and one == low)):
            continue
        if high is None or one < high or (one == high and not high_open):
            return plain(one)
    return NONE


def plain(number: Fraction) -> int | float:
    """A number as JSON writes it."""
    return int(number) if number.denominator == 1 else float(number)


_BREAKERS: Final[dict[str, Callable[[Maker, Facts, Failure], Iterator[Any]]]] = {
    "type": Maker._types,  # noqa: SLF001 - the table belongs to the class
    **dict.fromkeys(("enum", "const"), Maker._values),  # noqa: SLF001 - same
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
                    Maker._lengths),  # noqa: SLF001 - same
    "pattern": Maker._patterns,  # noqa: SLF001 - same
    "format": Maker._formats,  # noqa: SLF001 - same
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
                    Maker._numbers),  # noqa: SLF001 - same
    "uniqueItems": Maker._repeated,  # noqa: SLF001 - same
    "required": Maker._lacking,  # noqa: SLF001 - same
    "properties": Maker._unnamed_values,  # noqa: SLF001 - same
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "patternProperties"), Maker._rest),  # noqa: SLF001 - same
    "propertyNames": Maker._named,  # noqa: SLF001 - same
    "not": Maker._excluded,  # noqa: SLF001 - same
    "dependentRequired": Maker._dependents,  # noqa: SLF001 - same
    **dict.fromkeys(("contains", "maxContains"), Maker._holders),  # noqa: SLF001 - same
}  # fmt: skip
