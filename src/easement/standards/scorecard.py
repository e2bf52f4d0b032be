"""Scores from 0 to 100 for integrations, systems, teams and the estate, each with the facts behind it. Pure.

* A criterion gives a share from 0 to 1 and says why; a score is the weighted mean of its criteria.
* Weights are data: :data:`WEIGHTS`, which a Standard changes by ``settings.scorecard``: criterion to weight, 0 to 100,
  where 0 leaves it out. What is no criterion or no weight changes nothing.
* A system, team or estate has the mean of its integrations, weighted by criticality, so that one vital contract is not
  outvoted by four small ones. What nobody uses has no score.
* A score sorts work. It is no proof of anything: the facts behind it are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from easement.contract.kinds import Criticality, Integration, Severity, Standard
from easement.estate.answers import Answer, AnswerVerdict, Question
from easement.estate.design_review import DesignReview, stands_on
from easement.estate.model import Estate
from easement.standards.model import Finding

WEIGHTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "standards": 30, "security": 20, "errors": 10, "nonfunctional": 10, "pattern": 5, "ownership": 15, "health": 10,
    }
)  # fmt: skip
"""Criterion to weight."""
SETTING: Final = "scorecard"
"""Key of ``spec.settings`` of a Standard."""
_COUNTS: Final = {Criticality.LOW: 1, Criticality.MEDIUM: 2, Criticality.HIGH: 4, Criticality.VITAL: 8}
_COST: Final = {Severity.ERROR: 0.34, Severity.WARNING: 0.12, Severity.INFO: 0.03}
_WAIVED: Final = 0.05
_FACT_COST: Final = {AnswerVerdict.YES: 0.0, AnswerVerdict.ATTENTION: 0.15, AnswerVerdict.NO: 0.5}
_HEALTH: Final = {"healthy": 1.0, "late": 0.5, "degraded": 0.5, "down": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFact:
    """One thing behind a score. ``rule`` is a rule's id or empty; ``at`` the place of the evidence."""

    text: str
    rule: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One criterion of a score: ``share`` is 0 to 1. ``facts`` say what keeps it from 1, or what holds."""

    name: str
    weight: int
    share: float
    facts: tuple[ScoreFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """A score with what it is made of.

    ``kind`` is ``integration``, ``system``, ``team`` or ``estate``. ``members`` are the integrations behind a sum, with
    their scores, the worst first.
    """

    kind: str
    name: str
    title: str
    owner: str
    score: float
    criteria: tuple[Criterion, ...]
    members: tuple[tuple[str, float], ...] = ()

    @property
    def grade(self) -> str:
        """``good`` from 85, ``fair`` from 60, else ``poor``."""
        return "good" if self.score >= 85 else "fair" if self.score >= 60 else "poor"


def weights_of(standards: Iterable[Standard]) -> dict[str, int]:
    """The weights in force: those of this module, changed by the standards in the order of their names."""
    weights = dict(WEIGHTS)
    for standard in sorted(standards, key=lambda each: each.metadata.name):
        asked = standard.spec.settings.get(SETTING)
        if not isinstance(asked, dict):
            continue
        for name, weight in asked.items():
            if name in weights and isinstance(weight, int) and not isinstance(weight, bool) and 0 <= weight <= 100:
                weights[name] = weight
    return weights if any(weights.values()) else dict(WEIGHTS)


def score_integration(
    estate: Estate,
    integration: Integration,
    review: DesignReview,
    findings: Iterable[Finding],
    *,
    health: str = "",
    weights: Mapping[str, int] = WEIGHTS,
) -> Scorecard:
    """The score of one integration.

    ``review`` answers the five questions, ``findings`` are those of the estate; ``health`` is the state word of the
    monitor, empty or unknown where nothing has flowed yet, which leaves that criterion out.
    """
    answers = {answer.question: answer for answer in review.answers}
    criteria = [
        _standards(integration, findings, weights["standards"]),
        *(
            _answered(answers[question], weights[str(question)])
            for question in (Question.SECURITY, Question.ERRORS, Question.NONFUNCTIONAL, Question.PATTERN)
            if question in answers
        ),
        _ownership(estate, integration, weights["ownership"]),
    ]
    if health in _HEALTH:
        fact = ScoreFact(text=f"the monitor says {health}", at=f"integration/{integration.metadata.name}")
        criteria.append(Criterion(name="health", weight=weights["health"], share=_HEALTH[health], facts=(fact,)))
    return Scorecard(
        kind="integration",
        name=integration.metadata.name,
        title=integration.metadata.title,
        owner=integration.metadata.owner,
        score=_mean(criteria),
        criteria=tuple(criterion for criterion in criteria if criterion.weight),
    )


def score_sums(estate: Estate, cards: Sequence[Scorecard]) -> tuple[Scorecard, ...]:
    """The estate, then its teams, then its systems, from the ``cards`` of integrations. None without integrations."""
    by_name = {card.name: card for card in cards}
    teams: dict[str, list[Scorecard]] = {}
    systems: dict[str, list[Scorecard]] = {}
    for name, card in sorted(by_name.items()):
        spec = estate.integrations[name].spec
        for system in dict.fromkeys((spec.source, spec.target)):
            systems.setdefault(system, []).append(card)
        if card.owner:
            teams.setdefault(card.owner, []).append(card)
    whole = list(by_name.values())
    found = [_sum(estate, "estate", whole, name="estate", title="The estate")] if whole else []
    for name, members in sorted(teams.items()):
        team = estate.teams.get(name)
        found.append(_sum(estate, "team", members, name=name, title=team.metadata.title if team else "", owner=name))
    for name, members in sorted(systems.items()):
        known = estate.systems.get(name)
        title, owner = (known.metadata.title, known.metadata.owner) if known else ("", "")
        found.append(_sum(estate, "system", members, name=name, title=title, owner=owner))
    return tuple(found)


def _standards(integration: Integration, findings: Iterable[Finding], weight: int) -> Criterion:
    subjects = stands_on(integration)
    relevant = [finding for finding in findings if finding.subject in subjects]
    cost = sum(_WAIVED if finding.waived_by else _COST[finding.severity] for finding in relevant)
    facts = tuple(
        ScoreFact(
            text=finding.message + (f" (waived by {finding.waived_by})" if finding.waived_by else ""),
            rule=finding.rule,
            at=finding.at,
        )
        for finding in relevant
    )
    return Criterion(
        name="standards",
        weight=weight,
        share=max(0.0, 1.0 - cost),
        facts=facts or (ScoreFact(text="no rule finds anything", at=f"integration/{integration.metadata.name}"),),
    )


def _answered(answer: Answer, weight: int) -> Criterion:
    lacking = tuple(fact for fact in answer.facts if fact.verdict is not AnswerVerdict.YES)
    return Criterion(
        name=str(answer.question),
        weight=weight,
        share=max(0.0, 1.0 - sum(_FACT_COST[fact.verdict] for fact in answer.facts)),
        facts=tuple(ScoreFact(text=fact.text, at=fact.at) for fact in lacking or answer.facts),
    )


def _ownership(estate: Estate, integration: Integration, weight: int) -> Criterion:
    at = f"integration/{integration.metadata.name}#/metadata"
    team = estate.teams.get(integration.metadata.owner)
    checks = (
        (team is not None, "it has an owner that is registered", "no registered team owns it", f"{at}/owner"),
        (team is not None and bool(team.spec.email or team.spec.oncall), "its owner can be reached",
         "its owner gives no e-mail and no on-call", f"team/{integration.metadata.owner or 'none'}#/spec"),
        (bool(integration.metadata.title and integration.metadata.description), "it says what it is for",
         "it has no title or no description", f"{at}/description"),
    )  # fmt: skip
    held = sum(is_held for is_held, *_ in checks)
    facts = tuple(ScoreFact(text=lacks, at=where) for is_held, _, lacks, where in checks if not is_held)
    return Criterion(
        name="ownership",
        weight=weight,
        share=held / len(checks),
        facts=facts or tuple(ScoreFact(text=has, at=where) for _, has, _, where in checks),
    )


def _sum(
    estate: Estate, kind: str, members: Sequence[Scorecard], *, name: str, title: str, owner: str = ""
) -> Scorecard:
    counts = {card.name: _COUNTS[estate.integrations[card.name].spec.sla.criticality] for card in members}
    total = sum(counts.values())
    shares: dict[str, list[tuple[float, int, int]]] = {}
    for card in members:
        for criterion in card.criteria:
            shares.setdefault(criterion.name, []).append((criterion.share, counts[card.name], criterion.weight))
    criteria = tuple(
        Criterion(
            name=criterion,
            weight=found[0][2],
            share=sum(share * count for share, count, _ in found) / sum(count for _, count, _ in found),
            facts=_lowest(criterion, members),
        )
        for criterion, found in shares.items()
    )
    worst_first = sorted(members, key=lambda card: (card.score, card.name))
    return Scorecard(
        kind=kind,
        name=name,
        title=title,
        owner=owner,
        score=sum(card.score * counts[card.name] for card in members) / total,
        criteria=criteria,
        members=tuple((card.name, card.score) for card in worst_first),
    )


def _lowest(criterion: str, members: Sequence[Scorecard]) -> tuple[ScoreFact, ...]:
    """The five integrations that pull a criterion down most."""
    found = [
        (each.share, card.name)
        for card in members
        for each in card.criteria
        if each.name == criterion and each.share < 1
    ]
    return tuple(
        ScoreFact(text=f"{name} reaches {share * 100:.0f} %", at=f"integration/{name}")
        for share, name in sorted(found)[:5]
    )


def _mean(criteria: Iterable[Criterion]) -> float:
    weighted = [(criterion.share, criterion.weight) for criterion in criteria]
    total = sum(weight for _, weight in weighted)
    return 100 * sum(share * weight for share, weight in weighted) / total if total else 0.0
