"""Problem codes EAS-7xxx: what is wrong with an identity, a key or a secret."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = ()
