"""Webhooks: signed, retried durably, never redirected, dead-lettered when they refuse for good."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from easement.ledger.record import Step
from easement.plan.model import Plan, WebhookTarget
from easement.testing.broker_stand import BrokerStand, broker_stand
from easement.testing.event_plans import channel, delivery, plan

pytestmark = pytest.mark.asyncio
SECRET = b"a webhook secret of enough bytes"
ORDER = {"orderId": "O-1", "customer": {"email": "ada@example.org"}, "lines": []}


@dataclass
class Receiver:
    """An HTTP server that answers with the statuses it is given, the last one for ever."""

    statuses: list[int] = field(default_factory=lambda: [200])
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append((headers, body))
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            writer.write(
                f"HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:{self.port}/other\r\n"
                "content-length: 0\r\nconnection: close\r\n\r\n".encode()
            )
            await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A listening receiver."""
    one = Receiver()
    server = await asyncio.start_server(one.answer, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    yield one
    server.close()


def _plan(port: int, ordering_key: str = "") -> Plan:
    webhook = WebhookTarget(url=f"http://127.0.0.1:{port}/hook", secret="secret://file/secrets/hook")
    deliveries = (delivery("orders-to-partner", source="orders", target="partner", webhook=webhook),)
    return plan((channel(deliveries, ordering_key=ordering_key),), deliveries)


@contextlib.asynccontextmanager
async def _running(root: Path, the_plan: Plan) -> AsyncIterator[BrokerStand]:
    secret = root / "secrets" / "hook"
    secret.parent.mkdir()
    secret.write_text("whsec_" + base64.b64encode(SECRET).decode())
    secret.chmod(0o600)
    async with broker_stand(root, the_plan) as stand:
        await stand.start_relay()
        await stand.apply_and_wait(the_plan)
        yield stand


def _has(stand: BrokerStand, step: Step) -> Callable[[], bool]:
    return lambda: any(record.step is step for record in stand.records())


async def test_an_event_is_posted_signed_and_projected(tmp_path: Path, receiver: Receiver) -> None:
    async with _running(tmp_path, _plan(receiver.port)) as stand:
        orders = await stand.client("orders")
        await orders.publish("orders-events", 1, "orderPlaced", ORDER, headers={"ce-id": "e-1"})
        await stand.until(_has(stand, Step.DELIVERED))
        ((headers, body),) = receiver.requests
        assert json.loads(body) == {"orderId": "O-1", "lines": []}
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(SECRET, content, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}".lower()
        assert headers["ce-id"] == "e-1"
        await orders.close()


async def test_a_passing_fault_is_retried_and_the_same_id_is_sent(tmp_path: Path, receiver: Receiver) -> None:
    receiver.statuses = [503, 200]
    async with _running(tmp_path, _plan(receiver.port)) as stand:
        orders = await stand.client("orders")
        await orders.publish("orders-events", 1, "orderPlaced", ORDER)
        await stand.until(_has(stand, Step.DELIVERED))
        assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1
        steps = [record.step for record in stand.records()]
        assert steps == [Step.PUBLISHED, Step.RETRIED, Step.DELIVERED]
        await orders.close()


@pytest.mark.parametrize(
    ("statuses", "posts", "code"),
    [
        ([404], 1, "delivery.webhook-status"),
        ([307], 1, "delivery.webhook-status"),
        ([500], 3, "delivery.webhook-status"),
    ],
)
async def test_what_is_refused_for_good_becomes_a_dead_letter(
    tmp_path: Path, receiver: Receiver, statuses: list[int], posts: int, code: str
) -> None:
    receiver.statuses = statuses
    async with _running(tmp_path, _plan(receiver.port, ordering_key="orderId")) as stand:
        orders = await stand.client("orders")
        await orders.publish("orders-events", 1, "orderPlaced", ORDER)
        await stand.until(_has(stand, Step.DEAD_LETTERED))
        assert len(receiver.requests) == posts
        dead = next(record for record in stand.records() if record.step is Step.DEAD_LETTERED)
        assert (dead.error_code, dead.detail["attempt"]) == (code, posts)
        await orders.close()


async def test_an_ordered_webhook_waits_for_the_message_before(tmp_path: Path, receiver: Receiver) -> None:
    receiver.statuses = [503, 200]
    async with _running(tmp_path, _plan(receiver.port, ordering_key="orderId")) as stand:
        orders = await stand.client("orders")
        for number in range(4):
            await orders.publish("orders-events", 1, "orderPlaced", {"orderId": f"{number}", "lines": []})
        await stand.until(lambda: sum(r.step is Step.DELIVERED for r in stand.records()) == 4)
        assert [json.loads(body)["orderId"] for _, body in receiver.requests] == ["0", "0", "1", "2", "3"]
        await orders.close()


async def test_an_unreadable_secret_is_a_fault_that_can_pass(tmp_path: Path, receiver: Receiver) -> None:
    async with _running(tmp_path, _plan(receiver.port)) as stand:
        (tmp_path / "secrets" / "hook").chmod(0o644)
        orders = await stand.client("orders")
        await orders.publish("orders-events", 1, "orderPlaced", ORDER)
        await stand.until(_has(stand, Step.RETRIED))
        (tmp_path / "secrets" / "hook").chmod(0o600)
        await stand.until(_has(stand, Step.DELIVERED))
        retried = next(record for record in stand.records() if record.step is Step.RETRIED)
        assert retried.error_code == "delivery.secret"
        assert SECRET.decode() not in str(stand.records())
        await orders.close()
