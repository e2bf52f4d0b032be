"""``easement worklist``: what nobody owns, nobody uses, nothing flows through, or is there twice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def worklist(  # noqa: PLR0917 - the parameters are the command's options
    name: Annotated[
        str, typer.Argument(help="ownerless, stale, orphaned, duplicate, unused or shared.", metavar="[LIST]")
    ] = "",
    owner: Annotated[str, typer.Option("--owner", help="Only what this team owns.")] = "",
    stale_days: Annotated[int, typer.Option("--stale-days", min=1, max=3650, help="Silence that counts.")] = 90,
    json_output: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    server: Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Data directory on this machine.")] = None,
) -> None:
    """List what there is to tidy up, with counts. Exit status 3 where a list is not empty.

    Example: easement worklist orphaned --owner commerce
    """
    import json

    from easement.cli.client import control_plane
    from easement.cli.failure import ExitCode, fail
    from easement.cli.shadow_report import worklists_text
    from easement.contract.suggestion import did_you_mean
    from easement.estate.worklists import WorkList

    if name and name not in set(WorkList):
        fail(f"there is no work list {name!r}", code=ExitCode.USAGE, hint=did_you_mean(name, WorkList))
    with control_plane(server=server, data=data) as client:
        lists = client.get("/worklists", owner=owner, stale_days=str(stale_days)).body["lists"]
    chosen = [one for one in lists if name in {"", one["name"]}]
    typer.echo(json.dumps(chosen, indent=2) if json_output else worklists_text(chosen), nl=json_output)
    if any(one["count"] for one in chosen):
        raise typer.Exit(ExitCode.FINDINGS)
