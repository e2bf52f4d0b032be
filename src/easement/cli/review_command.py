"""``easement review``: look at what waits, and decide."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from easement.cli.failure import ExitCode, fail

if TYPE_CHECKING:
    from easement.cli.client import ControlClient

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List, show, comment on, approve and reject revisions.",
)

_Server = Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")]
_Data = Annotated[Path | None, typer.Option("--data", help="Data directory of a control plane on this machine.")]
_References = Annotated[list[str], typer.Argument(help="Review ids, or KIND/NAME such as integration/orders-to-crm.")]


class ReviewFormat(StrEnum):
    """How reviews are written."""

    TABLE = "table"
    JSON = "json"


@app.command("list")
def list_reviews(
    every: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
    output: Annotated[ReviewFormat, typer.Option("--output", "-o", help="Form of the answer.")] = ReviewFormat.TABLE,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """List the reviews that wait for somebody, oldest first."""
    import json

    from easement.cli.client import control_plane
    from easement.cli.table import as_table

    with control_plane(server=server, data=data) as client:
        found = list(client.pages("/reviews", state="all" if every else "pending"))
    if output is ReviewFormat.JSON:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found:
        typer.echo("Nothing waits for a review.")
        return
    rows = [
        (_reference(review), review["state"], review["risk"], "+".join(review["roles"]), review["author"], review["id"])
        for review in found
    ]
    typer.echo(as_table(("DOCUMENT", "STATE", "RISK", "NEEDS", "AUTHOR", "REVIEW"), rows), nl=False)


@app.command()
def show(
    reference: Annotated[str, typer.Argument(help="Review id, or KIND/NAME.")],
    output: Annotated[ReviewFormat, typer.Option("--output", "-o", help="Form of the answer.")] = ReviewFormat.TABLE,
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Show what a review is about: five answers, change, cost, findings, comments, what stands against approval."""
    import json

    from easement.cli.client import control_plane
    from easement.cli.review_report import review_text

    with control_plane(server=server, data=data) as client:
        review = _find(client, [reference])[0]
        dossier = client.get(f"/reviews/{review['id']}/dossier").body
    typer.echo(json.dumps(dossier, indent=2) if output is ReviewFormat.JSON else review_text(dossier), nl=True)


@app.command()
def comment(
    reference: Annotated[str, typer.Argument(help="Review id, or KIND/NAME.")],
    message: Annotated[str, typer.Option("--message", "-m", help="What you have to say; the author reads it.")],
    at: Annotated[
        str, typer.Option("--at", help="Place in the document, such as /spec/sla; all of it if left out.")
    ] = "",
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Comment on a place in a revision. An open comment stands against approval."""
    from easement.cli.client import control_plane

    with control_plane(server=server, data=data) as client:
        review = _find(client, [reference])[0]
        made = client.post(f"/reviews/{review['id']}/comments", {"path": at, "body": message}).body
    typer.echo(f"{_reference(review)} {made['path'] or 'as a whole'}: comment {made['id']}")


@app.command()
def resolve(
    comment_id: Annotated[str, typer.Argument(help="Id of the comment; easement review show lists them.")],
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Say that a comment is dealt with: who wrote it, or who may decide."""
    from easement.cli.client import control_plane

    with control_plane(server=server, data=data) as client:
        done = client.post(f"/comments/{comment_id}/resolve", {}).body
    typer.echo(f"comment {done['id']} is resolved")


@app.command()
def approve(
    references: _References,
    comment: Annotated[str, typer.Option("--comment", "-m", help="What you looked at.")] = "",
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Approve revisions; several that need each other go through together. Nobody approves their own."""
    _decide(references, "approve", comment, server=server, data=data)


@app.command()
def reject(
    references: _References,
    comment: Annotated[str, typer.Option("--comment", "-m", help="Why; the author reads it.")],
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Reject revisions. What was approved before stays enforced."""
    _decide(references, "reject", comment, server=server, data=data)


@app.command("request-changes")
def request_changes(
    references: _References,
    comment: Annotated[str, typer.Option("--comment", "-m", help="What to change; the author reads it.")],
    server: _Server = "",
    data: _Data = None,
) -> None:
    """Ask the author for changes."""
    _decide(references, "request-changes", comment, server=server, data=data)


def _decide(references: list[str], verdict: str, comment: str, *, server: str, data: Path | None) -> None:
    from easement.cli.client import control_plane

    with control_plane(server=server, data=data) as client:
        chosen = [{"id": review["id"], "version": review["version"]} for review in _find(client, references)]
        body = {"reviews": chosen, "verdict": verdict, "comment": comment}
        decided = client.post("/reviews/decisions", body).body
    for review in decided["reviews"]:
        typer.echo(f"{_reference(review)}: {review['state']}{_still_needed(review)}")
    typer.echo(f"Enforced plan: {decided['plan'][:12]}")


def _find(client: ControlClient, references: list[str]) -> list[dict[str, Any]]:
    waiting = {_reference(review): review for review in client.pages("/reviews", state="pending")}
    by_id = {review["id"]: review for review in waiting.values()}
    found = []
    for reference in references:
        review = by_id.get(reference) or waiting.get(reference.lower())
        if review is None and "/" not in reference:
            review = client.get(f"/reviews/{reference}").body["review"]
        if review is None:
            fail(f"no review of {reference} waits", code=ExitCode.ERROR, hint="'easement review list' shows what does.")
        found.append(review)
    return found


def _reference(review: dict[str, Any]) -> str:
    return f"{review['kind'].lower()}/{review['name']}"


def _still_needed(review: dict[str, Any]) -> str:
    if review["state"] != "open":
        return ""
    given = {role for made in review["decisions"] if made["verdict"] == "approve" for role in made["roles"]}
    missing = [role for role in review["roles"] if role not in given]
    if missing:
        return f", still needs {' and '.join(missing)}"
    return ", waits: each role by another person, and what it stands on first"
