"""Everything that differs between two Avro schemas, whether it breaks anybody or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from easement.interfaces.compatibility.avro_resolution import twin_of, written_field
from easement.interfaces.compatibility.avro_schema import AvroField, AvroType
from easement.interfaces.compatibility.budget import Budget
from easement.interfaces.compatibility.verdict import ChangeClass

_R, _S, _D = ChangeClass.RISKY, ChangeClass.SAFE, ChangeClass.DOCUMENTATION
_NOTHING: Final = object()
_LOSSY: Final = frozenset({"bytes", "string"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One difference: its class for a consumer whom it does not break."""

    rule: str
    change: ChangeClass
    path: str
    old: str
    new: str
    before: object
    after: object


class Notes:
    """Walks both schemas side by side; each pair of types once."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._seen: set[tuple[int, int]] = set()

    def between(self, old: AvroType, new: AvroType, path: str = "") -> Iterator[Note]:
        """Every difference, first come first.

        Raises :class:`~easement.interfaces.compatibility.budget.BudgetSpentError`.
        """
        self._budget.spend()
        if (id(old), id(new)) in self._seen:
            return
        self._seen.add((id(old), id(new)))
        if "union" in {old.kind, new.kind}:
            yield from self._unions(old, new, path)
            return
        if old.kind != new.kind:
            change = _R if {old.kind, new.kind} == _LOSSY else _S
            yield _note("avro-type-changed", change, path, old, new, (old.title, new.title))
            return
        yield from _own(old, new, path)
        if old.kind == "record":
            yield from self._records(old, new, path)
        elif old.element and new.element:
            yield from self.between(old.element, new.element, path)

    def _unions(self, old: AvroType, new: AvroType, path: str) -> Iterator[Note]:
        pairs = [(one, twin_of(one, new.alternatives)) for one in old.alternatives]
        for one, twin in pairs:
            if twin is None:
                yield _note("avro-union-branch-removed", _S, path, one, new, (one.title, None))
            else:
                yield from self.between(one, twin, path)
        for one in new.alternatives:
            if twin_of(one, old.alternatives) is None:
                yield _note("avro-union-branch-added", _S, path, old, one, (None, one.title))
        kept = [twin for _, twin in pairs if twin is not None]
        positions = [new.alternatives.index(twin) for twin in kept]
        if positions != sorted(positions):
            titles = ([one.title for one in old.alternatives], [one.title for one in new.alternatives])
            yield _note("avro-union-reordered", _S, path, old, new, titles)

    def _records(self, old: AvroType, new: AvroType, path: str) -> Iterator[Note]:
        taken = []
        for field in new.fields:
            before = written_field(field, old)
            if before is None:
                rule = "avro-field-added" if "default" in field.said else "avro-field-added-without-default"
                yield _field_note(rule, _S, _joined(path, field.name), (old.pointer, field.pointer), (None, field.name))
                continue
            taken.append(before.name)
            yield from _field(before, field, _joined(path, field.name))
            yield from self.between(before.type, field.type, _joined(path, field.name))
        for field in old.fields:
            if field.name not in taken:
                rule = "avro-field-removed" if "default" in field.said else "avro-field-removed-without-default"
                yield _field_note(rule, _S, _joined(path, field.name), (field.pointer, new.pointer), (field.name, None))
        if taken != [field.name for field in old.fields if field.name in taken]:
            yield _note("avro-fields-reordered", _S, path, old, new, (None, None))


def _own(old: AvroType, new: AvroType, path: str) -> Iterator[Note]:
    """What a type says about itself."""
    if old.fullname != new.fullname:
        rule = "avro-namespace-changed" if old.name == new.name else "avro-name-changed"
        yield _note(rule, _R, path, old, new, (old.fullname, new.fullname))
    if old.aliases != new.aliases:
        yield _note("avro-aliases-changed", _S, path, old, new, (sorted(old.aliases), sorted(new.aliases)))
    if _differs(old.said, new.said, "logicalType"):
        values = (old.said.get("logicalType"), new.said.get("logicalType"))
        yield _note("avro-logical-type-changed", _R, path, old, new, values)
    elif old.said.get("logicalType") == "decimal" and (
        _differs(old.said, new.said, "precision") or _differs(old.said, new.said, "scale")
    ):
        before, after = ([one.said.get("precision"), one.said.get("scale", 0)] for one in (old, new))
        yield _note("avro-decimal-changed", _R, path, old, new, (before, after))
    if _differs(old.said, new.said, "size"):
        yield _note("avro-fixed-size-changed", _R, path, old, new, (old.said.get("size"), new.said.get("size")))
    if old.kind == "enum":
        yield from _symbols(old, new, path)
    if _differs(old.said, new.said, "doc"):
        yield _note("avro-doc-changed", _D, path, old, new, (old.said.get("doc"), new.said.get("doc")))


def _symbols(old: AvroType, new: AvroType, path: str) -> Iterator[Note]:
    before, after = list(old.said.get("symbols", ())), list(new.said.get("symbols", ()))
    removed = [one for one in before if one not in after]
    added = [one for one in after if one not in before]
    if removed:
        yield _note("avro-enum-symbol-removed", _R, path, old, new, (removed, None))
    if added:
        yield _note("avro-enum-symbol-added", _R, path, old, new, (None, added))
    if [one for one in before if one in after] != [one for one in after if one in before]:
        yield _note("avro-enum-reordered", _S, path, old, new, (before, after))
    if _differs(old.said, new.said, "default"):
        values = (old.said.get("default"), new.said.get("default"))
        yield _note("avro-enum-default-changed", _R, path, old, new, values)


def _field(old: AvroField, new: AvroField, path: str) -> Iterator[Note]:
    at = (old.pointer, new.pointer)
    if old.name != new.name:
        yield _field_note("avro-field-renamed", _R, path, at, (old.name, new.name))
    if _differs(old.said, new.said, "default"):
        values = (old.said.get("default"), new.said.get("default"))
        if "default" not in old.said:
            yield _field_note("avro-default-added", _S, path, at, values)
        elif "default" not in new.said:
            yield _field_note("avro-default-removed", _R, path, at, values)
        else:
            yield _field_note("avro-default-changed", _R, path, at, values)
    if set(old.aliases) != set(new.aliases):
        yield _field_note("avro-aliases-changed", _S, path, at, (list(old.aliases), list(new.aliases)))
    if old.said.get("order", "ascending") != new.said.get("order", "ascending"):
        values = (old.said.get("order"), new.said.get("order"))
        yield _field_note("avro-sort-order-changed", _D, path, at, values)
    if _differs(old.said, new.said, "doc"):
        yield _field_note("avro-doc-changed", _D, path, at, (old.said.get("doc"), new.said.get("doc")))


def _differs(old: object, new: object, name: str) -> bool:
    before = old.get(name, _NOTHING) if isinstance(old, dict) else _NOTHING
    after = new.get(name, _NOTHING) if isinstance(new, dict) else _NOTHING
    return type(before) is not type(after) or before != after


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _note(  # noqa: PLR0917 -- read as a row of a table
    rule: str, change: ChangeClass, path: str, old: AvroType, new: AvroType, values: tuple[object, object]
) -> Note:
    return _field_note(rule, change, path, (old.pointer, new.pointer), values)


def _field_note(rule: str, change: ChangeClass, path: str, at: tuple[str, str], values: tuple[object, object]) -> Note:
    return Note(rule=rule, change=change, path=path, old=at[0], new=at[1], before=values[0], after=values[1])
