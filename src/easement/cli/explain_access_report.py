"""The way of an integration as text, JSON and Markdown. Nothing that a name says can steer the terminal or the page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from easement.cli.table import as_table, printable
from easement.governance.access.model import AccessPath, Control, Evidence
from easement.governance.access.owasp import RiskAnswer

_HEADER: Final = ("LAYER", "CONTROL", "SETTING", "ENFORCED BY", "EVIDENCE")
_RISK_HEADER: Final = ("RISK", "WAY", "ANSWER", "BY", "NOT BY")
_DISCLAIMER: Final = "Evidence for controls; whether they suffice is for people to judge."


def access_text(path: AccessPath, digest: str, outline: Sequence[RiskAnswer]) -> str:
    """A heading, then a table for each way; with ``outline``, the risks instead of the layers."""
    lines = [f"{printable(one)}\n" for one in _heading(path, digest)]
    if outline:
        table = as_table(_RISK_HEADER, (_risk_row(answer) for answer in outline))
        return "".join([*lines, "\n", table, f"\n{_DISCLAIMER}\n"])
    for way in path.ways:
        lines += [f"\n{printable(way.name)}: {printable(way.title)}\n\n", as_table(_HEADER, map(_row, way.controls))]
    return "".join(lines)


def access_markdown(path: AccessPath, digest: str, outline: Sequence[RiskAnswer]) -> str:
    """The same as Markdown, for a review or an audit file."""
    title = f"# Access: {_cell(path.integration)}"
    parts = [title, "", *(f"- {_cell(one)}" for one in _heading(path, digest)[1:]), ""]
    if outline:
        parts += ["## OWASP API Security Top 10 (2023)", "", *_rows(_RISK_HEADER, [_risk_row(one) for one in outline])]
        return "\n".join([*parts, "", _DISCLAIMER, ""])
    for way in path.ways:
        parts += [f"## {_cell(way.name)}", "", _cell(way.title), "", *_rows(_HEADER, [*map(_row, way.controls)]), ""]
    return "\n".join(parts)


def access_json(path: AccessPath, digest: str, outline: Sequence[RiskAnswer]) -> str:
    """One object: ``integration``, ``plan``, ``flows``, ``conditions``, ``ways`` and, where asked for, ``owasp``."""
    tree: dict[str, Any] = {
        "integration": path.integration,
        "plan": digest,
        "environment": path.environment,
        "flows": path.flows,
        "conditions": [
            {"type": one.type.value, "status": one.status, "reason": one.reason, "message": one.message}
            for one in path.conditions
        ],
        "ways": [
            {"name": way.name, "title": way.title, "controls": [_control_tree(one) for one in way.controls]}
            for way in path.ways
        ],
    }
    if outline:
        tree["owasp"] = [
            {
                "risk": one.risk.id,
                "title": one.risk.title,
                "way": one.way,
                "answer": one.answer.value,
                "controls": [control.aspect.value for control in one.controls],
                "missing": [control.aspect.value for control in one.missing],
                "beyond": one.risk.beyond,
            }
            for one in outline
        ]
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def _heading(path: AccessPath, digest: str) -> list[str]:
    lines = [f"integration/{path.integration}", f"plan {digest[:12]}, {path.environment}", path.reason]
    if not path.flows:
        left = "only what was taken before is still delivered" if path.ways else "the gateway and the broker refuse it"
        lines.append(f"Nothing flows: {left}.")
    elif not path.ways:
        lines.append("Nothing flows: the plan grants it no operation and no channel.")
    return lines


def _row(control: Control) -> tuple[str, ...]:
    shown = "; ".join(_short(one) for one in control.evidence)
    return control.layer.value, control.aspect.value, control.told, control.where or "-", shown or "-"


def _short(evidence: Evidence) -> str:
    return f"{evidence.kind} {evidence.name.rpartition('/')[2] if evidence.kind == 'test' else evidence.name}"


def _risk_row(answer: RiskAnswer) -> tuple[str, ...]:
    missing = [f"{one.aspect} ({one.setting})" for one in answer.missing]
    beyond = [answer.risk.beyond] if answer.risk.beyond and answer.way else []
    return (
        f"{answer.risk.id} {answer.risk.title}",
        answer.way or "-",
        answer.answer.value,
        "; ".join(one.aspect.value for one in answer.controls) or "-",
        "; ".join([*missing, *beyond]) or "-",
    )


def _control_tree(control: Control) -> dict[str, Any]:
    return {
        "layer": control.layer.value,
        "control": control.aspect.value,
        "compiled": control.is_compiled,
        "setting": control.setting,
        "where": control.where,
        "evidence": [{"kind": one.kind, "name": one.name} for one in control.evidence],
    }


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(name.capitalize() for name in header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(text: str) -> str:
    escaped = printable(text).replace("\\", "\\\\")
    for mark in "|`*_<[":
        escaped = escaped.replace(mark, f"\\{mark}")
    return escaped
