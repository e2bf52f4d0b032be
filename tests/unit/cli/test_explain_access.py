"""``easement explain access`` as people run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from easement.cli.explain_command import explain

ESTATE = str(Path(__file__).parents[3] / "examples" / "meridian" / "estate")
application = typer.Typer()
application.command()(explain)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(application, list(arguments))
    return result.exit_code, result.output


def test_a_folder_is_explained_without_a_server() -> None:
    code, text = run("access", "crm-reads-orders", "--folder", ESTATE, "--environment", "production")
    assert code == 0
    assert "Programmed Enforced" in text
    assert "customer.email (mask)" in text
    assert "none: the contract asks for no inspection" in text


def test_the_json_form_has_every_way_and_every_control() -> None:
    code, text = run("access", "clinic-prescribes", "--folder", ESTATE, "-o", "json", "--owasp")
    tree = json.loads(text)
    assert code == 0
    assert tree["flows"] is True
    assert [way["name"] for way in tree["ways"]] == ["publish prescriptionIssued", "deliver prescriptionIssued"]
    assert {"layer", "control", "compiled", "setting", "where", "evidence"} == tree["ways"][0]["controls"][0].keys()
    assert len(tree["owasp"]) == 20


def test_the_markdown_form_is_a_table() -> None:
    code, text = run("access", "storefront-places-orders", "--folder", ESTATE, "-o", "markdown", "--owasp")
    assert code == 0
    assert text.startswith("# Access: storefront-places-orders\n")
    assert text.count("| API") == 10


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("access",), 2, "name the integration"),
        (("access", "crm-read-orders", "--folder", ESTATE), 1, "did you mean 'crm-reads-orders'?"),
        (("access", "x", "--folder", ESTATE, "--environment", "test"), 2, "there is no environment 'test'"),
        (("EAS-1201", "x"), 2, "takes no second argument"),
        (("access", "x", "--folder", "/nowhere"), 2, "is no folder"),
    ],
)
def test_what_cannot_be_explained_is_said(arguments: tuple[str, ...], code: int, said: str) -> None:
    assert run(*arguments)[0] == code
    assert said in run(*arguments)[1]
