from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from easement.testing.ledger_folder import LedgerFolder


@pytest.fixture
def ledger_folder(tmp_path: Path) -> Iterator[LedgerFolder]:
    folder = LedgerFolder(tmp_path)
    yield folder
    folder.close()
