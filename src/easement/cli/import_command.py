"""``easement import``: documents from a description that somebody else published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from easement.cli.failure import ExitCode, fail
from easement.cli.import_notations import LEVELS, add_notations, import_folder, read_bounded

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

_MAX_SIBLINGS = 500


@app.callback()
def root() -> None:
    """Make documents from API descriptions, Backstage catalogues, proxy configurations and tables."""


@app.command("openapi")
def openapi(  # noqa: PLR0917 - each is an option of the command
    file: Annotated[Path, typer.Argument(help="An OpenAPI 3.0 or 3.1 description, YAML or JSON, or a folder of them.")],
    system: Annotated[str, typer.Option("--system", help="Name of the system (folder: default one each).")] = "",
    url: Annotated[str, typer.Option("--url", help="Where it answers (folder: from the descriptions).")] = "",
    interface: Annotated[str, typer.Option("--interface", help="Name of the interface (default: SYSTEM-api).")] = "",
    owner: Annotated[str, typer.Option("--owner", help="The team that owns both.")] = "",
    country: Annotated[
        str, typer.Option("--country", help="Where the system is operated (ISO 3166-1, two letters).")
    ] = "",
    default_classification: Annotated[
        str,
        typer.Option("--default-classification", help=f"For fields without one of their own: {', '.join(LEVELS)}."),
    ] = "",
    source: Annotated[str, typer.Option("--source", help="Also start an Integration from this system.")] = "",
    operations: Annotated[str, typer.Option("--operations", help="Its operations, with commas between.")] = "",
    out: Annotated[Path, typer.Option("--out", help="The folder of the estate.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Make a System, an Interface and, with --source, a starter Integration from an OpenAPI description.

    Of a folder, a System and an Interface are made from each description in it.

    Example: easement import openapi orders.yaml --system orders --url https://orders.internal --country DE
    """
    if file.is_dir():
        import_folder(
            "openapi", file, system=system, owner=owner, country=country, level=default_classification, out=out,
            force=force,
        )  # fmt: skip
        return
    if not system or not url:
        fail("the system is not known", code=ExitCode.USAGE, hint="Say --system and --url, or name a folder.")
    from easement.cli.problem_report import as_text
    from easement.cli.written_files import write_files
    from easement.contract.kinds import Classification
    from easement.interfaces.importer import ImportRefusedError, import_openapi, import_problems

    if default_classification and default_classification not in LEVELS:
        fail(
            f"{default_classification!r} is no classification",
            code=ExitCode.USAGE,
            hint=f"Choose one of {', '.join(LEVELS)}.",
        )
    files = _description(file)
    try:
        made = import_openapi(
            files.pop(file.name),
            file_name=file.name,
            system=system,
            url=url,
            interface=interface,
            owner=owner,
            country=country,
            default_classification=Classification(default_classification) if default_classification else None,
            source=source,
            operations=[name for part in operations.split(",") if (name := part.strip())],
            siblings=files,
            with_system=not _is_registered(out, system),
        )
    except ImportRefusedError as error:
        if error.problems:
            typer.echo(as_text(error.problems, (), sources={}), err=True)
        fail(str(error), hint=error.hint)
    texts = {path: data.decode("utf-8-sig") for path, data in made.items()}
    for path in write_files(out, texts, force=force):
        typer.echo(f"wrote {path}")
    problems = import_problems(made)
    if problems:
        typer.echo(as_text(problems, (), sources=made))
    typer.echo("\nNext: read what was written, then 'easement check'.")


def _description(file: Path) -> dict[str, bytes]:
    """The description and the files beside it that it refers to, by path relative to its folder."""
    from easement.interfaces.importer import referenced_files

    files = {file.name: read_bounded(file)}
    waiting = [file.name]
    while waiting and len(files) <= _MAX_SIBLINGS:
        for name in sorted(referenced_files(files, waiting.pop()) - files.keys()):
            path = file.parent / name
            if path.is_file() and path.resolve().is_relative_to(file.parent.resolve()):
                files[name] = read_bounded(path)
                waiting.append(name)
    return files


def _is_registered(out: Path, system: str) -> bool:
    """Whether the estate's folder has a System of that name."""
    from easement.contract.loader import load
    from easement.store.manifest_folder import read_folder

    if not out.is_dir():
        return False
    documents = load(read_folder(out).files).documents
    return any(one.document.kind == "System" and one.document.metadata.name == system for one in documents)


add_notations(app)
