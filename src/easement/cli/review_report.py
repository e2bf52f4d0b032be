"""A review as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from easement.cli.change_report import change_lines
from easement.cli.table import printable


def review_text(detail: Mapping[str, Any]) -> str:
    """Who wants what, how risky it is and why, what changes, what was decided, what stands against it."""
    review = detail["review"]
    lines = [
        f"{review['kind'].lower()}/{review['name']}  revision {review['revision'][:12]}",
        f"  review  {review['id']}  {review['state']}",
        f"  author  {review['author']}, {review['created']}",
        f"  risk    {review['risk']}; needs {' and '.join(review['roles'])}",
        *(f"          {printable(reason)}" for reason in review["reasons"]),
    ]
    lines.append("")
    if detail["change"] is not None and detail["change"]["fields"]:
        lines += ["Against what is enforced:", *change_lines(detail["change"])]
    else:
        lines += json.dumps(detail["document"].get("spec", {}), indent=2, ensure_ascii=False).splitlines()
    for title, found in (
        ("Findings", [f"{f['rule']} {f['path']}: {f['message']} (blocks: {f['blocks']})" for f in detail["findings"]]),
        ("Against approval", detail["refusals"]),
        ("Decisions", [_decision(made) for made in review["decisions"]]),
    ):
        if found:
            lines += ["", f"{title}:", *(f"  {printable(text)}" for text in found)]
    return "\n".join(lines)


def _decision(made: Mapping[str, Any]) -> str:
    who = made["person"] + (f" as {' and '.join(made['roles'])}" if made["roles"] else "")
    return f"{made['created']}  {made['verdict']} by {who}" + (f": {made['comment']}" if made["comment"] else "")
