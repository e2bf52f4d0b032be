"""Search, saved views, CSV and history over the API, as people use them."""

import csv
import io
from typing import Any

import pytest

from easement.testing.small_estate import INTEGRATION, integration, small_files, system

pytestmark = pytest.mark.asyncio


def body(*changed: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"files": {path: content.decode() for path, content in small_files(*changed).items()}, **more}


async def found(client: Any, **parameters: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/search", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_search_by_words_and_facets_counts_what_else_there_is(control: Any) -> None:
    async with control.client("dev") as client:
        await client.post("/api/v1/apply", json=body(system("vault", technology="Java", zones=["dmz"])))
        everything = await found(client)
        assert everything["total"] == 6
        assert {each["value"] for each in everything["facets"]["kind"]} == {
            "team", "system", "interface", "integration",
        }  # fmt: skip
        one = await found(client, q="reads STOCK", facet=["kind=integration", "state=live"])
        assert [item["reference"] for item in one["items"]] == [f"integration/{INTEGRATION}"]
        assert one["items"][0]["classification"] == "internal"
        assert one["items"][0]["sla"].startswith("availability 99 %, p95 500ms")
        zones = await found(client, facet=["zone=dmz"])
        assert [item["name"] for item in zones["items"]] == ["vault"]
        assert {each["value"] for each in zones["facets"]["zone"]} >= {"dmz", "internal"}
        for bad in ({"facet": "owner"}, {"facet": "size=3"}, {"sort": "mood"}, {"cursor": "AAAA"}, {"x": "1"}):
            refused = await client.get("/api/v1/search", params=bad)
            assert (refused.status_code, refused.json()["code"]) == (422, "malformed"), bad


async def test_search_pages_meet_every_entry_once_in_both_directions(control: Any) -> None:
    async with control.client("dev") as client:
        await client.post("/api/v1/apply", json=body(*(system(f"s{number}") for number in range(7))))
        for sort in ("name", "-name", "criticality", "-owner", "changed"):
            seen, cursor = [], ""
            while True:
                page = await found(client, limit=4, cursor=cursor, sort=sort)
                seen += [item["reference"] for item in page["items"]]
                cursor = page["cursor"]
                if not cursor:
                    break
            assert len(seen) == len(set(seen)) == page["total"] == 12, sort


async def test_csv_of_a_search_holds_no_formula(control: Any) -> None:
    hostile = {**system("evil"), "metadata": {**system("evil")["metadata"], "title": '=HYPERLINK("http://x")'}}
    async with control.client("dev") as client:
        await client.post("/api/v1/apply", json=body(hostile))
        answer = await client.get("/api/v1/search.csv", params={"facet": "kind=system"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["name"] for row in rows] == ["evil", "shop", "stock"]
    assert rows[0]["title"] == '\'=HYPERLINK("http://x")'


async def test_views_are_ones_own_until_they_are_shared(control: Any) -> None:
    async with control.client("dev") as dev, control.client("rita") as rita:
        await dev.post("/api/v1/apply", json=body())
        mine = {"text": "stock", "facets": ["kind=integration"], "sort": "-name"}
        saved = await dev.put("/api/v1/views/mine", json=mine)
        assert saved.status_code == 200
        assert saved.json()["query"] == {"text": "stock", "facets": {"kind": ["integration"]}, "sort": "-name"}
        assert (await rita.get("/api/v1/views")).json()["items"] == []
        assert (await rita.get("/api/v1/search", params={"view": "mine"})).status_code == 404
        await dev.put("/api/v1/views/mine", json={**mine, "shared": True})
        assert [item["name"] for item in (await found(rita, view="mine"))["items"]] == [INTEGRATION]
        assert (await rita.delete("/api/v1/views/mine", params={"of": "dev"})).status_code == 403
        assert (await rita.delete("/api/v1/views/mine")).status_code == 404
        assert (await dev.put("/api/v1/views/My View", json=mine)).status_code == 409
        assert (await dev.delete("/api/v1/views/mine")).status_code == 204
        assert (await dev.get("/api/v1/views")).json()["items"] == []


async def test_history_says_who_changed_which_field(control: Any) -> None:
    async with control.client("dev") as client:
        await client.post("/api/v1/apply", json=body())
        await client.post("/api/v1/apply", json=body(integration(purpose="analytics.reporting")))
        events = (await client.get(f"/api/v1/integrations/{INTEGRATION}/events")).json()["items"]
        revised = [event for event in events if event["what"].startswith("revision")]
        assert [event["what"] for event in revised] == ["revision 2", "revision 1"]
        assert revised[0]["person"] == "dev"
        assert revised[0]["fields"] == [
            {
                "path": "/spec/purpose", "before": "essential.service.fulfillment", "after": "analytics.reporting",
                "destructive": False,
            }
        ]  # fmt: skip
        assert (await client.get("/api/v1/integrations/nothing/events")).status_code == 404


async def test_impact_of_a_field_and_of_a_team(control: Any) -> None:
    async with control.client("dev") as client:
        await client.post("/api/v1/apply", json=body())
        names = (await found(client, facet="kind=interface"))["items"]
        field = (await client.get(f"/api/v1/impact/field/{names[0]['name']}%23count")).json()
        assert [item["reference"] for item in field["items"]] == [f"integration/{INTEGRATION}", "system/shop"]
        team = (await client.get("/api/v1/impact/team/platform")).json()
        assert len(team["items"]) == 4
        assert (await client.get(f"/api/v1/impact/field/{names[0]['name']}%23nothing")).status_code == 404
