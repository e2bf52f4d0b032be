"""The API as people and tools use it."""

import asyncio
from typing import Any

import pytest

from easement.ledger.record import Status, Step
from easement.store.node_state import decode_node_state
from easement.testing.small_estate import INTEGRATION, integration, small_files, system

pytestmark = pytest.mark.asyncio
VITAL = {**integration()["spec"]["sla"], "criticality": "vital", "schedule": {"every": "5m"}}


def body(*changed: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"files": {path: content.decode() for path, content in small_files(*changed).items()}, **more}


async def test_api_preview_apply_and_read_back(control: Any) -> None:
    async with control.client("dev") as client:
        preview = (await client.post("/api/v1/preview", json=body())).json()
        assert (len(preview["changes"]), preview["problems"]) == (5, [])
        applied = await client.post("/api/v1/apply", json=body(base=preview["base"]))
        assert applied.status_code == 200
        assert {document["reviewState"] for document in applied.json()["documents"]} == {"approved"}
        found = await client.get(f"/api/v1/integrations/{INTEGRATION}")
        assert (found.json()["id"], found.json()["state"]) == ("INT-0001", "live")
        again = await client.get(
            f"/api/v1/integrations/{INTEGRATION}", headers={"If-None-Match": found.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
        assert len((await client.get(f"/api/v1/integrations/{INTEGRATION}/history")).json()["items"]) == 1
        plan = (await client.get("/api/v1/plan")).json()
        assert (plan["routes"], plan["statuses"][0]["integration"]) == (1, INTEGRATION)
        impact = (await client.get("/api/v1/impact/system/stock")).json()
        assert f"integration/{INTEGRATION}" in [item["reference"] for item in impact["items"]]
        assert (await client.get("/api/v1/impact/system/nothing")).status_code == 404


async def test_api_pages_by_cursor(control: Any) -> None:
    async with control.client("dev") as client:
        await client.post("/api/v1/apply", json=body(*(system(f"s{number}") for number in range(5))))
        seen, cursor = [], ""
        while True:
            page = (await client.get("/api/v1/systems", params={"limit": 2, "cursor": cursor})).json()
            seen += [item["name"] for item in page["items"]]
            cursor = page["cursor"]
            if not cursor:
                break
        assert seen == ["s0", "s1", "s2", "s3", "s4", "shop", "stock"]
        for bad in ("%", "AAA=A", "\u00e9"):
            refused = await client.get("/api/v1/systems", params={"cursor": bad})
            assert (refused.status_code, refused.json()["code"]) == (422, "malformed")


async def test_api_problems_carry_their_places(control: Any) -> None:
    async with control.client("dev") as client:
        answer = await client.post("/api/v1/apply", json=body(integration(source="shup")))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    problem = answer.json()["problems"][0]
    assert (problem["file"], problem["line"]) == (f"integration/{INTEGRATION}.yaml", 1)


async def test_api_review_takes_two_people_and_shows_what_changes(control: Any) -> None:
    async with control.client("dev") as dev, control.client("rita") as rita, control.client("sam") as sam:
        await dev.post("/api/v1/apply", json=body())
        await dev.post("/api/v1/apply", json=body(integration(sla=VITAL)))
        waiting = (await rita.get("/api/v1/reviews")).json()["items"]
        assert [review["name"] for review in waiting] == [INTEGRATION]
        detail = await rita.get(f"/api/v1/reviews/{waiting[0]['id']}")
        assert detail.json()["change"]["fields"][0]["path"] == "/spec/sla/criticality"
        first = await rita.post(
            f"/api/v1/reviews/{waiting[0]['id']}/approve", json={"comment": "ok"},
            headers={"If-Match": detail.headers["etag"]},
        )  # fmt: skip
        assert first.json()["reviews"][0]["state"] == "open"
        second = await sam.post(f"/api/v1/integrations/{INTEGRATION}/approve", json={})
        assert second.json()["reviews"][0]["state"] == "approved"
        assert (await rita.get("/api/v1/reviews")).json()["items"] == []
        assert len((await rita.get("/api/v1/reviews", params={"state": "all"})).json()["items"]) == 6


async def test_api_lifecycle_needs_the_present_version(control: Any) -> None:
    async with control.client("dev") as dev, control.client("olga") as olga:
        await dev.post("/api/v1/apply", json=body())
        old = (await olga.get(f"/api/v1/integrations/{INTEGRATION}")).headers["etag"]
        address = f"/api/v1/integrations/{INTEGRATION}/lifecycle"
        first = await olga.post(address, json={"event": "deprecate", "reason": "old"}, headers={"If-Match": old})
        assert first.json()["state"] == "deprecated"
        stale = await olga.post(address, json={"event": "retire", "reason": "old"}, headers={"If-Match": old})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale")
        refused = await olga.post(address, json={"event": "go-live", "reason": ""})
        assert (refused.status_code, refused.json()["code"]) == (409, "policy")
        assert refused.json()["reasons"]


async def test_node_state_by_long_poll_wakes_on_a_new_plan(control: Any) -> None:
    headers = {"Authorization": "Bearer node-token-of-the-test"}
    async with control.client(**headers) as node, control.client("dev") as dev:
        first = await node.get("/internal/v1/state")
        state = decode_node_state(first.content)
        waiting = asyncio.create_task(
            node.get("/internal/v1/state", params={"wait": 20}, headers={"If-None-Match": first.headers["etag"]})
        )
        applied = (await dev.post("/api/v1/apply", json=body())).json()
        woken = await asyncio.wait_for(waiting, 15)
        assert decode_node_state(woken.content).plan_hash == applied["plan"] != state.plan_hash
        same = await node.get(
            "/internal/v1/state", params={"wait": 0}, headers={"If-None-Match": woken.headers["etag"]}
        )
        assert same.status_code == 304


async def test_reading_the_ledger_is_recorded(control: Any) -> None:
    async with control.client("otto") as client:
        assert (await client.get("/api/v1/audit/records", params={"kind": "governance"})).json()["items"] == []
        missing = await client.get("/api/v1/audit/transactions/nothing")
        assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
    read = [record for record in control.records if record.step is Step.READ]
    assert [(record.account, record.message_type, record.status) for record in read] == [
        ("otto", "audit.searched", Status.SUCCESS),
        ("otto", "audit.traced", Status.SUCCESS),
    ]


async def test_probes_answer_without_a_sign_in(control: Any) -> None:
    async with control.client() as client:
        assert (await client.get("/livez")).text == "ok\n"
        assert (await client.get("/readyz")).json() == {"ready": True, "roles": {"gateway": False}}
        assert (await client.get("/api/v1/health")).status_code == 401
    async with control.client("vic") as client:
        assert (await client.get("/api/v1/health")).json() == {"items": []}


async def test_openapi_document_is_served_and_there_are_no_pages_from_elsewhere(control: Any) -> None:
    async with control.client() as client:
        described = (await client.get("/api/openapi.json")).json()
        assert {"/api/v1/apply", "/api/v1/integrations/{name}", "/api/v1/audit/records"} <= set(described["paths"])
        assert not any(path.startswith("/internal") for path in described["paths"])
        for page in ("/docs", "/redoc"):
            answer = await client.get(page)
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        wrong = await client.delete("/livez")
        assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")
