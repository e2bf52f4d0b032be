"""What the standards of an estate change about rules: values of parameters, and rules that are held stricter.

* A rule is made stricter, never laxer: a laxer override is a finding about the standard and changes nothing.
* A parameter that two standards set to different values is a finding: nobody can say which was meant.
* Both hold for the whole estate, so a standard that is for a part of it (``select``, ``appliesTo``) may set neither.
* Before ``blocksFrom`` what a standard adds or tightens only warns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from easement.contract.kinds import Severity, Stage, Standard, Strictness
from easement.contract.suggestion import did_you_mean
from easement.standards.model import AnyRule, Finding
from easement.standards.selection import EVERYTHING

UNKNOWN_SETTING: Final = "standard-setting-unknown"
_SEVERITIES: Final = list(Severity)
_STAGES: Final = list(Stage)


@dataclass(slots=True)
class _Configuring:
    rules: dict[str, AnyRule]
    findings: list[Finding] = field(default_factory=list)
    set_by: dict[tuple[str, str], str] = field(default_factory=dict)


def configure(
    rules: Sequence[AnyRule], standards: Iterable[Standard], today: date | None
) -> tuple[tuple[AnyRule, ...], tuple[Finding, ...]]:
    """``rules`` as the standards set them, and findings about settings that fit no rule.

    ``today`` decides which standards block already; None takes all as if they did.
    """
    work = _Configuring({rule.id: rule for rule in rules})
    for standard in sorted(standards, key=lambda it: it.metadata.name):
        if not (standard.spec.parameters or standard.spec.overrides):
            continue
        if standard.spec.select != EVERYTHING or standard.spec.applies_to:
            message = "parameters and overrides hold for the whole estate, but the standard is for a part of it"
            work.findings.append(setting_finding(standard, "/spec/select", message))
            continue
        for rule_id, written in standard.spec.parameters.items():
            for name, value in written.items():
                _set_parameter(work, standard, rule_id, name, value)
        for rule_id, strictness in standard.spec.overrides.items():
            _tighten(work, standard, rule_id, strictness, today)
    return tuple(work.rules.values()), tuple(work.findings)


def is_trial(standard: Standard, today: date | None) -> bool:
    """Whether the standard does not block yet."""
    start = standard.spec.blocks_from
    return start is not None and today is not None and today < start


def warned(severity: Severity) -> Severity:
    """The severity of a finding that must not stop anything."""
    return Severity.WARNING if severity is Severity.ERROR else severity


def setting_finding(standard: Standard, path: str, message: str, severity: Severity = Severity.ERROR) -> Finding:
    """A finding about what a standard sets."""
    return Finding(
        rule=UNKNOWN_SETTING,
        title="Settings of standards are known",
        severity=severity,
        blocks=Stage.CHECK if severity is Severity.ERROR else Stage.NEVER,
        subject=f"standard/{standard.metadata.name}",
        path=path,
        message=message,
        remedy="Correct or remove the setting.",
        standard=standard.metadata.name,
    )


def _set_parameter(work: _Configuring, standard: Standard, rule_id: str, name: str, written: Any) -> None:
    path = f"/spec/parameters/{rule_id}/{name}"
    rule = work.rules.get(rule_id)
    if rule is None:
        work.findings.append(setting_finding(standard, f"/spec/parameters/{rule_id}", _no_rule(rule_id, work.rules)))
        return
    parameter = rule.parameters.get(name)
    if parameter is None:
        known = ", ".join(sorted(rule.parameters)) or "none"
        message = f"rule {rule_id} has no parameter {name!r}; it has {known}"
        work.findings.append(setting_finding(standard, path, message))
        return
    try:
        value = parameter.read(written)
    except ValueError as error:
        work.findings.append(setting_finding(standard, path, f"it does not fit {name} of rule {rule_id}: {error}"))
        return
    other = work.set_by.setdefault((rule_id, name), standard.metadata.name)
    if other != standard.metadata.name and rule.settings.get(name) != value:
        message = f"standard {other} sets another {name} for rule {rule_id}"
        work.findings.append(setting_finding(standard, path, message))
        return
    work.rules[rule_id] = replace(rule, settings={**rule.settings, name: value})


def _tighten(work: _Configuring, standard: Standard, rule_id: str, to: Strictness, today: date | None) -> None:
    path = f"/spec/overrides/{rule_id}"
    rule = work.rules.get(rule_id)
    if rule is None:
        work.findings.append(setting_finding(standard, path, _no_rule(rule_id, work.rules)))
        return
    severity, blocks = to.severity or rule.severity, to.blocks or rule.blocks
    if _SEVERITIES.index(severity) < _SEVERITIES.index(rule.severity) or _STAGES.index(blocks) > _STAGES.index(
        rule.blocks
    ):
        message = f"rule {rule_id} is {rule.severity} and blocks {rule.blocks}; a standard may only be stricter"
        work.findings.append(setting_finding(standard, path, message))
        return
    if is_trial(standard, today):
        return
    work.rules[rule_id] = replace(rule, severity=severity, blocks=blocks)


def _no_rule(rule_id: str, known: Iterable[str]) -> str:
    hint = did_you_mean(rule_id, known)
    return f"there is no rule {rule_id!r}; {hint}" if hint else f"there is no rule {rule_id!r}"
