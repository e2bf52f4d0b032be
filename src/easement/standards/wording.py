"""How findings name several things at once, without ever growing long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SHOWN: Final = 5


def listing(names: Sequence[str]) -> str:
    """``a, b and 3 more``: the first few names and how many are left out."""
    shown = ", ".join(names[:_SHOWN])
    left = len(names) - _SHOWN
    return f"{shown} and {left} more" if left > 0 else shown
