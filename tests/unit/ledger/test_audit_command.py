from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from easement.cli.audit_command import app
from easement.ledger.record import Status, Step
from easement.testing.ledger_folder import LedgerFolder
from easement.testing.records import MOMENT_MS, a_record

HOSTILE = "\x1b[2Jcleared\r\n"


@pytest.fixture
def data(ledger_folder: LedgerFolder) -> LedgerFolder:
    ledger_folder.seal([
        a_record(transaction_id="tx-1", correlation_id="order-7", step=Step.PUBLISHED, time_ms=MOMENT_MS),
        a_record(transaction_id="tx-1", step=Step.DELIVERED, time_ms=MOMENT_MS + 250, status=Status.FAILED,
                 error_code="EAS-5904", error="the target did not answer", detail={"removed": ("card", "iban")}),
    ])  # fmt: skip
    refused = {"status": Status.REFUSED, "message_type": HOSTILE, "account": "=cmd()"}
    ledger_folder.append([a_record(transaction_id="tx-2", time_ms=MOMENT_MS + 500, **refused)])
    ledger_folder.settle()
    return ledger_folder


def run(folder: LedgerFolder, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*arguments, "--data", str(folder.root)])
    assert result.exit_code == code, result.output
    return result.stdout


def test_trace_prints_each_step_with_its_facts(data: LedgerFolder) -> None:
    printed = run(data, "trace", "tx-1")
    for expected in (
        "transaction tx-1", "correlation order-7", "1. 2026-11-18T11:06:40.000Z  published success",
        "2. 2026-11-18T11:06:40.250Z  delivered failed", "shop -> orders", "shop-orders INT-0001", "a" * 64, "b" * 64,
        "EAS-5904 the target did not answer", "removed=card,iban", "3.000 ms",
    ):  # fmt: skip
        assert expected in printed
    assert run(data, "trace", "order-7").startswith("transaction tx-1")
    assert json.loads(run(data, "trace", "tx-1", "-o", "json"))["records"][1]["error_code"] == "EAS-5904"


def test_a_transaction_that_is_not_there_is_said(data: LedgerFolder) -> None:
    result = CliRunner().invoke(app, ["trace", "tx-9", "--data", str(data.root)])
    assert result.exit_code == 1
    assert "no record of 'tx-9'" in result.stderr


def test_what_callers_sent_does_not_steer_the_terminal(data: LedgerFolder) -> None:
    for printed in (run(data, "search"), run(data, "trace", "tx-2")):
        assert "\x1b" not in printed
        assert "cleared" in printed


def test_search_writes_table_json_and_csv(data: LedgerFolder) -> None:
    assert len(run(data, "search", "--status", "refused").splitlines()) == 2
    assert run(data, "search", "--integration", "none") == "no records\n"
    body = json.loads(run(data, "search", "--limit", "2", "-o", "json"))
    assert [record["transaction_id"] for record in body["records"]] == ["tx-2", "tx-1"]
    rows = list(csv.DictReader(io.StringIO(run(data, "search", "-o", "csv"))))
    assert rows[0]["account"] == "'=cmd()", "no spreadsheet takes it for a formula"
    assert len(rows) == 3


def test_search_reads_times_and_refuses_others(data: LedgerFolder) -> None:
    assert len(run(data, "search", "--since", "2026-11-18T11:06:40.200Z").splitlines()) == 3
    assert run(data, "search", "--until", "2026-11-18T11:06:40Z") == "no records\n"
    result = CliRunner().invoke(app, ["search", "--since", "yesterday", "--data", str(data.root)])
    assert result.exit_code == 2
    assert "15m, 2h, 7d" in result.stderr


def test_verify_passes_and_names_the_place_of_one_changed_byte(data: LedgerFolder, tmp_path: Path) -> None:
    assert "integrity    holds" in run(data, "verify")
    key = tmp_path / "kept.vkey"
    key.write_text(run(data, "key"))
    (segment,) = data.segments
    content = bytearray(segment.read_bytes())
    content[100] ^= 1
    segment.write_bytes(content)
    printed = run(data, "verify", "--public-key", str(key), code=3)
    assert "integrity    FAILS" in printed
    assert segment.name in printed
    body = json.loads(run(data, "verify", "-o", "json", code=3))
    assert (body["passed"], body["integrity"], body["independentKey"]) == (False, "fail", False)
    assert body["findings"][0]["file"] == segment.name


def test_verify_fails_when_the_proof_is_too_old_for_the_asker(data: LedgerFolder) -> None:
    run(data, "verify", "--max-age", "1m", code=3)


def test_verify_says_what_is_wrong_with_what_it_was_given(data: LedgerFolder, tmp_path: Path) -> None:
    (tmp_path / "bad.vkey").write_text("no key")
    for arguments, said in (
        (["verify", "--public-key", str(tmp_path / "bad.vkey"), "--data", str(data.root)], "not a verifier key"),
        (["verify", "--public-key", str(tmp_path / "none"), "--data", str(data.root)], "No such file"),
        (["verify", "--max-age", "soon", "--data", str(data.root)], "not a duration"),
        (["verify", "--data", str(tmp_path / "nowhere")], "holds no ledger"),
        (["search", "--data", str(tmp_path / "nowhere")], "holds no ledger"),
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 1
        assert said in result.stderr


def test_export_writes_one_object_a_line(data: LedgerFolder) -> None:
    lines = [json.loads(line) for line in run(data, "export").splitlines()]
    assert [line["transaction_id"] for line in lines] == ["tx-1", "tx-1", "tx-2"]
    events = [json.loads(line) for line in run(data, "export", "--format", "ocsf").splitlines()]
    assert {(event["class_uid"], event["metadata"]["version"]) for event in events} == {(6003, "1.6.0")}
    assert [event["status_id"] for event in events] == [1, 2, 2]
    assert events[1]["status_detail"] == "the target did not answer"
    assert events[0]["metadata"]["correlation_uid"] == "order-7"


def test_seal_asks_the_running_ledger(data: LedgerFolder) -> None:
    run(data, "seal")
    data.settle()
    assert len(data.segments) == 2
