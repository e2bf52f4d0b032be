"""Ordinary days at Meridian: systems that call and publish, now and then wrongly, now and then with bad intent."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from nats.errors import Error as NatsError
from story import ORDER, PLACED, PRESCRIPTION

from easement.testing.event_client import EventClient
from easement.testing.installation import Caller, Installation


@dataclass
class Traffic:
    """Runs in two threads until :meth:`stop`; counts what came of each attempt."""

    installation: Installation
    callers: dict[str, Caller]
    counts: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        for work in (self._requests, lambda: asyncio.run(self._events())):
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End, and wait for what is under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join(10)

    def _requests(self) -> None:
        chance = random.Random(7)
        while not self._stop.wait(0.05):
            try:
                answer = self._request(chance)
            except httpx.HTTPError:
                self.counts["no answer"] += 1
                continue
            self.counts[f"request {answer.status_code}"] += 1

    def _request(self, chance: random.Random) -> httpx.Response:
        (attempt,) = chance.choices(
            [attempt for _, attempt in self._habits()], [weight for weight, _ in self._habits()]
        )
        return attempt()

    def _habits(self) -> list[tuple[int, Callable[[], httpx.Response]]]:
        """What is tried, and how often in a hundred: good callers, wrong ones, hostile ones."""
        call = {name: caller.call for name, caller in self.callers.items()}
        charge = {"orderId": "O-1000", "amount": 2500, "currency": "EUR", "token": "tok_1"}
        forbidden_field = {**ORDER, "isAdmin": True}
        return [
            (55, lambda: call["storefront"]("GET", "/orders-api/v1/orders?limit=5")),
            (15, lambda: call["storefront"]("POST", "/orders-api/v1/orders", json=ORDER)),
            (5, lambda: call["crm"]("GET", "/orders-api/v1/orders/O-1000")),
            (10, lambda: call["orders"]("POST", "/payments-api/v2/charges", json=charge)),
            (7, lambda: call["clinic"]("GET", "/dispensing-api/v1/dispensings/R-7")),
            (2, lambda: call["storefront"]("POST", "/orders-api/v1/orders", json=forbidden_field)),
            (2, lambda: call["crm"]("DELETE", "/orders-api/v1/orders/O-1000")),
            (2, lambda: call["warehouse"]("GET", "/orders-api/v1/orders")),
            (2, lambda: self.installation.gateway.get("/orders-api/v1/orders")),
        ]

    async def _events(self) -> None:
        names = ("orders", "warehouse", "analytics", "storefront", "clinic", "pharmacy")
        clients = {name: await self.callers[name].events(reconnect=True) for name in names}
        receivers = [
            asyncio.create_task(self._receive(clients[target], integration))
            for target, integration in (
                ("warehouse", "orders-to-warehouse"), ("analytics", "orders-to-analytics"),
                ("storefront", "warehouse-stock-to-storefront"), ("pharmacy", "clinic-prescribes"),
            )
        ]  # fmt: skip
        chance = random.Random(11)
        try:
            for number in itertools.count():
                if await asyncio.to_thread(self._stop.wait, 0.2):
                    break
                with contextlib.suppress(NatsError):
                    await self._publish(clients, chance, number)
                    self.counts["event published"] += 1
        finally:
            for receiver in receivers:
                receiver.cancel()
            await asyncio.gather(*receivers, return_exceptions=True)
            for client in clients.values():
                await client.close()

    async def _publish(self, clients: dict[str, EventClient], chance: random.Random, number: int) -> None:
        identifier = str(uuid.uuid4())
        if number % 8 == 3:
            stock = {"sku": "TEA-01", "available": chance.randint(0, 40), "bin": "A-4"}
            await clients["warehouse"].publish("stock-events", 1, "stockChanged", stock, message_id=identifier)
        elif number % 20 == 7:
            await clients["clinic"].publish(
                "prescriptions-events", 1, "prescriptionIssued", PRESCRIPTION, message_id=identifier
            )
        else:
            order = {**PLACED, "orderId": f"O-{2000 + number}"}
            if number % 40 == 13:
                order["total"] = "a lot"
            await clients["orders"].publish("orders-events", 1, "orderPlaced", order, message_id=identifier)

    async def _receive(self, client: EventClient, integration: str) -> None:
        while True:
            try:
                for message in await client.fetch(integration, count=10, timeout_s=1):
                    await message.ack()
                    self.counts["event received"] += 1
            except NatsError:  # the connection ends with its token; a fresh one is on its way
                await asyncio.sleep(0.5)
