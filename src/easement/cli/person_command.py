"""``easement person``: who may use the API, the CLI and the console."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the person.", show_default=False)]
Roles = Annotated[
    list[str],
    typer.Option("--role", help="viewer, developer, reviewer, security, compliance, operator, auditor or admin."),
]
Server = Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")]
Data = Annotated[Path | None, typer.Option("--data", help="Data directory of a control plane on this machine.")]


@app.callback()
def person() -> None:
    """Add people, roles and sign-in links."""


@app.command()
def add(name: Name, role: Roles, server: Server = "", data: Data = None) -> None:
    """Add a person and print a one-time sign-in link."""
    _ask("POST", "", server, data, {"name": name, "roles": role})
    made = _ask("POST", f"/{_quoted(name)}/links", server, data)
    typer.echo(f"{name} is added as {', '.join(sorted(role))}.")
    _print_link(made)


@app.command()
def link(name: Name, server: Server = "", data: Data = None) -> None:
    """Print a new one-time sign-in link; an earlier one of this person ends."""
    _print_link(_ask("POST", f"/{_quoted(name)}/links", server, data))


@app.command()
def token(  # noqa: PLR0917 - the parameters are the command's options
    name: Name,
    label: Annotated[str, typer.Option(help="What the token is for.")],
    scope: Annotated[list[str] | None, typer.Option(help="Only these of the person's roles.")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until it ends.")] = 30,
    server: Server = "",
    data: Data = None,
) -> None:
    """Issue an API token and print it once."""
    body = {"label": label, "scopes": scope or [], "lifeDays": days}
    typer.echo(_ask("POST", f"/{_quoted(name)}/tokens", server, data, body)["token"])
    typer.echo(f"This token of {name} is shown once and ends in {days} days.", err=True)


@app.command("revoke-tokens")
def revoke_tokens(name: Name, server: Server = "", data: Data = None) -> None:
    """End every API token of a person."""
    count = _ask("DELETE", f"/{_quoted(name)}/tokens", server, data)["revoked"]
    typer.echo(f"{count} token{'' if count == 1 else 's'} of {name} revoked.")


@app.command()
def roles(name: Name, role: Roles, server: Server = "", data: Data = None) -> None:
    """Replace the roles of a person."""
    _ask("PUT", f"/{_quoted(name)}/roles", server, data, {"roles": role})
    typer.echo(f"{name} is now {', '.join(sorted(role))}.")


@app.command()
def disable(name: Name, server: Server = "", data: Data = None) -> None:
    """Shut a person out: sessions, tokens and links end at once. The name stays in the audit record."""
    _ask("DELETE", f"/{_quoted(name)}", server, data)
    typer.echo(f"{name} is disabled.")


@app.command("list")
def list_(
    server: Server = "",
    data: Data = None,
    output: Annotated[str, typer.Option("--output", "-o", help="text or json.")] = "text",
) -> None:
    """List everybody."""
    import json

    items = _ask("GET", "", server, data)["items"]
    if output == "json":
        typer.echo(json.dumps(items, indent=2))
        return
    width = max((len(item["name"]) for item in items), default=0)
    for item in items:
        typer.echo(f"{item['name']:<{width}}  {', '.join(item['roles'])}{'  (disabled)' if item['disabled'] else ''}")


def _ask(method: str, path: str, server: str, data: Path | None, body: Any = None) -> Any:
    from easement.cli.client import control_plane

    with control_plane(server=server, data=data) as client:
        return client.send(method, f"/people{path}", body=body).body


def _quoted(name: str) -> str:
    from easement.cli.client import segment

    return segment(name)


def _print_link(made: dict[str, Any]) -> None:
    typer.echo(made["url"])
    typer.echo(f"This link signs in once, within {made['minutes']} minutes.", err=True)
