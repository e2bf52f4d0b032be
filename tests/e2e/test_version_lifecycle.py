"""Two majors side by side, the end of one, and two integrations that leave nothing behind: on a whole installation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from nats.errors import Error as NatsError

from easement.estate.interface_lifecycle import InterfaceState
from easement.governance.interface_lifecycle import set_interface_state
from easement.ledger.spool import Spool
from easement.runtime.opened_registry import open_registry
from easement.store.database import open_engine, sqlite_url
from easement.store.heartbeat import read_heartbeat
from easement.testing.installation import Caller, Installation, running, until
from easement.testing.small_estate import (
    INTEGRATION,
    SOURCE,
    TARGET,
    document,
    integration,
    interface,
    small_files,
    system,
)
from easement.testing.upstreams import Answer, UpstreamSimulator

V1: Final = "/stock-api/v1/getstock/A-1"
V2: Final = "/stock-api/v2/getstock/A-1"
NEXT: Final = "shop-reads-next"
TELLS: Final = "shop-tells-stock"
EVENTS: Final = "shop-events"
ASYNCAPI: Final = """
asyncapi: 3.0.0
info: {title: Sales, version: 1.0.0}
channels:
  sold:
    address: sold
    title: Something was sold
    messages: {sold: {$ref: "#/components/messages/sold"}}
operations:
  sendSold: {action: send, channel: {$ref: "#/channels/sold"}}
components:
  messages:
    sold:
      contentType: application/json
      payload: {type: object, additionalProperties: false, properties: {sku: {type: string, maxLength: 40}}}
"""


def estate(port: int) -> dict[str, bytes]:
    """The API in two majors with a contract on each, and events."""
    described = {"definition": {"asyncapi": "events.yaml"}, "defaultClassification": "internal"}
    documents = (
        system(TARGET, endpoints={"development": {"url": f"http://127.0.0.1:{port}"}}),
        integration(NEXT, interface={"name": "stock-api", "version": "^2.0"}),
        document("Interface", EVENTS, {"system": SOURCE, "version": "1.0.0", **described}),
        integration(
            TELLS,
            interface={"name": EVENTS, "version": "^1.0"},
            pattern="event",
            operations=[],
            channels=["sold"],
            fields=["sku"],
            errors={"retry": {"attempts": 5}, "deadLetter": {"retention": "P7D", "owner": "platform"}},
            retention={"messages": "P7D", "records": "P400D"},
        ),
    )
    following = json.dumps(interface(version="2.0.0")).encode()
    return small_files(*documents) | {"interface/next.yaml": following, "interface/events.yaml": ASYNCAPI.encode()}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with UpstreamSimulator() as target, running(tmp_path_factory.mktemp("versions")) as installation:
        target.answer = Answer(body=b'{"sku": "A-1", "count": "7", "place": "hidden"}')
        installation.person("dana", "developer")
        installation.person("rene", "reviewer", "security", "compliance")
        installation.apply("dana", estate(target.port))
        installation.approve_all("rene")
        installation.until_enforced()
        yield installation


@pytest.fixture(scope="module")
def shop(up: Installation) -> Caller:
    return up.caller(SOURCE)


def move_version(up: Installation, state: InterfaceState, **parts: Any) -> None:
    """Another process of the installation moves the first major, as the workflow of change cases does."""
    engine = open_engine(sqlite_url(up.data.database))
    spool = Spool(up.data.spool, "test")
    try:
        registry = open_registry(up.settings, up.data, engine, spool.append)
        set_interface_state(registry, "stock-api@1", state, "rene", "the second major is there", **parts)
    finally:
        spool.close()
        engine.dispose()
    up.until_enforced()


def lifecycle(up: Installation, event: str, name: str) -> None:
    up.command("lifecycle", event, name, "--reason", "replaced")


def decommission(up: Installation, name: str, *more: str) -> dict[str, Any]:
    said = up.command("decommission", f"integration/{name}", "--reason", "replaced", "-o", "json", *more).stdout
    report: dict[str, Any] = json.loads(said)
    return report


def test_both_majors_serve_and_the_older_one_says_that_it_ends(up: Installation, shop: Caller):
    assert [shop.call("GET", path).status_code for path in (V1, V2)] == [200, 200]
    sunset = datetime.now(UTC) + timedelta(seconds=1)
    move_version(up, InterfaceState.DEPRECATED, sunset=sunset, successor="stock-api@2", link="https://docs.example/v2")
    older, newer = shop.call("GET", V1), shop.call("GET", V2)
    assert (older.status_code, newer.status_code) == (200, 200)
    assert older.headers["deprecation"].startswith("@")
    assert older.headers["sunset"].endswith("GMT")
    assert '</stock-api/v2/>; rel="successor-version"' in older.headers["link"]
    assert not {"deprecation", "sunset", "link"} & set(newer.headers)
    assert up.command("get", "interfaces", "stock-api", check=False).returncode != 0
    assert json.loads(up.command("get", "interfaces", "stock-api@1", "-o", "json").stdout)["state"] == "deprecated"


def test_onboarding_lists_what_is_there(up: Installation, shop: Caller):
    found = json.loads(up.command("onboarding", f"integration/{NEXT}", "-o", "json").stdout)
    assert all(item["done"] for item in found["items"])
    assert "took a connection" in next(item["evidence"] for item in found["items"] if item["id"] == "probe")


def test_a_decommissioned_integration_leaves_nothing_and_others_flow_on(up: Installation, shop: Caller):
    refused = up.command("decommission", INTEGRATION, "--reason", "replaced", check=False)
    assert (refused.returncode, "deprecate" in refused.stderr) == (4, True)
    lifecycle(up, "deprecate", INTEGRATION)
    rehearsal = decommission(up, INTEGRATION, "--dry-run")
    assert rehearsal["dryRun"] is True
    assert {step["state"] for step in rehearsal["steps"]} == {"would"}
    assert shop.call("GET", V1).status_code == 200
    report = decommission(up, INTEGRATION)
    assert report["finished"]
    assert {step["state"] for step in report["steps"]} == {"done"}
    assert shop.call("GET", V1).status_code in {403, 404}
    assert shop.call("GET", V2).status_code == 200
    assert up.command("get", "integrations", INTEGRATION, check=False).returncode == 1


def test_the_calendar_ends_the_version_and_its_callers_learn_where_to_go(up: Installation, shop: Caller):
    at = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    said = up.command("lifecycle", "schedule", "interface/stock-api@1", "sunset", "--at", at, "-m", "announced").stdout
    assert "interface/stock-api@1 sunset" in said
    until(lambda: shop.call("GET", V1).status_code == 410, "the first major is gone", 60)
    answer = shop.call("GET", V1)
    assert answer.json()["successor"] == "/stock-api/v2/"
    assert answer.headers["x-easement-code"] == "EAS-5410"
    (record,) = up.trace(answer.headers["x-transaction-id"])
    assert (record["message_type"], record["account"], record["status"]) == ("stock-api@1", SOURCE, "refused")
    assert shop.call("GET", V2).status_code == 200
    assert "Nothing is scheduled." in up.command("lifecycle", "calendar").stdout
    assert "done" in up.command("lifecycle", "calendar", "--past").stdout


async def _publish_and_take(shop: Caller, stock: Caller) -> None:
    source, target = await shop.events(), await stock.events()
    try:
        await source.publish(EVENTS, 1, "sold", {"sku": "A-1"})
        (message,) = await target.fetch(TELLS)
        assert "Deprecation" not in message.headers
        await message.ack()
    finally:
        await source.close()
        await target.close()


async def _is_refused(shop: Caller) -> bool:
    try:
        client = await shop.events()
    except NatsError:
        return True
    await client.close()
    return False


def test_a_decommissioned_event_integration_leaves_no_stream_right_or_credential(up: Installation, shop: Caller):
    stock = up.caller(TARGET)
    asyncio.run(_publish_and_take(shop, stock))
    lifecycle(up, "deprecate", TELLS)
    report = decommission(up, TELLS, "--discard-messages")
    assert report["finished"], report
    told = {step["id"]: step["said"] for step in report["steps"]}
    assert told["streams"] == f"the broker has no OUT_{TELLS} and no DLQ_{TELLS}"
    assert asyncio.run(_is_refused(shop))
    beat = read_heartbeat(up.data.run, "broker") or {}
    assert not [name for name in beat["retired_streams"] if TELLS in name]


def test_the_ledger_tells_the_whole_story(up: Installation):
    found = up.api("operator", "GET", "/audit/records", params={"integration": INTEGRATION, "limit": 200}).json()
    actions = [item["record"]["message_type"] for item in reversed(found["items"])]
    story = [action for action in actions if action.startswith(("decommission.", "lifecycle."))]
    assert story == [
        "lifecycle.live", "lifecycle.deprecated", "decommission.begun", "decommission.nothing-waits",
        "lifecycle.retired", "decommission.cut", "decommission.plan", "decommission.confirmed",
        "decommission.credentials", "decommission.streams", "decommission.alerts", "decommission.silence",
        "decommission.archived",
    ]  # fmt: skip
    assert up.command("audit", "verify").returncode == 0
