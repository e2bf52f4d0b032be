"""People, API tokens, links, sessions and the first run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from easement.identity.first_run import ensure_node_token, prepare_people
from easement.identity.people import PeopleError, Role
from easement.identity.sign_in import is_csrf_token
from easement.keys.private_file import PrivateFileError

from .conftest import Identity


@pytest.fixture
def ada(identity: Identity) -> Identity:
    identity.people.add("ada", ["admin", "reviewer"], actor="test", now=identity.clock())
    return identity


def bearer(identity: Identity, **options: object) -> str:
    return identity.sign_in.issue_api_token("ada", label="t", actor="test", **options).reveal()  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "a\n", "é", "x" * 101, "<script>"])
def test_odd_name_for_a_person_is_refused(identity: Identity, name: str) -> None:
    with pytest.raises(PeopleError):
        identity.people.add(name, ["viewer"], actor="test", now=identity.clock())


@pytest.mark.parametrize("roles", [[], ["root"], ["viewer", "Admin"]])
def test_unknown_or_missing_role_is_refused(identity: Identity, roles: list[str]) -> None:
    with pytest.raises(PeopleError):
        identity.people.add("eve", roles, actor="test", now=identity.clock())


def test_last_administrator_keeps_the_role(ada: Identity) -> None:
    with pytest.raises(PeopleError, match="no administrator"):
        ada.people.set_roles("ada", ["viewer"], actor="ada", now=ada.clock())
    with pytest.raises(PeopleError, match="no administrator"):
        ada.people.disable("ada", actor="ada", now=ada.clock())
    assert ada.people.find("ada").roles == ("admin", "reviewer")


def test_api_token_carries_at_most_its_owners_present_roles(ada: Identity) -> None:
    everything, narrowed = bearer(ada), bearer(ada, scopes=["reviewer"])
    ada.people.add("bob", ["admin"], actor="test", now=ada.clock())
    assert ada.sign_in.authenticate_bearer(everything).roles == {"admin", "reviewer"}
    assert ada.sign_in.authenticate_bearer(narrowed).roles == {"reviewer"}
    with pytest.raises(PeopleError):
        bearer(ada, scopes=["operator"])
    ada.people.set_roles("ada", ["viewer"], actor="bob", now=ada.clock())
    assert ada.sign_in.authenticate_bearer(everything).roles == {"viewer"}
    assert ada.sign_in.authenticate_bearer(narrowed).roles == frozenset()


def test_api_token_ends_by_time_by_revocation_and_with_its_owner(ada: Identity) -> None:
    short, long = bearer(ada, life=timedelta(hours=1)), bearer(ada)
    ada.clock.pass_(hours=1)
    assert ada.sign_in.authenticate_bearer(short) is None
    assert ada.sign_in.authenticate_bearer(long) is not None
    ada.people.add("bob", ["admin"], actor="test", now=ada.clock())
    ada.people.disable("ada", actor="bob", now=ada.clock())
    assert ada.sign_in.authenticate_bearer(long) is None
    with pytest.raises(PeopleError):
        bearer(ada)
    with pytest.raises(PeopleError):
        ada.sign_in.issue_link("ada", actor="bob")
    token = ada.sign_in.issue_api_token("bob", label="t", actor="bob").reveal()
    assert ada.sign_in.revoke_api_tokens("bob", actor="bob") == 1
    assert ada.sign_in.authenticate_bearer(token) is None


@pytest.mark.parametrize("token", ["", "eap_", "eap_" + "a" * 43, "eas_" + "a" * 60, "Bearer x", "eap_" + "é" * 43])
def test_anything_else_is_nobody(ada: Identity, token: str) -> None:
    assert ada.sign_in.authenticate_bearer(token) is None
    assert ada.sign_in.authenticate_session(token) is None


def test_api_token_is_no_session_and_a_session_no_api_token(ada: Identity) -> None:
    session = ada.sign_in.use_link(ada.sign_in.issue_link("ada", actor="x").reveal())
    assert session is not None
    assert ada.sign_in.authenticate_bearer(session.cookie.reveal()) is None
    assert ada.sign_in.authenticate_session(bearer(ada)) is None


def test_newer_link_ends_an_older_one_and_time_ends_both(ada: Identity) -> None:
    first = ada.sign_in.issue_link("ada", actor="x").reveal()
    second = ada.sign_in.issue_link("ada", actor="x").reveal()
    assert ada.sign_in.use_link(first) is None
    ada.clock.pass_(minutes=15)
    assert not ada.sign_in.is_open_link(second)
    assert ada.sign_in.use_link(second) is None


def test_link_of_somebody_disabled_meanwhile_signs_nobody_in(ada: Identity) -> None:
    code = ada.sign_in.issue_link("ada", actor="x").reveal()
    ada.people.add("bob", ["admin"], actor="test", now=ada.clock())
    ada.people.disable("ada", actor="bob", now=ada.clock())
    assert ada.sign_in.use_link(code) is None


def test_session_idles_out_lives_on_while_used_and_ends_after_a_week(ada: Identity) -> None:
    def begin() -> str:
        session = ada.sign_in.use_link(ada.sign_in.issue_link("ada", actor="x").reveal())
        assert session is not None
        return session.cookie.reveal()

    idle, used = begin(), begin()
    for _ in range(27):
        ada.clock.pass_(hours=6)
        assert ada.sign_in.authenticate_session(used) is not None
    assert ada.sign_in.authenticate_session(idle) is None
    ada.clock.pass_(hours=6)
    assert ada.sign_in.authenticate_session(used) is None


def test_csrf_value_belongs_to_one_session(ada: Identity) -> None:
    sessions = [ada.sign_in.use_link(ada.sign_in.issue_link("ada", actor="x").reveal()) for _ in range(2)]
    first, second = (session.person for session in sessions if session is not None)
    assert is_csrf_token(first, first.csrf)
    assert not is_csrf_token(first, second.csrf)
    assert not is_csrf_token(first, "")
    token_person = ada.sign_in.authenticate_bearer(bearer(ada))
    assert token_person is not None
    assert not is_csrf_token(token_person, "")


def test_nothing_that_signs_in_is_stored_or_recorded(ada: Identity, tmp_path: Path) -> None:
    code = ada.sign_in.issue_link("ada", actor="x").reveal()
    session = ada.sign_in.use_link(code)
    assert session is not None
    shown = [code, session.cookie.reveal(), bearer(ada)]
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("control.db*"))
    for value in shown:
        assert value.encode() not in stored
        assert value not in repr(ada.records)
        assert value not in repr(session)


def test_first_run_makes_an_administrator_a_link_and_a_private_token_once(identity: Identity, tmp_path: Path) -> None:
    path = tmp_path / "operator.token"
    first = prepare_people(identity.people, identity.sign_in, operator_token=path, now=identity.clock())
    assert first.link_code is not None
    session = identity.sign_in.use_link(first.link_code.reveal())
    assert session is not None
    assert session.person.roles == {*Role}
    assert path.stat().st_mode & 0o777 == 0o600
    token = path.read_text().strip()
    operator = identity.sign_in.authenticate_bearer(token)
    assert operator is not None
    assert operator.roles == {"admin", "operator"}
    again = prepare_people(identity.people, identity.sign_in, operator_token=path, now=identity.clock())
    assert again.link_code is None
    assert path.read_text().strip() == token


def test_operator_token_open_to_others_or_lost_is_replaced_and_ends(identity: Identity, tmp_path: Path) -> None:
    path = tmp_path / "operator.token"
    prepare_people(identity.people, identity.sign_in, operator_token=path, now=identity.clock())
    seen = path.read_text().strip()
    path.chmod(0o644)
    prepare_people(identity.people, identity.sign_in, operator_token=path, now=identity.clock())
    assert identity.sign_in.authenticate_bearer(seen) is None
    assert identity.sign_in.authenticate_bearer(path.read_text().strip()) is not None
    assert path.stat().st_mode & 0o777 == 0o600


def test_disabled_operator_gets_no_token(identity: Identity, tmp_path: Path) -> None:
    path = tmp_path / "operator.token"
    prepare_people(identity.people, identity.sign_in, operator_token=path, now=identity.clock())
    identity.people.disable("operator", actor="administrator", now=identity.clock())
    path.unlink()
    prepare_people(identity.people, identity.sign_in, operator_token=path, now=identity.clock())
    assert not path.exists()


def test_node_token_is_made_once_and_refused_when_open_to_others(tmp_path: Path) -> None:
    path = tmp_path / "node.token"
    first = ensure_node_token(path)
    assert ensure_node_token(path) == first
    path.chmod(0o604)
    with pytest.raises(PrivateFileError):
        ensure_node_token(path)
