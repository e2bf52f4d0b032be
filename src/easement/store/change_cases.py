"""Change cases and the consumers in them. A case is numbered once (``CHG-0007``) and never removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from easement.store.integrations import MovedError
from easement.store.tables_changes import change_cases, change_parties

PREFIX: Final = "CHG-"
_CHUNK: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredParty:
    """One consumer in a case. ``until`` is the day up to which it has said that it needs the old version."""

    integration: str
    consumer: str
    team: str
    criticality: str
    answer: str = ""
    until: datetime | None = None
    reason: str = ""
    person: str = ""
    answered: datetime | None = None
    hits: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase:
    """One change case. ``name`` is the registry's key of what changes, ``successor`` the key of what takes over.

    ``verdicts`` are as the API shows them. ``permitted_until`` and ``confirmed_by`` belong to an emergency.
    """

    number: int = 0
    kind: str
    name: str
    old_revision: str
    successor: str = ""
    new_revision: str = ""
    state: str
    emergency: bool = False
    reason: str
    link: str = ""
    verdicts: tuple[Mapping[str, Any], ...] = ()
    opened_by: str
    opened: datetime
    noticed: datetime | None = None
    sunset: datetime | None = None
    started: datetime | None = None
    closed: datetime | None = None
    confirmed_by: str = ""
    permitted_until: datetime | None = None
    follow_up: str = ""
    version: int = 1
    parties: tuple[StoredParty, ...] = ()

    @property
    def id(self) -> str:
        """``CHG-0007``."""
        return f"{PREFIX}{self.number:04d}"

    @property
    def subject(self) -> str:
        """``interface/orders-api@1``."""
        return f"{self.kind.lower()}/{self.name}"

    def party(self, integration: str) -> StoredParty | None:
        """The consumer of this integration, or None."""
        return next((party for party in self.parties if party.integration == integration), None)


def add_case(connection: Connection, case: StoredCase) -> StoredCase:
    """Keep a new case with its parties and give it its number."""
    number = connection.execute(
        insert(change_cases).values(**_columns(case), version=1).returning(change_cases.c.number)
    ).scalar_one()
    for party in case.parties:
        _add_party(connection, number, party)
    return replace(case, number=number, version=1)


def change_case(connection: Connection, case: StoredCase, **changed: Any) -> StoredCase:
    """Change columns. Raises :class:`~easement.store.integrations.MovedError` when ``case`` is out of date."""
    done = connection.execute(
        update(change_cases)
        .where(change_cases.c.number == case.number, change_cases.c.version == case.version)
        .values(**changed, version=case.version + 1)
    )
    if done.rowcount == 0:
        raise MovedError(f"change case {case.id} was changed in the meantime: look again, then repeat")
    return replace(case, **changed, version=case.version + 1)


def put_party(connection: Connection, case: StoredCase, party: StoredParty) -> StoredCase:
    """Write one consumer of a case anew, or add it. The caller counts the change with :func:`change_case`."""
    known = case.party(party.integration) is not None
    if known:
        connection.execute(
            update(change_parties)
            .where(change_parties.c.case_number == case.number, change_parties.c.integration == party.integration)
            .values(**_party_columns(party))
        )
    else:
        _add_party(connection, case.number, party)
    others = tuple(one for one in case.parties if one.integration != party.integration)
    return replace(case, parties=tuple(sorted((*others, party), key=lambda one: one.integration)))


def get_case(connection: Connection, number: int) -> StoredCase | None:
    """One case with its parties, or None."""
    row = connection.execute(select(change_cases).where(change_cases.c.number == number)).mappings().first()
    return None if row is None else _stored(row, _parties(connection, [number]).get(number, ()))


def list_cases(
    connection: Connection,
    *,
    states: Iterable[str] = (),
    kind: str = "",
    name: str = "",
    after: int = 0,
    since: datetime | None = None,
    limit: int,
) -> tuple[StoredCase, ...]:
    """Cases in the order they were opened, after a number; with ``since`` only those that were closed after it."""
    query = select(change_cases).where(change_cases.c.number > after).order_by(change_cases.c.number).limit(limit)
    if wanted := tuple(states):
        query = query.where(change_cases.c.state.in_(wanted))
    if kind:
        query = query.where(change_cases.c.kind == kind)
    if name:
        query = query.where(change_cases.c.name == name)
    if since is not None:
        query = query.where(change_cases.c.closed >= since)
    rows = connection.execute(query).mappings().all()
    parties = _parties(connection, [row["number"] for row in rows])
    return tuple(_stored(row, parties.get(row["number"], ())) for row in rows)


def _add_party(connection: Connection, number: int, party: StoredParty) -> None:
    connection.execute(
        insert(change_parties).values(case_number=number, integration=party.integration, **_party_columns(party))
    )


def _columns(case: StoredCase) -> dict[str, Any]:
    names = [column.name for column in change_cases.columns if column.name not in {"number", "version"}]
    return {name: list(case.verdicts) if name == "verdicts" else getattr(case, name) for name in names}


def _party_columns(party: StoredParty) -> dict[str, Any]:
    names = [column.name for column in change_parties.columns if column.name not in {"case_number", "integration"}]
    return {name: list(party.hits) if name == "hits" else getattr(party, name) for name in names}


def _parties(connection: Connection, numbers: list[int]) -> dict[int, tuple[StoredParty, ...]]:
    found: dict[int, list[StoredParty]] = {}
    for start in range(0, len(numbers), _CHUNK):
        query = (
            select(change_parties)
            .where(change_parties.c.case_number.in_(numbers[start : start + _CHUNK]))
            .order_by(change_parties.c.integration)
        )
        for row in connection.execute(query).mappings():
            values = {name: value for name, value in row.items() if name not in {"case_number", "hits"}}
            found.setdefault(row["case_number"], []).append(StoredParty(**values, hits=tuple(row["hits"])))
    return {number: tuple(parties) for number, parties in found.items()}


def _stored(row: RowMapping, parties: tuple[StoredParty, ...]) -> StoredCase:
    values = {name: value for name, value in row.items() if name != "verdicts"}
    return StoredCase(**values, verdicts=tuple(row["verdicts"]), parties=parties)
