"""What was dismissed from the shadow inbox: by whom, why, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from easement.store.tables_registry import shadow_dismissals


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissal:
    """One entry that was put away. ``operations`` is what had been tried by then."""

    key: str
    person: str
    reason: str
    operations: tuple[str, ...]
    created: datetime
    until: datetime


def dismissals(connection: Connection) -> dict[str, Dismissal]:
    """All dismissals by the key of the entry."""
    return {
        row.key: Dismissal(
            key=row.key,
            person=row.person,
            reason=row.reason,
            operations=tuple(row.operations),
            created=row.created,
            until=row.until,
        )
        for row in connection.execute(select(shadow_dismissals))
    }


def put_dismissal(
    connection: Connection,
    *,
    key: str,
    person: str,
    reason: str,
    operations: Sequence[str],
    now: datetime,
    until: datetime,
) -> None:
    """Dismiss, or dismiss again with a new reason."""
    connection.execute(delete(shadow_dismissals).where(shadow_dismissals.c.key == key))
    connection.execute(
        insert(shadow_dismissals).values(
            key=key, person=person, reason=reason, operations=list(operations), created=now, until=until
        )
    )
