"""Whether reviews may be approved now, by this person, and which of them are complete then.

* A person who wrote the revision, or stands behind its author or is stood behind by them, never approves it.
* An integration is not approved while a revision of something that it stands on waits: they are decided together, so
  that nobody approves on ground that is about to change.
* An open comment stands against approval until it is resolved.
* Approved revisions that need each other are enforced in one step. One that has every approval waits, and is enforced
  when the last of the others is approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from easement.contract.identity import reference_key
from easement.contract.kinds import Integration, Team
from easement.estate.review import ordered_roles
from easement.governance.enforcement import Candidate, Standing, consider, standing
from easement.governance.errors import PolicyError, StaleError
from easement.governance.registry import Actor, Registry
from easement.governance.separation import four_eyes_refusal, needed_text, roles_with_teams, unfilled
from easement.governance.snapshot import DocumentKey, Snapshot
from easement.identity.vouching import Vouching
from easement.store.review_comments import StoredComment
from easement.store.reviews import StoredDecision, StoredReview

APPROVE: Final = "approve"
REQUEST_CHANGES: Final = "request-changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits besides the reviews that are decided about, and the open comments by review."""

    reviews: tuple[StoredReview, ...]
    comments: Mapping[str, tuple[StoredComment, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """``needed`` are the roles of each review now. ``candidate`` is what is enforced, None when nothing is complete.

    ``ready`` are other reviews that were approved before and are enforced in the same step.
    """

    reviews: tuple[StoredReview, ...]
    needed: Mapping[DocumentKey, tuple[str, ...]]
    candidate: Candidate | None = None
    ready: tuple[StoredReview, ...] = ()


def with_teams(snapshot: Snapshot, actor: Actor) -> Actor:
    """The actor with the teams that they speak for, as approved documents list them."""
    teams = (entry.document for (kind, _), entry in snapshot.enforced.items() if kind == "Team")
    roles = roles_with_teams(actor.name, actor.roles, (team for team in teams if isinstance(team, Team)))
    return Actor(name=actor.name, roles=roles, issued_by=actor.issued_by)


def not_allowed(review: StoredReview, actor: Actor, vouching: Vouching, *, approves: bool) -> str:
    """Why ``actor`` (with their teams) may not decide in a review, in a sentence; empty where they may."""
    subject = f"{review.kind.lower()}/{review.name}"
    why = four_eyes_refusal(review.author, actor.name, actor.issued_by, vouching)
    if why and (approves or review.author == actor.name):
        return f"{subject}: {why}"
    if not actor.roles & set(review.roles):
        return f"{subject} needs {needed_text(review.roles)}; {actor.name} holds none of these roles"
    return ""


def judge(
    registry: Registry, snapshot: Snapshot, found: tuple[StoredReview, ...], actor: Actor, waiting: Waiting
) -> Judged:
    """Judge an approval of ``found`` by ``actor``.

    Raises :class:`StaleError` where a newer revision exists, :class:`PolicyError` with what stands against it.
    """
    for review in found:
        _refuse_if_replaced(snapshot, review)
        _refuse_if_somebody_wants_changes(review, actor)
    _refuse_open_comments(found, waiting)
    _refuse_waiting_ground(snapshot, found, waiting)
    now = standing(snapshot, today=registry.today)
    whole, ready = _together(registry, snapshot, found, _ready(registry, snapshot, waiting), now)
    if whole.refusals:
        raise PolicyError("it cannot be approved now", (*whole.refusals, *_others(waiting)))
    needed = {
        _key(review): ordered_roles((*review.roles, *whole.requirements[_key(review)].roles))
        for review in (*found, *ready)
    }
    complete = [review for review in found if is_filled(registry, review, needed[_key(review)], also=actor)]
    ready = tuple(review for review in ready if is_filled(registry, review, needed[_key(review)]))
    if not complete:
        return Judged(reviews=found, needed=needed)
    keys = [_key(review) for review in (*complete, *ready)]
    candidate = whole if len(keys) == len(whole.keys) else consider(snapshot, keys, now, today=registry.today)
    if candidate.refusals:  # they need one that is not complete yet, and wait for it
        return Judged(reviews=found, needed=needed)
    return Judged(reviews=found, needed=needed, candidate=candidate, ready=ready)


def is_filled(registry: Registry, review: StoredReview, needed: Sequence[str], also: Actor | None = None) -> bool:
    """Whether every needed role has approved, with ``also`` counted as approving now."""
    return not still_needed(registry, review, needed, also)


def still_needed(
    registry: Registry, review: StoredReview, needed: Sequence[str], also: Actor | None = None
) -> tuple[str, ...]:
    """The needed roles in which nobody has approved yet."""
    approvals = {made.person: made.roles for made in last_decisions(review) if made.verdict == APPROVE}
    if also is not None:
        approvals[also.name] = tuple(sorted(also.roles))
    return unfilled(needed, approvals, one_person_several_roles=registry.one_person_several_roles)


def last_decisions(review: StoredReview) -> tuple[StoredDecision, ...]:
    """What each person decided last."""
    return tuple({made.person: made for made in review.decisions}.values())


def grounds(integration: Integration) -> tuple[DocumentKey, ...]:
    """The documents that the review of an integration looks at, besides the integration itself."""
    spec = integration.spec
    keys = [("System", spec.source), ("System", spec.target), ("Interface", reference_key(spec.interface))]
    if spec.transfer and spec.transfer.agreement:
        keys.append(("Agreement", spec.transfer.agreement))
    return tuple(dict.fromkeys(keys))


def _key(review: StoredReview) -> DocumentKey:
    return review.kind, review.name


def _together(
    registry: Registry,
    snapshot: Snapshot,
    found: Sequence[StoredReview],
    ready: tuple[StoredReview, ...],
    now: Standing,
) -> tuple[Candidate, tuple[StoredReview, ...]]:
    """``found`` with those that only wait for them, or by themselves where that does not work."""
    if ready:
        keys = [_key(review) for review in (*found, *ready)]
        whole = consider(snapshot, keys, now, today=registry.today)
        if not whole.refusals:
            return whole, ready
    return consider(snapshot, [_key(review) for review in found], now, today=registry.today), ()


def _ready(registry: Registry, snapshot: Snapshot, waiting: Waiting) -> tuple[StoredReview, ...]:
    return tuple(
        review
        for review in waiting.reviews
        if review.decisions
        and is_filled(registry, review, review.roles)
        and not _asking(review)
        and not waiting.comments.get(review.id)
        and _is_current(snapshot, review)
    )


def _refuse_if_replaced(snapshot: Snapshot, review: StoredReview) -> None:
    if not _is_current(snapshot, review):
        raise StaleError(f"{review.kind.lower()}/{review.name} has a newer revision: review that one")


def _is_current(snapshot: Snapshot, review: StoredReview) -> bool:
    document = snapshot.documents.get(_key(review))
    return document is not None and document.registered == review.revision


def _refuse_if_somebody_wants_changes(review: StoredReview, actor: Actor) -> None:
    asking = [person for person in _asking(review) if person != actor.name]
    if asking:
        raise PolicyError(
            f"{' and '.join(asking)} asked for changes in {review.kind.lower()}/{review.name}",
            ("apply a new revision, or let them approve first",),
        )


def _asking(review: StoredReview) -> tuple[str, ...]:
    return tuple(made.person for made in last_decisions(review) if made.verdict == REQUEST_CHANGES)


def _refuse_open_comments(found: Iterable[StoredReview], waiting: Waiting) -> None:
    open_ones = [comment for review in found for comment in waiting.comments.get(review.id, ())]
    if open_ones:
        raise PolicyError(
            f"{len(open_ones)} comment{'s are' if len(open_ones) > 1 else ' is'} open",
            (
                f"{one.person} at {one.path or 'the whole document'}: easement review resolve {one.id}"
                for one in open_ones
            ),
        )


def _refuse_waiting_ground(snapshot: Snapshot, found: Sequence[StoredReview], waiting: Waiting) -> None:
    """The open question of a classification that waits: whoever approves the contract decides about its ground too."""
    pending = {_key(review) for review in waiting.reviews}
    reasons = []
    for review in found:
        entry = snapshot.registered.get(_key(review))
        if entry is None or not isinstance(entry.document, Integration):
            continue
        reasons += [
            f"integration/{review.name} stands on {kind.lower()}/{name}, of which a revision waits for review"
            for kind, name in grounds(entry.document)
            if (kind, name) in pending
        ]
    if reasons:
        raise PolicyError(
            "what it stands on is about to change",
            (*dict.fromkeys(reasons), "approve both in one command, or decide about the other first"),
        )


def _others(waiting: Waiting) -> tuple[str, ...]:
    others = [f"{review.kind.lower()}/{review.name}" for review in waiting.reviews]
    return (f"other reviews are waiting and may belong with it: {', '.join(others)}",) if others else ()
