"""Problem codes EAS-9xxx: what keeps a process from starting or running."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = ()
