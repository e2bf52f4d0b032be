"""``easement decommission``: take an integration away for good, step by step, with proof."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from easement.cli.failure import ExitCode

_PAUSE_S = 2.0
_MARKS = {"done": "x", "waiting": "~", "to do": " ", "would": "-"}


def decommission(  # noqa: PLR0917 - the parameters are the command's options
    reference: Annotated[str, typer.Argument(help="The integration: integration/NAME, or its name.")],
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why; it goes on the record.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what every step would do; change nothing.")] = False,
    discard_messages: Annotated[
        bool, typer.Option("--discard-messages", help="Give up messages and dead letters that nobody processed.")
    ] = False,
    wait: Annotated[int, typer.Option("--wait", min=0, max=3600, help="Seconds to wait for slow steps.")] = 120,
    output: Annotated[str, typer.Option("--output", "-o", help="text or json.")] = "text",
    server: Annotated[str, typer.Option(help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option(help="Data directory of a control plane on this machine.")] = None,
) -> None:
    """Remove routes, grants, credentials, streams and alerts in order, prove that nothing flows, archive the entry.

    It must be deprecated, and its notice over. What was begun goes on where it stopped: run the same command again.

    Exit status: 0 finished or rehearsed, 3 a step still waits, 4 it may not be decommissioned now.

    Example: easement decommission integration/orders-to-crm --dry-run
    """
    import json
    import time

    from easement.cli.client import control_plane, segment
    from easement.cli.onboarding_command import integration_name

    body = {"reason": reason, "dryRun": dry_run, "discardMessages": discard_messages}
    end = time.monotonic() + wait
    with control_plane(server=server, data=data) as client:
        address = f"/integrations/{segment(integration_name(reference))}/decommission"
        report = client.post(address, body).body
        while not (dry_run or report["finished"]) and time.monotonic() < end:
            time.sleep(_PAUSE_S)
            report = client.post(address, body).body
    typer.echo(json.dumps(report, indent=2, ensure_ascii=False) if output == "json" else _text(report))
    if not (dry_run or report["finished"]):
        raise typer.Exit(ExitCode.FINDINGS)


def _text(report: dict[str, Any]) -> str:
    head = "rehearsal, nothing is changed" if report["dryRun"] else "finished" if report["finished"] else "under way"
    lines = [f"{report['id']} {report['integration']}: {head}"]
    for step in report["steps"]:
        said = f": {step['said']}" if step["said"] else ""
        lines.append(f"  [{_MARKS[step['state']]}] {step['title']}{said}")
    return "\n".join(lines)
