"""Apply a bundle: revisions, ids, reviews. All of it or nothing, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog
from pydantic import TypeAdapter
from sqlalchemy import Connection

from easement.contract.loader import Bundle
from easement.estate.lifecycle import INITIAL_STATE
from easement.governance.approval import Outcome, approve_by_rule, by_document, review_records
from easement.governance.compilation import compile_current
from easement.governance.enforcement import Candidate, largest_enforceable
from easement.governance.errors import BaseMovedError, InvalidBundleError, PolicyError
from easement.governance.preview import Proposal, propose, refused_at_check
from easement.governance.records import Act
from easement.governance.registry import Registry
from easement.governance.requirements import dependents, requirement
from easement.governance.snapshot import DocumentKey, Snapshot
from easement.ledger.record import Record, Step
from easement.store.database import reading
from easement.store.documents import StoredDocument, move_head, register, remove
from easement.store.idempotency import IdempotencyKey, recall, remember
from easement.store.integrations import StoredIntegration, add_integration, remove_integration
from easement.store.reviews import StoredReview, add_review, pending_of_kind, supersede
from easement.store.revisions import add_revision

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedDocument:
    """One document that changed. ``id`` is an integration's; ``review`` is empty where the revision is enforced."""

    kind: str
    name: str
    action: str
    revision: str = ""
    id: str = ""
    review: str = ""
    review_state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done. ``head`` is the base of the next apply; ``plan`` is the hash of the plan enforced afterwards."""

    base: str
    head: str
    documents: tuple[AppliedDocument, ...]
    plan: str
    transaction_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    proposal: Proposal
    proposed: Snapshot
    by_rule: Candidate


_APPLIED: Final = TypeAdapter(Applied)


def apply(
    registry: Registry,
    bundle: Bundle,
    author: str,
    *,
    base: str | None = None,
    prune: bool = False,
    key: IdempotencyKey | None = None,
) -> Applied:
    """Register a bundle.

    Refused with :class:`InvalidBundleError` when it has problems, :class:`PolicyError` when a finding blocks at
    ``check``, :class:`BaseMovedError` when ``base`` is no longer the registry's. With ``key`` a repetition answers as
    the first time did (``KeyReusedError`` when the key came with another request).
    """

    def prepare(snapshot: Snapshot) -> _Prepared:
        if base is not None and base != snapshot.head.registered:
            raise BaseMovedError(
                "the registry changed since that plan was made", ("run easement plan again, look, and apply that",)
            )
        proposal = _acceptable(propose(snapshot, bundle, prune=prune, today=registry.today))
        proposed = _proposed(snapshot, proposal, registry.now())
        by_rule = largest_enforceable(proposed, _automatic(registry, snapshot, proposal), today=registry.today)
        return _Prepared(proposal=proposal, proposed=proposed, by_rule=by_rule)

    def commit(connection: Connection, snapshot: Snapshot, prepared: _Prepared) -> Applied:
        if key is not None and (answer := recall(connection, key)) is not None:
            return _APPLIED.validate_python(answer)
        act = Act(person=author, now=registry.now())
        done = _write(registry, connection, snapshot, prepared, act)
        if key is not None:
            remember(connection, key, _APPLIED.dump_python(done, mode="json"), act.now)
        return done

    answer = _answered(registry, key)
    done = _APPLIED.validate_python(answer) if answer is not None else registry.in_turn(prepare, commit)
    return replace(done, plan=compile_current(registry))


def _answered(registry: Registry, key: IdempotencyKey | None) -> dict[str, Any] | None:
    if key is None:
        return None
    with reading(registry.engine) as connection:
        return recall(connection, key)


def _acceptable(proposal: Proposal) -> Proposal:
    problems = proposal.preview.problems
    if problems:
        raise InvalidBundleError(
            f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the documents", problems
        )
    findings = refused_at_check(proposal.preview.findings)
    if findings:
        raise PolicyError(
            "findings block these documents",
            (f"{finding.rule} on {finding.subject} {finding.path}: {finding.message}" for finding in findings),
        )
    return proposal


def _proposed(snapshot: Snapshot, proposal: Proposal, now: datetime) -> Snapshot:
    """The registry as it will be, before new integrations have their numbers."""
    gone = frozenset(proposal.removed)
    documents = {key: document for key, document in snapshot.documents.items() if key not in gone}
    integrations = {name: stored for name, stored in snapshot.integrations.items() if ("Integration", name) not in gone}
    for (kind, name), entry in proposal.incoming.items():
        known = documents.get((kind, name))
        documents[kind, name] = StoredDocument(
            kind=kind,
            name=name,
            registered=entry.revision,
            enforced=known.enforced if known else "",
            removed=None,
            version=known.version + 1 if known else 1,
        )
        if kind == "Integration" and name not in integrations:
            integrations[name] = StoredIntegration(
                number=0, name=name, state=INITIAL_STATE, created=now, changed=now, version=1
            )
    return Snapshot(
        head=snapshot.head,
        documents=documents,
        integrations=integrations,
        registered={key: entry for key, entry in snapshot.registered.items() if key not in gone}
        | dict(proposal.incoming),
        enforced={key: entry for key, entry in snapshot.enforced.items() if key not in gone},
        interface_states=snapshot.interface_states,
        authors={key: author for key, author in snapshot.authors.items() if key not in proposal.incoming},
        changes=snapshot.changes,
        removals=snapshot.removals,
        waits_for_gate=snapshot.waits_for_gate,
    )


def _automatic(registry: Registry, snapshot: Snapshot, proposal: Proposal) -> list[DocumentKey]:
    if not registry.auto_approve_low_risk:
        return []
    return [
        (planned.kind, planned.name)
        for planned in proposal.preview.reviews
        if planned.requirement.automatic and not _is_enforced(snapshot, planned.kind, planned.name, planned.revision)
    ]


def _is_enforced(snapshot: Snapshot, kind: str, name: str, revision: str) -> bool:
    document = snapshot.documents.get((kind, name))
    return document is not None and document.enforced == revision


def _write(registry: Registry, connection: Connection, snapshot: Snapshot, prepared: _Prepared, act: Act) -> Applied:
    proposal = prepared.proposal
    integrations = _register(connection, snapshot, proposal, act)
    _remove(connection, snapshot, proposal, act)
    begun = _open_reviews(connection, snapshot, proposal, act)
    opened = by_document(begun)
    begun += _reopen_reviews(registry, connection, proposal, act)
    outcome, numbered = Outcome(reviews=(), records=()), replace(prepared.proposed, integrations=integrations)
    if prepared.by_rule.keys:
        outcome = approve_by_rule(connection, numbered, prepared.by_rule, opened, act)
    documents = _documents(snapshot, proposal, integrations, opened | by_document(outcome.reviews))
    base, head = proposal.preview.base, move_head(connection, act.now).registered
    begins = review_records(begun, numbered, act)
    registry.record([*_records(documents, act, base, head), *begins, *outcome.records])
    _log.info("governance.applied", author=act.person, documents=len(documents), transaction_id=act.transaction_id)
    return Applied(base=base, head=head, documents=documents, plan="", transaction_id=act.transaction_id)


def _register(connection: Connection, snapshot: Snapshot, proposal: Proposal, act: Act) -> dict[str, StoredIntegration]:
    known = dict(snapshot.integrations)
    for entry in proposal.incoming.values():
        add_revision(
            connection,
            key=entry.key,
            body=entry.body,
            file=entry.file,
            files=entry.files,
            author=act.person,
            now=act.now,
        )
        register(connection, *entry.key)
        if entry.kind == "Integration" and entry.name not in known:
            known[entry.name] = add_integration(connection, entry.name, INITIAL_STATE, act.now)
    return known


def _remove(connection: Connection, snapshot: Snapshot, proposal: Proposal, act: Act) -> None:
    for kind, name in proposal.removed:
        remove(connection, kind, name, act.now)
        supersede(connection, kind, name, act.now)
        if kind == "Integration":
            remove_integration(connection, snapshot.integrations[name].number, act.now)


def _open_reviews(connection: Connection, snapshot: Snapshot, proposal: Proposal, act: Act) -> tuple[StoredReview, ...]:
    opened: list[StoredReview] = []
    for planned in proposal.preview.reviews:
        if _is_enforced(snapshot, planned.kind, planned.name, planned.revision):
            supersede(connection, planned.kind, planned.name, act.now)
            continue
        opened.append(
            add_review(
                connection,
                kind=planned.kind,
                name=planned.name,
                revision=planned.revision,
                author=act.person,
                risk=planned.requirement.risk,
                reasons=planned.requirement.reasons,
                roles=planned.requirement.roles,
                now=act.now,
            )
        )
    return tuple(opened)


def _reopen_reviews(
    registry: Registry, connection: Connection, proposal: Proposal, act: Act
) -> tuple[StoredReview, ...]:
    """Begin anew the reviews of integrations under which something changed: nobody has looked at that yet."""
    shaken = {
        integration.metadata.name
        for key in proposal.incoming
        if key[0] != "Integration"
        for integration in dependents(proposal.estate, key)
    }
    opened: list[StoredReview] = []
    for review in pending_of_kind(connection, "Integration"):
        key = (review.kind, review.name)
        if review.name not in shaken or key in proposal.incoming or key in proposal.removed:
            continue
        needed = requirement(proposal.estate, proposal.estate, key, proposal.findings, today=registry.today)
        opened.append(
            add_review(
                connection,
                kind=review.kind,
                name=review.name,
                revision=review.revision,
                author=review.author,
                risk=needed.risk,
                reasons=needed.reasons,
                roles=needed.roles,
                now=act.now,
            )
        )
    return tuple(opened)


def _documents(
    snapshot: Snapshot,
    proposal: Proposal,
    integrations: Mapping[str, StoredIntegration],
    reviews: Mapping[DocumentKey, StoredReview],
) -> tuple[AppliedDocument, ...]:
    changed = [
        AppliedDocument(
            kind=kind,
            name=name,
            action="changed" if (kind, name) in snapshot.documents else "added",
            revision=entry.revision,
            id=integrations[name].id if kind == "Integration" else "",
            review=reviews[kind, name].id if (kind, name) in reviews else "",
            review_state=reviews[kind, name].state if (kind, name) in reviews else "",
        )
        for (kind, name), entry in proposal.incoming.items()
    ]
    removed = [
        AppliedDocument(
            kind=kind, name=name, action="removed", id=integrations[name].id if kind == "Integration" else ""
        )
        for kind, name in proposal.removed
    ]
    return (*changed, *removed)


def _records(documents: Sequence[AppliedDocument], act: Act, base: str, head: str) -> list[Record]:
    return [
        act.record(
            step=Step.CHANGED,
            action=f"document.{document.action}",
            kind=document.kind,
            name=document.name,
            integration_id=document.id,
            revision=document.revision,
            base=base,
            head=head,
        )
        for document in documents
    ]
