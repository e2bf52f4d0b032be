"""``easement quotas``: how much of the daily quotas is used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def quotas(
    json_output: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    server: Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Data directory on this machine.")] = None,
) -> None:
    """List the contracts with a daily quota, and the calls of today (UTC). Exit status 3 where one is used up."""
    import json

    from easement.cli.client import control_plane
    from easement.cli.failure import ExitCode
    from easement.cli.table import as_table

    with control_plane(server=server, data=data) as client:
        items = client.get("/quotas").body["items"]
    if json_output:
        typer.echo(json.dumps(items, indent=2))
    elif not items:
        typer.echo("No contract in force has a daily quota (sla.throughput.dailyQuota).")
    else:
        rows = [
            (one["integration"], f"{one['used']:,}", f"{one['quota']:,}", f"{one['used'] / one['quota']:.0%}",
             f"refused until {one['renewed']}" if one["usedUp"] else "")
            for one in items
        ]  # fmt: skip
        typer.echo(as_table(("INTEGRATION", "USED", "QUOTA", "SHARE", ""), rows), nl=False)
    if any(one["usedUp"] for one in items):
        raise typer.Exit(ExitCode.FINDINGS)
