"""``easement lifecycle``: move an integration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Move an integration: live, deprecate, reinstate, retire, withdraw.",
)

_Name = Annotated[str, typer.Argument(help="Name of the integration.")]
_Reason = Annotated[str, typer.Option("--reason", "-m", help="Why; it goes on the record.")]
_Server = Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")]
_Data = Annotated[Path | None, typer.Option("--data", help="Data directory of a control plane on this machine.")]


@app.command()
def live(name: _Name, reason: _Reason = "", server: _Server = "", data: _Data = None) -> None:
    """Let an approved integration flow that was held back."""
    _move(name, "go-live", reason, server=server, data=data)


@app.command()
def deprecate(name: _Name, reason: _Reason, server: _Server = "", data: _Data = None) -> None:
    """Say that it will end. It still flows."""
    _move(name, "deprecate", reason, server=server, data=data)


@app.command()
def reinstate(name: _Name, reason: _Reason, server: _Server = "", data: _Data = None) -> None:
    """Take a deprecation back."""
    _move(name, "reinstate", reason, server=server, data=data)


@app.command()
def retire(name: _Name, reason: _Reason, server: _Server = "", data: _Data = None) -> None:
    """End a deprecated integration: nothing flows from now on, and its id is never given again."""
    _move(name, "retire", reason, server=server, data=data)


@app.command()
def withdraw(name: _Name, reason: _Reason, server: _Server = "", data: _Data = None) -> None:
    """Give up an integration that never went live."""
    _move(name, "withdraw", reason, server=server, data=data)


def _move(name: str, event: str, reason: str, *, server: str, data: Path | None) -> None:
    from easement.cli.client import control_plane, segment

    with control_plane(server=server, data=data) as client:
        address = f"/integrations/{segment(name)}"
        headers = {"If-Match": client.get(address).etag}
        moved = client.post(f"{address}/lifecycle", {"event": event, "reason": reason}, headers=headers).body
    typer.echo(f"{moved['id']} {moved['name']}: {moved['state']}\nEnforced plan: {moved['plan'][:12]}")
