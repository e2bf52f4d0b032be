"""Each line of the access log is recorded once: over restarts, rotations, torn lines and a full spool."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from easement.gateway.access_log import AccessLogReader
from easement.gateway.plan_index import NO_FACTS
from easement.ledger.encoding import decode
from easement.ledger.errors import SpoolFullError
from easement.ledger.record import Record
from easement.ledger.spool import Spool
from easement.ledger.spool_reader import SpoolDamage, SpoolReader


def entry(number: int) -> bytes:
    fields = {"start": "1795459432622", "status": 200, "transaction": f"t{number}", "method": "GET"}
    return json.dumps(fields).encode() + b"\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


class Kit:
    """One spool and readers on it, as one process after another."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder, self.log = folder, log
        self.spool = Spool(folder, "gateway")

    def reader(self, **changes: int) -> AccessLogReader:
        position = self.log.with_name("access.position")
        return AccessLogReader(
            path=self.log, position_file=position, spool=self.spool, facts=lambda _: NO_FACTS, **changes
        )

    def restart(self) -> AccessLogReader:
        self.spool.close()
        self.spool = Spool(self.folder, "gateway")
        return self.reader()

    def records(self) -> list[Record]:
        found: list[Record] = []
        for item in SpoolReader(self.folder / "gateway").read():
            assert not isinstance(item, SpoolDamage)
            found += [decode(data) for data in item[1].records]
        return found

    def transactions(self) -> list[str]:
        return [record.transaction_id for record in self.records()]


@pytest.fixture
def kit(tmp_path: Path, log: Path):
    made = Kit(tmp_path / "spool", log)
    yield made
    made.spool.close()


def test_lines_are_recorded_in_order_and_once(kit: Kit, log: Path):
    reader = kit.reader()
    log.write_bytes(entry(1) + entry(2))
    assert reader.drain() == 2
    assert reader.drain() == 0
    with log.open("ab") as more:
        more.write(entry(3))
    assert reader.drain() == 1
    assert kit.transactions() == ["t1", "t2", "t3"]


def test_no_log_yet_is_no_fault(kit: Kit):
    assert kit.reader().drain() == 0


def test_a_line_without_its_end_waits(kit: Kit, log: Path):
    reader = kit.reader()
    log.write_bytes(entry(1) + entry(2)[:10])
    assert reader.drain() == 1
    with log.open("ab") as more:
        more.write(entry(2)[10:])
    assert reader.drain() == 1
    assert kit.transactions() == ["t1", "t2"]


def test_a_restart_goes_on_where_it_was(kit: Kit, log: Path):
    log.write_bytes(entry(1))
    kit.reader().drain()
    with log.open("ab") as more:
        more.write(entry(2))
    assert kit.restart().drain() == 1
    assert kit.transactions() == ["t1", "t2"]


def test_a_crash_before_the_append_records_the_batch_afterwards(kit: Kit, log: Path, monkeypatch: pytest.MonkeyPatch):
    log.write_bytes(entry(1))
    reader = kit.reader()
    with monkeypatch.context() as patch:
        patch.setattr(kit.spool, "append", _crash)
        with pytest.raises(KeyboardInterrupt):
            reader.drain()
    assert kit.restart().drain() == 1
    assert kit.transactions() == ["t1"]


def test_a_crash_after_the_append_does_not_record_the_batch_twice(kit: Kit, log: Path, monkeypatch: pytest.MonkeyPatch):
    log.write_bytes(entry(1))
    append = kit.spool.append

    def append_and_crash(records: list[Record]) -> None:
        append(records)
        raise KeyboardInterrupt

    reader = kit.reader()
    monkeypatch.setattr(kit.spool, "append", append_and_crash)
    with pytest.raises(KeyboardInterrupt):
        reader.drain()
    assert kit.restart().drain() == 0
    assert kit.transactions() == ["t1"]


def test_a_full_spool_loses_nothing(kit: Kit, log: Path, monkeypatch: pytest.MonkeyPatch):
    def full(records: list[Record]) -> None:
        raise SpoolFullError("full")

    log.write_bytes(entry(1) + entry(2))
    reader = kit.reader()
    with monkeypatch.context() as patch:
        patch.setattr(kit.spool, "append", full)
        with pytest.raises(SpoolFullError):
            reader.drain()
    assert reader.drain() == 2
    assert kit.transactions() == ["t1", "t2"]


def test_malformed_lines_are_counted_and_recorded(kit: Kit, log: Path):
    log.write_bytes(entry(1) + b"not json\n" + b"\n" + b"\xff\xff\n" + entry(2))
    reader = kit.reader()
    assert reader.drain() == 4
    assert reader.malformed == 2
    assert [record.error_code for record in kit.records()] == ["", "EAS-5904", "EAS-5904", ""]


def test_a_line_without_end_does_not_fill_the_memory(kit: Kit, log: Path):
    log.write_bytes(b"x" * (1024 * 1024 + 10) + b"\n" + entry(1))
    reader = kit.reader()
    reader.drain()
    assert reader.malformed == 2
    assert kit.transactions()[-1] == "t1"


def test_many_lines_come_in_bounded_batches(kit: Kit, log: Path):
    log.write_bytes(b"".join(entry(number) for number in range(2500)))
    assert kit.reader().drain() == 2500
    assert kit.transactions() == [f"t{number}" for number in range(2500)]


def test_a_rotation_loses_no_line_and_repeats_none(kit: Kit, log: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("easement.gateway.access_log._SETTLED_S", 0.0)
    reader = kit.reader(rotate_bytes=10)
    log.write_bytes(entry(1))
    reader.drain()
    assert reader.rotate_if_large(lambda: True)
    old = log.with_name("access.log.1")
    with old.open("ab") as late:
        late.write(entry(2))
    log.write_bytes(entry(3))
    reader.drain()
    reader.drain()
    assert not old.exists()
    assert kit.transactions() == ["t1", "t2", "t3"]


def test_a_restart_in_the_middle_of_a_rotation_goes_on(kit: Kit, log: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("easement.gateway.access_log._SETTLED_S", 0.0)
    log.write_bytes(entry(1) + entry(2))
    reader = kit.reader(rotate_bytes=10)
    reader.drain()
    reader.rotate_if_large(lambda: True)
    log.write_bytes(entry(3))
    again = kit.restart()
    again.drain()
    again.drain()
    assert kit.transactions() == ["t1", "t2", "t3"]


def test_a_small_log_is_left_alone(kit: Kit, log: Path):
    log.write_bytes(entry(1))
    assert not kit.reader().rotate_if_large(lambda: True)


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"inode": 1, "evil": 2}'])
def test_a_damaged_position_reads_the_log_again_rather_than_skip(kit: Kit, log: Path, damage: bytes):
    log.write_bytes(entry(1))
    log.with_name("access.position").write_bytes(damage)
    assert kit.reader().drain() == 1


def _crash(records: list[Record]) -> None:
    raise KeyboardInterrupt
