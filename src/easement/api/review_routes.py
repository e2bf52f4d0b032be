"""Reviews and the lifecycle: look, decide, move."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from easement.api.dossier_views import CommentView, DossierView
from easement.api.paging import Cursor, Limit, decode_cursor, encode_cursor, require_match
from easement.api.registry_routes import etag_of
from easement.api.services import ControlServices
from easement.api.views import DecidedView, MovedView, ReviewDetailView, ReviewPage, ReviewView
from easement.estate.lifecycle import LifecycleEvent
from easement.governance.comments import comment, resolve
from easement.governance.dossier import dossier
from easement.governance.lifecycle import move
from easement.governance.reading import registered_document, review_detail
from easement.governance.registry import Actor
from easement.governance.reviews import Verdict, all_reviews, decide, pending, pending_for, review_of
from easement.identity.people import Person, Role


class DecisionBody(BaseModel):
    """Why. Required for anything but an approval."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    comment: Annotated[str, Field(max_length=4000)] = ""


class CommentBody(BaseModel):
    """A comment on a place: a JSON pointer into the document, or empty for the whole of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: Annotated[str, Field(max_length=500)] = ""
    body: Annotated[str, Field(min_length=1, max_length=4000)]


class SeenReview(BaseModel):
    """A review and the version of it that was looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(max_length=36)]
    version: int | None = None


class JointDecisionBody(DecisionBody):
    """One decision about several reviews that belong together."""

    verdict: Verdict
    reviews: Annotated[list[SeenReview], Field(min_length=1, max_length=1000)]


class LifecycleBody(BaseModel):
    """An event of the lifecycle, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    event: LifecycleEvent
    reason: Annotated[str, Field(max_length=4000)] = ""


_Action = Literal["approve", "reject", "request-changes"]


def review_router(services: ControlServices) -> APIRouter:
    """``/reviews``, and decisions and lifecycle of ``/integrations/{name}``."""
    router = APIRouter(tags=["reviews"])
    guard = services.access.guard
    reader = Annotated[Person, Depends(guard(*Role))]
    decider = Annotated[Person, Depends(guard(Role.DEVELOPER, Role.REVIEWER, Role.SECURITY, Role.COMPLIANCE, Role.COE))]
    mover = Annotated[Person, Depends(guard(Role.OPERATOR, Role.ADMIN))]

    def decided(ids: list[str], person: Person, verdict: Verdict, comment: str, seen: Mapping[str, int]) -> DecidedView:
        done = decide(services.registry, ids, actor_of(person), verdict, comment, seen=seen)
        return DecidedView.model_validate(done)

    @router.get("/reviews")
    def list_reviews(
        _person: reader,
        state: Literal["pending", "all"] = "pending",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> ReviewPage:
        """Reviews, oldest first."""
        after = decode_cursor(cursor) if cursor else ""
        find = pending if state == "pending" else all_reviews
        found = find(services.registry, after=after, limit=limit + 1)
        following = encode_cursor(found[limit - 1].id) if len(found) > limit else ""
        return ReviewPage(items=[ReviewView.model_validate(review) for review in found[:limit]], cursor=following)

    @router.post("/reviews/decisions")
    def decide_jointly(body: JointDecisionBody, person: decider) -> DecidedView:
        """Decide about several reviews in one act: all of it, or none."""
        seen = {review.id: review.version for review in body.reviews if review.version is not None}
        return decided([review.id for review in body.reviews], person, body.verdict, body.comment, seen)

    @router.get("/reviews/{review_id}")
    def get_review(review_id: str, response: Response, _person: reader) -> ReviewDetailView:
        """A review, what changes, the findings, and what stands against approval."""
        detail = review_detail(services.registry, review_id)
        response.headers["ETag"] = f'"{detail.review.version}"'
        return ReviewDetailView.model_validate(detail)

    @router.get("/reviews/{review_id}/dossier")
    def get_dossier(review_id: str, response: Response, _person: reader) -> DossierView:
        """What a reviewer looks at: the five answers, costs, who is reached, the picture, comments."""
        found = dossier(services.registry, review_id, services.health.integration_health(services.registry.now()))
        response.headers["ETag"] = f'"{found.detail.review.version}"'
        return DossierView.model_validate(found)

    @router.post("/reviews/{review_id}/comments", status_code=201)
    def add_comment(review_id: str, body: CommentBody, person: decider) -> CommentView:
        """Comment on a place in the revision. An open comment stands against approval."""
        return CommentView.model_validate(comment(services.registry, review_id, actor_of(person), body.path, body.body))

    @router.post("/comments/{comment_id}/resolve")
    def resolve_comment(comment_id: str, person: decider) -> CommentView:
        """Say that a comment is dealt with: its writer, or who may decide in the review."""
        return CommentView.model_validate(resolve(services.registry, comment_id, actor_of(person)))

    @router.post("/reviews/{review_id}/{action}")
    def decide_one(
        review_id: str,
        action: _Action,
        body: DecisionBody,
        request: Request,
        person: decider,
    ) -> DecidedView:
        """Approve, reject, or ask for changes. ``If-Match`` takes the entity tag of the review."""
        review = review_of(services.registry, review_id)
        matched = require_match(request, f'"{review.version}"')
        return decided(
            [review_id], person, Verdict(action), body.comment, {review_id: review.version} if matched else {}
        )

    @router.post("/integrations/{name}/lifecycle")
    def move_integration(name: str, body: LifecycleBody, request: Request, person: mover) -> MovedView:
        """Go live, deprecate, reinstate, retire, withdraw. ``If-Match`` takes the entity tag of the integration."""
        snapshot = services.registry.snapshot()
        matched = require_match(request, etag_of(registered_document(snapshot, "Integration", name)))
        seen = snapshot.integrations[name].version if matched else None
        moved = move(services.registry, name, body.event, actor_of(person), body.reason, seen=seen)
        return MovedView.model_validate(moved)

    @router.post("/integrations/{name}/{action}")
    def decide_integration(name: str, action: _Action, body: DecisionBody, person: decider) -> DecidedView:
        """Decide in the review that waits for an integration."""
        review = pending_for(services.registry, "Integration", name)
        return decided([review.id], person, Verdict(action), body.comment, {review.id: review.version})

    return router


def actor_of(person: Person) -> Actor:
    """A signed-in person as the workflow knows them."""
    return Actor(name=person.name, roles=frozenset(str(role) for role in person.roles), issued_by=person.issued_by)
