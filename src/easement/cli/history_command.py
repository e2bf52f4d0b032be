"""``easement history``: who changed what in a document."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def history(
    reference: Annotated[str, typer.Argument(help="KIND/NAME, such as integration/orders-to-warehouse.")],
    json_output: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    server: Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Data directory on this machine.")] = None,
) -> None:
    """Show every revision, field by field, with its author, and every decision and move. Removed documents keep theirs.

    Example: easement history integration/orders-to-warehouse
    """
    import json

    from easement.cli.client import control_plane, segment
    from easement.cli.failure import ExitCode, fail
    from easement.cli.registry_report import history_text

    kind, slash, name = reference.partition("/")
    if not slash or not name or not kind.isalpha():
        fail(f"{reference!r} names no document", code=ExitCode.USAGE, hint="Write KIND/NAME, such as system/crm.")
    with control_plane(server=server, data=data) as client:
        events = client.get(f"/{kind.lower().removesuffix('s')}s/{segment(name)}/events").body["items"]
    typer.echo(json.dumps(events, indent=2) if json_output else history_text(events), nl=json_output)
