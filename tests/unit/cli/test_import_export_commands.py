"""``easement import`` and ``easement export`` as people run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from easement.cli.main import app

ESTATE = Path(__file__).parents[3] / "examples" / "meridian" / "estate"


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_an_exported_catalogue_is_imported_again_and_passes_the_check(tmp_path: Path) -> None:
    code, text = run("export", "backstage", ESTATE)
    assert code == 0
    (tmp_path / "catalog-info.yaml").write_text(text)
    out = tmp_path / "estate"
    assert run("import", "backstage", tmp_path / "catalog-info.yaml", "--country", "DE", "--out", out)[0] == 0
    assert json.loads(run("export", "json", out)[1])["documents"]
    assert run("check", out)[0] == run("check", ESTATE)[0]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("name,Sends,target,interface,version,operations,fields\nx,a,b,c,^1.0,get,f\n")
    asked = ("import", "csv", table, "--map", "Sends=source", "--out", tmp_path)
    assert run(*asked)[0] == 0
    made = tmp_path / "integrations" / "x.yaml"
    made.write_text("mine")
    code, text = run(*asked)
    assert code == 1
    assert "already there" in text
    assert made.read_text() == "mine"
    assert run(*asked, "--force")[0] == 0
    assert "source: a" in made.read_text()


def test_a_row_that_cannot_be_read_is_named_and_the_exit_status_says_so(tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("kind,name,country\nsystem,good,DE\nsystem,Bad Name,DE\n")
    code, text = run("import", "csv", table, "--out", tmp_path)
    assert code == 3
    assert "list.csv:3:1: error EAS-3703" in text
    assert (tmp_path / "systems" / "good.yaml").exists()


@pytest.mark.parametrize("kind", ["openapi", "asyncapi"])
def test_a_folder_of_descriptions(tmp_path: Path, kind: str) -> None:
    code, text = run("import", kind, ESTATE / "interfaces", "--country", "DE", "--out", tmp_path)
    assert code == 0
    assert "Made 3 Interfaces, 3 Systems" in text


def test_bad_usage_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name\n")
    assert run("import", "csv", tmp_path / "a.csv", "--map", "x")[0] == 2
    assert run("import", "openapi", tmp_path / "a.csv")[0] == 2
    assert run("import", "openapi", tmp_path, "--default-classification", "secret")[0] == 2
    assert run("import", "kong", tmp_path / "none.yaml", "--country", "DE")[0] == 1
    assert run("export", "csv", tmp_path / "none")[0] == 2
    assert run("export", "xml")[0] == 2
