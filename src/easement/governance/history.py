"""Who changed what in a document: revisions field by field, decisions and moves, from the registry and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from easement.estate.change import FieldChange, document_changes
from easement.governance.errors import UnknownError
from easement.governance.registry import Registry
from easement.ledger.query import LedgerReader, Search
from easement.ledger.record import Record, RecordKind
from easement.store.database import reading
from easement.store.revisions import history

_PAGES: Final = 5
_SHOWN_DETAIL: Final = ("before", "after", "verdict", "comment", "reason", "risk", "roles")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEvent:
    """One thing that happened to a document.

    ``what`` is ``revision 3`` or the action of a record, such as ``review.approve``; ``fields`` is what a revision
    changed against the one before, empty for the first; ``detail`` is a sentence.
    """

    time: datetime
    person: str
    what: str
    revision: str
    fields: tuple[FieldChange, ...] = ()
    detail: str = ""
    transaction_id: str = ""


def document_events(registry: Registry, ledger: LedgerReader, kind: str, name: str) -> tuple[DocumentEvent, ...]:
    """Everything known of one document, newest first; also of one that was removed.

    Raises :class:`~easement.governance.errors.UnknownError` where there never was such a document.
    """
    revised = _revisions(registry, kind, name)
    if not revised:
        raise UnknownError(f"there is no {kind.lower()} named {name!r}")
    recorded = [_of_record(record) for record in _records(ledger, f"{kind.lower()}/{name}")]
    return tuple(sorted([*revised, *recorded], key=lambda event: event.time, reverse=True))


def _revisions(registry: Registry, kind: str, name: str) -> list[DocumentEvent]:
    with reading(registry.engine) as connection:
        newest_first = history(connection, kind, name)
    events = []
    for place, stored in enumerate(newest_first):
        older = newest_first[place + 1] if place + 1 < len(newest_first) else None
        events.append(
            DocumentEvent(
                time=stored.created,
                person=stored.author,
                what=f"revision {stored.ordinal}",
                revision=stored.revision,
                fields=document_changes(older.body, stored.body) if older else (),
                detail=_definition(stored.body == older.body) if older else "first registered",
            )
        )
    return events


def _definition(is_same_document: bool) -> str:  # noqa: FBT001 - the only argument
    return "the definition files changed, the document did not" if is_same_document else ""


def _records(ledger: LedgerReader, reference: str) -> list[Record]:
    """Governance records that name the document; bounded, since a page shows no more."""
    found: list[Record] = []
    before = 0
    for _ in range(_PAGES):
        page = ledger.search(Search(kind=RecordKind.GOVERNANCE, text=f'"{reference}"', before=before, limit=500))
        found += [one.record for one in page.found if one.record.detail.get("document") == reference]
        before = page.cursor
        if not before:
            break
    return found


def _of_record(record: Record) -> DocumentEvent:
    said = [f"{name}: {_text(record.detail[name])}" for name in _SHOWN_DETAIL if record.detail.get(name)]
    if record.error:
        said.append(f"refused: {record.error}")
    return DocumentEvent(
        time=datetime.fromtimestamp(record.time_ms / 1000, UTC),
        person=record.account,
        what=record.message_type,
        revision=record.revision,
        detail="; ".join(said),
        transaction_id=record.transaction_id,
    )


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
