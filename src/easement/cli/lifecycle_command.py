"""``easement lifecycle``: move an integration, now or at a given time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Move an integration: live, deprecate, reinstate, retire, withdraw; now, or by the calendar.",
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


@app.command("schedule")
def add_schedule(  # noqa: PLR0917 - the parameters are the command's options
    subject: Annotated[str, typer.Argument(help="integration/NAME or interface/NAME@MAJOR.")],
    event: Annotated[str, typer.Argument(help="go-live, deprecate, retire; of an interface: sunset.")],
    at: Annotated[str, typer.Option("--at", help="When, with a zone: 2026-12-01T06:00:00Z.")],
    reason: _Reason,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Have a step happen by itself. What a guard refuses then is tried again and says why it waits."""
    from easement.cli.client import control_plane

    body = {"subject": subject, "event": event, "due": at, "reason": reason}
    with control_plane(server=server, data=data) as client:
        added = client.post("/schedule", body).body
    typer.echo(f"{added['id']}: {added['subject']} {added['event']} at {added['due']}")


@app.command("calendar")
def show_calendar(
    past: Annotated[bool, typer.Option("--past", help="Also what is done or cancelled.")] = False,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """List what is scheduled, and why it waits."""
    from easement.cli.client import control_plane
    from easement.cli.table import as_table

    with control_plane(server=server, data=data) as client:
        found = client.get("/schedule", past="true" if past else "").body["items"]
    if not found:
        typer.echo("Nothing is scheduled.")
        return
    rows = [(it["due"], it["subject"], it["event"], it["state"], it["person"], it["said"], it["id"]) for it in found]
    typer.echo(as_table(("DUE", "SUBJECT", "EVENT", "STATE", "BY", "WAITS BECAUSE", "ID"), rows), nl=False)


@app.command("cancel")
def cancel_scheduled(
    identifier: Annotated[str, typer.Argument(help="Id of the scheduled step.")],
    reason: _Reason,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Take a step off the calendar."""
    from easement.cli.client import control_plane, segment

    with control_plane(server=server, data=data) as client:
        gone = client.post(f"/schedule/{segment(identifier)}/cancel", {"reason": reason}).body
    typer.echo(f"{gone['subject']} {gone['event']} at {gone['due']} will not happen")


def _move(name: str, event: str, reason: str, *, server: str, data: Path | None) -> None:
    from easement.cli.client import control_plane, segment

    with control_plane(server=server, data=data) as client:
        address = f"/integrations/{segment(name)}"
        headers = {"If-Match": client.get(address).etag}
        moved = client.post(f"{address}/lifecycle", {"event": event, "reason": reason}, headers=headers).body
    typer.echo(f"{moved['id']} {moved['name']}: {moved['state']}\nEnforced plan: {moved['plan'][:12]}")
