"""Problem codes EAS-4xxx: what keeps an estate from being compiled into a plan."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = ()
