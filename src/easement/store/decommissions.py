"""The removal of integrations, step by step: what is done is written down before the next begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from easement.store.integrations import MovedError
from easement.store.tables_lifecycle import decommissions


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecommission:
    """One removal. ``number`` is the integration's; ``steps`` maps what is done to what was seen then.

    ``cut`` is from when on nothing may flow, ``facts`` what later steps need of earlier ones.
    """

    number: int
    integration: str
    person: str
    reason: str
    started: datetime
    cut: datetime | None = None
    finished: datetime | None = None
    steps: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def id(self) -> str:
        """``INT-0042`` of the integration."""
        return f"INT-{self.number:04d}"


def get_decommission(connection: Connection, number: int) -> StoredDecommission | None:
    """The removal of the integration with this number, or None."""
    row = connection.execute(select(decommissions).where(decommissions.c.number == number)).first()
    return None if row is None else _stored(row)


def last_decommission(connection: Connection, integration: str) -> StoredDecommission | None:
    """The latest removal of an integration of this name, or None."""
    row = connection.execute(
        select(decommissions)
        .where(decommissions.c.integration == integration)
        .order_by(decommissions.c.number.desc())
        .limit(1)
    ).first()
    return None if row is None else _stored(row)


def open_decommissions(connection: Connection) -> tuple[StoredDecommission, ...]:
    """Removals that are not finished, oldest first."""
    rows = connection.execute(
        select(decommissions).where(decommissions.c.finished.is_(None)).order_by(decommissions.c.started)
    )
    return tuple(_stored(row) for row in rows)


def names_being_removed(connection: Connection) -> tuple[str, ...]:
    """Integrations that are cut and whose streams are to go now, sorted."""
    found = [one.integration for one in open_decommissions(connection) if one.cut is not None]
    return tuple(sorted(set(found)))


def begin_decommission(connection: Connection, begun: StoredDecommission) -> None:
    """Write a new removal down."""
    connection.execute(
        insert(decommissions).values(
            number=begun.number,
            integration=begun.integration,
            person=begun.person,
            reason=begun.reason,
            started=begun.started,
            steps=dict(begun.steps),
            facts=dict(begun.facts),
            version=1,
        )
    )


def advance_decommission(connection: Connection, after: StoredDecommission) -> StoredDecommission:
    """Write down how far it is. ``after`` has the version that was seen.

    Raises :class:`~easement.store.integrations.MovedError` when somebody else went on with it.
    """
    changed = connection.execute(
        update(decommissions)
        .where(decommissions.c.number == after.number, decommissions.c.version == after.version)
        .values(
            cut=after.cut,
            finished=after.finished,
            steps=dict(after.steps),
            facts=dict(after.facts),
            version=decommissions.c.version + 1,
        )
    )
    if changed.rowcount == 0:
        raise MovedError(f"the removal of {after.integration} goes on elsewhere: look again in a moment")
    return replace(after, version=after.version + 1)


def _stored(row: Row[Any]) -> StoredDecommission:
    return StoredDecommission(
        number=row.number,
        integration=row.integration,
        person=row.person,
        reason=row.reason,
        started=row.started,
        cut=row.cut,
        finished=row.finished,
        steps=dict(row.steps),
        facts=dict(row.facts),
        version=row.version,
    )
