"""What engines for foreign schema formats share: how they say that a schema cannot be read."""

from __future__ import annotations


class UnreadableSchemaError(ValueError):
    """A schema is not what its format says. ``is_old`` tells which of the two; the text never holds its content."""

    def __init__(self, message: str, *, pointer: str = "", is_old: bool = False) -> None:
        super().__init__(message)
        self.pointer = pointer
        self.is_old = is_old
