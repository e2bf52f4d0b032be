"""init, new, check, explain and schema, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from easement.cli.main import app
from easement.contract.kinds import KINDS

RUNNER = CliRunner()


def _run(*arguments: object, env: dict[str, str] | None = None):
    return RUNNER.invoke(app, [str(argument) for argument in arguments], env=env)


@pytest.fixture
def estate(tmp_path):
    """An estate of one of each template that others need."""
    _run("init", tmp_path)
    for arguments in (
        ("System",),
        ("System", "storefront"),
        ("Interface",),
        ("Interface", "--pattern", "event"),
        ("--pattern", "request"),
        ("--pattern", "event"),
        ("Agreement",),
        ("Standard",),
    ):
        result = _run("new", *arguments, "--out", tmp_path)
        assert result.exit_code == 0, result.output
    return tmp_path


def test_what_is_written_passes_check(estate):
    result = _run("check", estate, "--strict")
    assert result.exit_code == 0, result.output
    assert result.output == "No problems and no findings.\n"


def test_check_of_a_wrong_key_says_where_and_exits_3(estate):
    path = estate / "orders.system.yaml"
    path.write_text(path.read_text().replace("criticality:", "critcality:"))
    result = _run("check", estate)
    assert result.exit_code == 3
    assert f"{path}:10:3: error EAS-1201: unknown key 'critcality' in spec" in result.output
    assert "did you mean 'criticality'?" in result.output
    assert "EAS-3" not in result.output, "what is broken does not dangle as well"
    assert "unresolved-reference" not in result.output


def test_check_finds_what_the_standards_find(estate):
    path = estate / "storefront-reads-orders.integration.yaml"
    path.write_text(
        path.read_text().replace("throughput: {expected: 10/s, limit: 50/s}", "throughput: {expected: 10/s}")
    )
    result = _run("check", estate)
    assert result.exit_code == 3
    assert "storefront-reads-orders.integration.yaml:18:3: error no-throughput-limit" in result.output
    report = json.loads(_run("check", estate, "-o", "json").stdout)
    assert [finding["rule"] for finding in report["findings"]] == ["no-throughput-limit"]
    sarif = json.loads(_run("check", estate, "-o", "sarif").stdout)
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["no-throughput-limit"]


def test_a_waiver_lets_check_pass_and_stays_visible(estate):
    path = estate / "storefront-reads-orders.integration.yaml"
    path.write_text(
        path.read_text().replace("throughput: {expected: 10/s, limit: 50/s}", "throughput: {expected: 10/s}")
    )
    assert _run("new", "Waiver", "--out", estate).exit_code == 0
    result = _run("check", estate)
    assert result.exit_code == 0, result.output
    assert "waived by our-waiver" in result.output


def test_warnings_count_only_when_strict(estate):
    path = estate / "storefront.system.yaml"
    path.write_text(path.read_text().replace("  title: Storefront\n", ""))
    assert _run("check", estate).exit_code == 0
    assert _run("check", estate, "--strict").exit_code == 3


@pytest.mark.parametrize("arguments", [("absent",), (".", "-o", "xml"), (".", "--nonsense")])
def test_wrong_usage_exits_2(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    assert _run("check", *arguments).exit_code == 2


def test_a_folder_without_documents_is_no_success(tmp_path):
    result = _run("check", tmp_path)
    assert result.exit_code == 2
    assert "no documents" in result.output


def test_colour_follows_the_environment(estate):
    (estate / "bad.yaml").write_text("apiVersion: easement/v1\nkind: Tame\n")
    assert "\x1b[" not in _run("check", estate).stdout
    assert "\x1b[" in _run("check", estate, env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b[" not in _run("check", estate, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


def test_nothing_is_overwritten_unasked(tmp_path):
    assert _run("new", "Team", "--out", tmp_path).exit_code == 0
    (tmp_path / "platform.team.yaml").write_text("mine")
    result = _run("new", "Team", "--out", tmp_path)
    assert result.exit_code == 1
    assert "already there" in result.output
    assert (tmp_path / "platform.team.yaml").read_text() == "mine"
    assert _run("new", "Team", "--out", tmp_path, "--force").exit_code == 0
    (tmp_path / "easement.toml").write_text("mine")
    assert _run("init", tmp_path).exit_code == 1
    assert not (tmp_path / ".gitignore").exists(), "all files or none"


def test_new_says_what_it_knows():
    for arguments in ((), ("Sytem",), ("Team", "Not A Name"), ("--pattern", "evnt"), ("Team", "../../x")):
        assert _run("new", *arguments).exit_code == 2, arguments
    assert "did you mean 'System'?" in _run("new", "Sytem").output


def test_new_prints_where_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = _run("new", "Team", "logistics", "--stdout")
    assert result.exit_code == 0
    assert "name: logistics" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_explain_knows_codes_and_near_misses():
    assert "did-you-mean" not in _run("explain", "EAS-1201").output
    assert "A key that is not known here" in _run("explain", "1201").output
    assert "A key that is not known here" in _run("explain", "eas-1201").output
    listing = _run("explain").output
    assert "EAS-1302  A literal secret" in listing
    wrong = _run("explain", "EAS-12011")
    assert wrong.exit_code == 2
    assert "did you mean 'EAS-1201'?" in wrong.output


def test_schema_prints_and_writes(tmp_path):
    assert json.loads(_run("schema").stdout)["title"] == "Easement document"
    assert json.loads(_run("schema", "Integration").stdout)["$ref"] == "#/$defs/Integration"
    assert _run("schema", "Integraton").exit_code == 2
    assert _run("schema", "--out", tmp_path / "s").exit_code == 0
    assert len(list((tmp_path / "s").iterdir())) == len(KINDS) + 1
    (tmp_path / "file").write_text("")
    assert _run("schema", "--out", tmp_path / "file").exit_code == 1


@pytest.mark.parametrize("command", ["check", "init", "new", "explain", "schema"])
def test_help_does_not_import_the_product(command):
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom easement.cli.main import app\n"
        f"assert CliRunner().invoke(app, [{command!r}, '--help']).exit_code == 0\n"
        "print([name for name in ('easement.contract.kinds', 'yaml', 'sqlalchemy', 'duckdb') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
