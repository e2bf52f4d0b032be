"""can-i-change without a registry: exit statuses, and what it says in each form."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from easement.cli.change_case_report import answer_annotations
from easement.cli.main import app
from easement.testing.small_estate import INTEGRATION, integration, interface, openapi, small_files


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def asked(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["can-i-change", *map(str, arguments)])
    return done.exit_code, done.output


def retyped(field: str) -> str:
    return openapi().replace(f'"{field}": {{"type": "string", "maxLength": 40}}', f'"{field}": {{"type": "integer"}}')


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        (small_files(), 0, ""),
        (small_files(description=openapi(fields=("sku", "count"))), 0, "nobody is affected today"),
        (small_files(description=retyped("count")), 3, f"shop ({INTEGRATION})"),
        (small_files(interface(version="0.9.0")), 4, "is gone"),
        (small_files(integration(fields=["sku"])), 4, "field count is gone"),
        (small_files(without=[f"integration/{INTEGRATION}.yaml"]), 4, "it is gone"),
    ],
    ids=["same", "unseen-field", "broken", "major-replaced", "narrowed", "removed"],
)
def test_two_folders(tmp_path: Path, changed: dict[str, bytes], status: int, said: str):
    old = written(tmp_path / "old", small_files())
    new = written(tmp_path / "new", changed)
    code, output = asked(old, new)
    assert (code, said in output) == (status, True), output


def test_a_description_against_an_estate_in_a_folder(tmp_path: Path):
    estate = written(tmp_path / "estate", small_files())
    new = tmp_path / "new.json"
    new.write_text(retyped("count"))
    assert asked("interface/stock-api", "--with", new, "--folder", estate)[0] == 3
    code, output = asked("interface/stock-api@1", "--with", new, "--folder", estate, "-o", "json")
    (answer,) = json.loads(output)
    assert (code, answer["consumers"][0]["consumer"], answer["consumers"][0]["hits"][0]["field"]) == (
        3,
        "shop",
        "count",
    )
    assert asked("interface/stock-api", "--with", new, "--folder", estate, "--version", "2.0.0")[0] == 0
    new.write_text("{")
    assert asked("interface/stock-api", "--with", new, "--folder", estate)[0] == 1
    assert asked("interface/none", "--with", new, "--folder", estate)[0] == 1


def test_two_descriptions_assume_every_consumer(tmp_path: Path):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(openapi())
    new.write_text(openapi(fields=("sku",)))
    assert asked(old, new)[0] == 3
    code, output = asked(old, new, "-o", "github")
    assert (code, output.count("::error file=new.json,line=")) == (3, 2)


def test_usage(tmp_path: Path):
    assert asked("interface/stock-api")[0] == 2
    assert asked(tmp_path)[0] == 2
    assert asked(tmp_path, tmp_path / "none")[0] == 2


def test_a_registry_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EASEMENT_TOKEN", "a-token-of-the-test")
    new = tmp_path / "new.json"
    new.write_text(openapi())
    code, _ = asked("interface/stock-api", "--with", new, "--server", "http://127.0.0.1:1", "--data", tmp_path)
    assert code == 5


def test_attack_annotation_that_ends_its_line():
    verdict: dict[str, Any] = {
        "rule": "x", "change": "breaking", "explanation": "a\n::error::b\r%0A",
        "new": {"file": "a,b:c\n", "line": 1, "column": 2},
    }  # fmt: skip
    answer = {"consumers": [], "unnoticed": [verdict], "refusals": ["x\n::set-output name=a::b"]}
    text = answer_annotations(answer)
    assert len(text.splitlines()) == 2
    assert "file=a%2Cb%3Ac%0A" in text
