"""Client secrets and keys: two generations, one end each, and client assertions under attack."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey

from easement.identity.credentials import CredentialError
from easement.identity.spent_tokens import SpentTokens

from .conftest import ISSUER, Identity

KEY = ECKey.generate_key("P-256", parameters={"kid": "k1"}, private=True)
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def works(identity: Identity, secret: str) -> bool:
    return identity.credentials.is_secret_of("warehouse", secret, identity.clock())


def test_secret_is_stored_as_a_hash_only(identity: Identity, tmp_path: Any) -> None:
    secret = identity.secret()
    assert secret.startswith("eas_")
    assert works(identity, secret)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("control.db*"))
    assert secret.encode() not in stored
    assert secret.split("_", 2)[2].encode() not in stored


def test_two_secrets_live_at_once_and_a_third_does_not(identity: Identity) -> None:
    first, second = identity.secret(), identity.secret()
    assert works(identity, first)
    assert works(identity, second)
    with pytest.raises(CredentialError, match="rotate"):
        identity.secret()
    identity.clock.pass_(days=181)
    assert not works(identity, first)
    identity.secret()


def test_rotation_lets_the_newest_old_secret_work_for_the_overlap(identity: Identity) -> None:
    oldest = identity.secret()
    identity.clock.pass_(seconds=1)
    old = identity.secret()
    identity.clock.pass_(seconds=1)
    new = identity.credentials.rotate_secret(
        "warehouse", actor="ada", now=identity.clock(), overlap=timedelta(hours=1)
    ).secret.reveal()
    assert [works(identity, secret) for secret in (oldest, old, new)] == [False, True, True]
    identity.clock.pass_(hours=1)
    assert [works(identity, secret) for secret in (oldest, old, new)] == [False, False, True]


def test_rotation_never_prolongs_a_secret(identity: Identity) -> None:
    now = identity.clock()
    short = identity.credentials.issue_secret("warehouse", actor="ada", now=now, life=timedelta(hours=2))
    identity.credentials.rotate_secret("warehouse", actor="ada", now=now, overlap=timedelta(days=30))
    identity.clock.pass_(hours=2)
    assert not works(identity, short.secret.reveal())


def test_revoked_secret_ends_at_once_and_for_its_owner_only(identity: Identity) -> None:
    issued = identity.credentials.issue_secret("warehouse", actor="ada", now=identity.clock())
    with pytest.raises(CredentialError):
        identity.credentials.revoke("billing", issued.id, actor="ada", now=identity.clock())
    assert works(identity, issued.secret.reveal())
    identity.credentials.revoke("warehouse", issued.id, actor="ada", now=identity.clock())
    assert not works(identity, issued.secret.reveal())
    with pytest.raises(CredentialError):
        identity.credentials.revoke("warehouse", issued.id, actor="ada", now=identity.clock())


def test_every_change_is_recorded_with_who_did_it(identity: Identity) -> None:
    issued = identity.credentials.issue_secret("warehouse", actor="ada", now=identity.clock())
    identity.credentials.revoke("warehouse", issued.id, actor="grace", now=identity.clock())
    issue, revoke = identity.records[-2:]
    assert (issue.message_type, issue.account, issue.target) == ("credential.issued", "ada", "warehouse")
    assert (revoke.message_type, revoke.account, revoke.detail["credential"]) == (
        "credential.revoked", "grace", issued.id,
    )  # fmt: skip


@pytest.mark.parametrize("client_id", ["", "../x", "A", "a b", "a\n", "a" * 64])
def test_secret_for_what_is_no_system_name_is_refused(identity: Identity, client_id: str) -> None:
    with pytest.raises(CredentialError):
        identity.credentials.issue_secret(client_id, actor="ada", now=identity.clock())


def register(identity: Identity, client_id: str = "warehouse", key: ECKey = KEY) -> None:
    identity.credentials.register_key(client_id, key.as_dict(private=False), actor="ada", now=identity.clock())


def test_key_belongs_to_one_account_and_never_comes_back(identity: Identity) -> None:
    register(identity)
    with pytest.raises(CredentialError, match="before"):
        register(identity, "billing")
    identity.credentials.revoke("warehouse", KEY.thumbprint(), actor="ada", now=identity.clock())
    with pytest.raises(CredentialError, match="before"):
        register(identity)


def test_private_key_is_not_accepted_for_registration(identity: Identity) -> None:
    with pytest.raises(CredentialError, match="private"):
        identity.credentials.register_key("warehouse", KEY.as_dict(private=True), actor="ada", now=identity.clock())


def test_third_live_key_and_repeated_kid_are_refused(identity: Identity) -> None:
    register(identity)
    with pytest.raises(CredentialError, match="kid"):
        register(identity, key=ECKey.generate_key("P-256", parameters={"kid": "k1"}, private=True))
    register(identity, key=ECKey.generate_key("P-256", parameters={"kid": "k2"}, private=True))
    with pytest.raises(CredentialError, match="two live keys"):
        register(identity, key=ECKey.generate_key("P-256", parameters={"kid": "k3"}, private=True))


def assertion(identity: Identity, key: ECKey = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    now = int(identity.clock().timestamp())
    claims = {
        "iss": "warehouse", "sub": "warehouse", "aud": ISSUER, "exp": now + 60, "iat": now, "jti": "one", **changes,
    }  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return joserfc_jwt.encode({"alg": "ES256", "kid": "k1", **(header or {})}, claims, key)


def ask(identity: Identity, text: str, **more: str) -> int:
    return int(
        identity.ask(
            grant_type="client_credentials", client_assertion_type=ASSERTION, client_assertion=text, **more
        ).status
    )


@pytest.mark.parametrize("audience", [ISSUER, ISSUER + "/oauth/token", [ISSUER]], ids=str)
def test_rfc7523_assertion_for_us_is_accepted(identity: Identity, audience: Any) -> None:
    register(identity)
    assert ask(identity, assertion(identity, aud=audience)) == 200


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"aud": "https://other"}, id="rfc7523-3-audience-of-another-server"),
        pytest.param({"aud": [ISSUER, "https://other"]}, id="audience-also-of-another-server"),
        pytest.param({"aud": None}, id="rfc7523-3-audience-missing"),
        pytest.param({"aud": []}, id="audience-empty"),
        pytest.param({"iss": "billing"}, id="rfc7523-3-issuer-is-not-the-client"),
        pytest.param({"sub": "billing"}, id="rfc7523-3-subject-is-not-the-client"),
        pytest.param({"iss": None}, id="issuer-missing"),
        pytest.param({"exp": None}, id="rfc7523-3-exp-missing"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"exp": 4_000_000_000}, id="lives-for-years"),
        pytest.param({"nbf": 4_000_000_000}, id="future-nbf"),
        pytest.param({"jti": None}, id="jti-missing"),
        pytest.param({"jti": "x" * 201}, id="jti-too-long"),
        pytest.param({"jti": 5}, id="jti-not-text"),
        pytest.param({"header": {"typ": "at+jwt"}}, id="access-token-as-assertion"),
        pytest.param({"header": {"kid": "k2"}}, id="unknown-kid"),
    ],
)
def test_hostile_assertion_is_refused_as_invalid_client(identity: Identity, changes: dict[str, Any]) -> None:
    register(identity)
    assert ask(identity, assertion(identity, **changes)) == 401


def test_assertion_by_a_strangers_key_is_refused(identity: Identity) -> None:
    register(identity)
    assert ask(identity, assertion(identity, ECKey.generate_key("P-256", private=True))) == 401


def test_assertion_of_an_account_without_keys_is_refused(identity: Identity) -> None:
    assert ask(identity, assertion(identity)) == 401


def test_assertion_with_a_revoked_key_is_refused(identity: Identity) -> None:
    register(identity)
    identity.credentials.revoke("warehouse", KEY.thumbprint(), actor="ada", now=identity.clock())
    assert ask(identity, assertion(identity)) == 401


def test_replayed_assertion_is_refused_over_a_restart_until_it_would_have_expired(identity: Identity) -> None:
    register(identity)
    text = assertion(identity)
    assert ask(identity, text) == 200
    assert ask(identity, text) == 401
    spent = SpentTokens(identity.engine)
    identity.clock.pass_(seconds=59)
    spent.forget_expired(identity.clock())
    assert ask(identity, text) == 401
    identity.clock.pass_(seconds=10)
    spent.forget_expired(identity.clock())
    assert ask(identity, text) == 401


def test_same_jti_of_two_clients_is_no_replay(identity: Identity) -> None:
    other = ECKey.generate_key("P-256", parameters={"kid": "k1"}, private=True)
    register(identity)
    register(identity, "billing", other)
    assert ask(identity, assertion(identity)) == 200
    assert ask(identity, assertion(identity, other, iss="billing", sub="billing")) == 200


def test_assertion_without_its_type_or_with_another_is_an_invalid_request(identity: Identity) -> None:
    register(identity)
    text = assertion(identity)
    without = identity.ask(grant_type="client_credentials", client_assertion=text)
    other = identity.ask(grant_type="client_credentials", client_assertion=text, client_assertion_type="urn:saml")
    assert {answer.body["error"] for answer in (without, other)} == {"invalid_request"}


def token_of(identity: Identity, client_id: str = "warehouse") -> tuple[str, str]:
    secret = identity.secret(client_id)
    answer = identity.ask(grant_type="client_credentials", client_id=client_id, client_secret=secret)
    return str(answer.body["access_token"]), secret


def test_rfc7662_token_of_another_client_looks_inactive(identity: Identity) -> None:
    token, secret = token_of(identity)
    _, others = token_of(identity, "billing")
    mine = identity.ask("introspect", client_id="warehouse", client_secret=secret, token=token)
    theirs = identity.ask("introspect", client_id="billing", client_secret=others, token=token)
    assert mine.body["active"] is True
    assert mine.body["client_id"] == "warehouse"
    assert theirs.body == {"active": False}


def test_rfc7662_expired_garbled_and_foreign_tokens_are_inactive(identity: Identity) -> None:
    token, secret = token_of(identity)
    identity.clock.pass_(seconds=306)
    for text in (token, "garbage", token[:-2], assertion(identity)):
        answer = identity.ask("introspect", client_id="warehouse", client_secret=secret, token=text)
        assert answer.body == {"active": False}


def test_rfc7662_2_1_introspection_without_authentication_is_refused(identity: Identity) -> None:
    token, _ = token_of(identity)
    assert identity.ask("introspect", token=token).status == 401


def test_rfc7009_2_1_token_of_another_client_is_not_revoked(identity: Identity) -> None:
    token, secret = token_of(identity)
    _, others = token_of(identity, "billing")
    assert identity.ask("revoke", client_id="billing", client_secret=others, token=token).status == 400
    seen = identity.ask("introspect", client_id="warehouse", client_secret=secret, token=token)
    assert seen.body["active"] is True


def test_rfc7009_2_2_invalid_token_is_answered_with_200(identity: Identity) -> None:
    _, secret = token_of(identity)
    for text in ("garbage", "a.b.c"):
        answer = identity.ask("revoke", client_id="warehouse", client_secret=secret, token=text)
        assert answer.status == 200


def test_rfc7009_revoking_twice_is_no_error_and_missing_token_is(identity: Identity) -> None:
    token, secret = token_of(identity)
    for _ in range(2):
        assert identity.ask("revoke", client_id="warehouse", client_secret=secret, token=token).status == 200
    missing = identity.ask("revoke", client_id="warehouse", client_secret=secret)
    assert (missing.status, missing.body["error"]) == (400, "invalid_request")
