"""The whole API over ASGI: real registry, real people and tokens, a real ledger folder; health alone is empty."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from easement.api.access import AccessControl
from easement.api.app import create_api
from easement.api.services import ControlServices
from easement.api.session_cookie import SessionCookie
from easement.governance.registry import Registry
from easement.identity.people import People
from easement.identity.sign_in import SignIn
from easement.keys.secrets import Secret
from easement.ledger.query import LedgerReader
from easement.ledger.record import Record
from easement.store.database import open_engine, sqlite_url
from easement.store.migrate import upgrade
from easement.store.revocations import Revocations

PEOPLE = {
    "dev": ["developer"],
    "rita": ["reviewer"],
    "sam": ["security"],
    "olga": ["operator"],
    "otto": ["auditor"],
    "vic": ["viewer"],
    "all": ["developer", "reviewer", "security", "compliance", "operator", "auditor", "admin"],
}
NODE_TOKEN = "node-token-of-the-test"


@dataclass
class NoHealth:
    def integration_health(self, now: datetime) -> Sequence[Any]:  # noqa: ARG002 - the signature is the reader's
        return ()

    def accounts_in_several_places(self, now: datetime) -> dict[str, list[str]]:  # noqa: ARG002 - as above
        return {}


@dataclass
class Control:
    """The application with its parts, and a client for each person."""

    app: Any
    services: ControlServices
    sign_in: SignIn
    records: list[Record]
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, person: str = "", **headers: str) -> httpx.AsyncClient:
        if person:
            headers["Authorization"] = f"Bearer {self.tokens[person]}"
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    engine = open_engine(sqlite_url(tmp_path / "control.db"))
    upgrade(engine)
    records: list[Record] = []
    people = People(engine, records.extend)
    sign_in = SignIn(engine, people, records.extend)
    tokens = {}
    for name, roles in PEOPLE.items():
        people.add(name, roles, actor="test", now=datetime.now(UTC))
        tokens[name] = sign_in.issue_api_token(name, label="test", actor="test").reveal()
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    services = ControlServices(
        registry=Registry(engine=engine, environment="development", record=records.extend),
        ledger=LedgerReader(ledger),
        health=NoHealth(),
        access=AccessControl(authenticator=sign_in, cookie=SessionCookie(allow_plain=True), record=records.extend),
        node_token=Secret(NODE_TOKEN),
        jwks=lambda: {"keys": []},
        revocations=Revocations,
        api_keys=dict,
        roles=lambda: {"gateway": False},
        max_bundle_bytes=200_000,
        max_body_bytes=20_000,
    )
    yield Control(create_api(services), services, sign_in, records, tokens)
    engine.dispose()
