"""``easement check``: a folder of documents against the language, its own references and the standards."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from easement.cli.failure import ExitCode, fail


class ReportFormat(StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def check(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the documents.", metavar="[DIR]")] = Path(),
    output: Annotated[ReportFormat, typer.Option("--output", "-o", help="Form of the report.")] = ReportFormat.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as well.")] = False,
) -> None:
    """Check a folder of documents. Works without a server.

    Exit status: 0 nothing is wrong, 2 usage, 3 there are problems or findings.

    Examples: easement check; easement check contracts --strict; easement check -o sarif > check.sarif
    """
    from datetime import UTC, datetime

    from easement.cli.folder_check import check_folder
    from easement.cli.problem_report import as_json, as_sarif, as_text

    if not folder.is_dir():
        fail(f"{folder} is no folder", code=ExitCode.USAGE, hint="Name the folder that holds the documents.")
    result = check_folder(folder, today=datetime.now(UTC).date())
    if not result.bundle.documents and not result.problems:
        fail(
            f"no documents in {folder}",
            code=ExitCode.USAGE,
            hint="Documents are .yaml or .json files with apiVersion: easement/v1. 'easement init' writes the first.",
        )
    shown = str(folder)
    match output:
        case ReportFormat.JSON:
            report = as_json(result.problems, result.findings, folder=shown)
        case ReportFormat.SARIF:
            report = as_sarif(result.problems, result.findings, folder=shown)
        case ReportFormat.TEXT:
            report = as_text(
                result.problems,
                result.findings,
                sources=result.bundle.files,
                folder=shown,
                color=wants_color(),
            )
    typer.echo(report, nl=False, color=True)
    if result.fails(strict=strict):
        raise typer.Exit(ExitCode.FINDINGS)


def wants_color() -> bool:
    """Colour on a terminal; ``NO_COLOR`` and ``FORCE_COLOR`` decide where they are set (no-color.org)."""
    import os
    import sys

    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()
