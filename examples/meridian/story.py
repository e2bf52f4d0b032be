"""The story of the demonstration: what the systems of Meridian try, what should come of it, and what does.

Each step goes the way that a system goes, and names its transaction, so that the ledger can be asked about it.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from nats.errors import Error as NatsError

from easement.keys.jose import open_payload
from easement.testing.event_client import EventClient
from easement.testing.installation import Caller, Installation, until

ORDER = {
    "lines": [{"sku": "TEA-01", "quantity": 2}],
    "customer": {"id": "C-17", "name": "Ada Winter", "email": "ada@customer.example"},
    "shipTo": {"name": "Ada Winter", "street": "Lindenweg 4", "city": "Berlin", "country": "DE"},
    "paymentToken": "tok_1",
}
PLACED = {
    "orderId": "O-1000",
    "total": 25.0,
    "lines": [{"sku": "TEA-01", "quantity": 2}],
    "customer": {"id": "C-17", "email": "ada@customer.example"},
    "shipTo": ORDER["shipTo"],
}
PRESCRIPTION = {
    "prescriptionId": "R-77",
    "patient": {"id": "P-3", "name": "Jon Berg"},
    "medication": {"code": "C09AA05", "dose": "5 mg once a day"},
    "diagnosis": "I10",
}


@dataclass(frozen=True)
class Outcome:
    """One row of the table."""

    tried: str
    expected: str
    got: str
    transaction: str
    held: bool


@dataclass
class Story:
    """Plays the story on a running installation. ``private_key`` is the pharmacy's, which only the pharmacy has."""

    installation: Installation
    callers: dict[str, Caller]
    private_key: dict[str, Any]
    outcomes: list[Outcome] = field(default_factory=list)
    say: Callable[[Outcome], None] = lambda _outcome: None

    def play(self) -> list[Outcome]:
        """All steps, in order."""
        self.requests()
        asyncio.run(self.events())
        return self.outcomes

    # --- requests ---------------------------------------------------------------------------------------------------

    def requests(self) -> None:
        """What the gateway lets through, and what not."""
        shop, desk, orders = self.callers["storefront"], self.callers["crm"], self.callers["orders"]
        answer = shop.call("GET", "/orders-api/v1/orders?limit=5")
        seen = sorted({key for item in answer.json().get("items", []) for key in item})
        self._answered("the shop lists orders", answer, 200, fields=seen, only=["id", "status", "total"])
        answer = desk.call("GET", "/orders-api/v1/orders/O-1000")
        seen = [*sorted(answer.json()), str(answer.json().get("customer", {}).get("email"))]
        self._answered("the service desk reads an order: other fields, e-mail masked", answer, 200, fields=seen,
                       only=["customer", "id", "status", "***"])  # fmt: skip
        answer = shop.call("POST", "/orders-api/v1/orders", json=ORDER)
        self._answered(
            "the shop places an order", answer, 201, fields=sorted(answer.json()), only=["id", "status", "total"]
        )
        charge = {"orderId": "O-1000", "amount": 2500, "currency": "EUR", "token": "tok_1"}
        answer = orders.call("POST", "/payments-api/v2/charges", json=charge)
        self._answered("orders charges a card; its number stays behind", answer, 201, fields=sorted(answer.json()),
                       only=["amount", "id", "orderId", "status"])  # fmt: skip
        gateway = self.installation.gateway
        self._answered("nobody: no token", gateway.get("/orders-api/v1/orders"), 401)
        forged = shop.token()[:-8] + "AAAAAAAA"
        headers = {"Authorization": f"Bearer {forged}"}
        self._answered("a forged token", gateway.get("/orders-api/v1/orders", headers=headers), 401)
        stranger = self.callers["warehouse"].call("GET", "/orders-api/v1/orders")
        self._answered("a stranger's token (the warehouse reads orders)", stranger, 403)
        self._answered(
            "an operation not granted (the shop cancels)", shop.call("DELETE", "/orders-api/v1/orders/O-1000"), 403
        )
        self._answered("a path that no interface has", shop.call("GET", "/orders-api/v1/admin"), 404)
        answer = shop.call("POST", "/orders-api/v1/orders", json={**ORDER, "isAdmin": True})
        self._answered("an unknown body field", answer, 400)
        twice = json.dumps(ORDER)[:-1] + ', "paymentToken": "tok_2"}'
        headers = {"content-type": "application/json"}
        answer = shop.call("POST", "/orders-api/v1/orders", content=twice, headers=headers)
        self._answered("the same body field twice", answer, 400)
        large = {**ORDER, "paymentToken": "x" * 20_000}
        self._answered(
            "an oversized body (contract: 16 KiB)", shop.call("POST", "/orders-api/v1/orders", json=large), 413
        )
        self._answered("a path with %2f..", shop.call("GET", "/orders-api/v1/orders/%2f..%2fadmin"), 400)
        self._over_the_limit(desk)

    def _over_the_limit(self, desk: Caller) -> None:
        answers = [desk.call("GET", "/orders-api/v1/orders/O-1000") for _ in range(15)]
        refused = [answer for answer in answers if answer.status_code == 429]
        self._answered("15 calls at once where the contract allows 5 a second", (refused or answers)[-1], 429)

    def _answered(
        self,
        tried: str,
        answer: httpx.Response,
        status: int,
        *,
        fields: list[str] | None = None,
        only: list[str] | None = None,
    ) -> None:
        expected = f"{status}" + (f", only {', '.join(only)}" if only else "")
        got = f"{answer.status_code}" + (f", {', '.join(fields)}" if fields is not None else "")
        if answer.is_error and "problem+json" in answer.headers.get("content-type", ""):
            got += f" {answer.json()['title']}"
        held = answer.status_code == status and (only is None or fields == only)
        self._note(tried, expected, got, transaction_of(answer), held)

    # --- events -----------------------------------------------------------------------------------------------------

    async def events(self) -> None:
        """What the broker lets through, and what not."""
        names = ("orders", "warehouse", "analytics", "clinic", "pharmacy")
        clients = {name: await self.callers[name].events() for name in names}
        try:
            await self._one_event_two_targets(clients)
            await self._sealed(clients)
            await self._bad_event(clients)
            await self._outside_the_grant(clients["orders"])
        finally:
            for client in clients.values():
                await client.close()

    async def _one_event_two_targets(self, clients: dict[str, EventClient]) -> None:
        transaction = str(uuid.uuid4())
        await clients["orders"].publish("orders-events", 1, "orderPlaced", PLACED, message_id=transaction)
        for target, integration, only in (
            ("warehouse", "orders-to-warehouse", ["lines", "orderId", "shipTo"]),
            ("analytics", "orders-to-analytics", ["customer", "lines", "shipTo", "total"]),
        ):
            body, _ = await _receive(clients[target], integration, transaction)
            fields = sorted(body or {})
            held = fields == only and (target == "warehouse" or body["shipTo"] == {"country": "DE"})
            self._note(f"an order event reaches {target}", f"only {', '.join(only)}", ", ".join(fields) or "nothing",
                       transaction, held)  # fmt: skip

    async def _bad_event(self, clients: dict[str, EventClient]) -> None:
        transaction = str(uuid.uuid4())
        broken = {**PLACED, "total": "a lot"}
        await clients["orders"].publish("orders-events", 1, "orderPlaced", broken, message_id=transaction)
        letter = await asyncio.to_thread(self._dead_letter, "orders-to-warehouse", transaction)
        self._note("an event that breaks its schema", "dead-lettered", letter["error"] if letter else "not found",
                   transaction, letter is not None)  # fmt: skip
        if letter is None:
            return
        done = await asyncio.to_thread(self._replay, "orders-to-warehouse", letter["sequence"])
        body, _ = await _receive(clients["warehouse"], "orders-to-warehouse", transaction)
        held = body is not None and body["orderId"] == PLACED["orderId"]
        self._note(
            "the same event, corrected and replayed", "delivered", "delivered" if held else done, transaction, held
        )

    def _dead_letter(self, integration: str, transaction: str) -> dict[str, Any] | None:
        found: list[dict[str, Any]] = []

        def there() -> bool:
            listed = self.installation.command("dead-letters", "list", integration, "-o", "json", check=False)
            letters = json.loads(listed.stdout) if listed.returncode == 0 else []
            found[:] = [letter for letter in letters if letter["transaction_id"] == transaction]
            return bool(found)

        try:
            until(there, "the dead letter", 15)
        except TimeoutError:
            return None
        return found[0]

    def _replay(self, integration: str, sequence: int) -> str:
        corrected = self.installation.data.root / "corrected.json"
        corrected.write_text(json.dumps(PLACED))
        done = self.installation.command(
            "dead-letters", "replay", integration, str(sequence), "--payload-file", str(corrected),
            "--reason", "total was text", check=False,
        )  # fmt: skip
        return (done.stdout + done.stderr).strip()

    async def _sealed(self, clients: dict[str, EventClient]) -> None:
        transaction = str(uuid.uuid4())
        await clients["clinic"].publish(
            "prescriptions-events", 1, "prescriptionIssued", PRESCRIPTION, message_id=transaction
        )
        _, raw = await _receive(clients["pharmacy"], "clinic-prescribes", transaction)
        enforced = self.installation.api("operator", "GET", "/integrations/clinic-prescribes").json()["enforced"]
        bound = {"integration": "clinic-prescribes", "revision": enforced, "transaction": transaction}
        leaked = b"Jon Berg" in raw
        opened = json.loads(open_payload(raw, self.private_key, aad_fields=bound)) if raw and not leaked else {}
        fields = ", ".join(sorted(opened)) or "nothing"
        held = sorted(opened) == ["medication", "patient", "prescriptionId"]
        self._note("a prescription, sealed to the pharmacy's key",
                   "ciphertext; opened: medication, patient, prescriptionId",
                   f"{'clear text' if leaked else 'ciphertext'}; opened: {fields}", transaction, held)  # fmt: skip

    async def _outside_the_grant(self, orders: EventClient) -> None:
        try:
            await orders.publish("stock-events", 1, "stockChanged", {"sku": "TEA-01", "available": 0})
            got = "accepted"
        except NatsError:
            got = orders.violations[-1] if orders.violations else "no answer"
        held = "ermissions" in got
        transaction = await asyncio.to_thread(self._refusal, "orders")
        self._note("a publish outside the grant (orders reports stock)", "refused by the broker", got, transaction,
                   held and bool(transaction))  # fmt: skip

    def _refusal(self, account: str) -> str:
        found: list[str] = []

        def there() -> bool:
            page = self.installation.api(
                "operator", "GET", "/audit/records", params={"account": account, "status": "refused", "kind": "event"}
            ).json()
            found[:] = [item["record"]["transaction_id"] for item in page["items"]]
            return bool(found)

        try:
            until(there, "the record of the refusal", 15)
        except TimeoutError:
            return ""
        return found[0]

    # --- the record -------------------------------------------------------------------------------------------------

    def ledger(self) -> None:
        """Every transaction of the story is in the ledger, and the ledger is whole."""
        transactions = {outcome.transaction for outcome in self.outcomes if outcome.transaction}
        missing = [one for one in sorted(transactions) if not self._is_recorded(one)]
        nameless = sum(not outcome.transaction for outcome in self.outcomes)
        got = f"{len(transactions) - len(missing)} of {len(transactions)}" + (
            f", {nameless} without id" if nameless else ""
        )
        self._note("each of these transactions is in the ledger", "all", got, "", not missing and not nameless)
        done = self.installation.command("audit", "verify", "-o", "json", check=False)
        report = json.loads(done.stdout) if done.stdout.startswith("{") else {}
        parts = ("integrity", "completeness", "freshness")
        got = ", ".join(f"{part} {report[part]}" for part in parts if part in report)
        self._note("the ledger is verified", "all pass", got or done.stderr.strip(), "", done.returncode == 0)

    def _is_recorded(self, transaction: str) -> bool:
        try:
            self.installation.trace(transaction)
        except TimeoutError:
            return False
        return True

    def _note(self, tried: str, expected: str, got: str, transaction: str, held: object) -> None:
        outcome = Outcome(tried, expected, got, transaction, bool(held))
        self.outcomes.append(outcome)
        self.say(outcome)


def transaction_of(answer: httpx.Response) -> str:
    """The transaction of an answer: its header, or the problem document's ``instance`` (a URN)."""
    if "x-transaction-id" in answer.headers:
        return answer.headers["x-transaction-id"]
    instance = answer.json().get("instance", "") if "json" in answer.headers.get("content-type", "") else ""
    return str(instance).removeprefix("urn:uuid:")


async def _receive(client: EventClient, integration: str, transaction: str) -> tuple[Any, bytes]:
    """The message of one transaction: its JSON (None for a sealed one) and its bytes."""
    for _ in range(50):
        for message in await client.fetch(integration, timeout_s=5):
            await message.ack()
            if (message.headers or {}).get("Easement-Transaction-Id") == transaction:
                with _not_json():
                    return json.loads(message.data), message.data
                return None, message.data
    return None, b""


@contextmanager
def _not_json() -> Iterator[None]:
    try:
        yield
    except ValueError:
        return
