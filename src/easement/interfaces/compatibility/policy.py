"""Named policies: what counts as breaking, as data that the documentation prints.

A policy never changes what the engine can prove. It says which side has to accept what the other side sends, and how
bad a difference is that the containment of two schemas alone does not decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final, TypeVar

from easement.interfaces.compatibility.verdict import ChangeClass, Comparison, Role, comparison

Version = TypeVar("Version")


class Containment(StrEnum):
    """Which instances must stay valid."""

    BY_ROLE = "by-role"
    """What the consumer writes must still be accepted, what it reads must still be as it was promised."""
    OLD_IN_NEW = "old-in-new"
    """All that was valid stays valid: the new schema reads old data."""
    NEW_IN_OLD = "new-in-old"
    """All that is valid now was valid before: the old schema reads new data."""
    BOTH = "both"


class Open(StrEnum):
    """Differences about properties that a schema admits without naming them, and others that policies judge apart."""

    UNNAMED_BECAME_NAMED = "unnamed-became-named"
    """The sender's object was open; the receiver now says what a property of this name must be."""
    OPEN_BECAME_CLOSED = "open-became-closed"
    """The sender's object is open, the receiver's refuses properties that it does not name."""
    UNKNOWN_TO_READER = "unknown-to-reader"
    """A reader whose object is closed receives a property that it does not know."""
    READ_PROPERTY_REMOVED = "read-property-removed"
    """A property that was always or sometimes there is no longer described. The reader may rely on it."""
    WRITTEN_PROPERTY_REMOVED = "written-property-removed"
    """A property that could be written is no longer described, and still accepted."""
    READ_VALUE_ADDED = "read-value-added"
    """A reader may receive a value of an enumeration that it does not know."""
    FORMAT = "format"
    """``format`` was added or changed. JSON Schema leaves it to the validator whether that asks anything."""
    UNKNOWN_KEYWORD = "unknown-keyword"
    """A keyword that this engine does not know was added, changed or removed."""


QUESTIONS: Final[Mapping[Open, str]] = MappingProxyType(
    {
        Open.UNNAMED_BECAME_NAMED: "open object, and the other side now names a property",
        Open.OPEN_BECAME_CLOSED: "open object, and the other side now refuses what it does not name",
        Open.UNKNOWN_TO_READER: "a reader with a closed object gets a property that it does not know",
        Open.READ_PROPERTY_REMOVED: "a property that consumers read is described no longer",
        Open.WRITTEN_PROPERTY_REMOVED: "a property that consumers write is described no longer and still accepted",
        Open.READ_VALUE_ADDED: "a reader gets a value of an enumeration that it does not know",
        Open.FORMAT: "`format` added or changed",
        Open.UNKNOWN_KEYWORD: "a keyword without a known meaning differs",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How two versions are held against each other. ``judged`` has an answer for each :class:`Open`."""

    name: str
    title: str
    containment: Containment
    judged: Mapping[Open, ChangeClass]
    transitive: bool = False

    def judges(self, question: Open) -> ChangeClass:
        """The class of a difference that containment alone does not decide."""
        return self.judged[question]

    def old_in_new(self, role: Role) -> bool:
        """Whether what was valid must stay valid."""
        return self.containment in _OLD_IN_NEW or (self.containment is Containment.BY_ROLE and role is Role.WRITES)

    def new_in_old(self, role: Role) -> bool:
        """Whether what is valid now must have been valid."""
        return self.containment in _NEW_IN_OLD or (self.containment is Containment.BY_ROLE and role is Role.READS)


_OLD_IN_NEW: Final = frozenset({Containment.OLD_IN_NEW, Containment.BOTH})
_NEW_IN_OLD: Final = frozenset({Containment.NEW_IN_OLD, Containment.BOTH})
_B, _R, _S = ChangeClass.BREAKING, ChangeClass.RISKY, ChangeClass.SAFE


def _judged(*answers: ChangeClass) -> Mapping[Open, ChangeClass]:
    return MappingProxyType(dict(zip(Open, answers, strict=True)))


_REGISTRY = _judged(_B, _B, _B, _S, _S, _B, _R, _R)
_ONCE: Final = (
    Policy(
        name="strict",
        title="Every instance that was valid counts, whether anybody would send it or not.",
        containment=Containment.BY_ROLE,
        judged=_judged(_B, _B, _B, _B, _R, _B, _B, _R),
    ),
    Policy(
        name="lenient",
        title="Nobody sends properties that the schema does not name.",
        containment=Containment.BY_ROLE,
        judged=_judged(_S, _R, _B, _B, _R, _B, _R, _R),
    ),
    Policy(
        name="tolerant-reader",
        title="As lenient, and who reads ignores what it does not know.",
        containment=Containment.BY_ROLE,
        judged=_judged(_S, _R, _S, _R, _R, _R, _R, _R),
    ),
    Policy(
        name="backward",
        title="The new schema reads all data that was written under the old one.",
        containment=Containment.OLD_IN_NEW,
        judged=_REGISTRY,
    ),
    Policy(
        name="forward",
        title="The old schema reads all data that is written under the new one.",
        containment=Containment.NEW_IN_OLD,
        judged=_REGISTRY,
    ),
    Policy(
        name="full",
        title="Backward and forward.",
        containment=Containment.BOTH,
        judged=_REGISTRY,
    ),
)
POLICIES: Final[Mapping[str, Policy]] = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            *_ONCE,
            *(replace(one, name=f"{one.name}-transitive", transitive=True) for one in _ONCE),
        )
    }
)


def table() -> tuple[tuple[str, ...], ...]:
    """The decision table: a heading, then one row for each policy that is not transitive; cells are plain text."""
    heading = ("policy", "must hold", *(QUESTIONS[question] for question in Open))
    rows = tuple(
        (policy.name, _MUST_HOLD[policy.containment], *(policy.judges(question).value for question in Open))
        for policy in _ONCE
    )
    return (heading, *rows)


_MUST_HOLD: Final = {
    Containment.BY_ROLE: "written data: old in new; read data: new in old",
    Containment.OLD_IN_NEW: "old in new",
    Containment.NEW_IN_OLD: "new in old",
    Containment.BOTH: "old in new and new in old",
}


def compare_versions(
    versions: Sequence[Version], compare: Callable[[Version, Version], Comparison], policy: Policy
) -> Comparison:
    """The newest of ``versions`` (oldest first) against the one before it; against all before it if transitive."""
    found: Iterable[Comparison] = (compare(old, new) for old, new in _pairs(versions, policy))
    return comparison([verdict for one in found for verdict in one.verdicts])


def _pairs(versions: Sequence[Version], policy: Policy) -> Iterator[tuple[Version, Version]]:
    if not policy.transitive:
        yield from list(pairwise(versions))[-1:]
        return
    for old in versions[:-1]:
        yield old, versions[-1]
