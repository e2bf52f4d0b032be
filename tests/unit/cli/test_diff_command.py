"""``easement diff``: formats, forms of the report, exit status, and descriptions that try to break a report."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from easement.cli import diff_protobuf
from easement.cli.main import app
from easement.interfaces.compatibility.avro_compare import AVRO_RULES
from easement.interfaces.compatibility.report import ChangeReport, change_report
from easement.interfaces.compatibility.report_machine import as_json, as_junit, as_sarif
from easement.interfaces.compatibility.report_text import as_github, as_markdown, as_text
from easement.interfaces.compatibility.verdict import (
    ChangeClass,
    CounterExample,
    Direction,
    Position,
    Verdict,
    comparison,
)
from easement.store.buf_process import BufMissingError

DOCS = Path(__file__).parents[3] / "docs"
OLD = '{"type": "record", "name": "O", "fields": [{"name": "id", "type": "string"}]}'
NEW = OLD.replace("}]}", '}, {"name": "n", "type": "int"}]}')
EVIL = "x\n::error::y\r\n\x1b[31m]]><script>&@team|`[a](http://b)\x00\ud800%0A"


def _diff(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["diff", *arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("main.avsc").write_text(OLD)
    Path("orders.avsc").write_text(NEW)
    return tmp_path


def _evil_report() -> ChangeReport:
    verdict = Verdict(
        rule="a-rule", direction=Direction.REQUEST, change=ChangeClass.BREAKING, explanation=EVIL, operation=EVIL,
        field_path=EVIL, old=Position(file="a,b:c.yaml", pointer=EVIL, line=1, column=1), before=EVIL, has_before=True,
        new=Position(file="a,b:c.yaml", pointer=EVIL, line=2, column=1),
        counter_example=CounterExample(instance={EVIL: EVIL}, accepted_by="old"),
    )  # fmt: skip
    return change_report(comparison([verdict]), old=EVIL, new=EVIL, format_name="openapi", policy="strict")


def test_diff_ends_with_a_status_for_each_outcome(folder: Path) -> None:
    assert _diff("orders.avsc", "orders.avsc").exit_code == 0
    assert _diff("orders.avsc", "main.avsc", "--policy", "backward").exit_code == 0
    assert _diff("main.avsc", "orders.avsc").exit_code == 3
    Path("bad.avsc").write_text("{")
    assert _diff("main.avsc", "bad.avsc").exit_code == 1
    assert _diff("main.avsc", "nosuch.avsc").exit_code == 2
    assert _diff("main.avsc", "orders.avsc", "--policy", "nosuch").exit_code == 2


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.yaml", "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n", "openapi"),
        ("a.json", '{"info": {"title": "t", "version": "1"}, "swagger": "2.0", "paths": {}}', "openapi"),
        ("a.yaml", "# x\nasyncapi: 3.0.0\ninfo: {title: t, version: '1'}\n", "asyncapi"),
        ("a.json", '{"type": "object"}', "json-schema"),
        ("a.json", OLD, "avro"),
        ("a.proto", 'syntax = "proto3";\nmessage M {}\n', "protobuf"),
    ],
)
def test_diff_guesses_the_format(folder: Path, name: str, content: str, kind: str) -> None:
    Path(name).write_text(content)
    found = _diff(name, name, "-o", "json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["format"] == kind


def test_diff_of_protobuf_finds_imports_in_folders_above(folder: Path) -> None:
    for side, kind in (("old", "int32"), ("new", "string")):
        (folder / side / "shop").mkdir(parents=True)
        (folder / side / "shop/a.proto").write_text('syntax = "proto3"; import "shop/b.proto"; message A { B b = 1; }')
        (folder / side / "shop/b.proto").write_text(f'syntax = "proto3"; message B {{ {kind} x = 1; }}')
    found = _diff("old/shop/a.proto", "new/shop/a.proto")
    assert found.exit_code == 3
    assert "new new/shop/b.proto:1" in found.stdout


def test_diff_without_buf_names_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise BufMissingError("the program 'buf' is not installed")

    monkeypatch.setattr(diff_protobuf, "buf_breaking", missing)
    Path("a.proto").write_text('syntax = "proto3";')
    found = _diff("a.proto", "a.proto")
    assert found.exit_code == 1
    assert "easement[formats]" in found.stderr


def test_a_description_cannot_write_lines_of_its_own() -> None:
    report = _evil_report()
    for form in (as_text, as_github, as_markdown):
        written = form(report)
        assert not re.search(r"[\x00\x1b\r\ud800]", written)
    assert [line.split(" ")[0] for line in as_github(report).splitlines()] == ["::error", "1"]
    assert "file=a%2Cb%3Ac.yaml," in as_github(report)
    assert "%250A" in as_github(report)
    assert "::error" not in "".join(line.lstrip()[:7] for line in as_text(report).splitlines())


def test_a_description_cannot_leave_its_cell_of_a_table() -> None:
    row = next(line for line in as_markdown(_evil_report()).splitlines() if "breaking**" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert not re.search(r"<|@|https?:|(?<!\\)`|(?<!\\)\[", row)


def test_a_description_cannot_break_xml_or_json() -> None:
    suites = ET.fromstring(as_junit(_evil_report()))
    assert (suites.get("tests"), suites.get("failures"), len(list(suites.iter("testcase")))) == ("1", "1", 1)
    assert "<script>" in str(suites.find(".//failure").text)  # type: ignore[union-attr]
    assert json.loads(as_json(_evil_report()))["changes"][0]["before"] == EVIL
    assert json.loads(as_sarif(_evil_report()))["runs"][0]["results"][0]["level"] == "error"
    as_json(_evil_report()).encode()


def test_a_report_without_changes_is_a_passed_test(folder: Path) -> None:
    found = _diff("main.avsc", "main.avsc", "-o", "junit")
    assert ET.fromstring(found.stdout).get("failures") == "0"


def test_commands_of_the_guide_work(folder: Path) -> None:
    guide = (DOCS / "how-to/check-a-change-in-ci.md").read_text()
    commands = [shlex.split(line.strip()[2:]) for line in guide.splitlines() if line.strip().startswith("$ easement")]
    assert len(commands) == 4
    for command in commands:
        assert CliRunner().invoke(app, command[1:]).exit_code == 3


def test_every_avro_rule_is_explained() -> None:
    page = (DOCS / "explanation/compatibility.md").read_text()
    assert all(f"| `{rule}` |" in page for rule in AVRO_RULES)
