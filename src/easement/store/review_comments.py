"""Comments in reviews. They are added and resolved, never changed or removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from easement.store.ids import new_id
from easement.store.tables import reviews
from easement.store.tables_reviews import review_comments


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredComment:
    """What ``person`` said about the place ``path`` (a JSON pointer, empty for the whole document).

    ``resolved_by`` is empty while the comment is open. ``revision`` is the one that the review was about.
    """

    id: str
    review_id: str
    revision: str
    person: str
    path: str
    body: str
    created: datetime
    resolved_by: str
    resolved: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether nobody has resolved it."""
        return self.resolved is None


def add_comment(connection: Connection, review_id: str, *, person: str, path: str, body: str, now: datetime) -> str:
    """Keep a comment; its id."""
    identifier = new_id()
    connection.execute(
        insert(review_comments).values(
            id=identifier, review_id=review_id, person=person, path=path, body=body, created=now
        )
    )
    return identifier


def resolve_comment(connection: Connection, comment_id: str, *, person: str, now: datetime) -> bool:
    """Close a comment; False when it was closed already."""
    done = connection.execute(
        update(review_comments)
        .where(review_comments.c.id == comment_id, review_comments.c.resolved.is_(None))
        .values(resolved_by=person, resolved=now)
    )
    return bool(done.rowcount)


def get_comment(connection: Connection, comment_id: str) -> StoredComment | None:
    """One comment, or None."""
    row = connection.execute(_query().where(review_comments.c.id == comment_id)).first()
    return None if row is None else _stored(row)


def comments_of(connection: Connection, review_id: str) -> tuple[StoredComment, ...]:
    """The comments in a review, oldest first."""
    query = _query().where(review_comments.c.review_id == review_id).order_by(review_comments.c.id)
    return tuple(_stored(row) for row in connection.execute(query))


def open_comments(connection: Connection, review_ids: Iterable[str]) -> dict[str, tuple[StoredComment, ...]]:
    """The open comments by review; a review without one is missing."""
    wanted = frozenset(review_ids)
    found: dict[str, tuple[StoredComment, ...]] = {}
    query = _query().where(review_comments.c.resolved.is_(None)).order_by(review_comments.c.id)
    for row in connection.execute(query):
        if row.review_id in wanted:
            found[row.review_id] = (*found.get(row.review_id, ()), _stored(row))
    return found


def open_comments_before(connection: Connection, review_id: str, kind: str, name: str) -> tuple[StoredComment, ...]:
    """Comments that are still open from earlier reviews of the same document, oldest first, at most 100."""
    query = (
        _query()
        .where(reviews.c.kind == kind, reviews.c.name == name, reviews.c.id < review_id)
        .where(review_comments.c.resolved.is_(None))
        .order_by(review_comments.c.id)
        .limit(100)
    )
    return tuple(_stored(row) for row in connection.execute(query))


def _query() -> Any:
    return select(review_comments, reviews.c.revision).join(reviews, reviews.c.id == review_comments.c.review_id)


def _stored(row: Row[Any]) -> StoredComment:
    return StoredComment(
        id=row.id,
        review_id=row.review_id,
        revision=row.revision,
        person=row.person,
        path=row.path,
        body=row.body,
        created=row.created,
        resolved_by=row.resolved_by or "",
        resolved=row.resolved,
    )
