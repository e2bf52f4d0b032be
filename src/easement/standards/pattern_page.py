"""The catalogue of patterns as a page of the documentation, made from the catalogue itself."""

from __future__ import annotations

from collections.abc import Iterator
from string import Template

from easement.contract.template_patterns import PATTERN_TEMPLATES, integration_text
from easement.standards.pattern_catalogue import CATALOGUE, IntegrationPattern

_GUIDE = """\
| question | answer | pattern |
|---|---|---|
| Does a side take nothing but files? | yes | [batch-file](#batch-file) |
| Must the source have the result to go on? | yes, it only reads | [request-reply](#request-reply) |
| | yes, and something is done | [command](#command) |
| Must it know that one system took the order? | yes, and it is done at once | [command](#command) |
| | yes, and it may be done later | [work-queue](#work-queue) |
| Does the side that wants the data start? | yes, and it may be late | [scheduled-pull](#scheduled-pull) |
| | yes, within minutes | [event-carried-state](#event-carried-state): pulling that often is polling |
| Can the target hold no connection? | it cannot | [webhook](#webhook) |
| Do targets need the data? | no, only that it happened | [event-notification](#event-notification) |
| | yes, or several need it | [event-carried-state](#event-carried-state) |"""


def pattern_page() -> str:
    """Every pattern as Markdown, after the decision guide."""
    lines = [
        "# Patterns of integration",
        "",
        "Which pattern fits follows from what the source needs back, who starts, how late it may be, how much it is",
        "and how many want it. `easement patterns choose` asks the same questions and answers with reasons; the design",
        "review names the better pattern where it knows one.",
        "",
        _GUIDE,
        "",
    ]
    for entry in CATALOGUE.values():
        lines += [*section(entry), ""]
    return "\n".join(lines).rstrip() + "\n"


def section(entry: IntegrationPattern) -> Iterator[str]:
    """One pattern as Markdown."""
    yield f"## {entry.id}"
    yield ""
    yield f"**{entry.title}.** {entry.summary}"
    if not entry.recommended:
        yield ""
        yield f"To be avoided; use [{entry.instead}](#{entry.instead})."
    for title, points in (
        ("Choose it when", entry.choose_when),
        ("Do not when", entry.avoid_when),
        ("A contract declares", entry.needs),
    ):
        if points:
            yield ""
            yield f"{title}:"
            yield ""
            yield from (f"- {point}" for point in points)
    if entry.id in PATTERN_TEMPLATES:
        yield ""
        yield f"`easement new integration NAME --pattern {entry.id}` writes:"
        yield ""
        yield "```yaml"
        yield from _filled(entry.id).rstrip().splitlines()
        yield "```"
    if entry.recommended and not entry.enforced:
        yield ""
        yield "This release registers, reviews and checks it; the data path does not carry it yet."


def _filled(pattern: str) -> str:
    names = {"owner": "platform", **PATTERN_TEMPLATES[pattern].names}
    values = {**names, "name": names["integration"], "title": names["integration"].replace("-", " ").capitalize()}
    return Template(integration_text(pattern)).substitute(values)
