"""``easement impact``: what is affected when something changes or fails."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from easement.cli.failure import ExitCode, fail


class ImpactFormat(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    JSON = "json"
    DOT = "dot"
    MERMAID = "mermaid"


def impact(
    reference: Annotated[
        str,
        typer.Argument(help="KIND/NAME, such as system/crm or interface/orders-api@1; field/INTERFACE#PATH."),
    ],
    folder: Annotated[Path, typer.Argument(help="The folder that holds the documents.", metavar="[DIR]")] = Path(),
    output: Annotated[ImpactFormat, typer.Option("--output", "-o", help="Form of the answer.")] = ImpactFormat.TABLE,
    upstream: Annotated[bool, typer.Option("--upstream", help="What it depends on, instead.")] = False,
    depth: Annotated[int | None, typer.Option("--depth", min=1, help="How many steps to follow.")] = None,
) -> None:
    """Show what is affected when something changes. Works without a server.

    A field is named as contracts name it (#customer.email) or as a property of a schema (#/Customer/email); the answer
    is who receives it, and what they may pass it on by.

    Exit status: 0 answered, 1 the documents have errors or nothing has that name, 2 usage.

    Examples: easement impact system/crm; easement impact interface/orders-api@1 contracts -o mermaid
    """
    from datetime import UTC, datetime

    from easement.cli.impact_report import as_dot, as_json, as_mermaid, as_table
    from easement.contract.kinds import Severity
    from easement.contract.loader import load
    from easement.estate.assemble import assemble
    from easement.estate.graph import UnknownNodeError
    from easement.governance.impact_query import ask_impact
    from easement.store.manifest_folder import read_folder

    if not folder.is_dir():
        fail(f"{folder} is no folder", code=ExitCode.USAGE, hint="Name the folder that holds the documents.")
    contents = read_folder(folder)
    bundle = load(contents.files)
    estate, unresolved = assemble(bundle)
    problems = (*contents.problems, *bundle.problems, *unresolved)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if errors:
        fail(
            f"{errors} errors in {folder}: the answer could be wrong", hint="Run 'easement check' and mend them first."
        )
    try:
        found = ask_impact(
            estate,
            reference,
            today=datetime.now(UTC).date(),
            direction="upstream" if upstream else "downstream",
            depth=depth,
        )
    except UnknownNodeError as error:
        fail(str(error))
    writers = {
        ImpactFormat.TABLE: as_table,
        ImpactFormat.JSON: as_json,
        ImpactFormat.DOT: as_dot,
        ImpactFormat.MERMAID: as_mermaid,
    }
    typer.echo(writers[output](found), nl=False)
