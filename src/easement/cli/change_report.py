"""What ``plan`` and ``apply`` say. Pure: the API's answers in, text out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from easement.cli.table import printable

_SIGNS: Final = {"added": "+", "changed": "~", "removed": "-"}
_LONG: Final = 100


def plan_text(preview: Mapping[str, Any]) -> str:
    """What applying would change, what stands against it, and who would have to look."""
    lines: list[str] = []
    for change in preview["changes"]:
        lines.extend(_change_lines(change))
    lines.extend(_finding_lines(preview["findings"]))
    lines.extend(_review_lines(preview["reviews"]))
    if preview["absent"]:
        count = len(preview["absent"])
        named = ", ".join(preview["absent"][:10]) + (" ..." if count > 10 else "")
        lines += [f"Registered but not in this folder, and kept (--prune removes): {named}", ""]
    lines.append(_summary(preview["changes"]))
    return "\n".join(lines) + "\n"


def applied_text(applied: Mapping[str, Any]) -> str:
    """What was registered, what is enforced, and the next step."""
    documents = applied["documents"]
    if not documents:
        return "Nothing changed.\n"
    lines = [
        f"{_SIGNS[document['action']]} {document['kind'].lower()}/{document['name']}"
        + (f"  {document['id']}" if document["id"] else "")
        + (f"  review {document['reviewState']}" if document["reviewState"] else "")
        for document in documents
    ]
    waiting = sum(1 for document in documents if document["reviewState"] == "open")
    noun = "document" if len(documents) == 1 else "documents"
    lines += ["", f"Registered {len(documents)} {noun}. Enforced plan: {applied['plan'][:12]}"]
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        lines.append(f"{waiting} {verb} for a review by another person: easement review list")
    return "\n".join(lines) + "\n"


def change_lines(change: Mapping[str, Any]) -> list[str]:
    """One document that differs, field by field."""
    return list(_change_lines(change))


def _change_lines(change: Mapping[str, Any]) -> Iterator[str]:
    mark = "  (takes something away)" if change["destructive"] else ""
    yield f"{_SIGNS[change['action']]} {change['kind'].lower()}/{change['name']}{mark}"
    for field in change["fields"]:
        taken = "  !" if field["destructive"] else ""
        yield f"    {field['path']}: {_value(field['before'])} -> {_value(field['after'])}{taken}"


def _finding_lines(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not findings:
        return
    yield ""
    yield "Findings"
    for finding in findings:
        waived = f" (waived by {finding['waivedBy']})" if finding["waivedBy"] else ""
        yield f"  {finding['severity']:<7} {finding['rule']} on {finding['subject']} {finding['path']}{waived}"
        yield f"          {printable(finding['message'])}"
        if not finding["waivedBy"]:
            yield f"          blocks: {finding['blocks']}. {printable(finding['remedy'])}"


def _review_lines(reviews: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    people = [review for review in reviews if not review["requirement"]["automatic"]]
    yield ""
    if not people:
        return
    yield "Reviews that people must decide"
    for review in people:
        needed = review["requirement"]
        roles = " and ".join(needed["roles"])
        yield f"  {review['kind'].lower()}/{review['name']}: {needed['risk']} risk, needs {roles}"
        for reason in needed["reasons"]:
            yield f"      {printable(reason)}"
    yield ""


def _summary(changes: Sequence[Mapping[str, Any]]) -> str:
    if not changes:
        return "No changes: what is registered says the same."
    counts = [
        f"{sum(1 for change in changes if change['action'] == action)} {word}"
        for action, word in (("added", "to add"), ("changed", "to change"), ("removed", "to remove"))
    ]
    return "Plan: " + ", ".join(counts) + "."


def _value(value: object) -> str:
    if value is None:
        return "(nothing)"
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _LONG else text[: _LONG - 3] + "..."
