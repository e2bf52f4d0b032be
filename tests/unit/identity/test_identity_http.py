"""The identity endpoints over HTTP, with clients that are not ours, and the ways in which they are abused."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, HTTPException, Request
from joserfc import jwk
from joserfc import jwt as joserfc_jwt

from easement.api.accounts import accounts_router
from easement.api.oauth import oauth_router
from easement.api.people import people_router
from easement.api.session_cookie import SessionCookie
from easement.api.sign_in import sign_in_router
from easement.api.signing_keys import signing_keys_router
from easement.identity.certificate_authority import open_authority
from easement.identity.people import Person
from easement.keys.local import open_local_keys

from .conftest import ISSUER, Identity

FORM = {"content-type": "application/x-www-form-urlencoded"}


def guard_with(identity: Identity):
    def guard(*roles: str):
        def check(request: Request) -> Person:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            person = identity.sign_in.authenticate_bearer(token) if scheme == "Bearer" else None
            if person is None:
                raise HTTPException(401)
            if not person.roles & set(roles):
                raise HTTPException(403)
            return person

        return check

    return guard


@pytest.fixture
def app(identity: Identity, tmp_path) -> FastAPI:
    folder = tmp_path / "authority"
    folder.mkdir()
    authority = open_authority(
        certificates=folder,
        keys=folder,
        provider=open_local_keys(folder),
        trust_domain="example.test",
        now=identity.clock(),
    )
    app = FastAPI()
    app.include_router(oauth_router(identity.server))
    app.include_router(sign_in_router(identity.sign_in, SessionCookie(allow_plain=True)))
    guard = guard_with(identity)
    published = app.state.published = []
    app.include_router(
        accounts_router(
            identity.credentials,
            authority,
            identity.server.spent,
            is_system=identity.accounts.__contains__,
            guard=guard,
        )
    )
    app.include_router(signing_keys_router(identity.keys, on_changed=lambda: published.append(1), guard=guard))
    app.include_router(people_router(identity.sign_in, console_url="http://127.0.0.1:8080", guard=guard))
    identity.people.add("root", ["admin"], actor="test", now=identity.clock())
    identity.people.add("vera", ["viewer"], actor="test", now=identity.clock())
    return app


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client


def bearer(identity: Identity, name: str, **options: Any) -> dict[str, str]:
    token = identity.sign_in.issue_api_token(name, label="test", actor="test", **options)
    return {"authorization": f"Bearer {token.reveal()}"}


@pytest.mark.asyncio
async def test_authlib_client_gets_a_token_with_basic_and_post(app: FastAPI, identity: Identity) -> None:
    with warnings.catch_warnings():  # Authlib announces at import that it will move to another HTTP library
        warnings.simplefilter("ignore")
        from authlib.integrations.httpx_client import AsyncOAuth2Client
    secret = identity.secret()
    for method in ("client_secret_basic", "client_secret_post"):
        async with AsyncOAuth2Client(
            "warehouse",
            secret,
            token_endpoint_auth_method=method,
            transport=httpx.ASGITransport(app),
        ) as client:
            token = await client.fetch_token(
                ISSUER + "/oauth/token", grant_type="client_credentials", scope="orders.read"
            )
        assert token["scope"] == "orders.read"


@pytest.mark.asyncio
async def test_plain_httpx_follows_the_metadata_from_assertion_to_introspection(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    key = jwk.ECKey.generate_key("P-256", parameters={"kid": "mine"}, private=True)
    identity.credentials.register_key("warehouse", key.as_dict(private=False), actor="ada", now=identity.clock())
    metadata = (await client.get("/.well-known/oauth-authorization-server")).json()

    def assertion(token_id: str) -> dict[str, str]:
        now = int(identity.clock().timestamp())
        claims = {"iss": "warehouse", "sub": "warehouse", "aud": ISSUER, "exp": now + 60, "iat": now, "jti": token_id}
        return {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": joserfc_jwt.encode({"alg": "ES256", "kid": "mine"}, claims, key),
        }

    first = await client.post(metadata["token_endpoint"], data={"grant_type": "client_credentials", **assertion("1")})
    assert first.status_code == 200, first.text
    token = first.json()["access_token"]
    seen = await client.post(metadata["introspection_endpoint"], data={"token": token, **assertion("2")})
    assert seen.json()["active"] is True
    gone = await client.post(metadata["revocation_endpoint"], data={"token": token, **assertion("3")})
    assert (gone.status_code, gone.content) == (200, b"")
    seen = await client.post(metadata["introspection_endpoint"], data={"token": token, **assertion("4")})
    assert seen.json() == {"active": False}
    replayed = await client.post(
        metadata["token_endpoint"], data={"grant_type": "client_credentials", **assertion("1")}
    )
    assert replayed.status_code == 401


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("url", "body", "headers", "status"),
    [
        pytest.param("/oauth/token", b"grant_type=a&grant_type=b", FORM, 400, id="repeated-parameter"),
        pytest.param("/oauth/token?client_secret=x", b"grant_type=a", FORM, 400, id="secret-in-query"),
        pytest.param("/oauth/token", b"{}", {"content-type": "application/json"}, 415, id="json"),
        pytest.param("/oauth/token", b"grant_type=" + b"a" * 40_000, FORM, 413, id="oversize"),
        pytest.param("/oauth/token", b"grant_type", FORM, 400, id="no-equals"),
        pytest.param("/oauth/token", b"a=%ff%fe", FORM, 400, id="not-utf8"),
        pytest.param("/oauth/token", "grant_type=é".encode("latin-1"), FORM, 400, id="not-ascii"),
        pytest.param("/oauth/token", b"&".join(b"p%d=1" % n for n in range(100)), FORM, 400, id="too-many-fields"),
        pytest.param("/oauth/token", b"", FORM, 401, id="empty"),
    ],
)
async def test_malformed_token_requests_are_refused_with_an_oauth_error(
    client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await client.post(url, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"] in {"invalid_request", "invalid_client"}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.asyncio
async def test_rfc6749_3_2_token_endpoint_takes_post_only(client: httpx.AsyncClient) -> None:
    assert (await client.get("/oauth/token")).status_code == 405


@pytest.mark.asyncio
async def test_access_token_of_a_service_account_never_administers(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    answer = identity.ask(grant_type="client_credentials", client_id="warehouse", client_secret=identity.secret())
    headers = {"authorization": f"Bearer {answer.body['access_token']}"}
    assert (await client.get("/api/v1/people", headers=headers)).status_code == 401


@pytest.mark.asyncio
async def test_one_time_link_survives_a_preview_and_signs_in_once(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    code = identity.sign_in.issue_link("vera", actor="root").reveal()
    for _ in range(3):
        page = await client.get(f"/sign-in/{code}")
        assert page.status_code == 200
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in page.headers["content-security-policy"]
    signed_in = await client.post(f"/sign-in/{code}")
    assert signed_in.status_code == 303
    cookie = signed_in.headers["set-cookie"]
    assert cookie.startswith("__Host-easement=")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Domain" not in cookie
    assert (await client.post(f"/sign-in/{code}")).status_code == 410
    person = identity.sign_in.authenticate_session(cookie.partition("=")[2].partition(";")[0])
    assert person is not None
    assert person.name == "vera"


@pytest.mark.asyncio
async def test_two_presses_at_once_make_one_session(client: httpx.AsyncClient, identity: Identity) -> None:
    code = identity.sign_in.issue_link("vera", actor="root").reveal()
    answers = await asyncio.gather(*(client.post(f"/sign-in/{code}") for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410, 410, 410, 410]


@pytest.mark.asyncio
async def test_another_site_cannot_sign_anybody_in(client: httpx.AsyncClient, identity: Identity) -> None:
    code = identity.sign_in.issue_link("vera", actor="root").reveal()
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert (await client.post(f"/sign-in/{code}", headers=headers)).status_code == 403
    assert identity.sign_in.is_open_link(code)


@pytest.mark.asyncio
async def test_plain_http_from_another_machine_gets_no_session(app: FastAPI, identity: Identity) -> None:
    code = identity.sign_in.issue_link("vera", actor="root").reveal()
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://easement.test") as client:
        assert (await client.post(f"/sign-in/{code}")).status_code == 403
    assert identity.sign_in.is_open_link(code)


@pytest.mark.asyncio
async def test_plain_http_on_loopback_in_development_gets_a_plain_cookie(app: FastAPI, identity: Identity) -> None:
    code = identity.sign_in.issue_link("vera", actor="root").reveal()
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        cookie = (await client.post(f"/sign-in/{code}")).headers["set-cookie"]
        assert cookie.startswith("easement_session=")
        assert "Secure" not in cookie
        refused = await client.post("/sign-out", content="csrf=wrong", headers=FORM)
        assert refused.status_code == 403
        person = identity.sign_in.authenticate_session(client.cookies["easement_session"])
        assert person is not None
        ended = await client.post("/sign-out", data={"csrf": person.csrf})
        assert ended.status_code == 200
        assert identity.sign_in.authenticate_session(cookie.partition("=")[2].partition(";")[0]) is None


@pytest.mark.asyncio
async def test_administrator_issues_rotates_and_revokes_credentials(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    headers = bearer(identity, "root")
    first = await client.post("/api/v1/accounts/warehouse/secrets", json={}, headers=headers)
    assert first.status_code == 201
    assert first.headers["cache-control"] == "no-store"
    secret = first.json()["clientSecret"]
    listed = (await client.get("/api/v1/accounts/warehouse/credentials", headers=headers)).text
    assert secret not in listed
    rotated = await client.post("/api/v1/accounts/warehouse/secrets/rotate", json={"overlapHours": 1}, headers=headers)
    assert rotated.status_code == 201
    third = await client.post("/api/v1/accounts/warehouse/secrets", json={}, headers=headers)
    assert (third.status_code, third.json()["code"]) == (409, "EAS-7102")
    gone = await client.delete(f"/api/v1/accounts/warehouse/credentials/{first.json()['id']}", headers=headers)
    assert gone.status_code == 204
    unknown = await client.post("/api/v1/accounts/nobody/secrets", json={}, headers=headers)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "EAS-7101")
    assert secret not in repr(identity.records)


@pytest.mark.asyncio
async def test_administrator_issues_a_client_certificate_once(client: httpx.AsyncClient, identity: Identity) -> None:
    headers = bearer(identity, "root")
    issued = await client.post("/api/v1/accounts/warehouse/certificates", json={"lifeHours": 2}, headers=headers)
    assert issued.status_code == 201
    assert "PRIVATE KEY" in issued.json()["privateKey"]
    assert identity.records.acts()[-1] == "credential.certificate-issued"


@pytest.mark.asyncio
async def test_viewer_can_neither_issue_credentials_nor_add_people(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    headers = bearer(identity, "vera")
    assert (await client.get("/api/v1/me", headers=headers)).json() == {"name": "vera", "roles": ["viewer"]}
    for path, body in (
        ("/api/v1/accounts/warehouse/secrets", {}),
        ("/api/v1/people", {"name": "eve", "roles": ["admin"]}),
        ("/api/v1/people/administrator/links", None),
        ("/api/v1/people/administrator/tokens", {"label": "x"}),
    ):
        assert (await client.post(path, json=body, headers=headers)).status_code == 403


@pytest.mark.asyncio
async def test_administrator_adds_a_person_and_gives_them_a_link_and_a_token(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    headers = bearer(identity, "root")
    added = await client.post("/api/v1/people", json={"name": "ruth", "roles": ["reviewer"]}, headers=headers)
    assert added.status_code == 201
    again = await client.post("/api/v1/people", json={"name": "ruth", "roles": ["reviewer"]}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "EAS-7202")
    link = (await client.post("/api/v1/people/ruth/links", headers=headers)).json()["url"]
    assert identity.sign_in.is_open_link(link.rpartition("/")[2])
    token = (await client.post("/api/v1/people/ruth/tokens", json={"label": "ci"}, headers=headers)).json()["token"]
    assert (await client.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})).json()["name"] == "ruth"
    last = await client.delete("/api/v1/people/root", headers=headers)
    assert (last.status_code, last.json()["code"]) == (409, "EAS-7205")


@pytest.mark.asyncio
async def test_administrator_rotates_the_signing_keys_and_the_nodes_are_told(
    app: FastAPI, client: httpx.AsyncClient, identity: Identity
) -> None:
    headers = bearer(identity, "root")
    first = (await client.get("/api/v1/signing-keys", headers=headers)).json()["items"]
    assert [key["state"] for key in first] == ["active"]
    begun = await client.post("/api/v1/signing-keys/rotate", json={}, headers=headers)
    assert sorted(key["state"] for key in begun.json()["items"]) == ["active", "published"]
    ended = await client.post("/api/v1/signing-keys/rotate", json={"compromised": True}, headers=headers)
    assert sorted(key["state"] for key in ended.json()["items"]) == ["active", "gone", "gone"]
    assert first[0]["kid"] not in (await client.get("/oauth/jwks")).text
    assert len(app.state.published) == 2
    refused = await client.post("/api/v1/signing-keys/rotate", json={}, headers=bearer(identity, "vera"))
    assert refused.status_code == 403
