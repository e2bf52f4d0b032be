"""``easement plan``: what apply would change."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from easement.cli.failure import ExitCode


class PlanFormat(StrEnum):
    """How the plan is written."""

    TEXT = "text"
    JSON = "json"


def plan(  # noqa: PLR0917 - the parameters are the command's options
    folder: Annotated[Path, typer.Argument(help="The folder that holds the documents.", metavar="[DIR]")] = Path(),
    offline: Annotated[bool, typer.Option("--offline", help="Without a server: what would be enforced.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Also remove what is not in the folder.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="End with 3 when there are changes.")
    ] = False,
    output: Annotated[PlanFormat, typer.Option("--output", "-o", help="Form of the answer.")] = PlanFormat.TEXT,
    server: Annotated[str, typer.Option(help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option(help="Data directory of a control plane on this machine.")] = None,
) -> None:
    """Show what apply would change, the findings on it, and the reviews it would take. Changes nothing.

    Exit status: 0 shown, 2 usage, 3 problems in the documents (or changes, with --detailed-exitcode), 5 unreachable.

    Examples: easement plan; easement plan contracts --prune; easement plan --offline -o json
    """
    import json

    from easement.cli.bundle_request import bundle_request, end_with_problems, reported_problems, sound_bundle
    from easement.cli.change_report import plan_text
    from easement.cli.client import control_plane

    bundle = sound_bundle(folder)
    if offline:
        from easement.cli.offline_plan import offline_plan

        typer.echo(offline_plan(bundle, folder, as_json=output is PlanFormat.JSON), nl=False)
        return
    with control_plane(server=server, data=data) as client:
        preview = client.post("/preview", bundle_request(bundle, prune=prune)).body
    if output is PlanFormat.JSON:
        typer.echo(json.dumps(preview, indent=2))
    if preview["problems"]:
        if output is PlanFormat.JSON:
            raise typer.Exit(ExitCode.FINDINGS)
        end_with_problems(reported_problems(preview["problems"]), bundle.files, folder)
    if output is PlanFormat.TEXT:
        typer.echo(plan_text(preview), nl=False)
        if preview["changes"]:
            typer.echo(f"To do it: easement apply {folder} --base {preview['base']}", err=True)
    if detailed_exitcode and preview["changes"]:
        raise typer.Exit(ExitCode.FINDINGS)
