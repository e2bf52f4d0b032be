"""The shadow inbox and work lists as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from easement.cli.table import as_table, printable


def shadow_table(entries: Iterable[Mapping[str, Any]]) -> str:
    """One line for each caller and interface."""
    header = ("ENTRY", "CALLER", "KNOWN", "VERB", "INTERFACE", "TRIED", "COUNT", "FIRST", "LAST", "DISMISSED")
    rows = [
        (
            one["key"], _caller(one), "yes" if one["known"] else "no", one["verb"], one["interface"] or "(none)",
            _tried(one), one["count"], moment(one["firstMs"]), moment(one["lastMs"]),
            f"until {one['dismissed']['until'][:10]}" if one["dismissed"] else "",
        )
        for one in entries
    ]  # fmt: skip
    return as_table(header, rows)


def shadow_text(entry: Mapping[str, Any]) -> str:
    """One entry with each operation."""
    known = "a registered system" if entry["known"] else "not a registered system"
    where = f"{entry['interface']} of {entry['provider']}" if entry["interface"] else "nothing that is registered"
    rows = [
        (
            one["name"] or "(none)",
            one["place"],
            one["code"],
            one["count"],
            moment(one["firstMs"]),
            moment(one["lastMs"]),
        )
        for one in entry["operations"]
    ]
    caller = f"{printable(_caller(entry))} ({known})"
    lines = [
        f"{entry['key']}: {caller} tried to {entry['verb']} at {where}, {entry['count']} times",
        f"Last transaction: {entry['transactionId']}",
    ]
    if dismissed := entry["dismissed"]:
        lines.append(
            printable(f"Dismissed by {dismissed['person']} until {dismissed['until'][:10]}: {dismissed['reason']}")
        )
    table = as_table(("OPERATION", "TRIED", "REFUSED", "COUNT", "FIRST", "LAST"), rows)
    return "\n".join([*lines, "", table])


def worklists_text(lists: Iterable[Mapping[str, Any]]) -> str:
    """Counts, then the items of each list."""
    chosen = list(lists)
    parts = [as_table(("LIST", "COUNT"), [(one["name"], one["count"]) for one in chosen])]
    parts += [
        f"{one['name']}\n{as_table(('SUBJECT', 'OWNER', 'WHY'), map(_work_row, one['items']))}"
        for one in chosen
        if one["items"]
    ]
    return "\n".join(parts)


def moment(milliseconds: int) -> str:
    """A time in UTC to the minute."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M}Z" if milliseconds else ""


def _work_row(item: Mapping[str, Any]) -> tuple[str, ...]:
    return item["subject"], item["owner"], item["why"]


def _caller(entry: Mapping[str, Any]) -> str:
    return str(entry["account"]) or "(nobody)"


def _tried(entry: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(one["name"] or one["place"] or one["code"] for one in entry["operations"]))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
