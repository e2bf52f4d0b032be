"""The key ring in the database: rotation, compromise, and other processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from easement.identity.signing_keys import KeyRing, KeyState
from easement.identity.tokens import TokenError, TokenVerifier
from easement.keys.local import open_local_keys
from easement.keys.provider import KeyProviderError

from .conftest import ISSUER, Identity


def token(identity: Identity, secret: str) -> str:
    answer = identity.ask(grant_type="client_credentials", client_id="warehouse", client_secret=secret)
    assert answer.body is not None
    return str(answer.body["access_token"])


def verify(identity: Identity, text: str) -> None:
    TokenVerifier(identity.keys.jwks(), ISSUER).verify(text, identity.clock().timestamp())


def test_tokens_stay_valid_through_a_rotation(identity: Identity) -> None:
    secret = identity.secret()
    first = identity.keys.current(identity.clock()).kid
    identity.clock.pass_(seconds=1)
    identity.keys.rotate(actor="ada", now=identity.clock())
    assert not identity.keys.advance(identity.clock())
    assert len(identity.keys.jwks()["keys"]) == 2
    assert identity.keys.current(identity.clock()).kid == first
    identity.clock.pass_(minutes=61)
    old = token(identity, secret)
    assert identity.keys.advance(identity.clock())
    assert identity.keys.current(identity.clock()).kid != first
    verify(identity, old)
    verify(identity, token(identity, secret))
    identity.clock.pass_(minutes=61)
    identity.keys.advance(identity.clock())
    assert [key.state for key in identity.keys.history()] == [KeyState.GONE, KeyState.ACTIVE]
    assert first not in {jwk["kid"] for jwk in identity.keys.jwks()["keys"]}


def test_compromised_key_takes_its_tokens_with_it(identity: Identity) -> None:
    secret = identity.secret()
    stolen = token(identity, secret)
    identity.keys.rotate(actor="ada", now=identity.clock(), compromised=True)
    with pytest.raises(TokenError):
        verify(identity, stolen)
    verify(identity, token(identity, secret))
    assert identity.records[-1].account == "ada"


def test_private_half_is_destroyed_when_a_key_retires_and_never_published(identity: Identity) -> None:
    from sqlalchemy import select

    from easement.store.tables import signing_keys

    identity.keys.rotate(actor="ada", now=identity.clock())
    identity.clock.pass_(minutes=61)
    identity.keys.advance(identity.clock())
    with identity.engine.connect() as connection:
        sealed = {row.state: row.private_sealed for row in connection.execute(select(signing_keys))}
    assert sealed["retiring"] == b""
    assert sealed["active"] != b""
    assert not any("d" in jwk for jwk in identity.keys.jwks()["keys"])


def test_another_process_signs_with_the_same_key_and_sees_a_rotation_soon(identity: Identity, tmp_path: Path) -> None:
    other = KeyRing(identity.engine, open_local_keys(tmp_path / "keys"), identity.records)
    now = identity.clock()
    assert other.current(now).kid == identity.keys.current(now).kid
    identity.keys.rotate(actor="ada", now=now, compromised=True)
    identity.clock.pass_(seconds=15)
    assert other.current(identity.clock()).kid == identity.keys.current(identity.clock()).kid


def test_database_without_its_key_file_signs_nothing(identity: Identity, tmp_path: Path) -> None:
    strange = tmp_path / "strange"
    strange.mkdir()
    with pytest.raises(KeyProviderError, match="restore"):
        KeyRing(identity.engine, open_local_keys(strange), identity.records).current(identity.clock())


def test_rotation_that_cannot_be_recorded_is_not_done(identity: Identity) -> None:
    def broken(_records: object) -> None:
        raise OSError("disk full")

    before = identity.keys.jwks()
    with pytest.raises(OSError, match="disk full"):
        KeyRing(identity.engine, identity.keys.provider, broken).rotate(
            actor="ada", now=identity.clock(), compromised=True
        )
    assert identity.keys.jwks() == before
