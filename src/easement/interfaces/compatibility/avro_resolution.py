"""Whether a reader's Avro schema reads everything that a writer's schema writes, and where not.

Source: Apache Avro 1.12 specification, "Schema Resolution", with the matching of decimals of its "Logical Types".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from easement.interfaces.compatibility.avro_schema import AvroField, AvroType
from easement.interfaces.compatibility.budget import Budget

PROMOTIONS: Final = frozenset(
    {
        ("int", "long"), ("int", "float"), ("int", "double"), ("long", "float"), ("long", "double"),
        ("float", "double"), ("string", "bytes"), ("bytes", "string"),
    }
)  # fmt: skip
"""Pairs (writer, reader) of different types that resolve."""

Mismatches = tuple["Mismatch", ...]


class Fault(StrEnum):
    """Why a reader cannot read what is written."""

    TYPE = "type"
    NAME = "name"
    SIZE = "size"
    SYMBOL = "symbol"
    BRANCH = "branch"
    NO_DEFAULT = "no-default"
    DECIMAL = "decimal"
    UNIT = "unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One fault with its place in both schemas. ``path`` is dotted and passes through arrays, maps and unions."""

    fault: Fault
    path: str
    reader: str
    writer: str
    reader_said: object
    writer_said: object


class Resolution:
    """Finds every mismatch of pairs of types; one object serves one pair of schemas."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._known: dict[tuple[int, int], Mismatches] = {}
        self._open: set[tuple[int, int]] = set()

    def mismatches(self, reader: AvroType, writer: AvroType) -> Mismatches:
        """What the reader cannot read; a pair inside of itself is taken to hold, as a recursive type asks.

        Raises :class:`~easement.interfaces.compatibility.budget.BudgetSpentError`.
        """
        pair = (id(reader), id(writer))
        self._budget.spend()
        if pair in self._open:
            return ()
        if pair not in self._known:
            before = len(self._known)
            self._open.add(pair)
            found = tuple(self._found(reader, writer))
            self._open.discard(pair)
            self._budget.spend(len(found))
            if found:
                self._forget_assumed(before)
            self._known[pair] = found
        return self._known[pair]

    def _forget_assumed(self, before: int) -> None:
        """Pairs that were found to hold while an outer one was assumed to: it does not, so neither may they."""
        for pair in [pair for pair in list(self._known)[before:] if not self._known[pair]]:
            del self._known[pair]

    def _found(self, reader: AvroType, writer: AvroType) -> Iterator[Mismatch]:
        if writer.kind == "union":
            for branch in writer.branches:
                yield from self._branch(reader, branch)
        elif reader.kind == "union":
            yield from self._branch(reader, writer)
        elif reader.kind != writer.kind:
            if (writer.kind, reader.kind) not in PROMOTIONS:
                yield _mismatch(Fault.TYPE, reader, writer, reader.title, writer.title)
        else:
            yield from self._same_kind(reader, writer)

    def _branch(self, reader: AvroType, branch: AvroType) -> Iterator[Mismatch]:
        """One thing that may be written: some alternative of the reader must read it."""
        if any(not self.mismatches(one, branch) for one in reader.alternatives):
            return
        if twin := twin_of(branch, reader.alternatives):
            yield from self.mismatches(twin, branch)
            return
        readable = [one.title for one in reader.alternatives]
        yield _mismatch(Fault.BRANCH, reader, branch, readable, branch.title)

    def _same_kind(self, reader: AvroType, writer: AvroType) -> Iterator[Mismatch]:
        if reader.fullname and not is_called(reader, writer):
            yield _mismatch(Fault.NAME, reader, writer, reader.fullname, writer.fullname)
        yield from _logical(reader, writer)
        match reader.kind:
            case "record":
                yield from self._record(reader, writer)
            case "enum":
                yield from _enum(reader, writer)
            case "fixed" if reader.said.get("size") != writer.said.get("size"):
                yield _mismatch(Fault.SIZE, reader, writer, reader.said.get("size"), writer.said.get("size"))
            case "array" | "map" if reader.element and writer.element:
                yield from self.mismatches(reader.element, writer.element)

    def _record(self, reader: AvroType, writer: AvroType) -> Iterator[Mismatch]:
        for wanted in reader.fields:
            written = written_field(wanted, writer)
            if written is None:
                if "default" not in wanted.said:
                    yield Mismatch(
                        fault=Fault.NO_DEFAULT, path=wanted.name, reader=wanted.pointer, writer=writer.pointer,
                        reader_said=wanted.name, writer_said=None,
                    )  # fmt: skip
                continue
            for inner in self.mismatches(wanted.type, written.type):
                yield replace(inner, path=f"{wanted.name}.{inner.path}" if inner.path else wanted.name)


def twin_of(one: AvroType, others: tuple[AvroType, ...]) -> AvroType | None:
    """The alternative that is meant to be the same: of the same kind, and of the same name where it has one."""
    return next(
        (
            other
            for other in others
            if other.kind == one.kind and (not one.fullname or is_called(other, one) or is_called(one, other))
        ),
        None,
    )


def is_called(reader: AvroType, writer: AvroType) -> bool:
    """Whether the reader goes by the writer's name: the same without namespace, or an alias."""
    return reader.name == writer.name or writer.fullname in reader.aliases


def written_field(wanted: AvroField, writer: AvroType) -> AvroField | None:
    """The writer's field that the reader's takes its value from: by name, else by alias."""
    by_name = {field.name: field for field in writer.fields}
    return next((by_name[name] for name in (wanted.name, *wanted.aliases) if name in by_name), None)


def _enum(reader: AvroType, writer: AvroType) -> Iterator[Mismatch]:
    known = set(reader.said.get("symbols", ()))
    unknown = [symbol for symbol in writer.said.get("symbols", ()) if symbol not in known]
    if unknown and reader.said.get("default") not in known:
        yield _mismatch(Fault.SYMBOL, reader, writer, sorted(known), unknown)


def _logical(reader: AvroType, writer: AvroType) -> Iterator[Mismatch]:
    read, written = reader.said.get("logicalType"), writer.said.get("logicalType")
    if not isinstance(read, str) or not isinstance(written, str):
        return
    if read != written:
        yield _mismatch(Fault.UNIT, reader, writer, read, written)
    elif read == "decimal":
        narrower = _number(reader, "precision") < _number(writer, "precision")
        if narrower or _number(reader, "scale") != _number(writer, "scale"):
            yield _mismatch(Fault.DECIMAL, reader, writer, _decimal(reader), _decimal(writer))


def _decimal(one: AvroType) -> str:
    return f"decimal({_number(one, 'precision')}, {_number(one, 'scale')})"


def _number(one: AvroType, name: str) -> int:
    value = one.said.get(name, 0)
    return value if isinstance(value, int) else 0


def _mismatch(fault: Fault, reader: AvroType, writer: AvroType, read: object, written: object) -> Mismatch:
    return Mismatch(
        fault=fault, path="", reader=reader.pointer, writer=writer.pointer, reader_said=read, writer_said=written
    )
