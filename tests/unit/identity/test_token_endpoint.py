"""The token endpoint, MUST by MUST (RFC 6749, 8707, 9068), and tokens read by a library that is not ours."""

from __future__ import annotations

import base64
from urllib.parse import quote_plus

import jwt as pyjwt
import pytest

from easement.identity.tokens import TokenVerifier

from .conftest import ISSUER, Identity, account


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def test_rfc6749_5_1_token_response_has_the_required_members_and_must_not_be_stored(identity: Identity) -> None:
    answer = identity.ask(grant_type="client_credentials", authorization=basic("warehouse", identity.secret()))
    assert answer.status == 200
    assert answer.body is not None
    assert answer.body["token_type"] == "Bearer"
    assert answer.body["expires_in"] == 300
    assert answer.body["scope"] == "orders.read orders.write"
    assert "refresh_token" not in answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"


def test_rfc9068_token_is_valid_in_pyjwt_and_has_every_required_claim(identity: Identity) -> None:
    answer = identity.ask(grant_type="client_credentials", client_id="warehouse", client_secret=identity.secret())
    assert answer.body is not None
    token = answer.body["access_token"]
    header = pyjwt.get_unverified_header(token)
    key = next(jwk for jwk in identity.server.jwks()["keys"] if jwk["kid"] == header["kid"])
    claims = pyjwt.decode(
        token,
        pyjwt.PyJWK(key).key,
        algorithms=["ES256"],
        audience="urn:easement:interface:orders",
        issuer=ISSUER,
        options={"require": ["iss", "exp", "aud", "sub", "client_id", "iat", "nbf", "jti"]},
    )
    assert header["typ"] == "at+jwt"
    assert claims["sub"] == claims["client_id"] == "warehouse"
    assert claims["aud"] == ["urn:easement:interface:orders", "urn:easement:interface:stock"]
    assert claims["attributes"] == {"region": "eu"}
    assert claims["exp"] - claims["iat"] == 300


def test_verifier_reads_what_the_server_issued(identity: Identity) -> None:
    answer = identity.ask(
        grant_type="client_credentials", client_id="warehouse", client_secret=identity.secret(), scope="orders.read"
    )
    assert answer.body is not None
    claims = TokenVerifier(identity.server.jwks(), ISSUER).verify(
        answer.body["access_token"], identity.clock().timestamp()
    )
    assert claims.scopes == ("orders.read",)
    assert claims.client_id == "warehouse"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({}, "invalid_request", id="no-grant-type"),
        pytest.param({"grant_type": "password"}, "unsupported_grant_type", id="password-grant"),
        pytest.param({"grant_type": "refresh_token"}, "unsupported_grant_type", id="refresh-grant"),
        pytest.param({"grant_type": "client_credentials", "scope": "admin"}, "invalid_scope", id="scope-not-granted"),
        pytest.param({"grant_type": "client_credentials", "scope": "a  b"}, "invalid_scope", id="two-spaces"),
        pytest.param({"grant_type": "client_credentials", "scope": 'a"b'}, "invalid_scope", id="quote-in-scope"),
        pytest.param({"grant_type": "client_credentials", "resource": "urn:x"}, "invalid_target", id="other-resource"),
    ],
)
def test_rfc6749_5_2_errors_are_400_with_their_code(identity: Identity, form: dict[str, str], error: str) -> None:
    answer = identity.ask(client_id="warehouse", client_secret=identity.secret(), **form)
    assert (answer.status, answer.body and answer.body["error"]) == (400, error)
    assert answer.headers["Cache-Control"] == "no-store"


def test_rfc8707_resource_narrows_the_audience(identity: Identity) -> None:
    answer = identity.ask(
        grant_type="client_credentials",
        client_id="warehouse",
        client_secret=identity.secret(),
        resource="urn:easement:interface:stock",
    )
    assert answer.body is not None
    claims = pyjwt.decode(answer.body["access_token"], options={"verify_signature": False})
    assert claims["aud"] == ["urn:easement:interface:stock"]


def test_account_that_lost_its_grants_gets_no_token(identity: Identity) -> None:
    secret = identity.secret()
    del identity.accounts["warehouse"]
    answer = identity.ask(grant_type="client_credentials", client_id="warehouse", client_secret=secret)
    assert (answer.status, answer.body and answer.body["error"]) == (400, "unauthorized_client")
    identity.accounts["warehouse"] = account("warehouse", audiences=())
    answer = identity.ask(grant_type="client_credentials", client_id="warehouse", client_secret=secret)
    assert answer.body is not None
    assert answer.body["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param({"client_id": "warehouse", "client_secret": "eas_wrong"}, id="wrong-secret"),
        pytest.param({"client_id": "nobody", "client_secret": "eas_wrong"}, id="unknown-client"),
        pytest.param({"client_id": "warehouse"}, id="no-secret"),
        pytest.param({"authorization": basic("warehouse", "eas_wrong")}, id="wrong-secret-basic"),
        pytest.param({"authorization": "Basic ~~~"}, id="not-base64"),
        pytest.param({"authorization": "Basic d2FyZWhvdXNl"}, id="no-colon"),
        pytest.param({"authorization": "Bearer abc"}, id="another-scheme"),
        pytest.param({}, id="nothing"),
    ],
)
def test_rfc6749_5_2_failed_client_authentication_is_401_and_names_the_scheme(
    identity: Identity, attempt: dict[str, str]
) -> None:
    identity.secret()
    answer = identity.ask(grant_type="client_credentials", **attempt)
    assert (answer.status, answer.body and answer.body["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_rfc6749_2_3_two_methods_in_one_request_are_refused(identity: Identity) -> None:
    secret = identity.secret()
    answer = identity.ask(
        grant_type="client_credentials",
        authorization=basic("warehouse", secret),
        client_id="warehouse",
        client_secret=secret,
    )
    assert answer.body is not None
    assert answer.body["error"] == "invalid_request"


def test_client_id_that_differs_from_the_authenticated_one_is_refused(identity: Identity) -> None:
    answer = identity.ask(
        grant_type="client_credentials", authorization=basic("warehouse", identity.secret()), client_id="billing"
    )
    assert answer.body is not None
    assert answer.body["error"] == "invalid_request"


def test_secret_of_one_account_does_not_open_another(identity: Identity) -> None:
    answer = identity.ask(
        grant_type="client_credentials", client_id="billing", client_secret=identity.secret("warehouse")
    )
    assert answer.status == 401


def test_failures_are_limited_and_recorded_boundedly_yet_shut_nobody_out(identity: Identity) -> None:
    right = {"grant_type": "client_credentials", "client_id": "warehouse", "client_secret": identity.secret()}
    wrong = {**right, "client_secret": "eas_no"}
    answers = [identity.ask(remote="203.0.113.9", **wrong) for _ in range(40)]
    assert [answer.status for answer in answers] == [401] * 10 + [429] * 30
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert identity.records.acts().count("client.authentication") == 10
    assert identity.ask(remote="192.0.2.1", **wrong).status == 401
    assert identity.ask(remote="203.0.113.9", **right).status == 200
    identity.clock.pass_(seconds=61)
    assert identity.ask(remote="203.0.113.9", **wrong).status == 401


def test_limit_on_failures_forgets_the_oldest_and_stays_bounded() -> None:
    from easement.identity.failure_limit import FailureLimit

    limit = FailureLimit(failures=1, capacity=3)
    for number in range(10):
        limit.failed(str(number), 0.0)
    assert [number for number in range(10) if limit.retry_after_s(str(number), 1.0)] == [7, 8, 9]


def test_failed_authentication_of_a_known_account_is_recorded_without_its_secret(identity: Identity) -> None:
    identity.ask(grant_type="client_credentials", client_id="warehouse", client_secret="eas_hunter2")
    identity.ask(grant_type="client_credentials", client_id="never-heard-of", client_secret="eas_hunter2")
    refusals = [record for record in identity.records if record.message_type == "client.authentication"]
    assert [(record.account, record.error_code) for record in refusals] == [("warehouse", "wrong-secret")]
    assert "hunter2" not in repr(identity.records)


def test_rfc8414_metadata_is_complete(identity: Identity) -> None:
    metadata = identity.server.metadata()
    assert metadata["issuer"] == ISSUER
    for name in ("token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"):
        assert metadata[name].startswith(ISSUER + "/")
    assert metadata["response_types_supported"] == []
    assert metadata["grant_types_supported"] == ["client_credentials"]
    assert "none" not in metadata["token_endpoint_auth_signing_alg_values_supported"]
    assert "HS256" not in metadata["token_endpoint_auth_signing_alg_values_supported"]


def test_error_description_keeps_to_the_characters_of_rfc6749(identity: Identity) -> None:
    from easement.identity.oauth_messages import OAuthError

    body = OAuthError("invalid_request", 'a "quote", a \\ and a line\nbreak').answer().body
    assert body is not None
    assert body["error_description"] == "a 'quote', a ' and a line'break"
