"""Problem codes EAS-3xxx: what is wrong between documents."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = ()
