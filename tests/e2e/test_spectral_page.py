"""The how-to page about Spectral rules, as it is written: its ruleset, its commands, what they answer."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PAGE: Final = (Path(__file__).parents[2] / "docs/how-to/use-your-spectral-rules.md").read_text()
BLOCK: Final = re.compile(
    r'^ *```(?P<kind>yaml title="(?P<name>[^"]+)"|console)\n(?P<text>.*?)^ *```$', re.MULTILINE | re.DOTALL
)
ORDERS: Final = """\
openapi: 3.0.3
info: {title: Orders, version: 1.0.0, description: Orders.}
servers: [{url: 'https://orders.example.org'}]
tags: [{name: orders}]
paths:
  /myOrders:
    get:
      operationId: listOrders
      description: Lists them.
      tags: [orders]
      responses: {'200': {description: Those.}}
"""


def dedented(text: str) -> str:
    return "\n".join(line.removeprefix("   ") for line in text.split("\n"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {match["name"]: dedented(match["text"]) for match in BLOCK.finditer(PAGE) if match["name"]}
    assert list(files) == [".spectral.yaml"]
    (tmp_path / ".spectral.yaml").write_text(files[".spectral.yaml"])
    (tmp_path / "orders.yaml").write_text(ORDERS)
    return tmp_path


def typed(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command.partition(">")[0])
    assert words[0] == "easement"
    return subprocess.run(
        [sys.executable, "-c", "from easement.cli.main import main; main()", *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )


def test_commands_of_the_page_find_the_fault_and_nothing_else(folder: Path):
    commands = [
        line.strip()[2:]
        for match in BLOCK.finditer(PAGE)
        if match["kind"] == "console"
        for line in match["text"].splitlines()
    ]
    assert len(commands) == 4
    answers = {command: typed(command, folder) for command in commands}
    plain = answers["easement lint orders.yaml"]
    assert plain.returncode == 3, plain.stderr
    assert "orders.yaml:6:3: error paths-are-kebab-case: /myOrders is not kebab-case" in plain.stdout
    assert "1 error." in plain.stdout
    built_in = answers["easement lint orders.yaml --ruleset spectral:oas"]
    assert built_in.returncode == 0
    assert "warning info-contact" in built_in.stdout
    assert answers["easement lint orders.yaml --strict"].returncode == 3
    sarif = json.loads(answers["easement lint orders.yaml -o sarif > lint.sarif"].stdout)
    assert [one["ruleId"] for one in sarif["runs"][0]["results"]] == ["paths-are-kebab-case"]


def test_override_of_the_page_applies_to_its_folder(folder: Path):
    (folder / "legacy").mkdir()
    (folder / "legacy/orders.yaml").write_text(ORDERS)
    answer = typed("easement lint legacy/orders.yaml", folder)
    assert answer.returncode == 0
    assert "info paths-are-kebab-case" in answer.stdout


@pytest.mark.parametrize(
    ("ruleset", "said"),
    [
        ("rules: {r: {given: $, then: {function: mine}}}\n", "EAS-3503"),
        ("extends: spectral:oas\nfunctions: [mine]\n", "EAS-3503"),
        ("rules: {r: of}\n", "EAS-3502"),
        ("rules: [", "EAS-1002"),
    ],
)
def test_ruleset_with_a_fault_is_refused_with_its_place(folder: Path, ruleset: str, said: str):
    (folder / ".spectral.yaml").write_text(ruleset)
    answer = typed("easement lint orders.yaml", folder)
    assert answer.returncode == 2
    assert re.search(rf"\.spectral\.yaml:\d+:\d+: error {said}", answer.stderr), answer.stderr


def test_missing_files_are_said(folder: Path):
    assert typed("easement lint nothing.yaml", folder).returncode == 2
    assert typed("easement lint orders.yaml -r nothing.yaml", folder).returncode == 2
    (folder / ".spectral.yaml").unlink()
    answer = typed("easement lint orders.yaml", folder)
    assert answer.returncode == 2
    assert "no ruleset" in answer.stderr
