"""``easement apply``: register a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from easement.cli.failure import ExitCode, fail


def apply(  # noqa: PLR0917 - the parameters are the command's options
    folder: Annotated[Path, typer.Argument(help="The folder that holds the documents.", metavar="[DIR]")] = Path(),
    auto_approve: Annotated[
        bool, typer.Option("--auto-approve", help="Do not ask before applying. This approves no review.")
    ] = False,
    base: Annotated[str, typer.Option(help="Refuse when the registry is not the one that this plan showed.")] = "",
    prune: Annotated[bool, typer.Option("--prune", help="Also remove what is not in the folder.")] = False,
    server: Annotated[str, typer.Option(help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option(help="Data directory of a control plane on this machine.")] = None,
) -> None:
    """Register the documents of a folder: all of them, or none.

    What needs nobody's eyes is enforced at once; the rest waits for a review, and what was approved before stays.
    Exit status: 0 done, 1 error, 2 usage, 3 problems in the documents, 4 refused by policy, 5 unreachable.

    Examples: easement apply; easement apply contracts --auto-approve; easement apply --prune
    """
    import sys

    from easement.cli.bundle_request import bundle_request, end_with_problems, reported_problems, sound_bundle
    from easement.cli.change_report import applied_text, plan_text
    from easement.cli.client import control_plane
    from easement.store.ids import new_id

    bundle = sound_bundle(folder)
    with control_plane(server=server, data=data) as client:
        preview = client.post("/preview", bundle_request(bundle, prune=prune)).body
        if preview["problems"]:
            end_with_problems(reported_problems(preview["problems"]), bundle.files, folder)
        if base and base != preview["base"]:
            fail("the registry changed since that plan was made", hint="Run 'easement plan' again and look.")
        typer.echo(plan_text(preview), nl=False, err=True)
        if not preview["changes"]:
            typer.echo("Nothing changed.")
            return
        if not auto_approve:
            if not sys.stdin.isatty():
                fail("there is nobody to ask here", code=ExitCode.USAGE, hint="Add --auto-approve to apply unasked.")
            if not typer.confirm("Apply this?", err=True):
                typer.echo("Nothing changed.")
                raise typer.Exit(ExitCode.ERROR)
        request = bundle_request(bundle, prune=prune, base=preview["base"])
        applied = client.post("/apply", request, headers={"Idempotency-Key": new_id()}).body
    typer.echo(applied_text(applied), nl=False)
