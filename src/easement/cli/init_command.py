"""``easement init``: the first files of an estate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from easement.cli.failure import ExitCode, fail


def init(
    folder: Annotated[Path, typer.Argument(help="Where the estate shall be.", metavar="[DIR]")] = Path(),
    team: Annotated[str, typer.Option("--team", help="Name of the team that starts it.")] = "platform",
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Start an estate in a folder: settings, the first team, and schemas for your editor.

    Examples: easement init; easement init estate --team logistics
    """
    import json

    from easement.cli.written_files import write_files
    from easement.contract.json_schema import schema_of_any
    from easement.contract.templates import TemplateError, starter_files

    try:
        files = starter_files(team=team)
    except TemplateError as error:
        fail(str(error), code=ExitCode.USAGE)
    files["schemas/easement.schema.json"] = json.dumps(schema_of_any(), indent=2) + "\n"
    for path in write_files(folder, files, force=force):
        typer.echo(f"wrote {path}")
    typer.echo("\nNext: describe an API with 'easement import openapi FILE --system NAME --url URL',")
    typer.echo("or write documents with 'easement new KIND NAME'; then 'easement check'.")
