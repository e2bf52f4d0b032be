"""Is every instance of one schema an instance of the other? Proved keyword by keyword, or told what is missing.

Sound: an answer without failures is a proof. A recursive schema is assumed to be contained while that is being
proved, which is right for values of finite depth as long as a step into the value lies between (a smallest counter-
example would contain a smaller one). What cannot be proved is a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from easement.interfaces.compatibility.budget import Budget, BudgetSpentError
from easement.interfaces.compatibility.json_schema_arrays import array_failures, is_array_impossible
from easement.interfaces.compatibility.json_schema_circles import CIRCULAR
from easement.interfaces.compatibility.json_schema_facts import Facts, Sameness, Union
from easement.interfaces.compatibility.json_schema_failure import Failure, each_once
from easement.interfaces.compatibility.json_schema_node import Document, Node, conjuncts
from easement.interfaces.compatibility.json_schema_objects import is_object_impossible, object_failures
from easement.interfaces.compatibility.json_schema_removals import is_described_beside, removals
from easement.interfaces.compatibility.json_schema_scalars import (
    is_number_impossible,
    is_string_impossible,
    scalar_failures,
    value_failures,
)
from easement.interfaces.compatibility.json_schema_value import equal
from easement.interfaces.compatibility.policy import Policy
from easement.interfaces.compatibility.verdict import ChangeClass

_Trail = tuple[tuple[str, object], ...]
_MAX_DEPTH: Final = 60
_MAX_TANGLE: Final = 40
_MAX_SPLITS: Final = 6
_MAX_FAILURES: Final = 300
_MAX_KIND_VALUES: Final = 24
_IMPOSSIBLE: Final = {
    "object": is_object_impossible,
    "array": is_array_impossible,
    "string": is_string_impossible,
}


class Prover:
    """Holds what was decided between two documents in one direction.

    ``reads`` says whether the target is the reader's description: then a property or value that it does not know, or
    no longer gets, is a question for the policy.
    """

    def __init__(self, policy: Policy, sameness: Sameness, *, reads: bool, judge: bool = True) -> None:
        self.policy = policy
        self.reads = reads
        self.judges = judge
        """False where only containment counts: for the way back, and inside proofs that something is impossible."""
        self.budget = Budget()
        self._sameness = sameness
        self._known: dict[tuple[object, ...], tuple[Failure, ...]] = {}
        self._impossible: dict[tuple[object, ...], bool] = {}
        self._open: dict[tuple[object, ...], tuple[int, int]] = {}
        self._again: dict[tuple[object, ...], list[_Trail]] = {}
        self._lowest = 1 << 30
        self._depth = 0
        self._trail: list[tuple[str, object]] = []
        self._scratch = Document({}, "2020-12")
        self._kinds: dict[str, Node] = {}

    def start(self, budget: Budget) -> None:
        """Begin a comparison of its own; what was decided before is kept."""
        self.budget = budget
        self._open.clear()
        self._again.clear()
        self._trail.clear()
        self._lowest, self._depth = 1 << 30, 0

    # -- containment

    def differences(self, source: Node, target: Node) -> tuple[Failure, ...]:
        """Why not every instance of ``source`` fits ``target``, and which properties are described no longer.

        Raises:
            BudgetSpentError: see :meth:`contained`.
        """
        found = self.contained(Facts.of([source]), target)
        return tuple(one for one in found if not is_described_beside(one, target, self.budget))

    def contained(self, facts: Facts, target: Node) -> tuple[Failure, ...]:
        """Why not every instance of ``facts`` fits ``target``; empty: every one does.

        Raises:
            BudgetSpentError: too much work, or nested too deeply.
        """
        self.budget.spend(facts.weight)
        if not target.keywords and not target.opaque:
            return ()
        if any(self.same(origin, target) for origin in facts.origins):
            return ()
        key = (self.judges, *facts.key, target)
        if key in self._known:
            return self._known[key]
        if key in self._open:
            return self._assumed(key, facts, target)
        if self._is_tangled():
            return (Failure(keyword="schema", target=target, source=facts, is_sure=False),)
        return self._opened(key, facts, target)

    def same(self, one: Node, other: Node) -> bool:
        """Whether two nodes say the same, word for word."""
        return self._sameness.same(one, other, self.budget)

    def below(self, facts: Facts, target: Node, name: str | None, trail: tuple[str, object]) -> Iterator[Failure]:
        """As :meth:`contained`, one step into the value."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._depth = 0
            raise BudgetSpentError(f"nested deeper than {_MAX_DEPTH} levels")
        self._trail.append(trail)
        found = self.contained(facts, target)
        self._trail.pop()
        self._depth -= 1
        return (failure.under(name, trail) for failure in found)

    def holds(self, failures: Iterable[Failure]) -> bool:
        """Whether nothing in the way is breaking under the policy."""
        return not any(self.blocks(failure) for failure in failures)

    def blocks(self, failure: Failure) -> bool:
        """Whether a failure is breaking under the policy."""
        if failure.question is None or not self.judges:
            return True
        return self.policy.judges(failure.question) is ChangeClass.BREAKING

    def _is_tangled(self) -> bool:
        """Whether one question leads to another at the same place too often: then nothing is shown."""
        return len(self._open) - self._depth > _MAX_TANGLE

    def _assumed(self, key: tuple[object, ...], facts: Facts, target: Node) -> tuple[Failure, ...]:
        depth, index = self._open[key]
        self._lowest = min(self._lowest, index)
        if depth >= self._depth:
            return (Failure(keyword="$ref", target=target, source=facts, is_sure=False),)
        self._again.setdefault(key, []).append(tuple(self._trail))
        return ()

    def _opened(self, key: tuple[object, ...], facts: Facts, target: Node) -> tuple[Failure, ...]:
        index, before, outer = len(self._open), len(self._trail), self._lowest
        self._open[key] = (self._depth, index)
        self._lowest = 1 << 30
        try:
            found = self._decide(facts, target)
        finally:
            del self._open[key]
        found = self._listed(found, (trail[before:] for trail in self._again.pop(key, ())), facts, target)
        if self._lowest >= index or not self.holds(found):
            self._known[key] = found
        self._lowest = min(outer, self._lowest if self._lowest < index else 1 << 30)
        return found

    def _listed(
        self, found: tuple[Failure, ...], again: Iterable[_Trail], facts: Facts, target: Node
    ) -> tuple[Failure, ...]:
        """Each once, and once more at every place inside where the same schema comes again; not too many."""
        if not found:
            return found
        listed = list(found)
        by_steps = {_steps(trail): trail for trail in again}
        for steps in sorted(by_steps.keys() - {()}):
            if len(listed) > _MAX_FAILURES:
                break
            self.budget.spend(len(found))
            listed.extend(map(_deeper(by_steps[steps]), found))
        listed = list(each_once(listed))
        if len(listed) <= _MAX_FAILURES:
            return tuple(listed)
        more = Failure(keyword="schema", target=target, source=facts, is_sure=False, is_too_complex=True)
        return (more, *listed[:_MAX_FAILURES])

    def _decide(self, facts: Facts, target: Node) -> tuple[Failure, ...]:
        if self.impossible(facts):
            return ()
        found: list[Failure] = []
        for part in conjuncts(target):
            found.extend(self._part(facts, part))
        if self.judges:
            found.extend(removals(self, facts, target))
        return each_once(found)

    def _part(self, facts: Facts, part: Node) -> tuple[Failure, ...]:
        self.budget.spend(facts.weight)
        if not part.keywords and not part.opaque:
            return ()
        if any(self.same(one, part) for one in facts.parts):
            return ()
        if part.keywords.keys() <= {"allOf", "$ref", "$dynamicRef"} and not part.opaque:
            return ()
        found = self._directly(facts, part)
        if self.holds(found):
            return found
        return self._by_cases(facts, part) if self._has_cases(facts) else found

    def _has_cases(self, facts: Facts) -> bool:
        return len(facts.split) < _MAX_SPLITS and facts.union() is not None

    def _by_cases(self, facts: Facts, part: Node) -> tuple[Failure, ...]:
        found: list[Failure] = []
        for case in self.cases(facts):
            if not self.impossible(case):
                found.extend(self._part(case, part))
        return each_once(found)

    def _directly(self, facts: Facts, part: Node) -> tuple[Failure, ...]:
        found = value_failures(self, facts, part)
        if found is not None:
            return found
        return each_once(
            [
                *scalar_failures(self, facts, part),
                *(array_failures(self, facts, part) if facts.may_be("array") else ()),
                *(object_failures(self, facts, part) if facts.may_be("object") else ()),
                *self._combined(facts, part),
                *self._unreadable(facts, part),
            ]
        )

    def _unreadable(self, facts: Facts, part: Node) -> Iterator[Failure]:
        circle = part.keywords.get(CIRCULAR)
        if circle is not None and not any(self.same(one(), circle()) for one in facts.said(CIRCULAR)):
            yield Failure(keyword="$ref", target=part, source=facts, is_sure=False)
        for keyword, value in part.opaque.items():
            known = (one.opaque[keyword] for one in facts.parts if keyword in one.opaque)
            if not any(equal(value, one) for one in known):
                yield Failure(keyword=keyword, target=part, source=facts, is_sure=False)

    # -- unions on either side

    def cases(self, facts: Facts) -> Iterator[Facts]:
        """The facts with the next union told apart."""
        union = facts.union()
        if union is None:
            return
        part, keyword = union
        said = part.keywords[keyword]
        if keyword == "anyOf":
            yield from (facts.and_(branch, split=union) for branch in said)
        elif keyword == "oneOf":
            for place, branch in enumerate(said):
                others = (*said[:place], *said[place + 1 :])
                yield facts.and_(branch, split=union, negations=others)
        elif keyword == "if":
            then, other = (part.keywords.get(key) for key in ("then", "else"))
            yield facts.and_(*([said] if then is None else [said, then]), split=union)
            yield facts.and_(*([] if other is None else [other]), split=union, negations=[said])
        else:
            yield from self._dependent_cases(facts, union)

    def _dependent_cases(self, facts: Facts, union: Union) -> Iterator[Facts]:
        """With and without the first name, and all names at once where there are several."""
        part, keyword = union
        named = list(part.keywords[keyword].items())[:_MAX_SPLITS]
        found = [facts.and_(split=union)]
        for name, schema in named:
            there, away = self.stated("required", name), self.stated("absent", name)
            found = [case for one in found for case in (one.and_(there, schema), one.and_(away))]
        yield from found

    def stated(self, what: str, name: str) -> Node:
        """A node that asks for a property (``required``), forbids it (``absent``), or states a type or a pattern."""
        key = f"{what} {name}"
        if key not in self._kinds:
            said = {
                "required": {"type": "object", "required": [name]},
                "absent": {"properties": {name: False}},
                "pattern": {"pattern": name},
            }.get(what, {})
            node = self._scratch.synthetic(said)
            if what == "type":
                node = self._scratch.synthetic({"title": name})
                node.keywords["type"] = frozenset({name})
            self._kinds[key] = node
        return self._kinds[key]

    def valued(self, name: str, value: object) -> Node:
        """A node that states the value of a property."""
        key = f"value {name} {value!r}"
        if key not in self._kinds:
            self._kinds[key] = self._scratch.synthetic({"properties": {name: {"const": value}}})
        return self._kinds[key]

    def _combined(self, facts: Facts, part: Node) -> Iterator[Failure]:
        said = part.keywords
        if "anyOf" in said:
            yield from self._one_of_them(facts, part, "anyOf")
        if "oneOf" in said:
            yield from self._one_of_them(facts, part, "oneOf")
        if "not" in said and not self._is_disjoint(facts, said["not"]):
            yield Failure(keyword="not", target=part, source=facts, is_sure=False)
        if "if" in said:
            yield from self._conditional(facts, part)

    def _conditional(self, facts: Facts, part: Node) -> Iterator[Failure]:
        said = part.keywords
        if "then" in said:
            case = facts.and_(said["if"])
            if not self.impossible(case):
                yield from self.contained(case, said["then"])
        if "else" in said:
            case = facts.and_(negations=[said["if"]])
            if not self.impossible(case):
                yield from self.contained(case, said["else"])

    def _is_disjoint(self, facts: Facts, node: Node) -> bool:
        if any(self.same(one, node) for one in facts.negations):
            return True
        for part in facts.parts:
            excluded = part.keywords.get("not")
            if excluded is not None and self.within(Facts.of([node]), excluded):
                return True
        return self.impossible(facts.and_(node))

    def _one_of_them(self, facts: Facts, part: Node, keyword: str) -> tuple[Failure, ...]:
        branches = part.keywords[keyword]
        found = self._nearest(facts, part, keyword, branches)
        if self.holds(found) or self._has_cases(facts):
            return found
        cases = self._by_kind(facts, branches)
        if cases is None:
            return found
        failures: list[Failure] = []
        for case in cases:
            if not self.impossible(case):
                failures.extend(self._one_of_them(case, part, keyword))
        return each_once(failures)

    def _nearest(self, facts: Facts, part: Node, keyword: str, branches: tuple[Node, ...]) -> tuple[Failure, ...]:
        """Empty where a branch takes all; else what is in the way of the branch that was probably meant."""
        tried: list[tuple[int, int, tuple[Failure, ...]]] = []
        for place, branch in enumerate(branches):
            found = self.contained(facts, branch)
            blocking = sum(self.blocks(one) for one in found)
            if not blocking and (keyword == "anyOf" or self._is_only(facts, branches, place)):
                return found
            if not blocking:
                return (Failure(keyword="oneOf", target=part, source=facts, is_sure=False, detail="overlap"),)
            tried.append((blocking, place, found))
        generic = (Failure(keyword=keyword, target=part, source=facts, is_sure=False),)
        alike = [one for one in tried if not any(_is_other_kind(failure) for failure in one[2])]
        if not alike:
            return generic
        best = min(alike, key=lambda one: (one[0], one[1]))
        return best[2] if best[0] <= 1 or len(alike) == 1 else generic

    def _is_only(self, facts: Facts, branches: tuple[Node, ...], place: int) -> bool:
        return all(self._is_disjoint(facts, other) for index, other in enumerate(branches) if index != place)

    def _by_kind(self, facts: Facts, branches: tuple[Node, ...]) -> list[Facts] | None:
        """The cases by type, or by the value of a property that tells the branches apart."""
        if len(facts.types) > 1:
            return [facts.and_(self.stated("type", atom)) for atom in sorted(facts.types)]
        told_apart = (branches[0], "kind") if branches else None
        if told_apart is None or told_apart in facts.split:
            return None
        for name in sorted(facts.required & _kind_names(branches)):
            values = Facts.of(facts.member(name)).values(self.budget)
            if values is not None and 1 < len(values) <= _MAX_KIND_VALUES:
                return [facts.and_(self.valued(name, value), split=told_apart) for value in values]
        return None

    # -- impossibility

    def impossible(self, facts: Facts) -> bool:
        """Whether it is certain that no instance exists."""
        self.budget.spend(facts.weight)
        if not facts.types:
            return True
        key = ("impossible", *facts.key)
        if key in self._impossible:
            return self._impossible[key]
        if key in self._open:
            depth, index = self._open[key]
            self._lowest = min(self._lowest, index)
            return depth < self._depth
        if self._is_tangled():
            return False
        index, outer = len(self._open), self._lowest
        self._open[key] = (self._depth, index)
        self._lowest = 1 << 30
        try:
            found = self._is_impossible(facts)
        finally:
            del self._open[key]
        if self._lowest >= index or not found:
            self._impossible[key] = found
        self._lowest = min(outer, self._lowest if self._lowest < index else 1 << 30)
        return found

    def impossible_below(self, facts: Facts) -> bool:
        """As :meth:`impossible`, one step into the value."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise BudgetSpentError(f"nested deeper than {_MAX_DEPTH} levels")
        found = self.impossible(facts)
        self._depth -= 1
        return found

    def _is_impossible(self, facts: Facts) -> bool:
        values = facts.values(self.budget)
        if values is not None:
            return not values
        if all(self._is_type_impossible(facts, atom) for atom in facts.types):
            return True
        if any(self._is_excluded(facts, node) for node in facts.negations):
            return True
        if any("not" in part.keywords and self._covers(facts, part, "not") for part in facts.parts):
            return True
        if not self._has_cases(facts):
            return False
        return all(self.impossible(case) for case in self.cases(facts))

    def _is_type_impossible(self, facts: Facts, atom: str) -> bool:
        if atom in {"integer", "fraction"}:
            return is_number_impossible(facts, atom)
        check = _IMPOSSIBLE.get(atom)
        return check is not None and check(self, facts)

    def _is_excluded(self, facts: Facts, node: Node) -> bool:
        rest = facts.without(node)
        return any(self.same(one, node) for one in rest.origins) or self.within(rest, node)

    def _covers(self, facts: Facts, part: Node, keyword: str) -> bool:
        rest = Facts.of([one for one in facts.origins if one is not part])
        rest = Facts(origins=rest.origins, parts=tuple(one for one in rest.parts if one is not part))
        return bool(rest.parts) and self.within(rest, part.keywords[keyword])

    def within(self, facts: Facts, node: Node) -> bool:
        """Whether ``facts`` are contained whatever the policy says."""
        judged, self.judges = self.judges, False
        try:
            return not self.contained(facts, node)
        finally:
            self.judges = judged


def _kind_names(branches: Iterable[Node]) -> frozenset[str]:
    """Properties that some branch gives a fixed value or a list of values."""
    return frozenset(
        name
        for branch in branches
        for part in conjuncts(branch)
        for name, schema in part.keywords.get("properties", {}).items()
        if any(not one.keywords.keys().isdisjoint({"const", "enum"}) for one in conjuncts(schema))
    )


def _steps(trail: _Trail) -> tuple[str, ...]:
    return tuple(name for name in map(_step, trail) if name is not None)


def _step(trail: tuple[str, object]) -> str | None:
    """The name of the property that is stepped into; None for items and values of maps."""
    kind, place = trail
    return place if kind == "property" and isinstance(place, str) else None


def _deeper(trail: _Trail) -> Callable[[Failure], Failure]:
    def deeper(failure: Failure) -> Failure:
        for one in reversed(trail):
            failure = failure.under(_step(one), one)
        return failure

    return deeper


def _is_other_kind(failure: Failure) -> bool:
    return not failure.steps and not failure.trail and failure.keyword in {"type", "enum", "const"}
