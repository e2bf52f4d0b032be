"""Hold an estate against the baseline and its own standards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from easement.estate.model import Estate
from easement.standards.baseline import BASELINE
from easement.standards.custom import INVALID_RULE, UNKNOWN_SETTING, compile_standards
from easement.standards.facts import Facts, collect_facts
from easement.standards.model import AnyRule, Finding
from easement.standards.waivers import EXPIRED, REFUSED, UNUSED, apply_waivers


def rules_of(estate: Estate) -> tuple[AnyRule, ...]:
    """Every rule that runs on ``estate``: the baseline, then its standards in the order of their names."""
    return (*BASELINE, *_custom(estate)[0])


def check(estate: Estate, today: date) -> tuple[Finding, ...]:
    """All findings, waived ones included, sorted by document, place and rule.

    Retired integrations are not judged. Never raises because a document is bad. ``today`` decides which agreements,
    decisions and waivers are in force.
    """
    custom, findings = _custom(estate)
    rules = (*BASELINE, *custom)
    by_facts: dict[type[Facts], list[AnyRule]] = {}
    for rule in rules:
        by_facts.setdefault(rule.about, []).append(rule)
    for facts in collect_facts(estate, today):
        findings.extend(_judge(by_facts.get(type(facts), ()), facts))
    unwaivable = {rule.id for rule in rules if not rule.waivable}
    unwaivable |= {INVALID_RULE, UNKNOWN_SETTING, EXPIRED, UNUSED, REFUSED}
    judged = apply_waivers(findings, estate.waivers, today, unwaivable=unwaivable)
    return tuple(sorted(judged, key=lambda one: (one.subject, one.path, one.rule, one.message)))


def _custom(estate: Estate) -> tuple[list[AnyRule], list[Finding]]:
    standards = [standard for _, standard in sorted(estate.standards.items())]
    return compile_standards(standards, frozenset(rule.id for rule in BASELINE))


def _judge(rules: Sequence[AnyRule], facts: Facts) -> Iterator[Finding]:
    for rule in rules:
        if not rule.applies(facts):
            continue
        for found in rule.check(facts):
            yield Finding(
                rule=rule.id,
                title=rule.title,
                severity=rule.severity,
                blocks=rule.blocks,
                subject=facts.subject,
                path=found.path,
                message=found.message,
                remedy=rule.remedy,
                source=rule.source,
                standard=rule.standard,
            )
