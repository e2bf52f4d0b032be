"""Carry out approvals that are complete: enforce the revisions, move the states, say so on the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from easement.governance.enforcement import Candidate
from easement.governance.records import Act
from easement.governance.snapshot import DocumentKey, Snapshot
from easement.ledger.record import Record, Step
from easement.store.documents import enforce
from easement.store.integrations import move_integration
from easement.store.reviews import APPROVED, StoredDecision, StoredReview, add_decision

SYSTEM_ACTOR: Final = "easement"
"""Who acts when the product itself does: compiles, or approves by the rule for low risk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The reviews as they are now, and what goes on the record."""

    reviews: tuple[StoredReview, ...]
    records: tuple[Record, ...]


def carry_out(connection: Connection, snapshot: Snapshot, candidate: Candidate, act: Act) -> tuple[Record, ...]:
    """Enforce what ``candidate`` holds. The caller has seen that nothing is refused."""
    for kind, name in candidate.keys:
        enforce(connection, kind, name, snapshot.registered[kind, name].revision)
    records: list[Record] = []
    for name, state in sorted(candidate.states.items()):
        stored = snapshot.integrations[name]
        move_integration(connection, stored, state, act.now)
        records.append(
            act.record(
                step=Step.CHANGED,
                action=f"lifecycle.{state}",
                kind="Integration",
                name=name,
                integration_id=stored.id,
                revision=snapshot.registered["Integration", name].revision,
                before=stored.state,
                after=state.value,
            )
        )
    return tuple(records)


def approve_by_rule(
    connection: Connection,
    snapshot: Snapshot,
    candidate: Candidate,
    opened: Mapping[DocumentKey, StoredReview],
    act: Act,
) -> Outcome:
    """Approve what needs no person: low risk, and nothing blocks. The record says that the rule decided."""
    by_rule = replace(act, person=SYSTEM_ACTOR)
    reviews: list[StoredReview] = []
    records: list[Record] = []
    for key in candidate.keys:
        reasons = "; ".join(candidate.requirements[key].reasons) or "nothing raises the risk"
        decision = StoredDecision(
            person=SYSTEM_ACTOR,
            roles=(),
            verdict="approve",
            automatic=True,
            comment=f"approved by the rule for low risk: {reasons}",
            created=act.now,
        )
        review = add_decision(connection, opened[key], decision, state=APPROVED)
        reviews.append(review)
        records.append(decision_record(review, decision, snapshot, by_rule))
    records.extend(carry_out(connection, snapshot, candidate, by_rule))
    return Outcome(reviews=tuple(reviews), records=tuple(records))


def decision_record(review: StoredReview, decision: StoredDecision, snapshot: Snapshot, act: Act) -> Record:
    """The record of one decision."""
    return act.record(
        step=Step.DECIDED,
        action=f"review.{decision.verdict}",
        kind=review.kind,
        name=review.name,
        integration_id=integration_id(review, snapshot),
        revision=review.revision,
        review=review.id,
        state=review.state,
        automatic=decision.automatic,
        roles=decision.roles,
        author=review.author,
        risk=review.risk,
    )


def review_records(reviews: Sequence[StoredReview], snapshot: Snapshot, act: Act) -> tuple[Record, ...]:
    """The records of reviews that begin."""
    return tuple(
        act.record(
            step=Step.CHANGED,
            action="review.opened",
            kind=review.kind,
            name=review.name,
            integration_id=integration_id(review, snapshot),
            revision=review.revision,
            review=review.id,
            author=review.author,
            risk=review.risk,
            roles=review.roles,
        )
        for review in reviews
    )


def integration_id(review: StoredReview, snapshot: Snapshot) -> str:
    """``INT-0042`` where the review is of an integration, else empty."""
    stored = snapshot.integrations.get(review.name) if review.kind == "Integration" else None
    return stored.id if stored else ""


def by_document(reviews: Sequence[StoredReview]) -> dict[DocumentKey, StoredReview]:
    """Reviews by kind and name."""
    return {(review.kind, review.name): review for review in reviews}
