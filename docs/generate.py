"""Writes the reference pages that the product itself knows: ``make docs``. A test holds that they are current."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import typer

from easement.cli.main import app
from easement.contract.codes import CATALOGUE
from easement.contract.json_schema import schema_of
from easement.contract.kinds import KINDS
from easement.estate.interface_lifecycle import MOVES
from easement.estate.lifecycle import ENFORCED_STATES, TRANSITIONS, Guard
from easement.governance.decommission import ARCHIVE
from easement.governance.decommission_steps import STEPS
from easement.governance.review_times import ReviewTimes, review_metrics
from easement.governance.scheduled import ScheduledEvent
from easement.identity.expiries import expiry_metrics
from easement.interfaces.compatibility.rules import rules_page
from easement.ledger.record import Record, RecordKind, Status, Step
from easement.monitoring.health import HealthState
from easement.monitoring.metrics import exposition
from easement.runtime.settings import Settings
from easement.standards.catalogue import catalogue
from easement.standards.detector_page import detector_page
from easement.standards.pattern_page import pattern_page

DOCS: Final = Path(__file__).parent
REFERENCE: Final = DOCS / "reference"
_NOTE: Final = "<!-- Written by docs/generate.py (make docs). Do not edit. -->\n\n"
_NO_REVIEWS: Final = ReviewTimes(
    opened=0, decided=0, automatic=0, rejected=0, p50_s=None, p90_s=None, waiting=0, oldest_waiting_s=0
)
_Row = tuple[str, str, str, bool]
"""A key: its path, its form, what it means, whether it must be there."""


def pages() -> dict[str, str]:
    """Every generated page: file name to text."""
    made: Mapping[str, Callable[[], Iterator[str]]] = {
        "cli.md": _commands,
        "compatibility-rules.md": rules_page,
        "credential-detectors.md": detector_page,
        "documents.md": _documents,
        "ledger-record.md": _record,
        "lifecycle.md": _lifecycle,
        "metrics.md": _metrics,
        "problem-codes.md": _codes,
        "settings.md": _settings,
    }
    texts = {name: _NOTE + "\n".join(lines()).rstrip() + "\n" for name, lines in made.items()}
    return {**texts, "rules.md": catalogue()}


def explanations() -> dict[str, str]:
    """Every generated page of the explanation: file name to text."""
    return {"patterns.md": pattern_page()}


def main() -> int:
    """Write the pages that differ."""
    written = {REFERENCE / name: text for name, text in pages().items()}
    written |= {DOCS / "explanation" / name: text for name, text in explanations().items()}
    for path, text in written.items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"wrote docs/{path.relative_to(DOCS)}")
    return 0


def _commands() -> Iterator[str]:
    yield "# Command line"
    yield ""
    yield "Exit status: 0 done, 1 error, 2 wrong usage, 3 problems, findings or changes, 4 refused by policy,"
    yield "5 the control plane or the broker cannot be reached. Every command has `--help`."
    for path, command in _leaves(typer.main.get_command(app), ("easement",)):
        name = " ".join(path)
        with click.Context(command, info_name=name) as context:
            usage = " ".join([name, *command.collect_usage_pieces(context)])
            records = [record for one in command.params if (record := one.get_help_record(context))]
        yield from ("", f"## {name}", "", f"`{usage}`", "")
        yield from inspect.cleandoc(command.help or command.short_help or "").splitlines()
        if records:
            yield from ("", "| argument or option | |", "|---|---|")
            for option, text in records:
                yield f"| `{' '.join(option.split())}` | {_cell(text)} |"


def _leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if getattr(command, "commands", None) is None:
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None and not found.hidden:
            yield from _leaves(found, (*path, name))


def _documents() -> Iterator[str]:
    yield "# Documents"
    yield ""
    yield "What people write: YAML or JSON files in a folder, one or more documents in each. Unknown keys are errors."
    yield "`easement schema` prints the same as JSON Schema for editors; `easement new KIND` writes one to start from."
    yield "A **bold** key must be there; one inside an optional group, where the group is."
    schemas = {kind: schema_of(kind)["$defs"] for kind in KINDS}
    rows = {kind: list(_keys(schemas[kind][kind], schemas[kind], "", ())) for kind in KINDS}
    shared = [row for row in rows["Team"] if all(row in other for other in rows.values())]
    yield from ("", "## Every document", "")
    yield from _key_table(shared)
    for kind in KINDS:
        yield from ("", f"## {kind}", "", _first_paragraph(schemas[kind][kind].get("description", "")), "")
        yield from _key_table(row for row in rows[kind] if row not in shared)


def _key_table(rows: Iterable[_Row]) -> Iterator[str]:
    yield "| key | form | meaning |"
    yield "|---|---|---|"
    for path, form, text, needed in rows:
        yield f"| {f'**`{path}`**' if needed else f'`{path}`'} | {_cell(form)} | {_cell(text)} |"


def _keys(
    node: Mapping[str, Any], definitions: Mapping[str, Any], prefix: str, seen: tuple[str, ...]
) -> Iterator[_Row]:
    for name, value in node.get("properties", {}).items():
        path = f"{prefix}{name}"
        target = next((one for one in _references(value) if definitions[one].get("properties")), "")
        text = value.get("description") or _described(value, definitions)
        yield path, _form(value, definitions), _first_paragraph(text), name in node.get("required", ())
        if target and target not in seen:
            yield from _keys(definitions[target], definitions, f"{path}{_step_into(value)}", (*seen, target))


def _described(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    return next((text for one in _references(value) if (text := definitions[one].get("description", ""))), "")


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield str(value["$ref"]).rpartition("/")[2]
        for key, child in value.items():
            if key != "default":
                yield from _references(child)
    elif isinstance(value, list):
        for child in value:
            yield from _references(child)


def _step_into(value: Mapping[str, Any]) -> str:
    forms = (value, *value.get("anyOf", ()))
    if any(one.get("type") == "array" for one in forms):
        return "[]."
    return ".NAME." if any(isinstance(one.get("additionalProperties"), Mapping) for one in forms) else "."


def _form(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    default = value.get("default")
    if "$ref" in value:
        value = definitions[str(value["$ref"]).rpartition("/")[2]]
    form = _plain_form(value, definitions)
    return f"{form}; default `{default}`" if isinstance(default, str | int | float | list) and default else form


def _plain_form(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "const" in value:
        return f"`{value['const']}`" if value["const"] else "empty"
    if "enum" in value:
        return ", ".join(f"`{one}`" for one in value["enum"])
    if "anyOf" in value:
        forms = [_form(one, definitions) for one in value["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(forms))
    if value.get("type") == "array":
        return f"list of {_form(value.get('items', {}), definitions)}"
    if value.get("type") == "object":
        return "keys below" if "properties" in value else "mapping"
    return str(value.get("type", "any"))


def _record() -> Iterator[str]:
    yield "# Ledger record"
    yield ""
    yield "One record is one step of one transaction, or one decision. It never holds payload values or secrets."
    yield ""
    yield from inspect.cleandoc(Record.__doc__ or "").replace("``", "`").splitlines()
    yield from ("", "| field | form | default |", "|---|---|---|")
    for one in dataclasses.fields(Record):
        yield f"| `{one.name}` | `{_cell(str(one.type))}` | {_default(one)} |"
    for title, words in (("kind", RecordKind), ("step", Step), ("status", Status)):
        yield ""
        yield f"`{title}`: {', '.join(f'`{word}`' for word in words)}."


def _default(one: dataclasses.Field[Any]) -> str:
    if one.default is dataclasses.MISSING:
        return "must be given" if one.default_factory is dataclasses.MISSING else "empty"
    return "empty" if one.default == "" else f"`{one.default}`"


def _lifecycle() -> Iterator[str]:
    yield "# Lifecycle of an integration"
    yield ""
    yield "Only these moves exist; each names what must hold. A manifest never says a state."
    yield f"Enforced, so that traffic flows: {', '.join(f'`{state}`' for state in sorted(ENFORCED_STATES))}."
    yield from ("", "| from | event | to | must hold |", "|---|---|---|---|")
    for (state, event), move in TRANSITIONS.items():
        yield f"| `{state}` | `{event}` | `{move.to}` | {', '.join(f'`{guard}`' for guard in move.guards)} |"
    yield from ("", "| what must hold | what is said when it does not |", "|---|---|")
    for guard in Guard:
        yield f"| `{guard}` | {_cell(guard.unmet)} |"
    yield ""
    yield "A changed document does not leave `live`: the revision that was approved stays enforced until another is."
    yield from ("", "## Go-live gate", "")
    yield "Where `EASEMENT_GO_LIVE_GATE` has it enforced (`auto`: in production), an approved integration waits in"
    yield "`build`, and `easement lifecycle live` asks for all that `easement onboarding` lists: no blocking finding,"
    yield "an approved review, an interface version that serves, live credentials, a contract that can be enforced,"
    yield "a target that answers, something to monitor, and a team that can be reached. Elsewhere the list is advice."
    yield from ("", "## An interface version", "")
    yield "Each major version has a life of its own. What is gone answers 410 with its successor."
    yield from ("", "| from | to |", "|---|---|")
    for before, after in MOVES.items():
        yield f"| `{before}` | {', '.join(f'`{state}`' for state in sorted(after))} |"
    yield from ("", "## Decommissioning", "")
    yield "`easement decommission integration/NAME` takes these steps in order, each written down with what was seen;"
    yield "it goes on where it stopped, also after a crash. `--dry-run` says what each would do."
    yield from ("", "| step | |", "|---|---|")
    for step in STEPS:
        yield f"| `{step.id}` | {_cell(step.title)} |"
    yield f"| `{ARCHIVE}` | The registry entry is archived; id, history and records stay |"
    yield from ("", "## Calendar", "")
    yield "`easement lifecycle schedule SUBJECT EVENT --at TIME` has a step happen by itself"
    yield f"({', '.join(f'`{event}`' for event in ScheduledEvent)})"
    yield "with the same guards as by hand. What is refused is tried again and says why it waits."


def _metrics() -> Iterator[str]:
    yield "# Metrics"
    yield ""
    yield "`GET /metrics` of the control plane, in the Prometheus text format, with an API token of any role."
    yield "Labels are bounded: integration, status, error class, state, direction; kind and name of what ends."
    yield from ("", "| metric | type | meaning |", "|---|---|---|")
    with TemporaryDirectory() as empty:
        text = (
            exposition(Path(empty), datetime(2026, 1, 1, tzinfo=UTC)) + review_metrics(_NO_REVIEWS) + expiry_metrics(())
        )
        lines = text.decode().splitlines()
    kinds = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE"))
    for line in lines:
        if line.startswith("# HELP"):
            name, _, meaning = line.removeprefix("# HELP ").partition(" ")
            yield f"| `{name}` | {kinds[name]} | {_cell(meaning)} |"
    yield ""
    yield f"The states of `easement_integration_state`: {', '.join(f'`{state}`' for state in HealthState)}."


def _codes() -> Iterator[str]:
    yield "# Problem codes"
    yield ""
    yield "A code keeps its meaning. `easement explain CODE` prints the same."
    for entry in CATALOGUE.values():
        yield from ("", f"## {entry.code}: {_prose(entry.title)}", "", _prose(entry.explanation))
        yield from ("", f"**What to do:** {_prose(entry.fix)}")


def _settings() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "A flag wins over the environment, the environment over `easement.toml` in the working directory."
    yield "`easement config show --origin` says where each value came from. Unknown settings are errors."
    yield from ("", "| key in easement.toml | variable | default | meaning |", "|---|---|---|---|")
    for name, one in Settings.model_fields.items():
        shown = str(one.default).lower() if isinstance(one.default, bool) else one.default
        default = "(empty)" if shown == "" else f"`{shown}`"
        yield f"| `{name}` | `EASEMENT_{name.upper()}` | {default} | {_cell(one.description or '')} |"
    yield from ("", "| variable of the command line only | meaning |", "|---|---|")
    yield "| `EASEMENT_SERVER` | Address of the control plane; without it the one on this machine. |"
    yield "| `EASEMENT_TOKEN` | API token of a person; without it the operator token of the data directory. |"


def _first_paragraph(text: str) -> str:
    return _prose(inspect.cleandoc(text).partition("\n\n")[0])


def _prose(text: str) -> str:
    return " ".join(text.split()).replace("``", "`").replace("<", "&lt;")


def _cell(text: str) -> str:
    return _prose(text).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
