"""A folder as the body of ``preview`` and ``apply``: its documents and the descriptions that they name."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import typer

from easement.cli.failure import ExitCode, fail
from easement.cli.problem_report import as_text
from easement.contract.kinds import Interface, Severity
from easement.contract.loader import Bundle, load
from easement.contract.problems import Place, Problem
from easement.contract.revision import definition_files, definition_path
from easement.store.manifest_folder import read_folder


def sound_bundle(folder: Path) -> Bundle:
    """Load a folder, or show its problems and end the command."""
    if not folder.is_dir():
        fail(f"{folder} is no folder", code=ExitCode.USAGE, hint="Name the folder that holds the documents.")
    contents = read_folder(folder)
    bundle = load(contents.files)
    problems = (*contents.problems, *bundle.problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        end_with_problems(problems, bundle.files, folder)
    if not bundle.documents:
        fail(f"no documents in {folder}", code=ExitCode.USAGE, hint="'easement init' writes the first.")
    return bundle


def bundle_request(bundle: Bundle, *, prune: bool, base: str = "") -> dict[str, Any]:
    """The request body. Files that no document names stay on this machine."""
    names = {loaded.file for loaded in bundle.documents}
    for loaded in bundle.documents:
        if isinstance(loaded.document, Interface):
            names.update(definition_files(definition_path(loaded.document, loaded.file), bundle.files))
    body: dict[str, Any] = {"files": {name: sent(bundle.files[name]) for name in sorted(names)}, "prune": prune}
    return body | ({"base": base} if base else {})


def reported_problems(items: list[Mapping[str, Any]]) -> tuple[Problem, ...]:
    """Problems as the API reports them."""
    return tuple(
        Problem(
            code=str(item["code"]),
            message=str(item["message"]),
            place=Place(
                file=str(item["file"]), line=int(item["line"]), column=int(item["column"]), path=str(item["path"])
            ),
            hint=str(item["hint"]),
            severity=Severity(item["severity"]),
        )
        for item in items
    )


def end_with_problems(problems: tuple[Problem, ...], files: Mapping[str, bytes], folder: Path) -> NoReturn:
    """Show problems with their source lines and end with the exit status for findings."""
    typer.echo(as_text(problems, sources=files, folder=str(folder)), nl=False, err=True)
    raise typer.Exit(ExitCode.FINDINGS)


def sent(content: bytes) -> str | dict[str, str]:
    """A file as the API takes it: text, or base64."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
