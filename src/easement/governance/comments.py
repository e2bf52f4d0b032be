"""Comments on a place in a revision under review, and resolving them. Each is a record without its words.

A comment is open until its writer resolves it, or somebody who may decide in the review and did not write the revision.
The words stay in the database: what people write may name people.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection

from easement.governance.approval import integration_id
from easement.governance.errors import NotAllowedError, PolicyError, StaleError, UnknownError
from easement.governance.judgement import not_allowed, with_teams
from easement.governance.records import Act
from easement.governance.registry import Actor, Registry
from easement.governance.reviews import review_of
from easement.governance.snapshot import Snapshot
from easement.identity.vouching import read_vouching
from easement.ledger.record import Record, Step
from easement.store.database import reading
from easement.store.documents import move_head
from easement.store.review_comments import (
    StoredComment,
    add_comment,
    comments_of,
    get_comment,
    open_comments_before,
    resolve_comment,
)
from easement.store.reviews import PENDING, StoredReview
from easement.store.revisions import get_revision

MOST_COMMENTS: Final = 500
"""How many comments one review takes."""


def comment(registry: Registry, review_id: str, actor: Actor, path: str, body: str) -> StoredComment:
    """Say something about the place ``path`` (a JSON pointer into the document; empty for all of it).

    Raises :class:`UnknownError` where there is no such review or place, :class:`StaleError` where the review is over,
    :class:`PolicyError` for a comment without words or one too many.
    """
    act = Act(person=actor.name, now=registry.now())
    if not body.strip():
        raise PolicyError("a comment needs words")

    def prepare(_snapshot: Snapshot) -> StoredReview:
        review = _waiting(registry, review_id)
        with reading(registry.engine) as connection:
            stored = get_revision(connection, (review.kind, review.name, review.revision))
            count = len(comments_of(connection, review_id))
        if count >= MOST_COMMENTS:
            raise PolicyError(f"the review has {count} comments already: apply a new revision")
        if stored is None or not _has_place(dict(stored.body), path):
            raise UnknownError(
                f"{review.kind.lower()}/{review.name} has no place {path!r}",
                ("name a place that the document has, such as /spec/sla, or none for the whole document",),
            )
        return review

    def commit(connection: Connection, snapshot: Snapshot, review: StoredReview) -> str:
        identifier = add_comment(connection, review.id, person=actor.name, path=path, body=body.strip(), now=act.now)
        move_head(connection, act.now)
        registry.record([_record(act, "review.commented", review, snapshot, comment_id=identifier, path=path)])
        return identifier

    return _comment(registry, registry.in_turn(prepare, commit))


def resolve(registry: Registry, comment_id: str, actor: Actor) -> StoredComment:
    """Say that a comment is dealt with.

    Raises :class:`UnknownError`, :class:`StaleError` where it was resolved before, and :class:`NotAllowedError` where
    ``actor`` neither wrote it nor may decide in the review.
    """
    act = Act(person=actor.name, now=registry.now())

    def prepare(snapshot: Snapshot) -> tuple[StoredComment, StoredReview]:
        found = _comment(registry, comment_id)
        review = review_of(registry, found.review_id)
        if not found.is_open:
            raise StaleError(f"{found.resolved_by} has resolved it already")
        if found.person != actor.name:
            with reading(registry.engine) as connection:
                vouching = read_vouching(connection)
            why = not_allowed(review, with_teams(snapshot, actor), vouching, approves=True)
            if why:
                raise NotAllowedError(f"a comment is resolved by who wrote it, or by who may decide: {why}")
        return found, review

    def commit(connection: Connection, snapshot: Snapshot, prepared: tuple[StoredComment, StoredReview]) -> None:
        found, review = prepared
        if not resolve_comment(connection, found.id, person=actor.name, now=act.now):
            raise StaleError("somebody else has just resolved it")
        move_head(connection, act.now)
        registry.record(
            [_record(act, "review.comment-resolved", review, snapshot, comment_id=found.id, path=found.path)]
        )

    registry.in_turn(prepare, commit)
    return _comment(registry, comment_id)


def comments_in(registry: Registry, review: StoredReview) -> tuple[StoredComment, ...]:
    """The comments of a review, and those still open from earlier reviews of the same document; oldest first."""
    with reading(registry.engine) as connection:
        earlier = open_comments_before(connection, review.id, review.kind, review.name)
        return (*earlier, *comments_of(connection, review.id))


def _comment(registry: Registry, comment_id: str) -> StoredComment:
    with reading(registry.engine) as connection:
        found = get_comment(connection, comment_id)
    if found is None:
        raise UnknownError(f"there is no comment {comment_id!r}", ("easement review show lists the comments",))
    return found


def _waiting(registry: Registry, review_id: str) -> StoredReview:
    review = review_of(registry, review_id)
    if review.state not in PENDING:
        raise StaleError(f"the review of {review.kind.lower()}/{review.name} is {review.state}")
    return review


def _has_place(tree: Any, path: str) -> bool:
    """Whether a JSON pointer (RFC 6901) leads somewhere."""
    if path and not path.startswith("/"):
        return False
    here = tree
    for token in path.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif isinstance(here, list) and key.isascii() and key.isdecimal() and int(key) < len(here):
            here = here[int(key)]
        else:
            return False
    return True


def _record(act: Act, action: str, review: StoredReview, snapshot: Snapshot, *, comment_id: str, path: str) -> Record:
    return act.record(
        step=Step.CHANGED,
        action=action,
        kind=review.kind,
        name=review.name,
        integration_id=integration_id(review, snapshot),
        revision=review.revision,
        review=review.id,
        comment=comment_id,
        path=path,
    )
