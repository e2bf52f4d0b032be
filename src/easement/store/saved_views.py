"""Saved views: named searches of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from easement.store.ids import new_id
from easement.store.tables_registry import saved_views


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredView:
    """One named search. ``query`` is what the search takes, as JSON."""

    id: str
    person: str
    name: str
    shared: bool
    query: Mapping[str, Any]
    created: datetime
    changed: datetime
    version: int


def visible_views(connection: Connection, person: str) -> tuple[StoredView, ...]:
    """A person's own views and those that others share, by name; the person's own first where names are equal."""
    table = saved_views
    rows = connection.execute(
        select(table)
        .where(or_(table.c.person == person, table.c.shared.is_(True)))
        .order_by(table.c.name, table.c.person != person, table.c.person)
    )
    return tuple(map(_stored, rows))


def count_views(connection: Connection, person: str) -> int:
    """How many views a person has."""
    return connection.execute(
        select(func.count()).select_from(saved_views).where(saved_views.c.person == person)
    ).scalar_one()


def put_view(
    connection: Connection, *, person: str, name: str, shared: bool, query: Mapping[str, Any], now: datetime
) -> bool:
    """Make or replace the view of that person and name; True where it is new."""
    table = saved_views
    mine = (table.c.person == person, table.c.name == name)
    changed = connection.execute(
        update(table).where(*mine).values(shared=shared, query=dict(query), changed=now, version=table.c.version + 1)
    )
    if changed.rowcount:
        return False
    connection.execute(
        insert(table).values(
            id=new_id(), person=person, name=name, shared=shared, query=dict(query), created=now, changed=now, version=1
        )
    )
    return True


def delete_view(connection: Connection, person: str, name: str) -> bool:
    """Remove a view; False where there is none."""
    done = connection.execute(delete(saved_views).where(saved_views.c.person == person, saved_views.c.name == name))
    return bool(done.rowcount)


def _stored(row: Row[Any]) -> StoredView:
    return StoredView(
        id=row.id,
        person=row.person,
        name=row.name,
        shared=row.shared,
        query=row.query,
        created=row.created,
        changed=row.changed,
        version=row.version,
    )
