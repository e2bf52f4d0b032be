"""``easement rules``: the rules that an estate is held against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from easement.cli.failure import ExitCode, fail

if TYPE_CHECKING:
    from easement.standards.model import AnyRule

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="List and explain the rules.")

Folder = Annotated[
    Path | None, typer.Option("--folder", help="A folder of documents, whose standards are included.", metavar="DIR")
]


@app.callback()
def rules() -> None:
    """List and explain the rules of the standards."""


@app.command(name="list")
def list_rules(
    folder: Folder = None,
    output: Annotated[str, typer.Option("--output", "-o", help="table, json or markdown.")] = "table",
) -> None:
    """List the rules of the baseline, and with --folder those of its standards."""
    import json

    from easement.standards.catalogue import catalogue

    if output not in {"table", "json", "markdown"}:
        fail(f"there is no output {output!r}", code=ExitCode.USAGE, hint="Write table, json or markdown.")
    if output == "markdown":
        typer.echo(catalogue(), nl=False)
        return
    known = _rules(folder)
    if output == "json":
        typer.echo(json.dumps([_tree(rule) for rule in known], indent=2))
        return
    width = max(len(rule.id) for rule in known)
    for rule in known:
        typer.echo(f"{rule.id:<{width}}  {rule.severity:<7}  {rule.blocks:<6}  {rule.title}")


@app.command()
def explain(
    rule_id: Annotated[str, typer.Argument(help="The id of a rule, as a finding names it.", metavar="RULE")],
    folder: Folder = None,
) -> None:
    """Explain one rule: why, where it applies, what to do, and what it gives evidence for."""
    from easement.contract.suggestion import did_you_mean
    from easement.standards import catalogue

    known = {rule.id: rule for rule in _rules(folder)}
    if rule_id not in known:
        hint = did_you_mean(rule_id, known) or "'easement rules list' lists them."
        fail(f"there is no rule {rule_id!r}", code=ExitCode.USAGE, hint=hint)
    typer.echo(catalogue.explain(known[rule_id]))


def _tree(rule: AnyRule) -> dict[str, Any]:
    keys = ("id", "title", "rationale", "severity", "blocks", "scope", "remedy", "source", "waivable", "standard")
    more = ("owner", "good", "bad")
    parameters = {name: {"default": one.shown, "meaning": one.meaning} for name, one in rule.parameters.items()}
    return {**{key: getattr(rule, key) for key in (*keys, *more)}, "parameters": parameters}


def _rules(folder: Path | None) -> tuple[AnyRule, ...]:
    from easement.contract.loader import load
    from easement.estate.assemble import assemble
    from easement.standards.baseline import BASELINE
    from easement.standards.check import rules_of
    from easement.store.manifest_folder import read_folder

    if folder is None:
        return BASELINE
    if not folder.is_dir():
        fail(f"{folder} is no folder", code=ExitCode.USAGE, hint="Name the folder that holds the documents.")
    estate, _ = assemble(load(read_folder(folder).files))
    return rules_of(estate)
