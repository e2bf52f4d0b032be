"""Problem codes EAS-8xxx: what is wrong with records, segments and checkpoints."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = ()
