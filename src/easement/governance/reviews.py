"""Reviews: look at what waits, approve, reject, ask for changes.

* Four eyes: nobody decides about a revision that they applied. An attempt is refused and recorded.
* A decision counts in the roles that its person holds; a revision is approved when every needed role has decided so.
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
from easement.governance.enforcement import Candidate, consider, standing
from easement.governance.errors import NotAllowedError, PolicyError, StaleError, UnknownError
from easement.governance.records import Act
from easement.governance.registry import Actor, Registry
from easement.governance.snapshot import DocumentKey, Snapshot
from easement.ledger.record import Record, Step
from easement.store.database import reading
from easement.store.documents import move_head
from easement.store.reviews import (
    APPROVED,
    CHANGES_REQUESTED,
    OPEN,
    PENDING,
    REJECTED,
    StoredDecision,
    StoredReview,
    add_decision,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    reviews: tuple[StoredReview, ...]
    needed: Mapping[DocumentKey, tuple[str, ...]]
    candidate: Candidate | None


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
    :class:`NotAllowedError` (own revision, missing role) and :class:`PolicyError` (a finding stands against it, or
    enforcing it would break something that flows).
    """
    if not review_ids:
        raise UnknownError("no review is named")
    if verdict is not Verdict.APPROVE and not comment.strip():
        raise PolicyError("a rejection needs a reason", ("say what is wrong, so that the author can mend it",))
    act = Act(person=actor.name, now=registry.now())
    choice = _Choice(actor=actor, verdict=verdict, comment=comment)

    def prepare(snapshot: Snapshot) -> _Judged:
        found = tuple(_waiting(registry, review_id, seen) for review_id in dict.fromkeys(review_ids))
        for review in found:
            _refuse_if_not_allowed(registry, snapshot, review, choice, act)
        return _judge(registry, snapshot, found, choice)

    def commit(connection: Connection, snapshot: Snapshot, judged: _Judged) -> tuple[StoredReview, ...]:
        moved, records = _write_down(connection, snapshot, judged, choice, act)
        if judged.candidate is not None:
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


def _refuse_if_not_allowed(
    registry: Registry, snapshot: Snapshot, review: StoredReview, choice: _Choice, act: Act
) -> None:
    actor, subject = choice.actor, f"{review.kind.lower()}/{review.name}"
    if review.author == actor.name:
        why = f"{subject} was applied by {actor.name}: another person must decide (four eyes)"
    elif not actor.roles & set(review.roles):
        why = f"{subject} needs {' and '.join(review.roles)}; {actor.name} holds none of these roles"
    else:
        return
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


def _judge(registry: Registry, snapshot: Snapshot, found: tuple[StoredReview, ...], choice: _Choice) -> _Judged:
    needed: dict[DocumentKey, tuple[str, ...]] = {(review.kind, review.name): review.roles for review in found}
    if choice.verdict is not Verdict.APPROVE:
        return _Judged(reviews=found, needed=needed, candidate=None)
    for review in found:
        _refuse_if_replaced(snapshot, review)
        _refuse_if_somebody_wants_changes(review, choice.actor)
    now = standing(snapshot, today=registry.today)
    whole = consider(snapshot, tuple(needed), now, today=registry.today)
    if whole.refusals:
        raise PolicyError("it cannot be approved now", (*whole.refusals, *_others(registry, found)))
    needed = {key: tuple(sorted({*roles, *whole.requirements[key].roles})) for key, roles in needed.items()}
    complete = tuple(
        (review.kind, review.name)
        for review in found
        if set(needed[review.kind, review.name]) <= _roles_given(review) | choice.actor.roles
    )
    if not complete:
        return _Judged(reviews=found, needed=needed, candidate=None)
    candidate = whole if len(complete) == len(found) else consider(snapshot, complete, now, today=registry.today)
    if candidate.refusals:
        raise PolicyError("a part of it cannot be approved without the rest", candidate.refusals)
    return _Judged(reviews=found, needed=needed, candidate=candidate)


def _refuse_if_replaced(snapshot: Snapshot, review: StoredReview) -> None:
    document = snapshot.documents.get((review.kind, review.name))
    if document is None or document.registered != review.revision:
        raise StaleError(f"{review.kind.lower()}/{review.name} has a newer revision: review that one")


def _refuse_if_somebody_wants_changes(review: StoredReview, actor: Actor) -> None:
    asking = [
        made.person
        for made in _last_decisions(review)
        if made.verdict == Verdict.REQUEST_CHANGES and made.person != actor.name
    ]
    if asking:
        who = " and ".join(asking)
        raise PolicyError(
            f"{who} asked for changes in {review.kind.lower()}/{review.name}",
            ("apply a new revision, or let them approve first",),
        )


def _last_decisions(review: StoredReview) -> tuple[StoredDecision, ...]:
    """What each person decided last."""
    return tuple({made.person: made for made in review.decisions}.values())


def _roles_given(review: StoredReview) -> set[str]:
    return {role for made in _last_decisions(review) if made.verdict == Verdict.APPROVE for role in made.roles}


def _others(registry: Registry, found: Sequence[StoredReview]) -> tuple[str, ...]:
    mine = {review.id for review in found}
    others = [f"{review.kind.lower()}/{review.name}" for review in pending(registry) if review.id not in mine]
    return (f"other reviews are waiting and may belong with it: {', '.join(others)}",) if others else ()


def _write_down(
    connection: Connection, snapshot: Snapshot, judged: _Judged, choice: _Choice, act: Act
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


def _state_after(verdict: Verdict, *, is_complete: bool) -> str:
    match verdict:
        case Verdict.APPROVE:
            return APPROVED if is_complete else OPEN
        case Verdict.REJECT:
            return REJECTED
        case Verdict.REQUEST_CHANGES:
            return CHANGES_REQUESTED
