"""Revisions: immutable versions of documents, and the definition files that they consist of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, tuple_

from easement.store.tables import definition_files, revision_files, revisions

Key = tuple[str, str, str]
"""Kind, name and revision."""
_CHUNK = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRevision:
    """One version of a document. ``body`` is the document as JSON; ``files`` maps paths to SHA-256 of their bytes."""

    kind: str
    name: str
    revision: str
    ordinal: int
    body: Mapping[str, Any]
    file: str
    author: str
    created: datetime
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Kind, name and revision."""
        return self.kind, self.name, self.revision


def add_revision(
    connection: Connection,
    *,
    key: Key,
    body: Mapping[str, Any],
    file: str,
    files: Mapping[str, bytes],
    author: str,
    now: datetime,
) -> bool:
    """Keep a revision; False when it is known already (the first author and time stand)."""
    kind, name, revision = key
    known = select(revisions.c.revision).where(_is(key))
    if connection.execute(known).first() is not None:
        return False
    ordinal = connection.execute(
        select(func.coalesce(func.max(revisions.c.ordinal), 0) + 1).where(
            revisions.c.kind == kind, revisions.c.name == name
        )
    ).scalar_one()
    connection.execute(
        insert(revisions).values(
            kind=kind,
            name=name,
            revision=revision,
            ordinal=ordinal,
            body=dict(body),
            file=file,
            author=author,
            created=now,
        )
    )
    for path, content in files.items():
        digest = _keep_file(connection, content)
        connection.execute(
            insert(revision_files).values(kind=kind, name=name, revision=revision, path=path, hash=digest)
        )
    return True


def get_revision(connection: Connection, key: Key) -> StoredRevision | None:
    """One revision, or None."""
    return next(iter(get_revisions(connection, [key]).values()), None)


def get_revisions(connection: Connection, keys: Iterable[Key]) -> dict[Key, StoredRevision]:
    """Many revisions at once; keys that do not exist are left out."""
    wanted = sorted(set(keys))
    found: dict[Key, StoredRevision] = {}
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        files: dict[Key, dict[str, str]] = {}
        columns = (revision_files.c.kind, revision_files.c.name, revision_files.c.revision)
        for row in connection.execute(select(revision_files).where(tuple_(*columns).in_(part))):
            files.setdefault((row.kind, row.name, row.revision), {})[row.path] = row.hash
        columns = (revisions.c.kind, revisions.c.name, revisions.c.revision)
        for row in connection.execute(select(revisions).where(tuple_(*columns).in_(part))):
            key = (row.kind, row.name, row.revision)
            found[key] = _stored(row, files.get(key, {}))
    return found


def history(connection: Connection, kind: str, name: str) -> tuple[StoredRevision, ...]:
    """All revisions of a document, newest first (without their file lists)."""
    rows = connection.execute(
        select(revisions).where(revisions.c.kind == kind, revisions.c.name == name).order_by(revisions.c.ordinal.desc())
    )
    return tuple(_stored(row, {}) for row in rows)


def count_between(connection: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """How many revisions of each kind were applied from ``since`` on and before ``until``."""
    query = (
        select(revisions.c.kind, func.count())
        .where(revisions.c.created >= since, revisions.c.created < until)
        .group_by(revisions.c.kind)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def read_files(connection: Connection, hashes: Iterable[str]) -> dict[str, bytes]:
    """Definition files by hash. Raises ``ValueError`` when one is damaged: its bytes no longer fit its name."""
    wanted = sorted(set(hashes))
    found: dict[str, bytes] = {}
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        for row in connection.execute(select(definition_files).where(definition_files.c.hash.in_(part))):
            if hashlib.sha256(row.content).hexdigest() != row.hash:
                raise ValueError(f"definition file {row.hash} in the database is damaged: restore it from a backup")
            found[row.hash] = bytes(row.content)
    return found


def _keep_file(connection: Connection, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    known = select(definition_files.c.hash).where(definition_files.c.hash == digest)
    if connection.execute(known).first() is None:
        connection.execute(insert(definition_files).values(hash=digest, content=content))
    return digest


def _is(key: Key) -> Any:
    return tuple_(revisions.c.kind, revisions.c.name, revisions.c.revision) == tuple_(*key)


def _stored(row: Row[Any], files: Mapping[str, str]) -> StoredRevision:
    return StoredRevision(
        kind=row.kind,
        name=row.name,
        revision=row.revision,
        ordinal=row.ordinal,
        body=row.body,
        file=row.file,
        author=row.author,
        created=row.created,
        files=files,
    )
