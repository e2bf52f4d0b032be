"""``easement probe`` at a whole installation: what holds, what is not touched, and the proof in the ledger."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from easement.testing.installation import Installation, settings_in
from easement.testing.small_estate import INTEGRATION, TARGET, integration, small_files, system
from easement.testing.upstreams import UpstreamSimulator

OTHER: Final = "shop-writes-stock"
DESCRIPTION: Final = json.dumps({
    "openapi": "3.1.0", "info": {"title": "Stock", "version": "1.0.0"},
    "components": {"securitySchemes": {"oauth": {"type": "oauth2", "flows": {"clientCredentials": {
        "tokenUrl": "https://localhost/token", "scopes": {}}}}}},
    "paths": {
        "/getstock/{sku}": {"get": {
            "operationId": "getStock", "security": [{"oauth": []}],
            "parameters": [{"name": "sku", "in": "path", "required": True,
                            "schema": {"type": "string", "pattern": "^[A-Z]-[0-9]{1,4}$"}}],
            "responses": {"200": {"description": "it", "content": {"application/json": {"schema": {
                "type": "object", "properties": {"sku": {"type": "string"}, "count": {"type": "string"}}}}}}},
        }},
        "/stock": {"post": {
            "operationId": "addStock", "security": [{"oauth": []}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": {
                "type": "object", "required": ["sku"], "additionalProperties": False,
                "properties": {"sku": {"type": "string", "maxLength": 9}, "count": {"type": "integer"}}}}}},
            "responses": {"200": {"description": "it", "content": {"application/json": {"schema": {
                "type": "object", "properties": {"sku": {"type": "string"}}}}}}},
        }},
    },
})  # fmt: skip


BOUND: Final = "web-reads-stock"
KEYED: Final = "till-reads-stock"


@dataclass(frozen=True, slots=True)
class Probed:
    """An installation with four contracts on one interface, each with another way to prove who calls."""

    up: Installation
    target: UpstreamSimulator

    def probe(self, *words: str) -> dict[str, Any]:
        """What the command says as JSON; it must end with 0."""
        done = self.up.command("probe", "-o", "json", *words)
        return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probed]:
    installation = Installation(settings_in(tmp_path_factory.mktemp("probed")))
    sla = {"throughput": {"limit": "10/m"}, "availability": 99.0, "latency": {"p95": "500ms"}}
    with UpstreamSimulator() as target:
        endpoint = {"development": {"url": f"http://127.0.0.1:{target.port}/api"}}
        own = {"attributes": {"letter": "A"}}
        files = small_files(
            system(TARGET, endpoints=endpoint), system("web"), system("till", **own),
            integration(operations=["getStock", "addStock"], sla=sla),
            integration(BOUND, source="web", security={"authentication": "oauth2+mtls", "scopes": ["stock.read"]}),
            integration(KEYED, source="till", security={"authentication": "api-key"}),
            description=DESCRIPTION,
        )  # fmt: skip
        try:
            installation.start()
            installation.person("dana", "developer")
            installation.person("rene", "reviewer", "security", "compliance")
            installation.person("ada", "auditor")
            installation.apply("dana", files)
            installation.approve_all("rene")
            installation.until_enforced()
            yield Probed(installation, target)
        finally:
            installation.stop()


def cases(report: dict[str, Any], operation: str = "") -> dict[str, str]:
    """Outcome by case."""
    return {
        case["case"]: case["outcome"]
        for item in report["items"]
        for case in item["cases"]
        if not operation or case["operation"] == operation
    }


def test_every_control_holds_and_no_target_is_called(probed: Probed) -> None:
    probed.target.asked.clear()
    found = probed.probe()
    assert found["run"]["failed"] == 0
    reports = {report["integration"]: report for report in found["reports"]}
    assert set(reports) == {"", INTEGRATION, BOUND, KEYED}
    assert not probed.target.asked
    assert cases(reports[""]) == dict.fromkeys(("plain-http", "tls-1.0", "tls-1.1", "foreign-certificate"), "held")
    written = cases(reports[INTEGRATION], "addStock")
    assert {written[name] for name in ("granted", "undeclared-property", "oversize-body", "over-limit")} == {"held"}
    assert cases(reports[BOUND])["other-certificate"] == "held"
    assert cases(reports[KEYED])["unknown-key"] == "held"
    for report in reports.values():
        assert "not tried" not in cases(report).values(), report
        assert [item["item"].split(":")[0] for item in report["items"]] == [f"API{n}" for n in range(1, 11)]


def test_a_probe_is_evidence_in_the_ledger_and_no_traffic(probed: Probed) -> None:
    found = probed.probe(INTEGRATION)
    run = found["run"]["id"]
    records = probed.up.trace(run, records=2)
    mine = next(record for record in records if record["integration"] == INTEGRATION)
    assert (mine["step"], mine["status"], mine["plan"]) == ("probed", "success", found["run"]["plan"])
    report = next(one for one in found["reports"] if one["integration"] == INTEGRATION)
    stored = {key: value for key, value in report.items() if key != "taken"}
    digest = hashlib.sha256(json.dumps(stored, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    assert mine["detail"]["report_sha256"] == digest
    traffic = probed.up.api("ada", "GET", f"/audit/records?integration={INTEGRATION}&kind=request").json()
    assert traffic["items"] == []


def test_the_credentials_of_a_probe_do_not_open_the_data_plane(probed: Probed) -> None:
    """They are made for one run, trusted by its copy alone, and gone with it."""
    folder = probed.up.data.root / "gateway"
    assert not (folder / "probe").exists()
    live = (folder / "live" / "lds.json").read_text()
    assert [one["name"] for one in json.loads(live)["resources"]] == ["data", "control"]


def test_who_may_not_ask_for_a_probe(probed: Probed) -> None:
    for person in ("dana", "ada"):
        with pytest.raises(RuntimeError, match="403"):
            probed.up.api(person, "POST", "/probe-runs", json={})
    assert probed.up.api("dana", "GET", "/probe-runs").status_code == 200


def test_an_integration_that_is_not_enforced_is_named(probed: Probed) -> None:
    done = probed.up.command("probe", "nothing-here", check=False)
    assert done.returncode == 1
    assert "nothing-here" in done.stderr


def test_a_node_without_the_token_can_send_no_report(probed: Probed) -> None:
    forged = {"run": "x", "plan": "", "problem": "", "report": None}
    port = probed.up.settings.console_port
    answer = httpx.post(f"http://127.0.0.1:{port}/internal/v1/probe-reports", json=forged)
    assert answer.status_code == 401
