"""``easement onboarding``: what an integration lacks on its way to production."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from easement.cli.failure import ExitCode


class OnboardingFormat(StrEnum):
    """How the list is written."""

    TEXT = "text"
    JSON = "json"


def onboarding(
    reference: Annotated[str, typer.Argument(help="The integration: integration/NAME, or its name.")],
    output: Annotated[OnboardingFormat, typer.Option("--output", "-o", help="Form.")] = OnboardingFormat.TEXT,
    server: Annotated[str, typer.Option(help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option(help="Data directory of a control plane on this machine.")] = None,
) -> None:
    """Show the checklist of an integration: what is there, with evidence, and what to do next.

    Exit status: 0 nothing is missing, 3 something is, 1 there is no such integration.

    Example: easement onboarding integration/orders-to-crm
    """
    import json

    from easement.cli.client import control_plane, segment

    with control_plane(server=server, data=data) as client:
        found = client.get(f"/integrations/{segment(integration_name(reference))}/onboarding").body
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False) if output is OnboardingFormat.JSON else _text(found))
    if not all(item["done"] for item in found["items"]):
        raise typer.Exit(ExitCode.FINDINGS)


def integration_name(reference: str) -> str:
    """The name in ``integration/NAME``, or ``reference`` itself."""
    return reference.removeprefix("integration/")


def _text(found: dict[str, Any]) -> str:
    lines = [f"{found['id']} {found['integration']}: {found['state']}"]
    for item in found["items"]:
        lines.append(f"  [{'x' if item['done'] else ' '}] {item['title']}: {item['evidence']}")
        if not item["done"]:
            lines.append(f"      -> {item['nextStep']}")
    missing = sum(not item["done"] for item in found["items"])
    gate = "the gate is enforced" if found["gateEnforced"] else "the gate is advice here (EASEMENT_GO_LIVE_GATE)"
    lines.append(f"{missing} missing; {gate}." if missing else "Nothing is missing.")
    return "\n".join(lines)
