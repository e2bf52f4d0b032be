"""Hold an estate against the baseline and its own standards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from easement.estate.model import Estate
from easement.standards.baseline import BASELINE
from easement.standards.configuration import UNKNOWN_SETTING, configure
from easement.standards.custom import INVALID_RULE, compile_standards
from easement.standards.facts import Facts, collect_facts
from easement.standards.model import AnyRule, Finding
from easement.standards.spectral_bridge import INVALID_RULESET, ruleset_findings
from easement.standards.waivers import EXPIRED, REFUSED, UNUSED, apply_waivers

UNWAIVABLE: Final = frozenset({INVALID_RULE, INVALID_RULESET, UNKNOWN_SETTING, EXPIRED, UNUSED, REFUSED})
"""Findings about standards and waivers themselves."""


def rules_of(estate: Estate, today: date | None = None) -> tuple[AnyRule, ...]:
    """Every rule that runs on ``estate``, as its standards set it: the baseline, then standards by name.

    ``today`` decides which standards block already; None takes all as if they did.
    """
    return _rules(estate, today)[0]


def check(estate: Estate, today: date) -> tuple[Finding, ...]:
    """All findings, waived ones included, sorted by document, place and rule.

    Retired integrations are not judged. Never raises because a document is bad. ``today`` decides which agreements,
    decisions and waivers are in force.
    """
    rules, findings = _rules(estate, today)
    by_facts: dict[type[Facts], list[AnyRule]] = {}
    for rule in rules:
        by_facts.setdefault(rule.about, []).append(rule)
    for facts in collect_facts(estate, today):
        findings.extend(_judge(by_facts.get(type(facts), ()), facts))
    findings.extend(ruleset_findings(estate, today))
    unwaivable = UNWAIVABLE.union(rule.id for rule in rules if not rule.waivable)
    judged = apply_waivers(findings, estate.waivers, today, unwaivable=unwaivable)
    return tuple(sorted(judged, key=lambda one: (one.subject, one.path, one.rule, one.message)))


def _rules(estate: Estate, today: date | None) -> tuple[tuple[AnyRule, ...], list[Finding]]:
    standards = [standard for _, standard in sorted(estate.standards.items())]
    custom, invalid = compile_standards(standards, frozenset(rule.id for rule in BASELINE), today=today)
    rules, misset = configure((*BASELINE, *custom), standards, today)
    return rules, [*invalid, *misset]


def _judge(rules: Sequence[AnyRule], facts: Facts) -> Iterator[Finding]:
    for rule in rules:
        for found in rule.findings(facts):
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
                place=found.place,
            )
