"""How people prove who they are to us: API tokens, one-time links and web sessions. All random, stored as hashes.

* An API token carries at most its owner's roles, and ends.
* A link is good for one sign-in within fifteen minutes.
* A session ends after eight idle hours, or after a week whatever happens; disabling its owner ends it at once.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, delete, insert, select, update

from easement.identity.acts import RecordSink, administrative_act
from easement.identity.people import People, PeopleError, Person, PersonEntry, enabled_person
from easement.identity.random_token import credential_pattern, new_random, stored_hash
from easement.keys.secrets import Secret
from easement.store.database import reading, writing
from easement.store.tables import api_tokens, one_time_links, web_sessions

API_TOKEN_PREFIX: Final = "eap_"  # noqa: S105 - the public prefix
LINK_LIFE: Final = timedelta(minutes=15)
API_TOKEN_LIFE: Final = timedelta(days=30)
MAX_API_TOKEN_LIFE: Final = timedelta(days=366)
SESSION_IDLE: Final = timedelta(hours=8)
SESSION_LIFE: Final = timedelta(days=7)
_SEEN_EVERY: Final = timedelta(minutes=1)
_API_TOKEN = credential_pattern(API_TOKEN_PREFIX)
_RANDOM = credential_pattern("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session just begun: the cookie's value, shown to nobody else, and whose it is."""

    cookie: Secret
    person: Person
    expires: datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Issues and checks what people sign in with. It is the API's authenticator."""

    engine: Engine
    people: People
    record: RecordSink
    clock: Callable[[], datetime] = _now

    def issue_api_token(
        self,
        name: str,
        *,
        label: str,
        scopes: Iterable[str] = (),
        life: timedelta | None = API_TOKEN_LIFE,
        actor: str,
    ) -> Secret:
        """A bearer token for a person, shown once. ``scopes`` narrows it to some of their roles; none means all.

        ``life`` of None makes a token without end: for the installation's own operator file only.
        """
        now, person = self.clock(), self._enabled(name)
        wanted = sorted(set(scopes))
        if not set(wanted) <= set(person.roles):
            raise PeopleError(
                "EAS-7206", f"a token of {name} can carry only roles of {name}: {', '.join(person.roles)}"
            )
        if life is not None and not timedelta(0) < life <= MAX_API_TOKEN_LIFE:
            raise PeopleError("EAS-7105", f"a token lives at most {MAX_API_TOKEN_LIFE.days} days")
        value = API_TOKEN_PREFIX + new_random()
        hashed = stored_hash(value)
        row = {"hash": hashed, "person_id": person.id, "label": label[:200], "scopes": wanted, "issued_by": actor}
        with writing(self.engine) as connection:
            expires = None if life is None else now + life
            connection.execute(insert(api_tokens).values(**row, created=now, expires=expires))
            self._record("api-token.issued", actor, name, now, token=hashed[:12])
        return Secret(value)

    def revoke_api_tokens(self, name: str, *, actor: str) -> int:
        """End every API token of a person; how many there were."""
        now, person = self.clock(), self.people.find(name)
        with writing(self.engine) as connection:
            live = (api_tokens.c.person_id == person.id) & api_tokens.c.revoked.is_(None)
            count = connection.execute(update(api_tokens).where(live).values(revoked=now)).rowcount
            self._record("api-token.revoked", actor, name, now, count=count)
        return count

    def authenticate_bearer(self, token: str) -> Person | None:
        """Whose API token this is. A token of a service account is none, so it can never administer."""
        if not _API_TOKEN.fullmatch(token):
            return None
        now = self.clock()
        with reading(self.engine) as connection:
            row = connection.execute(select(api_tokens).where(api_tokens.c.hash == stored_hash(token))).one_or_none()
            if row is None or row.revoked is not None or (row.expires is not None and row.expires <= now):
                return None
            entry = enabled_person(connection, row.person_id)
        if entry is None:
            return None
        scopes = frozenset(row.scopes)
        roles = frozenset(entry.roles) & scopes if scopes else frozenset(entry.roles)
        return Person(id=entry.id, name=entry.name, roles=roles, issued_by=row.issued_by or "")

    def issue_link(self, name: str, *, actor: str) -> Secret:
        """The code of a one-time sign-in link; links of this person that are still open end."""
        now, person = self.clock(), self._enabled(name)
        code = new_random()
        with writing(self.engine) as connection:
            still_open = (one_time_links.c.person_id == person.id) & one_time_links.c.used.is_(None)
            connection.execute(update(one_time_links).where(still_open).values(used=now))
            row = {"hash": stored_hash(code), "person_id": person.id, "issued_by": actor, "expires": now + LINK_LIFE}
            connection.execute(insert(one_time_links).values(**row))
            self._record("sign-in-link.issued", actor, name, now)
        return Secret(code)

    def is_open_link(self, code: str) -> bool:
        """Whether a link could be used now. Looking does not use it: mail programs look."""
        now = self.clock()
        if not _RANDOM.fullmatch(code):
            return False
        with reading(self.engine) as connection:
            row = connection.execute(
                select(one_time_links).where(one_time_links.c.hash == stored_hash(code))
            ).one_or_none()
        return row is not None and row.used is None and row.expires > now

    def use_link(self, code: str) -> Session | None:
        """Use a one-time link up and begin a session; None when it is unknown, used, or too old."""
        if not _RANDOM.fullmatch(code):
            return None
        now, hashed = self.clock(), stored_hash(code)
        is_open = (one_time_links.c.hash == hashed) & one_time_links.c.used.is_(None) & (one_time_links.c.expires > now)
        with writing(self.engine) as connection:
            if not connection.execute(update(one_time_links).where(is_open).values(used=now)).rowcount:
                return None
            link = connection.execute(select(one_time_links).where(one_time_links.c.hash == hashed)).one()
            entry = enabled_person(connection, link.person_id)
            return None if entry is None else self._begin(connection, entry, now, issued_by=link.issued_by or "")

    def begin_vouched_session(self, name: str, provider: str) -> Session | None:
        """Begin a session for whom an OpenID provider has vouched; None for nobody's name, or a disabled person's."""
        now = self.clock()
        try:
            entry = self._enabled(name)
        except PeopleError:
            return None
        with writing(self.engine) as connection:
            return self._begin(connection, entry, now, provider=provider)

    def _begin(
        self, connection: Connection, entry: PersonEntry, now: datetime, *, issued_by: str = "", **detail: str
    ) -> Session:
        cookie = new_random()
        session = _person_of_session(entry, cookie, issued_by)
        expires = now + SESSION_LIFE
        row = {"hash": session.session, "person_id": entry.id, "issued_by": session.issued_by, "created": now}
        connection.execute(insert(web_sessions).values(**row, last_seen=now, expires=expires))
        connection.execute(delete(web_sessions).where(web_sessions.c.expires <= now))
        self._record("session.begun", entry.name, entry.name, now, **detail)
        return Session(cookie=Secret(cookie), person=session, expires=expires)

    def authenticate_session(self, cookie: str) -> Person | None:
        """Whose session this is, or None; using a session keeps it from idling out."""
        if not _RANDOM.fullmatch(cookie):
            return None
        now, hashed = self.clock(), stored_hash(cookie)
        with reading(self.engine) as connection:
            row = connection.execute(select(web_sessions).where(web_sessions.c.hash == hashed)).one_or_none()
            seen = None if row is None else (row.last_seen or row.created)
            if row is None or seen is None or row.expires <= now or seen + SESSION_IDLE <= now:
                return None
            entry = enabled_person(connection, row.person_id)
        if entry is not None and now - seen >= _SEEN_EVERY:
            with writing(self.engine) as connection:
                connection.execute(update(web_sessions).where(web_sessions.c.hash == hashed).values(last_seen=now))
        return None if entry is None or row is None else _person_of_session(entry, cookie, row.issued_by or "")

    def end_session(self, cookie: str) -> None:
        """Sign out. Ending a session that is not there is no error."""
        now, person = self.clock(), self.authenticate_session(cookie)
        if person is None:
            return
        with writing(self.engine) as connection:
            connection.execute(delete(web_sessions).where(web_sessions.c.hash == person.session))
            self._record("session.ended", person.name, person.name, now)

    def _enabled(self, name: str) -> PersonEntry:
        person = self.people.find(name)
        if person.disabled is not None:
            raise PeopleError("EAS-7204", f"{name} is disabled")
        return person

    def _record(self, act: str, actor: str, subject: str, now: datetime, **detail: str | int) -> None:
        self.record([administrative_act(act, actor=actor, subject=subject, now=now, detail=detail)])


def _person_of_session(entry: PersonEntry, cookie: str, issued_by: str) -> Person:
    csrf = hmac.digest(cookie.encode(), b"easement csrf", hashlib.sha256).hex()
    return Person(
        id=entry.id,
        name=entry.name,
        roles=frozenset(entry.roles),
        session=stored_hash(cookie),
        csrf=csrf,
        issued_by=issued_by,
    )


def is_csrf_token(person: Person, presented: str) -> bool:
    """Whether ``presented`` is the value that belongs to this person's session; constant time."""
    return bool(person.csrf) and hmac.compare_digest(person.csrf.encode(), presented.encode())
