"""Versions, onboarding, decommissioning and the calendar over the API, and who may not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from easement.api.app import create_api
from easement.api.session_cookie import PLAIN_COOKIE
from easement.console.routes import console_router
from easement.contract.loader import load
from easement.governance.apply import apply
from easement.testing.small_estate import INTEGRATION, interface, small_files

pytestmark = pytest.mark.asyncio
API = "/api/v1"


@pytest.fixture
def estate(control: Any) -> Any:
    """Both majors of the API are registered."""
    files = small_files() | {"interface/next.yaml": json.dumps(interface(version="2.0.0")).encode()}
    apply(control.services.registry, load(files), "dev")
    return control


async def get(control: Any, path: str, person: str = "vic") -> Any:
    async with control.client(person) as client:
        return await client.get(f"{API}{path}")


async def post(control: Any, path: str, body: dict[str, Any], person: str = "olga") -> Any:
    async with control.client(person) as client:
        return await client.post(f"{API}{path}", json=body)


async def test_each_major_is_a_document_and_a_bare_name_of_two_is_answered_with_both(estate: Any) -> None:
    listed = (await get(estate, "/interfaces")).json()["items"]
    assert [(each["name"], each["state"]) for each in listed] == [("stock-api@1", "active"), ("stock-api@2", "active")]
    for path in ("/interfaces/stock-api@2", "/interfaces/stock-api%402", "/interfaces/stock-api@2/history"):
        assert (await get(estate, path)).status_code == 200
    for path in ("/interfaces/stock-api", "/interfaces/stock-api/history"):
        answer = await get(estate, path)
        assert answer.status_code == 404
        assert "stock-api@1, stock-api@2" in answer.json()["detail"]


async def test_onboarding_is_for_every_reader(estate: Any) -> None:
    found = (await get(estate, f"/integrations/{INTEGRATION}/onboarding")).json()
    assert (found["integration"], found["state"], found["gateEnforced"]) == (INTEGRATION, "live", False)
    assert [item["id"] for item in found["items"]][:3] == ["registered", "findings", "review"]
    assert all(item["nextStep"] for item in found["items"] if not item["done"])
    assert (await get(estate, "/integrations/ghost/onboarding")).status_code == 404


@pytest.mark.parametrize("person", ["vic", "dev", "rita", "sam", "otto"])
async def test_attack_only_operators_take_away_and_schedule(estate: Any, person: str) -> None:
    due = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    scheduled = {"subject": f"integration/{INTEGRATION}", "event": "deprecate", "due": due, "reason": "x"}
    for path, body in (
        (f"/integrations/{INTEGRATION}/decommission", {"reason": "x"}),
        (f"/integrations/{INTEGRATION}/decommission", {"dryRun": True}),
        ("/schedule", scheduled),
        ("/schedule/0/cancel", {}),
    ):
        assert (await post(estate, path, body, person)).status_code == 403, path
    assert (await get(estate, "/schedule")).json()["items"] == []


async def test_a_step_is_scheduled_seen_and_cancelled(estate: Any) -> None:
    due = datetime.now(UTC) + timedelta(days=1)
    body = {"subject": f"integration/{INTEGRATION}", "event": "deprecate", "due": due.isoformat(), "reason": "agreed"}
    added = (await post(estate, "/schedule", body)).json()
    assert (added["person"], added["state"]) == ("olga", "waiting")
    assert [each["id"] for each in (await get(estate, "/schedule")).json()["items"]] == [added["id"]]
    assert (await post(estate, f"/schedule/{added['id']}/cancel", {"reason": "kept"})).status_code == 200
    assert (await post(estate, f"/schedule/{added['id']}/cancel", {"reason": "kept"})).status_code == 404
    past = (await get(estate, "/schedule?past=true")).json()["items"]
    assert [each["state"] for each in past] == ["cancelled"]


@pytest.mark.parametrize(
    "change",
    [
        {"due": "2026-12-01T06:00:00"},
        {"due": "yesterday"},
        {"event": "explode"},
        {"event": "sunset"},
        {"subject": "integration/ghost"},
        {"subject": "interface/stock-api", "event": "sunset"},
        {"reason": "  "},
        {"more": 1},
    ],
)
async def test_a_bad_step_is_refused_and_nothing_is_scheduled(estate: Any, change: dict[str, Any]) -> None:
    due = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"subject": f"integration/{INTEGRATION}", "event": "deprecate", "due": due, "reason": "x", **change}
    answer = await post(estate, "/schedule", body)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await get(estate, "/schedule?past=true")).json()["items"] == []


async def test_a_process_that_cannot_ask_the_installation_takes_nothing_away(estate: Any) -> None:
    answer = await post(estate, f"/integrations/{INTEGRATION}/decommission", {"reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "policy")
    assert (await get(estate, f"/integrations/{INTEGRATION}")).json()["state"] == "live"


async def test_the_page_of_an_integration_shows_its_list(estate: Any) -> None:
    app = create_api(estate.services, (console_router(estate.services, estate.services.health),))
    session = estate.sign_in.use_link(estate.sign_in.issue_link("vic", actor="test").reveal())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        client.cookies.set(PLAIN_COOKIE, session.cookie.reveal())
        page = await client.get(f"/integrations/{INTEGRATION}")
    assert page.status_code == 200
    assert "On the way to production" in page.text
    assert "easement credential issue" in page.text or "ask the control plane that runs here" in page.text
