"""API keys at a whole installation: what a key opens, and everything else that a key, or no key, does not."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from easement.testing.installation import Installation, settings_in, until
from easement.testing.small_estate import SOURCE, TARGET, integration, openapi, small_files, system
from easement.testing.upstreams import Answer, UpstreamSimulator

PATH: Final = "/stock-api/v1/getstock/A-1"
ELSEWHERE: Final = "/stock-api/v1/dropstock/A-1"
UNKNOWN: Final = "/stock-api/v1/nothing"
OTHER: Final = "web"
BY_KEY: Final = {"authentication": "api-key"}
BY_TOKEN: Final = {"authentication": "oauth2", "scopes": ["stock.read"]}


@dataclass(slots=True)
class Stand:
    """One operation by key for the shop and by token for the web; another by token only."""

    up: Installation
    target: UpstreamSimulator

    def key(self, name: str = SOURCE, **body: Any) -> str:
        made = self.up.api("operator", "POST", f"/accounts/{name}/api-keys", json=body).json()
        if name == SOURCE:
            until(lambda: self.call(key=made["apiKey"]).status_code == 200, "the key is known", 10)
        return str(made["apiKey"])

    def revoke(self, key: str, name: str = SOURCE) -> None:
        self.up.api("operator", "DELETE", f"/accounts/{name}/credentials/{key.split('_')[1]}")

    def call(self, path: str = PATH, *, key: str = "", method: str = "GET", **headers: str) -> httpx.Response:
        sent = {**({"x-api-key": key} if key else {}), **headers}
        return self.up.gateway.request(method, path, headers=sent)

    def refused(self, answer: httpx.Response) -> tuple[int, str]:
        record = self.up.trace(answer.headers["x-transaction-id"])[0]
        assert record["error_code"] == answer.headers["x-easement-code"]
        assert record["status"] == "refused"
        return answer.status_code, answer.headers["x-easement-code"]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    installation = Installation(settings_in(tmp_path_factory.mktemp("keys")))
    with UpstreamSimulator() as target:
        target.answer = Answer(body=b'{"sku":"A-1","count":"7","place":"hidden"}')
        endpoint = {"development": {"url": f"http://127.0.0.1:{target.port}/api"}}
        files = small_files(
            system(TARGET, endpoints=endpoint), system(OTHER), integration(security=BY_KEY),
            integration(
                f"{OTHER}-reads-stock", source=OTHER, operations=["getStock", "dropStock"], security=BY_TOKEN,
                sla={"throughput": {"limit": "200/s"}, "availability": 99.0, "latency": {"p95": "500ms"}},
            ),
            description=openapi(operations=("getStock", "dropStock")),
        )  # fmt: skip
        try:
            installation.start()
            installation.person("dana", "developer")
            installation.person("rene", "reviewer", "security", "compliance")
            installation.apply("dana", files)
            installation.approve_all("rene")
            installation.until_enforced()
            yield Stand(installation, target)
        finally:
            installation.stop()


@pytest.fixture
def key(stand: Stand) -> Iterator[str]:
    made = stand.key()
    yield made
    stand.revoke(made)


def test_a_key_opens_what_its_contract_grants_and_goes_no_further(stand: Stand, key: str) -> None:
    answer = stand.call(key=key)
    assert (answer.status_code, answer.json()) == (200, {"sku": "A-1", "count": "7"})
    assert "x-api-key" not in stand.target.asked[-1].headers
    record = stand.up.trace(answer.headers["x-transaction-id"])[0]
    assert (record["account"], record["status"]) == (SOURCE, "success")
    assert key not in str(record)


def test_the_same_operation_takes_the_tokens_of_its_other_contract(stand: Stand) -> None:
    caller = stand.up.caller(OTHER)
    assert caller.call("GET", PATH).status_code == 200


def test_a_key_that_nobody_issued_is_refused(stand: Stand, key: str) -> None:
    for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), key.swapcase(), "eak_", "x", key + "A", "é"):
        answer = stand.up.gateway.get(PATH, headers={"x-api-key": wrong.encode()})
        assert stand.refused(answer) == (401, "EAS-5402")


def test_the_hash_of_a_key_is_no_key(stand: Stand, key: str) -> None:
    digest = hashlib.sha256(key.encode()).hexdigest()
    assert stand.refused(stand.call(key=digest)) == (401, "EAS-5402")


def test_neither_key_nor_token_is_refused_as_ever(stand: Stand) -> None:
    assert stand.refused(stand.call()) == (401, "EAS-5401")


def test_a_key_in_the_query_does_not_count(stand: Stand, key: str) -> None:
    assert stand.refused(stand.call(f"{PATH}?x-api-key={key}"))[0] == 401


def test_a_key_as_a_bearer_token_does_not_count(stand: Stand, key: str) -> None:
    assert stand.refused(stand.call(authorization=f"Bearer {key}")) == (401, "EAS-5402")


def test_two_keys_are_refused(stand: Stand, key: str) -> None:
    answer = stand.up.gateway.get(PATH, headers=[("x-api-key", key), ("x-api-key", key)])
    assert stand.refused(answer) == (401, "EAS-5402")


def test_a_key_with_a_token_is_refused_whosever_they_are(stand: Stand, key: str) -> None:
    token = stand.up.caller(OTHER).token()
    assert stand.refused(stand.call(key=key, authorization=f"Bearer {token}")) == (401, "EAS-5402")


def test_a_key_of_another_system_opens_nothing_here(stand: Stand) -> None:
    key = stand.key(OTHER)
    until(lambda: stand.call(key=key).status_code == 403, "the key is known", 10)
    assert stand.refused(stand.call(key=key)) == (403, "EAS-5403")
    stand.revoke(key, OTHER)


def test_a_key_opens_no_operation_of_tokens(stand: Stand, key: str) -> None:
    before = len(stand.target.asked)
    assert stand.refused(stand.call(ELSEWHERE, key=key)) == (401, "EAS-5401")
    assert len(stand.target.asked) == before


def test_a_wrong_key_learns_no_path(stand: Stand) -> None:
    """Whether an operation exists shows to who may ask: nobody without a good key or token."""
    for path, method in ((PATH, "GET"), (ELSEWHERE, "GET"), (UNKNOWN, "GET"), (PATH, "DELETE"), ("/elsewhere", "GET")):
        assert stand.call(path, key="eak_wrong", method=method).status_code == 401


def test_a_revoked_key_is_refused_within_moments(stand: Stand) -> None:
    key = stand.key()
    stand.revoke(key)
    until(lambda: stand.call(key=key).status_code == 401, "the key is refused", 10)
    assert stand.refused(stand.call(key=key)) == (401, "EAS-5402")


def test_two_keys_live_at_once_and_a_rotation_ends_the_older(stand: Stand) -> None:
    first, second = stand.key(), stand.key()
    assert stand.call(key=first).status_code == stand.call(key=second).status_code == 200
    with pytest.raises(RuntimeError, match="EAS-7102"):
        stand.key()
    third = stand.key(overlapHours=0)
    until(lambda: stand.call(key=first).status_code == 401, "the first is refused", 10)
    until(lambda: stand.call(key=second).status_code == 401, "the second is refused", 10)
    assert stand.call(key=third).status_code == 200
    stand.revoke(third)


def test_keys_are_held_to_the_limit_of_their_contract(stand: Stand, key: str) -> None:
    answers = [stand.call(key=key).status_code for _ in range(25)]
    assert 429 in answers
    assert set(answers) == {200, 429}
    until(lambda: stand.call(key=key).status_code == 200, "tokens are back in the bucket", 10)


def test_a_key_is_nowhere_on_the_disk_of_the_installation(stand: Stand, key: str) -> None:
    stand.call(key=key)
    found = subprocess.run(
        ["grep", "-rlF", key.split("_", 2)[2], str(stand.up.data.root)], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""


def test_a_client_secret_is_no_key_and_a_key_no_client_secret(stand: Stand, key: str) -> None:
    secret = stand.up.api("operator", "POST", f"/accounts/{OTHER}/secrets/rotate", json={}).json()["clientSecret"]
    assert stand.refused(stand.call(key=secret)) == (401, "EAS-5402")
    assert stand.up.token_answer(SOURCE, key).status_code == 401
