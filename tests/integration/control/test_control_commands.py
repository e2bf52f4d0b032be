"""The commands of a day, against the real control plane on a real port."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from typer.testing import CliRunner, Result

from easement.cli.main import app
from easement.testing.small_estate import INTEGRATION, integration, small_files, system

VITAL = {**integration()["spec"]["sla"], "criticality": "vital", "schedule": {"every": "5m"}}


@pytest.fixture
def server(control: Any, free_ports: Callable[[int], list[int]], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the control plane, which runs on a thread of its own."""
    (port,) = free_ports(1)
    config = uvicorn.Config(control.app, host="127.0.0.1", port=port, log_config=None, lifespan="off", ws="none")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    address = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(f"{address}/livez", trust_env=False)
            break
        except httpx.HTTPError:
            time.sleep(0.05)
    monkeypatch.setenv("EASEMENT_SERVER", address)
    monkeypatch.setenv("NO_COLOR", "1")
    yield address
    running.should_exit = True
    thread.join(timeout=20)


@pytest.fixture
def easement(control: Any, server: str, tmp_path: Path) -> Callable[..., Result]:
    """Run a command as a person."""

    def run(person: str, *arguments: str) -> Result:
        token = control.tokens.get(person, "eap_" + "x" * 43)
        return CliRunner().invoke(app, list(arguments), env={"EASEMENT_TOKEN": token, "EASEMENT_DATA": str(tmp_path)})

    return run


def folder(path: Path, *changed: dict[str, Any]) -> str:
    for name, content in small_files(*changed).items():
        file = path / "estate" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return str(path / "estate")


def test_commands_from_plan_to_live(easement: Callable[..., Result], tmp_path: Path) -> None:
    estate = folder(tmp_path)
    planned = easement("dev", "plan", estate)
    assert (planned.exit_code, "Plan: 5 to add" in planned.stdout) == (0, True), planned.output
    assert easement("dev", "plan", estate, "--detailed-exitcode").exit_code == 3
    applied = easement("dev", "apply", estate, "--auto-approve")
    assert (applied.exit_code, "INT-0001" in applied.stdout) == (0, True), applied.output
    again = easement("dev", "plan", estate, "--detailed-exitcode")
    assert (again.exit_code, "No changes" in again.stdout) == (0, True)
    assert easement("dev", "apply", estate).stdout == "Nothing changed.\n"
    listed = easement("vic", "get", "integrations")
    assert listed.stdout.splitlines()[1].split()[1:5] == [INTEGRATION, "live", "shop", "stock"]
    assert easement("vic", "get", "systems", "-o", "name").stdout == "shop\nstock\n"
    assert easement("vic", "get", "systems", "-o", "csv").stdout.splitlines()[0] == "name,title,owner,revision,approved"
    one = json.loads(easement("vic", "get", "integrations", INTEGRATION, "-o", "json").stdout)
    assert (one["id"], one["state"]) == ("INT-0001", "live")


def test_commands_review_by_two_people_and_retire(easement: Callable[..., Result], tmp_path: Path) -> None:
    estate = folder(tmp_path, integration(sla=VITAL))
    applied = easement("dev", "apply", estate, "--auto-approve")
    assert "1 waits for a review by another person" in applied.stdout
    assert "reviewer+security" in easement("rita", "review", "list").stdout
    shown = easement("rita", "review", "show", f"integration/{INTEGRATION}")
    assert ("its criticality is vital" in shown.stdout, shown.exit_code) == (True, 0), shown.output
    own = easement("dev", "review", "approve", f"integration/{INTEGRATION}")
    assert (own.exit_code, "four eyes" in own.stderr) == (4, True), own.output
    first = easement("rita", "review", "approve", f"integration/{INTEGRATION}", "-m", "fine")
    assert "open, still needs security" in first.stdout, first.output
    second = easement("sam", "review", "approve", f"integration/{INTEGRATION}")
    assert "approved" in second.stdout, second.output
    assert easement("rita", "review", "list").stdout == "Nothing waits for a review.\n"
    decided = easement("rita", "review", "list", "--all", "-o", "json")
    assert {review["state"] for review in json.loads(decided.stdout)} == {"approved"}
    gone = easement("rita", "review", "approve", f"integration/{INTEGRATION}")
    assert (gone.exit_code, "review list" in gone.stderr) == (1, True)

    early = easement("olga", "lifecycle", "retire", INTEGRATION, "-m", "over")
    assert (early.exit_code, "not possible" in early.stderr) == (4, True), early.output
    assert "deprecated" in easement("olga", "lifecycle", "deprecate", INTEGRATION, "-m", "over").stdout
    assert "retired" in easement("olga", "lifecycle", "retire", INTEGRATION, "-m", "over").stdout


def test_commands_say_where_the_problem_is(easement: Callable[..., Result], tmp_path: Path) -> None:
    estate = folder(tmp_path, integration(source="shup"))
    for command in (("plan",), ("apply", "--auto-approve")):
        result = easement("dev", command[0], estate, *command[1:])
        assert (result.exit_code, f"integration/{INTEGRATION}.yaml:1:" in result.stderr) == (3, True), result.output
    (tmp_path / "estate" / "broken.yaml").write_text("apiVersion: easement/v1\nkind: Sistem\n")
    local = easement("dev", "plan", estate)
    assert (local.exit_code, "broken.yaml:2" in local.stderr) == (3, True), local.output


def test_commands_refuse_without_a_base_a_role_or_somebody_to_ask(
    easement: Callable[..., Result], tmp_path: Path
) -> None:
    estate = folder(tmp_path)
    assert easement("dev", "apply", estate).exit_code == 2
    moved = easement("dev", "apply", estate, "--auto-approve", "--base", "0" * 64)
    assert (moved.exit_code, "registry changed" in moved.stderr) == (1, True)
    refused = easement("olga", "apply", estate, "--auto-approve")
    assert (refused.exit_code, "role" in refused.stderr) == (4, True)
    stranger = easement("nobody", "get", "systems")
    assert (stranger.exit_code, "EASEMENT_TOKEN" in stranger.stderr) == (4, True)
    assert easement("vic", "get", "systems", "nothing").exit_code == 1
    assert easement("dev", "plan", str(tmp_path / "nothing")).exit_code == 2


def test_commands_prune_only_when_asked(easement: Callable[..., Result], tmp_path: Path) -> None:
    estate = folder(tmp_path, system("crm"))
    easement("dev", "apply", estate, "--auto-approve")
    (tmp_path / "estate/system/crm.yaml").unlink()
    kept = easement("dev", "plan", estate)
    assert "kept (--prune removes): system/crm" in kept.stdout
    assert "- system/crm" in easement("dev", "apply", estate, "--prune", "--auto-approve").stdout


def test_offline_plan_needs_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEMENT_SERVER", "http://127.0.0.1:1")
    monkeypatch.setenv("EASEMENT_TOKEN", "x")
    estate = folder(tmp_path)
    result = CliRunner().invoke(app, ["plan", estate, "--offline"])
    assert (result.exit_code, "1 routes" in result.stdout) == (0, True), result.output
    tree = json.loads(CliRunner().invoke(app, ["plan", estate, "--offline", "-o", "json"]).stdout)
    assert tree["routes"][0]["grants"][0]["client_id"] == "shop"
    away = CliRunner().invoke(app, ["plan", estate])
    assert (away.exit_code, "easement up" in away.stderr) == (5, True)


@pytest.mark.parametrize("address", ["http://control.example:8080", "ftp://localhost", "localhost:8080"])
def test_attack_token_over_plain_http_or_to_a_bad_address(address: str) -> None:
    result = CliRunner().invoke(app, ["get", "systems", "--server", address], env={"EASEMENT_TOKEN": "secret-token"})
    assert (result.exit_code, "secret-token" in result.output) == (2, False)


def test_attack_operator_token_is_not_sent_to_another_machine(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / "operator.token").write_text("eap_operator")
    (tmp_path / "keys" / "operator.token").chmod(0o600)
    result = CliRunner().invoke(
        app,
        ["get", "systems", "--server", "https://control.example", "--data", str(tmp_path)],
        env={"EASEMENT_TOKEN": ""},
    )
    assert (result.exit_code, "is not sent" in result.stderr) == (4, True)
