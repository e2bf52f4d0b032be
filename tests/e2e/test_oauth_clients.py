"""OAuth clients that others wrote get tokens and use them, as they come; a library of others reads the tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import httpx_auth
import jwt
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

from easement.testing.installation import Installation, running
from easement.testing.small_estate import SOURCE, TARGET, small_files, system
from easement.testing.upstreams import Answer, UpstreamSimulator

PATH: Final = "/stock-api/v1/getstock/A-1"
OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a client's developer is given."""

    installation: Installation
    token_url: str
    url: str
    authority: str
    client_id: str
    secret: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with UpstreamSimulator() as target, running(tmp_path_factory.mktemp("clients")) as up:
        target.answer = Answer(body=b'{"sku": "A-1", "count": "7", "place": "hidden"}')
        up.person("dana", "developer")
        up.person("rene", "reviewer", "security", "compliance")
        there = system(TARGET, endpoints={"development": {"url": f"http://127.0.0.1:{target.port}"}})
        up.apply("dana", small_files(there))
        up.approve_all("rene")
        up.until_enforced()
        caller = up.caller(SOURCE)
        metadata = up.control.get("/.well-known/oauth-authorization-server").json()
        yield Site(
            installation=up, token_url=metadata["token_endpoint"],
            url=str(up.gateway.base_url).rstrip("/") + PATH, authority=str(up.data.certificates / "ca.pem"),
            client_id=SOURCE, secret=caller.secret,
        )  # fmt: skip


def authlib_basic(site: Site) -> httpx.Response:
    with AuthlibSession(site.client_id, site.secret) as session:
        return _token_and_call(session, site)


def authlib_post(site: Site) -> httpx.Response:
    with AuthlibSession(site.client_id, site.secret, token_endpoint_auth_method="client_secret_post") as session:
        return _token_and_call(session, site, scope="stock.read")


def requests_oauthlib(site: Site) -> httpx.Response:
    with OAuth2Session(client=BackendApplicationClient(client_id=site.client_id)) as session:
        return _token_and_call(session, site, client_id=site.client_id, client_secret=site.secret)


def _token_and_call(session: Any, site: Site, **parts: str) -> httpx.Response:
    session.trust_env = False
    session.fetch_token(site.token_url, verify=site.authority, **parts)
    answer = session.get(site.url, verify=site.authority)
    return httpx.Response(answer.status_code, content=answer.content)


def httpx_auth_client(site: Site) -> httpx.Response:
    with httpx.Client(verify=site.installation.trust()) as plain:
        auth = httpx_auth.OAuth2ClientCredentials(
            site.token_url, client_id=site.client_id, client_secret=site.secret, client=plain
        )
        return plain.get(site.url, auth=auth)


@pytest.mark.parametrize("client", [authlib_basic, authlib_post, requests_oauthlib, httpx_auth_client])
def test_a_public_client_gets_a_token_and_uses_it(site: Site, client: Callable[[Site], httpx.Response]) -> None:
    answer = client(site)
    assert answer.status_code == OK, answer.text
    assert answer.json() == {"sku": "A-1", "count": "7"}


def test_a_public_library_reads_the_token_by_the_published_metadata(site: Site) -> None:
    control = site.installation.control
    metadata = control.get("/.well-known/oauth-authorization-server").json()
    keys = jwt.PyJWKSet.from_dict(control.get(httpx.URL(metadata["jwks_uri"]).path).json())
    token = site.installation.token_answer(site.client_id, site.secret).json()["access_token"]
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "at+jwt"
    audience = jwt.decode(token, options={"verify_signature": False})["aud"]
    claims = jwt.decode(
        token, keys[header["kid"]].key, algorithms=["ES256"], issuer=metadata["issuer"], audience=audience,
        options={"require": ["exp", "iat", "iss", "aud", "sub", "jti", "client_id"]},
    )  # fmt: skip
    assert claims["client_id"] == site.client_id
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(token, keys[header["kid"]].key, algorithms=["ES256"], audience="urn:somebody:else")


def test_attack_a_wrong_secret_gets_no_token(site: Site) -> None:
    with AuthlibSession(site.client_id, "wrong") as session:
        session.trust_env = False
        with pytest.raises(OAuthError, match="invalid_client"):
            session.fetch_token(site.token_url, verify=site.authority)
