"""``easement audit``: search, trace, verify, export and seal. Reads the data directory; no server is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from easement.cli.answer_form import TextOrJson
from easement.cli.failure import ExitCode, fail

if TYPE_CHECKING:
    from easement.ledger.query import LedgerReader

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Search, trace and verify the ledger."
)
_Data = Annotated[Path | None, typer.Option("--data", help="The data directory. Default: the setting `data`.")]


class ListFormat(StrEnum):
    """How records are listed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class ExportFormat(StrEnum):
    """What an export is written in."""

    JSONL = "jsonl"
    OCSF = "ocsf"


@app.command()
def search(  # noqa: PLR0917 - each is an option of the command line
    data: _Data = None,
    since: Annotated[str, typer.Option(help="From this time on: 2026-11-23T10:00:00Z, or 15m, 2h, 7d ago.")] = "",
    until: Annotated[str, typer.Option(help="Up to this time, likewise.")] = "",
    integration: Annotated[str, typer.Option(help="Name of an integration.")] = "",
    status: Annotated[str, typer.Option(help="success, failed, retried, dead-lettered or refused.")] = "",
    account: Annotated[str, typer.Option(help="Service account or person.")] = "",
    source: Annotated[str, typer.Option(help="Source system.")] = "",
    target: Annotated[str, typer.Option(help="Target system.")] = "",
    kind: Annotated[str, typer.Option(help="request, event, governance, administration or access.")] = "",
    correlation_id: Annotated[str, typer.Option("--correlation-id", help="The caller's correlation id.")] = "",
    text: Annotated[str, typer.Option(help="Text anywhere in the record.")] = "",
    before: Annotated[int, typer.Option(help="Cursor: the page after the one that ended here.", min=0)] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    output: Annotated[ListFormat, typer.Option("--output", "-o")] = ListFormat.TABLE,
) -> None:
    """Find records, newest first.

    Examples: easement audit search --status refused --since 1h; easement audit search --text 4711 -o json
    """
    from easement.cli.audit_report import as_csv, as_json_page, as_table
    from easement.ledger.query import Search

    wanted = Search(
        since_ms=_moment(since, "--since"),
        until_ms=_moment(until, "--until"),
        integration=integration,
        status=status,
        account=account,
        source=source,
        target=target,
        kind=kind,
        correlation_id=correlation_id,
        text=text,
        before=before,
        limit=limit,
    )
    with _speaking():
        page = _reader(data).search(wanted)
    writers = {ListFormat.TABLE: as_table, ListFormat.JSON: as_json_page, ListFormat.CSV: as_csv}
    typer.echo(writers[output](page), nl=False)
    if page.cursor:
        typer.echo(f"more: --before {page.cursor}", err=True)


@app.command()
def trace(
    transaction_id: Annotated[str, typer.Argument(help="Transaction id, from a response header or a search.")],
    data: _Data = None,
    output: Annotated[TextOrJson, typer.Option("--output", "-o")] = TextOrJson.TEXT,
) -> None:
    """Print every step of one transaction: when, who, what, how it ended, under which contract and plan.

    A correlation id is found as well. Exit status 1 when the ledger has no record of it.
    """
    from easement.cli.audit_report import as_json_page, as_trace
    from easement.ledger.query import Page

    with _speaking():
        reader = _reader(data)
        found = reader.trace(transaction_id) or reader.correlated(transaction_id)
    if not found:
        fail(f"the ledger has no record of {transaction_id[:80]!r}", hint="A record may take a second to arrive.")
    typer.echo(as_json_page(Page(found=found, cursor=0)) if output is TextOrJson.JSON else as_trace(found), nl=False)


@app.command()
def verify(
    data: _Data = None,
    public_key: Annotated[
        Path | None,
        typer.Option(help="Verifier key that was kept elsewhere. Without it the ledger vouches for itself."),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that was kept elsewhere; may be given again.")
    ] = None,
    max_age: Annotated[str, typer.Option(help="Fail when the checkpoint is older, such as 15m or 24h.")] = "",
    output: Annotated[TextOrJson, typer.Option("--output", "-o")] = TextOrJson.TEXT,
) -> None:
    """Check that nothing was changed, nothing is missing, and how fresh the proof is.

    Exit status: 0 all holds, 3 something fails; each finding names its place.
    """
    import time

    from easement.cli.audit_report import as_json_report, as_text_report
    from easement.contract.values import Duration
    from easement.ledger.files import read_evidence
    from easement.ledger.verify import verify as verify_evidence

    root = _data(data)
    now_ms = time.time_ns() // 1_000_000
    with _speaking():
        evidence = read_evidence(
            root / "ledger",
            spool_folder=root / "spool",
            verify_key=public_key.read_text() if public_key else "",
            kept_checkpoints={str(path): path.read_bytes() for path in checkpoint or []},
        )
        max_age_ms = Duration.parse(max_age).milliseconds if max_age else 0
        report = verify_evidence(evidence, now_ms, max_age_ms=max_age_ms)
    if output is TextOrJson.JSON:
        typer.echo(as_json_report(report, now_ms, is_key_given=public_key is not None), nl=False)
    else:
        typer.echo(as_text_report(report, now_ms, is_key_given=public_key is not None), nl=False)
    if report.has_failed:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command()
def export(
    data: _Data = None,
    since: Annotated[str, typer.Option(help="From this time on.")] = "",
    until: Annotated[str, typer.Option(help="Up to this time.")] = "",
    form: Annotated[ExportFormat, typer.Option("--format", help="jsonl, or ocsf (API Activity 6003, 1.6.0).")] = (
        ExportFormat.JSONL
    ),
) -> None:
    """Write records to standard output, one JSON object a line, oldest first.

    Example: easement audit export --format ocsf --since 7d > activity.jsonl
    """
    from easement.ledger.export import as_json_object, as_ocsf

    since_ms, until_ms = _moment(since, "--since"), _moment(until, "--until")
    write = as_ocsf if form is ExportFormat.OCSF else as_json_object
    with _speaking():
        for found in _reader(data).records(since_ms, until_ms):
            typer.echo(write(found))


@app.command()
def seal(data: _Data = None) -> None:
    """Ask the running ledger to seal and sign what it has now, without waiting for its turn."""
    from easement.ledger.service import request_seal

    folder = _data(data) / "ledger"
    if not folder.is_dir():
        fail(f"{folder} holds no ledger", hint="Give the data directory with --data.")
    request_seal(folder)
    typer.echo("asked; the ledger seals within a second of taking in what waits")


@app.command()
def key(data: _Data = None) -> None:
    """Print the verifier key. Keep it, and a checkpoint, where the writers of the ledger cannot reach them."""
    from easement.ledger.layout import VERIFY_KEY_FILE

    with _speaking():
        typer.echo((_data(data) / "ledger" / VERIFY_KEY_FILE).read_text(), nl=False)


def _data(given: Path | None) -> Path:
    from easement.runtime.settings import load_settings

    if given is not None:
        return given
    try:
        return load_settings().data
    except ValueError as error:
        fail(str(error), code=ExitCode.USAGE)


def _reader(given: Path | None) -> LedgerReader:
    from easement.ledger.query import LedgerReader as Reader

    folder = _data(given) / "ledger"
    if not folder.is_dir():
        fail(f"{folder} holds no ledger", hint="Give the data directory with --data.")
    return Reader(folder)


@contextmanager
def _speaking() -> Iterator[None]:
    """Say what cannot be read, instead of a traceback."""
    from easement.ledger.errors import LedgerError

    try:
        yield
    except (LedgerError, OSError, ValueError) as error:
        fail(str(error))


def _moment(text: str, option: str) -> int:
    """A time, or how long ago, as milliseconds since the epoch; 0 for nothing."""
    from datetime import UTC

    from easement.contract.values import Duration

    if not text:
        return 0
    try:
        return round((datetime.now(UTC) - Duration.parse(text).as_timedelta()).timestamp() * 1000)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "Write 2026-11-23T10:00:00Z, or how long ago: 15m, 2h, 7d."
        fail(f"{option} {text!r} is not a time", code=ExitCode.USAGE, hint=hint)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
