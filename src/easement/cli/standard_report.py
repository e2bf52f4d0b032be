"""The result of a trial as text for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from easement.cli.table import as_table, printable

_SHOWN: Final = 12


def trial_text(tree: Mapping[str, Any]) -> str:
    """Tables by rule and by owner, what would be stopped, and the first findings."""
    return "\n".join(_lines(tree)) + "\n"


def _lines(tree: Mapping[str, Any]) -> Iterator[str]:
    names = ", ".join(tree["standards"])
    if not tree["findings"]:
        yield f"{names} finds nothing new in {tree['documents']} documents."
    else:
        yield f"{names} would find {len(tree['findings'])} in {tree['documents']} documents."
        yield ""
        header = ("RULE", "SEVERITY", "STOPS", "FINDINGS", "DOCUMENTS", "TITLE")
        keys = ("rule", "severity", "blocks", "findings", "documents", "title")
        yield as_table(header, [[one[key] for key in keys] for one in tree["rules"]])
        by_owner = ("owner", "findings", "errors", "documents")
        yield as_table(
            ("OWNER", "FINDINGS", "ERRORS", "DOCUMENTS"), [[one[key] for key in by_owner] for one in tree["owners"]]
        )
        yield from _stops(tree)
        for found in tree["findings"][:_SHOWN]:
            yield printable(f"{found['at']}: {found['rule']}: {found['message']}")
        if (more := len(tree["findings"]) - _SHOWN) > 0:
            yield f"and {more} more; -o json lists all."
    if tree["silent"]:
        yield f"These rules find nothing: {', '.join(tree['silent'])}."


def _stops(tree: Mapping[str, Any]) -> Iterator[str]:
    stages = [f"{number} at {stage}" for stage, number in tree["stops"].items() if stage != "never" and number]
    yield f"It would stop: {', '.join(stages)}." if stages else "It would stop nothing."
    if tree["flowing"]:
        yield f"Live now, and not approved again while it stands: {', '.join(tree['flowing'])}."
    yield ""
