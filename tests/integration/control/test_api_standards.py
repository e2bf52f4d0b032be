"""Trials and waivers over the API: nothing is kept of a trial, and a waiver names who asked and who approved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from easement.identity.people import People
from easement.testing.small_estate import INTEGRATION, document, integration, small_files

pytestmark = pytest.mark.asyncio
HOUSE = document("Standard", "house", {"rules": [{"id": "ours", "title": "Ours", "check": "integration.name == ''"}]})
SLA = {**integration()["spec"]["sla"], "throughput": {"expected": "1/s"}}
AT = f"integration/{INTEGRATION}#/spec/sla"
WAIVER = document(
    "Waiver",
    "no-limit-yet",
    {"rule": "no-throughput-limit", "at": AT, "reason": "Until it is measured.", "expires": "2099-12-31"},
    owner="platform",
)


def _body(*changed: dict[str, Any]) -> dict[str, Any]:
    return {"files": {path: content.decode() for path, content in small_files(*changed).items()}}


def _trial(*standards: dict[str, Any]) -> dict[str, Any]:
    return {"file": "house.yaml", "files": {"house.yaml": yaml.safe_dump_all(standards)}}


async def test_a_trial_judges_what_is_registered_and_keeps_nothing(control: Any) -> None:
    async with control.client("dev") as client:
        await client.post("/api/v1/apply", json=_body())
        before = len(control.records)
        answer = (await client.post("/api/v1/standard-trials", json=_trial(HOUSE))).json()
        assert [(one["rule"], one["findings"]) for one in answer["rules"]] == [("ours", 1)]
        assert answer["flowing"] == [INTEGRATION]
        assert (await client.get("/api/v1/standards")).json()["items"] == []
        assert len(control.records) == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"file": "a.yaml", "files": {"b.yaml": ""}}, "no sound Standard"),
        (_trial({**HOUSE, "spec": {"rulse": []}}), "rulse"),
        (_trial(document("Team", "others", {})), "no sound Standard"),
    ],
)
async def test_what_is_no_standard_is_refused(control: Any, body: dict[str, Any], said: str) -> None:
    async with control.client("dev") as client:
        answer = await client.post("/api/v1/standard-trials", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert said in answer.text


async def test_a_mere_reader_may_not_have_the_estate_judged(control: Any) -> None:
    async with control.client("vic") as client:
        assert (await client.post("/api/v1/standard-trials", json=_trial(HOUSE))).status_code == 403
        assert (await client.get("/api/v1/waiver-report")).status_code == 200
    async with control.client() as client:
        assert (await client.get("/api/v1/waiver-report")).status_code == 401


async def test_a_waiver_names_who_asked_and_who_approved(control: Any) -> None:
    async with control.client("dev") as client:
        applied = await client.post("/api/v1/apply", json=_body(integration(sla=SLA), WAIVER))
        assert applied.status_code == 200, applied.text
        (entry,) = (await client.get("/api/v1/waiver-report")).json()["items"]
        assert (entry["state"], entry["approvers"]) == ("active", [])
        reviews = (await client.get("/api/v1/reviews")).json()["items"]
        (review,) = [one for one in reviews if one["kind"] == "Waiver"]
        own = await client.post(f"/api/v1/reviews/{review['id']}/approve", json={})
        assert own.status_code == 403, "nobody approves a waiver of their own"
    assert "coe" in review["roles"]
    people = People(control.services.registry.engine, control.records.extend)
    people.add("cora", ["coe"], actor="test", now=datetime.now(UTC))
    control.tokens["cora"] = control.sign_in.issue_api_token("cora", label="test", actor="test").reveal()
    async with control.client("cora") as client:
        decided = await client.post(f"/api/v1/reviews/{review['id']}/approve", json={"comment": "fine"})
        assert decided.status_code == 200, decided.text
        (entry,) = (await client.get("/api/v1/waiver-report")).json()["items"]
    assert (entry["requester"], entry["approvers"]) == (
        review["author"],
        [decided.json()["reviews"][0]["decisions"][-1]["person"]],
    )
    assert entry["requester"] not in entry["approvers"]
