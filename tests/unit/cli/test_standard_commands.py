"""standard, waivers, patterns and new --pattern, as a user types them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from easement.cli.main import app
from easement.standards.pattern_catalogue import RECOMMENDED

RUNNER = CliRunner()
HOUSE = """\
apiVersion: easement/v1
kind: Standard
metadata: {name: house, title: House rules, owner: platform}
spec:
  parameters: {technology-not-approved: {approved: [java]}}
"""


def _run(*arguments: object) -> Any:
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    folder = tmp_path / "estate"
    result = _run("new", "--pattern", "webhook", "--complete", "--out", folder)
    assert result.exit_code == 0, result.output
    return folder


@pytest.mark.parametrize("pattern", RECOMMENDED)
def test_a_complete_pattern_passes_check_as_it_is(tmp_path: Path, pattern: str) -> None:
    assert _run("new", "integration", "our-flow", "--pattern", pattern, "--complete", "--out", tmp_path).exit_code == 0
    assert (tmp_path / "our-flow.integration.yaml").exists()
    result = _run("check", tmp_path, "--strict")
    assert (result.exit_code, result.output) == (0, "No problems and no findings.\n")


@pytest.mark.parametrize(
    "arguments",
    [("System", "--complete", "--pattern", "webhook"), ("--complete",), ("integration", "--pattern", "pol")],
)
def test_new_refuses_what_fits_no_pattern(arguments: tuple[str, ...]) -> None:
    assert _run("new", *arguments).exit_code == 2


def test_a_trial_says_what_a_standard_would_stop(estate: Path, tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    file.write_text(HOUSE)
    result = _run("standard", "try", file, estate)
    assert result.exit_code == 0, result.output
    assert "house would find 2 in 4 documents." in result.output
    assert "It would stop: 2 at review." in result.output
    tree = json.loads(_run("standard", "try", file, estate, "-o", "json").stdout)
    assert [(one["rule"], one["findings"]) for one in tree["rules"]] == [("technology-not-approved", 2)]
    assert _run("standard", "try", file, estate, "--fail").exit_code == 3
    assert _run("check", estate, "--strict").exit_code == 0, "nothing was changed"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (None, 2, "there is no file"),
        ("a: b\n", 2, "no Standard document"),
        (HOUSE.replace("parameters", "parametres"), 3, "parametres"),
    ],
)
def test_a_trial_of_no_standard_says_why(estate: Path, tmp_path: Path, text: str | None, code: int, said: str) -> None:
    file = tmp_path / "house.yaml"
    if text is not None:
        file.write_text(text)
    result = _run("standard", "try", file, estate)
    assert (result.exit_code, said in result.output) == (code, True), result.output


def test_standards_are_listed_and_shown_with_who_keeps_them(estate: Path) -> None:
    (estate / "house.yaml").write_text(HOUSE)
    listed = {one["standard"]: one for one in json.loads(_run("standard", "list", estate, "-o", "json").stdout)}
    assert listed["baseline"]["rules"] >= 60
    assert (listed["baseline"]["judged"], listed["baseline"]["keeping"]) == (4, 2)
    assert listed["house"]["version"] == "1.0.0"
    assert "technology-not-approved" in _run("standard", "show", "baseline", estate).output
    assert "0 of 2" in _run("standard", "show", "baseline", estate).output
    assert _run("standard", "show", "hose", estate).exit_code == 2


def test_waivers_are_listed_as_text_json_and_csv(estate: Path) -> None:
    assert _run("waivers", estate).output == "No waivers here.\n"
    (estate / "waiver.yaml").write_text(
        "apiVersion: easement/v1\nkind: Waiver\nmetadata: {name: old, owner: platform}\n"
        "spec: {rule: no-title, at: system/orders#/metadata, reason: =Until the move., expires: 2020-01-31}\n"
    )
    result = _run("waivers", estate)
    assert result.exit_code == 3
    assert "expired  old" in result.output
    (entry,) = json.loads(_run("waivers", estate, "-o", "json").stdout)
    assert (entry["state"], entry["rule"], entry["approvers"]) == ("expired", "no-title", [])
    (row,) = csv.DictReader(io.StringIO(_run("waivers", estate, "-o", "csv").stdout))
    assert row["reason"].startswith("'="), "a spreadsheet would take it for a formula"
    assert _run("waivers", estate, "--state", "active").exit_code == 0
    assert _run("waivers", estate, "--state", "asleep").exit_code == 2


def test_patterns_are_listed_shown_and_chosen() -> None:
    assert len(json.loads(_run("patterns", "list", "-o", "json").stdout)) == 10
    assert "avoid: request-reply" in _run("patterns", "list").output
    assert "easement new integration NAME --pattern webhook" in _run("patterns", "show", "webhook").output
    assert _run("patterns", "show", "webhok").exit_code == 2
    chosen = json.loads(_run("patterns", "choose", "--targets", 4, "-o", "json").stdout)
    assert [one["pattern"] for one in chosen] == ["event-carried-state"]
    assert "--pattern command" in _run("patterns", "choose", "--answer", "result", "--changes").output
    assert _run("patterns", "choose", "--within", "soon").exit_code == 2


def test_a_rule_is_explained_with_its_examples_and_parameters() -> None:
    said = _run("rules", "explain", "rotation-too-slow").output
    assert "- Parameter `api-key`: Highest age of an API key. Default `P90D`." in said
    assert said.count("```yaml") == 2
    rules = {rule["id"]: rule for rule in json.loads(_run("rules", "list", "-o", "json").stdout)}
    assert rules["rotation-too-slow"]["parameters"]["api-key"]["default"] == "P90D"
