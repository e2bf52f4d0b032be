"""A whole identity service on a SQLite file, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from easement.identity.authorization_server import AuthorizationServer, authorization_server
from easement.identity.credentials import CredentialStore
from easement.identity.oauth_messages import OAuthRequest
from easement.identity.people import People
from easement.identity.sign_in import SignIn
from easement.identity.signing_keys import KeyRing
from easement.identity.spent_tokens import SpentTokens
from easement.keys.local import open_local_keys
from easement.ledger.record import Record
from easement.plan.model import Account
from easement.store.database import open_engine, sqlite_url
from easement.store.tables import METADATA

ISSUER = "https://localhost:9443"


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class Records(list[Record]):
    def __call__(self, records: Sequence[Record]) -> None:
        self.extend(records)

    def acts(self) -> list[str]:
        return [record.message_type for record in self]


def account(client_id: str, **changes: object) -> Account:
    values: dict[str, object] = {
        "client_id": client_id,
        "system": client_id,
        "scopes": ("orders.read", "orders.write"),
        "audiences": ("urn:easement:interface:orders", "urn:easement:interface:stock"),
        "attributes": {"region": "eu"},
        "authentication": ("oauth2",),
    }
    return Account(**{**values, **changes})  # type: ignore[arg-type]


@dataclass
class Identity:
    engine: Engine
    clock: Clock
    records: Records
    credentials: CredentialStore
    keys: KeyRing
    server: AuthorizationServer
    people: People
    sign_in: SignIn
    accounts: dict[str, Account]

    def secret(self, client_id: str = "warehouse") -> str:
        return self.credentials.issue_secret(client_id, actor="ada", now=self.clock()).secret.reveal()

    def ask(self, endpoint: str = "token", *, authorization: str = "", remote: str = "192.0.2.1", **form: str):
        parameters: Mapping[str, tuple[str, ...]] = {name: (value,) for name, value in form.items()}
        request = OAuthRequest(form=parameters, authorization=authorization, remote=remote)
        return getattr(self.server, endpoint)(request, self.clock())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(sqlite_url(tmp_path / "control.db"))
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def identity(engine: Engine, clock: Clock, tmp_path: Path) -> Identity:
    records = Records()
    accounts = {"warehouse": account("warehouse"), "billing": account("billing")}
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    keys = KeyRing(engine, open_local_keys(folder), records)
    keys.advance(clock())
    credentials = CredentialStore(engine, records)
    server = authorization_server(
        issuer=ISSUER,
        accounts=accounts.get,
        credentials=credentials,
        keys=keys,
        spent=SpentTokens(engine),
        record=records,
    )
    people = People(engine, records)
    return Identity(
        engine, clock, records, credentials, keys, server, people, SignIn(engine, people, records, clock), accounts
    )
