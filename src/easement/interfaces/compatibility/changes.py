"""Where the comparison of two descriptions writes down what it finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from easement.interfaces.compatibility.budget import Budget, BudgetSpentError
from easement.interfaces.compatibility.documents import Document
from easement.interfaces.compatibility.json_schema import SchemaComparer
from easement.interfaces.compatibility.policy import Policy
from easement.interfaces.compatibility.rules import RULES
from easement.interfaces.compatibility.sameness import Sameness, same_json
from easement.interfaces.compatibility.verdict import NOWHERE, Direction, Position, Value, Verdict
from easement.interfaces.sources import Found, Location

MAX_VERDICTS: Final = 20_000
"""Verdicts of one comparison. Beyond, one more says that the rest is not listed and is to be held for breaking."""

_NOTHING: Final = object()
_NOTED: Final = re.compile(r"-(read-only|write-only|discriminator|xml)-(added|removed|changed)$")


@dataclass(slots=True, kw_only=True)
class Changes:
    """The verdicts so far between two documents, and what is needed to find more."""

    old: Document
    new: Document
    dialect_old: str
    dialect_new: str
    policy: Policy
    budget: Budget = field(default_factory=Budget)
    verdicts: list[Verdict] = field(default_factory=list)
    is_cut: bool = False
    _comparers: dict[tuple[str, str], SchemaComparer] = field(default_factory=dict)
    _sameness: Sameness = field(init=False)
    _known: dict[tuple[Any, ...], tuple[Verdict, ...]] = field(default_factory=dict)

    _noted: dict[tuple[Any, ...], tuple[Verdict, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sameness = Sameness(self.old.root, self.new.root)

    def _comparer(self, dialects: tuple[str, str]) -> SchemaComparer:
        if dialects not in self._comparers:
            self._comparers[dialects] = SchemaComparer(
                self.old.root, self.new.root, policy=self.policy, dialect_old=dialects[0], dialect_new=dialects[1]
            )
        return self._comparers[dialects]

    def add(
        self,
        rule: str,
        direction: Direction,
        *,
        old: Location | None = None,
        new: Location | None = None,
        operation: str = "",
        field_path: str = "",
        before: Value = _NOTHING,
        after: Value = _NOTHING,
        **said: Any,
    ) -> None:
        """Note one change under ``rule``; ``said`` fills the rule's sentence."""
        entry = RULES[rule]
        self._append(
            Verdict(
                rule=rule,
                direction=direction,
                change=entry.class_for(direction.role, self.policy),
                explanation=entry.says.format(
                    **{name: _shown(value) for name, value in {**said, "before": before, "after": after}.items()}
                ),
                operation=operation,
                field_path=field_path,
                old=_position(old),
                new=_position(new),
                before=None if before is _NOTHING else before,
                after=None if after is _NOTHING else after,
                has_before=before is not _NOTHING,
                has_after=after is not _NOTHING,
            )
        )

    def documented(
        self,
        rule: str,
        direction: Direction,
        pairs: Iterable[tuple[Any, Any]],
        *,
        old: Location,
        new: Location,
        operation: str = "",
        **said: Any,
    ) -> None:
        """Note ``rule`` once where any pair of texts differs."""
        differing = [(before, after) for before, after in pairs if not same_json(before, after)]
        if differing:
            before, after = differing[0]
            self.add(rule, direction, old=old, new=new, operation=operation, before=before, after=after, **said)

    def same(self, old: Found, new: Found) -> bool:
        """Whether two values say the same in one dialect, with all that they refer to."""
        return self.dialect_old == self.dialect_new and self._sameness.holds(self.old.schema(old), self.new.schema(new))

    def schemas(
        self,
        old: Found,
        new: Found,
        direction: Direction,
        *,
        operation: str = "",
        subject: str = "body",
        dialects: tuple[str, str] | None = None,
        notes: bool = True,
    ) -> None:
        """Compare two schemas, in the dialects of the documents if no others are said.

        ``subject`` is what has the schema: ``body``, ``parameter`` or ``header``; it stands in the rule's id, and
        fields have a path in a body only. Without ``notes`` the schema engine's word on
        discriminators, readOnly, writeOnly and xml is left out, for callers that judge these themselves.
        """
        dialects = dialects or (self.dialect_old, self.dialect_new)
        old_schema, new_schema = self.old.schema(old), self.new.schema(new)
        if dialects[0] == dialects[1] and self._sameness.holds(old_schema, new_schema):
            return
        old_pointer, new_pointer = self.old.pointer(old.location), self.new.pointer(new.location)
        key = (_name_of(old_schema, old_pointer), _name_of(new_schema, new_pointer), direction, dialects)
        if key not in self._known:
            found = self._comparer(dialects).compare(
                old_schema,
                new_schema,
                direction=direction,
                old_pointer=old_pointer,
                new_pointer=new_pointer,
                budget=self.budget,
            )
            self._known[key] = tuple(self._placed(verdict) for verdict in found)
        for verdict in self._known[key]:
            if not notes and _NOTED.search(verdict.rule):
                continue
            self._append(replace(_about(verdict, subject), operation=operation))

    def take(self, verdict: Verdict, *, old_at: Location, new_at: Location) -> None:
        """Note a verdict of another engine, whose positions are relative to two values."""
        self._append(
            replace(
                verdict,
                old=Position(file=old_at.file, pointer=old_at.pointer + verdict.old.pointer),
                new=Position(file=new_at.file, pointer=new_at.pointer + verdict.new.pointer),
            )
        )

    def finished(self) -> list[Verdict]:
        """The verdicts; one more where not everything was looked at."""
        if self.is_cut:
            self.is_cut, self.verdicts[MAX_VERDICTS - 1 :] = False, []
            self.add("description-too-complex", Direction.REQUEST)
            self.verdicts[-1] = replace(self.verdicts[-1], too_complex=True)
        return self.verdicts

    def once(self, old: Found, new: Found, direction: Direction, operation: str, note: Callable[[], None]) -> None:
        """Call ``note``, which notes what differs in two values; for the same two again, note the same again."""
        key = (
            _name_of(self.old.schema(old), self.old.pointer(old.location)),
            _name_of(self.new.schema(new), self.new.pointer(new.location)),
            direction,
        )
        if key in self._noted:
            for verdict in self._noted[key]:
                self._append(replace(verdict, operation=operation))
            return
        start = len(self.verdicts)
        note()
        self._noted[key] = tuple(self.verdicts[start:])

    def _placed(self, verdict: Verdict) -> Verdict:
        return replace(
            verdict,
            old=_position(self.old.location(verdict.old.pointer)) if verdict.old != NOWHERE else NOWHERE,
            new=_position(self.new.location(verdict.new.pointer)) if verdict.new != NOWHERE else NOWHERE,
        )

    def _append(self, verdict: Verdict) -> None:
        if len(self.verdicts) < MAX_VERDICTS:
            self.verdicts.append(verdict)
        else:
            self.is_cut = True

    def spend(self) -> bool:
        """Count a step of the comparison; False where the budget has run out."""
        try:
            self.budget.spend()
        except BudgetSpentError:
            self.is_cut = True
        return not self.is_cut


def _about(verdict: Verdict, subject: str) -> Verdict:
    """The verdict as one about a parameter or a header, of which contracts name no fields."""
    if subject == "body":
        return verdict
    direction = verdict.direction.value
    rule = verdict.rule.removeprefix(f"{direction}-body-").removeprefix(f"{direction}-")
    return replace(verdict, rule=f"{direction}-{subject}-{rule}", field_path="")


def _name_of(schema: Any, where: str) -> str:
    """The same for all places that say nothing but one reference."""
    if isinstance(schema, dict) and len(schema) == 1 and isinstance(schema.get("$ref"), str):
        return str(schema["$ref"])
    return where


def _position(at: Location | None) -> Position:
    return NOWHERE if at is None else Position(file=at.file, pointer=at.pointer)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def paired(
    old: Iterable[Any], new: Iterable[Any], key: Callable[[Any], Any]
) -> tuple[list[tuple[Any, Any]], list[Any], list[Any]]:
    """What both have by ``key``, what only the old has, what only the new has; each in the order it came."""
    before, after = {key(one): one for one in old}, {key(one): one for one in new}
    both = [(one, after[name]) for name, one in before.items() if name in after]
    return (
        both,
        [one for name, one in before.items() if name not in after],
        [one for name, one in after.items() if name not in before],
    )
