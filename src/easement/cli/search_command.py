"""``easement search``: words and facets over the registry, and searches that are kept under a name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class SearchFormat(StrEnum):
    """How results are written."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    CSV = "csv"
    NAME = "name"


def search(  # noqa: PLR0917 - the parameters are the command's options
    words: Annotated[list[str] | None, typer.Argument(help="Each must occur.", metavar="[WORD]...")] = None,
    facet: Annotated[list[str] | None, typer.Option("--facet", "-f", help="NAME=VALUE, as often as needed.")] = None,
    sort: Annotated[str, typer.Option("--sort", help="name, id, owner, criticality, findings, changed ...")] = "",
    view: Annotated[str, typer.Option("--view", help="Begin with this saved view.")] = "",
    save: Annotated[str, typer.Option("--save", help="Keep this search under a name.")] = "",
    share: Annotated[bool, typer.Option("--share", help="With --save: let everybody use it.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")] = 100,
    output: Annotated[SearchFormat, typer.Option("--output", "-o", help="Form of the answer.")] = SearchFormat.TABLE,
    server: Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Data directory on this machine.")] = None,
) -> None:
    """Search what is registered.

    Facets: kind, owner, state, criticality, system, zone, classification, tag, pattern, technology, entity, finding,
    label. Values of one facet add up, different facets narrow down. CSV holds all that fits, whatever the limit.

    Examples: easement search orders --facet owner=commerce --facet state=live; easement search -f tag=phi -o csv
    """
    import json
    from itertools import islice

    from easement.cli.client import control_plane, segment
    from easement.cli.registry_report import facets_text, found_table, wide_table

    text, facets = " ".join(words or ()), list(facet or ())
    with control_plane(server=server, data=data) as client:
        if save:
            body = {"text": text, "facets": facets, "sort": sort or "name", "shared": share}
            client.put(f"/views/{segment(save)}", body)
        if output is SearchFormat.CSV:
            typer.echo(client.text("/search.csv", q=text, facet=facets, sort=sort, view=view), nl=False)
            return
        page = client.get("/search", q=text, facet=facets, sort=sort, view=view, limit="1").body
        items = client.pages("/search", q=text, facet=facets, sort=sort, view=view)
        found = list(islice(items, limit))
    if output is SearchFormat.JSON:
        typer.echo(json.dumps({"total": page["total"], "facets": page["facets"], "items": found}, indent=2))
    elif output is SearchFormat.NAME:
        typer.echo("".join(f"{one['reference']}\n" for one in found), nl=False)
    elif not found:
        typer.echo("Nothing fits.")
    else:
        write = wide_table if output is SearchFormat.WIDE else found_table
        typer.echo(f"{write(found)}\n{len(found)} of {page['total']}\n{facets_text(page['facets'])}", nl=False)
    if save:
        typer.echo(f"Kept as view {save}{', for everybody' if share else ''}.", err=True)
