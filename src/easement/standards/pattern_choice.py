"""The decision guide: what an integration needs, and which pattern serves it, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from easement.contract.values import Duration, Rate
from easement.standards.pattern_catalogue import CATALOGUE, IntegrationPattern

BULK: Final = Rate.parse("500/s")
"""From this rate on single calls are a burden and files are worth a look."""
SOON: Final = Duration.parse("15m")
"""What may be later than this can come in batches."""


class Answer(StrEnum):
    """What the source needs back."""

    RESULT = "result"
    ACCEPTANCE = "acceptance"
    NOTHING = "nothing"


class Start(StrEnum):
    """Which side starts the exchange: the one that has the data pushes, the one that wants it pulls."""

    PUSH = "push"
    PULL = "pull"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The answers to the guide's questions.

    ``answer``: what must come back at once. ``within``: how late the data may be. ``volume``: the usual rate.
    ``targets``: how many systems want the same. ``details``: whether targets need the data, or only that it happened.
    ``holds_connection``: whether the target can read a stream; ``files_only``: whether a side takes nothing but files.
    """

    answer: Answer = Answer.NOTHING
    start: Start = Start.PUSH
    within: Duration | None = None
    volume: Rate | None = None
    targets: int = 1
    details: bool = True
    changes_state: bool = False
    holds_connection: bool = True
    files_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One pattern that serves, and why."""

    pattern: IntegrationPattern
    why: str


def choose(need: Need) -> tuple[Choice, ...]:
    """The patterns that serve ``need``, the best first. Never empty."""
    return tuple(Choice(pattern=CATALOGUE[name], why=why) for name, why in _candidates(need))


def _candidates(need: Need) -> Iterator[tuple[str, str]]:
    if need.files_only:
        yield "batch-file", "one side takes files only"
    elif need.answer is Answer.RESULT and not need.changes_state:
        yield "request-reply", "the source needs the result to go on"
    elif need.answer is Answer.RESULT or (need.answer is Answer.ACCEPTANCE and need.targets == 1):
        yield from _commands(need)
    elif need.start is Start.PULL and need.targets == 1:
        yield from _pulls(need)
    else:
        yield from _pushes(need)


def _commands(need: Need) -> Iterator[tuple[str, str]]:
    if need.within is not None and need.within >= SOON and need.answer is Answer.ACCEPTANCE:
        yield "work-queue", f"it may take {need.within}: let it wait in a queue, not in a call"
    yield "command", "one system must act, and the source must know that it was taken"


def _pulls(need: Need) -> Iterator[tuple[str, str]]:
    if need.within is not None and need.within < SOON:
        yield "event-carried-state", f"it must be there within {need.within}: pulling that often is polling"
    if _is_bulk(need):
        yield "batch-file", f"{need.volume} is much for single calls"
    yield "scheduled-pull", "the side that wants the data starts, and it may be late"


def _pushes(need: Need) -> Iterator[tuple[str, str]]:
    if _is_bulk(need) and need.within is not None and need.within >= SOON:
        yield "batch-file", f"{need.volume} is much, and it may be {need.within} late"
    if not need.holds_connection:
        yield "webhook", "the target cannot hold a connection to its stream"
    if need.changes_state and need.targets == 1:
        yield "work-queue", "one system has to act, when it has the time"
    if not need.details:
        yield "event-notification", "targets need to know that it happened, not the data"
    reason = f"{need.targets} systems need the same data" if need.targets > 1 else "the target needs the data itself"
    yield "event-carried-state", reason


def _is_bulk(need: Need) -> bool:
    return need.volume is not None and need.volume.per_second >= BULK.per_second
