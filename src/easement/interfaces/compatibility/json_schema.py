"""Compatibility of two JSON Schemas, explained keyword by keyword.

Comparing many places of the same two documents? Build one :class:`SchemaComparer` for the pair of documents and call
:meth:`SchemaComparer.compare` for each place: what was decided about a definition is then decided once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from easement.interfaces.compatibility.budget import Budget, BudgetSpentError
from easement.interfaces.compatibility.counter_example import Checker, find_example
from easement.interfaces.compatibility.counter_example_maker import NONE
from easement.interfaces.compatibility.json_schema_circles import Circles
from easement.interfaces.compatibility.json_schema_containment import Prover
from easement.interfaces.compatibility.json_schema_facts import Sameness
from easement.interfaces.compatibility.json_schema_failure import Failure
from easement.interfaces.compatibility.json_schema_node import Document, Node
from easement.interfaces.compatibility.json_schema_notes import Note, Notes, pointer_of
from easement.interfaces.compatibility.json_schema_rules import Change, change_of, sentence
from easement.interfaces.compatibility.policy import QUESTIONS, Open, Policy
from easement.interfaces.compatibility.verdict import (
    ChangeClass,
    CounterExample,
    Direction,
    Position,
    Role,
    Verdict,
)

Json = Any
DEFAULT_EXAMPLES: Final = 60
"""Breaking changes of one pair of documents for which an example is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What is compared, for whom."""

    old: Node
    new: Node
    old_schema: Json
    new_schema: Json
    direction: Direction
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """Both documents as one role sees them: read-only properties are not asked of who writes."""

    old: Document
    new: Document
    sameness: Sameness
    circles: Circles
    provers: dict[tuple[bool, bool], Prover]


class SchemaComparer:
    """Compares places of two documents; neither may be changed while this is in use."""

    def __init__(
        self,
        old_root: Json,
        new_root: Json,
        *,
        policy: Policy,
        dialect_old: str,
        dialect_new: str,
        examples: int = DEFAULT_EXAMPLES,
    ) -> None:
        self._old_root, self._new_root = old_root, new_root
        self._policy = policy
        self._dialects = (dialect_old, dialect_new)
        self._sides: dict[Role, _Side] = {}
        self._notes = Notes(policy)
        self._examples_left = examples
        self._checkers: dict[tuple[Node, Role], Checker] = {}

    def compare(
        self,
        old: Json,
        new: Json,
        *,
        direction: Direction,
        operation: str = "",
        old_pointer: str = "",
        new_pointer: str = "",
        budget: Budget | None = None,
    ) -> tuple[Verdict, ...]:
        """Every change between two schemas, worst first. Nothing is raised: what is too complex is breaking."""
        spent = budget or Budget()
        try:
            return self._compared(self._place(old, new, direction, operation, old_pointer, new_pointer), spent)
        except (BudgetSpentError, RecursionError) as error:
            if _is_same_text(old, new) and _is_same_text(self._old_root, self._new_root):
                return ()
            reason = str(error) if isinstance(error, BudgetSpentError) else "nested too deeply"
            return (_too_complex(direction, operation, old_pointer, new_pointer, reason),)

    def _place(  # noqa: PLR0917 - called once
        self, old: Json, new: Json, direction: Direction, operation: str, old_pointer: str, new_pointer: str
    ) -> _Place:
        side = self._side(direction.role)
        old_node, new_node = side.old.node(old, old_pointer), side.new.node(new, new_pointer)
        side.circles.cut(old_node)
        side.circles.cut(new_node)
        return _Place(
            old=old_node,
            new=new_node,
            old_schema=old,
            new_schema=new,
            direction=direction,
            operation=operation,
        )

    def _compared(self, place: _Place, budget: Budget) -> tuple[Verdict, ...]:
        budget.spend()
        side = self._side(place.direction.role)
        found: list[Verdict] = []
        if not side.sameness.same(place.old, place.new, budget):
            found.extend(self._containment(place, side, budget))
        found.extend(_note_verdict(place, note) for note in self._notes.between(place.old, place.new, budget))
        return _worst_once(found)

    def _side(self, role: Role) -> _Side:
        if role not in self._sides:
            ignored = "readOnly" if role is Role.WRITES else "writeOnly"
            self._sides[role] = _Side(
                old=Document(self._old_root, self._dialects[0], receiver_ignores=ignored),
                new=Document(self._new_root, self._dialects[1], receiver_ignores=ignored),
                sameness=Sameness(),
                circles=Circles(),
                provers={},
            )
        return self._sides[role]

    def _prover(self, side: _Side, *, old_is_source: bool, judge: bool, budget: Budget) -> Prover:
        key = (old_is_source, judge)
        if key not in side.provers:
            side.provers[key] = Prover(self._policy, side.sameness, reads=not old_is_source, judge=judge)
        side.provers[key].start(budget)
        return side.provers[key]

    def _containment(self, place: _Place, side: _Side, budget: Budget) -> list[Verdict]:
        role = place.direction.role
        ways = [(True, self._policy.old_in_new(role)), (False, self._policy.new_in_old(role))]
        found: list[Verdict] = []
        for old_is_source, must_hold in ways:
            if must_hold:
                found.extend(self._one_way(place, side, budget, old_is_source=old_is_source, must_hold=True))
        known = {(verdict.rule, verdict.field_path) for verdict in found}
        for old_is_source, must_hold in ways:
            if not must_hold:
                back = self._one_way(place, side, budget, old_is_source=old_is_source, must_hold=False)
                found.extend(one for one in back if (one.rule, one.field_path) not in known)
        return found

    def _one_way(
        self, place: _Place, side: _Side, budget: Budget, *, old_is_source: bool, must_hold: bool
    ) -> list[Verdict]:
        prover = self._prover(side, old_is_source=old_is_source, judge=must_hold, budget=budget)
        source, target = (place.old, place.new) if old_is_source else (place.new, place.old)
        found = []
        for failure in prover.differences(source, target):
            change = change_of(failure, old_is_source=old_is_source)
            if must_hold:
                found.append(self._verdict(place, prover, failure, change, old_is_source=old_is_source))
            else:
                found.append(_verdict(place, change, ChangeClass.SAFE, _safe(change, old_is_source=old_is_source)))
        return found

    def _verdict(
        self, place: _Place, prover: Prover, failure: Failure, change: Change, *, old_is_source: bool
    ) -> Verdict:
        judged = ChangeClass.BREAKING if failure.question is None else self._policy.judges(failure.question)
        example, looked = None, False
        if judged is ChangeClass.BREAKING and not failure.is_too_complex:
            example, looked = self._example(place, prover, failure, old_is_source=old_is_source)
        explanation = _explained(change, failure, judged, self._policy, old_is_source=old_is_source,
                                 example=example, looked=looked)  # fmt: skip
        return _verdict(place, change, judged, explanation, example, is_too_complex=failure.is_too_complex)

    def _example(
        self, place: _Place, prover: Prover, failure: Failure, *, old_is_source: bool
    ) -> tuple[CounterExample | None, bool]:
        if self._examples_left <= 0:
            return None, False
        self._examples_left -= 1
        side = self._sides[place.direction.role]
        old = self._checker(side.old, place.old_schema, place.old, place.direction.role)
        new = self._checker(side.new, place.new_schema, place.new, place.direction.role)
        if old_is_source:
            value, accepted_by = find_example(prover, place.old, failure, old, new), "old"
        else:
            value, accepted_by = find_example(prover, place.new, failure, new, old), "new"
        return (None if value is NONE else CounterExample(instance=value, accepted_by=accepted_by)), True

    def _checker(self, document: Document, schema: Json, node: Node, role: Role) -> Checker:
        if (node, role) not in self._checkers:
            self._checkers[node, role] = Checker(document, schema, node)
        return self._checkers[node, role]


def compare_schemas(
    old: Json,
    new: Json,
    *,
    old_root: Json,
    new_root: Json,
    direction: Direction,
    policy: Policy,
    dialect_old: str,
    dialect_new: str,
    operation: str = "",
    old_pointer: str = "",
    new_pointer: str = "",
    budget: Budget | None = None,
) -> tuple[Verdict, ...]:
    """Every change between two schemas, worst first. Empty: the two mean the same.

    ``old_root`` and ``new_root`` are the documents in which local references resolve; ``old_pointer`` and
    ``new_pointer`` say where in them the schemas stand. Dialects: ``draft-04``, ``draft-06``, ``draft-07``,
    ``2019-09``, ``2020-12``, ``openapi-2.0``, ``openapi-3.0``, ``openapi-3.1`` or the URI of a ``$schema``.
    A budget that runs out gives a breaking verdict with ``too_complex``; nothing is raised.
    """
    comparer = SchemaComparer(old_root, new_root, policy=policy, dialect_old=dialect_old, dialect_new=dialect_new)
    return comparer.compare(
        old,
        new,
        direction=direction,
        operation=operation,
        old_pointer=old_pointer,
        new_pointer=new_pointer,
        budget=budget,
    )


def _verdict(
    place: _Place,
    change: Change,
    judged: ChangeClass,
    explanation: str,
    example: CounterExample | None = None,
    *,
    is_too_complex: bool = False,
) -> Verdict:
    subject = "property" if change.steps else "body"
    return Verdict(
        rule=f"{place.direction.value}-{subject}-{change.what}",
        direction=place.direction,
        change=judged,
        explanation=explanation,
        operation=place.operation,
        field_path=field_path(change.steps),
        old=Position(pointer=change.old_pointer),
        new=Position(pointer=change.new_pointer),
        before=change.before,
        after=change.after,
        has_before=change.has_before,
        has_after=change.has_after,
        counter_example=example,
        too_complex=is_too_complex,
    )


def _note_verdict(place: _Place, note: Note) -> Verdict:
    change = Change(
        what=note.what,
        keyword=note.keyword,
        steps=note.steps,
        old_pointer=pointer_of(note.old, note.keyword) if note.has_before else note.old.pointer,
        new_pointer=pointer_of(note.new, note.keyword) if note.has_after else note.new.pointer,
        before=note.before,
        after=note.after,
        has_before=note.has_before,
        has_after=note.has_after,
    )
    text = f"{sentence(change, place=field_path(note.steps))} {note.because[0].upper()}{note.because[1:]}."
    return _verdict(place, change, note.change, text)


def _is_same_text(one: Json, other: Json) -> bool:
    """Whether two documents read the same, letter by letter; False where they are too deep for that too."""
    try:
        return json.dumps(one) == json.dumps(other)
    except (RecursionError, TypeError, ValueError):
        return False


def field_path(steps: tuple[str, ...]) -> str:
    """Property names as contracts spell a field: dotted, a dot inside a name escaped."""
    return ".".join(name.replace(".", "\\.") for name in steps)


def _safe(change: Change, *, old_is_source: bool) -> str:
    told = sentence(change, place=field_path(change.steps))
    if old_is_source:
        return f"{told} What consumers receive was allowed before."
    return f"{told} What consumers send stays valid."


def _explained(
    change: Change,
    failure: Failure,
    judged: ChangeClass,
    policy: Policy,
    *,
    old_is_source: bool,
    example: CounterExample | None,
    looked: bool,
) -> str:
    said = [sentence(change, place=field_path(change.steps))]
    if failure.is_too_complex:
        return f"{said[0]} Too many changes to list: the whole schema counts as breaking."
    if failure.question is not None:
        about = QUESTIONS[failure.question]
        if failure.question is Open.UNNAMED_BECAME_NAMED and not old_is_source:
            about = "open object, and nothing says any longer what the property holds"
        said.append(f"Policy {policy.name}, {about}: {judged.value}.")
    if judged is not ChangeClass.BREAKING:
        return " ".join(said)
    if failure.is_sure or example is not None:
        said.append(
            "What was valid before may be refused now."
            if old_is_source
            else "Consumers may receive what was ruled out before."
        )
    else:
        said.append("It cannot be shown that all values stay valid, so it counts as breaking.")
    if example is None and looked:
        said.append("No example was found.")
    return " ".join(said)


def _too_complex(direction: Direction, operation: str, old_pointer: str, new_pointer: str, reason: str) -> Verdict:
    return Verdict(
        rule=f"{direction.value}-body-schema-too-complex",
        direction=direction,
        change=ChangeClass.BREAKING,
        explanation=f"The schemas are too complex to compare within the budget ({reason}), so the change counts as "
        "breaking. Split the schema, or cut the number of alternatives in anyOf and oneOf.",
        operation=operation,
        old=Position(pointer=old_pointer),
        new=Position(pointer=new_pointer),
        too_complex=True,
    )


def _worst_once(verdicts: list[Verdict]) -> tuple[Verdict, ...]:
    """Worst first; of the same change at the same place the worst; no removal told twice."""
    kept: dict[tuple[str, str, str, str], Verdict] = {}
    for verdict in sorted(verdicts, key=lambda one: one.order):
        key = (verdict.rule, verdict.field_path, verdict.old.pointer, verdict.new.pointer)
        known = kept.get(key)
        if known is None or (known.change is verdict.change and known.counter_example is None):
            kept[key] = verdict
    told = {(one.rule, one.field_path): one for one in kept.values()}
    return tuple(one for one in kept.values() if not _is_told_better(one, told))


_SAME_STORY: Final = (("removed-while-required", "removed"), ("added-as-required", "added"))


def _is_told_better(verdict: Verdict, told: Mapping[tuple[str, str], Verdict]) -> bool:
    """Whether the same removal or addition is told by a worse verdict, or by one that says more."""
    for full, plain in _SAME_STORY:
        for own, others, says_less in ((full, plain, False), (plain, full, True)):
            if not verdict.rule.endswith(f"-{own}"):
                continue
            other = told.get((f"{verdict.rule.removesuffix(own)}{others}", verdict.field_path))
            if other is not None and (other.change.rank - says_less) < verdict.change.rank:
                return True
    return False
