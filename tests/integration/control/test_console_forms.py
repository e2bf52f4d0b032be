"""Forms of the console: what a browser of somebody else, or a page of somebody else, tries with them."""

from typing import Any

import httpx
import pytest

from easement.api.app import create_api
from easement.api.session_cookie import PLAIN_COOKIE
from easement.console.routes import console_router
from easement.governance.apply import apply
from easement.governance.reviews import pending, review_of
from easement.testing.small_estate import integration, small_bundle

pytestmark = pytest.mark.asyncio
VITAL = {**integration()["spec"]["sla"], "criticality": "vital", "schedule": {"every": "5m"}}


def browser(control: Any, person: str = "") -> tuple[httpx.AsyncClient, str, str]:
    """A browser signed in as ``person``, its CSRF value, and the review that waits."""
    registry = control.services.registry
    apply(registry, small_bundle(integration(sla=VITAL)), "dev")
    app = create_api(control.services, (console_router(control.services, control.services.health),))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
    csrf = ""
    if person:
        session = control.sign_in.use_link(control.sign_in.issue_link(person, actor="test").reveal())
        client.cookies.set(PLAIN_COOKIE, session.cookie.reveal())
        csrf = session.person.csrf
    return client, csrf, pending(registry)[0].id


async def test_the_form_decides_and_leads_back_to_the_review(control: Any) -> None:
    client, csrf, review = browser(control, "rita")
    version = review_of(control.services.registry, review).version
    form = {"csrf": csrf, "verdict": "request-changes", "comment": "say why", "version": str(version)}
    done = await client.post(f"/reviews/{review}/decision", data=form)
    assert (done.status_code, done.headers["location"]) == (303, f"/reviews/{review}")
    assert review_of(control.services.registry, review).state == "changes-requested"
    stale = await client.post(f"/reviews/{review}/decision", data=form)
    assert (stale.status_code, "since you looked" in stale.text) == (409, True)


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        ({"csrf": ""}, {}, 403),
        ({"csrf": "0" * 64}, {}, 403),
        ({}, {"Sec-Fetch-Site": "cross-site"}, 403),
        ({}, {"Origin": "https://elsewhere.example"}, 403),
        ({"verdict": "bless"}, {}, 422),
        ({"version": "x"}, {}, 422),
        ({"version": "\u0663"}, {}, 422),
        ({"verdict": ["approve", "reject"]}, {}, 400),
    ],
)
async def test_attack_forms_from_elsewhere_or_malformed_change_nothing(
    control: Any, change: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    client, csrf, review = browser(control, "rita")
    form = {"csrf": csrf, "verdict": "approve", "comment": "", "version": "1", **change}
    answer = await client.post(f"/reviews/{review}/decision", data=form, headers=headers)
    assert answer.status_code == status, answer.text
    assert review_of(control.services.registry, review).decisions == ()


async def test_attack_an_api_token_or_nobody_sends_a_form(control: Any) -> None:
    client, _, review = browser(control)
    form = {"csrf": "", "verdict": "approve", "comment": "", "version": "1"}
    for headers in ({}, {"Authorization": f"Bearer {control.tokens['rita']}"}):
        answer = await client.post(f"/reviews/{review}/decision", data=form, headers=headers)
        assert answer.status_code == 401
    assert review_of(control.services.registry, review).decisions == ()


async def test_a_viewer_sees_the_review_without_buttons_and_cannot_send_its_forms(control: Any) -> None:
    client, csrf, review = browser(control, "vic")
    page = await client.get(f"/reviews/{review}")
    assert (page.status_code, 'action="/reviews' in page.text) == (200, False)
    for what, form in (("comment", {"body": "x"}), ("resolve", {"comment": "x"}), ("decision", {"verdict": "approve"})):
        answer = await client.post(f"/reviews/{review}/{what}", data={"csrf": csrf, "version": "1", **form})
        assert (answer.status_code, "Not for this role" in answer.text) == (403, True)


@pytest.mark.parametrize(
    "path", ["/reviews/nothing", "/standards/nothing", "/scorecards/team/nothing", "/scorecards/x/y"]
)
async def test_pages_about_nothing_say_so(control: Any, path: str) -> None:
    client, _, _ = browser(control, "rita")
    answer = await client.get(path)
    assert (answer.status_code, "There is no such thing" in answer.text) == (404, True)


async def test_attack_markup_in_a_comment_and_in_filters_stays_text(control: Any) -> None:
    client, csrf, review = browser(control, "rita")
    hostile = "<script>alert(1)</script>"
    done = await client.post(f"/reviews/{review}/comment", data={"csrf": csrf, "path": "/spec", "body": hostile})
    assert done.status_code == 303
    for path in (f"/reviews/{review}", f"/findings?q={hostile}&rule={hostile}", f"/scorecards?q={hostile}"):
        page = await client.get(path)
        assert page.status_code == 200
        assert hostile not in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
