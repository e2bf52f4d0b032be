"""Rules that people write: Standard documents with CEL expressions, as rules like those of the baseline.

* What a rule is about follows from the names it uses: ``system`` alone, ``interface`` with its ``model``, else
  ``integration`` with ``source``, ``target``, ``interface``, ``model`` and ``fields``. All know the ``graph`` around
  the document, and the rule's own ``parameters``.
* ``select`` and ``appliesTo`` of the standard and of the rule must all hold. A rule that extends others does not
  replace them: every standard of the estate runs, and the baseline always does.
* Before the day of ``blocksFrom`` the rules of a standard only warn.
* An expression that does not compile is a finding about the standard. One that cannot be evaluated on a document is a
  finding about that document. Neither is ever a silent pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from easement.contract.kinds import RuleSpec, Selector, Severity, Stage, Standard
from easement.estate.review import APPROVER_CONDITIONS, APPROVER_ROLES
from easement.standards.cel import CelEnvironment, CelError, CelExpression
from easement.standards.cel_values import facts_values, plain_values
from easement.standards.configuration import is_trial, setting_finding, warned
from easement.standards.facts import IntegrationFacts, InterfaceFacts, SystemFacts
from easement.standards.model import AnyRule, Finding, Found, Rule
from easement.standards.parameters import Parameter
from easement.standards.selection import EVERYTHING, is_selected, traits_of

INVALID_RULE: Final = "standard-rule-invalid"
NOT_EVALUATED: Final = "could not be evaluated"
_SHARED: Final = ("graph", "parameters")
_METADATA: Final = frozenset({"name", "title", "owner", "description", "labels"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What a rule can be about: its facts, and the environment in which its expressions are read."""

    word: str
    facts: type[Any]
    environment: CelEnvironment


def _subjects() -> tuple[_Subject, ...]:
    return (
        _Subject(word="system", facts=SystemFacts, environment=CelEnvironment(["system", *_SHARED])),
        _Subject(word="interface", facts=InterfaceFacts, environment=CelEnvironment(["interface", "model", *_SHARED])),
        _Subject(
            word="integration",
            facts=IntegrationFacts,
            environment=CelEnvironment(
                ["integration", "source", "target", "interface", "model", *_SHARED], lists=["fields"]
            ),
        ),
    )


def compile_standards(
    standards: Iterable[Standard], taken: frozenset[str], *, today: date | None = None
) -> tuple[list[AnyRule], list[Finding]]:
    """The rules of all ``standards``, and findings about those that are no rules. ``taken`` are ids of other rules.

    ``today`` decides which standards block already; None takes all as if they did.
    """
    subjects = _subjects()
    latest = _LatestValues()
    rules: list[AnyRule] = []
    findings: list[Finding] = []
    ids = set(taken)
    for standard in standards:
        findings += _setting_findings(standard)
        for number, spec in enumerate(standard.spec.rules):
            if spec.id in ids:
                findings.append(_invalid(standard, f"/spec/rules/{number}/id", f"there is already a rule {spec.id!r}"))
                continue
            ids.add(spec.id)
            try:
                subject = _subject_of(_texts(standard, number, spec), subjects)
                rule = _compile(standard, number, subject, latest)
                if is_trial(standard, today):
                    rule = replace(rule, severity=warned(rule.severity), blocks=Stage.NEVER)
                rules.append(rule)
            except _RuleError as error:
                findings.append(_invalid(standard, error.path, str(error)))
    return rules, findings


class _RuleError(Exception):
    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class _LatestValues:
    """The CEL values of the facts that were judged last: all rules read one document before the next one."""

    __slots__ = ("_facts", "_values")

    def __init__(self) -> None:
        self._facts: object = None
        self._values: dict[str, Any] = {}

    def of(self, facts: Any) -> dict[str, Any]:
        if facts is not self._facts:
            self._facts, self._values = facts, facts_values(facts)
        return self._values


def _texts(standard: Standard, number: int, spec: RuleSpec) -> list[tuple[str, str]]:
    """The expressions of a rule with their places, the check first."""
    return [
        (path, text)
        for path, text in (
            (f"/spec/rules/{number}/check", spec.check),
            (f"/spec/rules/{number}/appliesTo", spec.applies_to),
            ("/spec/appliesTo", standard.spec.applies_to),
        )
        if text or path.endswith("/check")
    ]


def _compile(standard: Standard, number: int, subject: _Subject, latest: _LatestValues) -> AnyRule:
    spec = standard.spec.rules[number]
    texts = _texts(standard, number, spec)
    check, *conditions = [_compiled(subject.environment, path, text) for path, text in texts]
    return Rule(
        about=subject.facts,
        id=spec.id,
        title=spec.title,
        rationale=spec.why,
        severity=spec.severity,
        blocks=spec.blocks,
        scope=_scope(subject, (standard.spec.select, spec.select), conditions),
        applies=_Selection(tuple(one for one in (standard.spec.select, spec.select) if one != EVERYTHING)),
        check=_CelCheck(
            check=check,
            conditions=tuple(conditions),
            path=_place_of(subject.word, check.text),
            title=spec.title,
            latest=latest,
        ),
        remedy=spec.remedy,
        source="",
        standard=standard.metadata.name,
        owner=spec.owner or standard.metadata.owner,
        good=spec.example.good,
        bad=spec.example.bad,
        parameters=_parameters(standard, number),
    )


def _parameters(standard: Standard, number: int) -> dict[str, Parameter]:
    found = {}
    for name, value in standard.spec.rules[number].parameters.items():
        try:
            found[name] = Parameter(default=_default(value), meaning="")
        except ValueError as error:
            raise _RuleError(f"/spec/rules/{number}/parameters/{name}", str(error)) from None
    return found


def _default(value: Any) -> Any:
    match value:
        case bool():
            raise ValueError("a parameter is a text, a whole number, a list of texts or lists of texts by name")
        case str() | int():
            return value
        case list() if all(isinstance(one, str) for one in value):
            return tuple(value)
        case dict() if all(
            isinstance(many, list) and all(isinstance(it, str) for it in many) for many in value.values()
        ):
            return {str(key): tuple(many) for key, many in value.items()}
    raise ValueError("a parameter is a text, a whole number, a list of texts or lists of texts by name")


def _scope(subject: _Subject, selectors: Iterable[Selector], conditions: Iterable[CelExpression]) -> str:
    parts = [condition.text for condition in conditions]
    for selector in selectors:
        if selector != EVERYTHING:
            chosen = {key: value for key, value in plain_values(selector).items() if value}
            parts.append(", ".join(f"{key} {_shown(value)}" for key, value in chosen.items()))
    return " and ".join(parts) or f"all {subject.word}s"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={one}" for key, one in value.items())
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)


@dataclass(frozen=True, slots=True)
class _Selection:
    """Whether all selectors of a rule fit."""

    selectors: tuple[Selector, ...]

    def __call__(self, facts: SystemFacts | InterfaceFacts | IntegrationFacts) -> bool:
        if not self.selectors:
            return True
        traits = traits_of(facts)
        return all(is_selected(selector, traits) for selector in self.selectors)


def _subject_of(texts: list[tuple[str, str]], subjects: tuple[_Subject, ...]) -> _Subject:
    """The narrowest subject in which all expressions compile; the integration, to report on, where there is none."""
    for subject in subjects:
        try:
            for path, text in texts:
                _compiled(subject.environment, path, text)
        except _RuleError:
            continue
        return subject
    return next((it for it in subjects if re.match(rf"\W*{it.word}\b", texts[0][1])), subjects[-1])


def _compiled(environment: CelEnvironment, path: str, text: str) -> CelExpression:
    try:
        return environment.compile(text)
    except CelError as error:
        raise _RuleError(path, str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _CelCheck:
    """A check by expression. ``path`` is where it reports."""

    check: CelExpression
    conditions: tuple[CelExpression, ...]
    path: str
    title: str
    latest: _LatestValues

    def __call__(self, facts: Any, settings: Mapping[str, Any] | None = None) -> Iterator[Found]:
        values = {**self.latest.of(facts), "parameters": plain_values(settings or {})}
        try:
            if all(condition.holds(values) for condition in self.conditions) and not self.check.holds(values):
                yield Found(path=self.path, message=f"it does not hold: {self.title}")
        except CelError as error:
            message = f"the rule {NOT_EVALUATED} ({error}); guard what may be absent with has(...)"
            yield Found(path=self.path, message=message)


def _place_of(word: str, text: str) -> str:
    """The document's part that the expression names first, as a JSON pointer."""
    match = re.search(rf"\b{word}((?:\.[A-Za-z_]\w*)+)(?!\w*\()", text)
    if match is None:
        return "/spec"
    names = match[1].strip(".").split(".")
    return "/".join(["", "metadata" if names[0] in _METADATA else "spec", *names])


def _setting_findings(standard: Standard) -> Iterable[Finding]:
    for name, value in sorted(standard.spec.settings.items()):
        if name == "scorecard":  # its weights are read leniently in standards.scorecard
            continue
        if name != "approvers":
            message = f"the setting {name!r} is not used"
            yield setting_finding(standard, f"/spec/settings/{name}", message, Severity.INFO)
            continue
        if not isinstance(value, dict):
            yield setting_finding(standard, "/spec/settings/approvers", "it must map conditions to lists of roles")
            continue
        for condition, roles in sorted(value.items()):
            path = f"/spec/settings/approvers/{condition}"
            if condition not in APPROVER_CONDITIONS:
                message = f"{condition!r} is none of {', '.join(sorted(APPROVER_CONDITIONS))}"
                yield setting_finding(standard, path, message)
            unknown = [role for role in roles if role not in APPROVER_ROLES] if isinstance(roles, list) else [roles]
            if unknown:
                yield setting_finding(standard, path, f"{unknown} is no list of {', '.join(APPROVER_ROLES)}")


def _invalid(standard: Standard, path: str, message: str) -> Finding:
    return Finding(
        rule=INVALID_RULE,
        title="Rules of standards can be evaluated",
        severity=Severity.ERROR,
        blocks=Stage.CHECK,
        subject=f"standard/{standard.metadata.name}",
        path=path,
        message=message,
        remedy="Correct the rule: the CEL names are system, or interface and model, or integration with source, "
        "target, interface, model and fields; and graph and parameters with each.",
        standard=standard.metadata.name,
    )
