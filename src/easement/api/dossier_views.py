"""What the API answers about a design review, scores and findings, as models."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import model_validator

from easement.api.views import FindingView, Moment, ReviewDetailView, View


class FactView(View):
    """One fact and where it stands."""

    verdict: str
    text: str
    at: str


class AnswerView(View):
    """The answer to one question."""

    question: str
    verdict: str
    facts: list[FactView]


class DesignReviewView(View):
    """The five answers."""

    subject: str
    verdict: str
    answers: list[AnswerView]


class OperationCostView(View):
    """What one operation or channel costs where it is enforced."""

    name: str
    place: str
    cost: str


class ReachedView(View):
    """A document that the change reaches."""

    reference: str
    title: str
    owner: str
    criticality: str
    depth: int


class FlowPartyView(View):
    """One end of the picture."""

    name: str
    title: str
    country: str
    zones: list[str]
    organisation: str


class FlowLegView(View):
    """What goes one way."""

    direction: str
    sender: str
    receiver: str
    classification: str
    tags: list[str]
    fields: list[str]
    hashed: list[str]
    text: str


class DataFlowView(View):
    """The picture of the data flow."""

    source: FlowPartyView
    target: FlowPartyView
    between: str
    legs: list[FlowLegView]


class CommentView(View):
    """A comment on a place. ``resolvedBy`` is empty while it is open."""

    id: str
    review_id: str
    revision: str
    person: str
    path: str
    body: str
    created: Moment
    resolved_by: str
    resolved: Moment | None


class DossierView(View):
    """Everything about one review."""

    detail: ReviewDetailView
    design: DesignReviewView
    costs: list[OperationCostView]
    obstacles: list[str]
    reached: list[ReachedView]
    flow: DataFlowView | None
    comments: list[CommentView]
    needs: list[str]


class ScoreFactView(View):
    """A fact behind a score."""

    text: str
    rule: str
    at: str


class CriterionView(View):
    """One criterion of a score."""

    name: str
    weight: int
    share: float
    facts: list[ScoreFactView]


class ScoreMemberView(View):
    """One integration behind a sum."""

    name: str
    score: float

    @model_validator(mode="before")
    @classmethod
    def _of_pair(cls, value: Any) -> Any:
        return {"name": value[0], "score": value[1]} if isinstance(value, tuple) else value


class ScorecardView(View):
    """A score with what it is made of."""

    kind: str
    name: str
    title: str
    owner: str
    score: float
    grade: str
    criteria: list[CriterionView]
    members: list[ScoreMemberView]


class ScorecardList(View):
    """Scorecards, the worst first."""

    items: list[ScorecardView]


class DayScoreView(View):
    """The score of one day."""

    day: date
    kind: str
    name: str
    score: float
    parts: dict[str, float]


class ScorecardHistoryView(View):
    """A scorecard with its days, oldest first."""

    card: ScorecardView
    days: list[DayScoreView]


class AdoptionView(View):
    """How far the estate follows a standard."""

    standard: str
    title: str
    owner: str
    rules: int
    findings: int
    blocking: int
    waived: int
    documents: int
    share: float


class AdoptionList(View):
    """The adoption of each standard."""

    items: list[AdoptionView]


class FindingList(View):
    """Findings of the registered estate, waived ones included."""

    items: list[FindingView]
