"""Reviews of revisions, and the decisions in them. Decisions are only ever added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from easement.store.ids import new_id
from easement.store.integrations import MovedError
from easement.store.tables import decisions, reviews

OPEN: Final = "open"
APPROVED: Final = "approved"
REJECTED: Final = "rejected"
CHANGES_REQUESTED: Final = "changes-requested"
SUPERSEDED: Final = "superseded"
PENDING: Final = (OPEN, CHANGES_REQUESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """What one person decided, in which roles. ``automatic``: the rule for low risk decided, nobody else."""

    person: str
    roles: tuple[str, ...]
    verdict: str
    automatic: bool
    comment: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReview:
    """The review of one revision. ``roles`` are all needed to approve; ``reasons`` say why the risk is what it is."""

    id: str
    kind: str
    name: str
    revision: str
    author: str
    state: str
    risk: str
    reasons: tuple[str, ...]
    roles: tuple[str, ...]
    created: datetime
    decided: datetime | None
    version: int
    decisions: tuple[StoredDecision, ...] = ()


def add_review(
    connection: Connection,
    *,
    kind: str,
    name: str,
    revision: str,
    author: str,
    risk: str,
    reasons: Iterable[str],
    roles: Iterable[str],
    now: datetime,
) -> StoredReview:
    """Open a review; what was still pending for the same document is superseded."""
    connection.execute(
        update(reviews)
        .where(reviews.c.kind == kind, reviews.c.name == name, reviews.c.state.in_(PENDING))
        .values(state=SUPERSEDED, decided=now, version=reviews.c.version + 1)
    )
    review = StoredReview(
        id=new_id(),
        kind=kind,
        name=name,
        revision=revision,
        author=author,
        state=OPEN,
        risk=risk,
        reasons=tuple(reasons),
        roles=tuple(sorted(set(roles))),
        created=now,
        decided=None,
        version=1,
    )
    connection.execute(
        insert(reviews).values(
            id=review.id,
            kind=kind,
            name=name,
            revision=revision,
            author=author,
            state=OPEN,
            risk=risk,
            reasons=list(review.reasons),
            roles=list(review.roles),
            created=now,
            version=1,
        )
    )
    return review


def supersede(connection: Connection, kind: str, name: str, now: datetime) -> None:
    """Close what is pending for a document that is gone or back at its enforced revision."""
    connection.execute(
        update(reviews)
        .where(reviews.c.kind == kind, reviews.c.name == name, reviews.c.state.in_(PENDING))
        .values(state=SUPERSEDED, decided=now, version=reviews.c.version + 1)
    )


def add_decision(
    connection: Connection, review: StoredReview, decision: StoredDecision, *, state: str, roles: tuple[str, ...] = ()
) -> StoredReview:
    """Write a decision down and move the review to ``state``; ``roles`` are those needed now, when they have grown.

    Raises :class:`~easement.store.integrations.MovedError` when ``review`` is out of date.
    """
    needed = tuple(sorted({*review.roles, *roles}))
    closed = decision.created if state not in PENDING else None
    changed = connection.execute(
        update(reviews)
        .where(reviews.c.id == review.id, reviews.c.version == review.version)
        .values(state=state, roles=list(needed), decided=closed, version=reviews.c.version + 1)
    )
    if changed.rowcount == 0:
        raise MovedError(f"review {review.id} was changed in the meantime: look again, then repeat")
    connection.execute(
        insert(decisions).values(
            id=new_id(),
            review_id=review.id,
            person=decision.person,
            roles=list(decision.roles),
            verdict=decision.verdict,
            automatic=decision.automatic,
            comment=decision.comment,
            created=decision.created,
        )
    )
    return replace(
        review,
        state=state,
        roles=needed,
        decided=closed,
        version=review.version + 1,
        decisions=(*review.decisions, decision),
    )


def complete_review(connection: Connection, review: StoredReview, now: datetime) -> StoredReview:
    """Close a review in which every approval was given. Raises ``MovedError`` when ``review`` is out of date."""
    changed = connection.execute(
        update(reviews)
        .where(reviews.c.id == review.id, reviews.c.version == review.version)
        .values(state=APPROVED, decided=now, version=reviews.c.version + 1)
    )
    if changed.rowcount == 0:
        raise MovedError(f"review {review.id} was changed in the meantime: look again, then repeat")
    return replace(review, state=APPROVED, decided=now, version=review.version + 1)


def get_review(connection: Connection, review_id: str) -> StoredReview | None:
    """One review with its decisions, or None."""
    row = connection.execute(select(reviews).where(reviews.c.id == review_id)).first()
    return None if row is None else _stored(row, _decisions(connection, [row.id]).get(row.id, ()))


def list_reviews(
    connection: Connection, *, states: Iterable[str] = (), kind: str = "", name: str = "", after: str = "", limit: int
) -> tuple[StoredReview, ...]:
    """Reviews in the order they were opened, after the id ``after``."""
    query = select(reviews).order_by(reviews.c.id).limit(limit)
    if wanted := tuple(states):
        query = query.where(reviews.c.state.in_(wanted))
    if kind:
        query = query.where(reviews.c.kind == kind)
    if name:
        query = query.where(reviews.c.name == name)
    if after:
        query = query.where(reviews.c.id > after)
    rows = connection.execute(query).all()
    made = _decisions(connection, [row.id for row in rows])
    return tuple(_stored(row, made.get(row.id, ())) for row in rows)


def pending_of_kind(connection: Connection, kind: str) -> tuple[StoredReview, ...]:
    """Every review of this kind that waits for somebody."""
    rows = connection.execute(
        select(reviews).where(reviews.c.kind == kind, reviews.c.state.in_(PENDING)).order_by(reviews.c.id)
    ).all()
    made = _decisions(connection, [row.id for row in rows])
    return tuple(_stored(row, made.get(row.id, ())) for row in rows)


def every_pending(connection: Connection) -> tuple[StoredReview, ...]:
    """Every review that waits for somebody, oldest first."""
    rows = connection.execute(select(reviews).where(reviews.c.state.in_(PENDING)).order_by(reviews.c.id)).all()
    made = _decisions(connection, [row.id for row in rows])
    return tuple(_stored(row, made.get(row.id, ())) for row in rows)


def opened_between(connection: Connection, since: datetime, until: datetime) -> tuple[StoredReview, ...]:
    """Reviews opened from ``since`` on and before ``until``, oldest first."""
    rows = connection.execute(
        select(reviews).where(reviews.c.created >= since, reviews.c.created < until).order_by(reviews.c.id)
    ).all()
    made = _decisions(connection, [row.id for row in rows])
    return tuple(_stored(row, made.get(row.id, ())) for row in rows)


def _decisions(connection: Connection, ids: list[str]) -> dict[str, tuple[StoredDecision, ...]]:
    found: dict[str, list[StoredDecision]] = {}
    query = select(decisions).where(decisions.c.review_id.in_(ids)).order_by(decisions.c.id)
    for row in connection.execute(query):
        found.setdefault(row.review_id, []).append(
            StoredDecision(
                person=row.person,
                roles=tuple(row.roles),
                verdict=row.verdict,
                automatic=row.automatic,
                comment=row.comment,
                created=row.created,
            )
        )
    return {review: tuple(made) for review, made in found.items()}


def _stored(row: Row[Any], made: tuple[StoredDecision, ...]) -> StoredReview:
    return StoredReview(
        id=row.id,
        kind=row.kind,
        name=row.name,
        revision=row.revision,
        author=row.author,
        state=row.state,
        risk=row.risk,
        reasons=tuple(row.reasons),
        roles=tuple(row.roles),
        created=row.created,
        decided=row.decided,
        version=row.version,
        decisions=made,
    )
