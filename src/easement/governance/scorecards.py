"""Scorecards of the registry: worked out once for each state of it, kept once a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from easement.estate.design_review import design_review, stands_on
from easement.estate.flows import FlowIndex
from easement.estate.model import Estate, LifecycleState
from easement.estate.sprawl import Sprawl, sprawl
from easement.governance.dossier import measured_of
from easement.governance.errors import UnknownError
from easement.governance.registry import Registry
from easement.standards.check import check, rules_of
from easement.standards.model import BASELINE_NAME, Finding
from easement.standards.pattern_advice import pattern_advice
from easement.standards.scorecard import Scorecard, score_integration, score_sums, weights_of
from easement.store.database import reading, writing
from easement.store.scorecard_days import DayScore, forget_days_before, history_of, keep_day, last_day

HISTORY: Final = timedelta(days=400)
"""How long daily scores are kept."""
_JUDGED: Final = frozenset({"system", "interface", "integration"})


class HealthSource(Protocol):
    """Where the health of integrations comes from."""

    def integration_health(self, now: datetime) -> Sequence[Any]:
        """One dataclass for each integration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """How far the estate follows one standard: its rules, and how many documents have an unwaived finding of one.

    ``share`` is documents without such a finding over all systems, interfaces and integrations, 0 to 1.
    """

    standard: str
    title: str
    owner: str
    rules: int
    findings: int
    blocking: int
    waived: int
    documents: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All of it at one moment: the registered estate, its findings, its scores, adoption and sprawl."""

    estate: Estate
    findings: tuple[Finding, ...]
    cards: Mapping[tuple[str, str], Scorecard]
    adoption: tuple[Adoption, ...]
    sprawl: Sprawl

    def of_kind(self, kind: str) -> tuple[Scorecard, ...]:
        """The cards of a kind, the worst first."""
        found = (card for (known, _), card in self.cards.items() if known == kind)
        return tuple(sorted(found, key=lambda card: (card.score, card.name)))


@dataclass(slots=True)
class Scorecards:
    """Reads and keeps scores. One for each control plane: it remembers the last standing while nothing changes."""

    registry: Registry
    health: HealthSource
    _last: list[tuple[tuple[object, ...], Standing]] = field(default_factory=list)

    def standing(self) -> Standing:
        """The present standing; worked out again when the registry, the day or the health of something has changed."""
        registry, now = self.registry, self.registry.now()
        health = tuple(self.health.integration_health(now))
        words = {each.name: str(each.state) for each in health}
        snapshot = registry.snapshot()
        key = (snapshot.head.version, registry.today, tuple(sorted(words.items())))
        last = self._last[:]
        if last and last[0][0] == key:
            return last[0][1]
        estate = snapshot.registered_estate().estate
        found = standing_of(estate, registry.today, health)
        self._last[:] = [(key, found)]
        return found

    def card(self, kind: str, name: str) -> Scorecard:
        """One scorecard. Raises :class:`UnknownError`."""
        found = self.standing().cards.get((kind, name))
        if found is None:
            raise UnknownError(
                f"there is no scorecard of {kind} {name!r}", ("a system or team that nothing uses has none",)
            )
        return found

    def history(self, kind: str, name: str, days: int = 90) -> tuple[DayScore, ...]:
        """The daily scores of the last ``days`` days, oldest first."""
        with reading(self.registry.engine) as connection:
            return history_of(connection, kind, name, self.registry.today - timedelta(days=days))

    def keep_today(self) -> int:
        """Keep the scores of today, once; how many were kept. Call it as often as you like."""
        today = self.registry.today
        with reading(self.registry.engine) as connection:
            if last_day(connection) == today:
                return 0
        scores = day_scores(today, self.standing().cards.values())
        with writing(self.registry.engine) as connection:
            forget_days_before(connection, today - HISTORY)
            return keep_day(connection, today, scores)


def standing_of(estate: Estate, today: date, health: Iterable[Any] = ()) -> Standing:
    """The standing of an estate. Pure; ``health`` are dataclasses of the monitor."""
    seen = tuple(health)
    findings = check(estate, today)
    words = {each.name: str(each.state) for each in seen}
    measured, index, weights = measured_of(seen), FlowIndex(estate), weights_of(estate.standards.values())
    by_subject: dict[str, list[Finding]] = {}
    for finding in findings:
        by_subject.setdefault(finding.subject, []).append(finding)
    cards: list[Scorecard] = []
    for name, integration in sorted(estate.integrations.items()):
        if _is_retired(estate, name):
            continue
        near = [one for subject in sorted(stands_on(integration)) for one in by_subject.get(subject, ())]
        advice = pattern_advice(estate, integration)
        review = design_review(estate, integration, near, advice=advice, measured=measured, index=index)
        cards.append(score_integration(estate, integration, review, near, health=words.get(name, ""), weights=weights))
    return Standing(
        estate=estate,
        findings=findings,
        cards={(card.kind, card.name): card for card in (*score_sums(estate, cards), *cards)},
        adoption=adoption(estate, findings),
        sprawl=sprawl(estate),
    )


def day_scores(day: date, cards: Iterable[Scorecard]) -> tuple[DayScore, ...]:
    """Scorecards as rows of one day."""
    return tuple(
        DayScore(
            day=day,
            kind=card.kind,
            name=card.name,
            score=card.score,
            parts={criterion.name: round(criterion.share, 3) for criterion in card.criteria},
        )
        for card in cards
    )


def adoption(estate: Estate, findings: Sequence[Finding]) -> tuple[Adoption, ...]:
    """The adoption of the baseline and of each standard of the estate."""
    documents = len(estate.systems) + len(estate.interfaces) + len(estate.integrations)
    names = [BASELINE_NAME, *sorted(estate.standards)]
    rules: dict[str, int] = dict.fromkeys(names, 0)
    for rule in rules_of(estate):
        rules[rule.standard] = rules.get(rule.standard, 0) + 1
    found: list[Adoption] = []
    for name in names:
        mine = [one for one in findings if one.standard == name]
        open_ones = [one for one in mine if not one.waived_by]
        failing = {one.subject for one in open_ones if one.subject.partition("/")[0] in _JUDGED}
        standard = estate.standards.get(name)
        found.append(
            Adoption(
                standard=name,
                title=standard.metadata.title if standard else "The baseline of the product",
                owner=standard.metadata.owner if standard else "",
                rules=rules[name],
                findings=len(open_ones),
                blocking=sum(one.blocks != "never" for one in open_ones),
                waived=len(mine) - len(open_ones),
                documents=documents,
                share=1 - len(failing) / documents if documents else 1.0,
            )
        )
    return tuple(found)


def _is_retired(estate: Estate, name: str) -> bool:
    registration = estate.registrations.get(name)
    return registration is not None and registration.state is LifecycleState.RETIRED
