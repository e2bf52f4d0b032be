"""Pairs of Protobuf files, each named for what it shows, compared by the real buf in one run.

Each row: a name, the body before and after, the class under ``lenient`` and under ``strict`` (None: nothing differs),
and a rule that is to be named.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from easement.interfaces.compatibility.foreign import UnreadableSchemaError
from easement.interfaces.compatibility.policy import POLICIES
from easement.interfaces.compatibility.protobuf import SOURCE_RULES, compare_protobuf, read_findings
from easement.interfaces.compatibility.verdict import Comparison
from easement.store import buf_process
from easement.store.buf_process import (
    BufCompileError,
    BufFailedError,
    BufMissingError,
    BufResult,
    buf_breaking,
    buf_program,
)  # fmt: skip

M = "message M { string id = 1; int32 n = 2; }"
K = "enum K { K_NONE = 0; K_A = 1; }"
S = "message Q {} message A {} service S { rpc Get(Q) returns (A); }"

PAIRS: list[tuple[str, str, str, str | None, str | None, str]] = [
    ("nothing", M, M, None, None, ""),
    ("blanks only", M, "message M {\n  string id = 1;\n\n  int32 n = 2; }", None, None, ""),
    ("comment added", M, f"// About M.\n{M}", "documentation", "documentation", "comment-changed"),
    ("field added", M, M.replace("}", "bool b = 3; }"), "safe", "safe", "field-added"),
    ("repeated field added", M, M.replace("}", "repeated string b = 3; }"), "safe", "safe", "field-added"),
    ("message added", M, f"{M} message X {{}}", "safe", "safe", "message-added"),
    ("nested message added", M, M.replace("}", "message X {} }"), "safe", "safe", "message-added"),
    ("enum added", M, f"{M} {K}", "safe", "safe", "enum-added"),
    ("value added", K, K.replace("}", "K_B = 2; }"), "risky", "risky", "value-added"),
    ("service added", M, f"{M} service S {{}}", "safe", "safe", "service-added"),
    ("rpc added", S, S.replace("; }", "; rpc Put(Q) returns (A); }"), "safe", "safe", "rpc-added"),
    ("field deleted", M, "message M { string id = 1; }", "breaking", "breaking",
     "field-no-delete-unless-number-reserved"),
    ("field deleted, only the number reserved", M, "message M { string id = 1; reserved 2; }", "breaking", "breaking",
     "field-no-delete-unless-name-reserved"),
    ("field deleted, only the name reserved", M, 'message M { string id = 1; reserved "n"; }', "breaking", "breaking",
     "field-no-delete-unless-number-reserved"),
    ("field deleted and reserved", M, 'message M { string id = 1; reserved 2; reserved "n"; }', "risky", "breaking",
     "field-no-delete"),
    ("value deleted", K, "enum K { K_NONE = 0; }", "breaking", "breaking",
     "enum-value-no-delete-unless-number-reserved"),
    ("value deleted and reserved", K, 'enum K { K_NONE = 0; reserved 1; reserved "K_A"; }', "risky", "breaking",
     "enum-value-no-delete"),
    ("value renamed", K, K.replace("K_A", "K_B"), "breaking", "breaking", "enum-value-same-name"),
    ("field renamed", M, M.replace("n =", "m ="), "breaking", "breaking", "field-same-name"),
    ("json name changed", M, M.replace("n = 2", 'n = 2 [json_name = "x"]'), "breaking", "breaking",
     "field-same-json-name"),
    ("field renumbered", M, M.replace("n = 2", "n = 3"), "breaking", "breaking",
     "field-no-delete-unless-number-reserved"),
    ("int32 to int64", M, M.replace("int32", "int64"), "breaking", "breaking", "field-wire-json-compatible-type"),
    ("int32 to uint32", M, M.replace("int32", "uint32"), "risky", "breaking", "field-same-type"),
    ("int32 to string", M, M.replace("int32", "string"), "breaking", "breaking", "field-wire-json-compatible-type"),
    ("int32 to sint32", M, M.replace("int32", "sint32"), "breaking", "breaking", "field-wire-json-compatible-type"),
    ("string to bytes", M, M.replace("string", "bytes"), "breaking", "breaking", "field-wire-json-compatible-type"),
    ("singular to repeated", M, M.replace("int32 n", "repeated int32 n"), "breaking", "breaking",
     "field-wire-json-compatible-cardinality"),
    ("repeated to singular", M.replace("int32 n", "repeated int32 n"), M, "breaking", "breaking",
     "field-wire-json-compatible-cardinality"),
    ("implicit to explicit presence", M, M.replace("int32 n", "optional int32 n"), "risky", "breaking",
     "field-same-cardinality"),
    ("map to repeated", "message M { map<string, int32> n = 1; }", "message M { repeated int32 n = 1; }", "breaking",
     "breaking", "field-wire-json-compatible-type"),
    ("moved into a oneof", M, "message M { string id = 1; oneof one { int32 n = 2; } }", "breaking", "breaking",
     "field-same-oneof"),
    ("moved out of a oneof", "message M { string id = 1; oneof one { int32 n = 2; } }", M, "breaking", "breaking",
     "field-same-oneof"),
    ("message deleted", f"{M} message X {{}}", M, "breaking", "breaking", "package-message-no-delete"),
    ("nested message deleted", M.replace("}", "message X {} }"), M, "breaking", "breaking",
     "package-message-no-delete"),
    ("enum deleted", f"{M} {K}", M, "breaking", "breaking", "enum-no-delete"),
    ("service deleted", f"{M} service S {{}}", M, "breaking", "breaking", "package-service-no-delete"),
    ("rpc deleted", S, S.replace("rpc Get(Q) returns (A);", ""), "breaking", "breaking", "rpc-no-delete"),
    ("rpc renamed", S, S.replace("Get", "Fetch"), "breaking", "breaking", "rpc-no-delete"),
    ("request type changed", S, S.replace("Get(Q)", "Get(A)"), "breaking", "breaking", "rpc-same-request-type"),
    ("response type changed", S, S.replace("returns (A)", "returns (Q)"), "breaking", "breaking",
     "rpc-same-response-type"),
    ("answers became a stream", S, S.replace("returns (A)", "returns (stream A)"), "breaking", "breaking",
     "rpc-same-server-streaming"),
    ("requests became a stream", S, S.replace("Get(Q)", "Get(stream Q)"), "breaking", "breaking",
     "rpc-same-client-streaming"),
    ("a call said to have no side effects", S, S.replace("(A);", "(A) { option idempotency_level = NO_SIDE_EFFECTS; }"),
     "breaking", "breaking", "rpc-same-idempotency-level"),
    ("reservation taken back", "message M { string id = 1; reserved 2; }", "message M { string id = 1; }", "breaking",
     "breaking", "reserved-message-no-delete"),
    ("go package changed", f'option go_package = "a/b"; {M}', f'option go_package = "a/c"; {M}', "risky", "breaking",
     "file-same-go-package"),
    ("field of a nested message retyped", "message M { message I { int32 a = 1; } }",
     "message M { message I { string a = 1; } }", "breaking", "breaking", "field-wire-json-compatible-type"),
]  # fmt: skip


def _files(column: int) -> dict[str, bytes]:
    return {
        f"p{number:02}.proto": f'syntax = "proto3";\npackage p{number:02};\n{pair[column]}\n'.encode()
        for number, pair in enumerate(PAIRS)
    }


@pytest.fixture(scope="module")
def result() -> BufResult:
    return buf_breaking(_files(1), _files(2))


@pytest.fixture(scope="module")
def compared(result: BufResult) -> Mapping[str, Comparison]:
    findings = read_findings(result.findings)
    old, new = json.loads(result.old_image), json.loads(result.new_image)
    return {name: compare_protobuf(findings, old, new, policy=POLICIES[name]) for name in ("lenient", "strict", "full")}


def test_there_are_enough_protobuf_pairs() -> None:
    assert len({pair[0] for pair in PAIRS}) == len(PAIRS) >= 40


@pytest.mark.parametrize("number", range(len(PAIRS)), ids=[pair[0] for pair in PAIRS])
def test_protobuf_pair(compared: Mapping[str, Comparison], number: int) -> None:
    _, _, _, lenient, strict, rule = PAIRS[number]
    for policy, expected in (("lenient", lenient), ("strict", strict), ("full", lenient)):
        found = [v for v in compared[policy].verdicts if f"p{number:02}.proto" in {v.old.file, v.new.file}]
        worst = min((v.change for v in found), key=lambda change: change.rank, default=None)
        assert (worst and worst.value) == expected, found
        assert not rule or f"protobuf-{rule}" in {v.rule for v in found}
        assert all(v.new.line and v.new.file == v.old.file for v in found)


def test_every_finding_of_buf_is_in_the_comparison(result: BufResult, compared: Mapping[str, Comparison]) -> None:
    broken = {(f.file, f.line) for f in read_findings(result.findings)}
    assert broken <= {(v.new.file, v.new.line) for v in compared["strict"].of(compared["strict"].worst)}  # type: ignore[arg-type]


def test_a_rule_of_buf_that_is_not_known_is_breaking() -> None:
    line = b'{"path": "new/a.proto", "start_line": 1, "type": "SOMETHING_NEW", "message": "It is not the same."}'
    found = compare_protobuf(read_findings(line), {}, {}, policy=POLICIES["tolerant-reader"])
    assert {(v.rule, v.change.value) for v in found.verdicts} == {("protobuf-something-new", "breaking")}


def test_source_rules_are_rules_of_the_installed_buf() -> None:
    command = [str(buf_program()), "config", "ls-breaking-rules", "--version", "v2"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    categories = {row.split()[0]: row.split("  ")[1:] for row in listed.splitlines()[1:]}
    wire = {rule for rule, parts in categories.items() if any("WIRE" in part for part in parts[:40] if part.isupper())}
    assert set(categories) >= SOURCE_RULES
    assert not SOURCE_RULES & {rule for rule in wire if "WIRE_JSON" in " ".join(categories[rule])}
    assert "RPC_NO_DELETE" not in SOURCE_RULES


@pytest.mark.parametrize("output", [b"no json", b"[]", b'{"type": 1}', b"\xff", b'{"type": "A", "start_line": "x"}'])
def test_output_that_is_not_bufs_is_refused(output: bytes) -> None:
    with pytest.raises(UnreadableSchemaError):
        read_findings(output)


def test_files_that_do_not_compile_say_where() -> None:
    with pytest.raises(BufCompileError) as caught:
        buf_breaking(
            {"a.proto": b'syntax = "proto3";'}, {"a.proto": b'syntax = "proto3";\nmessage A { nosuch x = 1; }'}
        )
    assert caught.value.side == "new"
    [found] = read_findings(caught.value.output)
    assert (found.file, found.line, found.rule) == ("a.proto", 2, "COMPILE")


@pytest.mark.parametrize("path", ["../a.proto", "/a.proto", "a/../../b.proto", "buf.yaml", "buf.gen.yaml", "a\0.proto"])
def test_no_file_is_staged_outside_or_as_configuration(path: str) -> None:
    with pytest.raises(ValueError, match="no relative path"):
        buf_breaking({path: b""}, {})


def test_an_import_from_the_machine_is_not_found() -> None:
    content = b'syntax = "proto3";\nimport "etc/hostname.proto";'
    with pytest.raises(BufCompileError):
        buf_breaking({"a.proto": content}, {"a.proto": content})


def test_a_message_that_moves_to_another_file_breaks_generated_code_only() -> None:
    head, message = b'syntax = "proto3";\npackage p;\n', b"message M {}\n"
    found = buf_breaking({"a.proto": head + message, "b.proto": head}, {"a.proto": head, "b.proto": head + message})
    findings, images = read_findings(found.findings), (json.loads(found.old_image), json.loads(found.new_image))
    for policy, worst in (("lenient", "risky"), ("strict", "breaking")):
        assert compare_protobuf(findings, *images, policy=POLICIES[policy]).worst == worst


def _stands_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "buf"
    program.write_text(f"#!{sys.executable}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(buf_process, "buf_program", lambda: program)


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stands_in(tmp_path, monkeypatch, "import time; time.sleep(600)")
    with pytest.raises(BufFailedError, match="took longer"):
        buf_breaking({}, {}, timeout=0.2)


def test_a_program_that_writes_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buf_process, "MOST_OUTPUT", 100_000)
    _stands_in(tmp_path, monkeypatch, "import os\nwhile True: os.write(1, b'x' * 4096)")
    with pytest.raises((BufFailedError, BufCompileError)):
        buf_breaking({}, {}, timeout=20)


def test_a_program_gets_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUF_TOKEN", "a-secret")
    _stands_in(tmp_path, monkeypatch, "import json, os; print(json.dumps(dict(os.environ)))")
    said = json.loads(buf_breaking({}, {}).findings)
    assert "BUF_TOKEN" not in said
    assert said["HTTPS_PROXY"] == "http://127.0.0.1:9"


def test_buf_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buf_process.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(shutil, "which", lambda *_: None)
    with pytest.raises(BufMissingError):
        buf_program()
