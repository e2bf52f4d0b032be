"""``easement standard``: list and show standards, and try one before it blocks anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from easement.cli.answer_form import TextOrJson
from easement.cli.failure import ExitCode, fail

if TYPE_CHECKING:
    from easement.contract.kinds import Standard
    from easement.contract.loader import Bundle

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="List, show and try standards."
)

Output = Annotated[TextOrJson, typer.Option("--output", "-o", help="Form of the answer.")]
Folder = Annotated[Path, typer.Argument(help="The folder that holds the documents.", metavar="[DIR]")]


@app.callback()
def standard() -> None:
    """List, show and try standards."""


@app.command(name="list")
def list_standards(folder: Folder = Path(), output: Output = TextOrJson.TEXT) -> None:
    """List the baseline and the standards of a folder, with how far each is kept."""
    import json
    from datetime import UTC, datetime

    from easement.cli.table import as_table
    from easement.estate.assemble import assemble
    from easement.standards.adoption import adoption
    from easement.standards.check import check

    today = datetime.now(UTC).date()
    estate, _ = assemble(_load(folder))
    found = adoption(estate, check(estate, today), today)
    if output is TextOrJson.JSON:
        keys = ("standard", "version", "owner", "judged", "keeping", "waived", "share")
        trees = [{**{key: getattr(one, key) for key in keys}, "rules": len(one.rules)} for one in found]
        typer.echo(json.dumps(trees, indent=2))
        return
    rows = [
        (one.standard, one.version, one.owner, len(one.rules), f"{one.keeping} of {one.judged}", one.waived)
        for one in found
    ]
    typer.echo(as_table(("STANDARD", "VERSION", "OWNER", "RULES", "KEPT BY", "WAIVED"), rows), nl=False)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="baseline, or a standard of the folder.", metavar="STANDARD")],
    folder: Folder = Path(),
    output: Output = TextOrJson.TEXT,
) -> None:
    """Show the rules of one standard, with how many documents keep each."""
    import dataclasses
    import json
    from datetime import UTC, datetime

    from easement.cli.table import as_table
    from easement.contract.suggestion import did_you_mean
    from easement.estate.assemble import assemble
    from easement.standards.adoption import adoption
    from easement.standards.check import check

    today = datetime.now(UTC).date()
    estate, _ = assemble(_load(folder))
    known = {one.standard: one for one in adoption(estate, check(estate, today), today)}
    if name not in known:
        hint = did_you_mean(name, known) or "'easement standard list' lists them."
        fail(f"there is no standard {name!r}", code=ExitCode.USAGE, hint=hint)
    chosen = known[name]
    if output is TextOrJson.JSON:
        typer.echo(json.dumps({**dataclasses.asdict(chosen), "share": chosen.share}, indent=2))
        return
    rows = [
        (rule.rule, rule.severity, f"{rule.keeping} of {rule.judged}", rule.waived, rule.title) for rule in chosen.rules
    ]
    typer.echo(as_table(("RULE", "SEVERITY", "KEPT BY", "WAIVED", "WHAT IT HOLDS"), rows), nl=False)


@app.command(name="try")
def try_(  # noqa: PLR0917 - each is an option of the command
    file: Annotated[Path, typer.Argument(help="The file with the Standard documents.", metavar="FILE")],
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of documents; without it the registry.", metavar="[DIR]")
    ] = None,
    output: Output = TextOrJson.TEXT,
    fail_on_findings: Annotated[bool, typer.Option("--fail", help="Exit with 3 where it would find anything.")] = False,
    server: Annotated[str, typer.Option(help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option(help="Data directory of a control plane on this machine.")] = None,
) -> None:
    """Try a standard on a whole estate: what it would find and stop, by rule and by owner. Nothing is changed.

    Examples: easement standard try house.yaml contracts; easement standard try house.yaml -o json --fail
    """
    import json

    from easement.cli.standard_report import trial_text

    standards, files = _standards(file)
    tree = _try_on_folder(file, folder, standards) if folder else _try_on_registry(file, files, server, data)
    typer.echo(
        json.dumps(tree, indent=2) if output is TextOrJson.JSON else trial_text(tree), nl=output is TextOrJson.JSON
    )
    if fail_on_findings and tree["findings"]:
        raise typer.Exit(ExitCode.FINDINGS)


def _try_on_folder(file: Path, folder: Path, standards: list[Standard]) -> dict[str, Any]:
    from datetime import UTC, datetime

    from easement.estate.assemble import assemble
    from easement.standards.trial import trial_values, try_standards

    estate, _ = assemble(_load(folder))
    found = try_standards(estate, standards, datetime.now(UTC).date(), file=file.name, files=_beside(file))
    return trial_values(found)


def _try_on_registry(file: Path, files: dict[str, bytes], server: str, data: Path | None) -> dict[str, Any]:
    from easement.cli.client import control_plane

    texts = {name: content.decode("utf-8", "replace") for name, content in files.items()}
    with control_plane(server=server, data=data) as client:
        tree: dict[str, Any] = client.post("/standard-trials", {"file": file.name, "files": texts}).body
    return tree


def _standards(file: Path) -> tuple[list[Standard], dict[str, bytes]]:
    from easement.contract.kinds import Severity, Standard
    from easement.contract.loader import load

    if not file.is_file():
        fail(f"there is no file {file}", code=ExitCode.USAGE, hint="Name the file with the Standard document.")
    files = _beside(file)
    bundle = load({file.name: files[file.name]})
    errors = [problem for problem in bundle.problems if problem.severity is Severity.ERROR]
    if errors:
        first = errors[0]
        fail(f"{first.place}: {first.message}", code=ExitCode.FINDINGS, hint="'easement check' says all that is wrong.")
    found = [loaded.document for loaded in bundle.documents if isinstance(loaded.document, Standard)]
    if not found:
        fail(f"{file} has no Standard document", code=ExitCode.USAGE, hint="'easement new Standard' writes one.")
    return found, files


def _beside(file: Path) -> dict[str, bytes]:
    """The file and the rulesets that lie beside or below it."""
    from easement.store.manifest_folder import read_folder

    files = {file.name: file.read_bytes()}
    if b"rulesets" in files[file.name]:
        files |= dict(read_folder(file.parent).files)
    return files


def _load(folder: Path) -> Bundle:
    from easement.contract.loader import load
    from easement.store.manifest_folder import read_folder

    if not folder.is_dir():
        fail(f"{folder} is no folder", code=ExitCode.USAGE, hint="Name the folder that holds the documents.")
    return load(read_folder(folder).files)
