"""People: who may use the API, the CLI and the console, and in which roles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Engine, Row, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from easement.identity.acts import RecordSink, administrative_act
from easement.identity.vouching import note_grants
from easement.store.database import reading, writing
from easement.store.ids import new_id
from easement.store.tables import people

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._@+-]{0,98}[A-Za-z0-9])?")


class Role(StrEnum):
    """What a person may do; each route and each review says which roles it takes."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    REVIEWER = "reviewer"
    SECURITY = "security"
    COMPLIANCE = "compliance"
    COE = "coe"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMIN = "admin"


class PeopleError(Exception):
    """A person cannot be added, changed or found. ``code`` is explained in the catalogue of problem codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is signed in, or could be. ``roles`` are those of this sign-in: a token may carry fewer.

    ``issued_by`` is who issued the token or the sign-in link that was used.

    ``session`` names the web session (its stored hash) and is empty for a bearer token: only a session needs ``csrf``,
    the value that each changing request of a browser must repeat.
    """

    id: str
    name: str
    roles: frozenset[str]
    session: str = ""
    csrf: str = ""
    issued_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEntry:
    """A person as the administrator sees them."""

    id: str
    name: str
    roles: tuple[str, ...]
    created: datetime
    disabled: datetime | None


@dataclass(frozen=True, slots=True)
class People:
    """The register of people. Every change is a ledger record inside its transaction."""

    engine: Engine
    record: RecordSink

    def add(self, name: str, roles: Iterable[str], *, actor: str, now: datetime) -> PersonEntry:
        """Add a person. Raises :class:`PeopleError` for a name that is taken or malformed, or an unknown role."""
        if not _NAME.fullmatch(name):
            raise PeopleError("EAS-7201", f"{name!r} is not a name: use letters, digits and . _ @ + - (at most 100)")
        checked = _roles(roles)
        entry = PersonEntry(id=new_id(), name=name, roles=checked, created=now, disabled=None)
        row = {"id": entry.id, "name": name, "roles": list(checked), "created": now}
        try:
            with writing(self.engine) as connection:
                connection.execute(insert(people).values(**row))
                note_grants(connection, name, checked, by=actor, now=now)
                self._record("person.added", name, checked, actor, now)
        except IntegrityError as error:
            raise PeopleError("EAS-7202", f"there is a person named {name!r} already") from error
        return entry

    def set_roles(self, name: str, roles: Iterable[str], *, actor: str, now: datetime) -> None:
        """Replace the roles of a person. The last enabled administrator cannot lose that role."""
        checked = _roles(roles)
        with writing(self.engine) as connection:
            before = connection.execute(select(people.c.roles).where(people.c.name == name)).scalar_one_or_none()
            _change(connection, name, roles=list(checked))
            _keep_an_administrator(connection)
            note_grants(connection, name, set(checked) - set(before or ()), by=actor, now=now)
            self._record("person.roles-changed", name, checked, actor, now)

    def disable(self, name: str, *, actor: str, now: datetime) -> None:
        """Shut a person out: sessions, tokens and links stop working at once. The last administrator stays."""
        with writing(self.engine) as connection:
            _change(connection, name, disabled=now)
            _keep_an_administrator(connection)
            self._record("person.disabled", name, (), actor, now)

    def find(self, name: str) -> PersonEntry:
        """The person of this name. Raises :class:`PeopleError` when there is none."""
        with reading(self.engine) as connection:
            row = connection.execute(select(people).where(people.c.name == name)).one_or_none()
        if row is None:
            raise PeopleError("EAS-7204", f"there is no person named {name!r}")
        return _entry(row)

    def all(self) -> tuple[PersonEntry, ...]:
        """Everybody, by name."""
        with reading(self.engine) as connection:
            return tuple(_entry(row) for row in connection.execute(select(people).order_by(people.c.name)))

    def _record(self, act: str, name: str, roles: tuple[str, ...], actor: str, now: datetime) -> None:
        detail = {"roles": roles} if roles else {}
        self.record([administrative_act(act, actor=actor, subject=name, now=now, detail=detail)])


def _roles(roles: Iterable[str]) -> tuple[str, ...]:
    asked = sorted(set(roles))
    if unknown := [role for role in asked if role not in {*Role}]:
        raise PeopleError("EAS-7203", f"unknown role {unknown[0]!r}: use {', '.join(Role)}")
    if not asked:
        raise PeopleError("EAS-7203", "a person needs at least one role")
    return tuple(asked)


def _change(connection: Connection, name: str, **values: object) -> None:
    changed = connection.execute(
        update(people).where(people.c.name == name, people.c.disabled.is_(None)).values(**values)
    )
    if not changed.rowcount:
        raise PeopleError("EAS-7204", f"there is no enabled person named {name!r}")


def _keep_an_administrator(connection: Connection) -> None:
    rows = connection.execute(select(people.c.roles).where(people.c.disabled.is_(None)).with_for_update()).scalars()
    if not any(Role.ADMIN in roles for roles in rows):
        raise PeopleError("EAS-7205", "this would leave no administrator: give somebody else the role first")


def enabled_person(connection: Connection, person_id: Select[tuple[str]] | str) -> PersonEntry | None:
    """The person of this id who is not disabled, or None."""
    row = connection.execute(select(people).where(people.c.id == person_id, people.c.disabled.is_(None))).one_or_none()
    return _entry(row) if row is not None else None


def _entry(row: Row[tuple[object, ...]]) -> PersonEntry:
    return PersonEntry(id=row.id, name=row.name, roles=tuple(row.roles), created=row.created, disabled=row.disabled)
