"""Spectral rulesets in a standard: findings at the place in the description, waivable, and never silently left out."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from easement.contract.loader import load
from easement.estate.assemble import assemble
from easement.governance.entries import entries_of
from easement.standards.check import check
from easement.standards.model import Finding
from easement.testing.small_estate import document, small_files

TODAY = date(2026, 11, 23)
RULESET = """\
extends: [./more.yaml]
rules:
  say-who:
    given: $.info
    severity: error
    then: {field: contact, function: truthy}
"""
MORE = """\
rules:
  say-what: {given: $.info, severity: warn, then: {field: description, function: truthy}}
"""


def _files(ruleset: str = RULESET, **reference: Any) -> dict[str, bytes]:
    spec = {"rulesets": [{"file": "rules/ours.yaml", "blocks": "review", **reference}]}
    files = small_files(document("Standard", "house", spec))
    folder = next(name for name in files if name.startswith("standard/")).rpartition("/")[0]
    return {**files, f"{folder}/rules/ours.yaml": ruleset.encode(), f"{folder}/rules/more.yaml": MORE.encode()}


def _judged(files: dict[str, bytes]) -> list[Finding]:
    estate, _ = assemble(load(files))
    return [one for one in check(estate, TODAY) if one.standard == "house" or one.subject.startswith("waiver/")]


def test_a_ruleset_finds_at_the_place_in_the_description() -> None:
    what, who = sorted(_judged(_files()), key=lambda one: one.rule)
    assert (who.rule, who.severity, who.blocks) == ("say-who", "error", "review")
    assert (what.rule, what.severity, what.blocks) == ("say-what", "warning", "never")
    assert who.subject == "interface/stock-api@1"
    assert who.path.startswith("/spec/definition/openapi/info")
    assert "stock.json:" in who.message


def test_a_ruleset_is_for_the_interfaces_it_selects() -> None:
    assert _judged(_files(select={"owners": ["others"]})) == []


def test_a_finding_of_a_ruleset_can_be_waived() -> None:
    (who,) = [one for one in _judged(_files()) if one.rule == "say-who"]
    spec = {"rule": "say-who", "at": who.at, "reason": "Until the portal says it.", "expires": "2026-12-31"}
    waiver = document("Waiver", "accepted", spec, owner="platform")
    found = _judged({**_files(), "waiver.json": json.dumps(waiver).encode()})
    assert [one.waived_by for one in found if one.rule == "say-who"] == ["accepted"]
    assert not [one for one in found if one.subject.startswith("waiver/")]


@pytest.mark.parametrize("ruleset", ["rules: [", "rules: {a: {given: $, then: {function: nonsense}}}"])
def test_a_ruleset_that_cannot_be_read_blocks_everything(ruleset: str) -> None:
    (finding,) = _judged(_files(ruleset))
    assert finding.at == "standard/house#/spec/rulesets/0/file"
    assert (finding.severity, finding.blocks) == ("error", "check")


def test_a_ruleset_that_is_missing_blocks_everything() -> None:
    files = {name: content for name, content in _files().items() if not name.endswith("ours.yaml")}
    (finding,) = _judged(files)
    assert "there is no file rules/ours.yaml" in finding.message


def test_a_review_approves_the_rulesets_as_well() -> None:
    def revision(files: dict[str, bytes]) -> str:
        found = load(files).find("Standard", "house")
        assert found is not None
        return found.revision

    files = _files()
    changed = {name: content + b"# changed\n" * name.endswith("more.yaml") for name, content in files.items()}
    assert revision(files) == revision(dict(files))
    assert revision(changed) != revision(files)
    entry = entries_of(load(files))["Standard", "house"]
    assert {name.rpartition("/")[2] for name in entry.files} == {"ours.yaml", "more.yaml"}
