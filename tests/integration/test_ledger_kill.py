"""``kill -9`` of the ledger and of a recorder, again and again, while records flow."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from easement.ledger.query import LedgerReader
from easement.ledger.spool import Spool
from easement.ledger.spool_reader import SpoolDamage, SpoolReader
from easement.testing.ledger_folder import LedgerFolder
from easement.testing.records import a_record

LEDGER = """
import asyncio, sys
from pathlib import Path
from easement.ledger.service import LedgerConfig, run_ledger
root = Path(sys.argv[1])
config = LedgerConfig(spool_folder=root / "spool", folder=root / "ledger", key_folder=root / "keys",
                      heartbeat_folder=root, segment_rows=700)
asyncio.run(run_ledger(config, asyncio.Event()))
"""
RECORDER = """
import sys
from pathlib import Path
from easement.ledger.spool import Spool
from easement.testing.records import a_record
spool = Spool(Path(sys.argv[1]), "relay")
while True:
    records = [a_record() for _ in range(20)]
    spool.append(records)
    print(*(record.id for record in records), flush=True)
"""


def start(program: str, folder: Path, *, keep_output: bool = False) -> subprocess.Popen[str]:
    output = subprocess.PIPE if keep_output else subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=output, text=True)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(30)


def positions(root: Path) -> int:
    page = LedgerReader(root / "ledger").follow(0, 1) and LedgerReader(root / "ledger")
    return 0 if not page else sum(1 for _ in page.records())


def test_a_killed_ledger_loses_nothing_and_takes_nothing_twice(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", "gateway", file_bytes=100_000)
    acknowledged: list[str] = []
    for turn in range(5):
        process = start(LEDGER, tmp_path)
        for _ in range(20):
            batch = [a_record() for _ in range(50)]
            spool.append(batch)
            acknowledged += [record.id for record in batch]
            time.sleep(0.02 * turn / 4)
        deadline = time.monotonic() + 20
        while turn % 2 and time.monotonic() < deadline and positions(tmp_path) < len(acknowledged) - 300:
            time.sleep(0.05)
        kill(process)
    spool.close()
    folder = LedgerFolder(tmp_path, segment_rows=700)
    folder.settle()
    assert [found.record.id for found in folder.reader.records()] == acknowledged
    report = folder.verify()
    assert not report.has_failed
    assert report.sealed_records + report.unsealed_records == len(acknowledged)
    folder.close()


def test_a_killed_recorder_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    for _ in range(3):
        process = start(RECORDER, tmp_path, keep_output=True)
        assert process.stdout is not None
        for _ in range(30):
            acknowledged += process.stdout.readline().split()
        kill(process)
        acknowledged += process.stdout.read().split()
        process.stdout.close()
    Spool(tmp_path, "relay").close()
    parts = list(SpoolReader(tmp_path / "relay").read())
    assert not any(isinstance(part, SpoolDamage) for part in parts)
    records = [data for part in parts if not isinstance(part, SpoolDamage) for data in part[1].records]
    text = b"\n".join(records).decode()
    whole = [identifier for identifier in acknowledged if len(identifier) == 36]
    assert all(identifier in text for identifier in whole)
    assert len(records) >= len(whole)


def test_readers_beside_a_busy_ledger_see_each_record_once_and_no_false_alarm(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path)
    process = start(LEDGER, tmp_path)
    appended: list[str] = []
    deadline = time.monotonic() + 60
    try:
        for _ in range(25):
            appended += [record.id for record in folder.append(150)]
            while not (folder.folder / "checkpoint").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            found = [each.record.id for each in folder.reader.records()]
            assert found == appended[: len(found)]
            folder.now_ms = time.time_ns() // 1_000_000
            assert [finding.message for finding in folder.verify().findings if finding.verdict == "fail"] == []
    finally:
        kill(process)
        folder.close()
    assert len(folder.segments) > 1
