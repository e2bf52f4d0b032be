"""The systems of Meridian that answer requests: orders, payments and pharmacy, as small real HTTP services.

They know nothing of Easement. They answer with everything they have, as such systems do: what a caller may see of it
is the contract's business. Data is made up and lives in memory.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, Any] | None]


@dataclass
class Orders:
    """Order management."""

    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1000))
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start with a few orders."""
        for sku, quantity in (("TEA-01", 2), ("CUP-07", 6), ("POT-03", 1)):
            self.place({
                "lines": [{"sku": sku, "quantity": quantity}],
                "customer": {"id": "C-17", "name": "Ada Winter", "email": "ada@customer.example"},
                "shipTo": {"name": "Ada Winter", "street": "Lindenweg 4", "city": "Berlin", "country": "DE"},
                "paymentToken": "tok_start",
            })  # fmt: skip

    def place(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take an order."""
        number = f"O-{next(self.numbers)}"
        total = sum(line["quantity"] * 12.5 for line in body["lines"])
        order = {"id": number, "status": "placed", "total": total, "margin": round(total * 0.31, 2), **body}
        order["internalNote"] = "called twice"  # not in the interface: such fields exist everywhere
        order.pop("paymentToken", None)
        self.orders[number] = order
        return order

    def answer(self, method: str, path: str, body: Any) -> Answer:
        """Answer one request."""
        if path == "/orders" and method == "GET":
            return 200, {"items": list(self.orders.values())[-20:], "next": None}
        if path == "/orders" and method == "POST":
            return 201, self.place(body)
        order = self.orders.get(path.removeprefix("/orders/"))
        if order is None:
            return 404, {"error": "no such order", "sql": "SELECT * FROM orders"}  # leaks, as errors do
        if method == "DELETE":
            del self.orders[order["id"]]
            return 204, None
        return 200, order


@dataclass
class Payments:
    """Card payments."""

    charges: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: Any) -> Answer:
        """Answer one request."""
        if path == "/charges" and method == "POST":
            number = f"P-{len(self.charges) + 1}"
            self.charges[number] = {
                "id": number, "orderId": body["orderId"], "amount": body["amount"], "status": "captured",
                "cardNumber": "4111111111111111", "acquirerReference": None,
            }  # fmt: skip
            return 201, self.charges[number]
        charge = self.charges.get(path.removeprefix("/charges/"))
        return (200, charge) if charge else (404, {"error": "no such charge"})


@dataclass
class Pharmacy:
    """The pharmacy's desk."""

    def answer(self, _method: str, path: str, _body: Any) -> Answer:
        """Answer one request."""
        number = path.removeprefix("/dispensings/")
        return 200, {"prescriptionId": number, "state": "ready", "shelf": "B-12", "patient": "Jon Berg"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def serve(answer: Callable[[str, str, Any], Answer], port: int) -> ThreadingHTTPServer:
    """Serve a system on a loopback port, in a thread."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _respond(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(length) if length else b""
            with lock:
                status, body = answer(self.command, self.path.partition("?")[0], json.loads(raw) if raw else None)
            data = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            if data:
                self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _respond  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing: the gateway keeps the record."""

    server = _Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, name=f"system-{port}", daemon=True).start()
    return server


def start_all(ports: dict[str, int]) -> list[ThreadingHTTPServer]:
    """Start every system that answers requests. ``ports``: orders, payments, pharmacy."""
    systems = {"orders": Orders(), "payments": Payments(), "pharmacy": Pharmacy()}
    return [serve(system.answer, ports[name]) for name, system in systems.items()]
