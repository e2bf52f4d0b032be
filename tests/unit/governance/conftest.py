"""A registry on SQLite with a clock that stands and a list for records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from easement.governance.registry import Registry
from easement.ledger.record import Record
from easement.store.database import open_engine, sqlite_url
from easement.store.migrate import upgrade


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Records:
    kept: list[Record] = field(default_factory=list)
    broken: bool = False

    def __call__(self, records: Sequence[Record]) -> None:
        if self.broken:
            raise OSError("the disk is full")
        self.kept.extend(records)

    def actions(self) -> list[str]:
        return [record.message_type for record in self.kept]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def registry(tmp_path: Path, clock: Clock, records: Records) -> Iterator[Registry]:
    engine = open_engine(sqlite_url(tmp_path / "control.db"))
    upgrade(engine)
    yield Registry(engine=engine, environment="development", record=records, now=clock)
    engine.dispose()
