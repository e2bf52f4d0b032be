"""What differs between two estates, field by field: the content of ``easement plan``.

A change is destructive when it takes something away that somebody may rely on: a document, an operation or channel, a
field, a party, or room in a limit. Adding is never destructive; what adding needs is a review.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from easement.contract.documents import to_json
from easement.contract.kinds import Document
from easement.contract.values import Rate
from easement.estate.model import Estate
from easement.interfaces.model import InterfaceModel

Value = Any
"""A JSON value; None where there was or is nothing."""

_COLLECTIONS: Final[tuple[tuple[str, str], ...]] = (
    ("Team", "teams"),
    ("System", "systems"),
    ("Agreement", "agreements"),
    ("Standard", "standards"),
    ("Waiver", "waivers"),
    ("Interface", "interfaces"),
    ("Integration", "integrations"),
)
_NARROWING: Final = ("/spec/operations", "/spec/channels", "/spec/fields", "/definition")
_PARTIES: Final = frozenset({"/spec/source", "/spec/target", "/spec/interface/name", "/spec/system"})
_LIMITS: Final = frozenset({"/spec/sla/throughput/limit"})


class Action(StrEnum):
    """What happens to a document."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One place in a document, as a JSON pointer, with its value before and after (None: absent)."""

    path: str
    before: Value
    after: Value
    destructive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One document that differs. ``fields`` is empty for one that is added or removed whole."""

    action: Action
    kind: str
    name: str
    fields: tuple[FieldChange, ...] = ()
    destructive: bool = False

    @property
    def subject(self) -> str:
        """``kind/name`` in lower case, as findings have it."""
        return f"{self.kind.lower()}/{self.name}"


def changes(old: Estate, new: Estate) -> tuple[Change, ...]:
    """Every difference from ``old`` to ``new``, in the order in which documents build on each other, then by name."""
    found: list[Change] = []
    for kind, attribute in _COLLECTIONS:
        before: Mapping[str, Document] = getattr(old, attribute)
        after: Mapping[str, Document] = getattr(new, attribute)
        for name in sorted(before.keys() | after.keys()):
            parts: Iterable[FieldChange] = ()
            if kind == "Interface":
                parts = _definition_changes(old.models.get(name), new.models.get(name))
            change = _compare(kind, name, before.get(name), after.get(name), parts)
            if change is not None:
                found.append(change)
    return tuple(found)


def document_changes(before: Mapping[str, Value], after: Mapping[str, Value]) -> tuple[FieldChange, ...]:
    """What differs between two revisions of one document, field by field, as :func:`changes` has it."""
    return tuple(_field_changes("", before, after))


def _compare(
    kind: str, name: str, before: Document | None, after: Document | None, parts: Iterable[FieldChange]
) -> Change | None:
    if before is None:
        return Change(action=Action.ADDED, kind=kind, name=name)
    if after is None:
        return Change(action=Action.REMOVED, kind=kind, name=name, destructive=True)
    fields = [*([] if before == after else _field_changes("", to_json(before), to_json(after))), *parts]
    if not fields:
        return None
    return Change(
        action=Action.CHANGED,
        kind=kind,
        name=name,
        fields=tuple(fields),
        destructive=any(field.destructive for field in fields),
    )


def _field_changes(path: str, before: Value, after: Value) -> Iterator[FieldChange]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _field_changes(f"{path}/{_escaped(key)}", before.get(key), after.get(key))
        return
    yield FieldChange(path=path, before=before, after=after, destructive=_takes_away(path, before, after))


def _definition_changes(before: InterfaceModel | None, after: InterfaceModel | None) -> Iterator[FieldChange]:
    if before == after:
        return
    yield from _part_changes("operations", before.operations if before else {}, after.operations if after else {})
    yield from _part_changes("channels", before.channels if before else {}, after.channels if after else {})
    if before and after and before.definitions != after.definitions:
        names = sorted(
            name
            for name in before.definitions.keys() | after.definitions.keys()
            if before.definitions.get(name) != after.definitions.get(name)
        )
        yield FieldChange(path="/definition/schemas", before=None, after=names, destructive=False)


def _part_changes(part: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[FieldChange]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        word = "changed" if old is not None and new is not None else None
        yield FieldChange(
            path=f"/definition/{part}/{_escaped(name)}",
            before=None if old is None else "present",
            after=word or (None if new is None else "present"),
            destructive=new is None,
        )


def _takes_away(path: str, before: Value, after: Value) -> bool:
    if path in _PARTIES:
        return True
    if path in _LIMITS:
        return _lower_limit(before, after)
    if path.startswith(_NARROWING):
        return not set(_names(before)) <= set(_names(after))
    return False


def _lower_limit(before: Value, after: Value) -> bool:
    if after is None:
        return False
    return before is None or Rate.parse(after).per_second < Rate.parse(before).per_second


def _names(value: Value) -> Iterable[str]:
    if isinstance(value, Mapping):
        return [str(key) for key, handling in value.items() if handling != "drop"]
    if isinstance(value, (list, tuple)):
        return [str(item) for item in value]
    return [] if value is None else [str(value)]


def _escaped(key: str) -> str:
    """A key as a JSON pointer token (RFC 6901 §3)."""
    return key.replace("~", "~0").replace("/", "~1")
