"""Attacks on the control plane's API, each named for what it tries."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from easement.ledger.record import RecordKind, Status
from easement.testing.small_estate import INTEGRATION, integration, small_files, system

pytestmark = pytest.mark.asyncio
VITAL = {**integration()["spec"]["sla"], "criticality": "vital", "schedule": {"every": "5m"}}


def body(*changed: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"files": {path: content.decode() for path, content in small_files(*changed).items()}, **more}


ALLOWED = {
    ("POST", "/api/v1/preview"): {"dev", "rita", "sam", "olga", "all"},
    ("POST", "/api/v1/apply"): {"dev", "all"},
    ("POST", "/api/v1/reviews/decisions"): {"dev", "rita", "sam", "all"},
    ("POST", "/api/v1/reviews/x/approve"): {"dev", "rita", "sam", "all"},
    ("POST", "/api/v1/integrations/x/approve"): {"dev", "rita", "sam", "all"},
    ("POST", "/api/v1/integrations/x/lifecycle"): {"olga", "all"},
    ("GET", "/api/v1/audit/records"): {"sam", "olga", "otto", "all"},
    ("GET", "/api/v1/audit/transactions/x"): {"sam", "olga", "otto", "all"},
    ("GET", "/api/v1/plan/x"): {"dev", "sam", "olga", "otto", "all"},
}


async def test_attack_base64_that_is_no_text(control: Any) -> None:
    for text in ("\u00cf,ip", "\ud88b", "====", "a"):
        async with control.client("dev") as client:
            sent = json.dumps({"files": {"a.yaml": {"base64": text}}})
            answer = await client.post("/api/v1/apply", content=sent, headers={"content-type": "application/json"})
        assert answer.status_code == 422, answer.text


async def test_every_operation_says_how_it_fails(control: Any) -> None:
    async with control.client("dev") as client:
        tree = (await client.get("/api/openapi.json")).json()
    assert "HTTPValidationError" not in tree["components"]["schemas"]
    for path, methods in tree["paths"].items():
        for operation in methods.values():
            kind = "application/json" if path.startswith("/oauth/") else "application/problem+json"
            assert list(operation["responses"]["default"]["content"]) == [kind], path
            assert "422" not in operation["responses"]


@pytest.mark.parametrize(("method", "path"), ALLOWED)
async def test_attack_role_escalation(control: Any, method: str, path: str) -> None:
    for person in control.tokens:
        async with control.client(person) as client:
            answer = await client.request(method, path, json={} if method == "POST" else None)
        is_refused = answer.status_code == 403 and answer.json()["code"] == "role-missing"
        assert is_refused is (person not in ALLOWED[method, path]), (person, answer.text)
    refused = [record for record in control.records if record.kind is RecordKind.ACCESS and record.error_code]
    assert {record.account for record in refused} == set(control.tokens) - ALLOWED[method, path]
    assert {record.status for record in refused} <= {Status.REFUSED}


async def test_attack_every_route_without_a_token(control: Any) -> None:
    async with control.client() as client:
        described = (await client.get("/api/openapi.json")).json()
        tried = 0
        for path, methods in described["paths"].items():
            for method in methods:
                if path in {"/livez", "/readyz"}:
                    continue
                answer = await client.request(method, path.replace("{", "").replace("}", ""), json={})
                assert answer.status_code == 401, (method, path, answer.text)
                assert answer.headers["www-authenticate"].startswith("Bearer")
                tried += 1
    assert tried > 25


@pytest.mark.parametrize(
    "authorization",
    ["Bearer eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.AAAA", "Bearer eas_x", "Basic YTpi", "Bearer", "bearer  "],
)
async def test_attack_token_of_a_service_account(control: Any, authorization: str) -> None:
    async with control.client(Authorization=authorization) as client:
        assert (await client.get("/api/v1/systems")).status_code == 401


async def test_attack_two_authorization_headers(control: Any) -> None:
    headers = [("Authorization", "Bearer nothing"), ("Authorization", f"Bearer {control.tokens['all']}")]
    async with control.client() as client:
        assert (await client.get("/api/v1/systems", headers=headers)).status_code == 401


async def test_attack_guessing_is_slowed_but_shuts_nobody_out(control: Any) -> None:
    async with control.client(Authorization="Bearer eap_" + "A" * 43) as attacker:
        answers = [(await attacker.get("/api/v1/systems")).status_code for _ in range(35)]
    assert (answers[0], answers[-1]) == (401, 429)
    async with control.client("vic") as client:
        assert (await client.get("/api/v1/systems")).status_code == 200


async def test_attack_self_approval(control: Any) -> None:
    async with control.client("all") as client:
        await client.post("/api/v1/apply", json=body(integration(sla=VITAL)))
        answer = await client.post(f"/api/v1/integrations/{INTEGRATION}/approve", json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
        assert (await client.get(f"/api/v1/integrations/{INTEGRATION}")).json()["state"] == "design"
    assert control.records[-1].status is Status.REFUSED


async def test_attack_approving_a_revision_that_was_swapped_meanwhile(control: Any) -> None:
    async with control.client("dev") as dev, control.client("rita") as rita:
        await dev.post("/api/v1/apply", json=body(integration(sla=VITAL)))
        review = (await rita.get("/api/v1/reviews")).json()["items"][0]
        await dev.post("/api/v1/apply", json=body(integration(sla=VITAL, fields=["sku", "count", "place"])))
        answer = await rita.post(f"/api/v1/reviews/{review['id']}/approve", json={})
        assert (answer.status_code, answer.json()["code"]) == (412, "stale")
        wrong = await rita.post(f"/api/v1/reviews/{review['id']}/approve", json={}, headers={"If-Match": '"99"'})
        assert wrong.status_code == 412


async def test_attack_replayed_idempotency_key(control: Any) -> None:
    key = {"Idempotency-Key": "k1"}
    async with control.client("dev") as dev, control.client("all") as other:
        first = await dev.post("/api/v1/apply", json=body(), headers=key)
        again = await dev.post("/api/v1/apply", json=body(), headers=key)
        assert again.json() == first.json()
        changed = await dev.post("/api/v1/apply", json=body(system("evil")), headers=key)
        assert (changed.status_code, changed.json()["code"]) == (422, "idempotency-key-reused")
        somebody = await other.post("/api/v1/apply", json=body(), headers=key)
        assert somebody.json()["documents"] == []


async def test_attack_one_key_many_times_at_once(control: Any) -> None:
    async with control.client("dev") as dev:
        answers = await asyncio.gather(
            *(dev.post("/api/v1/apply", json=body(), headers={"Idempotency-Key": "k"}) for _ in range(5))
        )
    assert len({answer.json()["transactionId"] for answer in answers}) == 1


async def test_attack_oversize_bundle(control: Any) -> None:
    async with control.client("dev") as dev:
        large = {"files": {"a.yaml": "x" * 250_000}}
        declared = await dev.post("/api/v1/apply", json=large)
        assert (declared.status_code, declared.json()["code"]) == (413, "too-large")

        async def chunks() -> Any:
            for _ in range(300):
                yield b"x" * 1000

        hidden = await dev.post("/api/v1/apply", content=chunks(), headers={"Content-Type": "application/json"})
        assert hidden.status_code == 413
        small = await dev.post("/api/v1/reviews/decisions", content=b"x" * 30_000)
        assert small.status_code == 413


@pytest.mark.parametrize(
    "path",
    ["../evil.yaml", "a/../../evil.yaml", "/etc/passwd", "a//b.yaml", "./a.yaml", "a\\b.yaml", "a\x00.yaml", "",
     "@registry/integration/x/y.yaml", "a/\n.yaml", "x" * 501],
)  # fmt: skip
async def test_attack_path_traversal_in_a_bundle(control: Any, path: str) -> None:
    async with control.client("dev") as dev:
        answer = await dev.post("/api/v1/preview", json={"files": {path: "x: 1"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-path")


async def test_attack_definition_outside_the_bundle(control: Any) -> None:
    from easement.testing.small_estate import interface

    evil = interface(definition={"openapi": "../../../../etc/passwd"})
    async with control.client("dev") as dev:
        answer = await dev.post("/api/v1/apply", json=body(evil))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "root:" not in answer.text


async def test_attack_definition_of_another_registered_interface(control: Any) -> None:
    """A bundle cannot borrow a registered file by its place in the registry."""
    from easement.testing.small_estate import interface

    async with control.client("dev") as dev:
        await dev.post("/api/v1/apply", json=body())
        evil = interface(definition={"openapi": "../@registry/interface/stock-api/interface/stock.json"})
        answer = await dev.post("/api/v1/preview", json=body(evil))
    assert answer.json()["problems"]


async def test_attack_cross_site_request_with_a_session(control: Any) -> None:
    code = control.sign_in.issue_link("dev", actor="test").reveal()
    session = control.sign_in.use_link(code)
    cookie = {"Cookie": f"easement_session={session.cookie.reveal()}"}
    async with control.client(**cookie) as client:
        assert (await client.get("/api/v1/systems")).status_code == 200
        forged = await client.post("/api/v1/apply", json=body())
        assert (forged.status_code, forged.json()["code"]) == (403, "csrf")
        own = await client.post("/api/v1/apply", json=body(), headers={"X-CSRF-Token": session.person.csrf})
        assert own.status_code == 200


async def test_attack_disabled_person(control: Any) -> None:
    control.sign_in.people.disable("dev", actor="test", now=datetime.now(UTC))
    async with control.client("dev") as client:
        assert (await client.get("/api/v1/systems")).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip.io:8080"])
async def test_attack_dns_rebinding(control: Any, host: str) -> None:
    async with control.client("vic") as client:
        assert (await client.get("/api/v1/systems", headers={"Host": host})).status_code == 421
        assert (await client.get("/api/v1/systems", headers={"Host": "127.0.0.1:8080"})).status_code == 200


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer nope", "Bearer node-token-of-the-tes", "person"])
async def test_attack_node_state_without_the_node_token(control: Any, token: str) -> None:
    headers = {"Authorization": f"Bearer {control.tokens['all']}" if token == "person" else token}
    async with control.client(**headers) as client:
        answer = await client.get("/internal/v1/state")
    assert (answer.status_code, answer.json()["code"]) == (401, "not-a-node")


async def test_attack_malformed_bodies_are_problem_documents_without_their_values(control: Any) -> None:
    async with control.client("dev") as dev:
        for content in (b"{", b"[]", b'{"files": {"a": 1}, "x": "hunter2"}', b'{"files": {"a": {"base64": "%"}}}'):
            answer = await dev.post("/api/v1/apply", content=content, headers={"Content-Type": "application/json"})
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
            assert "hunter2" not in answer.text


async def test_attack_browser_headers_are_strict_on_every_answer(control: Any) -> None:
    async with control.client("vic") as client:
        for path in ("/api/v1/systems", "/nothing", "/api/v1/apply", "/livez"):
            headers = (await client.get(path)).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
            assert headers["cache-control"] == "no-store"


async def test_attack_unexpected_fault_tells_nothing(control: Any) -> None:
    class Broken:
        def authenticate_bearer(self, token: str) -> None:
            raise RuntimeError(f"secret path and {token}")

    object.__setattr__(control.services.access, "authenticator", Broken())
    async with control.client("vic") as client:
        answer = await client.get("/api/v1/systems")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
