"""``easement new``: a document from a template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from easement.cli.failure import ExitCode, fail


def new(  # noqa: PLR0917 - each is an option of the command
    kind: Annotated[
        str, typer.Argument(help="Team, System, Interface, Integration (with --pattern alone), Standard ...")
    ] = "",
    name: Annotated[str, typer.Argument(help="Its name; nothing takes the one of the example.")] = "",
    pattern: Annotated[
        str, typer.Option("--pattern", help="A pattern of 'easement patterns list', or request or event.")
    ] = "",
    owner: Annotated[str, typer.Option("--owner", help="The team that owns it.")] = "platform",
    source: Annotated[str, typer.Option("--source", help="Integration: the system that sends.")] = "",
    target: Annotated[str, typer.Option("--target", help="Integration: the system that receives.")] = "",
    interface: Annotated[str, typer.Option("--interface", help="Integration: the interface that is used.")] = "",
    system: Annotated[str, typer.Option("--system", help="Interface: the system that offers it.")] = "",
    complete: Annotated[
        bool, typer.Option("--complete", help="With --pattern: also the team, systems and interface that it needs.")
    ] = False,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path(),
    stdout: Annotated[bool, typer.Option("--stdout", help="Print instead of writing files.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Write a commented, valid document to start from.

    Examples: easement new System billing --owner finance; easement new integration orders-to-erp --pattern webhook;
    easement new --pattern work-queue --complete
    """
    from easement.cli.written_files import write_files
    from easement.contract.templates import TemplateError, new_document, pattern_estate

    if not kind and not pattern:
        fail("say a kind or --pattern", code=ExitCode.USAGE, hint="For example: easement new System billing")
    if complete and (not pattern or kind.casefold() not in {"", "integration"}):
        fail("--complete goes with an integration of a --pattern", code=ExitCode.USAGE)
    names = {"owner": owner, "source": source, "target": target, "interface": interface, "system": system}
    given = {key: value for key, value in names.items() if value}
    try:
        if complete:
            files = pattern_estate(pattern, names={**given, **({"integration": name} if name else {})})
        else:
            files = new_document(kind or "Integration", name, pattern=pattern or "request", names=given)
    except TemplateError as error:
        fail(str(error), code=ExitCode.USAGE, hint=error.hint)
    if stdout:
        typer.echo("".join(files.values()), nl=False)
        return
    for path in write_files(out, files, force=force):
        typer.echo(f"wrote {path}")
    typer.echo("\nNext: fill it in, then 'easement check'.")
