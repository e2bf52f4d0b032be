"""``easement scorecard``: scores of integrations, systems, teams and the estate, and the facts behind one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from easement.cli.failure import ExitCode, fail

_KINDS = ("estate", "team", "system", "integration")


class ScoreFormat(StrEnum):
    """How scores are written."""

    TABLE = "table"
    JSON = "json"


def scorecard(
    reference: Annotated[
        str, typer.Argument(help="KIND for a list (integration, system, team), or KIND/NAME such as team/commerce.")
    ] = "integration",
    output: Annotated[ScoreFormat, typer.Option("--output", "-o", help="Form of the answer.")] = ScoreFormat.TABLE,
    server: Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Data directory of a control plane here.")] = None,
) -> None:
    """Scores from 0 to 100, the lowest first; of one, each criterion with its facts and its last days."""
    import json
    from urllib.parse import quote

    from easement.cli.client import control_plane

    kind, _, name = reference.partition("/")
    if kind not in _KINDS:
        fail(
            f"{reference!r} is no scorecard", code=ExitCode.USAGE, hint=f"Write KIND or KIND/NAME: {', '.join(_KINDS)}."
        )
    with control_plane(server=server, data=data) as client:
        if name or kind == "estate":
            found = client.get(f"/scorecards/{kind}/{quote(name or 'estate', safe='')}").body
        else:
            found = client.get("/scorecards", kind=kind).body
    if output is ScoreFormat.JSON:
        typer.echo(json.dumps(found, indent=2))
    else:
        typer.echo(_one(found) if "card" in found else _list(found["items"]), nl=False)


def _list(cards: list[dict[str, Any]]) -> str:
    from easement.cli.table import as_table

    if not cards:
        return "Nothing has a score yet.\n"
    rows = [
        (card["name"], f"{card['score']:.0f}", card["grade"], card["owner"] or "-", _lowest(card["criteria"]))
        for card in cards
    ]
    return as_table(("NAME", "SCORE", "GRADE", "OWNER", "LOWEST CRITERION"), rows)


def _lowest(criteria: list[dict[str, Any]]) -> str:
    lowest = min(criteria, key=lambda one: one["share"])
    return "-" if lowest["share"] >= 1 else f"{lowest['name']} {lowest['share'] * 100:.0f} %"


def _one(found: dict[str, Any]) -> str:
    from easement.cli.table import printable

    card, days = found["card"], found["days"]
    lines = [f"{card['kind']}/{card['name']}  {card['score']:.0f} of 100, {card['grade']}"]
    if len(days) > 1:
        lines.append(f"  {days[0]['day']}: {days[0]['score']:.0f}  to  {days[-1]['day']}: {days[-1]['score']:.0f}")
    for one in card["criteria"]:
        lines.append(f"  {one['name']:<14} {one['share'] * 100:3.0f} %  weight {one['weight']}")
        lines += [
            f"      {fact['rule'] + ': ' if fact['rule'] else ''}{printable(fact['text'])}"
            + (f"  [{printable(fact['at'])}]" if fact["at"] else "")
            for fact in one["facts"]
        ]
    lines += [f"  {member['score']:3.0f}  {member['name']}" for member in card["members"]]
    return "\n".join(lines) + "\n"
