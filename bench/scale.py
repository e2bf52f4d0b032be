"""10,000 integrations at one gateway beside 10: throughput, memory, and the time until a changed plan is enforced.

Both gateways run at once, as the agent runs them (files that Envoy watches), and are asked in turn; the ratio is the
median over the pairs. Needs ``wrk``.

    python bench/scale.py [--seconds 2] [--passes 5]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from gateway import CASES, LIMIT, READS_BODY, Case, envoy, load, proxy, target_routes

from easement.gateway.activation import Activation
from easement.gateway.envoy_admin import EnvoyAdmin
from easement.gateway.envoy_process import EnvoyProcess, find_envoy
from easement.gateway.files import LiveFiles
from easement.gateway.place import GatewayPlace
from easement.gateway.plan_index import PlanArchive
from easement.gateway.rendering import BOOTSTRAP
from easement.gateway.target_credentials import TargetCredentials
from easement.keys.jose import SigningKey, generate_signing_key
from easement.keys.local_secrets import local_secrets
from easement.plan.codec import encode_plan, plan_hash
from easement.plan.model import CostClass, Limit, Plan
from easement.store.node_state import NodeState
from easement.testing.gateways import ISSUER, free_port, make_token
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream

SIZES = (10, 10_000)
OPERATIONS = 20
TARGET = 0.95
CASE = CASES[0]


def plan_of(size: int, port: int, limit: Limit = LIMIT) -> Plan:
    """``size`` integrations: each its own operation of one of ``size / 20`` interfaces, each granted to one client.

    ``limit`` is that of the first; all others have one that never changes.
    """
    routes = []
    for number in range(size):
        interface = f"api{number // OPERATIONS}"
        grant = make_grant(
            f"client{number % 100}", f"op{number}", limit=LIMIT if number else limit, interface=interface
        )
        routes.append(
            make_route(
                f"op{number}", path=f"/things{number}/{{id}}", grants=[grant], cost=CostClass.NATIVE, max_body_bytes=0,
                id=f"{interface}@1.op{number}", interface=interface, prefix=f"/{interface}/v1",
            )
        )  # fmt: skip
    busy = {"max_connections": 10_000, "max_pending_requests": 10_000, "max_requests": 10_000}
    return make_plan(*routes, upstreams=[make_upstream(port, **busy)])


class RunningGateway:
    """One Envoy under a plan, brought there as the agent does it."""

    def __init__(self, size: int, folder: Path, upstream: int, key: SigningKey) -> None:
        folder.mkdir()
        self.size, self._upstream, self._key = size, upstream, key
        place = GatewayPlace(
            folder=folder, certificates=folder, host="127.0.0.1", port=free_port(), control_port=0, console_port=1,
            decider_port=1, admin_port=free_port(), issuer=ISSUER, tls=False,
        )  # fmt: skip
        self.place = place
        binary = find_envoy()
        self.envoy = EnvoyProcess(
            binary=binary, config=folder / BOOTSTRAP, log=folder / "envoy.log", threads=1
        )  # fmt: skip
        self.activation = Activation(
            place=place, binary=binary, live=LiveFiles(place.live), archive=PlanArchive(folder / "plans"),
            admin=EnvoyAdmin(place.admin_port), credentials=TargetCredentials(place, local_secrets(folder)),
        )  # fmt: skip

    async def enforce(self, limit: Limit) -> float:
        """Seconds from having the node state to all of it being in force."""
        content = encode_plan(plan_of(self.size, self._upstream, limit))
        state = NodeState(plan_hash=plan_hash(content), plan=content, jwks={"keys": [self._key.public_jwk()]})
        began = time.perf_counter()
        await self.activation.activate(state, self.envoy)
        return time.perf_counter() - began

    async def start(self) -> float:
        """Seconds until it serves, from nothing."""
        began = time.perf_counter()
        self.activation.write_bootstrap()
        await self.enforce(LIMIT)
        await self.envoy.start()
        if not await self.activation.admin.wait_ready(60):
            raise SystemExit(f"Envoy does not start: {self.envoy.last_words()}")
        return time.perf_counter() - began

    def memory_mb(self) -> float:
        """Resident memory of Envoy."""
        status = Path(f"/proc/{self.envoy.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def target(self) -> tuple[Case, str, str]:
        """An operation in the middle of the plan, and a token for it."""
        number = self.size // 2
        interface = f"api{number // OPERATIONS}"
        token = make_token(
            self._key, f"client{number % 100}", scopes=[f"{interface}:op{number}"],
            audience=[f"urn:easement:interface:{interface}"], life_s=3600,
        )  # fmt: skip
        path = f"/{interface}/v1/things{number}/17"
        return replace(CASE, path=path), f"http://127.0.0.1:{self.place.port}{path}", token


def agent_mb() -> float:
    """The highest resident memory of this process, which does the agent's work."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def measure(seconds: int, passes: int) -> float:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream, key = free_port(), generate_signing_key()
        stack.enter_context(envoy(proxy(upstream, target_routes(), [], None, [READS_BODY]), folder, "target", upstream))
        gateways = [RunningGateway(size, folder / f"gateway{size}", upstream, key) for size in SIZES]
        try:
            for one in gateways:
                took = await one.start()
                changed = [
                    await one.enforce(Limit(tokens=n, interval_ms=1000, burst=n)) for n in (10**7 + 1, 10**7 + 2)
                ]
                print(
                    f"{one.size:>6,} integrations: serving after {took:5.2f} s, a changed plan in force after "
                    f"{statistics.median(changed):5.2f} s, Envoy {one.memory_mb():4.0f} MB, agent {agent_mb():4.0f} MB",
                    flush=True,
                )
            pairs = []
            for _ in range(passes):
                rates = []
                for one in gateways:
                    case, url, token = one.target()
                    rates.append(load(case, url, token, folder=folder, seconds=seconds, connections=16))
                pairs.append((rates[0], rates[1]))
        finally:
            for one in gateways:
                await one.envoy.stop()
    ratio = statistics.median(large / small for small, large in pairs)
    small, large = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"    10 {small:9,.0f}/s   10,000 {large:9,.0f}/s   ratio {ratio:.2f}  (target {TARGET:.2f})")
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description="10,000 integrations at one gateway beside 10.")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--passes", type=int, default=5)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is not installed: apt-get install wrk", file=sys.stderr)
        return 2
    return 0 if asyncio.run(measure(options.seconds, options.passes)) >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
