"""``easement up``: everything on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def up(
    data: Annotated[Path | None, typer.Option(help="Data directory (default: EASEMENT_DATA or ./.easement).")] = None,
) -> None:
    """Run every role on this machine until Ctrl-C.

    The first run makes keys, a certificate authority and a one-time sign-in link for the administrator.
    """
    import asyncio

    from easement.cli.failure import ExitCode, fail
    from easement.runtime.logs import configure_logs
    from easement.runtime.settings import load_settings
    from easement.runtime.up import StartRefused, run_up

    try:
        settings = load_settings(data=data)
        configure_logs("up")
        asyncio.run(run_up(settings, say=typer.echo))
    except StartRefused as error:
        for sentence in error.reasons:
            typer.echo(f"easement: {sentence}", err=True)
        raise typer.Exit(ExitCode.ERROR) from error
    except (OSError, RuntimeError, ValueError) as error:
        fail(str(error))
