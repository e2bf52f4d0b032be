"""``easement waivers``: every accepted finding, with who accepted it, why and until when."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from easement.cli.failure import ExitCode, fail


class WaiverFormat(StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


_HEADER = ("STATE", "WAIVER", "RULE", "AT", "OWNER", "APPROVED BY", "EXPIRES", "DAYS", "REASON")
_KEYS = ("state", "name", "rule", "at", "owner", "approvers", "expires", "days", "reason")


def waivers(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of documents; without it the registry.", metavar="[DIR]")
    ] = None,
    output: Annotated[WaiverFormat, typer.Option("--output", "-o", help="Form of the report.")] = WaiverFormat.TEXT,
    state: Annotated[
        str, typer.Option("--state", help="Only active, expiring (within 30 days), expired, unused or refused.")
    ] = "",
    server: Annotated[str, typer.Option(help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option(help="Data directory of a control plane on this machine.")] = None,
) -> None:
    """List every waiver: in force, ending soon, ended, or of no use. In a folder nobody has approved them yet.

    Exit status: 0, or 3 where one has ended or is refused.
    """
    import json

    from easement.cli.table import as_csv, as_table
    from easement.standards.waiver_report import WaiverState

    if state and state not in set(WaiverState):
        fail(f"there is no state {state!r}", code=ExitCode.USAGE, hint=f"Write {', '.join(WaiverState)}.")
    found = _of_folder(folder) if folder else _of_registry(server, data)
    shown = [entry for entry in found if state in {"", entry["state"]}]
    if output is WaiverFormat.JSON:
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    elif not shown and output is WaiverFormat.TEXT:
        typer.echo("No waivers here.")
    else:
        rows = [[", ".join(one[key]) if key == "approvers" else one[key] for key in _KEYS] for one in shown]
        write = as_csv if output is WaiverFormat.CSV else as_table
        typer.echo(write(_HEADER, rows), nl=False)
    if any(entry["state"] in {WaiverState.EXPIRED, WaiverState.REFUSED} for entry in shown):
        raise typer.Exit(ExitCode.FINDINGS)


def _of_folder(folder: Path) -> list[dict[str, Any]]:
    from datetime import UTC, datetime

    from easement.contract.loader import load
    from easement.estate.assemble import assemble
    from easement.standards.check import check
    from easement.standards.waiver_report import waiver_report, waiver_values
    from easement.store.manifest_folder import read_folder

    if not folder.is_dir():
        fail(f"{folder} is no folder", code=ExitCode.USAGE, hint="Name the folder that holds the documents.")
    today = datetime.now(UTC).date()
    estate, _ = assemble(load(read_folder(folder).files))
    return [waiver_values(entry) for entry in waiver_report(estate.waivers, check(estate, today), today)]


def _of_registry(server: str, data: Path | None) -> list[dict[str, Any]]:
    from easement.cli.client import control_plane

    with control_plane(server=server, data=data) as client:
        entries: list[dict[str, Any]] = client.get("/waiver-report").body["items"]
    return entries
