"""When documents were last approved."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from easement.store.reviews import APPROVED
from easement.store.tables import reviews


def last_approvals(connection: Connection, kind: str) -> dict[str, datetime]:
    """The latest approval of each document of a kind, by name."""
    table = reviews
    latest = func.max(table.c.decided, type_=table.c.decided.type).label("latest")
    rows = connection.execute(
        select(table.c.name, latest)
        .where(table.c.kind == kind, table.c.state == APPROVED, table.c.decided.is_not(None))
        .group_by(table.c.name)
    )
    return {row.name: row.latest for row in rows}
