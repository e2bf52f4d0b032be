"""Change cases, notices and the answer of can-i-change as text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from easement.cli.table import as_table, printable

_EMERGENCY: Final = "break-glass"
_SHOWN: Final = 30
Json = Mapping[str, Any]


def cases_text(cases: Sequence[Json]) -> str:
    """A table, emergencies first."""
    if not cases:
        return "No change case runs.\n"
    rows = [
        (
            case["id"],
            f"{case['kind'].lower()}/{case['name']}",
            case["successor"],
            case["state"],
            _day(case["sunset"]),
            f"{sum(bool(party['answer']) for party in case['parties'])}/{len(case['parties'])}",
            case["openedBy"],
        )
        for case in sorted(cases, key=lambda case: (case["state"] != _EMERGENCY, case["id"]))
    ]
    return as_table(("CASE", "CHANGES", "SUCCESSOR", "STATE", "SUNSET", "ANSWERED", "BY"), rows)


def case_text(case: Json) -> str:
    """One case: clock, verdicts by consumer, answers, who still uses the old version."""
    return "\n".join(printable(line) for line in _case_lines(case)) + "\n"


def notices_text(notices: Sequence[Json]) -> str:
    """A table of notices."""
    if not notices:
        return "No notices.\n"
    rows = [
        (notice["created"][:16], notice["team"], notice["channel"], notice["state"], notice["subject"], notice["error"])
        for notice in notices
    ]
    return as_table(("WHEN", "TEAM", "BY", "STATE", "SUBJECT", "ERROR"), rows)


def answer_text(answer: Json) -> str:
    """The answer of can-i-change."""
    return "\n".join(printable(line) for line in _answer_lines(answer)) + "\n"


def answer_annotations(answer: Json) -> str:
    """GitHub workflow commands: an error for what breaks somebody, a warning for what breaks nobody today."""
    lines = [
        _annotation("error", hit, f"breaks {consumer['consumer']} ({consumer['integration']}): {hit['explanation']}")
        for consumer in answer["consumers"]
        for hit in consumer["hits"]
        if hit["change"] == "breaking"
    ]
    lines += [
        _annotation("warning", verdict, f"breaking, and nobody is affected today: {verdict['explanation']}")
        for verdict in answer["unnoticed"]
    ]
    lines += [f"::error title=easement::{_escaped(refusal)}" for refusal in answer["refusals"]]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def _case_lines(case: Json) -> Iterator[str]:
    yield f"{case['id']}  {case['kind'].lower()}/{case['name']}  {case['state']}"
    if case["successor"]:
        yield f"  successor  interface/{case['successor']}"
    yield f"  opened     {case['openedBy']}, {case['opened']}: {case['reason']}"
    if case["emergency"]:
        second = case["confirmedBy"] or "nobody yet: easement change confirm " + case["id"]
        yield f"  emergency  until {case['permittedUntil']}; confirmed by {second}"
    if case["noticed"]:
        yield f"  noticed    {_day(case['noticed'])}, served until {_day(case['sunset'])}"
    yield ""
    if not case["parties"]:
        yield "Nobody is affected."
    for party in case["parties"]:
        until = f" until {_day(party['until'])}" if party["until"] else ""
        said = f"{party['answer']}{until} ({party['person']})" if party["answer"] else "no answer"
        yield f"{party['integration']}  ({party['consumer']}, team {party['team']}, {party['criticality']}): {said}"
        yield from _hit_lines(party["hits"])
    if case["using"]:
        yield ""
        yield from as_table(("INTEGRATION", "STILL USES IT", "TRANSACTIONS", "LAST"), _using_rows(case)).splitlines()


def _using_rows(case: Json) -> Iterator[Sequence[object]]:
    for row in case["using"]:
        word = "no" if not row["uses"] else "yes, its time is over" if row["expired"] else "yes"
        last = datetime.fromtimestamp(row["lastMs"] / 1000, UTC).isoformat(timespec="minutes") if row["lastMs"] else ""
        yield row["integration"], word, row["count"], last


def _hit_lines(hits: Iterable[Json]) -> Iterator[str]:
    listed = list(hits)
    for hit in listed[:_SHOWN]:
        yield f"    [{hit['change']}] {hit['explanation']} ({hit['rule']})"
    if len(listed) > _SHOWN:
        yield f"    and {len(listed) - _SHOWN} more"


def _answer_lines(answer: Json) -> Iterator[str]:
    for problem in answer["problems"]:
        yield f"error: {problem['place']}: {problem['message']}"
    for refusal in answer["refusals"]:
        yield f"refused: {refusal}"
    broken = [consumer for consumer in answer["consumers"] if consumer["breaks"]]
    if answer["sideBySide"] and broken:
        yield "The new major version stands beside the old one. When the old one ends, these have to move:"
    elif broken:
        yield f"{answer['interface']} cannot change like that. It breaks:"
    for consumer in broken:
        yield f"  {consumer['consumer']} ({consumer['integration']})"
        yield from _hit_lines(consumer["hits"])
    if answer["unnoticed"]:
        yield "Breaking, and nobody is affected today:"
        yield from _hit_lines(answer["unnoticed"])
    if answer["allowed"]:
        kept = len(answer["consumers"])
        yield f"Yes: {answer['interface']} can change like that; {kept} live contract{'s' * (kept != 1)} looked at."
    elif broken and not answer["sideBySide"]:
        yield f"Publish the next major version beside it: easement change open interface/{answer['interface']} ..."


def _annotation(level: str, verdict: Json, text: str) -> str:
    place = verdict.get("new") or verdict.get("old") or {}
    properties = [f"title={_property(verdict['rule'])}"]
    if place.get("file"):
        properties.insert(0, f"file={_property(place['file'])}")
        if place.get("line"):
            properties.insert(1, f"line={place['line']},col={place['column']}")
    return f"::{level} {','.join(properties)}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _day(moment: str | None) -> str:
    return moment[:10] if moment else ""
