"""What the pages tell people to type exists: commands, options, links, documents."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from easement.cli.main import app
from easement.contract.codes import CATALOGUE
from easement.contract.loader import load
from easement.standards.baseline import BASELINE

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [page for page in PAGES if page.parent.name != "reference"]
MEASURED = {ROOT / "docs" / "benchmarks.md"}  # written by `make bench`, on the machine that is asked about
BLOCK = re.compile(r"^```console[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(easement [^`\n]+)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
DOCUMENT = re.compile(r"^```yaml[^\n]*\n(apiVersion: easement/v1\n.*?)^```$", re.MULTILINE | re.DOTALL)


def commands_of(page: Path) -> Iterator[str]:
    text = page.read_text()
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ ") and (match := re.search(r"(?:^|[\s(])easement ([a-z][^|>)]*)", line[2:])):
                yield f"easement {match[1]}"
    yield from (one for one in INLINE.findall(text) if not re.search(r"\.\.\.|…|=", one))


COMMANDS = sorted({(page.relative_to(ROOT).as_posix(), command) for page in WRITTEN for command in commands_of(page)})


def test_the_pages_have_commands():
    assert len(COMMANDS) > 30


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_each_command_in_the_docs_exists(page: str, command: str):
    words = shlex.split(command, comments=True)[1:]
    here: Any = typer.main.get_command(app)
    while words and hasattr(here, "get_command") and not words[0].startswith("-"):
        context = click.Context(here)
        assert words[0] in here.list_commands(context), f"{page}: there is no {words[0]!r} in {command!r}"
        here = here.get_command(context, words.pop(0))
    known = {name for parameter in here.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        if word.startswith("-") and len(word) > 1:
            assert word.partition("=")[0] in known | {"--help", "-h"}, f"{page}: {command!r} has no option {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page: Path):
    targets = {(page.parent / target).resolve() for target, _ in LINK.findall(page.read_text())}
    assert [target for target in targets - MEASURED if not target.exists()] == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_documents_in_the_docs_can_be_read(page: Path):
    for text in DOCUMENT.findall(page.read_text()):
        assert load({"shown.yaml": text.encode()}).problems == ()


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_codes_in_the_docs_exist(page: Path):
    assert set(re.findall(r"EAS-\d{4}", page.read_text())) <= CATALOGUE.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_promises_what_only_people_can_judge(page: Path):
    assert "compliant" not in page.read_text().lower()


def test_the_readme_counts_the_rules_of_the_baseline() -> None:
    assert f"a baseline of {len(BASELINE)} rules" in (ROOT / "README.md").read_text()
