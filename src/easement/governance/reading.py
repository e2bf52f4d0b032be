"""Looking at the registry: documents, their history, and what a review is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from easement.contract.documents import to_json
from easement.contract.identity import UnknownKeyError, document_key, resolve_key
from easement.contract.kinds import Document
from easement.estate.change import Change, changes
from easement.estate.model import Estate
from easement.governance.enforcement import consider, standing
from easement.governance.errors import UnknownError
from easement.governance.notices_of_plan import standing_of
from easement.governance.registry import Registry
from easement.governance.reviews import review_of
from easement.governance.snapshot import Snapshot, assemble_entries
from easement.standards.model import Finding
from easement.store.database import reading
from easement.store.reviews import PENDING, StoredReview
from easement.store.revisions import StoredRevision, get_revision, history


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredDocument:
    """A document as it was applied last. ``version`` grows with every change of it, its lifecycle included.

    ``state`` is an integration's (``live``) or an interface version's (``deprecated``); others have none.
    """

    document: Document
    revision: str
    enforced: str
    version: str
    id: str = ""
    state: str = ""

    @property
    def kind(self) -> str:
        """The document's kind."""
        return self.document.kind

    @property
    def name(self) -> str:
        """The document's key: its name; of an interface ``NAME@MAJOR``."""
        return document_key(self.document)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDetail:
    """A review with what it is about.

    ``change`` compares with what is enforced; ``refusals`` stand against approval.
    """

    review: StoredReview
    document: dict[str, Any]
    change: Change | None
    findings: tuple[Finding, ...]
    refusals: tuple[str, ...]


def registered(snapshot: Snapshot, kind: str) -> tuple[RegisteredDocument, ...]:
    """All documents of a kind, by name."""
    return tuple(
        _document(snapshot, key) for key in sorted(snapshot.registered) if key[0] == kind and key in snapshot.documents
    )


def registered_document(snapshot: Snapshot, kind: str, name: str) -> RegisteredDocument:
    """One document by its key, or by the bare name of an interface that has one version.

    Raises :class:`UnknownError`.
    """
    return _document(snapshot, (kind, registered_key(snapshot, kind, name)))


def registered_key(snapshot: Snapshot, kind: str, name: str) -> str:
    """The key that is meant by ``name``. Raises :class:`UnknownError` with the versions that there are."""
    keys = [key for known, key in snapshot.registered if known == kind]
    try:
        return resolve_key(kind, name, keys)
    except UnknownKeyError as error:
        raise UnknownError(str(error)) from None


def registered_estate(registry: Registry) -> Estate:
    """The estate of everything that was applied, approved or not."""
    snapshot = registry.snapshot()
    return snapshot.registered_estate().estate


def document_history(registry: Registry, kind: str, name: str) -> tuple[StoredRevision, ...]:
    """Every revision, newest first; also of documents that were removed. Raises :class:`UnknownError`."""
    key = name
    if kind == "Interface" and "@" not in name:
        key = registered_key(registry.snapshot(), kind, name)
    with reading(registry.engine) as connection:
        found = history(connection, kind, key)
    if not found:
        raise UnknownError(f"there is no {kind.lower()} named {name!r}")
    return found


def review_detail(registry: Registry, review_id: str) -> ReviewDetail:
    """What a reviewer looks at. Raises :class:`UnknownError`."""
    review = review_of(registry, review_id)
    key = (review.kind, review.name)
    snapshot = registry.snapshot()
    with reading(registry.engine) as connection:
        stored = get_revision(connection, (*key, review.revision))
    body = dict(stored.body) if stored else {}
    current = snapshot.documents.get(key)
    if review.state not in PENDING or current is None or current.registered != review.revision:
        return ReviewDetail(review=review, document=body, change=None, findings=(), refusals=())
    now = standing(snapshot, today=registry.today)
    after = assemble_entries((snapshot.enforced | {key: snapshot.registered[key]}).values(), snapshot.integrations)
    differing = {(change.kind, change.name): change for change in changes(now.assembled.estate, after.estate)}
    subject = f"{review.kind.lower()}/{review.name}"
    found = snapshot.registered_findings(registry.today)
    return ReviewDetail(
        review=review,
        document=to_json(snapshot.registered[key].document),
        change=differing.get(key),
        findings=tuple(finding for finding in found if finding.subject == subject),
        refusals=consider(snapshot, (key,), now, today=registry.today).refusals,
    )


def _document(snapshot: Snapshot, key: tuple[str, str]) -> RegisteredDocument:
    kind, name = key
    stored = snapshot.documents[key]
    integration = snapshot.integrations.get(name) if kind == "Integration" else None
    return RegisteredDocument(
        document=snapshot.registered[key].document,
        revision=stored.registered,
        enforced=stored.enforced,
        version=f"{stored.version}.{integration.version}" if integration else str(stored.version),
        id=integration.id if integration else "",
        state=_state(snapshot, kind, name),
    )


def _state(snapshot: Snapshot, kind: str, name: str) -> str:
    if kind == "Interface":
        return standing_of(snapshot.interface_states.get(name)).state.value
    stored = snapshot.integrations.get(name) if kind == "Integration" else None
    return stored.state if stored else ""
