"""A report of changes for people: text, Markdown, and annotations of GitHub workflows. Pure.

What a description says is shown as text and nothing else: it cannot steer a terminal, start a workflow command, call
somebody by ``@name``, or become a link, a picture or a row of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from easement.interfaces.compatibility.report import ChangeReport, Entry, plain, shown_value
from easement.interfaces.compatibility.verdict import ChangeClass, Position

_COLOURS: Final = MappingProxyType(
    {ChangeClass.BREAKING: "31;1", ChangeClass.RISKY: "33;1", ChangeClass.SAFE: "32", ChangeClass.DOCUMENTATION: "36"}
)
_LEVELS: Final[Mapping[ChangeClass, str]] = MappingProxyType(
    {ChangeClass.BREAKING: "error", ChangeClass.RISKY: "warning"}
)
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", ":": "&#58;"}
_ROWS: Final = 500
"""Rows of a Markdown table: a comment on a pull request has an end."""


def as_text(report: ChangeReport, *, color: bool = False) -> str:
    """One block for each change, and a last line that counts."""
    blocks = ["\n".join(_block(entry, color=color)) for entry in report.entries]
    return "\n".join([*blocks, report.summary]) + "\n"


def _block(entry: Entry, *, color: bool) -> Iterator[str]:
    word = entry.change.value
    label = f"\x1b[{_COLOURS[entry.change]}m{word}\x1b[0m" if color else word
    subject = f" in {plain(entry.subject)}" if entry.subject else ""
    ways = ", ".join(entry.directions)
    yield f"{label} {entry.rule}{subject} ({ways}): {plain(entry.explanation)}"
    yield f"    old {plain(str(entry.shared.old))}"
    yield f"    new {plain(str(entry.shared.new))}"
    if example := entry.counter_example:
        yield f"    only the {plain(example.accepted_by)} one accepts {shown_value(example.instance)}"


def as_markdown(report: ChangeReport) -> str:
    """A heading, a line that counts, and a table; fits a comment on a pull request."""
    lines = [f"### Interface change: {_escaped(report.old)} → {_escaped(report.new)}", "", _escaped(report.summary)]
    if report.entries:
        lines += ["", "| class | change | where | rule | direction |", "|---|---|---|---|---|"]
        lines += [_row(entry) for entry in report.entries[:_ROWS]]
    if len(report.entries) > _ROWS:
        lines += ["", f"{len(report.entries) - _ROWS} more are not listed."]
    return "\n".join(lines) + "\n"


def _row(entry: Entry) -> str:
    said = entry.explanation
    if example := entry.counter_example:
        said += f"; only the {example.accepted_by} one accepts {shown_value(example.instance)}"
    where = f"{entry.subject} {_line(entry.position)}".strip()
    cells = (f"**{entry.change.value}**", _escaped(said), _escaped(where), _escaped(entry.rule))
    return f"| {' | '.join(cells)} | {', '.join(entry.directions)} |"


def _escaped(text: str) -> str:
    once = "".join(_ENTITIES.get(one, one) for one in plain(text))
    # The semicolon and number sign of an entity must stay, so signs are escaped around entities only.
    return "".join(
        part if part.startswith("&") and part.endswith(";") else _MARKDOWN.sub(r"\\\1", part)
        for part in re.split(r"(&#?\w+;)", once)
    )


def _line(position: Position) -> str:
    return f"{position.file}:{position.line}" if position.line else str(position)


def as_github(report: ChangeReport) -> str:
    """One workflow command for each change; levels error, warning and notice."""
    return "".join(f"{_annotation(entry)}\n" for entry in report.entries) + f"{report.summary}\n"


def _annotation(entry: Entry) -> str:
    at = entry.position
    properties = {"file": at.file, "line": str(at.line or ""), "col": str(at.column or ""), "title": entry.rule}
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    subject = f"{entry.subject}: " if entry.subject else ""
    message = _data(f"{entry.change.value}: {subject}{entry.explanation} ({', '.join(entry.directions)})")
    return f"::{_LEVELS.get(entry.change, 'notice')} {said}::{message}"


def _data(text: str) -> str:
    return plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
