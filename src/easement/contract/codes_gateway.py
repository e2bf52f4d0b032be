"""Problem codes EAS-5xxx: what the gateway refuses or cannot do."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = ()
