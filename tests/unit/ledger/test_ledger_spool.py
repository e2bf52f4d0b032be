from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from easement.ledger.encoding import MAX_RECORD_BYTES, decode
from easement.ledger.errors import EncodingError, SpoolError, SpoolFullError, SpoolLockedError
from easement.ledger.record import Record, RecordKind, Status, Step
from easement.ledger.spool import Spool, spool_files
from easement.ledger.spool_frame import Frame
from easement.ledger.spool_reader import SpoolDamage, SpoolReader


def a_record(number: int = 0, **changes: object) -> Record:
    values: dict[str, object] = {
        "id": f"id-{number}",
        "transaction_id": f"tx-{number}",
        "kind": RecordKind.REQUEST,
        "step": Step.REQUESTED,
        "status": Status.SUCCESS,
        "time_ms": 1_795_000_000_000 + number,
    }
    return Record(**{**values, **changes})  # type: ignore[arg-type]


def read_all(folder: Path, reader: SpoolReader | None = None) -> list[Record]:
    reader = reader or SpoolReader(folder)
    frames = [part[1] for part in reader.read() if not isinstance(part, SpoolDamage)]
    return [decode(data) for frame in frames for data in frame.records]


def test_what_is_appended_is_read_with_numbers(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway")
    spool.append([a_record(1), a_record(2)])
    spool.append([a_record(3)])
    records = read_all(tmp_path / "gateway")
    assert [(record.id, record.sequence) for record in records] == [("id-1", 1), ("id-2", 2), ("id-3", 3)]
    assert {record.recorder for record in records} == {spool.recorder}
    assert spool.recorder.startswith("gateway@")
    spool.close()


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    for number in range(3):
        spool = Spool(tmp_path, "relay", file_bytes=200)
        spool.append([a_record(number)])
        spool.close()
    records = read_all(tmp_path / "relay")
    assert [record.sequence for record in records] == [1, 2, 3]
    assert len({record.recorder for record in records}) == 1


@pytest.mark.parametrize("torn", [1, 20, 60, 100, 150])
def test_a_torn_tail_is_cut_and_its_numbers_are_used_again(tmp_path: Path, torn: int) -> None:
    spool = Spool(tmp_path, "gateway")
    spool.append([a_record(1)])
    spool.append([a_record(2)])
    spool.close()
    (file,) = spool_files(tmp_path / "gateway")
    os.truncate(file, file.stat().st_size - torn)
    spool = Spool(tmp_path, "gateway")
    spool.append([a_record(3)])
    assert [(record.id, record.sequence) for record in read_all(tmp_path / "gateway")][-1] == ("id-3", 2)
    spool.close()


def test_an_unfinished_frame_is_left_alone_by_the_reader(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway")
    spool.append([a_record(1)])
    (file,) = spool_files(tmp_path / "gateway")
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:50])
    reader = SpoolReader(tmp_path / "gateway")
    assert len(read_all(tmp_path / "gateway", reader)) == 1
    assert read_all(tmp_path / "gateway", reader) == []
    spool.close()


def test_damage_between_frames_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway")
    for number in range(1, 4):
        spool.append([a_record(number)])
    (file,) = spool_files(tmp_path / "gateway")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    parts = list(SpoolReader(tmp_path / "gateway").read())
    assert [type(part) is SpoolDamage for part in parts] == [False, True, False]
    spool.close()
    spool = Spool(tmp_path, "gateway")
    spool.append([a_record(4)])
    assert read_all(tmp_path / "gateway")[-1].sequence == 4
    spool.close()


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway")
    with pytest.raises(SpoolLockedError, match=f"process {os.getpid()}"):
        Spool(tmp_path, "gateway")
    spool.close()
    Spool(tmp_path, "gateway").close()


def test_a_full_spool_refuses_until_the_ledger_has_taken_files_away(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway", max_bytes=2_000, file_bytes=500)
    for number in range(5):
        spool.append([a_record(number)])
    with pytest.raises(SpoolFullError, match="ledger"):
        spool.append([a_record(number) for number in range(10)])
    reader = SpoolReader(tmp_path / "gateway")
    taken = read_all(tmp_path / "gateway", reader)
    reader.confirm()
    spool.append([a_record(99)])
    (after,) = read_all(tmp_path / "gateway", reader)
    assert after.sequence == len(taken) + 1
    spool.close()


def test_the_newest_file_with_a_frame_is_never_taken_away(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway", file_bytes=100)
    for number in range(4):
        spool.append([a_record(number)])
    reader = SpoolReader(tmp_path / "gateway")
    read_all(tmp_path / "gateway", reader)
    reader.confirm()
    assert len(spool_files(tmp_path / "gateway")) == 1
    spool.close()
    spool = Spool(tmp_path, "gateway")
    spool.append([a_record(9)])
    assert [record.sequence for record in read_all(tmp_path / "gateway", reader)] == [5]
    spool.close()


def test_no_disk_space_is_said_and_leaves_no_half_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, "gateway")
    spool.append([a_record(1)])

    def full(descriptor: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(SpoolFullError, match="free disk space"):
            spool.append([a_record(2)])
    spool.append([a_record(3)])
    assert [(record.id, record.sequence) for record in read_all(tmp_path / "gateway")] == [("id-1", 1), ("id-3", 2)]
    spool.close()


def test_resume_goes_on_after_the_last_known_frame(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway", file_bytes=300)
    for number in range(1, 6):
        spool.append([a_record(number)])
    frames = [part[1] for part in SpoolReader(tmp_path / "gateway").read() if not isinstance(part, SpoolDamage)]
    assert all(isinstance(frame, Frame) for frame in frames)
    reader = SpoolReader(tmp_path / "gateway")
    reader.resume(frozenset({frames[2].digest}))
    assert [record.sequence for record in read_all(tmp_path / "gateway", reader)] == [4, 5]
    stranger = SpoolReader(tmp_path / "gateway")
    stranger.resume(frozenset({b"x" * 32}))
    assert len(read_all(tmp_path / "gateway", stranger)) == 5
    spool.close()


def test_threads_share_a_spool_without_a_gap(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway")
    threads = [
        threading.Thread(target=lambda base=base: [spool.append([a_record(base + n)]) for n in range(25)])
        for base in (0, 100, 200)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.sequence for record in read_all(tmp_path / "gateway")] == list(range(1, 76))
    spool.close()


def test_an_oversized_record_is_shortened_and_not_lost(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway")
    spool.append([a_record(1, error="x" * 200_000, detail={"removed": tuple("y" * 3000 for _ in range(100))})])
    (record,) = read_all(tmp_path / "gateway")
    assert record.detail["shortened"] is True
    assert record.error == "x" * 500
    (file,) = spool_files(tmp_path / "gateway")
    assert file.stat().st_size < MAX_RECORD_BYTES
    spool.close()


def test_a_record_without_canonical_form_uses_up_no_number(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway")
    with pytest.raises(EncodingError, match="time_ms"):
        spool.append([a_record(1), a_record(2, time_ms=1.5)])
    with pytest.raises(EncodingError, match="retention_class"):
        spool.append([a_record(3, retention_class="../../etc")])
    spool.append([a_record(4)])
    assert [record.sequence for record in read_all(tmp_path / "gateway")] == [1]
    spool.close()


def test_a_closed_spool_and_a_bad_name_are_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gateway")
    spool.close()
    spool.close()
    with pytest.raises(SpoolError, match="closed"):
        spool.append([a_record(1)])
    for name in ("", "../x", "A", "x" * 80):
        with pytest.raises(SpoolError, match="recorder name"):
            Spool(tmp_path, name)


def test_a_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(SpoolError, match="cannot write records"):
        Spool(tmp_path / "spool", "gateway")
