"""``easement can-i-change``: for CI, before anything is applied."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from easement.cli.failure import ExitCode, fail


class AnswerFormat(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def can_i_change(  # noqa: PLR0917 - the parameters are the command's options
    old: Annotated[
        str, typer.Argument(help="interface/NAME as it is enforced; or the old folder or description.", metavar="OLD")
    ],
    new: Annotated[Path | None, typer.Argument(help="The new folder or description.", metavar="[NEW]")] = None,
    with_file: Annotated[Path | None, typer.Option("--with", help="The new description of interface/NAME.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Ask the estate in this folder instead of the registry.")
    ] = None,
    version: Annotated[str, typer.Option("--version", help="The version that the new description will have.")] = "",
    output: Annotated[AnswerFormat, typer.Option("--output", "-o", help="Form of the answer.")] = AnswerFormat.TEXT,
    server: Annotated[str, typer.Option(help="Address of the control plane (EASEMENT_SERVER).")] = "",
    data: Annotated[Path | None, typer.Option(help="Data directory of a control plane on this machine.")] = None,
) -> None:
    """Say whom a change of an interface breaks: only those whose live contracts use what changes.

    Asks the registry about interface/NAME; works without one on two folders, or on two descriptions (then every
    consumer is assumed). Exit status: 0 nobody breaks, 1 error, 2 usage, 3 somebody breaks, 4 refused by policy,
    5 the control plane cannot be reached.

    Examples: easement can-i-change interface/orders-api@1 --with orders.yaml; easement can-i-change main/ branch/
    """
    from easement.cli.can_i_change_offline import compare_folder, compare_paths

    if old.startswith("interface/"):
        file = with_file or new
        if file is None or not file.is_file():
            fail(
                "name the new description", code=ExitCode.USAGE, hint="easement can-i-change interface/NAME --with FILE"
            )
        name = old.removeprefix("interface/")
        answers = (
            compare_folder(name, file, version, folder)
            if folder is not None
            else [_ask(name, file, version, server=server, data=data)]
        )
    elif new is None:
        fail("name OLD and NEW, or interface/NAME --with FILE", code=ExitCode.USAGE)
    else:
        answers = compare_paths(Path(old), new)
    _write(answers, output)
    raise typer.Exit(_status(answers))


def _ask(name: str, file: Path, version: str, *, server: str, data: Path | None) -> dict[str, Any]:
    from easement.cli.bundle_request import sent
    from easement.cli.can_i_change_offline import description_files
    from easement.cli.client import control_plane

    path, files = description_files(file)
    body = {
        "interface": name, "path": path, "version": version,
        "files": {each: sent(content) for each, content in files.items()},
    }  # fmt: skip
    with control_plane(server=server, data=data) as client:
        answer: dict[str, Any] = client.post("/can-i-change", body).body
    return answer


def _write(answers: list[dict[str, Any]], output: AnswerFormat) -> None:
    import json

    from easement.cli.change_case_report import answer_annotations, answer_text

    if output is AnswerFormat.JSON:
        typer.echo(json.dumps(answers, indent=2, ensure_ascii=False))
        return
    writer = answer_text if output is AnswerFormat.TEXT else answer_annotations
    typer.echo("".join(writer(answer) for answer in answers), nl=False)


def _status(answers: list[dict[str, Any]]) -> ExitCode:
    if any(answer["problems"] for answer in answers):
        return ExitCode.ERROR
    if any(answer["breaks"] for answer in answers):
        return ExitCode.FINDINGS
    return ExitCode.REFUSED if any(answer["refusals"] for answer in answers) else ExitCode.DONE
