"""What somebody with write access to the files, but without the signing key, may try."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from easement.ledger.checkpoint import Checkpoint, Signer
from easement.ledger.encoding import decode, encode
from easement.ledger.entries import Seal, decode_entry, encode_entry
from easement.ledger.errors import LedgerDamagedError
from easement.ledger.layout import SEARCH_COLUMNS
from easement.ledger.merkle import leaf_hash, root
from easement.ledger.segments import SegmentRows, bodies_of, write_segment
from easement.ledger.spool import spool_files
from easement.ledger.spool_frame import Frame, read_frames, write_frame
from easement.ledger.verdict import Report, Verdict
from easement.testing.ledger_folder import LedgerFolder
from easement.testing.records import a_record


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[LedgerFolder]:
    """Two sealed segments and a few unsealed rows."""
    folder = LedgerFolder(tmp_path / "data")
    folder.seal(40)
    folder.seal(30)
    folder.append(5)
    folder.settle()
    yield folder
    folder.close()


def failing(report: Report, area: str) -> list[str]:
    return [
        f"{finding.place}: {finding.message}"
        for finding in report.findings
        if finding.area == area and finding.verdict is Verdict.FAIL
    ]


def test_an_honest_ledger_passes(sealed: LedgerFolder) -> None:
    assert sealed.verify().findings == ()


@pytest.fixture(scope="module")
def one_segment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerFolder]:
    folder = LedgerFolder(tmp_path_factory.mktemp("one"))
    folder.seal(20)
    yield folder
    folder.close()


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_of_a_segment_is_found_and_the_file_is_named(
    one_segment: LedgerFolder, data: st.DataObject
) -> None:
    (segment,) = one_segment.segments
    honest = segment.read_bytes()
    damaged = bytearray(honest)
    damaged[data.draw(st.integers(0, len(honest) - 1))] ^= data.draw(st.integers(1, 255))
    segment.write_bytes(damaged)
    try:
        report = one_segment.verify()
    finally:
        segment.write_bytes(honest)
    assert any(place.startswith(segment.name) for place in failing(report, "integrity"))


@pytest.mark.parametrize("name", ["log.jsonl", "checkpoint", "segments/00000001-d400.leaves"])
def test_any_changed_byte_of_the_proof_is_found(one_segment: LedgerFolder, name: str) -> None:
    path = one_segment.folder / name
    honest = path.read_bytes()
    for place in random.Random(7).sample(range(len(honest) - 1), min(60, len(honest) - 1)):
        damaged = bytearray(honest)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        try:
            report = one_segment.verify()
        finally:
            path.write_bytes(honest)
        assert failing(report, "integrity"), f"byte {place} of {name}"


@pytest.mark.parametrize("kept", [0, 4, 5_000])
def test_a_cut_or_emptied_segment_is_found(sealed: LedgerFolder, kept: int) -> None:
    segment = sealed.segments[0]
    segment.write_bytes(segment.read_bytes()[:kept])
    (finding,) = failing(sealed.verify(), "integrity")
    assert finding.startswith("00000001-d400.parquet")


def rewrite(folder: LedgerFolder, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Make the first segment anew out of changed rows, with the product's own writer."""
    entry = decode_entry((folder.folder / "log.jsonl").read_bytes().split(b"\n")[0])
    assert isinstance(entry, Seal)
    rows = SegmentRows()
    for position, body in enumerate(change(list(bodies_of(folder.segments[0]))), start=1):
        rows.add(position, body, decode(body).time_ms)
    facts = write_segment(folder.folder / "segments", 1, "d400", rows)
    _FORGED[folder.root] = encode_entry(
        Seal(
            number=1,
            time_ms=entry.time_ms,
            through=entry.through,
            segments=(facts,),
            recorders=entry.recorders,
        )
    )


_FORGED: dict[Path, bytes] = {}


def edited(bodies: list[bytes]) -> list[bytes]:
    return [body.replace(b'"GET /orders', b'"PUT /orders') if place == 6 else body for place, body in enumerate(bodies)]


def test_an_edited_row_is_named_though_the_file_was_made_anew(sealed: LedgerFolder) -> None:
    leaves = (sealed.folder / "segments" / "00000001-d400.leaves").read_bytes()
    rewrite(sealed, edited)
    (sealed.folder / "segments" / "00000001-d400.leaves").write_bytes(leaves)
    (finding,) = failing(sealed.verify(), "integrity")
    victim = decode(list(bodies_of(sealed.segments[0]))[6])
    assert finding == f"00000001-d400.parquet row 7 record {victim.id}: the record is not the one that was sealed"


def test_an_edited_row_with_new_hashes_is_found_without_the_key(sealed: LedgerFolder) -> None:
    rewrite(sealed, edited)
    assert any("00000001-d400.parquet" in place for place in failing(sealed.verify(), "integrity"))
    lines = (sealed.folder / "log.jsonl").read_bytes().split(b"\n")
    (sealed.folder / "log.jsonl").write_bytes(b"\n".join([_FORGED[sealed.root], *lines[1:]]))
    assert failing(sealed.verify(), "integrity") == ["log.jsonl: one of its 2 lines is not the one that was signed"]


def test_a_ledger_signed_anew_with_a_key_of_their_own_is_found_by_the_kept_key(sealed: LedgerFolder) -> None:
    true_key = (sealed.folder / "ledger.vkey").read_text()
    forger = Signer(true_key.split("+")[0], Ed25519PrivateKey.generate())
    rewrite(sealed, edited)
    lines = [_FORGED[sealed.root], *(sealed.folder / "log.jsonl").read_bytes().split(b"\n")[1:-1]]
    (sealed.folder / "log.jsonl").write_bytes(b"\n".join([*lines, b""]))
    forged = Checkpoint(
        origin=forger.name, size=2, root=root([leaf_hash(line) for line in lines]), time_ms=sealed.now_ms
    )
    (sealed.folder / "checkpoint").write_bytes(forger.sign(forged))
    (sealed.folder / "ledger.vkey").write_text(forger.verify_key)
    assert any("checkpoint" in place for place in failing(sealed.verify(verify_key=true_key), "integrity"))
    sealed.restart()
    with pytest.raises(LedgerDamagedError):
        _ = sealed.ledger


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda bodies: bodies[:-1], id="last-row-removed"),
        pytest.param(lambda bodies: bodies[1:], id="first-row-removed"),
        pytest.param(lambda bodies: [*bodies, bodies[-1]], id="row-added"),
        pytest.param(lambda bodies: [bodies[1], bodies[0], *bodies[2:]], id="rows-swapped"),
    ],
)
def test_rows_removed_added_or_moved_are_found(
    sealed: LedgerFolder, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    rewrite(sealed, change)
    assert any(place.startswith("00000001-d400.parquet") for place in failing(sealed.verify(), "integrity"))


def test_segments_in_each_others_place_are_found(sealed: LedgerFolder) -> None:
    one, two = sealed.segments
    first = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(first)
    places = failing(sealed.verify(), "integrity")
    assert any(place.startswith(one.name) for place in places)
    assert any(place.startswith(two.name) for place in places)


def test_a_stolen_segment_is_told_from_a_dropped_one(sealed: LedgerFolder) -> None:
    sealed.segments[1].unlink()
    assert failing(sealed.verify(), "integrity") == [
        "00000002-d400.parquet: the segment is missing: 30 records are gone without a tombstone"
    ]


def test_a_cut_tail_of_the_log_is_found(sealed: LedgerFolder) -> None:
    lines = (sealed.folder / "log.jsonl").read_bytes().split(b"\n")
    (sealed.folder / "log.jsonl").write_bytes(lines[0] + b"\n")
    assert "log.jsonl row 2: it was cut: the checkpoint signs 2 entries, 1 are there" in failing(
        sealed.verify(), "integrity"
    )
    sealed.restart()
    with pytest.raises(LedgerDamagedError, match="does not fit its checkpoint"):
        _ = sealed.ledger


def roll_back(folder: LedgerFolder, saved: Path) -> None:
    folder.close()
    shutil.rmtree(folder.folder)
    shutil.copytree(saved, folder.folder)


def test_a_rolled_back_checkpoint_and_log_are_found_by_the_unsealed_rows(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "data")
    folder.seal(10)
    old = {name: (folder.folder / name).read_bytes() for name in ("log.jsonl", "checkpoint")}
    folder.seal(10)
    folder.append(1)
    folder.settle()
    for name, content in old.items():
        (folder.folder / name).write_bytes(content)
    assert "log.jsonl: it was rolled back: rows up to 20 were sealed, it ends at 10" in failing(
        folder.verify(), "completeness"
    )
    folder.close()


def test_a_ledger_rolled_back_as_a_whole_is_found_by_the_spool_and_by_a_kept_checkpoint(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "data")
    folder.seal(10)
    folder.close()
    shutil.copytree(folder.folder, tmp_path / "saved")
    for _ in range(3):
        folder.spool()._file_bytes = 1
        folder.seal(10)
    kept = (folder.folder / "checkpoint").read_bytes()
    roll_back(folder, tmp_path / "saved")
    report = folder.verify()
    assert failing(report, "integrity") == []
    (finding,) = failing(report, "completeness")
    assert "numbers 11 to 30" in finding
    assert failing(folder.verify(kept={"kept": kept}), "integrity") == [
        "log.jsonl: it was rolled back: kept signs 4 entries, 1 are there"
    ]


def test_a_log_rewritten_by_the_holder_of_the_key_is_found_by_a_kept_checkpoint(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "data")
    folder.seal(10)
    kept = (folder.folder / "checkpoint").read_bytes()
    folder.close()
    shutil.rmtree(folder.folder)
    shutil.rmtree(folder.config.spool_folder)
    folder.seal(10)
    assert not folder.verify().has_failed
    (finding,) = failing(folder.verify(kept={"kept": kept}), "integrity")
    assert "rewritten" in finding
    folder.close()


def test_a_stale_checkpoint_is_doubted_and_fails_on_demand(sealed: LedgerFolder) -> None:
    sealed.now_ms += 3_600_000
    report = sealed.verify()
    assert report.verdict("freshness") is Verdict.WARN
    assert not report.has_failed
    assert sealed.verify(max_age_ms=60_000).verdict("freshness") is Verdict.FAIL


def test_a_premature_tombstone_is_found(sealed: LedgerFolder) -> None:
    from easement.ledger.entries import Tombstone

    facts = sealed.ledger._log.state.kept[0]
    sealed.ledger._log.append(
        Tombstone(time_ms=sealed.now_ms, reason="cleaning up", segments=(facts,)), now_ms=sealed.now_ms
    )
    (finding,) = failing(sealed.verify(), "completeness")
    assert "40 records were dropped before their class d400 allows" in finding


def hot(folder: LedgerFolder, statement: str) -> None:
    with sqlite3.connect(folder.folder / "hot.db") as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE records SET body = replace(body, 'GET', 'PUT') WHERE position = 73", "one of them is not the one"),
        ("UPDATE records SET status = 'refused' WHERE position = 73", "columns status differ from the record"),
        ("DELETE FROM records WHERE position = 73", "rows 73 to 73 are missing"),
        ("DELETE FROM records WHERE position = 75", "rows were added or cut off"),
        ("INSERT INTO records SELECT 76, * FROM (SELECT body, " + ", ".join(SEARCH_COLUMNS) +
         " FROM records WHERE position = 75)", "rows were added or cut off"),
        ("DELETE FROM heads", "rows were added or cut off"),
    ],
)  # fmt: skip
def test_changed_unsealed_rows_are_found_and_never_sealed(sealed: LedgerFolder, statement: str, said: str) -> None:
    sealed.restart()
    hot(sealed, statement)
    report = sealed.verify()
    assert any(said in place for place in failing(report, "integrity") + failing(report, "completeness"))
    if "SET status" not in statement:
        with pytest.raises(LedgerDamagedError, match="unsealed"):
            _ = sealed.ledger


def test_unsealed_rows_removed_with_their_heads_are_missed(sealed: LedgerFolder) -> None:
    sealed.restart()
    hot(sealed, "DELETE FROM records")
    hot(sealed, "DELETE FROM heads")
    (finding,) = failing(sealed.verify(), "completeness")
    assert "was taken in up to 75, the ledger holds 70" in finding


def test_rows_changed_under_the_running_ledger_are_not_sealed(sealed: LedgerFolder) -> None:
    hot(sealed, "UPDATE records SET body = replace(body, 'GET', 'PUT') WHERE position = 73")
    with pytest.raises(LedgerDamagedError, match="changed since they were taken in"):
        sealed.ledger.seal(now_ms=sealed.now_ms)


def frames_of(path: Path) -> list[Frame]:
    return [part for part in read_frames(path.read_bytes()) if isinstance(part, Frame)]


def positions(folder: LedgerFolder) -> list[str]:
    return [found.record.id for found in folder.reader.records()]


def test_a_replayed_spool_batch_is_taken_once_and_noticed(sealed: LedgerFolder) -> None:
    (file,) = spool_files(sealed.config.spool_folder / "gateway")
    before = positions(sealed)
    replayed = file.read_bytes()[: frames_of(file)[0].end]
    with file.open("ab") as out:
        out.write(replayed)
    sealed.settle()
    assert positions(sealed) == before
    report = sealed.verify()
    assert not report.has_failed
    assert ["replayed" in finding.message for finding in report.findings] == [True]


@pytest.mark.parametrize("start", [71, 74, 76, 200])
def test_forged_numbers_silence_no_true_record_and_are_noticed(sealed: LedgerFolder, start: int) -> None:
    (file,) = spool_files(sealed.config.spool_folder / "gateway")
    last = frames_of(file)[-1]
    name = sealed.spool().recorder
    forged = [encode(a_record(account="mallory"), recorder=name, sequence=start + n) for n in range(5)]
    frame, _ = write_frame(forged, first_sequence=start, incarnation=last.incarnation, previous=last.digest)
    (file.parent / f"{start:020d}.spool").write_bytes(frame)
    sealed.settle()
    true = sealed.append(3)
    sealed.settle()
    assert {record.id for record in true} <= set(positions(sealed))
    assert failing(sealed.verify(), "completeness")


def test_a_forged_record_under_a_foreign_name_is_not_taken(sealed: LedgerFolder) -> None:
    folder = sealed.config.spool_folder / "stranger"
    folder.mkdir()
    body = encode(a_record(), recorder="gateway@0000", sequence=1)
    frame, _ = write_frame([body], first_sequence=1, incarnation=b"12345678", previous=bytes(32))
    (folder / f"{1:020d}.spool").write_bytes(frame)
    before = positions(sealed)
    sealed.settle()
    assert positions(sealed) == before
    assert any("damaged" in place for place in failing(sealed.verify(), "completeness"))


def test_a_lost_spool_file_shows_as_a_gap(sealed: LedgerFolder) -> None:
    sealed.spool()._file_bytes = 1
    for _ in range(3):
        sealed.append(1)
    spool_files(sealed.config.spool_folder / "gateway")[-2].unlink()
    sealed.settle()
    assert any("numbers 77 to 77" in place or "missing" in place for place in failing(sealed.verify(), "completeness"))
    sealed.ledger.seal(now_ms=sealed.now_ms)
    assert failing(sealed.verify(), "completeness"), "the gap is part of the signed seal"


def test_a_file_smuggled_among_the_segments_is_noticed_and_not_read(sealed: LedgerFolder) -> None:
    shutil.copy(sealed.segments[0], sealed.folder / "segments" / "00000003-d400.parquet")
    assert len(positions(sealed)) == 75
    assert any("no entry of the log signs it" in finding.message for finding in sealed.verify().findings)


def test_an_entry_cannot_name_a_file_outside_of_the_ledger(sealed: LedgerFolder) -> None:
    line = (sealed.folder / "log.jsonl").read_bytes().split(b"\n")[0]
    entry = json.loads(line)
    entry["segments"][0]["file"] = "../../../etc/passwd"
    with pytest.raises(LedgerDamagedError):
        decode_entry(json.dumps(entry).encode())
