"""``easement view``: saved searches. They are made with ``easement search --save``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="List, show and remove saved searches."
)
_Server = Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")]
_Data = Annotated[Path | None, typer.Option("--data", help="Data directory of a control plane on this machine.")]


@app.command("list")
def list_views(
    json_output: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """List your own views and those that others share."""
    import json

    from easement.cli.client import control_plane
    from easement.cli.registry_report import views_table

    with control_plane(server=server, data=data) as client:
        views = client.get("/views").body["items"]
    if json_output:
        typer.echo(json.dumps(views, indent=2))
    elif not views:
        typer.echo("No view yet: easement search ... --save NAME")
    else:
        typer.echo(views_table(views), nl=False)


@app.command("remove")
def remove_view(
    name: Annotated[str, typer.Argument(help="The view.")],
    of: Annotated[str, typer.Option("--of", help="Another person's, as an administrator.")] = "",
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Remove a view."""
    from easement.cli.client import control_plane, segment

    with control_plane(server=server, data=data) as client:
        client.delete(f"/views/{segment(name)}{f'?of={segment(of)}' if of else ''}")
    typer.echo(f"Removed view {name}.")
