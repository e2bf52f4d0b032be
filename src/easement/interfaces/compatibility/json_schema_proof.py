"""What the checks of single keywords need of a proof."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from easement.interfaces.compatibility.budget import Budget
from easement.interfaces.compatibility.json_schema_facts import Facts
from easement.interfaces.compatibility.json_schema_failure import Failure
from easement.interfaces.compatibility.json_schema_node import Node


class Proof(Protocol):
    """The part of :class:`~.json_schema_containment.Prover` that a keyword calls."""

    budget: Budget
    reads: bool

    def below(self, facts: Facts, target: Node, name: str | None, trail: tuple[str, Any]) -> Iterator[Failure]:
        """What is in the way one step inside the value."""

    def contained(self, facts: Facts, target: Node) -> tuple[Failure, ...]:
        """What is in the way at the same place."""

    def within(self, facts: Facts, node: Node) -> bool:
        """Whether nothing is in the way, whatever the policy says."""

    def impossible(self, facts: Facts) -> bool:
        """Whether no instance exists."""

    def impossible_below(self, facts: Facts) -> bool:
        """Whether no instance exists, one step inside the value."""

    def stated(self, what: str, name: str) -> Node:
        """A node that asks for a property, forbids it, or states a type."""
