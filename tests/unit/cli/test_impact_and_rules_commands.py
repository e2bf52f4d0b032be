"""``easement impact`` and ``easement rules`` as people run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from easement.cli.impact_command import impact
from easement.cli.rules_command import app as rules_app
from easement.standards.baseline import BASELINE
from easement.standards.catalogue import catalogue

ROOT = Path(__file__).parents[3]
ESTATE = ROOT / "examples" / "meridian" / "estate"
impact_app = typer.Typer()
impact_app.command()(impact)


def run(app: typer.Typer, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_impact_shows_who_is_affected_by_which_way() -> None:
    code, text = run(impact_app, "interface/orders-events@1", str(ESTATE))
    assert code == 0
    assert "integration/orders-to-warehouse" in text
    assert "to be told: " in text


def test_impact_as_json_has_paths_and_edges() -> None:
    code, text = run(impact_app, "system/payments", str(ESTATE), "-o", "json")
    tree = json.loads(text)
    assert code == 0
    assert {"reference", "title", "owner", "criticality", "depth", "path"} == tree["affected"][0].keys()
    assert all(entry["path"][0] == "system/payments" for entry in tree["affected"])
    assert {"from": "system/payments", "to": "interface/payments-api@2", "relation": "offers"} in tree["edges"]


@pytest.mark.parametrize(("form", "start"), [("dot", "digraph impact {"), ("mermaid", "flowchart LR")])
def test_impact_draws_graphs(form: str, start: str) -> None:
    code, text = run(impact_app, "system/orders", str(ESTATE), "-o", form)
    assert code == 0
    assert text.startswith(start)
    assert "integration/orders-to-warehouse" in text


def test_impact_of_a_slip_suggests_the_name() -> None:
    code, text = run(impact_app, "system/ordres", str(ESTATE))
    assert code == 1
    assert "did you mean 'system/orders'?" in text


def test_impact_upstream_and_depth() -> None:
    code, text = run(impact_app, "integration/orders-to-warehouse", str(ESTATE), "--upstream", "--depth", "1")
    assert code == 0
    assert "interface/orders-events@1" in text
    assert "system/orders" not in text


def test_impact_refuses_to_answer_from_a_broken_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: easement/v1\nkind: Systm\nmetadata: {name: a}\n")
    code, text = run(impact_app, "system/a", str(tmp_path))
    assert code == 1
    assert "easement check" in text
    assert run(impact_app, "system/a", str(tmp_path / "nowhere"))[0] == 2


def test_rules_are_listed_and_explained() -> None:
    code, text = run(rules_app, "list")
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()] == [rule.id for rule in BASELINE]
    code, text = run(rules_app, "explain", "processor-without-agreement")
    assert code == 0
    assert "GDPR Art. 28(3)" in text


def test_an_unknown_rule_suggests_the_nearest() -> None:
    code, text = run(rules_app, "explain", "processor-without-agreemnt")
    assert code == 2
    assert "did you mean 'processor-without-agreement'?" in text


def test_rules_of_a_folder_are_included(tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_text(
        "{apiVersion: easement/v1, kind: Standard, metadata: {name: house}, "
        "spec: {rules: [{id: ours, title: Ours, check: system.name != 'x'}]}}"
    )
    code, text = run(rules_app, "list", "--folder", str(tmp_path), "-o", "json")
    assert code == 0
    assert [rule["standard"] for rule in json.loads(text)][-1] == "house"


def test_the_page_of_rules_is_current() -> None:
    page = ROOT / "docs" / "reference" / "rules.md"
    assert page.read_text(encoding="utf-8") == catalogue(), "easement rules list -o markdown > docs/reference/rules.md"


def test_the_page_has_every_rule() -> None:
    assert all(f"### {rule.id}\n" in catalogue() for rule in BASELINE)


def test_the_example_estate_has_no_findings_that_stop_a_review() -> None:
    from datetime import date

    from easement.cli.folder_check import check_folder
    from easement.contract.kinds import Stage

    result = check_folder(ESTATE, today=date(2026, 11, 23))
    assert result.problems == ()
    assert [found.finding for found in result.findings if found.finding.stops(Stage.REVIEW)] == []
