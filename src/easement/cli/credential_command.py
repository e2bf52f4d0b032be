"""``easement credential``: what a system proves its identity with. A secret is printed once and kept nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

System = Annotated[str, typer.Argument(help="Name of the system; it is also the client id.", show_default=False)]
Server = Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")]
Data = Annotated[Path | None, typer.Option("--data", help="Data directory of a control plane on this machine.")]
Output = Annotated[str, typer.Option("--output", "-o", help="text or json.")]


@app.callback()
def credential() -> None:
    """Issue, rotate and revoke credentials of systems."""


@app.command()
def issue(
    system: System,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until it ends.")] = 180,
    server: Server = "",
    data: Data = None,
    output: Output = "text",
) -> None:
    """Issue a client secret and print it once."""
    _print_secret(_ask("POST", system, "secrets", server, data, {"lifeDays": days}), output)


@app.command()
def rotate(  # noqa: PLR0917 - the parameters are the command's options
    system: System,
    overlap: Annotated[int, typer.Option(min=0, max=720, help="Hours that the old secret still works.")] = 24,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until the new one ends.")] = 180,
    server: Server = "",
    data: Data = None,
    output: Output = "text",
) -> None:
    """Issue a new secret; the newest old one ends after the overlap, any other now."""
    body = {"overlapHours": overlap, "lifeDays": days}
    _print_secret(_ask("POST", system, "secrets/rotate", server, data, body), output)


@app.command("api-key")
def api_key(  # noqa: PLR0917 - the parameters are the command's options
    system: System,
    overlap: Annotated[
        int | None, typer.Option(min=0, max=720, help="Replace the others: hours that the newest still works.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until it ends.")] = 90,
    server: Server = "",
    data: Data = None,
    output: Output = "text",
) -> None:
    """Issue an API key and print it once, for contracts with authentication: api-key."""
    import json

    made = _ask("POST", system, "api-keys", server, data, {"overlapHours": overlap, "lifeDays": days})
    if output == "json":
        typer.echo(json.dumps(made, indent=2))
        return
    typer.echo(f"api key  {made['apiKey']}")
    typer.echo(f"ends     {made['expires']}")
    typer.echo("This key is shown once. Only its hash is kept.", err=True)


@app.command("list")
def list_(system: System, server: Server = "", data: Data = None, output: Output = "text") -> None:
    """List the credentials of a system; never a value."""
    import json

    items = _ask("GET", system, "credentials", server, data)["items"]
    if output == "json":
        typer.echo(json.dumps(items, indent=2))
        return
    if not items:
        typer.echo(f"{system} has no credentials. Issue one: easement credential issue {system}")
        return
    for item in items:
        end = "revoked " + item["revoked"] if item["revoked"] else "ends " + (item["expires"] or "when revoked")
        state = "live" if item["live"] else "ended"
        typer.echo(f"{item['id']}  {item['kind']:<6}  {state:<5}  since {item['created']}  {end}")


@app.command()
def expiring(
    days: Annotated[int, typer.Option(min=1, max=4000, help="How far to look ahead.")] = 30,
    server: Server = "",
    data: Data = None,
    output: Output = "text",
) -> None:
    """List what ends soon: client secrets, API keys, and the certificates of the installation.

    Exit status: 0 nothing that somebody must replace, 3 something, 2 usage.
    """
    import json

    from easement.cli.client import control_plane
    from easement.cli.failure import ExitCode
    from easement.cli.table import as_table

    with control_plane(server=server, data=data) as client:
        items = client.get("/expiries", days=str(days)).body["items"]
    if output == "json":
        typer.echo(json.dumps(items, indent=2))
    elif not items:
        typer.echo(f"Nothing ends within {days} days.")
    else:
        rows = [
            (one["expires"], one["kind"], one["name"], one["id"], "no need" if one["replaced"] else "to replace")
            for one in items
        ]
        typer.echo(as_table(("ENDS", "KIND", "NAME", "ID", "STATE"), rows), nl=False)
    if any(not one["replaced"] for one in items):
        raise typer.Exit(ExitCode.FINDINGS)


@app.command()
def revoke(
    system: System,
    credential_id: Annotated[str, typer.Argument(help="Id as `easement credential list` shows it.")],
    server: Server = "",
    data: Data = None,
) -> None:
    """End a credential at once, and every token that the system has."""
    from easement.cli.client import segment

    _ask("DELETE", system, f"credentials/{segment(credential_id)}", server, data)
    typer.echo(f"{credential_id} of {system} is revoked, and every token of {system}; other credentials get new ones.")


@app.command("revoke-tokens")
def revoke_tokens(system: System, server: Server = "", data: Data = None) -> None:
    """End every access token of a system at gateway and broker; its credentials stay."""
    _ask("POST", system, "tokens/revoke", server, data, {})
    typer.echo(f"Every token that {system} has is revoked. Its credentials get new ones.")


@app.command()
def register(
    system: System,
    jwk: Annotated[Path, typer.Argument(help="File with a public JWK.", exists=True, dir_okay=False)],
    server: Server = "",
    data: Data = None,
) -> None:
    """Register a public key, with which the system signs its own assertions (private_key_jwt)."""
    import json

    from easement.cli.failure import ExitCode, fail

    try:
        key = json.loads(jwk.read_bytes())
    except (OSError, ValueError):
        fail(f"{jwk} is not a JSON file", code=ExitCode.USAGE)
    made = _ask("POST", system, "keys", server, data, {"jwk": key})
    typer.echo(f"Key {made['id']} of {system} is registered.")


@app.command()
def certificate(  # noqa: PLR0917 - the parameters are the command's options
    system: System,
    folder: Annotated[Path, typer.Argument(help="Folder for SYSTEM.pem and SYSTEM.key.", file_okay=False)],
    hours: Annotated[int, typer.Option(min=1, max=720, help="Hours until it ends.")] = 24,
    sign_in: Annotated[
        bool, typer.Option("--sign-in", help="Let the system get tokens with it alone, without a secret.")
    ] = False,
    server: Server = "",
    data: Data = None,
) -> None:
    """Issue a client certificate into a folder: the chain, and the private key (mode 0600)."""
    from easement.store.atomic_file import write_atomically

    made = _ask("POST", system, "certificates", server, data, {"lifeHours": hours, "signIn": sign_in})
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(folder / f"{system}.key", made["privateKey"].encode())
    write_atomically(folder / f"{system}.pem", made["certificateChain"].encode(), mode=0o644)
    typer.echo(f"{folder / f'{system}.pem'} and .key are good until {made['expires']}.")


@app.command("rotate-signing-key")
def rotate_signing_key(
    compromised: Annotated[
        bool, typer.Option("--compromised", help="End every present key, and all tokens that they signed, at once.")
    ] = False,
    server: Server = "",
    data: Data = None,
) -> None:
    """Change the key that signs access tokens. The new one is published first, so that no token is lost."""
    from easement.cli.client import control_plane

    with control_plane(server=server, data=data) as client:
        keys = client.post("/signing-keys/rotate", {"compromised": compromised}).body["items"]
    for key in keys:
        typer.echo(f"{key['kid']}  {key['state']}")


def _ask(method: str, system: str, what: str, server: str, data: Path | None, body: Any = None) -> Any:  # noqa: PLR0917 - private; reads as the request line
    from easement.cli.client import control_plane, segment

    with control_plane(server=server, data=data) as client:
        return client.send(method, f"/accounts/{segment(system)}/{what}", body=body).body


def _print_secret(made: dict[str, Any], output: str) -> None:
    import json

    if output == "json":
        typer.echo(json.dumps(made, indent=2))
        return
    typer.echo(f"client id      {made['clientId']}")
    typer.echo(f"client secret  {made['clientSecret']}")
    typer.echo(f"ends           {made['expires']}")
    typer.echo("This secret is shown once. Only its hash is kept.", err=True)
