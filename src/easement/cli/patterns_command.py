"""``easement patterns``: the catalogue of integration patterns, and the guide that chooses one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from easement.cli.answer_form import TextOrJson
from easement.cli.failure import ExitCode, fail

if TYPE_CHECKING:
    from easement.standards.pattern_catalogue import IntegrationPattern

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Which pattern of integration, and when."
)

Output = Annotated[TextOrJson, typer.Option("--output", "-o", help="Form of the answer.")]


@app.callback()
def patterns() -> None:
    """Which pattern of integration, and when."""


@app.command(name="list")
def list_patterns(output: Output = TextOrJson.TEXT) -> None:
    """List the patterns, those to avoid last."""
    import json

    from easement.cli.table import as_table
    from easement.standards.pattern_catalogue import CATALOGUE

    if output is TextOrJson.JSON:
        typer.echo(json.dumps([_tree(entry) for entry in CATALOGUE.values()], indent=2))
        return
    rows = [
        (entry.id, "use" if entry.recommended else f"avoid: {entry.instead}", entry.summary)
        for entry in CATALOGUE.values()
    ]
    typer.echo(as_table(("PATTERN", "ADVICE", "WHAT IT IS"), rows), nl=False)


@app.command()
def show(
    pattern: Annotated[str, typer.Argument(help="A pattern of the catalogue.", metavar="PATTERN")],
    output: Output = TextOrJson.TEXT,
) -> None:
    """Show one pattern: when to choose it, when not, and what a contract of it declares."""
    import json

    from easement.contract.suggestion import did_you_mean
    from easement.standards.pattern_catalogue import CATALOGUE
    from easement.standards.pattern_page import section

    if pattern not in CATALOGUE:
        hint = did_you_mean(pattern, CATALOGUE) or "'easement patterns list' lists them."
        fail(f"there is no pattern {pattern!r}", code=ExitCode.USAGE, hint=hint)
    entry = CATALOGUE[pattern]
    typer.echo(json.dumps(_tree(entry), indent=2) if output is TextOrJson.JSON else "\n".join(section(entry)))


@app.command()
def choose(  # noqa: PLR0917 - each is a question of the guide
    answer: Annotated[
        str, typer.Option("--answer", help="What must come back at once: result, acceptance or nothing.")
    ] = "nothing",
    start: Annotated[str, typer.Option("--start", help="Which side starts: push (who has it) or pull.")] = "push",
    within: Annotated[str, typer.Option("--within", help="How late it may be, such as 5m.")] = "",
    volume: Annotated[str, typer.Option("--volume", help="The usual rate, such as 200/s.")] = "",
    targets: Annotated[int, typer.Option("--targets", min=1, help="How many systems want the same.")] = 1,
    fact_only: Annotated[
        bool, typer.Option("--fact-only", help="They need to know that it happened, no data.")
    ] = False,
    changes: Annotated[bool, typer.Option("--changes", help="The target is to do something.")] = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="The target cannot hold a connection.")] = False,
    files_only: Annotated[bool, typer.Option("--files-only", help="A side takes nothing but files.")] = False,
    output: Output = TextOrJson.TEXT,
) -> None:
    """Name the patterns that serve a need, the best first, with the reason.

    Examples: easement patterns choose --answer result; easement patterns choose --targets 3 --within 1m
    """
    import json

    from easement.contract.values import Duration, Rate
    from easement.standards.pattern_choice import Answer, Need, Start
    from easement.standards.pattern_choice import choose as choose_pattern

    try:
        need = Need(
            answer=Answer(answer),
            start=Start(start),
            within=Duration.parse(within) if within else None,
            volume=Rate.parse(volume) if volume else None,
            targets=targets,
            details=not fact_only,
            changes_state=changes,
            holds_connection=not no_stream,
            files_only=files_only,
        )
    except ValueError as error:
        fail(str(error), code=ExitCode.USAGE, hint="'easement patterns choose --help' lists what can be answered.")
    choices = choose_pattern(need)
    if output is TextOrJson.JSON:
        typer.echo(json.dumps([{"pattern": choice.pattern.id, "why": choice.why} for choice in choices], indent=2))
        return
    for number, choice in enumerate(choices, 1):
        typer.echo(f"{number}. {choice.pattern.id}: {choice.why}")
    typer.echo(f"\nNext: easement new integration NAME --pattern {choices[0].pattern.id}")


def _tree(entry: IntegrationPattern) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(entry)
