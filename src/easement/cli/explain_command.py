"""``easement explain``: what a problem code means and how to mend it."""

from __future__ import annotations

from typing import Annotated

import typer

from easement.cli.failure import ExitCode, fail


def explain(
    code: Annotated[str, typer.Argument(help="A code such as EAS-1201; nothing lists all of them.")] = "",
) -> None:
    """Explain a problem code.

    Examples: easement explain EAS-1201; easement explain
    """
    import textwrap

    from easement.contract.codes import CATALOGUE
    from easement.contract.suggestion import did_you_mean

    if not code:
        for entry in CATALOGUE.values():
            typer.echo(f"{entry.code}  {entry.title}")
        return
    wanted = code.upper() if code.upper().startswith("EAS-") else f"EAS-{code}"
    found = CATALOGUE.get(wanted)
    if found is None:
        hint = did_you_mean(wanted, CATALOGUE) or "Run 'easement explain' for the list."
        fail(f"there is no code {code!r}", code=ExitCode.USAGE, hint=hint)
    typer.echo(f"{found.code}: {found.title}\n")
    typer.echo(textwrap.fill(found.explanation, 100))
    typer.echo("\n" + textwrap.fill(f"What to do: {found.fix}", 100))
