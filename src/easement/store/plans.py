"""Plans: every plan that was ever enforced, and which one is now."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from easement.store.tables import current_plan, plans


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """An encoded plan. ``hash`` is the SHA-256 of ``content``."""

    hash: str
    content: bytes
    created: datetime


def make_current(connection: Connection, content: bytes, now: datetime) -> str:
    """Keep a plan and point to it. Returns its hash; an equal plan changes nothing."""
    digest = hashlib.sha256(content).hexdigest()
    if current_hash(connection) == digest:
        return digest
    if connection.execute(select(plans.c.hash).where(plans.c.hash == digest)).first() is None:
        connection.execute(insert(plans).values(hash=digest, content=content, created=now))
    changed = connection.execute(update(current_plan).values(hash=digest, changed=now))
    if changed.rowcount == 0:
        connection.execute(insert(current_plan).values(id=1, hash=digest, changed=now))
    return digest


def current_hash(connection: Connection) -> str:
    """The hash of the plan that is enforced now, or empty."""
    return connection.execute(select(current_plan.c.hash)).scalar_one_or_none() or ""


def get_plan(connection: Connection, digest: str) -> StoredPlan | None:
    """A plan by its hash, or None. Raises ``ValueError`` when it is damaged."""
    row = connection.execute(select(plans).where(plans.c.hash == digest)).first()
    if row is None:
        return None
    if hashlib.sha256(row.content).hexdigest() != row.hash:
        raise ValueError(f"plan {row.hash} in the database is damaged: restore it from a backup")
    return StoredPlan(hash=row.hash, content=bytes(row.content), created=row.created)
