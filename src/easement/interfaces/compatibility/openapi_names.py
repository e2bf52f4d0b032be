"""The names of operations as contracts spell them: see ``easement.interfaces.openapi``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from easement.interfaces.path_templates import generated_id

_MAX_LENGTH = 300


@dataclass(slots=True)
class OperationNames:
    """Gives each operation its name, the first who asks for one twice keeps it."""

    taken: set[str] = field(default_factory=set)

    def name(self, said: Any, method: str, path: str) -> tuple[str, bool]:
        """The name, and whether it is the ``operationId`` that was said."""
        text = str(said).strip() if isinstance(said, str | int | float) and not isinstance(said, bool) else ""
        is_named = bool(text) and len(text) <= _MAX_LENGTH and text.isprintable()
        wanted = text if is_named else generated_id(method, path)
        unique, count = wanted, 1
        while unique in self.taken:
            count += 1
            unique = f"{wanted}_{count}"
        self.taken.add(unique)
        return unique, is_named
