"""The outbox of notices: written with the act that they tell of, sent at least once, and never lost on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from easement.store.tables_changes import change_notices

WAITING: Final = "waiting"
SENT: Final = "sent"
DEAD: Final = "dead"
INBOX: Final = "inbox"
EMAIL: Final = "email"
WEBHOOK: Final = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNotice:
    """One notice to one address. ``secret`` is the reference under which a webhook's secret lies.

    ``content`` is what is told, as JSON: texts, dates and the migration diff. ``due`` is when it is tried next.
    """

    id: str
    case_number: int
    integration: str
    team: str
    event: str
    channel: str
    address: str = ""
    secret: str = ""
    subject: str
    content: Mapping[str, Any]
    state: str
    attempts: int = 0
    due: datetime | None = None
    error: str = ""
    created: datetime
    sent: datetime | None = None
    read_by: str = ""
    read: datetime | None = None


def add_notices(connection: Connection, notices: Iterable[StoredNotice]) -> None:
    """Put notices into the outbox."""
    names = [column.name for column in change_notices.columns]
    rows = [{name: getattr(notice, name) for name in names} for notice in notices]
    if rows:
        connection.execute(insert(change_notices), [row | {"content": dict(row["content"])} for row in rows])


def claim_notices(connection: Connection, now: datetime, until: datetime, limit: int) -> tuple[StoredNotice, ...]:
    """Take notices that are due; nobody else gets them before ``until``, when they are due again unless settled."""
    query = (
        select(change_notices)
        .where(change_notices.c.state == WAITING, change_notices.c.due <= now)
        .order_by(change_notices.c.due, change_notices.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).mappings().all()
    if rows:
        connection.execute(
            update(change_notices)
            .where(change_notices.c.id.in_([row["id"] for row in rows]))
            .values(due=until, attempts=change_notices.c.attempts + 1)
        )
    return tuple(_stored(row) for row in rows)


def settle_notice(
    connection: Connection,
    notice_id: str,
    *,
    state: str,
    error: str = "",
    due: datetime | None = None,
    sent: datetime | None = None,
) -> None:
    """Write down how an attempt ended."""
    connection.execute(
        update(change_notices)
        .where(change_notices.c.id == notice_id, change_notices.c.state == WAITING)
        .values(state=state, error=error, due=due, sent=sent)
    )


def retry_notice(connection: Connection, notice_id: str, now: datetime) -> bool:
    """Make a dead notice due again, with all its attempts; False when it is not dead."""
    done = connection.execute(
        update(change_notices)
        .where(change_notices.c.id == notice_id, change_notices.c.state == DEAD)
        .values(state=WAITING, attempts=0, due=now, error="")
    )
    return done.rowcount == 1


def mark_read(connection: Connection, notice_id: str, person: str, now: datetime) -> bool:
    """Mark an inbox notice as read by its first reader; False when it was read before."""
    done = connection.execute(
        update(change_notices)
        .where(change_notices.c.id == notice_id, change_notices.c.channel == INBOX, change_notices.c.read.is_(None))
        .values(read=now, read_by=person)
    )
    return done.rowcount == 1


def get_notice(connection: Connection, notice_id: str) -> StoredNotice | None:
    """One notice, or None."""
    row = connection.execute(select(change_notices).where(change_notices.c.id == notice_id)).mappings().first()
    return None if row is None else _stored(row)


def notices_of_case(connection: Connection, case_number: int) -> tuple[StoredNotice, ...]:
    """Every notice of a case, oldest first."""
    query = select(change_notices).where(change_notices.c.case_number == case_number).order_by(change_notices.c.id)
    return tuple(_stored(row) for row in connection.execute(query).mappings())


def inbox(
    connection: Connection, teams: Iterable[str] | None, *, after: str = "", limit: int
) -> tuple[StoredNotice, ...]:
    """Notices in the console inbox of ``teams`` (None: of all), newest first, below the id ``after``."""
    query = (
        select(change_notices)
        .where(change_notices.c.channel == INBOX)
        .order_by(change_notices.c.id.desc())
        .limit(limit)
    )
    if teams is not None:
        query = query.where(change_notices.c.team.in_(sorted(teams)))
    if after:
        query = query.where(change_notices.c.id < after)
    return tuple(_stored(row) for row in connection.execute(query).mappings())


def undelivered(connection: Connection, *, limit: int) -> tuple[StoredNotice, ...]:
    """Notices that could not be delivered and are not tried any more, oldest first."""
    query = select(change_notices).where(change_notices.c.state == DEAD).order_by(change_notices.c.id).limit(limit)
    return tuple(_stored(row) for row in connection.execute(query).mappings())


def _stored(row: RowMapping) -> StoredNotice:
    return StoredNotice(**row)
