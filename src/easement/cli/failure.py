"""How commands end: the exit codes of the product, in one place.

0 done, 1 error, 2 usage, 3 findings or changes, 4 refused by policy, 5 peer unreachable.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NoReturn

import typer


class ExitCode(IntEnum):
    """What a command's exit status means."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    FINDINGS = 3
    REFUSED = 4
    UNREACHABLE = 5


def fail(message: str, *, code: int = ExitCode.ERROR, hint: str = "") -> NoReturn:
    """Say what is wrong on standard error and end with ``code``."""
    typer.echo(f"easement: {message}", err=True)
    if hint:
        typer.echo(f"  {hint}", err=True)
    raise typer.Exit(code)
