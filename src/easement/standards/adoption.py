"""How far each standard is kept: of the documents that its rules apply to, how many have no open finding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from easement.contract.kinds import Severity
from easement.estate.model import Estate
from easement.standards.check import rules_of
from easement.standards.facts import collect_facts
from easement.standards.model import BASELINE_NAME, AnyRule, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAdoption:
    """One rule: documents it applies to, those that keep it, and those with a waiver."""

    rule: str
    title: str
    severity: Severity
    judged: int
    keeping: int
    waived: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """One standard. ``keeping`` documents have no open error or warning of any of its rules."""

    standard: str
    version: str
    owner: str
    judged: int
    keeping: int
    waived: int
    rules: tuple[RuleAdoption, ...]

    @property
    def share(self) -> float:
        """Part of the judged documents that keep the standard, from 0 to 1; 1 where it applies to none."""
        return self.keeping / self.judged if self.judged else 1.0


def adoption(estate: Estate, findings: Iterable[Finding], today: date) -> tuple[Adoption, ...]:
    """The adoption of the baseline and of each standard of the estate, the baseline first and then by name.

    ``findings`` are those of :func:`easement.standards.check.check` on the same estate and day. A rule with an
    expression counts as applying wherever its selector does.
    """
    rules = rules_of(estate, today)
    judged: dict[str, set[str]] = {rule.id: set() for rule in rules}
    for facts in collect_facts(estate, today):
        for rule in rules:
            if isinstance(facts, rule.about) and rule.applies(facts):
                judged[rule.id].add(facts.subject)
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    return tuple(
        _of_standard(estate, name, [rule for rule in rules if rule.standard == name], judged, by_rule)
        for name in (BASELINE_NAME, *sorted(estate.standards))
    )


def _of_standard(
    estate: Estate,
    name: str,
    rules: list[AnyRule],
    judged: dict[str, set[str]],
    by_rule: dict[str, list[Finding]],
) -> Adoption:
    standard = estate.standards.get(name)
    found = [finding for rule in rules for finding in by_rule.get(rule.id, ())]
    subjects = set().union(*(judged[rule.id] for rule in rules))
    failing = {one.subject for one in found if not one.waived_by and one.severity is not Severity.INFO}
    return Adoption(
        standard=name,
        version=str(standard.spec.version) if standard else "",
        owner=standard.metadata.owner if standard else "",
        judged=len(subjects),
        keeping=len(subjects - failing),
        waived=len({one.subject for one in found if one.waived_by}),
        rules=tuple(_of_rule(rule, judged[rule.id], by_rule.get(rule.id, [])) for rule in rules),
    )


def _of_rule(rule: AnyRule, judged: set[str], findings: list[Finding]) -> RuleAdoption:
    return RuleAdoption(
        rule=rule.id,
        title=rule.title,
        severity=rule.severity,
        judged=len(judged),
        keeping=len(judged - {one.subject for one in findings if not one.waived_by}),
        waived=len({one.subject for one in findings if one.waived_by}),
    )
