"""``easement explain``: what a problem code means, and which layers the traffic of an integration passes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from easement.cli.failure import ExitCode, fail

ACCESS = "access"


class ExplainFormat(StrEnum):
    """How the layers are written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def explain(  # noqa: PLR0917 - the parameters are the command's options
    topic: Annotated[
        str,
        typer.Argument(help="A code such as EAS-1201, or access; nothing lists all codes.", metavar="[TOPIC]"),
    ] = "",
    integration: Annotated[str, typer.Argument(help="With access: the integration.", metavar="[INTEGRATION]")] = "",
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Explain the documents in this folder instead of the registry.")
    ] = None,
    environment: Annotated[
        str, typer.Option("--environment", help="With --folder: development or production.")
    ] = "development",
    owasp: Annotated[bool, typer.Option("--owasp", help="By the OWASP API Security Top 10 (2023).")] = False,
    output: Annotated[ExplainFormat, typer.Option("--output", "-o", help="Form of the answer.")] = ExplainFormat.TEXT,
    server: Annotated[str, typer.Option(help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option(help="Data directory of a control plane on this machine.")] = None,
) -> None:
    """Explain a problem code; or with access, the layers that requests and events of an integration pass.

    What is said of access comes from the compiled plan: each control with its setting, where it is enforced and what
    shows it, and none with the reason where there is no control. With --folder the documents of a folder are compiled
    as if all of them were approved and live.

    Exit status: 0 explained, 1 nothing has that name, 2 usage, 3 the documents have errors, 5 unreachable.

    Examples: easement explain EAS-1201; easement explain access crm-reads-orders --owasp --folder contracts
    """
    if topic != ACCESS:
        if integration:
            fail(f"{topic!r} takes no second argument", code=ExitCode.USAGE, hint="easement explain access INTEGRATION")
        _code(topic)
        return
    if not integration:
        fail("name the integration", code=ExitCode.USAGE, hint="easement explain access INTEGRATION")
    if environment not in {"development", "production"}:
        hint = "Write development or production."
        fail(f"there is no environment {environment!r}", code=ExitCode.USAGE, hint=hint)
    from easement.cli.explain_access import explained

    form: Literal["text", "json", "markdown"] = output.value
    typer.echo(
        explained(
            integration, folder=folder, environment=environment, server=server, data=data, owasp=owasp, form=form
        ),
        nl=False,
    )


def _code(code: str) -> None:
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
