"""What stands in the way of one schema being contained in another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from easement.interfaces.compatibility.json_schema_facts import Facts
from easement.interfaces.compatibility.json_schema_node import Json, Node
from easement.interfaces.compatibility.policy import Open


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One keyword of the target that not every instance of the source satisfies.

    ``steps`` are the property names on the way (items and values of maps take no step); ``detail`` is what the keyword
    misses: names, values, types. ``question`` is set where the policy has the last word. ``is_sure`` is False where
    it is only that nothing could be shown. ``inside`` says that a case of a union was told apart on the way.
    """

    keyword: str
    target: Node
    source: Facts
    steps: tuple[str, ...] = ()
    trail: tuple[tuple[str, Any], ...] = ()
    detail: Json = None
    question: Open | None = None
    is_sure: bool = True
    is_too_complex: bool = False

    def under(self, name: str | None, trail: tuple[str, Any]) -> Failure:
        """The same, seen from one level up."""
        steps = (name, *self.steps) if name is not None else self.steps
        return replace(self, steps=steps, trail=(trail, *self.trail))

    @property
    def identity(self) -> tuple[Any, ...]:
        """Failures with the same identity say the same."""
        place = self.trail if self.question is Open.WRITTEN_PROPERTY_REMOVED else self.steps
        return (self.keyword, self.target, place, repr(self.detail), self.question)


def each_once(failures: list[Failure]) -> tuple[Failure, ...]:
    """Without repetitions, in order."""
    return tuple({failure.identity: failure for failure in reversed(failures)}.values())[::-1]
