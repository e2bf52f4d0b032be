"""Change cases over the API and as pages, with hostile names, by the people who may and may not."""

import json
from typing import Any

import httpx
import pytest

from easement.api.app import create_api
from easement.api.session_cookie import PLAIN_COOKIE
from easement.console.routes import console_router
from easement.contract.loader import load
from easement.governance.apply import apply
from easement.testing.small_estate import INTEGRATION, interface, openapi, small_files

pytestmark = pytest.mark.asyncio
ATTACK = "<img src=x onerror=alert(1)>"


def files() -> dict[str, bytes]:
    described = interface(version="2.0.0", definition={"openapi": "stock-2.json"})
    retyped = openapi(fields=("sku", "place"))
    return small_files() | {
        "interface/stock-api-2.yaml": json.dumps(described).encode(),
        "interface/stock-2.json": retyped.encode(),
    }


def browser(control: Any, person: str) -> tuple[httpx.AsyncClient, str]:
    registry = control.services.registry
    apply(registry, load(small_files()), "dev")
    apply(registry, load(files()), "dev")
    app = create_api(control.services, (console_router(control.services, control.services.health),))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
    session = control.sign_in.use_link(control.sign_in.issue_link(person, actor="test").reveal())
    client.cookies.set(PLAIN_COOKIE, session.cookie.reveal())
    return client, session.person.csrf


async def opened(client: httpx.AsyncClient, csrf: str, **changed: Any) -> httpx.Response:
    body = {"name": "stock-api@1", "successor": "stock-api@2", "reason": ATTACK} | changed
    return await client.post("/api/v1/changes", json=body, headers={"X-CSRF-Token": csrf})


async def test_a_case_is_opened_shown_answered_and_started(control: Any) -> None:
    client, csrf = browser(control, "dev")
    made = await opened(client, csrf)
    case = made.json()
    assert (made.status_code, case["state"], case["kind"]) == (201, "noticed", "Interface")
    assert {hit["field"] for hit in case["parties"][0]["hits"] if hit["change"] == "breaking"} == {"count"}
    page = await client.get(f"/changes/{case['id']}")
    assert page.status_code == 200
    assert ATTACK not in page.text
    assert "&lt;img src=x" in page.text
    assert "Timeline" in page.text
    started = await client.post(f"/changes/{case['id']}/start", data={"csrf": csrf})
    assert started.status_code == 303
    assert (await client.get(f"/api/v1/changes/{case['id']}")).json()["state"] == "transition"
    own = await client.post(
        f"/changes/{case['id']}/answer",
        data={"csrf": csrf, "integration": INTEGRATION, "answer": "not-affected", "reason": "mine"},
    )
    assert own.status_code == 403
    for path in ("/changes", "/changes?state=all", "/inbox"):
        shown = await client.get(path)
        assert shown.status_code == 200
        assert ATTACK not in shown.text


async def test_attack_forms_without_the_sessions_own_value_change_nothing(control: Any) -> None:
    client, csrf = browser(control, "dev")
    case = (await opened(client, csrf)).json()["id"]
    for form, headers in (({"csrf": ""}, {}), ({"csrf": csrf}, {"Origin": "https://elsewhere.example"})):
        refused = await client.post(f"/changes/{case}/start", data=form, headers=headers)
        assert refused.status_code == 403
    assert (await client.get(f"/api/v1/changes/{case}")).json()["state"] == "noticed"


async def test_a_viewer_looks_and_does_nothing(control: Any) -> None:
    client, csrf = browser(control, "vic")
    assert (await client.get("/changes")).status_code == 200
    assert (await opened(client, csrf)).status_code == 403
    assert (await client.get("/changes/CHG-0099")).status_code == 404
    assert (await client.get("/api/v1/changes/none")).status_code == 404


async def test_ci_is_told_whom_a_description_would_break(control: Any) -> None:
    client, csrf = browser(control, "dev")

    async def ask(description: str, **changed: Any) -> dict[str, Any]:
        body = {"interface": "stock-api@1", "path": "a.json", "files": {"a.json": description}} | changed
        answer = await client.post("/api/v1/can-i-change", json=body, headers={"X-CSRF-Token": csrf})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    broken = await ask(openapi(fields=("sku", "place")))
    assert (broken["allowed"], broken["breaks"]) == (False, True)
    assert [each["integration"] for each in broken["consumers"] if each["breaks"]] == [INTEGRATION]
    nobody = await ask(openapi(fields=("sku", "count")))
    assert (nobody["allowed"], [each["field"] for each in nobody["unnoticed"]]) == (True, ["place"])
    beside = await ask(openapi(fields=("sku",)), version="2.0.0")
    assert (beside["allowed"], beside["sideBySide"]) == (True, True)
    back = await ask(openapi(), version="0.9.0")
    assert (back["allowed"], bool(back["refusals"])) == (False, True)
    bad = await ask("{")
    assert bad["problems"]
