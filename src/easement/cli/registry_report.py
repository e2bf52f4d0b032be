"""Search results, saved views and histories as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from easement.cli.table import as_table, printable

_WIDE: Final = (
    "ID", "NAME", "TITLE", "STATE", "CRITICALITY", "OWNER", "SOURCE", "TARGET", "INTERFACE", "ENTITIES", "TECHNOLOGY",
    "CARRIES", "SLA", "FINDINGS", "LINKS",
)  # fmt: skip
_LONGEST_VALUE: Final = 160
_SHOWN_VALUES: Final = 8


def found_table(found: Iterable[Mapping[str, Any]]) -> str:
    """Search results in one line each."""
    header = ("REFERENCE", "TITLE", "OWNER", "STATE", "CRITICALITY", "CARRIES", "FINDINGS")
    rows = [
        (one["reference"], one["title"], one["owner"], one["state"], one["criticality"], _carries(one), _findings(one))
        for one in found
    ]
    return as_table(header, rows)


def wide_table(found: Iterable[Mapping[str, Any]]) -> str:
    """Every field of the registry."""
    rows = [
        (
            one["id"], one["name"], one["title"], one["state"], one["criticality"], one["owner"],
            one["source"], one["target"] or " ".join(one["systems"]), f"{one['interface']} {one['version']}".strip(),
            " ".join(one["entities"]), ", ".join(one["technologies"]), _carries(one), one["sla"], _findings(one),
            " ".join(url for _, url in one["links"]),
        )
        for one in found
    ]  # fmt: skip
    return as_table(_WIDE, rows)


def facets_text(facets: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The most frequent values of each facet."""
    lines = []
    for name, values in facets.items():
        shown = ", ".join(f"{printable(str(one['value']))} ({one['count']})" for one in values[:_SHOWN_VALUES])
        more = len(values) - _SHOWN_VALUES
        lines.append(f"  {name}: {shown}{f', {more} more' if more > 0 else ''}\n")
    return "".join(lines)


def views_table(views: Iterable[Mapping[str, Any]]) -> str:
    """Saved views with what they ask."""
    rows = [(one["name"], one["person"], "everybody" if one["shared"] else "own", asked(one["query"])) for one in views]
    return as_table(("VIEW", "OF", "FOR", "ASKS"), rows)


def asked(query: Mapping[str, Any]) -> str:
    """A query in one line."""
    facets = [f"{name}={value}" for name, values in query["facets"].items() for value in values]
    sort = [f"sorted by {query['sort']}"] if query["sort"] != "name" else []
    return " ".join([*([query["text"]] if query["text"] else []), *facets, *sort]) or "everything"


def history_text(events: Iterable[Mapping[str, Any]]) -> str:
    """Who did what when, newest first, with each field before and after."""
    lines = []
    for event in events:
        revision = f" {event['revision'][:12]}" if event["revision"] else ""
        lines.append(printable(f"{event['time']}  {event['what']}{revision}  by {event['person']}"))
        if event["detail"]:
            lines.append(f"    {printable(event['detail'])}")
        lines += [
            f"    {printable(field['path'])}: {_value(field['before'])} -> {_value(field['after'])}"
            for field in event["fields"]
        ]
    return "\n".join([*lines, ""])


def _value(value: Any) -> str:
    if value is None:
        return "(absent)"
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _carries(one: Mapping[str, Any]) -> str:
    return " ".join([*([one["classification"]] if one["classification"] else []), *one["tags"]])


def _findings(one: Mapping[str, Any]) -> str:
    return f"{len(one['findings'])} {one['worst']}" if one["findings"] else ""
