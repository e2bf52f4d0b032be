"""The report of a comparison: one model for every format of interface and every form of report. Pure.

A change that is judged alike in several directions is one entry with these directions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from easement.interfaces.compatibility.verdict import ChangeClass, Comparison, CounterExample, Position, Verdict

_SHOWN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change as people read it. ``shared`` is a verdict that it was made from; its direction is one of several."""

    directions: tuple[str, ...]
    shared: Verdict

    @property
    def rule(self) -> str:
        """The id of the rule."""
        return self.shared.rule

    @property
    def change(self) -> ChangeClass:
        """How bad it is."""
        return self.shared.change

    @property
    def explanation(self) -> str:
        """What changed, in one sentence."""
        return self.shared.explanation

    @property
    def subject(self) -> str:
        """The operation or channel and the field, as contracts spell them; empty where all are hit."""
        return " ".join(part for part in (self.shared.operation, self.shared.field_path) if part)

    @property
    def position(self) -> Position:
        """Where a reader should look first: the new file, or the old one where the new has no place for it."""
        return self.shared.new if self.shared.new.file else self.shared.old

    @property
    def counter_example(self) -> CounterExample | None:
        """An instance that one description accepts and the other refuses."""
        return self.shared.counter_example


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReport:
    """Two descriptions held against each other, and the result, worst first."""

    old: str
    new: str
    format: str
    policy: str
    entries: tuple[Entry, ...]

    @property
    def is_breaking(self) -> bool:
        """Whether anything breaks a consumer."""
        return any(entry.change is ChangeClass.BREAKING for entry in self.entries)

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of entries for each class, worst first."""
        return {change.value: sum(entry.change is change for entry in self.entries) for change in ChangeClass}

    @property
    def summary(self) -> str:
        """One line that counts."""
        said = [f"{count} {name}" for name, count in self.counts.items() if count]
        return f"{', '.join(said)} (policy {self.policy})." if said else f"Nothing differs (policy {self.policy})."


def change_report(comparison: Comparison, *, old: str, new: str, format_name: str, policy: str) -> ChangeReport:
    """The report of ``comparison`` between the descriptions that people know as ``old`` and ``new``."""
    return ChangeReport(
        old=old, new=new, format=format_name, policy=policy, entries=tuple(_entries(comparison.verdicts))
    )


def _entries(verdicts: Iterable[Verdict]) -> list[Entry]:
    alike: dict[tuple[Any, ...], list[Verdict]] = {}
    for verdict in verdicts:
        alike.setdefault(_same_to_readers(verdict), []).append(verdict)
    return [
        Entry(
            directions=tuple(sorted({one.direction.value for one in group})),
            shared=next((one for one in group if one.counter_example), group[0]),
        )
        for group in alike.values()
    ]


def _same_to_readers(verdict: Verdict) -> tuple[Any, ...]:
    return (
        verdict.rule, verdict.change, verdict.operation, verdict.field_path,
        verdict.old, verdict.new, verdict.explanation, verdict.too_complex,
    )  # fmt: skip


def plain(text: str, most: int = 2_000) -> str:
    """Text on one line, without what could steer a terminal, and not longer than ``most``."""
    shown = "".join(one if one.isprintable() else " " if one in "\t\n\r" else "?" for one in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[:most]}..."


def shown_value(value: Any) -> str:
    """A value of a description or a counter-example, short enough for one line."""
    return plain(json.dumps(value, ensure_ascii=False, default=str), _SHOWN)
