"""``easement change``: announce a change, answer for a consumer, and bring it to its end."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from easement.cli.failure import ExitCode, fail

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Change an interface with notice: open a case, tell its consumers, let them answer, end the old version.",
)

_Server = Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")]
_Data = Annotated[Path | None, typer.Option("--data", help="Data directory of a control plane on this machine.")]
_Case = Annotated[str, typer.Argument(help="The change case, such as CHG-0007.", metavar="CASE")]
_Integration = Annotated[str, typer.Argument(help="The integration that answers.", metavar="INTEGRATION")]
_Reason = Annotated[str, typer.Option("--reason", "-m", help="Why; everybody affected reads it.")]


class ChangeFormat(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    JSON = "json"


_Output = Annotated[ChangeFormat, typer.Option("--output", "-o", help="Form of the answer.")]


@app.command("open")
def open_change(  # noqa: PLR0917 - the parameters are the command's options
    reference: Annotated[str, typer.Argument(help="interface/NAME@MAJOR, or integration/NAME that is narrowed.")],
    reason: _Reason,
    successor: Annotated[str, typer.Option("--successor", help="What takes over; without it, nothing does.")] = "",
    link: Annotated[str, typer.Option("--link", help="Where the migration is documented.")] = "",
    sunset: Annotated[
        datetime | None, typer.Option("--sunset", formats=["%Y-%m-%d"], help="A later end than the notice asks.")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Tell nobody yet; easement change notify does.")] = False,
    output: _Output = ChangeFormat.TABLE,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Open a change case, hold old against new, and tell everybody whom it reaches.

    Example: easement change open interface/orders-api@1 --successor orders-api@2 --reason "prices get a currency"
    """
    kind, name = _document(reference)
    body: dict[str, Any] = {
        "kind": kind, "name": name, "reason": reason, "successor": successor.removeprefix("interface/"),
        "link": link, "notify": not draft,
    }  # fmt: skip
    if sunset is not None:
        body["sunset"] = sunset.date().isoformat()
    _send("/changes", body, output, server=server, data=data)


@app.command("list")
def list_changes(
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    output: _Output = ChangeFormat.TABLE,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """List change cases, emergencies first."""
    import json

    from easement.cli.change_case_report import cases_text
    from easement.cli.client import control_plane

    with control_plane(server=server, data=data) as client:
        found = list(client.pages("/changes", state="all" if every else "running"))
    typer.echo(json.dumps(found, indent=2) + "\n" if output is ChangeFormat.JSON else cases_text(found), nl=False)


@app.command()
def show(case: _Case, output: _Output = ChangeFormat.TABLE, server: _Server = "", data: _Data = None) -> None:
    """Show a case: what changes, who is affected, what they answered, who still uses the old version."""
    from easement.cli.client import control_plane, segment

    with control_plane(server=server, data=data) as client:
        _print(client.get(f"/changes/{segment(case)}").body, output)


@app.command()
def notify(case: _Case, server: _Server = "", data: _Data = None) -> None:
    """Tell everybody affected by a draft; the notice period begins."""
    _step(case, "notify", {}, server=server, data=data)


@app.command()
def ack(
    case: _Case,
    integration: _Integration,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Until when the old version is needed.")
    ] = None,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Acknowledge for a consumer; of a narrowed contract, agree to it."""
    body: dict[str, Any] = {"integration": integration}
    if until is not None:
        body["until"] = until.date().isoformat()
    _step(case, "ack", body, server=server, data=data)


@app.command("not-affected")
def not_affected(
    case: _Case, integration: _Integration, reason: _Reason, server: _Server = "", data: _Data = None
) -> None:
    """Say for a consumer that the change does not reach it, and why."""
    _step(case, "not-affected", {"integration": integration, "reason": reason}, server=server, data=data)


@app.command()
def migrate(case: _Case, integration: _Integration, server: _Server = "", data: _Data = None) -> None:
    """Say for a consumer that it has moved. Its approved contract must name the new version."""
    _step(case, "migrate", {"integration": integration}, server=server, data=data)


@app.command()
def start(case: _Case, server: _Server = "", data: _Data = None) -> None:
    """Begin the transition: both versions are served, the old one says that it is deprecated."""
    _step(case, "start", {}, server=server, data=data)


@app.command()
def close(
    case: _Case,
    cut: Annotated[
        list[str], typer.Option("--cut", help="An integration that is cut off although it did not move.")
    ] = [],  # noqa: B006 - typer reads it and changes nothing
    follow_up: Annotated[str, typer.Option("--follow-up", help="What was done after an emergency.")] = "",
    server: _Server = "",
    data: _Data = None,
) -> None:
    """End the old version (410 from then on), or an emergency with its follow-up."""
    _step(case, "close", {"cut": list(cut), "reason": follow_up}, server=server, data=data)


@app.command()
def withdraw(case: _Case, reason: _Reason, server: _Server = "", data: _Data = None) -> None:
    """Give the change up; everybody who was told hears of it."""
    _step(case, "withdraw", {"reason": reason}, server=server, data=data)


@app.command("break-glass")
def break_glass(
    reference: Annotated[str, typer.Argument(help="interface/NAME@MAJOR or integration/NAME with a waiting revision.")],
    reason: _Reason,
    hours: Annotated[int, typer.Option("--hours", min=1, max=72, help="How long the revision may be enforced.")] = 4,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Ask for a breaking change without notice. Another person confirms; everybody affected is alerted."""
    kind, name = _document(reference)
    body = {"kind": kind, "name": name, "reason": reason, "hours": hours}
    _send("/changes/break-glass", body, ChangeFormat.TABLE, server=server, data=data)


@app.command()
def confirm(case: _Case, server: _Server = "", data: _Data = None) -> None:
    """Be the second person of an emergency."""
    _step(case, "confirm", None, server=server, data=data)


@app.command()
def inbox(
    box: Annotated[str, typer.Option("--box", help="mine, all or undelivered.")] = "mine",
    output: _Output = ChangeFormat.TABLE,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """List notices: those for your teams, all, or those that could not be delivered."""
    import json

    from easement.cli.change_case_report import notices_text
    from easement.cli.client import control_plane

    if box not in {"mine", "all", "undelivered"}:
        fail(f"there is no box {box!r}", code=ExitCode.USAGE, hint="Name mine, all or undelivered.")
    with control_plane(server=server, data=data) as client:
        found = list(client.pages("/notices", box=box))
    typer.echo(json.dumps(found, indent=2) + "\n" if output is ChangeFormat.JSON else notices_text(found), nl=False)


def _step(case: str, step: str, body: dict[str, Any] | None, *, server: str, data: Path | None) -> None:
    from easement.cli.client import segment

    _send(f"/changes/{segment(case)}/{step}", body, ChangeFormat.TABLE, server=server, data=data)


def _send(path: str, body: dict[str, Any] | None, output: ChangeFormat, *, server: str, data: Path | None) -> None:
    from easement.cli.client import control_plane

    with control_plane(server=server, data=data) as client:
        _print(client.post(path, body).body, output)


def _print(case: dict[str, Any], output: ChangeFormat) -> None:
    import json

    from easement.cli.change_case_report import case_text

    typer.echo(json.dumps(case, indent=2) + "\n" if output is ChangeFormat.JSON else case_text(case), nl=False)


def _document(reference: str) -> tuple[str, str]:
    kind, slash, name = reference.partition("/")
    if not slash or kind not in {"interface", "integration"} or not name:
        fail(
            f"{reference!r} names nothing that changes under a case",
            code=ExitCode.USAGE,
            hint="Write interface/NAME@MAJOR or integration/NAME.",
        )
    return kind, name
