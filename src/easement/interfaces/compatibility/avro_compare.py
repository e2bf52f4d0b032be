"""Two Avro schemas held against each other: our own word on each place, and the Avro library's on the whole.

Which side reads follows from the direction and the policy. What a consumer writes (or ``backward`` asks) is written
under the old schema and read under the new one; what it reads (or ``forward`` asks) the other way round. Avro's rules
of resolution leave nothing to judge there: a reader that meets an unknown symbol fails, however tolerant it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from easement.interfaces.compatibility.avro_notes import Note, Notes
from easement.interfaces.compatibility.avro_resolution import Fault, Mismatch, Resolution
from easement.interfaces.compatibility.avro_schema import AvroSchema, read_avro
from easement.interfaces.compatibility.budget import Budget, BudgetSpentError
from easement.interfaces.compatibility.foreign import UnreadableSchemaError
from easement.interfaces.compatibility.policy import Policy
from easement.interfaces.compatibility.verdict import ChangeClass, Direction, Position, Verdict

STEPS: Final = 300_000
"""Steps of one comparison; beyond, the change is held for breaking."""

AVRO_RULES: Final = MappingProxyType(
    {
        "avro-type-changed": "the type was {before}, is {after}",
        "avro-name-changed": "the type was called {before}, is called {after} and has no alias for it",
        "avro-namespace-changed": "the type was {before}, is {after}: some readers compare full names",
        "avro-aliases-changed": "the aliases were {before}, are {after}",
        "avro-fixed-size-changed": "the size was {before} bytes, is {after}",
        "avro-enum-symbol-added": "new symbols {after}: a reader without them and without a default fails",
        "avro-enum-symbol-removed": "the symbols {before} are gone: data that holds one may be read as another",
        "avro-enum-default-changed": "the symbol for unknown ones was {before}, is {after}",
        "avro-enum-reordered": "the symbols stand in another order; they are resolved by name",
        "avro-union-branch-added": "{after} may be written now and was not known before",
        "avro-union-branch-removed": "{before} could be written and is not known any more",
        "avro-union-reordered": "the branches stand in another order",
        "avro-field-added": "new field {after} with a default",
        "avro-field-added-without-default": "new field {after} without a default: old data lacks it",
        "avro-field-removed": "the field {before} is gone; who reads it gets the default",
        "avro-field-removed-without-default": "the field {before} is gone and had no default: who reads it fails",
        "avro-field-renamed": "the field {before} is called {after} and has an alias for it",
        "avro-fields-reordered": "the fields stand in another order; they are resolved by name",
        "avro-default-added": "the default {after} is new",
        "avro-default-removed": "the default {before} is gone: data without the field could not be read",
        "avro-default-changed": "the default was {before}, is {after}: the same data reads differently",
        "avro-logical-type-changed": "the logical type was {before}, is {after}: the same bytes mean something else",
        "avro-decimal-changed": "precision and scale were {before}, are {after}",
        "avro-sort-order-changed": "the sort order was {before}, is {after}",
        "avro-doc-changed": "the documentation differs",
        "avro-not-readable": "the Avro library cannot resolve the two schemas at {after}",
        "avro-too-complex": "too complex to compare: treated as breaking",
    }
)
"""Every rule about Avro schemas with its sentence; a row each in docs/explanation/compatibility.md."""

_SAME_EITHER_WAY: Final = {
    Fault.TYPE: "avro-type-changed",
    Fault.NAME: "avro-name-changed",
    Fault.SIZE: "avro-fixed-size-changed",
    Fault.DECIMAL: "avro-decimal-changed",
    Fault.UNIT: "avro-logical-type-changed",
}
_READ_BY_NEW: Final = {
    Fault.SYMBOL: "avro-enum-symbol-removed",
    Fault.BRANCH: "avro-union-branch-removed",
    Fault.NO_DEFAULT: "avro-field-added-without-default",
}
_READ_BY_OLD: Final = {
    Fault.SYMBOL: "avro-enum-symbol-added",
    Fault.BRANCH: "avro-union-branch-added",
    Fault.NO_DEFAULT: "avro-field-removed-without-default",
}


def compare_avro(old: Any, new: Any, *, direction: Direction, policy: Policy) -> tuple[Verdict, ...]:
    """Every change between two schemas (bytes, text or JSON) for a consumer on this side, worst first.

    Raises :class:`UnreadableSchemaError` where either is no Avro schema.
    """
    try:
        before = read_avro(old)
    except UnreadableSchemaError as error:
        raise UnreadableSchemaError(str(error), pointer=error.pointer, is_old=True) from error
    after = read_avro(new)
    try:
        found = _verdicts(before, after, direction, policy)
    except (BudgetSpentError, RecursionError):
        found = [_verdict("avro-too-complex", direction, ChangeClass.BREAKING, too_complex=True)]
    return tuple(sorted(found, key=lambda verdict: verdict.order))


def _verdicts(old: AvroSchema, new: AvroSchema, direction: Direction, policy: Policy) -> list[Verdict]:
    worst: dict[tuple[str, str, str, str], Verdict] = {}
    for note in Notes(Budget(STEPS)).between(old.root, new.root):
        _keep(worst, _of_note(note, direction))
    if policy.old_in_new(direction.role):
        for verdict in _broken(reader=new, writer=old, direction=direction, new_reads=True):
            _keep(worst, verdict)
    if policy.new_in_old(direction.role):
        for verdict in _broken(reader=old, writer=new, direction=direction, new_reads=False):
            _keep(worst, verdict)
    return list(worst.values())


def _keep(worst: dict[tuple[str, str, str, str], Verdict], verdict: Verdict) -> None:
    key = (verdict.rule, verdict.field_path, verdict.old.pointer, verdict.new.pointer)
    if key not in worst or verdict.change.rank < worst[key].change.rank:
        worst[key] = verdict


def _broken(*, reader: AvroSchema, writer: AvroSchema, direction: Direction, new_reads: bool) -> Iterator[Verdict]:
    mismatches = Resolution(Budget(STEPS)).mismatches(reader.root, writer.root)
    for mismatch in mismatches:
        yield _of_mismatch(mismatch, direction, new_reads=new_reads)
    if mismatches:
        return
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # the library's
    checked = checker.get_compatibility(reader.parsed, writer.parsed)
    if checked.compatibility is not SchemaCompatibilityType.compatible:
        at = sorted(checked.locations)
        yield _verdict("avro-not-readable", direction, ChangeClass.BREAKING, after=at)


def _of_note(note: Note, direction: Direction) -> Verdict:
    return _verdict(
        note.rule, direction, note.change, path=note.path, at=(note.old, note.new), before=note.before, after=note.after
    )


def _of_mismatch(mismatch: Mismatch, direction: Direction, *, new_reads: bool) -> Verdict:
    rules = _SAME_EITHER_WAY | (_READ_BY_NEW if new_reads else _READ_BY_OLD)
    old, new = (mismatch.writer, mismatch.reader) if new_reads else (mismatch.reader, mismatch.writer)
    said = (mismatch.writer_said, mismatch.reader_said) if new_reads else (mismatch.reader_said, mismatch.writer_said)
    return _verdict(
        rules[mismatch.fault], direction, ChangeClass.BREAKING,
        path=mismatch.path, at=(old, new), before=said[0], after=said[1],
    )  # fmt: skip


def _verdict(
    rule: str,
    direction: Direction,
    change: ChangeClass,
    *,
    path: str = "",
    at: tuple[str, str] = ("", ""),
    before: object = None,
    after: object = None,
    too_complex: bool = False,
) -> Verdict:
    return Verdict(
        rule=rule,
        direction=direction,
        change=change,
        explanation=AVRO_RULES[rule].format(before=_shown(before), after=_shown(after)),
        field_path=path,
        old=Position(pointer=at[0]),
        new=Position(pointer=at[1]),
        before=before,
        after=after,
        has_before=before is not None,
        has_after=after is not None,
        too_complex=too_complex,
    )


def _shown(value: object) -> str:
    if isinstance(value, list):
        shown = ", ".join(_shown(one) for one in value[:10])
        return f"{shown} and {len(value) - 10} more" if len(value) > 10 else shown
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:80]}..."
