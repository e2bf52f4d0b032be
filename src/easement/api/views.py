"""What the API answers, as models: they make the OpenAPI document. Names are camelCase, times RFC 3339 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel


def rfc3339(moment: datetime) -> str:
    """A time in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]


class View(BaseModel):
    """Reads attributes of values of the layers below."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, from_attributes=True, frozen=True, extra="forbid"
    )


class DocumentView(View):
    """A registered document. ``enforced`` is the approved revision, empty before the first approval.

    ``id`` and ``state`` are an integration's.
    """

    kind: str
    name: str
    title: str
    owner: str
    revision: str
    enforced: str
    document: dict[str, Any]
    id: str = ""
    state: str = ""


class DocumentPage(View):
    """Documents by name."""

    items: list[DocumentView]
    cursor: str


class RevisionView(View):
    """One revision in the history of a document."""

    revision: str
    ordinal: int
    author: str
    created: Moment
    body: dict[str, Any]


class RevisionList(View):
    """Revisions, newest first."""

    items: list[RevisionView]


class ProblemView(View):
    """Something wrong in a document."""

    code: str
    message: str
    file: str
    line: int
    column: int
    path: str
    hint: str
    severity: str


class FindingView(View):
    """A rule that does not hold at one place."""

    rule: str
    title: str
    severity: str
    blocks: str
    subject: str
    path: str
    message: str
    remedy: str
    waived_by: str


class FieldChangeView(View):
    """One place that differs."""

    path: str
    before: Any
    after: Any
    destructive: bool


class ChangeView(View):
    """One document that differs."""

    action: str
    kind: str
    name: str
    destructive: bool
    fields: list[FieldChangeView]


class RequirementView(View):
    """What a review takes."""

    risk: str
    reasons: list[str]
    roles: list[str]
    automatic: bool
    blocking: list[str]


class PlannedReviewView(View):
    """The review that a change would open."""

    kind: str
    name: str
    revision: str
    requirement: RequirementView


class PreviewView(View):
    """What applying would do."""

    base: str
    changes: list[ChangeView]
    problems: list[ProblemView]
    findings: list[FindingView]
    reviews: list[PlannedReviewView]
    absent: list[str]


class AppliedDocumentView(View):
    """One document that was changed."""

    kind: str
    name: str
    action: str
    revision: str
    id: str
    review: str
    review_state: str


class AppliedView(View):
    """What was done."""

    base: str
    head: str
    documents: list[AppliedDocumentView]
    plan: str
    transaction_id: str


class DecisionView(View):
    """One decision in a review."""

    person: str
    roles: list[str]
    verdict: str
    automatic: bool
    comment: str
    created: Moment


class ReviewView(View):
    """The review of one revision."""

    id: str
    kind: str
    name: str
    revision: str
    author: str
    state: str
    risk: str
    reasons: list[str]
    roles: list[str]
    created: Moment
    decided: Moment | None
    version: int
    decisions: list[DecisionView]


class ReviewPage(View):
    """Reviews, oldest first."""

    items: list[ReviewView]
    cursor: str


class ReviewDetailView(View):
    """A review with what it is about. ``refusals`` say why it could not be approved now."""

    review: ReviewView
    change: ChangeView | None
    findings: list[FindingView]
    refusals: list[str]
    document: dict[str, Any]


class DecidedView(View):
    """Reviews after a decision, and the plan that is enforced then."""

    reviews: list[ReviewView]
    plan: str
    transaction_id: str


class MovedView(View):
    """An integration after a lifecycle event."""

    name: str
    id: str
    state: str
    plan: str
    transaction_id: str


class ConditionView(View):
    """One statement about a compiled integration."""

    type: str
    status: bool
    reason: str
    message: str


class ObjectStatusView(View):
    """What became of an integration in the plan."""

    integration: str
    conditions: list[ConditionView]


class PlanView(View):
    """The plan that is enforced now."""

    hash: str
    created: Moment
    environment: str
    routes: int
    channels: int
    deliveries: int
    accounts: int
    statuses: list[ObjectStatusView]


class AffectedView(View):
    """Something that a change reaches, and the way there."""

    reference: str
    title: str
    owner: str
    criticality: str
    depth: int
    path: list[str]


class ImpactView(View):
    """What a change reaches."""

    start: str
    direction: str
    items: list[AffectedView]


class RecordView(View):
    """One record of the ledger."""

    position: int
    record: dict[str, Any]


class RecordPage(View):
    """Records, newest first; of a transaction, in the order of time."""

    items: list[RecordView]
    cursor: str


class HealthView(View):
    """The health of integrations."""

    items: list[dict[str, Any]]


class ReadinessView(View):
    """Whether the control plane serves, and which processes are ready."""

    ready: bool
    roles: dict[str, bool]
