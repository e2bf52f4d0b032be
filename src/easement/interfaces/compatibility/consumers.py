"""Whom a change breaks: the verdicts between two descriptions, held against what each consumer uses.

* A consumer is hit by a verdict about an operation or channel that its contract names, or about all of them.
* What it *writes* it may fill in as the description allows, so a breaking verdict about a request, a published message
  or an answer to a callback hits whoever calls the operation, whatever fields its contract lists.
* What it *reads* of a response or a message is cut down to the fields of its contract before it arrives: a verdict
  about another field cannot reach it.
* A breaking verdict that hits nobody stays breaking; :attr:`Impact.unnoticed` says that it breaks nobody today.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from easement.interfaces.compatibility.verdict import ChangeClass, Comparison, Direction, Verdict

_CUT_TO_CONTRACT: Final = frozenset({Direction.RESPONSE, Direction.SUBSCRIBE})
_NEVER_ARRIVES: Final = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one integration uses of an interface. ``fields`` maps each declared path to what happens to it.

    A declared path covers what is below it; one whose handling is ``drop`` never arrives.
    """

    integration: str
    consumer: str
    operations: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    fields: Mapping[str, str] = field(default_factory=dict)

    def names(self, operation: str) -> bool:
        """Whether the contract names this operation or channel; every contract is meant by an empty name."""
        return not operation or operation in self.operations or operation in self.channels

    def sees(self, path: str) -> bool:
        """Whether a field, something below it or something around it reaches the consumer."""
        return any(
            _covers(declared, path) or _covers(path, declared)
            for declared, handling in self.fields.items()
            if handling != _NEVER_ARRIVES
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A verdict that reaches a consumer, with the reason in a sentence."""

    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerVerdict:
    """What a change means to one consumer. ``hits`` are the breaking verdicts and then the risky ones."""

    use: Use
    hits: tuple[Hit, ...] = ()

    @property
    def breaking(self) -> tuple[Hit, ...]:
        """What breaks it."""
        return tuple(hit for hit in self.hits if hit.verdict.change is ChangeClass.BREAKING)

    @property
    def breaks(self) -> bool:
        """Whether anything breaks it."""
        return bool(self.breaking)


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """Every consumer with what hits it, and the breaking verdicts that hit nobody."""

    consumers: tuple[ConsumerVerdict, ...]
    unnoticed: tuple[Verdict, ...]

    @property
    def broken(self) -> tuple[ConsumerVerdict, ...]:
        """The consumers that break."""
        return tuple(consumer for consumer in self.consumers if consumer.breaks)


def consumer_verdicts(comparison: Comparison, uses: Iterable[Use]) -> tuple[ConsumerVerdict, ...]:
    """One verdict for each use, sorted by integration; one without hits is not affected."""
    serious = [
        verdict for verdict in comparison.verdicts if verdict.change in {ChangeClass.BREAKING, ChangeClass.RISKY}
    ]
    return tuple(
        ConsumerVerdict(use=use, hits=tuple(hit for verdict in serious if (hit := _hit(verdict, use)) is not None))
        for use in sorted(uses, key=lambda use: use.integration)
    )


def impact_on(comparison: Comparison, uses: Iterable[Use]) -> Impact:
    """Who is hit by what, and which breaking changes nobody notices."""
    consumers = consumer_verdicts(comparison, uses)
    noticed = {id(hit.verdict) for consumer in consumers for hit in consumer.hits}
    unnoticed = tuple(verdict for verdict in comparison.of(ChangeClass.BREAKING) if id(verdict) not in noticed)
    return Impact(consumers=consumers, unnoticed=unnoticed)


def _hit(verdict: Verdict, use: Use) -> Hit | None:
    if not use.names(verdict.operation):
        return None
    where = f"uses {verdict.operation}" if verdict.operation else "uses the interface"
    if verdict.direction not in _CUT_TO_CONTRACT or not verdict.field_path:
        return Hit(verdict=verdict, why=f"{use.consumer} {where}")
    if not use.sees(verdict.field_path):
        return None
    return Hit(verdict=verdict, why=f"{use.consumer} {where} and receives {verdict.field_path}")


def _covers(branch: str, path: str) -> bool:
    return path == branch or path.startswith(f"{branch}.")
