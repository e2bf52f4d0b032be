"""``easement get``: what is registered."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Collection(StrEnum):
    """What can be listed."""

    TEAMS = "teams"
    SYSTEMS = "systems"
    INTERFACES = "interfaces"
    INTEGRATIONS = "integrations"
    STANDARDS = "standards"
    WAIVERS = "waivers"
    AGREEMENTS = "agreements"


class GetFormat(StrEnum):
    """How documents are written. ``wide`` is a table with every field of the registry."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    CSV = "csv"
    NAME = "name"


def get(  # noqa: PLR0917 - the parameters are the command's options
    collection: Annotated[str, typer.Argument(help=f"What to list: {', '.join(Collection)}; or KIND, or KIND/NAME.")],
    name: Annotated[str, typer.Argument(help="One document of it.", metavar="[NAME]")] = "",
    output: Annotated[GetFormat, typer.Option("--output", "-o", help="Form of the answer.")] = GetFormat.TABLE,
    owner: Annotated[str, typer.Option("--owner", help="Only those of this team.")] = "",
    state: Annotated[str, typer.Option("--state", help="Only integrations in this state.")] = "",
    server: Annotated[str, typer.Option(help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option(help="Data directory of a control plane on this machine.")] = None,
) -> None:
    """List what is registered, or show one document.

    Examples: easement get integrations --state live; easement get systems -o csv; easement get integration crm -o wide
    """
    import json

    from easement.cli.client import control_plane, segment
    from easement.cli.registry_report import wide_table
    from easement.cli.table import as_csv, as_table

    chosen, name = _chosen(collection, name)
    with control_plane(server=server, data=data) as client:
        if output is GetFormat.WIDE:
            facets = {"kind": chosen.removesuffix("s"), "owner": owner, "state": state}
            asked = [f"{facet}={value}" for facet, value in facets.items() if value]
            found = [one for one in client.pages("/search", facet=asked) if not name or one["name"] == name]
            typer.echo(wide_table(found) if found else f"No {chosen} here.\n", nl=False)
            return
        if name:
            found = [client.get(f"/{chosen}/{segment(name)}").body]
        else:
            found = list(client.pages(f"/{chosen}", owner=owner, state=state))
    if output is GetFormat.JSON:
        typer.echo(json.dumps(found[0] if name else found, indent=2, ensure_ascii=False))
        return
    if output is GetFormat.NAME:
        typer.echo("".join(f"{document['name']}\n" for document in found), nl=False)
        return
    if not found and output is GetFormat.TABLE:
        typer.echo(f"No {chosen} here.")
        return
    header, rows = _columns(chosen, found)
    write = as_csv if output is GetFormat.CSV else as_table
    typer.echo(write(header, rows), nl=False)


def _chosen(written: str, name: str) -> tuple[Collection, str]:
    """``integrations``, ``integration`` and ``integration/NAME`` all say what they mean."""
    from easement.cli.failure import ExitCode, fail
    from easement.contract.suggestion import did_you_mean

    kind, slash, rest = written.partition("/")
    try:
        return Collection(kind if kind in set(Collection) else f"{kind}s"), rest if slash else name
    except ValueError:
        fail(f"there is no collection {written!r}", code=ExitCode.USAGE, hint=did_you_mean(kind, Collection))


def _columns(collection: Collection, found: list[dict[str, Any]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    if collection is Collection.INTEGRATIONS:
        header = ("ID", "NAME", "STATE", "SOURCE", "TARGET", "INTERFACE", "OWNER", "APPROVED")
        return header, [_integration_row(document) for document in found]
    rows: list[tuple[str, ...]] = [
        (each["name"], each["title"], each["owner"], each["revision"][:12], _approved(each)) for each in found
    ]
    return ("NAME", "TITLE", "OWNER", "REVISION", "APPROVED"), rows


def _integration_row(document: Mapping[str, Any]) -> tuple[str, ...]:
    spec = document["document"]["spec"]
    interface = f"{spec['interface']['name']} {spec['interface']['version']}"
    names = (document["id"], document["name"], document["state"], spec["source"], spec["target"])
    return (*names, interface, document["owner"], _approved(document))


def _approved(document: Mapping[str, Any]) -> str:
    if not document["enforced"]:
        return "no"
    return "yes" if document["enforced"] == document["revision"] else f"older {document['enforced'][:12]}"
