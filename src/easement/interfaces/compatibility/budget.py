"""A bound on the work of one comparison, counted in steps so that the same input always ends at the same place."""

from __future__ import annotations

from typing import Final

DEFAULT_STEPS: Final = 200_000
"""All 586 schemas of one of the largest published interfaces, one of them changed, need some 93,000 steps together."""


class BudgetSpentError(Exception):
    """The comparison would need more steps than it was given. Whoever catches it treats the change as breaking."""


class Budget:
    """Steps that may still be done. One budget may serve many comparisons; it is never refilled."""

    __slots__ = ("_left", "busy", "steps")

    def __init__(self, steps: int = DEFAULT_STEPS) -> None:
        self.steps = steps
        self._left = steps
        self.busy: set[tuple[object, int]] = set()
        """What is being looked at now, to notice when a schema leads back to itself."""

    @property
    def used(self) -> int:
        """Steps done so far."""
        return self.steps - self._left

    def spend(self, steps: int = 1) -> None:
        """Count ``steps``.

        Raises:
            BudgetSpentError: nothing is left.
        """
        self._left -= steps
        if self._left < 0:
            raise BudgetSpentError(f"more than {self.steps:,} steps")
