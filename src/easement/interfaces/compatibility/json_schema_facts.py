"""What is known of every instance of a schema: nodes that all hold, nodes that do not, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from easement.interfaces.compatibility.budget import Budget
from easement.interfaces.compatibility.json_schema_node import (
    ALL,
    NUMERIC,
    Json,
    Node,
    conjuncts,
    double_negation,
    target_of,
)
from easement.interfaces.compatibility.json_schema_value import Answer, equal, finds, fits, within

Union = tuple[Node, str]
"""A node and the keyword by which it has cases: anyOf, oneOf, if, dependentSchemas."""
_UNIONS = ("anyOf", "oneOf", "if", "dependentSchemas")
_MAX_INTEGERS = 32


@dataclass(frozen=True, eq=False)
class Facts:
    """All of ``parts`` hold (flattened), none of ``negations`` does; ``split`` are unions already told apart."""

    origins: tuple[Node, ...]
    parts: tuple[Node, ...]
    negations: tuple[Node, ...] = ()
    split: frozenset[Union] = frozenset()
    key: tuple[Any, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        key = (frozenset(self.parts), frozenset(self.negations), self.split)
        object.__setattr__(self, "key", key)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Facts:
        """What is known of instances that fit all ``nodes``."""
        origins = tuple(dict.fromkeys(nodes))
        return cls(origins=origins, parts=tuple(dict.fromkeys(part for node in origins for part in conjuncts(node))))

    def and_(self, *nodes: Node, split: Union | None = None, negations: Iterable[Node] = ()) -> Facts:
        """The same with more that holds."""
        added = [part for node in nodes for part in conjuncts(node)]
        return Facts(
            origins=(*self.origins, *nodes),
            parts=tuple(dict.fromkeys((*self.parts, *added))),
            negations=tuple(dict.fromkeys((*self.negations, *negations))),
            split=self.split | {split} if split else self.split,
        )

    def without(self, negation: Node) -> Facts:
        """The same without one of the negations."""
        left = tuple(one for one in self.negations if one is not negation)
        return Facts(origins=self.origins, parts=self.parts, negations=left, split=self.split)

    def said(self, keyword: str) -> Iterator[Any]:
        """What each part says for a keyword."""
        return (part.keywords[keyword] for part in self.parts if keyword in part.keywords)

    @cached_property
    def weight(self) -> int:
        """Steps that one question about these facts counts for."""
        return 1 + (len(self.parts) + len(self.negations)) // 4

    # -- any type

    @cached_property
    def types(self) -> frozenset[str]:
        """The types that an instance may have."""
        found = ALL
        for stated in self.said("type"):
            found &= stated
        for part in (*self.negations, *self.said("not")):
            if part.keywords.keys() <= {"type"} and not part.opaque:
                found -= part.keywords.get("type", ALL)
        for said in self.said("multipleOf"):
            if said.denominator == 1:
                found -= {"fraction"}
        return found

    def values(self, budget: Budget) -> tuple[Json, ...] | None:
        """Every value that an instance may be, where these are few; None for any number of them."""
        if "_values" not in self.__dict__:
            self.__dict__["_values"] = self._values_now(budget)
        found: tuple[Json, ...] | None = self.__dict__["_values"]
        return found

    def _values_now(self, budget: Budget) -> tuple[Json, ...] | None:
        stated = [*self.said("enum"), *self.said("const")]
        if stated:
            candidates: tuple[Json, ...] = tuple(one for one in stated[0] if all(within(one, o) for o in stated[1:]))
        elif self.types <= {"null", "boolean"}:
            candidates = (
                *([None] if "null" in self.types else ()),
                *([False, True] if "boolean" in self.types else ()),
            )
        elif self.types == {"integer"}:
            whole = self._integers()
            if whole is None:
                return None
            candidates = whole
        else:
            return None
        return tuple(
            one
            for one in candidates
            if all(fits(part, one, budget) is not False for part in self.parts)
            and not any(fits(node, one, budget) for node in self.negations)
        )

    def _integers(self) -> tuple[int, ...] | None:
        low, low_open = self.low
        high, high_open = self.high
        if low is None or high is None or high - low > _MAX_INTEGERS:
            return None
        first, last = -((-low) // 1), high // 1
        return tuple(
            one
            for one in range(int(first), int(last) + 1)
            if not ((low_open and one == low) or (high_open and one == high))
        )

    # -- numbers

    @cached_property
    def low(self) -> tuple[Fraction | None, bool]:
        """The lower limit, and whether it is itself excluded."""
        limits = [(one, False) for one in self.said("minimum")] + [(one, True) for one in self.said("exclusiveMinimum")]
        limit, is_open = max(limits, default=(None, False))
        if limit is not None and not self.types & {"fraction"}:
            whole = -((-limit) // 1) if limit.denominator != 1 else limit + (1 if is_open else 0)
            return Fraction(whole), False
        return limit, is_open

    @cached_property
    def high(self) -> tuple[Fraction | None, bool]:
        """The upper limit, and whether it is itself excluded."""
        limits = [(one, not is_open) for key, is_open in (("maximum", False), ("exclusiveMaximum", True))
                  for one in self.said(key)]  # fmt: skip
        limit, is_closed = min(limits, default=(None, True))
        if limit is not None and not self.types & {"fraction"}:
            whole = limit // 1 if limit.denominator != 1 else limit - (0 if is_closed else 1)
            return Fraction(whole), False
        return limit, not is_closed

    def may_be(self, *atoms: str) -> bool:
        """Whether an instance may have one of these types."""
        return not self.types.isdisjoint(atoms)

    @property
    def may_be_number(self) -> bool:
        """Whether an instance may be a number."""
        return not self.types.isdisjoint(NUMERIC)

    # -- lengths

    def least(self, keyword: str) -> int:
        """The strongest of minLength, minItems, minProperties."""
        found = max(self.said(keyword), default=0)
        if keyword == "minProperties":
            found = max(found, len(self.required))
        elif keyword == "minItems":
            needed = [part.keywords.get("minContains", 1) for part in self.parts if "contains" in part.keywords]
            found = max([found, *needed])
        return int(found)

    def most(self, keyword: str) -> int | None:
        """The strongest of maxLength, maxItems, maxProperties; None without one."""
        limits = list(self.said(keyword))
        if keyword == "maxItems":
            limits += [
                len(part.keywords.get("prefixItems", ()))
                for part in self.parts
                if "items" in part.keywords and is_never(part.keywords["items"])
            ]
        elif keyword == "maxProperties" and self.names is not None:
            limits.append(len(self.names))
        return min(limits, default=None)

    # -- arrays

    @cached_property
    def prefix(self) -> int:
        """How many items have a schema of their own somewhere."""
        return max((len(one) for one in self.said("prefixItems")), default=0)

    def item(self, place: int) -> tuple[Node, ...]:
        """What holds for the item at a place; from ``prefix`` on the same for all."""
        found = []
        for part in self.parts:
            prefix = part.keywords.get("prefixItems", ())
            if place < len(prefix):
                found.append(prefix[place])
            elif "items" in part.keywords:
                found.append(part.keywords["items"])
            elif "unevaluatedItems" in part.keywords and place >= _most_items(part):
                found.append(part.keywords["unevaluatedItems"])
        return tuple(found)

    # -- objects

    @cached_property
    def required(self) -> frozenset[str]:
        """Every property that is always there."""
        found = frozenset[str]().union(*self.said("required"))
        while True:
            more = found.union(
                *(names for said in self.said("dependentRequired") for name, names in said.items() if name in found)
            )
            if more == found:
                return found
            found = more

    @cached_property
    def named(self) -> dict[str, Node]:
        """Every property that some part names, with the part."""
        found: dict[str, Node] = {}
        for part in self.parts:
            for name in part.keywords.get("properties", ()):
                found.setdefault(name, part)
        for part in self.parts:
            if "unevaluatedProperties" in part.keywords:  # what its cases name is not left to it
                for name in evaluated(part, all_cases=True).names:
                    found.setdefault(name, part)
        return found

    @cached_property
    def patterns(self) -> tuple[str, ...]:
        """Every pattern of names that some part has a schema for."""
        found = dict.fromkeys(pattern for said in self.said("patternProperties") for pattern in said)
        for part in self.parts:
            if "unevaluatedProperties" in part.keywords:
                found.update(dict.fromkeys(sorted(evaluated(part, all_cases=True).patterns)))
        return tuple(found)

    @cached_property
    def names(self) -> frozenset[str] | None:
        """Every name that a property may have; None for any."""
        limits: list[frozenset[str]] = [frozenset()] if 0 in self.said("maxProperties") else []
        for part in self.parts:
            said = part.keywords
            if "patternProperties" not in said and is_never(said.get("additionalProperties")):
                limits.append(frozenset(said.get("properties", ())))
            if is_never(said.get("unevaluatedProperties")):
                known = evaluated(part, all_cases=True)
                if not known.everything and not known.patterns:
                    limits.append(known.names)
            if is_never(said.get("propertyNames")):
                limits.append(frozenset())
            elif "propertyNames" in said:
                for node in conjuncts(said["propertyNames"]):
                    for key in ("enum", "const"):
                        if key in node.keywords:
                            limits.append(frozenset(o for o in node.keywords[key] if isinstance(o, str)))  # noqa: PERF401 - nested
        return frozenset.intersection(*limits) if limits else None

    def member(self, name: str) -> tuple[Node, ...]:
        """What holds for the value of a property."""
        return tuple(node for part in self.parts for node in members(part, name))

    @cached_property
    def unnamed(self) -> tuple[Node, ...]:
        """What holds for a property whose name no part knows."""
        return tuple(
            part.keywords[key]
            for part in self.parts
            for key in ("additionalProperties", "unevaluatedProperties")
            if key in part.keywords
            and (key == "additionalProperties" or not evaluated(part, all_cases=True).everything)
        )

    def under(self, pattern: str) -> tuple[Node, ...]:
        """What the schemas of exactly this pattern of names ask."""
        return tuple(said[pattern] for said in self.said("patternProperties") if pattern in said)

    def admits_name(self, name: str, budget: Budget) -> Answer:
        """Whether a property may have this name."""
        if self.names is not None and name not in self.names:
            return False
        answers = [fits(node, name, budget) for node in self.said("propertyNames")]
        return False if False in answers else None if None in answers else True

    # -- cases

    def union(self) -> Union | None:
        """A union that was not told apart yet."""
        for part in self.parts:
            for keyword in _UNIONS:
                if keyword in part.keywords and (part, keyword) not in self.split:
                    return part, keyword
        return None


def is_never(node: Node | None) -> bool:
    """Whether a node refuses everything by itself."""
    return node is not None and node.keywords.get("type") == frozenset()


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Properties that are looked at before unevaluatedProperties (2020-12 §11.3)."""

    names: frozenset[str]
    patterns: frozenset[str]
    everything: bool


def evaluated(node: Node, *, all_cases: bool) -> Evaluated:
    """What a node and what it applies in place look at; of cases all or none."""
    names: set[str] = set()
    patterns: set[str] = set()
    everything = False
    seen: set[Node] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        said = one.keywords
        names.update(said.get("properties", ()))
        patterns.update(said.get("patternProperties", ()))
        everything |= "additionalProperties" in said or (one is not node and "unevaluatedProperties" in said)
        waiting.extend((*said.get("allOf", ()), *target_of(one)))
        if all_cases:
            everything |= bool(one.opaque) or "circular" in said
            waiting.extend((*said.get("anyOf", ()), *said.get("oneOf", ())))
            waiting.extend(said[key] for key in ("if", "then", "else") if key in said)
            waiting.extend(said.get("dependentSchemas", {}).values())
    return Evaluated(names=frozenset(names), patterns=frozenset(patterns), everything=everything)


def _most_items(node: Node) -> int:
    """From which place on an item is certainly not looked at by what the node applies in place."""
    found = 0
    for one in in_place(node):
        said = one.keywords
        if (
            one.opaque
            or "circular" in said
            or "items" in said
            or "contains" in said
            or (one is not node and "unevaluatedItems" in said)
        ):
            return 1 << 30
        found = max(found, len(said.get("prefixItems", ())))
    return found


def least_items(node: Node) -> int | None:
    """From which place on an item may be unevaluated, counting only what always applies; None: never."""
    found = 0
    for one in conjuncts(node):
        if "items" in one.keywords or (one is not node and "unevaluatedItems" in one.keywords):
            return None
        found = max(found, len(one.keywords.get("prefixItems", ())))
    return found


def in_place(node: Node) -> Iterator[Node]:
    """The node and every schema that it may apply to the same instance."""
    seen: set[Node] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        yield one
        waiting.extend(node for group in applied(one) for node in group)


def applied(node: Node) -> Iterator[tuple[Node, ...]]:
    """Schemas that a node applies to the same instance; those of one group are alternatives of each other."""
    said = node.keywords
    alone = (
        *said.get("allOf", ()),
        *target_of(node),
        *double_negation(node),
        *said.get("dependentSchemas", {}).values(),
    )
    yield from ((one,) for one in alone)
    yield from (said[key] for key in ("anyOf", "oneOf") if key in said)
    if "if" in said:
        yield (said["if"],)
    yield tuple(said[key] for key in ("then", "else") if key in said)


def members(part: Node, name: str) -> Iterator[Node]:
    """What a node by itself says about the value of a property."""
    said: Mapping[str, Any] = part.keywords
    is_known = name in said.get("properties", ())
    if is_known:
        yield said["properties"][name]
    for pattern, schema in said.get("patternProperties", {}).items():
        matched = finds(pattern, name)
        is_known |= matched is not False
        if matched:
            yield schema
    if not is_known and "additionalProperties" in said:
        yield said["additionalProperties"]
    if "unevaluatedProperties" in said:
        known = evaluated(part, all_cases=True)
        unknown = not known.everything and name not in known.names
        if unknown and all(finds(pattern, name) is False for pattern in known.patterns):
            yield said["unevaluatedProperties"]


_Pair = tuple[Node, Node]


class Sameness:
    """Whether two nodes say the same, word for word; recursive schemas may lead back to themselves."""

    def __init__(self) -> None:
        self._known: dict[tuple[Node, Node], bool] = {}

    def same(self, one: Node, other: Node, budget: Budget) -> bool:
        """Equal keywords with equal values, all the way down."""
        if one is other:
            return True
        if (one, other) not in self._known:
            assumed: dict[_Pair, _Pair | None] = {}
            different = self._first_difference((one, other), assumed, budget)
            if different is None:
                self._known.update(dict.fromkeys(assumed, True))
            while different is not None:
                self._known[different] = False
                different = assumed.get(different)
        return self._known[one, other]

    def _first_difference(self, start: _Pair, assumed: dict[_Pair, _Pair | None], budget: Budget) -> _Pair | None:
        """A pair that differs; ``assumed`` then leads from it back to the start, pair by pair."""
        waiting: list[tuple[_Pair, _Pair | None]] = [(start, None)]
        while waiting:
            pair, above = waiting.pop()
            if pair in assumed or pair[0] is pair[1] or self._known.get(pair):
                continue
            budget.spend()
            assumed[pair] = above
            below = None if self._known.get(pair) is False else _pairs(*pair)
            if below is None:
                return pair
            waiting.extend((one, pair) for one in below)
        return None


def _pairs(one: Node, other: Node) -> list[tuple[Node, Node]] | None:
    """Pairs that must be the same as well, or None where the two differ already."""
    if one.keywords.keys() != other.keywords.keys() or not equal(one.opaque, other.opaque):
        return None
    if not equal(one.unknown, other.unknown):
        return None
    found: list[tuple[Node, Node]] = []
    for keyword, said in one.keywords.items():
        below = _pairs_of(keyword, said, other.keywords[keyword])
        if below is None:
            return None
        found.extend(below)
    return found


def _pairs_of(  # noqa: PLR0911 - one answer for each form of keyword
    keyword: str, said: Any, other: Any
) -> list[tuple[Node, Node]] | None:
    if keyword in {"$ref", "$dynamicRef", "circular"}:
        if said is None or other is None:
            return [] if said is other else None
        return [(said(), other())]
    if isinstance(said, Node):
        return [(said, other)]
    if isinstance(said, dict):
        if said.keys() != other.keys():
            return None
        if keyword == "dependentRequired":
            return [] if said == other else None
        return [(said[name], other[name]) for name in said]
    if isinstance(said, tuple):
        return _tuple_pairs(keyword, said, other)
    return [] if said == other and isinstance(said, bool) == isinstance(other, bool) else None


def _tuple_pairs(keyword: str, said: tuple[Any, ...], other: tuple[Any, ...]) -> list[tuple[Node, Node]] | None:
    if len(said) != len(other):
        return None
    if keyword in {"enum", "const"}:
        return [] if all(map(equal, said, other)) else None
    return list(zip(said, other, strict=True))
