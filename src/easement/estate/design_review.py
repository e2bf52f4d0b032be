"""The five questions of a design review, answered from the documents. A person decides; this says what they look at.

* Each answer is yes, attention or no, and rests on facts with places. No fact, no answer.
* The questions are asked of integrations. A system or interface is reviewed by what they become for the contracts that
  stand on it: :func:`joined` gives the worst answer to each question, its facts named by contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from easement.contract.identity import reference_key
from easement.contract.kinds import Integration, Severity, Stage
from easement.estate.adequacy import security_facts
from easement.estate.answers import Answer, AnswerVerdict, Fact, FactsAbout, Question, answer, worst
from easement.estate.error_handling import error_facts
from easement.estate.flows import FlowIndex
from easement.estate.model import Estate
from easement.estate.nonfunctional import Measured, nonfunctional_facts

MOST_FACTS = 50
"""How many facts one joined answer shows; the worst come first."""


class ReviewFinding(Protocol):
    """The part of a finding that a review shows."""

    @property
    def rule(self) -> str:
        """The rule's id."""

    @property
    def severity(self) -> Severity:
        """How bad it is."""

    @property
    def blocks(self) -> Stage:
        """The stage that it stops."""

    @property
    def subject(self) -> str:
        """``kind/name`` of the document."""

    @property
    def at(self) -> str:
        """The place."""

    @property
    def message(self) -> str:
        """What is wrong."""

    @property
    def waived_by(self) -> str:
        """The waiver in force, or empty."""


class PatternAdvice(Protocol):
    """A pattern that would suit better, and why."""

    @property
    def better(self) -> str:
        """The name of the better pattern."""

    @property
    def why(self) -> str:
        """The reason in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignReview:
    """The five answers about ``subject`` (``kind/name``), in the order of the questions."""

    subject: str
    answers: tuple[Answer, ...]

    @property
    def verdict(self) -> AnswerVerdict:
        """The worst answer."""
        return worst(each.verdict for each in self.answers)


def design_review(
    estate: Estate,
    integration: Integration,
    findings: Iterable[ReviewFinding],
    *,
    advice: PatternAdvice | None = None,
    measured: Mapping[str, Measured] | None = None,
    index: FlowIndex | None = None,
) -> DesignReview:
    """Answer the five questions about ``integration`` in ``estate``, the estate as it would be.

    ``advice`` names a better pattern, or None where the choice is good. ``measured`` is by integration name. Pass one
    ``index`` when many integrations of one estate are reviewed.
    """
    index = FlowIndex(estate) if index is None else index
    model = estate.models.get(reference_key(integration.spec.interface))
    return DesignReview(
        subject=f"integration/{integration.metadata.name}",
        answers=(
            answer(Question.STANDARDS, _standards(integration, findings)),
            answer(Question.PATTERN, _pattern(integration, advice)),
            answer(Question.SECURITY, security_facts(estate, integration, model, index)),
            answer(Question.ERRORS, error_facts(estate, integration, model)),
            answer(Question.NONFUNCTIONAL, nonfunctional_facts(estate, integration, measured)),
        ),
    )


def joined(subject: str, reviews: Sequence[DesignReview]) -> DesignReview:
    """The answers about a document on which several integrations stand."""
    facts: dict[Question, list[Fact]] = {question: [] for question in Question}
    for review in reviews:
        for each in review.answers:
            facts[each.question] += each.facts
    answers = (answer(question, found) for question, found in facts.items() if found)
    return DesignReview(
        subject=subject,
        answers=tuple(Answer(question=each.question, facts=each.facts[:MOST_FACTS]) for each in answers),
    )


def stands_on(integration: Integration) -> frozenset[str]:
    """``kind/name`` of the integration and of everything that its review looks at."""
    spec = integration.spec
    subjects = {f"integration/{integration.metadata.name}", f"system/{spec.source}", f"system/{spec.target}"}
    subjects.add(f"interface/{reference_key(spec.interface)}")
    if spec.transfer and spec.transfer.agreement:
        subjects.add(f"agreement/{spec.transfer.agreement}")
    return frozenset(subjects)


def _standards(integration: Integration, findings: Iterable[ReviewFinding]) -> Iterator[Fact]:
    subjects = stands_on(integration)
    say = FactsAbout(f"integration/{integration.metadata.name}")
    relevant = [one for one in findings if one.subject in subjects or one.subject.startswith("standard/")]
    if not relevant:
        yield say.yes("no rule of the standards finds anything")
    for finding in relevant:
        text = f"{finding.rule}: {finding.message}"
        if finding.waived_by:
            yield Fact(verdict=AnswerVerdict.ATTENTION, text=f"{text} (waived by {finding.waived_by})", at=finding.at)
        else:
            yield Fact(verdict=_of_finding(finding), text=text, at=finding.at)


def _of_finding(finding: ReviewFinding) -> AnswerVerdict:
    if finding.blocks is not Stage.NEVER or finding.severity is Severity.ERROR:
        return AnswerVerdict.NO
    return AnswerVerdict.ATTENTION


def _pattern(integration: Integration, advice: PatternAdvice | None) -> Iterator[Fact]:
    say = FactsAbout(f"integration/{integration.metadata.name}")
    chosen = integration.spec.pattern
    if advice is None:
        yield say.yes(f"{chosen} suits what the documents say", "/spec/pattern")
    else:
        yield say.attention(f"{advice.better} would suit better than {chosen}: {advice.why}", "/spec/pattern")
