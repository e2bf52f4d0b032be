"""The verdict model: what differs between two descriptions of an interface, and whom it breaks.

A schema is read by one side and written by the other. Whether a change breaks depends on which side the *consumer* of
the interface is on: a consumer that writes (a request body) is broken by what is accepted no longer, one that reads
(a response) by what is sent newly. Every verdict therefore carries its direction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

Value = Any
"""A JSON value; None where there was or is nothing (see ``Verdict.has_before`` and ``has_after`` for a JSON null)."""


class Role(StrEnum):
    """What the consumer of the interface does with the data."""

    WRITES = "writes"
    READS = "reads"


class Direction(StrEnum):
    """Which way the data goes that a change is about."""

    REQUEST = "request"
    RESPONSE = "response"
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"
    CALLBACK = "callback"
    CALLBACK_ANSWER = "callback-answer"
    WEBHOOK = "webhook"
    WEBHOOK_ANSWER = "webhook-answer"

    @property
    def role(self) -> Role:
        """The consumer's part: it writes requests, what it publishes, and its answers to callbacks and webhooks."""
        return Role.WRITES if self in _WRITTEN_BY_CONSUMER else Role.READS


_WRITTEN_BY_CONSUMER = frozenset(
    {Direction.REQUEST, Direction.PUBLISH, Direction.CALLBACK_ANSWER, Direction.WEBHOOK_ANSWER}
)


class ChangeClass(StrEnum):
    """How bad a change is, worst first."""

    BREAKING = "breaking"
    RISKY = "risky"
    SAFE = "safe"
    DOCUMENTATION = "documentation"

    @property
    def rank(self) -> int:
        """0 for breaking to 3 for documentation."""
        return list(ChangeClass).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a file: path of the file, JSON pointer (RFC 6901) inside it, line and column from 1 (0: unknown)."""

    file: str = ""
    pointer: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{where}#{self.pointer}" if where else f"#{self.pointer}"


NOWHERE = Position()


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterExample:
    """An instance that one description accepts and the other refuses, checked with an independent validator."""

    instance: Value
    accepted_by: str
    """``old`` or ``new``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One change.

    ``rule`` is a stable id such as ``request-property-became-required``. ``operation`` is what the old description
    calls the operation or channel, spelled as in the ``operations`` and ``channels`` of a contract: the
    ``operationId``, or where there is none a name made of method and path (``getOrdersByOrderId``, see
    :func:`~easement.interfaces.path_templates.generated_id`), with ``_2`` and so on where a name comes again; for
    events the key under ``channels``. A callback carries the operation that registers it, a webhook its key under
    ``webhooks``. Empty where all are hit. ``field_path`` is the dotted path inside a body (``customer.email``;
    ``lines.sku`` for items), empty where the change is about none.
    """

    rule: str
    direction: Direction
    change: ChangeClass
    explanation: str
    operation: str = ""
    field_path: str = ""
    old: Position = NOWHERE
    new: Position = NOWHERE
    before: Value = None
    after: Value = None
    has_before: bool = False
    has_after: bool = False
    counter_example: CounterExample | None = None
    too_complex: bool = False
    """The work budget ran out: held for breaking because nothing better is known."""

    @property
    def order(self) -> tuple[int, str, str, str, str]:
        """Worst first, then by place."""
        return (self.change.rank, self.operation, self.field_path, self.new.pointer or self.old.pointer, self.rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every verdict between two descriptions, worst first. Empty means: nothing that the engine reads differs."""

    verdicts: tuple[Verdict, ...] = ()

    @property
    def worst(self) -> ChangeClass | None:
        """The worst class there is, or None without a change."""
        return min((verdict.change for verdict in self.verdicts), key=lambda change: change.rank, default=None)

    @property
    def is_breaking(self) -> bool:
        """Whether anything breaks a consumer."""
        return self.worst is ChangeClass.BREAKING

    def of(self, change: ChangeClass) -> Iterator[Verdict]:
        """The verdicts of one class."""
        return (verdict for verdict in self.verdicts if verdict.change is change)

    def located(self, *, old_file: str, new_file: str) -> Comparison:
        """The same with the names of files where positions have none yet."""
        return Comparison(
            verdicts=tuple(
                replace(
                    verdict,
                    old=verdict.old if verdict.old.file else replace(verdict.old, file=old_file),
                    new=verdict.new if verdict.new.file else replace(verdict.new, file=new_file),
                )
                for verdict in self.verdicts
            )
        )


def comparison(verdicts: list[Verdict]) -> Comparison:
    """Sorted, and each verdict once."""
    unique = {(v.rule, v.direction, v.operation, v.field_path, v.old.pointer, v.new.pointer): v for v in verdicts}
    return Comparison(verdicts=tuple(sorted(unique.values(), key=lambda verdict: verdict.order)))
