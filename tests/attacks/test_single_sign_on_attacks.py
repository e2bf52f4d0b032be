"""Signing people in at an OpenID provider: an answer that is forged, stolen, replayed or of another is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from easement.api.session_cookie import SECURE_COOKIE, SessionCookie
from easement.api.sign_in import SSO_CALLBACK, sign_in_router
from easement.identity import openid
from easement.identity.openid import OpenIdClient, OpenIdSignIn
from easement.identity.people import People
from easement.identity.sign_in import SignIn
from easement.keys.jose import generate_signing_key
from easement.keys.secrets import Secret
from easement.ledger.record import Record
from easement.store.database import open_engine, reading, sqlite_url
from easement.store.tables import METADATA, openid_attempts
from easement.testing.openid_providers import CLIENT_ID, CLIENT_SECRET, OpenIdProviderSimulator

HOME: Final = "https://easement.example:9443"
ADA: Final = "ada@example.org"


class Browser:
    """Keeps cookies, and follows nothing by itself."""

    def __init__(self, app: FastAPI) -> None:
        self.app, self.cookies = app, httpx.Cookies()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 50000))
            async with httpx.AsyncClient(transport=transport, base_url=HOME, cookies=self.cookies) as client:
                reply = await client.get(path, params=params)
                self.cookies = client.cookies
                return reply

        return asyncio.run(asked())


@dataclass
class Stand:
    provider: OpenIdProviderSimulator
    people: People
    sign_in: SignIn
    app: FastAPI
    records: list[Record]
    moment: list[datetime] = field(default_factory=lambda: [datetime.now(UTC)])

    def browser(self) -> Browser:
        return Browser(self.app)

    def begin(self, browser: Browser) -> dict[str, str]:
        """What the provider sends the browser back with."""
        began = browser.get("/sign-in/sso")
        assert began.status_code == 303, began.text
        return self.provider.authorize(began.headers["location"])

    def come_back(self, browser: Browser, answer: dict[str, str]) -> Any:
        return browser.get(SSO_CALLBACK, params=answer)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    engine = open_engine(sqlite_url(tmp_path / "people.db"))
    METADATA.create_all(engine)
    records: list[Record] = []
    moment = [datetime.now(UTC)]
    people = People(engine, records.extend)
    sign_in = SignIn(engine, people, records.extend, clock=lambda: moment[0])
    people.add(ADA, ["developer"], actor="test", now=moment[0])
    with OpenIdProviderSimulator(claims={"email": ADA}) as provider:
        client = OpenIdClient(
            issuer=provider.issuer, client_id=CLIENT_ID, secret=lambda: Secret(CLIENT_SECRET), claim="email",
            redirect_uri=HOME + SSO_CALLBACK, allow_plain=True,
        )  # fmt: skip
        app = FastAPI()
        app.include_router(sign_in_router(sign_in, SessionCookie(allow_plain=False), OpenIdSignIn(client, engine)))
        yield Stand(provider, people, sign_in, app, records, moment)
    engine.dispose()


def refused(stand: Stand, browser: Browser, answer: dict[str, str]) -> bool:
    reply = stand.come_back(browser, answer)
    return reply.status_code == 403 and SECURE_COOKIE not in reply.cookies and SECURE_COOKIE not in browser.cookies


def test_somebody_who_was_added_is_signed_in_with_the_roles_they_have_here(stand: Stand) -> None:
    stand.provider.claims |= {"roles": ["admin"], "groups": ["admin"]}
    browser = stand.browser()
    reply = stand.come_back(browser, stand.begin(browser))
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    person = stand.sign_in.authenticate_session(browser.cookies[SECURE_COOKIE])
    assert person is not None
    assert (person.name, person.roles) == (ADA, {"developer"})
    begun = [record for record in stand.records if record.message_type == "session.begun"]
    assert begun[-1].detail["provider"] == stand.provider.issuer


def test_what_is_asked_of_the_provider_is_bound_to_this_attempt(stand: Stand) -> None:
    asked = [
        parse_qs(urlsplit(stand.browser().get("/sign-in/sso").headers["location"]).query, strict_parsing=True)
        for _ in range(2)
    ]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert asked[0]["response_type"] == ["code"]


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"email": "eve@example.org"}, id="nobody-who-was-added"),
        pytest.param({"email_verified": False}, id="an-address-that-was-not-verified"),
        pytest.param({"email_verified": "true"}, id="verified-as-a-text"),
        pytest.param({"email_verified": None}, id="verified-not-said"),
        pytest.param({"email": None}, id="no-name"),
        pytest.param({"email": [ADA]}, id="a-list-of-names"),
        pytest.param({"email": ADA.upper()}, id="another-spelling"),
        pytest.param({"iss": "https://evil.example"}, id="another-issuer"),
        pytest.param({"aud": "another"}, id="for-another-client"),
        pytest.param({"aud": ["another", CLIENT_ID]}, id="for-two-clients"),
        pytest.param({"aud": ["another", CLIENT_ID], "azp": "another"}, id="issued-to-another-client"),
        pytest.param({"azp": "another"}, id="issued-to-another"),
        pytest.param({"nonce": "another"}, id="of-another-attempt"),
        pytest.param({"nonce": None}, id="of-no-attempt"),
        pytest.param({"exp": int(time.time()) - 3600}, id="expired"),
    ],
)
def test_an_id_token_that_does_not_say_all_that_it_must_is_refused(claims: dict[str, Any], stand: Stand) -> None:
    stand.provider.claims |= claims
    browser = stand.browser()
    assert refused(stand, browser, stand.begin(browser))


def test_an_id_token_of_another_key_is_refused(stand: Stand) -> None:
    stand.provider.published = generate_signing_key()
    browser = stand.browser()
    assert refused(stand, browser, stand.begin(browser))


def test_an_answer_is_good_once(stand: Stand) -> None:
    browser = stand.browser()
    answer = stand.begin(browser)
    assert stand.come_back(browser, answer).status_code == 303
    browser.cookies.delete(SECURE_COOKIE)
    assert refused(stand, browser, answer)


def test_an_answer_that_another_browser_began_signs_nobody_in(stand: Stand) -> None:
    """Else an attacker could have somebody work under the attacker's name (login CSRF)."""
    theirs, mine = stand.browser(), stand.browser()
    stand.begin(mine)
    assert refused(stand, mine, stand.begin(theirs))
    assert refused(stand, stand.browser(), stand.begin(theirs))


def test_a_stolen_code_is_of_no_use_in_another_attempt(stand: Stand) -> None:
    victim, thief = stand.browser(), stand.browser()
    stolen, own = stand.begin(victim), stand.begin(thief)
    assert refused(stand, thief, {**own, "code": stolen["code"]})


@pytest.mark.parametrize(
    "change",
    [
        {"state": "x"},
        {"state": ""},
        {"code": ""},
        {"code": "x"},
        {"iss": "https://evil.example"},
        {"error": "access_denied"},
    ],
)
def test_an_answer_with_a_part_changed_is_refused(change: dict[str, str], stand: Stand) -> None:
    browser = stand.browser()
    assert refused(stand, browser, {**stand.begin(browser), **change})


def test_an_attempt_that_took_too_long_is_refused(stand: Stand) -> None:
    browser = stand.browser()
    answer = stand.begin(browser)
    stand.moment[0] += timedelta(minutes=11)
    assert refused(stand, browser, answer)


def test_a_person_who_was_disabled_is_not_signed_in(stand: Stand) -> None:
    stand.people.add("root", ["admin"], actor="test", now=stand.moment[0])
    stand.people.disable(ADA, actor="root", now=stand.moment[0])
    browser = stand.browser()
    assert refused(stand, browser, stand.begin(browser))


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://idp.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
)
def test_a_provider_whose_metadata_leads_elsewhere_is_not_followed(metadata: dict[str, Any], stand: Stand) -> None:
    stand.provider.metadata = metadata
    assert stand.browser().get("/sign-in/sso").status_code == 403


def test_a_code_is_not_sent_where_it_could_be_read(stand: Stand) -> None:
    browser = stand.browser()
    stand.provider.metadata = {"token_endpoint": "http://idp.example/token"}
    assert refused(stand, browser, stand.begin(browser))


def test_a_provider_that_is_down_signs_nobody_in(stand: Stand) -> None:
    browser = stand.browser()
    answer = stand.begin(browser)
    stand.provider.__exit__(None, None, None)
    assert refused(stand, browser, answer)
    stand.provider.__enter__()


def test_a_flood_of_attempts_fills_no_disk_and_the_newest_goes_on(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openid, "MAX_ATTEMPTS", 5)
    first = stand.browser()
    lost = stand.begin(first)
    for _ in range(12):
        stand.moment[0] += timedelta(seconds=1)
        stand.browser().get("/sign-in/sso")
    with reading(stand.sign_in.engine) as connection:
        assert len(connection.execute(select(openid_attempts)).all()) == 5
    assert refused(stand, first, lost)
    browser = stand.browser()
    assert stand.come_back(browser, stand.begin(browser)).status_code == 303


def test_no_secret_of_an_attempt_is_in_the_browsers_address(stand: Stand) -> None:
    browser = stand.browser()
    location = browser.get("/sign-in/sso").headers["location"]
    assert CLIENT_SECRET not in location
    assert browser.cookies["__Host-easement-sso"] not in location
