"""A review as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from easement.cli.change_report import change_lines
from easement.cli.table import printable

_MARKS: Final = {"yes": "yes      ", "attention": "attention", "no": "NO       "}
_QUESTIONS: Final = {
    "standards": "Does it meet the standards?",
    "pattern": "Is the pattern well chosen?",
    "security": "Is the security adequate to the data?",
    "errors": "Is error handling complete?",
    "nonfunctional": "Are the non-functional requirements documented and achievable?",
}


def review_text(dossier: Mapping[str, Any]) -> str:
    """Who wants what, how risky it is and why, five answers, what changes, what was decided, what stands against it."""
    detail = dossier["detail"]
    review = detail["review"]
    lines = [
        f"{review['kind'].lower()}/{review['name']}  revision {review['revision'][:12]}",
        f"  review  {review['id']}  {review['state']}",
        f"  author  {review['author']}, {review['created']}",
        f"  risk    {review['risk']}; needs {' and '.join(review['roles'])}",
        *(f"          {printable(reason)}" for reason in review["reasons"]),
        *([f"  open    {' and '.join(dossier['needs'])}"] if dossier["needs"] else []),
        "",
        *_answers(dossier["design"]),
    ]
    if detail["change"] is not None and detail["change"]["fields"]:
        lines += ["Against what is enforced:", *change_lines(detail["change"])]
    else:
        lines += json.dumps(detail["document"].get("spec", {}), indent=2, ensure_ascii=False).splitlines()
    for title, found in (
        ("What it moves", [leg["text"] for leg in (dossier["flow"] or {"legs": []})["legs"]]),
        ("Cost", [f"{one['name']}: {one['cost']} ({one['place']})" for one in dossier["costs"]]),
        ("It could not be enforced", dossier["obstacles"]),
        ("It reaches", [f"{one['reference']} ({one['owner'] or 'nobody'})" for one in dossier["reached"]]),
        ("Findings", [f"{f['rule']} {f['path']}: {f['message']} (blocks: {f['blocks']})" for f in detail["findings"]]),
        ("Comments", [_comment(one) for one in dossier["comments"]]),
        ("Against approval", detail["refusals"]),
        ("Decisions", [_decision(made) for made in review["decisions"]]),
    ):
        if found:
            lines += ["", f"{title}:", *(f"  {printable(text)}" for text in found)]
    return "\n".join(lines)


def _answers(design: Mapping[str, Any]) -> Iterator[str]:
    for answer in design["answers"]:
        yield f"{_MARKS[answer['verdict']]}  {_QUESTIONS[answer['question']]}"
        for fact in answer["facts"]:
            mark = {"yes": "+", "attention": "?", "no": "!"}[fact["verdict"]]
            yield f"           {mark} {printable(fact['text'])}" + (
                f"  [{printable(fact['at'])}]" if fact["at"] else ""
            )
    if design["answers"]:
        yield ""


def _comment(one: Mapping[str, Any]) -> str:
    state = f"resolved by {one['resolvedBy']}" if one["resolvedBy"] else f"open, {one['id']}"
    return f"{one['person']} at {one['path'] or 'the whole document'}: {one['body']} ({state})"


def _decision(made: Mapping[str, Any]) -> str:
    who = made["person"] + (f" as {' and '.join(made['roles'])}" if made["roles"] else "")
    return f"{made['created']}  {made['verdict']} by {who}" + (f": {made['comment']}" if made["comment"] else "")
