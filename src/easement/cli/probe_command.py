"""``easement probe``: try the controls of live integrations at the running gateway, and read what was found."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from easement.cli.failure import ExitCode, fail

_LOOK_EVERY_S: Final = 0.3


class ProbeFormat(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"


def probe(  # noqa: PLR0917 - the parameters are the command's options
    integrations: Annotated[
        list[str] | None, typer.Argument(help="Integrations; none means all.", metavar="[INTEGRATION]...")
    ] = None,
    verbose: Annotated[bool, typer.Option("--all", help="Show every case, not only those that need a look.")] = False,
    wait: Annotated[int, typer.Option("--wait", min=1, max=7200, help="Seconds to wait for the gateway.")] = 600,
    output: Annotated[ProbeFormat, typer.Option("--output", "-o", help="Form of the answer.")] = ProbeFormat.TEXT,
    server: Annotated[str, typer.Option("--server", help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Data directory of a control plane here.")] = None,
) -> None:
    """Send the calls that must fail and the one that must pass, against copies of the routes that reach no target.

    The outline is the OWASP API Security Top 10 (2023). Outcome and digest of each report go to the ledger.

    Exit status: 0 all that was tried held, 1 the run says nothing, 2 usage, 3 a control does not hold.
    """
    import json

    from easement.cli.client import control_plane

    with control_plane(server=server, data=data) as client:
        run = client.post("/probe-runs", {"integrations": integrations or []}).body
        end = time.monotonic() + wait
        while run["finished"] is None:
            if time.monotonic() > end:
                fail(
                    f"no gateway has finished run {run['id']} within {wait} s",
                    hint="Look at the gateway's heartbeat and log, or wait longer with --wait.",
                )
            time.sleep(_LOOK_EVERY_S)
            run = client.get(f"/probe-runs/{run['id']}").body
        if run["problem"]:
            fail(f"the run says nothing: {run['problem']}", hint="Try again; the gateway's log has more.")
        reports = [
            client.get("/probe-reports", run=run["id"], integration=one["integration"]).body for one in run["reports"]
        ]
    if output is ProbeFormat.JSON:
        typer.echo(json.dumps({"run": run, "reports": reports}, indent=2))
    else:
        typer.echo("".join(_text(report, verbose=verbose) for report in reports), nl=False)
        typer.echo(_summary(run))
    if run["failed"]:
        raise typer.Exit(ExitCode.FINDINGS)


def _text(report: dict[str, Any], *, verbose: bool) -> str:
    from easement.cli.table import printable

    lines = [report["integration"] or "the gateway itself"]
    for item in report["items"]:
        cases = item["cases"]
        if not cases:
            continue
        counts: dict[str, int] = {}
        for case in cases:
            counts[case["outcome"]] = counts.get(case["outcome"], 0) + 1
        lines.append(f"  {item['item']}: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
        lines += [
            f"    {case['outcome']:<14} {case['operation']} {case['case']}: {case['what']} ({printable(case['said'])})"
            for case in cases
            if verbose or case["outcome"] in {"failed", "not tried"}
        ]
    return "\n".join(lines) + "\n"


def _summary(run: dict[str, Any]) -> str:
    held = sum(one["held"] for one in run["reports"])
    open_ones = sum(one["notTried"] for one in run["reports"])
    failed = run["failed"]
    said = f"{failed} cases failed" if failed else "every case that was tried held"
    return f"{said}: {held} held, {failed} failed, {open_ones} not tried; run {run['id']}, plan {run['plan'][:12]}"
