"""``easement credential`` and ``easement person`` against a control plane that listens on a real port."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from joserfc.jwk import ECKey
from sqlalchemy import Engine
from typer.testing import CliRunner

from easement.api.access import AccessControl
from easement.api.accounts import accounts_router
from easement.api.oauth import oauth_router
from easement.api.people import people_router
from easement.api.problem import install_problem_handlers
from easement.api.session_cookie import SessionCookie
from easement.cli import credential_command, person_command
from easement.identity.authorization_server import authorization_server
from easement.identity.certificate_authority import open_authority
from easement.identity.credentials import CredentialStore
from easement.identity.first_run import prepare_people
from easement.identity.people import People
from easement.identity.sign_in import SignIn
from easement.identity.signing_keys import KeyRing
from easement.identity.spent_tokens import SpentTokens
from easement.keys.local import open_local_keys
from easement.ledger.record import Record
from easement.plan.model import Account
from easement.store.database import open_engine, sqlite_url
from easement.store.tables import METADATA

WAREHOUSE = Account(
    client_id="warehouse",
    system="warehouse",
    scopes=("orders.read",),
    audiences=("urn:easement:interface:orders",),
    attributes={},
    authentication=("oauth2",),
)


@dataclass
class Plane:
    url: str
    data: Path
    records: list[Record]

    def run(self, command: object, *arguments: str, status: int = 0) -> str:
        result = CliRunner().invoke(command, [*arguments, "--server", self.url, "--data", str(self.data)])  # type: ignore[arg-type]
        assert result.exit_code == status, result.output
        return result.output


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(sqlite_url(tmp_path / "control.db"))
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def plane(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plane]:
    monkeypatch.delenv("EASEMENT_TOKEN", raising=False)
    for name in ("keys", "certificates"):
        (tmp_path / name).mkdir(mode=0o700)
    records: list[Record] = []
    now = datetime.now(UTC)
    provider = open_local_keys(tmp_path / "keys")
    keys = KeyRing(engine, provider, records.extend)
    keys.advance(now)
    credentials = CredentialStore(engine, records.extend)
    people = People(engine, records.extend)
    sign_in = SignIn(engine, people, records.extend)
    prepare_people(people, sign_in, operator_token=tmp_path / "keys" / "operator.token", now=now)
    authority = open_authority(
        certificates=tmp_path / "certificates",
        keys=tmp_path / "keys",
        provider=provider,
        trust_domain="x.test",
        now=now,
    )
    access = AccessControl(authenticator=sign_in, cookie=SessionCookie(allow_plain=True), record=records.extend)
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(
        accounts_router(
            credentials, authority, SpentTokens(engine), is_system={"warehouse"}.__contains__, guard=access.guard
        )
    )
    app.include_router(people_router(sign_in, console_url="http://127.0.0.1", guard=access.guard))
    app.include_router(
        oauth_router(
            authorization_server(
                issuer="https://localhost:9443",
                accounts={"warehouse": WAREHOUSE}.get,
                credentials=credentials,
                keys=keys,
                spent=SpentTokens(engine),
                record=records.extend,
            )
        )
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Plane(f"http://127.0.0.1:{port}", tmp_path, records)
    server.should_exit = True
    thread.join(10)


def test_issued_secret_gets_a_token_until_it_is_revoked(plane: Plane) -> None:
    issued = json.loads(plane.run(credential_command.app, "issue", "warehouse", "-o", "json"))
    ask = {"grant_type": "client_credentials"}
    login = (issued["clientId"], issued["clientSecret"])
    assert httpx.post(plane.url + "/oauth/token", data=ask, auth=login).status_code == 200
    listed = plane.run(credential_command.app, "list", "warehouse")
    assert issued["id"] in listed
    assert issued["clientSecret"] not in listed
    plane.run(credential_command.app, "revoke", "warehouse", issued["id"])
    assert httpx.post(plane.url + "/oauth/token", data=ask, auth=login).status_code == 401
    assert [record.account for record in plane.records if record.message_type.startswith("credential.")] == [
        "operator",
        "operator",
    ]


def test_secret_is_printed_once_and_only_on_standard_output(plane: Plane) -> None:
    printed = plane.run(credential_command.app, "issue", "warehouse")
    assert printed.count("eas_") == 1
    plane.run(credential_command.app, "rotate", "warehouse", "--overlap", "1")


def test_unknown_system_says_so_with_its_code(plane: Plane) -> None:
    assert "EAS-7101" in plane.run(credential_command.app, "issue", "nobody", status=1)


def test_key_is_registered_from_a_file_and_a_private_one_is_refused(plane: Plane, tmp_path: Path) -> None:
    key = ECKey.generate_key("P-256", private=True)
    for private in (False, True):
        (tmp_path / "key.jwk").write_text(json.dumps(key.as_dict(private=private)))
        printed = plane.run(
            credential_command.app, "register", "warehouse", str(tmp_path / "key.jwk"), status=int(private)
        )
        assert ("EAS-7103" in printed) is private


def test_certificate_is_written_with_a_private_key_file(plane: Plane, tmp_path: Path) -> None:
    plane.run(credential_command.app, "certificate", "warehouse", str(tmp_path / "out"))
    assert (tmp_path / "out/warehouse.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "out/warehouse.pem").read_text().count("BEGIN CERTIFICATE") == 2


def test_person_gets_a_link_and_a_token_that_work_with_their_roles_only(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = plane.run(person_command.app, "add", "ruth", "--role", "reviewer")
    assert "/sign-in/" in added
    token = plane.run(person_command.app, "token", "ruth", "--label", "ci").splitlines()[0]
    assert "ruth" in plane.run(person_command.app, "list")
    monkeypatch.setenv("EASEMENT_TOKEN", token)
    plane.run(credential_command.app, "issue", "warehouse", status=4)
    monkeypatch.setenv("EASEMENT_TOKEN", "wrong")
    plane.run(person_command.app, "list", status=4)
    monkeypatch.delenv("EASEMENT_TOKEN")
    plane.run(person_command.app, "roles", "ruth", "--role", "viewer")
    plane.run(person_command.app, "revoke-tokens", "ruth")
    plane.run(person_command.app, "disable", "ruth")
    assert "(disabled)" in plane.run(person_command.app, "list")
    assert "EAS-7204" in plane.run(person_command.app, "link", "ruth", status=1)


def test_no_control_plane_no_token_and_plain_http_elsewhere_have_their_exit_codes(plane: Plane, tmp_path: Path) -> None:
    plane.url = "http://127.0.0.1:1"
    plane.run(person_command.app, "list", status=5)
    plane.url = "http://control.example.test"
    assert "https" in plane.run(person_command.app, "list", status=2)
    plane.url, plane.data = "http://127.0.0.1:1", tmp_path / "nowhere"
    assert "EASEMENT_TOKEN" in plane.run(person_command.app, "list", status=4)
