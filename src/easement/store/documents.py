"""Documents: which revision of each was applied last, and which approved one is enforced.

Whoever changes anything here locks the head first (:func:`lock_head`) and moves it afterwards (:func:`move_head`):
writers take turns, and ``registered`` names what a reader has seen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from easement.store.database import DatabaseError
from easement.store.tables import documents, estate_head


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The state of the registry: ``registered`` is the hash of all registered revisions, ``version`` counts changes."""

    version: int
    registered: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """One document. ``enforced`` is empty until a revision was approved; ``removed`` is when, or None."""

    kind: str
    name: str
    registered: str
    enforced: str
    removed: datetime | None
    version: int


def read_head(connection: Connection) -> Head:
    """The present head."""
    return _head(connection.execute(select(estate_head)).first())


def lock_head(connection: Connection) -> Head:
    """The present head, held until this transaction ends: no other writer comes between."""
    return _head(connection.execute(select(estate_head).with_for_update()).first())


def move_head(connection: Connection, now: datetime) -> Head:
    """Count a change and name the registered revisions anew."""
    version = read_head(connection).version + 1
    registered = hash_of(present(connection))
    connection.execute(update(estate_head).values(version=version, registered=registered, changed=now))
    return Head(version=version, registered=registered)


def hash_of(stored: tuple[StoredDocument, ...]) -> str:
    """SHA-256 over kind, name and registered revision of each document, in order."""
    lines = sorted(f"{document.kind}/{document.name} {document.registered}\n" for document in stored)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def present(connection: Connection) -> tuple[StoredDocument, ...]:
    """All documents that are not removed, by kind and name."""
    rows = connection.execute(
        select(documents).where(documents.c.removed.is_(None)).order_by(documents.c.kind, documents.c.name)
    )
    return tuple(
        StoredDocument(
            kind=row.kind,
            name=row.name,
            registered=row.registered,
            enforced=row.enforced or "",
            removed=row.removed,
            version=row.version,
        )
        for row in rows
    )


def register(connection: Connection, kind: str, name: str, revision: str) -> None:
    """Make ``revision`` the one that was applied last. What was enforced stays so."""
    match = (documents.c.kind == kind, documents.c.name == name)
    changed = connection.execute(
        update(documents).where(*match).values(registered=revision, removed=None, version=documents.c.version + 1)
    )
    if changed.rowcount == 0:
        connection.execute(insert(documents).values(kind=kind, name=name, registered=revision, version=1))


def enforce(connection: Connection, kind: str, name: str, revision: str) -> None:
    """Make ``revision`` the approved one that is enforced."""
    connection.execute(
        update(documents)
        .where(documents.c.kind == kind, documents.c.name == name)
        .values(enforced=revision, version=documents.c.version + 1)
    )


def remove(connection: Connection, kind: str, name: str, now: datetime) -> None:
    """Take a document out of the estate. Its revisions stay."""
    connection.execute(
        update(documents)
        .where(documents.c.kind == kind, documents.c.name == name)
        .values(removed=now, enforced=None, version=documents.c.version + 1)
    )


def _head(row: Row[Any] | None) -> Head:
    if row is None:
        raise DatabaseError("the database is not prepared: its migrations have not run")
    return Head(version=row.version, registered=row.registered)
