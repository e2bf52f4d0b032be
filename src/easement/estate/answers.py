"""Answers of a design review: yes, attention or no, with the facts that they rest on and where each stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class AnswerVerdict(StrEnum):
    """How a question is answered, from good to bad."""

    YES = "yes"
    ATTENTION = "attention"
    NO = "no"

    @property
    def rank(self) -> int:
        """0 for yes to 2 for no."""
        return list(AnswerVerdict).index(self)


class Question(StrEnum):
    """The five questions of a design review, in the order in which they are asked."""

    STANDARDS = "standards"
    PATTERN = "pattern"
    SECURITY = "security"
    ERRORS = "errors"
    NONFUNCTIONAL = "nonfunctional"

    @property
    def text(self) -> str:
        """The question in words."""
        return _TEXTS[self]


_TEXTS: Final = {
    Question.STANDARDS: "Does it meet the standards?",
    Question.PATTERN: "Is the pattern well chosen?",
    Question.SECURITY: "Is the security adequate to the data?",
    Question.ERRORS: "Is error handling complete?",
    Question.NONFUNCTIONAL: "Are the non-functional requirements documented and achievable?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that an answer rests on. ``at`` is a place such as ``integration/NAME#/spec/sla``, or empty."""

    verdict: AnswerVerdict
    text: str
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question: the worst of its facts. ``facts`` are sorted, the worst first."""

    question: Question
    facts: tuple[Fact, ...]

    @property
    def verdict(self) -> AnswerVerdict:
        """The worst verdict of the facts; without a fact nobody has looked, which needs attention."""
        return worst(fact.verdict for fact in self.facts) if self.facts else AnswerVerdict.ATTENTION


def answer(question: Question, facts: Iterable[Fact]) -> Answer:
    """An answer with its facts in order; what is said twice is kept once."""
    return Answer(question=question, facts=tuple(sorted(dict.fromkeys(facts), key=lambda fact: -fact.verdict.rank)))


def worst(verdicts: Iterable[AnswerVerdict]) -> AnswerVerdict:
    """The worst of several verdicts; yes when there is none."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=AnswerVerdict.YES)


@dataclass(frozen=True, slots=True)
class FactsAbout:
    """Makes facts about one document, so that each place is written from its path alone."""

    subject: str

    def yes(self, text: str, path: str = "") -> Fact:
        """Something that is as it should be."""
        return self._fact(AnswerVerdict.YES, text, path)

    def attention(self, text: str, path: str = "") -> Fact:
        """Something that a person has to weigh."""
        return self._fact(AnswerVerdict.ATTENTION, text, path)

    def no(self, text: str, path: str = "") -> Fact:
        """Something that is missing or wrong."""
        return self._fact(AnswerVerdict.NO, text, path)

    def _fact(self, verdict: AnswerVerdict, text: str, path: str) -> Fact:
        return Fact(verdict=verdict, text=text, at=f"{self.subject}#{path}" if path else self.subject)
