"""``easement import asyncapi|backstage|envoy|kong|csv``: estates from what others have written down already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from easement.cli.failure import ExitCode, fail

LEVELS: Final = ("public", "internal", "confidential", "restricted")
Out = Annotated[Path, typer.Option("--out", help="The folder of the estate.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]
Owner = Annotated[str, typer.Option("--owner", help="The team that owns what names no owner.")]
Country = Annotated[str, typer.Option("--country", help="Where systems are operated (ISO 3166-1, two letters).")]
Classification = Annotated[
    str, typer.Option("--default-classification", help=f"For fields without one: {', '.join(LEVELS)}.")
]


def add_notations(app: typer.Typer) -> None:
    """Add the commands to ``easement import``."""
    app.command("asyncapi")(asyncapi)
    app.command("backstage")(backstage)
    app.command("envoy")(envoy)
    app.command("kong")(kong)
    app.command("csv")(csv)


def asyncapi(  # noqa: PLR0917 - each is an option of the command
    path: Annotated[Path, typer.Argument(help="An AsyncAPI description, or a folder of them.")],
    system: Annotated[str, typer.Option("--system", help="The system that offers them (default: one each).")] = "",
    owner: Owner = "",
    country: Country = "",
    default_classification: Classification = "",
    out: Out = Path(),
    force: Force = False,
) -> None:
    """Make a System and an Interface from each AsyncAPI description.

    Example: easement import asyncapi events/ --country DE --owner commerce
    """
    import_folder(
        "asyncapi", path, system=system, owner=owner, country=country, level=default_classification, out=out,
        force=force,
    )  # fmt: skip


def backstage(
    path: Annotated[Path, typer.Argument(help="A catalogue file, or a folder of them.")],
    country: Country,
    owner: Owner = "",
    out: Out = Path(),
    force: Force = False,
) -> None:
    """Make teams, systems, interfaces and drafts of integrations from Backstage catalogue files.

    Example: easement import backstage catalogue/ --country DE
    """
    from easement.cli.import_report import finish_import
    from easement.estate.exchange.backstage import import_backstage

    files = files_of(path)
    finish_import(import_backstage(files, country=country, owner=owner), out, force=force, sources=files)


def envoy(
    file: Annotated[Path, typer.Argument(help="An Envoy bootstrap, YAML or JSON.")],
    country: Country,
    owner: Owner = "",
    out: Out = Path(),
    force: Force = False,
) -> None:
    """Make systems, interfaces and drafts of integrations from clusters and routes of Envoy.

    Example: easement import envoy envoy.yaml --country DE --owner platform
    """
    from easement.cli.import_report import finish_import
    from easement.estate.exchange.envoy import import_envoy

    data = read_bounded(file)
    made = import_envoy(data, file.name, country=country, owner=owner)
    finish_import(made, out, force=force, sources={file.name: data})


def kong(
    file: Annotated[Path, typer.Argument(help="A declarative configuration of Kong, YAML or JSON.")],
    country: Country,
    owner: Owner = "",
    out: Out = Path(),
    force: Force = False,
) -> None:
    """Make systems, interfaces and drafts of integrations from services, routes, consumers and acl groups of Kong.

    Example: easement import kong kong.yaml --country DE --owner platform
    """
    from easement.cli.import_report import finish_import
    from easement.estate.exchange.kong import import_kong

    data = read_bounded(file)
    made = import_kong(data, file.name, country=country, owner=owner)
    finish_import(made, out, force=force, sources={file.name: data})


def csv(  # noqa: PLR0917 - each is an option of the command
    file: Annotated[Path, typer.Argument(help="A CSV file with a header line.")],
    column: Annotated[
        list[str] | None, typer.Option("--map", help="YOURS=OURS: a column of the file and what it is here.")
    ] = None,
    country: Country = "",
    owner: Owner = "",
    out: Out = Path(),
    force: Force = False,
) -> None:
    """Make documents from rows. Columns: kind, name, title, owner, source, target, interface, version, fields ...

    All columns are on the page of the reference about imports. Rows that cannot be read are listed with their line.

    Example: easement import csv list.csv --map 'Sending system=source' --map 'Receiving system=target'
    """
    from easement.cli.import_report import finish_import
    from easement.estate.exchange.csv_documents import import_csv

    mapping: dict[str, str] = {}
    for one in column or ():
        theirs, equals, ours = one.rpartition("=")
        if not equals or not theirs or not ours:
            fail(f"{one!r} maps no column", code=ExitCode.USAGE, hint="Write --map 'Their column=ours'.")
        mapping[theirs] = ours
    data = read_bounded(file)
    made = import_csv(data, file.name, mapping=mapping, country=country, owner=owner)
    finish_import(made, out, force=force, sources={file.name: data})


def import_folder(
    kind: str, path: Path, *, system: str, owner: str, country: str, level: str, out: Path, force: bool
) -> None:
    """Import every description of ``kind`` (``openapi`` or ``asyncapi``) in a folder, or one file."""
    from easement.cli.import_report import finish_import
    from easement.estate.exchange.descriptions import import_descriptions

    if level and level not in LEVELS:
        fail(f"{level!r} is no classification", code=ExitCode.USAGE, hint=f"Choose one of {', '.join(LEVELS)}.")
    files = files_of(path)
    made = import_descriptions(
        files,
        "openapi" if kind == "openapi" else "asyncapi",
        country=country,
        owner=owner,
        system=system,
        default_classification=level,
    )
    finish_import(made, out, force=force, sources=files)


def files_of(path: Path) -> dict[str, bytes]:
    """The YAML and JSON files of a folder, bounded, or one file, by relative path."""
    from easement.cli.problem_report import as_text
    from easement.store.manifest_folder import read_folder

    if path.is_dir():
        contents = read_folder(path)
        if contents.problems:
            typer.echo(as_text(contents.problems), err=True)
        return contents.files
    return {path.name: read_bounded(path)}


def read_bounded(path: Path) -> bytes:
    """The bytes of one file; ends the command where it cannot be read or is too large."""
    from easement.interfaces.sources import MAX_FILE_BYTES

    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            fail(f"{path} has more than {MAX_FILE_BYTES:,} bytes", hint="Split it, or keep only what is offered.")
        return path.read_bytes()
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}", hint="Name a file that is there and that you may read.")
