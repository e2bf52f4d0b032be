"""``easement lint``: an API description against a Spectral-format ruleset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from easement.cli.check_command import ReportFormat, wants_color
from easement.cli.failure import ExitCode, fail

if TYPE_CHECKING:
    from easement.cli.folder_files import FolderFiles
    from easement.standards.spectral import Ruleset

USUAL_NAMES = (".spectral.yaml", ".spectral.yml", ".spectral.json")


def lint(
    definition: Annotated[Path, typer.Argument(help="The OpenAPI or AsyncAPI description, YAML or JSON.")],
    ruleset: Annotated[
        str, typer.Option("--ruleset", "-r", help="A ruleset file, or spectral:oas or spectral:asyncapi.")
    ] = "",
    output: Annotated[ReportFormat, typer.Option("--output", "-o", help="Form of the report.")] = ReportFormat.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as well.")] = False,
) -> None:
    """Check an API description with a Spectral-format ruleset. Works without a server and without Node.

    Without --ruleset, .spectral.yaml, .spectral.yml or .spectral.json of this folder is taken. Nothing is fetched and
    no code of a ruleset is run.

    Exit status: 0 nothing is wrong, 2 usage or a ruleset that cannot be used, 3 there are findings.

    Examples: easement lint orders.yaml; easement lint orders.yaml -r spectral:oas -o sarif > lint.sarif
    """
    from easement.cli.folder_files import FolderFiles
    from easement.cli.problem_report import as_json, as_sarif, as_text
    from easement.contract.kinds import Severity
    from easement.contract.problems import Problem
    from easement.interfaces.sources import MAX_FILE_BYTES, Sources
    from easement.standards.spectral import run

    if not definition.is_file():
        fail(f"there is no file {definition}", code=ExitCode.USAGE, hint="Name an API description.")
    rules = _ruleset_path(ruleset)
    root = _common(definition, rules)
    files = FolderFiles(root, limit=MAX_FILE_BYTES)
    loaded = _loaded(rules, root, files)
    name = definition.resolve().relative_to(root).as_posix()
    if name not in files:
        fail(f"{definition} cannot be read, or has more than {MAX_FILE_BYTES:,} bytes", code=ExitCode.USAGE)
    findings = run(loaded, name, source=Sources(files))
    problems = [
        Problem(
            code=one.rule,
            message=one.message,
            place=one.place,
            hint=one.documentation_url,
            severity=one.severity.severity,
        )
        for one in findings
    ]
    shown = _shown(root)
    match output:
        case ReportFormat.JSON:
            report = as_json(problems, folder=shown)
        case ReportFormat.SARIF:
            report = as_sarif(problems, folder=shown)
        case ReportFormat.TEXT:
            report = as_text(problems, sources=files, folder=shown, color=wants_color())
    typer.echo(report, nl=False, color=True)
    counted = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(problem.severity in counted for problem in problems):
        raise typer.Exit(ExitCode.FINDINGS)


def _ruleset_path(ruleset: str) -> str | Path:
    from easement.standards.spectral.loading import BUILT_IN

    if ruleset in BUILT_IN:
        return ruleset
    if ruleset:
        if not Path(ruleset).is_file():
            hint = f"Name a ruleset file, or {' or '.join(BUILT_IN)}."
            fail(f"there is no file {ruleset}", code=ExitCode.USAGE, hint=hint)
        return Path(ruleset)
    found = next((Path(name) for name in USUAL_NAMES if Path(name).is_file()), None)
    if found is None:
        fail("no ruleset", code=ExitCode.USAGE, hint=f"Say --ruleset, or write {USUAL_NAMES[0]} in this folder.")
    return found


def _common(definition: Path, ruleset: str | Path) -> Path:
    """The nearest folder that holds both: names in either file may lead to what is in it."""
    folder = definition.resolve().parent
    if isinstance(ruleset, str):
        return folder
    holders = [ruleset.resolve().parent, *ruleset.resolve().parent.parents]
    return next(holder for holder in holders if folder.is_relative_to(holder))


def _loaded(ruleset: str | Path, root: Path, files: FolderFiles) -> Ruleset:
    from easement.cli.problem_report import as_text
    from easement.standards.spectral import load_ruleset

    if isinstance(ruleset, str):
        loaded, problems = load_ruleset({}, ruleset)
    else:
        loaded, problems = load_ruleset(files, ruleset.resolve().relative_to(root).as_posix())
    if loaded is None:
        typer.echo(as_text(problems, sources=files, folder=_shown(root)), nl=False, err=True)
        raise typer.Exit(ExitCode.USAGE)
    return loaded


def _shown(root: Path) -> str:
    """The folder as people at this place would write it."""
    here = Path.cwd().resolve()
    return root.relative_to(here).as_posix() if root.is_relative_to(here) else str(root)
