"""Problem codes EAS-2xxx: what is wrong with an interface description."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = ()
