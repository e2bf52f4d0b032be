"""Problem codes EAS-6xxx: what the broker and the relay refuse or cannot do."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = ()
