"""Reviews: look at what waits, approve, reject, ask for changes.

* Four eyes: nobody decides about a revision that they applied, nor through people whom they made. An attempt is refused
  and recorded.
* A decision counts in the roles that its person holds; a revision is approved when every needed role has decided so,
  each by another person unless the installation's setting says otherwise.
* What is needed is judged again at each decision, on the estate as it would be; it only ever grows.
* Several reviews may be approved in one act, which is how revisions that need each other get through together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import Connection

from easement.governance.approval import carry_out, decision_record, integration_id
from easement.governance.compilation import compile_current
from easement.governance.errors import NotAllowedError, PolicyError, StaleError, UnknownError
from easement.governance.judgement import Judged, Waiting, judge, not_allowed, with_teams
from easement.governance.records import Act
from easement.governance.registry import Actor, Registry
from easement.governance.snapshot import Snapshot
from easement.identity.vouching import read_vouching
from easement.ledger.record import Record, Step
from easement.store.database import reading
from easement.store.documents import move_head
from easement.store.review_comments import open_comments
from easement.store.reviews import (
    APPROVED,
    CHANGES_REQUESTED,
    OPEN,
    PENDING,
    REJECTED,
    StoredDecision,
    StoredReview,
    add_decision,
    complete_review,
    every_pending,
    get_review,
    list_reviews,
)

_log = structlog.get_logger()


class Verdict(StrEnum):
    """What a person may decide."""

    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request-changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The reviews after the decision, and the plan that is enforced then."""

    reviews: tuple[StoredReview, ...]
    plan: str
    transaction_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    actor: Actor
    verdict: Verdict
    comment: str


def pending(registry: Registry, *, after: str = "", limit: int = 100) -> tuple[StoredReview, ...]:
    """Reviews that wait for somebody, oldest first."""
    with reading(registry.engine) as connection:
        return list_reviews(connection, states=PENDING, after=after, limit=limit)


def all_reviews(registry: Registry, *, after: str = "", limit: int = 100) -> tuple[StoredReview, ...]:
    """Every review, oldest first."""
    with reading(registry.engine) as connection:
        return list_reviews(connection, after=after, limit=limit)


def review_of(registry: Registry, review_id: str) -> StoredReview:
    """One review. Raises :class:`UnknownError`."""
    with reading(registry.engine) as connection:
        review = get_review(connection, review_id)
    if review is None:
        raise UnknownError(f"there is no review {review_id!r}", ("easement review list shows those that wait",))
    return review


def pending_for(registry: Registry, kind: str, name: str) -> StoredReview:
    """The review that waits for a document. Raises :class:`UnknownError`."""
    with reading(registry.engine) as connection:
        found = list_reviews(connection, states=PENDING, kind=kind, name=name, limit=1)
    if not found:
        raise UnknownError(f"no review of {kind.lower()}/{name} is waiting")
    return found[0]


def decide(
    registry: Registry,
    review_ids: Sequence[str],
    actor: Actor,
    verdict: Verdict,
    comment: str,
    *,
    seen: Mapping[str, int] | None = None,
) -> Decided:
    """Decide about one or several reviews in one act.

    ``seen`` are the versions that the person looked at. Raises :class:`UnknownError`, :class:`StaleError`,
    :class:`NotAllowedError` (four eyes, missing role) and :class:`PolicyError` (a finding, an open comment or a waiting
    revision stands against it, or enforcing it would break something that flows).
    """
    if not review_ids:
        raise UnknownError("no review is named")
    if verdict is not Verdict.APPROVE and not comment.strip():
        raise PolicyError("a rejection needs a reason", ("say what is wrong, so that the author can mend it",))
    act = Act(person=actor.name, now=registry.now())

    def prepare(snapshot: Snapshot) -> tuple[Judged, _Choice]:
        choice = _Choice(actor=with_teams(snapshot, actor), verdict=verdict, comment=comment)
        found = tuple(_waiting(registry, review_id, seen) for review_id in dict.fromkeys(review_ids))
        _refuse_if_not_allowed(registry, snapshot, found, choice, act)
        if verdict is not Verdict.APPROVE:
            return Judged(reviews=found, needed={(each.kind, each.name): each.roles for each in found}), choice
        return judge(registry, snapshot, found, choice.actor, _what_waits(registry, found)), choice

    def commit(
        connection: Connection, snapshot: Snapshot, prepared: tuple[Judged, _Choice]
    ) -> tuple[StoredReview, ...]:
        judged, choice = prepared
        moved, records = _write_down(connection, snapshot, judged, choice, act)
        if judged.candidate is not None:
            records.extend(_complete(connection, snapshot, judged, act))
            records.extend(carry_out(connection, snapshot, judged.candidate, act))
        move_head(connection, act.now)
        registry.record(records)
        return moved

    reviews = registry.in_turn(prepare, commit)
    for review in reviews:
        _log.info("governance.decided", review=review.id, state=review.state, verdict=verdict.value)
    return Decided(reviews=reviews, plan=compile_current(registry), transaction_id=act.transaction_id)


def _waiting(registry: Registry, review_id: str, seen: Mapping[str, int] | None) -> StoredReview:
    review = review_of(registry, review_id)
    if review.state not in PENDING:
        raise StaleError(f"the review of {review.kind.lower()}/{review.name} is {review.state}, nothing waits in it")
    if seen is not None and seen.get(review.id, review.version) != review.version:
        raise StaleError(
            f"the review of {review.kind.lower()}/{review.name} changed since you looked", ("look again, then decide",)
        )
    return review


def _what_waits(registry: Registry, found: Sequence[StoredReview]) -> Waiting:
    mine = {review.id for review in found}
    with reading(registry.engine) as connection:
        others = tuple(review for review in every_pending(connection) if review.id not in mine)
        comments = open_comments(connection, (review.id for review in (*found, *others)))
    return Waiting(reviews=others, comments=comments)


def _refuse_if_not_allowed(
    registry: Registry, snapshot: Snapshot, found: Sequence[StoredReview], choice: _Choice, act: Act
) -> None:
    with reading(registry.engine) as connection:
        vouching = read_vouching(connection)
    for review in found:
        why = not_allowed(review, choice.actor, vouching, approves=choice.verdict is Verdict.APPROVE)
        if why:
            registry.record(
                [
                    act.record(
                        step=Step.DECIDED,
                        action=f"review.{choice.verdict}",
                        kind=review.kind,
                        name=review.name,
                        integration_id=integration_id(review, snapshot),
                        revision=review.revision,
                        refused=why,
                        review=review.id,
                    )
                ]
            )
            raise NotAllowedError(why)


def _write_down(
    connection: Connection, snapshot: Snapshot, judged: Judged, choice: _Choice, act: Act
) -> tuple[tuple[StoredReview, ...], list[Record]]:
    moved: list[StoredReview] = []
    records: list[Record] = []
    complete = judged.candidate.keys if judged.candidate else ()
    for review in judged.reviews:
        key = (review.kind, review.name)
        decision = StoredDecision(
            person=choice.actor.name,
            roles=tuple(sorted(choice.actor.roles & set(judged.needed[key]))),
            verdict=choice.verdict.value,
            automatic=False,
            comment=choice.comment,
            created=act.now,
        )
        state = _state_after(choice.verdict, is_complete=key in complete)
        after = add_decision(connection, review, decision, state=state, roles=judged.needed[key])
        moved.append(after)
        records.append(decision_record(after, decision, snapshot, act))
    return tuple(moved), records


def _complete(connection: Connection, snapshot: Snapshot, judged: Judged, act: Act) -> tuple[Record, ...]:
    """Close the reviews that had every approval and waited for this one."""
    done = [complete_review(connection, review, act.now) for review in judged.ready]
    return tuple(
        act.record(
            step=Step.CHANGED,
            action="review.completed",
            kind=review.kind,
            name=review.name,
            integration_id=integration_id(review, snapshot),
            revision=review.revision,
            review=review.id,
            author=review.author,
        )
        for review in done
    )


def _state_after(verdict: Verdict, *, is_complete: bool) -> str:
    match verdict:
        case Verdict.APPROVE:
            return APPROVED if is_complete else OPEN
        case Verdict.REJECT:
            return REJECTED
        case Verdict.REQUEST_CHANGES:
            return CHANGES_REQUESTED
