"""``easement dead-letters``: list, show and replay through the relay, with the operator's key of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from easement.cli.answer_form import TextOrJson
from easement.cli.failure import ExitCode, fail

if TYPE_CHECKING:
    from easement.broker.dead_letter import DeadLetter
    from easement.broker.dead_letter_service import DeadLetterClient


app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="List, show and replay dead letters."
)
_Output = Annotated[TextOrJson, typer.Option("--output", "-o", help="Form of the answer.")]
_Integration = Annotated[str, typer.Argument(help="Name of the integration.")]
_Number = Annotated[int, typer.Argument(help="Number of the dead letter, as `list` shows it.", min=1)]
_UNREACHABLE = "dead-letter.unreachable"
_MAX_PAYLOAD = 8 * 1024 * 1024


@app.command("list")
def list_letters(
    integration: Annotated[str, typer.Argument(help="Only this integration; without it, how many each has.")] = "",
    after: Annotated[int, typer.Option(help="Show those with a higher number.", min=0)] = 0,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 50,
    output: _Output = TextOrJson.TEXT,
) -> None:
    """Count the dead letters of each integration, or list those of one, grouped by reason.

    Examples: easement dead-letters list; easement dead-letters list orders-to-warehouse -o json
    """
    if not integration:
        _print_depths(_ask(lambda client: client.depths()), as_json=output is TextOrJson.JSON)
        return
    letters = _ask(lambda client: client.list(integration, after=after, limit=limit))
    if output is TextOrJson.JSON:
        _print_json(letters)
        return
    _print_letters(letters)


@app.command()
def show(
    integration: _Integration,
    number: _Number,
    payload: Annotated[bool, typer.Option("--payload", help="Also the payload; needs --reason, is recorded.")] = False,
    reason: Annotated[str, typer.Option(help="Why you look at the payload.")] = "",
    output: _Output = TextOrJson.TEXT,
) -> None:
    """Show one dead letter: where it comes from and why it was not delivered.

    Example: easement dead-letters show orders-to-warehouse 7 --payload --reason "ticket 4711"
    """
    letter = _ask(lambda client: client.show(integration, number))
    if output is TextOrJson.JSON:
        _print_json(letter)
    else:
        for name, value in _facts(letter).items():
            typer.echo(f"{name:16} {value}")
    if payload:
        data = _ask(lambda client: client.payload(integration, number, actor=_actor(), reason=reason))
        typer.echo(data.decode("utf-8", "backslashreplace"))


@app.command()
def replay(
    integration: _Integration,
    number: _Number,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.")],
    payload_file: Annotated[
        Path | None, typer.Option("--payload-file", help="A corrected payload instead of the message's own.")
    ] = None,
) -> None:
    """Deliver one dead letter again, checked against today's contract, to the target of this integration only.

    Example: easement dead-letters replay orders-to-warehouse 7 --reason "ticket 4711" --payload-file fixed.json
    """
    from easement.broker.dead_letters import ReplayRequest

    request = ReplayRequest(
        integration=integration,
        sequence=number,
        actor=_actor(),
        reason=reason,
        payload=_read_payload(payload_file) if payload_file else None,
    )
    letter = _ask(lambda client: client.replay(request))
    typer.echo(f"replayed {integration} {number}: see `easement audit trace {letter.transaction_id}`")


def _ask(question: Callable[[DeadLetterClient], Awaitable[Any]]) -> Any:
    """Connect, ask, hang up; a failure ends the command with its exit code."""
    import logging

    import nats.errors

    from easement.broker.dead_letter_service import DeadLetterClient
    from easement.broker.dead_letters import DeskError
    from easement.keys.private_file import PrivateFileError

    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it complains when a TLS connection hangs up

    async def ask() -> Any:
        client = await DeadLetterClient.connect(_address(), reconnect=False)
        try:
            return await question(client)
        finally:
            await client.close()

    try:
        return asyncio.run(ask())
    except DeskError as error:
        fail(str(error), code=ExitCode.UNREACHABLE if error.code == _UNREACHABLE else ExitCode.REFUSED)
    except PrivateFileError as error:
        fail(str(error), hint="Is EASEMENT_DATA the data directory of the running installation?")
    except (OSError, nats.errors.Error) as error:
        fail(
            f"the broker cannot be reached: {str(error) or type(error).__name__}",
            code=ExitCode.UNREACHABLE,
            hint="Start it with `easement up`; EASEMENT_BROKER_PORT says where it listens.",
        )


def _address() -> Any:
    from easement.broker.connection import BrokerAddress
    from easement.broker.service import reachable
    from easement.runtime.layout import DataDirectory
    from easement.runtime.settings import load_settings

    settings = load_settings()
    data = DataDirectory(settings.data.resolve())
    return BrokerAddress(
        host=reachable(settings.host),
        port=settings.broker_port,
        server_name=settings.public_host,
        authority=data.certificates / "ca.pem",
        keys=data.keys / "broker",
    )


def _actor() -> str:
    """Who runs the command: whoever can read the operator's key is the operator; the name is for the record."""
    import getpass

    try:
        return f"local:{getpass.getuser()}"
    except (KeyError, OSError):
        return "local:unknown"


def _read_payload(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_PAYLOAD + 1)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", code=ExitCode.USAGE)
    if len(data) > _MAX_PAYLOAD:
        fail(f"{path} is larger than {_MAX_PAYLOAD} bytes", code=ExitCode.USAGE)
    return data


def _print_depths(depths: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        _print_json(depths)
        return
    if not any(depths.values()):
        typer.echo("No dead letters.")
        return
    for name, count in depths.items():
        typer.echo(f"{count:8}  {name}")


def _print_letters(letters: list[DeadLetter]) -> None:
    from easement.broker.dead_letters import group_by_reason

    if not letters:
        typer.echo("No dead letters.")
        return
    for group in group_by_reason(letters):
        typer.echo(f"{group.count} x {group.reason}: {group.error}")
    typer.echo("")
    for letter in letters:
        again = f"  replayed {letter.replays} x" if letter.replays else ""
        typer.echo(f"{letter.sequence:8}  {_time(letter.failed_ms)}  {letter.reason}  {letter.transaction_id}{again}")


def _facts(letter: DeadLetter) -> dict[str, object]:
    from dataclasses import asdict

    facts: dict[str, object] = {name: value for name, value in asdict(letter).items() if value not in {"", 0}}
    for name in ("published_ms", "failed_ms"):
        if name in facts:
            facts[name.removesuffix("_ms")] = _time(int(str(facts.pop(name))))
    return facts


def _time(milliseconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _print_json(value: Any) -> None:
    import json
    from dataclasses import asdict, is_dataclass

    items = value if isinstance(value, list) else [value]
    plain = [asdict(item) if is_dataclass(item) and not isinstance(item, type) else item for item in items]
    typer.echo(json.dumps(plain if isinstance(value, list) else plain[0], indent=2))
