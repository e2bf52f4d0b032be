"""``easement report``: the monthly report on the estate, as one file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ReportFormat(StrEnum):
    """How the report is written."""

    HTML = "html"
    MARKDOWN = "markdown"


def report(
    month: Annotated[str, typer.Option("--month", help="Such as 2026-11; this month if left out.")] = "",
    format: Annotated[ReportFormat, typer.Option("--format", help="Form of the report.")] = ReportFormat.MARKDOWN,  # noqa: A002 - it is the option's name
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; standard output if none.")
    ] = None,
    server: Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Data directory of a control plane here.")] = None,
) -> None:
    """Write the report of a month: scores, adoption, findings, waivers, reviews, changes, sprawl."""
    from easement.cli.client import control_plane
    from easement.store.atomic_file import write_atomically

    with control_plane(server=server, data=data) as client:
        text = client.text("/reports/estate", month=month, format=format.value)
    if output is None:
        typer.echo(text, nl=False)
        return
    write_atomically(output, text.encode(), mode=0o644)
    typer.echo(f"wrote {output}")
