"""A registry with a small estate, and a ledger folder that tests fill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from easement.contract.loader import load
from easement.governance.apply import apply
from easement.governance.catalogue import Catalogue, Reading
from easement.governance.registry import Registry
from easement.ledger.record import Record
from easement.store.database import open_engine, sqlite_url
from easement.store.migrate import upgrade
from easement.testing.ledger_folder import LedgerFolder
from easement.testing.records import MOMENT_MS
from easement.testing.small_estate import small_files

NOW = datetime.fromtimestamp(MOMENT_MS / 1000, UTC)


@dataclass
class Stand:
    """Registry, ledger and clock."""

    registry: Registry
    ledger: LedgerFolder
    records: list[Record]
    moment: list[datetime] = field(default_factory=lambda: [NOW])

    def apply(self, *changed: dict[str, Any], **options: Any) -> None:
        apply(self.registry, load(small_files(*changed, **options)), "dev", base=None, prune=False, key=None)

    def read(self) -> Reading:
        return Catalogue(registry=self.registry).read()

    def see(self, *records: Record) -> None:
        self.ledger.append(list(records))
        self.ledger.settle()


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    engine = open_engine(sqlite_url(tmp_path / "control.db"))
    upgrade(engine)
    records: list[Record] = []
    moment = [NOW]
    clock: Callable[[], datetime] = lambda: moment[0]  # noqa: E731 - a field takes a callable
    registry = Registry(engine=engine, environment="development", record=records.extend, now=clock)
    ledger = LedgerFolder(tmp_path / "evidence")
    yield Stand(registry, ledger, records, moment)
    ledger.close()
    engine.dispose()
