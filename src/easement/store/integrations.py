"""Integration ids and lifecycle states. A number is given once and never again, also after removal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from easement.store.tables import integrations


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIntegration:
    """What the registry knows of one integration. ``version`` grows with each change of state."""

    number: int
    name: str
    state: str
    created: datetime
    changed: datetime
    version: int

    @property
    def id(self) -> str:
        """``INT-0042``."""
        return f"INT-{self.number:04d}"


class MovedError(Exception):
    """Somebody else changed it first: the version that the writer saw is not the present one."""


def present_integrations(connection: Connection) -> dict[str, StoredIntegration]:
    """All integrations that are not removed, by name."""
    rows = connection.execute(select(integrations).where(integrations.c.removed.is_(None)))
    return {
        row.name: StoredIntegration(
            number=row.number,
            name=row.name,
            state=row.state,
            created=row.created,
            changed=row.changed,
            version=row.version,
        )
        for row in rows
    }


def add_integration(connection: Connection, name: str, state: str, now: datetime) -> StoredIntegration:
    """Give a new integration its number."""
    number = connection.execute(
        insert(integrations)
        .values(name=name, state=state, created=now, changed=now, version=1)
        .returning(integrations.c.number)
    ).scalar_one()
    return StoredIntegration(number=number, name=name, state=state, created=now, changed=now, version=1)


def move_integration(connection: Connection, stored: StoredIntegration, state: str, now: datetime) -> None:
    """Change the lifecycle state. Raises :class:`MovedError` when ``stored`` is out of date."""
    changed = connection.execute(
        update(integrations)
        .where(integrations.c.number == stored.number, integrations.c.version == stored.version)
        .values(state=state, changed=now, version=integrations.c.version + 1)
    )
    if changed.rowcount == 0:
        raise MovedError(f"integration {stored.name} was changed in the meantime: look again, then repeat")


def remove_integration(connection: Connection, number: int, now: datetime) -> None:
    """Mark as removed. The row stays, so that the number is never given again."""
    connection.execute(
        update(integrations)
        .where(integrations.c.number == number)
        .values(removed=now, changed=now, version=integrations.c.version + 1)
    )
