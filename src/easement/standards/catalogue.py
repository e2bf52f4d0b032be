"""The rules as a page of the documentation, made from the rules themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from easement.compliance.law_pack import PACK_VERSION
from easement.contract.kinds import Stage
from easement.standards.baseline import THEMES
from easement.standards.model import AnyRule

_STAGES = {
    Stage.CHECK: "stops `easement check` and everything after it",
    Stage.REVIEW: "stops the review",
    Stage.LIVE: "stops going live",
    Stage.NEVER: "stops nothing",
}


def catalogue() -> str:
    """Every baseline rule as Markdown, by theme."""
    lines = [
        "# Rules of the baseline",
        "",
        "Every estate is held against these rules; standards of your own add to them, tighten them by `overrides`, set",
        "their `parameters`, and take none away. Examples are parts of documents; `null` is a missing key.",
        f"They give evidence for controls, no legal advice. Law pack {PACK_VERSION}.",
        "",
    ]
    for theme, rules in THEMES.items():
        lines += [f"## {theme}", "", *_table(rules), ""]
        for rule in rules:
            lines += [*_section(rule), ""]
    return "\n".join(lines)


def explain(rule: AnyRule) -> str:
    """One rule as Markdown."""
    return "\n".join(_section(rule))


def _table(rules: Sequence[AnyRule]) -> Iterator[str]:
    yield "| Rule | Severity | Stops | What it holds |"
    yield "| --- | --- | --- | --- |"
    for rule in rules:
        yield f"| [`{rule.id}`](#{rule.id}) | {rule.severity} | {rule.blocks} | {rule.title} |"


def _section(rule: AnyRule) -> Iterator[str]:
    yield f"### {rule.id}"
    yield ""
    yield f"{rule.title}."
    if rule.rationale:
        yield ""
        yield rule.rationale
    yield ""
    yield f"- Severity: {rule.severity}; {_STAGES[rule.blocks]}."
    yield f"- Applies to: {rule.scope}."
    if rule.remedy:
        yield f"- What to do: {rule.remedy}"
    if rule.source:
        yield f"- Evidence for: {rule.source}"
    if rule.owner:
        yield f"- Owner: {rule.owner}."
    if not rule.waivable:
        yield "- No waiver is possible."
    for name, parameter in sorted(rule.parameters.items()):
        meaning = f" {parameter.meaning}" if parameter.meaning else ""
        yield f"- Parameter `{name}`:{meaning} Default `{parameter.shown}`."
    for title, example in (("Found", rule.bad), ("Not found", rule.good)):
        if example:
            yield ""
            yield f"{title}:"
            yield ""
            yield "```yaml"
            yield from example.strip().splitlines()
            yield "```"
