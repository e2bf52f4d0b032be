"""Who stands behind a person: who made them, who gave them their roles, who issued what they sign in with.

Four eyes mean two people. Somebody who makes a second person, or lends an existing one a role or a token, still has
only two eyes. So nobody decides about a revision of somebody who stands behind them, over any number of steps, nor of
somebody behind whom they stand themselves. The installation (``easement``) stands behind the first people and counts
as nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from easement.store.ids import new_id
from easement.store.tables import people
from easement.store.tables_reviews import role_grants

INSTALLATION: Final = "easement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouching:
    """For each person those who made them or gave them a role that they hold now. Pure."""

    grantors: Mapping[str, frozenset[str]]

    def behind(self, person: str, issuer: str = "") -> frozenset[str]:
        """Everybody who stands behind ``person``, who signed in with what ``issuer`` had issued."""
        found: set[str] = set()
        waiting = [*self.grantors.get(person, ()), issuer]
        while waiting:
            one = waiting.pop()
            if one in found or one in {"", INSTALLATION, person}:
                continue
            found.add(one)
            waiting += self.grantors.get(one, ())
        return frozenset(found)


def read_vouching(connection: Connection) -> Vouching:
    """Who stands directly behind whom now."""
    held = {row.name: frozenset(row.roles) for row in connection.execute(select(people.c.name, people.c.roles))}
    makers: dict[str, str] = {}
    latest: dict[tuple[str, str], str] = {}
    for row in connection.execute(select(role_grants).order_by(role_grants.c.id)):
        makers.setdefault(row.person, row.granted_by)
        latest[row.person, row.role] = row.granted_by
    grantors: dict[str, set[str]] = {person: {maker} for person, maker in makers.items()}
    for (person, role), grantor in latest.items():
        if role in held.get(person, frozenset()):
            grantors[person].add(grantor)
    return Vouching(grantors={person: frozenset(found) for person, found in grantors.items()})


def note_grants(connection: Connection, person: str, roles: Iterable[str], *, by: str, now: datetime) -> None:
    """Write down that ``by`` gave these roles to ``person``."""
    rows = [
        {"id": new_id(), "person": person, "role": role, "granted_by": by, "created": now} for role in sorted(roles)
    ]
    if rows:
        connection.execute(insert(role_grants), rows)
