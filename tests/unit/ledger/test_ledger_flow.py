from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from easement.ledger import log_file, service
from easement.ledger.errors import LedgerDamagedError, LedgerError, UnreadableSegmentError
from easement.ledger.files import read_evidence
from easement.ledger.query import LedgerReader, Search
from easement.ledger.record import Record, Status, Step
from easement.ledger.retention import DAY_MS, retention_days
from easement.ledger.service import Ledger, run_ledger
from easement.ledger.spool import spool_files
from easement.ledger.verdict import Verdict
from easement.store.heartbeat import read_heartbeat
from easement.testing.ledger_folder import LedgerFolder
from easement.testing.records import MOMENT_MS, a_record


def ids(folder: LedgerFolder) -> list[str]:
    return [found.record.id for found in folder.reader.records()]


def test_records_are_found_hot_and_sealed_and_each_once(ledger_folder: LedgerFolder) -> None:
    sealed = ledger_folder.seal(30)
    hot = ledger_folder.append(5)
    ledger_folder.settle()
    assert ids(ledger_folder) == [record.id for record in (*sealed, *hot)]
    assert [found.position for found in ledger_folder.reader.follow(28, 4)] == [29, 30]
    for record in (sealed[3], hot[2]):
        (found,) = ledger_folder.reader.trace(record.transaction_id)
        assert found.record.id == record.id
    assert not ledger_folder.verify().findings


def test_a_trace_is_in_the_order_of_time_over_seals(ledger_folder: LedgerFolder) -> None:
    steps = [
        a_record(transaction_id="t", correlation_id="c", step=step, time_ms=MOMENT_MS + place)
        for place, step in enumerate((Step.PUBLISHED, Step.RETRIED, Step.DELIVERED))
    ]
    ledger_folder.seal([steps[2], a_record()])
    ledger_folder.seal([steps[0]])
    ledger_folder.append([steps[1]])
    ledger_folder.settle()
    for found in (ledger_folder.reader.trace("t"), ledger_folder.reader.correlated("c")):
        assert [one.record.step for one in found] == [Step.PUBLISHED, Step.RETRIED, Step.DELIVERED]
    assert ledger_folder.reader.trace("unknown") == ()
    assert ledger_folder.reader.trace("") == ()


def test_a_trace_needs_no_index(ledger_folder: LedgerFolder) -> None:
    record = ledger_folder.seal(5)[2]
    ledger_folder.close()
    for path in ledger_folder.folder.glob("index.db*"):
        path.unlink()
    assert len(ledger_folder.reader.trace(record.transaction_id)) == 1
    ledger_folder.settle()
    assert (ledger_folder.folder / "index.db").exists()
    assert len(ledger_folder.reader.trace(record.transaction_id)) == 1


def test_search_filters_and_pages_without_loss(ledger_folder: LedgerFolder) -> None:
    made: list[Record] = []
    for batch in range(4):
        records = [
            a_record(
                time_ms=MOMENT_MS + batch * 1000 + n,
                status=Status.REFUSED if n % 3 == 0 else Status.SUCCESS,
                account=f"account-{n % 2}",
                error="Größe überschritten" if n == 5 else "",
            )
            for n in range(10)
        ]
        made += ledger_folder.append(records)
        ledger_folder.settle()
        if batch < 3:
            ledger_folder.seal()
    wanted = Search(status="refused", limit=3)
    seen: list[str] = []
    for _ in range(20):
        page = ledger_folder.reader.search(wanted)
        seen += [found.record.id for found in page.found]
        if not page.cursor:
            break
        wanted = Search(status="refused", limit=3, before=page.cursor)
    assert seen == [record.id for record in reversed(made) if record.status is Status.REFUSED]

    def count(**asked: object) -> int:
        return len(ledger_folder.reader.search(Search(**asked)).found)  # type: ignore[arg-type]

    assert count() == 40
    assert count(account="account-1") == 20
    assert count(since_ms=MOMENT_MS + 2000) == 20
    assert count(until_ms=MOMENT_MS + 1000) == 10
    assert count(text="größe ÜBER") == 4
    assert count(text="überschritten") == 4
    assert count(text="x' OR 1=1 --") == 0
    assert count(integration="none") == 0
    assert count(status="refused", account="account-0", limit=1000) == 8


def test_refusals_are_grouped_over_hot_and_sealed(ledger_folder: LedgerFolder) -> None:
    def refused(account: str, time_ms: int) -> Record:
        return a_record(status=Status.REFUSED, account=account, error_code="EAS-5301", time_ms=MOMENT_MS + time_ms)

    ledger_folder.seal([refused("mallory", 1), refused("mallory", 2), refused("shop", 3), a_record()])
    last = refused("mallory", 9)
    ledger_folder.append([last])
    ledger_folder.settle()
    mallory, shop = ledger_folder.reader.refusals()
    assert (mallory.account, mallory.count, mallory.first_ms, mallory.last_ms) == (
        "mallory", 3, MOMENT_MS + 1, MOMENT_MS + 9,
    )  # fmt: skip
    assert mallory.last_transaction_id == last.transaction_id
    assert (shop.account, shop.count) == ("shop", 1)
    assert [each.count for each in ledger_folder.reader.refusals(since_ms=MOMENT_MS + 3)] == [1, 1]


def test_a_reader_of_nothing_finds_nothing(tmp_path: Path) -> None:
    reader = LedgerReader(tmp_path)
    assert reader.search(Search()).found == ()
    assert reader.trace("x") == ()
    assert reader.follow(0) == ()
    assert reader.refusals() == ()


def test_segments_are_sealed_by_rows_by_minutes_and_by_request(ledger_folder: LedgerFolder) -> None:
    for _ in range(5):
        ledger_folder.append(500)
    ledger_folder.settle()
    assert len(ledger_folder.segments) == 2
    assert ledger_folder.ledger.hot_records == 500
    ledger_folder.now_ms += 60 * 60_000
    ledger_folder.settle()
    assert (len(ledger_folder.segments), ledger_folder.ledger.hot_records) == (3, 0)
    ledger_folder.append(1)
    service.request_seal(ledger_folder.folder)
    ledger_folder.settle()
    assert len(ledger_folder.segments) == 4
    assert not (ledger_folder.folder / "seal.request").exists()
    assert not ledger_folder.verify().findings


def test_retention_drops_whole_segments_and_leaves_a_signed_tombstone(ledger_folder: LedgerFolder) -> None:
    short = [a_record(retention_class="d30") for _ in range(3)]
    long = [a_record(retention_class="d400") for _ in range(2)]
    forever = [a_record(retention_class="hold")]
    ledger_folder.seal([*short, *long, *forever])
    assert [path.name for path in ledger_folder.segments] == [
        "00000001-d30.parquet", "00000001-d400.parquet", "00000001-hold.parquet",
    ]  # fmt: skip
    ledger_folder.now_ms += 31 * DAY_MS
    ledger_folder.settle()
    assert [path.name for path in ledger_folder.segments] == ["00000001-d400.parquet", "00000001-hold.parquet"]
    assert ledger_folder.reader.trace(short[0].transaction_id) == ()
    assert len(ids(ledger_folder)) == 3
    ledger_folder.now_ms += 10_000 * DAY_MS
    ledger_folder.settle()
    assert [found.record.id for found in ledger_folder.reader.records()] == [forever[0].id]
    report = ledger_folder.verify()
    assert (report.entries, report.segments, report.sealed_records) == (3, 1, 1)
    assert not report.findings
    assert (retention_days("d400"), retention_days("hold")) == (400, None)


def test_spool_files_are_removed_once_they_are_taken_in(ledger_folder: LedgerFolder) -> None:
    spool = ledger_folder.spool()
    spool._file_bytes = 1
    for _ in range(5):
        ledger_folder.append(1)
    ledger_folder.settle()
    assert len(spool_files(ledger_folder.config.spool_folder / "gateway")) == 1


def test_a_restart_takes_nothing_twice(ledger_folder: LedgerFolder) -> None:
    expected = [record.id for record in ledger_folder.append(10)]
    for _ in range(3):
        ledger_folder.settle()
        ledger_folder.restart()
        expected += [record.id for record in ledger_folder.append(4)]
        ledger_folder.seal()
        ledger_folder.restart()
    assert ids(ledger_folder) == expected
    assert not ledger_folder.verify().findings


STAGES = ("write_segment", "append_line", "sign", "index", "forget")


class PowerCutError(Exception):
    """Stands for the moment at which the process died."""


@pytest.mark.parametrize("stage", STAGES)
def test_a_crash_at_any_moment_of_a_seal_loses_and_doubles_nothing(
    ledger_folder: LedgerFolder, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [record.id for record in ledger_folder.seal(4)]
    expected += [record.id for record in ledger_folder.append([a_record(), a_record(retention_class="d30")])]
    ledger_folder.settle()

    def cut(*_arguments: object, **_named: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        if stage == "write_segment":
            from easement.ledger import seal

            real, calls = seal.write_segment, []

            def second_fails(*arguments: object) -> object:
                calls.append(1)
                return real(*arguments) if len(calls) == 1 else cut()  # type: ignore[arg-type]

            patch.setattr(seal, "write_segment", second_fails)
        elif stage == "append_line":
            patch.setattr(log_file.LedgerLog, "_write_line", cut)
        elif stage == "sign":
            patch.setattr(log_file.LedgerLog, "_sign", cut)
        elif stage == "index":
            patch.setattr("easement.ledger.sealed_index.SealedIndex.update", cut)
        else:
            patch.setattr("easement.ledger.hot_store.SqliteHotStore.forget", cut)
        with pytest.raises(PowerCutError):
            ledger_folder.ledger.seal(now_ms=ledger_folder.now_ms)
        assert sorted(ids(ledger_folder)) == sorted(expected) or stage == "sign"
    ledger_folder.restart()
    expected += [record.id for record in ledger_folder.append(1)]
    ledger_folder.seal()
    assert sorted(ids(ledger_folder)) == sorted(expected)
    report = ledger_folder.verify()
    assert not report.findings
    assert report.sealed_records == len(expected)


def test_a_failure_to_commit_is_tried_again(ledger_folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [record.id for record in ledger_folder.append(5)]

    def full(*_arguments: object, **_named: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    _ = ledger_folder.ledger
    with monkeypatch.context() as patch:
        patch.setattr("easement.ledger.hot_store.SqliteHotStore.add", full)
        with pytest.raises(sqlite3.OperationalError):
            ledger_folder.settle()
    ledger_folder.settle()
    assert ids(ledger_folder) == expected


def test_a_second_ledger_is_refused(ledger_folder: LedgerFolder) -> None:
    ledger_folder.settle()
    with pytest.raises(LedgerError, match="another process"):
        Ledger(ledger_folder.config, now_ms=0)


@pytest.mark.parametrize("name", ["checkpoint", "log.jsonl"])
def test_a_ledger_without_its_proof_is_not_written_over(ledger_folder: LedgerFolder, name: str) -> None:
    ledger_folder.seal(3)
    ledger_folder.close()
    (ledger_folder.folder / name).unlink()
    with pytest.raises(LedgerDamagedError, match=r"checkpoint"):
        _ = ledger_folder.ledger


def test_an_unreadable_segment_says_what_to_do(ledger_folder: LedgerFolder) -> None:
    record = ledger_folder.seal(3)[0]
    ledger_folder.segments[0].write_bytes(b"PAR1")
    with pytest.raises(UnreadableSegmentError, match="easement audit verify"):
        ledger_folder.reader.trace(record.transaction_id)


def test_a_lost_hot_store_goes_on_after_the_seals_and_shows_the_gap(ledger_folder: LedgerFolder) -> None:
    ledger_folder.seal(3)
    ledger_folder.append(2)
    ledger_folder.settle()
    ledger_folder.restart()
    ledger_folder.spool()._file_size = ledger_folder.spool()._file_bytes
    for path in ledger_folder.folder.glob("hot.db*"):
        path.unlink()
    ledger_folder.append(1)
    ledger_folder.seal()
    assert len(ids(ledger_folder)) == 6, "the spool still had them"
    assert ledger_folder.verify().verdict("completeness") is Verdict.PASS


def test_a_copy_without_write_rights_can_be_read(ledger_folder: LedgerFolder, tmp_path: Path) -> None:
    ledger_folder.seal(2)
    ledger_folder.append(1)
    ledger_folder.settle()
    ledger_folder.close()
    copy = tmp_path / "copy"
    shutil.copytree(ledger_folder.folder, copy)
    assert len(list(LedgerReader(copy).records())) == 3


def test_the_service_takes_in_seals_and_beats(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path)

    async def run() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(run_ledger(folder.config, stop))
        await asyncio.to_thread(folder.append, 50)
        for _ in range(200):
            if len(await asyncio.to_thread(ids, folder)) == 50:
                break
            await asyncio.sleep(0.05)
        beat = await asyncio.to_thread(read_heartbeat, tmp_path, "ledger")
        assert beat is not None
        assert beat["ready"] is True
        await asyncio.to_thread(folder.append, 7)
        stop.set()
        await task

    asyncio.run(run())
    assert len(ids(folder)) == 57
    assert len(folder.segments) == 1, "what is left is sealed at the end"
    folder.now_ms += 10**9
    assert folder.verify().verdict("integrity") is Verdict.PASS
    folder.close()


def test_files_that_are_only_just_being_made_hold_nothing_yet(ledger_folder: LedgerFolder) -> None:
    ledger_folder.folder.mkdir()
    for name in ("hot.db", "index.db"):
        sqlite3.connect(ledger_folder.folder / name).close()
    assert ledger_folder.reader.search(Search()).found == ()
    assert ledger_folder.reader.trace("x") == ()
    (ledger_folder.folder / "ledger.vkey").write_text("made before the rest")
    assert read_evidence(ledger_folder.folder).hot.error == ""
