"""How often a contract was used at each of its revisions: sums over the ledger, so that nobody reads it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from easement.store.tables import revisions
from easement.store.tables_changes import contract_usage, usage_position


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Transactions of one integration at one revision. Times are milliseconds since the epoch, UTC."""

    count: int
    first_ms: int
    last_ms: int

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            count=self.count + other.count,
            first_ms=min(self.first_ms, other.first_ms),
            last_ms=max(self.last_ms, other.last_ms),
        )


UsageKey = tuple[str, str]
"""Integration and revision."""


def counted_position(connection: Connection) -> int:
    """The ledger position up to which everything is counted."""
    return connection.execute(select(usage_position.c.position)).scalar() or 0


def add_usage(connection: Connection, found: Mapping[UsageKey, Usage], *, before: int, position: int) -> bool:
    """Add sums and move the position. False, and nothing done, when another process has counted past ``before``."""
    known = connection.execute(select(usage_position.c.position).with_for_update()).scalar()
    if (known or 0) != before:
        return False
    for (integration, revision), usage in sorted(found.items()):
        _add(connection, integration, revision, usage)
    if known is None:
        connection.execute(insert(usage_position).values(id=1, position=position))
    else:
        connection.execute(update(usage_position).values(position=position))
    return True


def usage_of_interface(connection: Connection, name: str) -> list[tuple[str, Mapping[str, Any], Usage]]:
    """Integration, body of its revision, and sums, for revisions that refer to any version of interface ``name``."""
    query = (
        select(contract_usage, revisions.c.body)
        .join(
            revisions,
            (revisions.c.kind == "Integration")
            & (revisions.c.name == contract_usage.c.integration)
            & (revisions.c.revision == contract_usage.c.revision),
        )
        .where(revisions.c.body["spec"]["interface"]["name"].as_string() == name)
    )
    return [
        (row.integration, row.body, Usage(count=row.transactions, first_ms=row.first_ms, last_ms=row.last_ms))
        for row in connection.execute(query)
    ]


def _add(connection: Connection, integration: str, revision: str, usage: Usage) -> None:
    here = (contract_usage.c.integration == integration, contract_usage.c.revision == revision)
    row = connection.execute(select(contract_usage).where(*here)).first()
    if row is None:
        connection.execute(
            insert(contract_usage).values(
                integration=integration,
                revision=revision,
                transactions=usage.count,
                first_ms=usage.first_ms,
                last_ms=usage.last_ms,
            )
        )
        return
    summed = usage.plus(Usage(count=row.transactions, first_ms=row.first_ms, last_ms=row.last_ms))
    connection.execute(
        update(contract_usage)
        .where(*here)
        .values(transactions=summed.count, first_ms=summed.first_ms, last_ms=summed.last_ms)
    )
