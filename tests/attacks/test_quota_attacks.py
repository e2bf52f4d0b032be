"""The quota of a day holds over operations, tokens and restarts of the gateway: at a whole installation."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import httpx
import pytest

from easement.store.heartbeat import read_heartbeat
from easement.testing.installation import Caller, Installation, settings_in, until
from easement.testing.processes import children_of
from easement.testing.small_estate import SOURCE, TARGET, integration, openapi, small_files, system
from easement.testing.upstreams import Answer, UpstreamSimulator

STOCK: Final = "/stock-api/v1/getstock/A-1"
PLACE: Final = "/stock-api/v1/getplace/A-1"
OTHER: Final = "web"
QUOTA: Final = 12
WITHIN_S: Final = 20.0


@dataclass(slots=True)
class Stand:
    up: Installation
    target: UpstreamSimulator
    shop: Caller
    web: Caller

    def used(self) -> dict[str, object]:
        items = self.up.api("operator", "GET", "/quotas").json()["items"]
        return {one["integration"]: (one["used"], one["usedUp"]) for one in items}


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    installation = Installation(settings_in(tmp_path_factory.mktemp("quota")))
    sla = {"throughput": {"limit": "900/s"}, "availability": 99.0, "latency": {"p95": "500ms"}}
    limited = {**sla, "throughput": {"limit": "900/s", "dailyQuota": QUOTA}}
    both = ["getStock", "getPlace"]
    with UpstreamSimulator() as target:
        target.answer = Answer(body=b'{"sku":"A-1","count":"7"}')
        endpoint = {"development": {"url": f"http://127.0.0.1:{target.port}/api"}}
        capacity = {"throughput": "9000/s", "availability": 99.9}
        files = small_files(
            system(TARGET, endpoints=endpoint, capacity=capacity), system(OTHER),
            integration(sla=limited, operations=both),
            integration(f"{OTHER}-reads-stock", source=OTHER, sla=sla, operations=both),
            description=openapi(operations=both),
        )  # fmt: skip
        try:
            installation.start()
            installation.person("dana", "developer")
            installation.person("rene", "reviewer", "security", "compliance")
            installation.apply("dana", files)
            installation.approve_all("rene")
            installation.until_enforced()
            yield Stand(installation, target, installation.caller(SOURCE), installation.caller(OTHER))
        finally:
            installation.stop()


def refused(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.headers.get("x-easement-code")) == (429, "EAS-5430")


def test_no_mixture_of_operations_and_tokens_gets_more_than_the_quota(stand: Stand) -> None:
    for number in range(QUOTA):
        answer = stand.shop.call("GET", (STOCK, PLACE)[number % 2])
        assert answer.status_code == 200, answer.text
    until(lambda: refused(stand.shop.call("GET", STOCK)), "the quota is used up", WITHIN_S)
    fresh = stand.up.caller(SOURCE)
    before = len(stand.target.asked)
    for path in (STOCK, PLACE):
        answer = fresh.call("GET", path)
        assert refused(answer), "neither another token nor another operation helps"
        left = 86_400 - int(time.time()) % 86_400
        assert abs(int(answer.headers["retry-after"]) - left) <= 5
        record = stand.up.trace(answer.headers["x-transaction-id"])[0]
        assert (record["integration"], record["status"], record["error_code"]) == (
            "shop-reads-stock", "refused", "EAS-5430",
        )  # fmt: skip
    assert len(stand.target.asked) == before
    assert stand.used()["shop-reads-stock"][1] is True


def test_the_quota_of_one_is_not_that_of_another(stand: Stand) -> None:
    assert stand.web.call("GET", STOCK).status_code == 200
    assert set(stand.used()) == {"shop-reads-stock"}


def test_a_gateway_that_starts_anew_without_a_control_plane_forgets_no_quota(stand: Stand) -> None:
    until(lambda: refused(stand.shop.call("GET", STOCK)), "the quota is used up", WITHIN_S)
    control, gateway = stand.up.pid_of("control"), stand.up.pid_of("gateway")
    tokens = stand.shop.token(), stand.web.token()
    os.kill(control, signal.SIGSTOP)
    try:
        for pid in (*children_of(gateway), gateway):
            os.kill(pid, signal.SIGKILL)

        def is_back() -> bool:
            beat = read_heartbeat(stand.up.data.run, "gateway") or {}
            return beat.get("pid") != gateway and bool(beat.get("ready"))

        until(is_back, "the gateway is back", 45)
        answers = [stand.up.gateway.get(STOCK, headers={"authorization": f"Bearer {token}"}) for token in tokens]
        assert refused(answers[0]), "although nobody can tell it"
        assert answers[1].status_code == 200
    finally:
        os.kill(control, signal.SIGCONT)


def test_what_is_used_is_told(stand: Stand) -> None:
    said = stand.up.command("quotas", check=False)
    assert said.returncode == 3
    assert "shop-reads-stock" in said.stdout
    assert "refused until" in said.stdout
