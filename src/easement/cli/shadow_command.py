"""``easement shadow``: who tries what without a contract, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Look at attempts without a contract; draft one, or dismiss them.",
)
_Server = Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")]
_Data = Annotated[Path | None, typer.Option("--data", help="Data directory of a control plane on this machine.")]
_Key = Annotated[str, typer.Argument(help="The key of an entry; its first digits are enough.")]
_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command("list")
def list_entries(
    every: Annotated[bool, typer.Option("--all", help="Also what was dismissed.")] = False,
    json_output: _Json = False,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """List who tried what without a contract in the last 30 days, the latest first."""
    import json

    from easement.cli.client import control_plane
    from easement.cli.shadow_report import shadow_table

    with control_plane(server=server, data=data) as client:
        found = client.get("/shadow", every="true" if every else "").body["items"]
    if json_output:
        typer.echo(json.dumps(found, indent=2))
    else:
        typer.echo(shadow_table(found) if found else "Nothing was tried without a contract.\n", nl=False)


@app.command()
def show(key: _Key, json_output: _Json = False, server: _Server = "", data: _Data = None) -> None:
    """Show one entry with each operation that was tried."""
    import json

    from easement.cli.client import control_plane, segment
    from easement.cli.shadow_report import shadow_text

    with control_plane(server=server, data=data) as client:
        entry = client.get(f"/shadow/{segment(key)}").body
    typer.echo(json.dumps(entry, indent=2) if json_output else shadow_text(entry), nl=json_output)


@app.command()
def draft(
    key: _Key,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the estate; standard output without it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Draft a contract: only the operations that were tried, no field, and every open decision named."""
    from easement.cli.client import control_plane, segment
    from easement.cli.written_files import write_files

    with control_plane(server=server, data=data) as client:
        drafted = client.get(f"/shadow/{segment(key)}/draft").body
    if out is None:
        typer.echo(drafted["text"], nl=False)
    else:
        for path in write_files(out, {f"integrations/{drafted['name']}.yaml": drafted["text"]}, force=force):
            typer.echo(f"wrote {path}")
    for one in drafted["placeholders"]:
        typer.echo(f"decide {one['path']}: {one['decide']}", err=True)


@app.command()
def dismiss(
    key: _Key,
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why; it goes on the record.")],
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="For how long.")] = 90,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Put an entry away for some days. It comes back earlier when something else is tried."""
    from easement.cli.client import control_plane, segment

    with control_plane(server=server, data=data) as client:
        entry = client.post(f"/shadow/{segment(key)}/dismiss", {"reason": reason, "days": days}).body
    typer.echo(f"Dismissed {entry['key']} until {entry['dismissed']['until'][:10]}.")
