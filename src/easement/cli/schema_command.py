"""``easement schema``: the JSON Schemas of the documents, for editors and other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from easement.cli.failure import ExitCode, fail


def schema(
    kind: Annotated[str, typer.Argument(help="A kind such as Integration; nothing means any document.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Write all schemas into this folder instead of printing one.")
    ] = None,
) -> None:
    """Print the JSON Schema (2020-12) of a kind, or of any document.

    Examples: easement schema Integration; easement schema --out schemas
    """
    import json

    from easement.contract.json_schema import schema_of, schema_of_any
    from easement.contract.kinds import KINDS
    from easement.contract.suggestion import did_you_mean
    from easement.store.atomic_file import write_atomically

    if kind and kind not in KINDS:
        fail(f"there is no kind {kind!r}", code=ExitCode.USAGE, hint=did_you_mean(kind, KINDS))
    if out is None:
        typer.echo(json.dumps(schema_of(kind) if kind else schema_of_any(), indent=2))
        return
    trees = {"document": schema_of_any(), **{name.lower(): schema_of(name) for name in KINDS}}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, tree in trees.items():
            write_atomically(out / f"{name}.schema.json", json.dumps(tree, indent=2).encode() + b"\n", mode=0o644)
    except OSError as error:
        fail(f"cannot write to {out}: {error.strerror}", hint="Choose a folder that you may write to with --out.")
    typer.echo(f"Wrote {len(trees)} schemas to {out}.")
