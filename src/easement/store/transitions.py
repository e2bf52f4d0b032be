"""Scheduled transitions: what is to happen by itself at a time, and who has it in hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from easement.store.ids import new_id
from easement.store.tables_lifecycle import scheduled_transitions

WAITING: Final = "waiting"
CLAIMED: Final = "claimed"
DONE: Final = "done"
CANCELLED: Final = "cancelled"
OPEN: Final = (WAITING, CLAIMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTransition:
    """One scheduled step. ``subject`` is ``integration/NAME`` or ``interface/NAME@MAJOR``.

    ``attempts`` counts how often it was tried, ``said`` is why the last try did not succeed.
    """

    id: str
    subject: str
    event: str
    due: datetime
    person: str
    reason: str
    state: str
    attempts: int
    said: str
    created: datetime
    changed: datetime


def add_transition(
    connection: Connection, *, subject: str, event: str, due: datetime, person: str, reason: str, now: datetime
) -> StoredTransition:
    """Put a step on the calendar; one that waits for the same event of the same subject is replaced."""
    connection.execute(
        update(scheduled_transitions)
        .where(
            scheduled_transitions.c.subject == subject,
            scheduled_transitions.c.event == event,
            scheduled_transitions.c.state == WAITING,
        )
        .values(state=CANCELLED, said="replaced by a later schedule", changed=now)
    )
    added = StoredTransition(
        id=new_id(), subject=subject, event=event, due=due, person=person, reason=reason, state=WAITING, attempts=0,
        said="", created=now, changed=now,
    )  # fmt: skip
    values = {name: getattr(added, name) for name in StoredTransition.__dataclass_fields__}
    connection.execute(insert(scheduled_transitions).values(**values))
    return added


def list_transitions(
    connection: Connection, *, only_open: bool = True, limit: int = 1_000
) -> tuple[StoredTransition, ...]:
    """Scheduled steps in the order in which they are due."""
    query = select(scheduled_transitions).order_by(scheduled_transitions.c.due, scheduled_transitions.c.id)
    if only_open:
        query = query.where(scheduled_transitions.c.state.in_(OPEN))
    return tuple(_stored(row) for row in connection.execute(query.limit(limit)))


def claim_due(
    connection: Connection, *, now: datetime, retry_before: datetime, abandoned_before: datetime
) -> StoredTransition | None:
    """Take one step that is due in hand, for this process alone; None when there is none.

    One that was tried lately (after ``retry_before``) rests. One that somebody took in hand before
    ``abandoned_before`` and never finished is taken over.
    """
    table = scheduled_transitions.c
    is_free = or_(
        and_(table.state == WAITING, or_(table.attempts == 0, table.changed <= retry_before)),
        and_(table.state == CLAIMED, table.changed <= abandoned_before),
    )
    query = select(scheduled_transitions).where(table.due <= now, is_free).order_by(table.due, table.id).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    taken = connection.execute(
        update(scheduled_transitions)
        .where(table.id == row.id, table.state == row.state, table.changed == row.changed)
        .values(state=CLAIMED, attempts=table.attempts + 1, changed=now)
    )
    return _stored(row) if taken.rowcount else None


def finish_transition(connection: Connection, identifier: str, *, state: str, said: str, now: datetime) -> bool:
    """Say how it went: ``done``, or ``waiting`` again. False when it is no longer in hand (somebody cancelled it)."""
    changed = connection.execute(
        update(scheduled_transitions)
        .where(scheduled_transitions.c.id == identifier, scheduled_transitions.c.state == CLAIMED)
        .values(state=state, said=said, changed=now)
    )
    return bool(changed.rowcount)


def cancel_transition(connection: Connection, identifier: str, *, said: str, now: datetime) -> StoredTransition | None:
    """Take a step off the calendar. None when there is no such open one."""
    row = connection.execute(
        select(scheduled_transitions).where(
            scheduled_transitions.c.id == identifier, scheduled_transitions.c.state.in_(OPEN)
        )
    ).first()
    if row is None:
        return None
    connection.execute(
        update(scheduled_transitions)
        .where(scheduled_transitions.c.id == identifier)
        .values(state=CANCELLED, said=said, changed=now)
    )
    return _stored(row)


def _stored(row: Row[Any]) -> StoredTransition:
    return StoredTransition(**row._asdict())
