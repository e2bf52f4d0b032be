"""``easement config``: the settings and where each value comes from."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Show the settings.")


@app.callback()
def config() -> None:
    """Show the settings."""


@app.command()
def show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    output: Annotated[str, typer.Option("--output", "-o", help="table or json.")] = "table",
) -> None:
    """Print every setting with its value."""
    import json

    from easement.runtime.settings import load_settings, origins

    settings = load_settings()
    values = settings.model_dump(mode="json")
    sources = origins(settings)
    if output == "json":
        typer.echo(json.dumps({k: {"value": v, "origin": sources[k]} for k, v in values.items()}, indent=2))
        return
    width = max(map(len, values))
    for name, value in values.items():
        shown = "(not set)" if value == "" else str(value)
        typer.echo(f"{name:<{width}}  {shown}" + (f"  [{sources[name]}]" if origin else ""))
