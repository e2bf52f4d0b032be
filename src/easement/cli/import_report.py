"""How an import ends: files written, what was made, and what a person must decide."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from easement.cli.failure import ExitCode, fail
from easement.estate.exchange.made import Made


def finish_import(made: Made, out: Path, *, force: bool, sources: Mapping[str, bytes]) -> None:
    """Write what was made, all of it or none, and say what is left. Ends the command with 3 where input was refused."""
    from easement.cli.problem_report import as_text
    from easement.cli.written_files import write_files

    if not made.counts:
        typer.echo(as_text(made.problems, sources=sources), err=True)
        fail("nothing could be imported")
    texts = {path: data.decode("utf-8-sig") for path, data in made.files.items()}
    written = write_files(out, texts, force=force)
    if made.problems:
        typer.echo(as_text(made.problems, sources=sources))
    counts = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(made.counts.items()))
    typer.echo(f"Made {counts} in {len(written)} files under {out}.")
    typer.echo("Next: decide what is named above, then 'easement check'.")
    if made.has_errors:
        raise typer.Exit(ExitCode.FINDINGS)
