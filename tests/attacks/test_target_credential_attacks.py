"""The credential of a target: callers never hold it, cannot change it, and get nothing through without it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from easement.store.heartbeat import read_heartbeat
from easement.testing.installation import Caller, Installation, settings_in, until
from easement.testing.small_estate import SOURCE, TARGET, small_files, system
from easement.testing.upstreams import Answer, UpstreamSimulator

PATH: Final = "/stock-api/v1/getstock/A-1"
FIRST: Final = "partner-key-7f3a9c"
SECOND: Final = "partner-key-b81e02"
REFERENCE: Final = "secret://file/secrets/partner#key"


@dataclass(slots=True)
class Stand:
    """A target that wants ``X-Partner-Key``, and a caller that has never heard of it."""

    up: Installation
    target: UpstreamSimulator
    caller: Caller

    @property
    def file(self) -> Path:
        return self.up.data.root / "secrets" / "partner"

    def write(self, secret: str) -> None:
        """As an operator would: a new file in the place of the old one."""
        self.file.parent.mkdir(mode=0o700, exist_ok=True)
        made = self.file.with_suffix(".new")
        made.touch(mode=0o600)
        made.write_text(f'{{"key": "{secret}"}}')
        made.replace(self.file)

    def call(self, **headers: str) -> httpx.Response:
        return self.caller.call("GET", PATH, headers=headers)

    def shown(self) -> str:
        """What the target was shown by the last call."""
        return self.target.asked[-1].headers.get("x-partner-key", "")

    def said(self) -> dict[str, Any]:
        """The heartbeat of the gateway."""
        return read_heartbeat(self.up.data.run, "gateway") or {}

    def until_shown(self, secret: str) -> None:
        def there() -> bool:
            time.sleep(0.2)  # the contract allows ten calls in a second
            return self.call().status_code == 200 and self.shown() == secret

        until(there, "the credential is shown", 20)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    installation = Installation(settings_in(tmp_path_factory.mktemp("credential")))
    with UpstreamSimulator() as target:
        target.answer = Answer(body=b'{"sku":"A-1","count":"7"}')
        credential = {"secret": REFERENCE, "header": "X-Partner-Key", "prefix": "Key "}
        endpoint = {"development": {"url": f"http://127.0.0.1:{target.port}/api", "credential": credential}}
        try:
            installation.start()
            installation.person("dana", "developer")
            installation.person("rene", "reviewer", "security", "compliance")
            installation.apply("dana", small_files(system(TARGET, endpoints=endpoint)))
            installation.approve_all("rene")
            installation.until_enforced()
            yield Stand(installation, target, installation.caller(SOURCE))
        finally:
            installation.stop()


@pytest.fixture
def ready(stand: Stand) -> Stand:
    stand.write(FIRST)
    stand.until_shown(f"Key {FIRST}")
    stand.target.asked.clear()
    return stand


def test_without_the_secret_nothing_reaches_the_target(stand: Stand) -> None:
    stand.file.unlink(missing_ok=True)
    until(lambda: stand.call().status_code == 503, "calls are refused", 20)
    stand.target.asked.clear()
    answer = stand.call(**{"X-Partner-Key": "Key of-my-own"})
    assert (answer.status_code, answer.headers["x-easement-code"]) == (503, "EAS-5506")
    assert not stand.target.asked
    record = stand.up.trace(answer.headers["x-transaction-id"])[0]
    assert record["error_code"] == "EAS-5506"


def test_the_target_is_shown_its_credential_and_not_the_callers_token(ready: Stand) -> None:
    assert ready.call().json() == {"sku": "A-1", "count": "7"}
    assert ready.shown() == f"Key {FIRST}"
    assert "authorization" not in ready.target.asked[-1].headers


@pytest.mark.parametrize("name", ["X-Partner-Key", "x-partner-key", "X-PARTNER-KEY"])
def test_a_caller_cannot_put_another_in_its_place(ready: Stand, name: str) -> None:
    assert ready.call(**{name: "Key forged"}).status_code == 200
    assert ready.shown() == f"Key {FIRST}"
    assert "forged" not in str(ready.target.asked[-1].headers)


def test_a_target_that_plays_it_back_does_not_give_it_away(ready: Stand) -> None:
    ready.target.answer = Answer(
        body=b'{"sku":"A-1","count":"7","seen":"' + FIRST.encode() + b'"}',
        headers={"content-type": "application/json", "x-partner-key": FIRST, "set-cookie": FIRST},
    )
    answer = ready.call()
    assert answer.status_code == 200
    assert FIRST not in answer.text + str(answer.headers)
    ready.target.answer = Answer(body=b'{"sku":"A-1","count":"7"}')


def test_a_secret_that_turns_counts_without_a_new_plan(ready: Stand) -> None:
    before = ready.up.api("operator", "GET", "/plan").json()["hash"]
    ready.write(SECOND)
    ready.until_shown(f"Key {SECOND}")
    assert ready.up.api("operator", "GET", "/plan").json()["hash"] == before


def test_the_secret_is_in_no_plan_log_record_or_configuration_but_its_own(ready: Stand) -> None:
    ready.call()
    own = ready.up.data.root / "gateway" / "live" / "credentials" / f"{TARGET}.json"
    assert own.stat().st_mode & 0o077 == 0
    found = [
        path
        for path in ready.up.data.root.rglob("*")
        if path.is_file() and path not in {own, ready.file} and FIRST.encode() in path.read_bytes()
    ]
    assert found == []


@pytest.mark.parametrize("content", ['{"key": "a\\r\\nx-admin: 1"}', '{"key": ""}', "{", '{"other": "x"}'])
def test_a_secret_that_cannot_be_used_leaves_the_last_good_one(ready: Stand, content: str) -> None:
    ready.file.write_text(content)
    until(lambda: "partner" in str(ready.said().get("credentials", "")), "the gateway says so", 20)
    assert ready.call().status_code == 200
    assert ready.shown() == f"Key {FIRST}"
    assert "x-admin" not in ready.target.asked[-1].headers


def test_a_target_that_refuses_it_does_not_send_the_caller_for_a_new_token(ready: Stand) -> None:
    ready.target.answer = Answer(status=401, body=b"who are you?", headers={"www-authenticate": "Basic"})
    answer = ready.call()
    ready.target.answer = Answer(body=b'{"sku":"A-1","count":"7"}')
    assert (answer.status_code, answer.headers["x-easement-code"]) == (503, "EAS-5506")
    assert "www-authenticate" not in answer.headers
