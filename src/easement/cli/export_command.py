"""``easement export``: the estate in another notation."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from easement.cli.failure import ExitCode, fail


class Notation(StrEnum):
    """What can be written."""

    BACKSTAGE = "backstage"
    CSV = "csv"
    JSON = "json"
    MERMAID = "mermaid"


def export(
    notation: Annotated[Notation, typer.Argument(help="backstage, csv, json or mermaid.")],
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of documents; the registry without it.", metavar="[DIR]")
    ] = None,
    server: Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Data directory on this machine.")] = None,
) -> None:
    """Write the estate to standard output: as Backstage entities, CSV, JSON, or a Mermaid chart.

    Backstage and CSV can be imported again; Backstage brings every document back as it was.

    Examples: easement export backstage > catalog-info.yaml; easement export mermaid contracts
    """
    typer.echo(_of_folder(notation, folder) if folder is not None else _of_registry(notation, server, data), nl=False)


def _of_registry(notation: Notation, server: str, data: Path | None) -> str:
    from easement.cli.client import control_plane

    with control_plane(server=server, data=data) as client:
        return client.text(f"/export/{notation}")


def _of_folder(notation: Notation, folder: Path) -> str:
    from easement.contract.kinds import Severity
    from easement.contract.loader import load
    from easement.estate.assemble import assemble
    from easement.estate.exchange.exports import ExportFormat, export_text, main_definitions
    from easement.store.manifest_folder import read_folder

    if not folder.is_dir():
        fail(f"{folder} is no folder", code=ExitCode.USAGE, hint="Name the folder that holds the documents.")
    contents = read_folder(folder)
    bundle = load(contents.files)
    estate, problems = assemble(bundle)
    errors = sum(one.severity is Severity.ERROR for one in (*contents.problems, *bundle.problems, *problems))
    if errors:
        fail(f"{errors} errors in {folder}", hint="Run 'easement check' and mend them first.")
    sources = ((loaded.document, loaded.file, bundle.files) for loaded in bundle.documents)
    return export_text(estate, ExportFormat(notation), main_definitions(sources))
