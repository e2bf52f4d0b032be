"""Properties that one side describes and the other no longer does, where containment has nothing against it.

Containment is shown for each part of the target by itself: each member of ``allOf`` that says something about a
property, each branch of a union. Whether a property is described no longer is a question to all parts that hold at the
place, so a part that does not name it is no more than a hint, which :func:`is_described_beside` follows up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from easement.interfaces.compatibility.budget import Budget
from easement.interfaces.compatibility.json_schema_facts import Facts, applied, in_place, is_never, members
from easement.interfaces.compatibility.json_schema_failure import Failure
from easement.interfaces.compatibility.json_schema_node import Node, conjuncts
from easement.interfaces.compatibility.json_schema_proof import Proof
from easement.interfaces.compatibility.json_schema_value import finds
from easement.interfaces.compatibility.policy import Open

_OTHERS: Final = ("additionalProperties", "unevaluatedProperties")
_ELSEWHERE: Final = frozenset({"$ref", "$dynamicRef", "allOf"})


def removals(proof: Proof, facts: Facts, target: Node) -> Iterator[Failure]:
    """Properties that ``facts`` describe and ``target`` does not, or the reverse where the target is the reader's."""
    if not facts.may_be("object") or "object" not in Facts.of([target]).types:
        return
    if proof.reads:
        yield from _no_longer_read(facts, target)
    else:
        yield from _no_longer_written(facts, target)


def _no_longer_written(facts: Facts, target: Node) -> Iterator[Failure]:
    places = list(in_place(target))
    if not any(
        one.keywords.get("properties") or one.keywords.get("type") == frozenset({"object"}) for one in conjuncts(target)
    ):
        return
    for name, part in facts.named.items():
        if not _is_described(name, places) and not _is_refused(part.keywords.get("properties", {}).get(name)):
            yield Failure(
                keyword="properties", target=target, source=facts, steps=(name,), detail=name,
                trail=(("property", name),), question=Open.WRITTEN_PROPERTY_REMOVED,
            )  # fmt: skip


def _no_longer_read(facts: Facts, target: Node) -> Iterator[Failure]:
    described = {
        name
        for node in facts.origins
        for one in in_place(node)
        for name, schema in one.keywords.get("properties", {}).items()
        if not _is_refused(schema)
    }
    if not described and not any("object" in one for one in facts.said("type")):
        return
    for part in conjuncts(target):
        for name, node in part.keywords.get("properties", {}).items():
            if name in described or _is_refused(node) or any(finds(one, name) is not False for one in facts.patterns):
                continue
            if any("additionalProperties" in one.keywords and not is_never(one.keywords["additionalProperties"])
                   and one.keywords["additionalProperties"].keywords for one in facts.parts):  # fmt: skip
                continue
            yield Failure(
                keyword="properties", target=part, source=facts, steps=(name,), detail=name,
                trail=(("property", name),), question=Open.READ_PROPERTY_REMOVED,
            )  # fmt: skip


def _is_refused(node: Node | None) -> bool:
    """Whether a node refuses everything, by itself or by what it refers to."""
    return node is not None and any(map(is_never, conjuncts(node)))


def is_described_beside(failure: Failure, root: Node, budget: Budget) -> bool:
    """Whether what ``failure`` tells as removed is described by another part of ``root`` at the same place.

    Of a union, only the branch that leads to the part in question counts. False for any other kind of failure, and
    where the part is not found on the way that the failure tells.

    Raises:
        BudgetSpentError: see :class:`Budget`.
    """
    if failure.question is not Open.WRITTEN_PROPERTY_REMOVED:
        return False
    *way, (_, name) = failure.trail
    found = _Ways(tuple(way), budget).beside(failure.target, root)
    return _is_described(name, found)


def _is_described(name: str, places: Iterable[Node]) -> bool:
    """Whether something is said about a property, by its name or by a rule for many names."""
    for one in places:
        said = one.keywords
        if name in said.get("properties", ()):
            return True
        if any(finds(pattern, name) is not False for pattern in said.get("patternProperties", ())):
            return True
        if any(_says_something(said[key]) for key in _OTHERS if key in said):
            return True
    return False


def _says_something(node: Node) -> bool:
    return any(one.opaque or one.keywords.keys() - _ELSEWHERE for one in conjuncts(node))


_Stop = tuple[int, Node]
"""A node, and how many steps into the value lie before it."""


@dataclass(frozen=True, slots=True)
class _Ways:
    """Every node that can be come to from a root along some steps into the value."""

    steps: tuple[tuple[str, Any], ...]
    budget: Budget
    onward: dict[_Stop, tuple[tuple[_Stop, ...], ...]] = field(default_factory=dict)
    """From each stop, groups of next ones: one of several alternatives, or one alone that always counts."""

    def beside(self, part: Node, root: Node) -> Iterator[Node]:
        """All that counts at the last step together with ``part``, which is among it; none where it is not found."""
        start, end = (0, root), (len(self.steps), part)
        everything = self._reached(start, lambda group: group)
        if end not in everything:
            return
        leading = self._leading_to(end)
        for depth, node in self._reached(start, lambda group: [one for one in group if one in leading] or group):
            if depth == len(self.steps):
                yield node

    def _reached(self, start: _Stop, chosen: Any) -> set[_Stop]:
        seen: set[_Stop] = set()
        waiting = [start]
        while waiting:
            stop = waiting.pop()
            if stop not in seen:
                self.budget.spend()
                seen.add(stop)
                waiting.extend(one for group in self._next(stop) for one in chosen(group))
        return seen

    def _leading_to(self, end: _Stop) -> set[_Stop]:
        before: dict[_Stop, list[_Stop]] = {}
        for stop, groups in self.onward.items():
            for group in groups:
                for one in group:
                    before.setdefault(one, []).append(stop)
        found: set[_Stop] = set()
        waiting = [end]
        while waiting:
            stop = waiting.pop()
            if stop not in found:
                found.add(stop)
                waiting.extend(before.get(stop, ()))
        return found

    def _next(self, stop: _Stop) -> tuple[tuple[_Stop, ...], ...]:
        if stop not in self.onward:
            depth, node = stop
            here = [tuple((depth, one) for one in group) for group in applied(node)]
            below = _inside(node, *self.steps[depth]) if depth < len(self.steps) else ()
            self.onward[stop] = (*here, *(((depth + 1, one),) for one in below))
        return self.onward[stop]


def _inside(node: Node, kind: str, place: Any) -> Iterable[Node]:
    """What a node by itself says about the value that one step of a trail leads to."""
    if kind == "item":
        return Facts(origins=(node,), parts=(node,)).item(place)
    if kind == "property" and place is not None:
        return members(node, place)
    others = [node.keywords[key] for key in _OTHERS if key in node.keywords]
    exact = node.keywords.get("patternProperties", {}).get(place) if kind == "pattern" else None
    return [exact] if exact is not None else others
