"""Mixed load for a long time, while plans change, certificates turn over and deciders die.

A whole installation (``easement up``) serves good and wrong calls at a steady rate. Meanwhile

* every 10 s a changed contract is applied and enforced;
* every minute the gateway and the broker get new certificates;
* at random, about twice a minute, the decider is killed with SIGKILL.

It fails when a wrong call reaches the target or is answered with 2xx; when a good call fails outside the time in which
the decider that it needs is dead; or when memory grows by more than a quarter after the first fifth of the time.

    python bench/soak.py [--minutes 30] [--rate 60] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from easement.identity.certificate_authority import Leaf, open_authority
from easement.keys.jose import generate_signing_key
from easement.keys.local import open_local_keys
from easement.store.heartbeat import read_heartbeat
from easement.testing.gateways import make_token
from easement.testing.installation import Caller, Installation, settings_in
from easement.testing.processes import children_of
from easement.testing.small_estate import INTEGRATION, SOURCE, TARGET, integration, small_files, system

PLAN_EVERY_S: Final = 10.0
CERTIFICATES_EVERY_S: Final = 60.0
KILL_BETWEEN_S: Final = (15.0, 45.0)
DEAD_AT_MOST_S: Final = 15.0
"""A decider that is not back after so long is a fault of its own."""
GRACE_S: Final = 1.0
GROWTH: Final = 1.25
ROLES: Final = ("ledger", "control", "broker", "decider", "gateway", "relay", "monitor")
ENGINES: Final = {"gateway": "envoy", "broker": "nats-server"}
STRANGER: Final = "web"
PREFIX: Final = "/stock-api/v1"
SEEN: Final = {"sku", "count"}


def description() -> str:
    """Four operations: read; write under a body contract; write under one that the decider checks; one nobody has."""
    item = {"type": "object", "properties": {n: {"type": "string", "maxLength": 40} for n in ("sku", "count", "place")}}
    content = {"application/json": {"schema": item}}
    closed = {
        "type": "object", "additionalProperties": False, "required": ["sku"],
        "properties": {"sku": {"type": "string", "maxLength": 40}, "count": {"type": "string", "maxLength": 9}},
    }  # fmt: skip
    decided = {**closed, "anyOf": [{"required": ["count"]}, {"properties": {"sku": {"const": "good-any"}}}]}

    def operation(name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
        body = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
        return {
            "operationId": name, "security": [{"oauth": []}], **(body if schema else {}),
            "responses": {"200": {"description": "it", "content": content}},
        }  # fmt: skip

    sku = {"name": "sku", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 40}}
    scheme = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://localhost/token", "scopes": {}}}}
    return json.dumps({
        "openapi": "3.1.0", "info": {"title": "Stock", "version": "1.0.0"},
        "paths": {
            "/stock/{sku}": {
                "get": {**operation("getStock"), "parameters": [sku]},
                "delete": {**operation("dropStock"), "parameters": [sku]},
            },
            "/stock": {"post": operation("putStock", closed)},
            "/reservations": {"post": operation("reserve", decided)},
        },
        "components": {"securitySchemes": {"oauth": scheme}},
    })  # fmt: skip


def estate(port: int, limit: int) -> dict[str, bytes]:
    """An integration whose limit changes from plan to plan, and one of a stranger to its operations."""
    return small_files(
        system(
            TARGET, endpoints={"development": {"url": f"http://127.0.0.1:{port}/api"}},
            capacity={"throughput": "9000/s", "availability": 99.9},
        ),
        integration(
            operations=["getStock", "putStock", "reserve"],
            sla={"throughput": {"limit": f"{limit}/s"}, "availability": 99.0, "latency": {"p95": "500ms"}},
        ),
        system(STRANGER),
        integration(f"{STRANGER}-drops-stock", source=STRANGER, operations=["dropStock"]),
        description=description(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One kind of call. ``status`` is what it must be answered with; what a wrong one carries says ``bad``."""

    name: str
    status: int
    method: str
    path: str
    body: Any = None
    token: str = "own"
    decided: bool = False


CALLS: Final = (
    Call(name="read", status=200, method="GET", path="/stock/good-1"),
    Call(name="write", status=200, method="POST", path="/stock", body={"sku": "good-1", "count": "7"}),
    Call(name="decided", status=200, method="POST", path="/reservations", body={"sku": "good-any"}, decided=True),
    Call(name="no token", status=401, method="GET", path="/stock/bad-1", token=""),
    Call(name="foreign key", status=401, method="GET", path="/stock/bad-2", token="foreign"),
    Call(name="stranger", status=403, method="GET", path="/stock/bad-3", token="stranger"),
    Call(name="not granted", status=403, method="DELETE", path="/stock/bad-4"),
    Call(name="unknown operation", status=404, method="GET", path="/bad"),
    Call(name="unknown field", status=400, method="POST", path="/stock", body={"sku": "bad-5", "extra": "x"}),
    Call(name="not valid", status=400, method="POST", path="/reservations", body={"sku": "bad-6"}, decided=True),
)


@dataclass(slots=True)
class Target:
    """An HTTP server that answers everything, and counts what it should never have seen."""

    port: int = 0
    asked: int = 0
    wrong: list[str] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def serving(self) -> Any:
        """Serve inside the block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = json.dumps({"sku": "good-1", "count": "7", "place": "hidden"}).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}\r\n\r\n".encode()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in request.splitlines()
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                body = await reader.readexactly(length)
                self.asked += 1
                if b"bad" in request.splitlines()[0] + body or b"DELETE" in request[:8]:
                    self.wrong.append(request.splitlines()[0].decode()[:80])
                writer.write(head + answer)
                await writer.drain()
        writer.close()


@dataclass(slots=True)
class Faults:
    """When the decider was dead."""

    spans: list[list[float]] = field(default_factory=list)

    def covers(self, began: float, ended: float) -> bool:
        """Whether a call overlapped with one of them."""
        return any(start <= ended and began <= (end or ended) + GRACE_S for start, end in self.spans)


@dataclass(slots=True)
class Soak:
    """One run."""

    up: Installation
    target: Target
    rate: float
    random: random.Random
    until: float
    faults: Faults = field(default_factory=Faults)
    counts: Counter[str] = field(default_factory=Counter)
    excused: int = 0
    wrong: list[str] = field(default_factory=list)
    plans: int = 0
    certificates: int = 0
    kills: int = 0
    memory: list[dict[str, int]] = field(default_factory=list)

    def going(self) -> bool:
        """Whether to go on; with fifty faults it is enough."""
        return time.monotonic() < self.until and len(self.wrong) < 50

    async def load(self, tokens: dict[str, Callable[[], str]]) -> None:
        """Calls at the rate, each on its own, whatever the others wait for."""
        limits = httpx.Limits(max_connections=64)
        base = f"https://{self.up.settings.public_host}:{self.up.settings.gateway_port}"
        running: set[asyncio.Task[None]] = set()
        async with httpx.AsyncClient(base_url=base, verify=self.up.trust(), timeout=15, limits=limits) as client:
            while self.going():
                call = self.random.choice(CALLS)
                bearer = await asyncio.to_thread(tokens[call.token]) if call.token else ""
                task = asyncio.create_task(self._one(client, call, bearer))
                running.add(task)
                task.add_done_callback(running.discard)
                await asyncio.sleep(self.random.expovariate(self.rate))
            await asyncio.gather(*running)

    async def _one(self, client: httpx.AsyncClient, call: Call, bearer: str) -> None:
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        began = time.monotonic()
        try:
            answer = await client.request(call.method, PREFIX + call.path, headers=headers, json=call.body)
        except httpx.TransportError as error:
            self.wrong.append(f"{call.name}: {type(error).__name__} {error}")
            return
        self.counts[f"{call.name} {answer.status_code}"] += 1
        if call.status == 200 and answer.status_code == 200 and set(answer.json()) != SEEN:
            self.wrong.append(f"{call.name}: fields {sorted(answer.json())}")
        if answer.status_code == call.status:
            return
        if call.decided and not answer.is_success and self.faults.covers(began, time.monotonic()):
            self.excused += 1
            return
        self.wrong.append(
            f"{call.name}: {answer.status_code} {answer.headers.get('x-easement-code')}, not {call.status}"
        )

    async def change_plans(self) -> None:
        """Apply, approve, wait until it is enforced."""
        while self.going():
            await asyncio.sleep(PLAN_EVERY_S)
            files = estate(self.target.port, 800 + self.plans % 100)
            await asyncio.to_thread(self.up.apply, "dana", files)
            await asyncio.to_thread(self.up.approve_all, "rene")
            await asyncio.to_thread(self.up.until_enforced)
            self.plans += 1

    async def turn_certificates(self) -> None:
        """New certificates again and again."""
        while self.going():
            await asyncio.sleep(CERTIFICATES_EVERY_S)
            await asyncio.to_thread(new_certificates, self.up)
            self.certificates += 1

    async def kill_deciders(self) -> None:
        """Kill, and note until when it is dead."""
        while self.going():
            await asyncio.sleep(self.random.uniform(*KILL_BETWEEN_S))
            pid = self.up.pid_of("decider")
            span = [time.monotonic(), 0.0]
            self.faults.spans.append(span)
            for child in children_of(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)
            self.kills += 1
            while True:
                beat = read_heartbeat(self.up.data.run, "decider") or {}
                if beat.get("pid") != pid and beat.get("ready"):
                    break
                if time.monotonic() - span[0] > DEAD_AT_MOST_S:
                    self.wrong.append(f"the decider is not back after {DEAD_AT_MOST_S:g} s")
                    break
                await asyncio.sleep(0.05)
            span[1] = time.monotonic()

    async def watch_memory(self, every_s: float) -> None:
        """Note and print who uses how much."""
        while self.going():
            await asyncio.sleep(every_s)
            self.memory.append({name: resident_kb(pid) for name, pid in processes(self.up)})
            sample = self.memory[-1]
            told = ", ".join(f"{name} {kb // 1024}" for name, kb in sample.items())
            print(f"{sum(self.counts.values()):8,} calls, wrong {len(self.wrong)}; MB: {told}", flush=True)

    def grown(self) -> list[str]:
        """Who uses more memory in the end than after the first fifth. Deciders are new each time."""
        if len(self.memory) < 5:
            return []
        first, last = self.memory[len(self.memory) // 5], self.memory[-1]
        return [
            f"{name} grew from {first[name] // 1024} to {last[name] // 1024} MB"
            for name in last
            if name != "decider" and name in first and last[name] > GROWTH * first[name] + 8192
        ]


def new_certificates(up: Installation) -> None:
    """New leaves of gateway and broker, put in place as the control plane does it."""
    now = datetime.now(UTC)
    data = up.data
    authority = open_authority(
        certificates=data.certificates, keys=data.keys, provider=open_local_keys(data.keys),
        trust_domain=up.settings.public_host.lower(), now=now,
    )  # fmt: skip
    host = up.settings.public_host
    leaves = [Leaf(name=name, dns_names=(host,), addresses=("127.0.0.1",)) for name in ("gateway", "broker")]
    with tempfile.TemporaryDirectory(dir=data.certificates.parent) as folder:
        authority.ensure(Path(folder), leaves, now)
        for leaf in leaves:
            for kind in ("key", "pem"):
                (Path(folder) / f"{leaf.name}.{kind}").replace(data.certificates / f"{leaf.name}.{kind}")


def processes(up: Installation) -> Iterator[tuple[str, int]]:
    """Every role and engine with its process id."""
    for role in ROLES:
        with contextlib.suppress(RuntimeError, FileNotFoundError, ProcessLookupError):
            pid = up.pid_of(role)
            yield role, pid
            engines = [child for child, name in children_of(pid).items() if name == ENGINES.get(role)]
            if engines:
                yield ENGINES[role], min(engines)  # a shadow of the gateway is younger


def resident_kb(pid: int) -> int:
    """Resident memory; 0 for a process that is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    return 0


async def run(minutes: float, rate: float, seed: int) -> int:
    target = Target()
    with tempfile.TemporaryDirectory() as folder:
        up = Installation(settings_in(Path(folder)))
        async with target.serving():
            try:
                await asyncio.to_thread(prepare, up, target.port)
                soak = Soak(up, target, rate, random.Random(seed), time.monotonic() + minutes * 60)
                own = await asyncio.to_thread(up.caller, SOURCE)
                stranger = await asyncio.to_thread(up.caller, STRANGER)
                await soak_all(soak, own, stranger, minutes)
            finally:
                await asyncio.to_thread(up.stop)
    return report(soak)


def prepare(up: Installation, port: int) -> None:
    up.start()
    up.person("dana", "developer")
    up.person("rene", "reviewer", "security", "compliance")
    up.apply("dana", estate(port, 800))
    up.approve_all("rene")
    up.until_enforced()


async def soak_all(soak: Soak, own: Caller, stranger: Caller, minutes: float) -> None:
    foreign = generate_signing_key()
    tokens = {"own": own.token, "stranger": stranger.token, "foreign": lambda: make_token(foreign, SOURCE)}
    work = [soak.change_plans(), soak.turn_certificates(), soak.kill_deciders(), soak.watch_memory(minutes * 60 / 30)]
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await soak.load(tokens)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def report(soak: Soak) -> int:
    for name, count in sorted(soak.counts.items()):
        print(f"{name:<28} {count:8,}")
    print(
        f"{sum(soak.counts.values()):,} calls, {soak.target.asked:,} reached the target; {soak.plans} plans, "
        f"{soak.certificates} turns of certificates, {soak.kills} deciders killed, {soak.excused} calls refused then"
    )
    faults = [f"reached the target: {one}" for one in soak.target.wrong] + soak.wrong + soak.grown()
    for fault in faults[:50]:
        print(f"FAULT {fault}")
    print(f"{INTEGRATION}: {'held' if not faults else f'{len(faults)} faults'}")
    return 1 if faults else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Mixed load while everything around it changes.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return asyncio.run(run(options.minutes, options.rate, options.seed))


if __name__ == "__main__":
    sys.exit(main())
