"""Reports: text for people, JSON, SARIF."""

from __future__ import annotations

import json

from easement.cli.problem_report import LocatedFinding, as_json, as_sarif, as_text
from easement.contract.kinds import Severity, Stage
from easement.contract.loader import load
from easement.contract.problems import Place, Problem
from easement.standards.model import Finding

PROBLEM = Problem(
    code="EAS-1201",
    message="unknown key 'ownr' in metadata",
    place=Place(file="a.yaml", line=3, column=23, path="/metadata/ownr"),
    hint="did you mean 'owner'?",
)
SOURCES = {"a.yaml": b"apiVersion: easement/v1\nkind: Team\nmetadata: {name: shop, ownr: x}\n"}


def _finding(**changes) -> LocatedFinding:
    values = {
        "rule": "no-throughput-limit",
        "title": "Every integration has a throughput limit",
        "severity": Severity.WARNING,
        "blocks": Stage.REVIEW,
        "subject": "integration/shop-reads-stock",
        "path": "/spec/sla",
        "message": "nothing limits how fast it may go",
        "remedy": "Set spec.sla.throughput.limit.",
        **changes,
    }
    place = Place(file="a b.yaml", line=7, column=1, path="/spec/sla")
    return LocatedFinding(finding=Finding(**values), place=place)


def test_text_shows_place_line_caret_and_hint():
    assert as_text([PROBLEM], sources=SOURCES) == (
        "a.yaml:3:23: error EAS-1201: unknown key 'ownr' in metadata\n"
        "     3 | metadata: {name: shop, ownr: x}\n"
        "       |                       ^\n"
        "    did you mean 'owner'?\n"
        "1 error. 'easement explain EAS-1201' says more about the first.\n"
    )


def test_the_caret_stands_under_the_column():
    _, line, caret, *_ = as_text([PROBLEM], sources=SOURCES).split("\n")
    assert line[caret.index("^") - 1 :].startswith(" ") or line[caret.index("^")] == " "
    long = b"x" * 300 + b"HERE" + b"y" * 300
    place = Place(file="a.yaml", line=1, column=301)
    _, line, caret, *_ = as_text([Problem(code="EAS-1201", message="m", place=place)], sources={"a.yaml": long}).split(
        "\n"
    )
    assert line[caret.index("^") :].startswith("HERE")
    assert len(line) < 140


def test_text_says_when_nothing_is_wrong():
    assert as_text([]) == "No problems and no findings.\n"


def test_text_puts_the_folder_before_paths_and_counts():
    text = as_text([PROBLEM], [_finding(), _finding(waived_by="our-waiver")], folder="contracts/")
    assert "contracts/a.yaml:3:23: error" in text
    assert "contracts/a b.yaml:7:1: warning no-throughput-limit" in text
    assert "(blocks review)" in text
    assert "waived by our-waiver no-throughput-limit" in text
    assert "1 error, 1 warning, 1 waived." in text


def test_colour_only_where_asked():
    assert "\x1b[" not in as_text([PROBLEM], sources=SOURCES)
    assert "\x1b[31;1merror\x1b[0m" in as_text([PROBLEM], sources=SOURCES, color=True)


def test_a_line_with_a_secret_is_not_shown():
    source = b"""apiVersion: easement/v1
kind: System
metadata: {name: shop, ownr: x, labels: {password: hunter2}}
spec: {location: {country: DE}, endpoints: {p: {url: "https://a:hunter2@x"}}}
"""
    broken = b"apiVersion: easement/v1\nkind: Team\nclientSecret: 'hunter2\n"
    files = {"a.yaml": source, "b.yaml": broken}
    bundle = load(files)
    assert len(bundle.problems) >= 4
    for text in (
        as_text(bundle.problems, sources=files),
        as_json(bundle.problems),
        as_sarif(bundle.problems),
    ):
        assert "hunter2" not in text


def test_a_file_cannot_steer_the_terminal():
    place = Place(file="\x1b[2Ja.yaml", line=1, column=1)
    problem = Problem(code="EAS-1201", message="bad \x1b]0;title\x07 key\nEVIL", place=place, hint="\u202e")
    text = as_text([problem], sources={"\x1b[2Ja.yaml": b"a: \x1b[31m\r"})
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "\nEVIL" not in text


def test_json_has_every_position():
    report = json.loads(as_json([PROBLEM], [_finding()], folder="x"))
    assert report["version"] == 1
    assert report["problems"] == [
        {
            "code": "EAS-1201",
            "severity": "error",
            "file": "x/a.yaml",
            "line": 3,
            "column": 23,
            "path": "/metadata/ownr",
            "message": PROBLEM.message,
            "hint": PROBLEM.hint,
        }
    ]
    (finding,) = report["findings"]
    assert (finding["rule"], finding["blocks"], finding["waivedBy"]) == ("no-throughput-limit", "review", "")
    assert report["summary"] == {"errors": 1, "warnings": 1, "notes": 0, "waived": 0}


def test_sarif_has_rules_results_and_suppressions():
    log = json.loads(as_sarif([PROBLEM], [_finding(), _finding(waived_by="our-waiver")], folder="x"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["EAS-1201", "no-throughput-limit"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert region["startColumn"] >= 1
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]}
    assert uris == {"x/a.yaml", "x/a%20b.yaml"}
    assert [len(result.get("suppressions", ())) for result in run["results"]].count(1) == 1


def test_sarif_of_a_whole_file_has_no_region():
    log = json.loads(as_sarif([Problem(code="EAS-1401", message="large", place=Place(file="a.yaml"))]))
    (location,) = log["runs"][0]["results"][0]["locations"]
    assert "region" not in location["physicalLocation"]
