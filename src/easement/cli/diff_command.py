"""``easement diff``: two descriptions of an interface, without a server."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from easement.cli.failure import ExitCode, fail

if TYPE_CHECKING:
    from easement.contract.problems import Problem
    from easement.interfaces.compatibility.report import ChangeReport

DEFAULT_POLICY = "lenient"


class DiffFormat(StrEnum):
    """In what language the descriptions are written."""

    OPENAPI = "openapi"
    ASYNCAPI = "asyncapi"
    JSON_SCHEMA = "json-schema"
    AVRO = "avro"
    PROTOBUF = "protobuf"


class DiffOutput(StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    GITHUB = "github"


def diff(
    old: Annotated[Path, typer.Argument(help="The description as it was: a file; for Protobuf also a folder.")],
    new: Annotated[Path, typer.Argument(help="The description as it will be.")],
    kind: Annotated[DiffFormat | None, typer.Option("--format", help="Language; guessed if not said.")] = None,
    policy: Annotated[str, typer.Option("--policy", help="What counts as breaking.")] = DEFAULT_POLICY,
    output: Annotated[DiffOutput, typer.Option("--output", "-o", help="Form of the report.")] = DiffOutput.TEXT,
) -> None:
    """Say what changed between two descriptions of an interface, and what of it breaks consumers. Offline.

    OpenAPI, AsyncAPI, JSON Schema, Avro and Protobuf. Policies: strict, lenient (as the gateway enforces it),
    tolerant-reader, backward, forward, full. Protobuf needs the extra 'formats'.

    Exit status: 0 nothing breaks, 1 a description cannot be read, 2 usage, 3 something breaks.

    Examples: easement diff main/orders.yaml orders.yaml; easement diff old.avsc new.avsc --policy backward -o junit
    """
    from easement.contract.kinds import Severity
    from easement.contract.suggestion import did_you_mean
    from easement.interfaces.compatibility.policy import POLICIES

    if policy not in POLICIES:
        hint = did_you_mean(policy, POLICIES) or f"Use one of {', '.join(POLICIES)}."
        fail(f"there is no policy {policy!r}", code=ExitCode.USAGE, hint=hint)
    for path in (old, new):
        if not path.exists():
            fail(f"there is no file {path}", code=ExitCode.USAGE, hint="Name two descriptions: OLD NEW.")
    report, problems = _compared(old, new, kind, policy)
    _say(problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise typer.Exit(ExitCode.ERROR)
    typer.echo(_written(report, output), nl=False, color=True)
    if report.is_breaking:
        raise typer.Exit(ExitCode.FINDINGS)


def _compared(old: Path, new: Path, kind: DiffFormat | None, policy: str) -> tuple[ChangeReport, tuple[Problem, ...]]:
    from easement.cli.diff_sources import compare_paths
    from easement.interfaces.compatibility.policy import POLICIES
    from easement.interfaces.compatibility.report import change_report

    found, problems, format_name = compare_paths(old, new, kind.value if kind else "", POLICIES[policy])
    report = change_report(found, old=str(old), new=str(new), format_name=format_name, policy=policy)
    return report, problems


def _say(problems: tuple[Problem, ...]) -> None:
    from easement.cli.problem_report import as_text

    if problems:
        typer.echo(as_text(problems), nl=False, err=True)


def _written(report: ChangeReport, output: DiffOutput) -> str:
    from easement.cli.check_command import wants_color
    from easement.interfaces.compatibility import report_machine, report_text

    writers: dict[DiffOutput, Any] = {
        DiffOutput.JSON: report_machine.as_json,
        DiffOutput.SARIF: report_machine.as_sarif,
        DiffOutput.JUNIT: report_machine.as_junit,
        DiffOutput.MARKDOWN: report_text.as_markdown,
        DiffOutput.GITHUB: report_text.as_github,
    }
    if output is DiffOutput.TEXT:
        return report_text.as_text(report, color=wants_color())
    return str(writers[output](report))
