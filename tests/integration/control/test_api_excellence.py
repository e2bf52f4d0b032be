"""Reviews with comments, scores, findings and the report over HTTP; who may, and what is refused."""

import asyncio
from typing import Any

import pytest

from easement.ledger.record import Status
from easement.testing.small_estate import INTEGRATION, integration, small_files

pytestmark = pytest.mark.asyncio
VITAL = {**integration()["spec"]["sla"], "criticality": "vital", "schedule": {"every": "5m"}}


def body(*changed: dict[str, Any]) -> dict[str, Any]:
    return {"files": {path: content.decode() for path, content in small_files(*changed).items()}}


async def waiting(control: Any) -> str:
    async with control.client("dev") as client:
        applied = await client.post("/api/v1/apply", json=body(integration(sla=VITAL)))
        assert applied.status_code == 200
        return str((await client.get("/api/v1/reviews")).json()["items"][0]["id"])


async def test_the_dossier_answers_five_questions_over_http(control: Any) -> None:
    review = await waiting(control)
    async with control.client("vic") as client:
        found = (await client.get(f"/api/v1/reviews/{review}/dossier")).json()
        assert [answer["question"] for answer in found["design"]["answers"]] == [
            "standards", "pattern", "security", "errors", "nonfunctional",
        ]  # fmt: skip
        assert found["needs"] == ["reviewer", "security"]
        assert found["flow"]["between"] == "gateway"
        assert (await client.get("/api/v1/reviews/nothing/dossier")).status_code == 404


async def test_comments_block_and_are_resolved_over_http(control: Any) -> None:
    review = await waiting(control)
    async with control.client("rita") as client:
        said = await client.post(f"/api/v1/reviews/{review}/comments", json={"path": "/spec/sla", "body": "Why vital?"})
        assert (said.status_code, said.json()["resolvedBy"]) == (201, "")
        refused = await client.post(f"/api/v1/reviews/{review}/approve", json={"comment": ""})
        assert (refused.status_code, refused.json()["code"]) == (409, "policy")
        done = await client.post(f"/api/v1/comments/{said.json()['id']}/resolve")
        assert done.json()["resolvedBy"] == "rita"
        assert (await client.post(f"/api/v1/reviews/{review}/approve", json={})).json()["reviews"][0]["state"] == "open"
    assert "review.opened" in [record.message_type for record in control.records]
    assert not any("Why vital?" in repr(record) for record in control.records)


@pytest.mark.parametrize("person", ["vic", "olga", "otto"])
async def test_attack_comments_of_people_who_decide_nothing(control: Any, person: str) -> None:
    review = await waiting(control)
    async with control.client(person) as client:
        answer = await client.post(f"/api/v1/reviews/{review}/comments", json={"body": "hm"})
    assert (answer.status_code, answer.json()["code"]) == (403, "role-missing")


@pytest.mark.parametrize(
    "sent",
    [{}, {"body": ""}, {"body": "x" * 4001}, {"body": "x", "path": "/" * 501}, {"body": "x", "state": "resolved"}],
)
async def test_malformed_comments_are_refused(control: Any, sent: dict[str, str]) -> None:
    review = await waiting(control)
    async with control.client("rita") as client:
        assert (await client.post(f"/api/v1/reviews/{review}/comments", json=sent)).status_code == 422


async def test_attack_approval_through_a_person_that_the_author_made(control: Any) -> None:
    """An administrator who writes contracts makes a reviewer, or borrows one: neither approves for them."""
    async with control.client("all") as client:
        await client.post("/api/v1/apply", json=body(integration(sla=VITAL)))
        review = (await client.get("/api/v1/reviews")).json()["items"][0]["id"]
    control.sign_in.people.add("puppet", ["reviewer"], actor="all", now=control.services.registry.now())
    control.tokens["puppet"] = control.sign_in.issue_api_token("puppet", label="t", actor="test").reveal()
    control.tokens["borrowed"] = control.sign_in.issue_api_token("rita", label="t", actor="all").reveal()
    for person in ("puppet", "borrowed"):
        async with control.client(person) as client:
            answer = await client.post(f"/api/v1/reviews/{review}/approve", json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
        assert control.records[-1].status is Status.REFUSED
    async with control.client("rita") as client:
        assert (await client.post(f"/api/v1/reviews/{review}/approve", json={})).status_code == 200


async def test_scores_findings_and_adoption_over_http(control: Any) -> None:
    await waiting(control)
    await asyncio.to_thread(control.services.scorecards.keep_today)
    async with control.client("vic") as client:
        cards = (await client.get("/api/v1/scorecards")).json()["items"]
        assert [card["name"] for card in cards] == [INTEGRATION]
        one = (await client.get(f"/api/v1/scorecards/integration/{INTEGRATION}")).json()
        assert (one["card"]["score"], len(one["days"])) == (cards[0]["score"], 1)
        assert (await client.get("/api/v1/scorecards/team/nobody")).status_code == 404
        assert (await client.get("/api/v1/scorecards/planet/earth")).status_code == 422
        findings = (await client.get("/api/v1/findings")).json()["items"]
        rule = findings[0]["rule"]
        only = (await client.get("/api/v1/findings", params={"rule": rule})).json()["items"]
        assert {each["rule"] for each in only} == {rule}
        assert [each["standard"] for each in (await client.get("/api/v1/adoption")).json()["items"]] == ["baseline"]


async def test_the_report_is_a_file_that_no_browser_runs(control: Any) -> None:
    await waiting(control)
    async with control.client("vic") as client:
        html = await client.get("/api/v1/reports/estate")
        assert html.headers["content-disposition"].startswith('attachment; filename="estate-20')
        assert "default-src 'none'" in html.headers["content-security-policy"]
        text = await client.get("/api/v1/reports/estate", params={"format": "markdown"})
        assert text.text.startswith("# Estate report ")
        refused = await client.get("/api/v1/reports/estate", params={"month": "2026-13"})
        assert (refused.status_code, refused.json()["code"]) == (409, "policy")
    async with control.client() as client:
        assert (await client.get("/api/v1/reports/estate")).status_code == 401
