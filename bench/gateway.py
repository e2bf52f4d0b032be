"""What enforcement costs: requests per second through the gateway, beside a plain Envoy, in one run on one machine.

Both are the same Envoy binary with one worker, in front of the same target (a third Envoy that answers from memory).
Each run of the gateway is held against the plain runs before and after it, and the median of those ratios is given,
so it holds on a machine that does other things too; absolute numbers do not.

    python bench/gateway.py [--seconds 2] [--passes 5] [--connections 16] [--tls]

* ``native``: token, grants, limit, audit line; an operation without bodies.
* ``answer``: the same, and the answer projected to the fields of the grant.
* ``both``: the same, and the request body held to its contract.
* ``decision``: the same, and the body judged by the decider, a process beside Envoy.
* ``inspected``: as ``both``, and the request inspected by the Core Rule Set in the decider (where it is installed).

Without ``--tls`` there is no TLS on either side of the gateway; with it the caller's side of both has TLS.
Needs ``wrk``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from easement.gateway.envoy_process import find_envoy
from easement.gateway.envoy_types import Tree, http_filter, typed
from easement.gateway.place import GatewayPlace
from easement.gateway.rendering import SECRETS, render, static_bootstrap
from easement.gateway.waf_rules import DEFAULT_RULES
from easement.identity.certificate_authority import Leaf, open_authority
from easement.keys.jose import generate_signing_key
from easement.keys.local import open_local_keys
from easement.plan.codec import encode_plan, plan_hash
from easement.plan.model import CostClass, Inspection, Limit, Plan
from easement.testing.deciders import DeciderSimulator
from easement.testing.gateways import ISSUER, free_port, make_token
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream

ORDER = {
    "id": "4f9c2a7e-81c3-4c8e-9a31-0d2a9b6f3e11",
    "status": "confirmed",
    "total": 129.95,
    "currency": "EUR",
    "customer": {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "+44 20 7946 0000"},
    "shipTo": {"street": "12 St James's Square", "city": "London", "country": "GB"},
    "lines": [
        {"sku": "AB-1001", "quantity": 2, "price": 24.99, "cost": 11.2},
        {"sku": "AB-1002", "quantity": 1, "price": 79.97, "cost": 40.5},
    ],
    "internal": {"margin": 0.41, "score": 77, "note": "preferred customer"},
}
NEW_ORDER = {
    "currency": "EUR",
    "customer": {"name": "Ada Lovelace", "email": "ada@example.org"},
    "shipTo": {"street": "12 St James's Square", "city": "London", "country": "GB"},
    "lines": [{"sku": "AB-1001", "quantity": 2}, {"sku": "AB-1002", "quantity": 1}],
}
LINE = {
    "type": "object",
    "required": ["sku", "quantity"],
    "properties": {
        "sku": {"type": "string", "maxLength": 20},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 999},
    },
}
NEW_ORDER_SCHEMA = {
    "type": "object",
    "required": ["currency", "customer", "shipTo", "lines"],
    "properties": {
        "currency": {"type": "string", "enum": ["EUR", "GBP", "USD"]},
        "customer": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "email": {"type": "string"}},
        },
        "shipTo": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}, "country": {"type": "string"}},
        },
        "lines": {"type": "array", "minItems": 1, "maxItems": 100, "items": LINE},
    },
}
DECIDED_SCHEMA = {**NEW_ORDER_SCHEMA, "not": {"required": ["internal"]}}
"""Beyond what the gateway checks by itself."""
SEEN = {
    "id": "clear",
    "status": "clear",
    "total": "clear",
    "lines": {"sku": "clear", "quantity": "clear"},
    "shipTo": {"country": "clear"},
}
READS_BODY = http_filter("envoy.filters.http.buffer", "buffer.v3.Buffer", max_request_bytes=1_000_000)
"""So that the target takes a request whole before it answers, as targets do."""
LIMIT = Limit(tokens=10_000_000, interval_ms=1000, burst=10_000_000)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request."""

    name: str
    method: str
    path: str
    body: bytes = b""


CASES = (
    Case("native", "GET", "/orders-api/v1/ping/17"),
    Case("answer", "GET", "/orders-api/v1/orders/17"),
    Case("both", "POST", "/orders-api/v1/orders", json.dumps(NEW_ORDER).encode()),
    Case("decision", "POST", "/orders-api/v1/decided", json.dumps(NEW_ORDER).encode()),
)
if DEFAULT_RULES.is_dir():
    CASES = (*CASES, Case("inspected", "POST", "/orders-api/v1/inspected", json.dumps(NEW_ORDER).encode()))
TARGETS = {"native": 0.65, "both": 0.50, "decision": 0.40}


def bench_plan(port: int) -> Plan:
    """Five operations with a limit each that is never reached."""

    def grant(operation: str, projection: dict[str, Any]) -> Any:
        return make_grant(operation=operation, projection=projection, limit=LIMIT)

    inspected = replace(grant("inspectOrder", SEEN), inspection=Inspection(mode="block", paranoia=1))
    return make_plan(
        make_route(
            "inspectOrder",
            method="POST",
            path="/inspected",
            body=NEW_ORDER_SCHEMA,
            grants=[inspected],
            cost=CostClass.INSPECTION,
        ),
        make_route("ping", path="/ping/{id}", grants=[grant("ping", {})], cost=CostClass.NATIVE),
        make_route("getOrder", grants=[grant("getOrder", SEEN)]),
        make_route(
            "createOrder", method="POST", path="/orders", body=NEW_ORDER_SCHEMA, grants=[grant("createOrder", SEEN)]
        ),
        make_route(
            "decideOrder", method="POST", path="/decided", body=DECIDED_SCHEMA, grants=[grant("decideOrder", SEEN)]
        ),
        upstreams=[make_upstream(port, max_connections=10_000, max_pending_requests=10_000, max_requests=10_000)],
    )


def proxy(
    port: int, routes: list[Tree], clusters: list[Tree], transport: Tree | None, filters: Sequence[Tree] = ()
) -> Tree:
    """An Envoy that does nothing but route."""
    manager = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="plain",
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        http_filters=[
            *filters,
            {
                "name": "envoy.filters.http.router",
                "typed_config": typed("envoy.extensions.filters.http.router.v3.Router"),
            },
        ],
    )
    chain: Tree = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    if transport:
        chain["transport_socket"] = transport
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    listener = {"name": "plain", "address": address, "filter_chains": [chain]}
    return {
        "node": {"id": "bench", "cluster": "bench"},
        "static_resources": {"listeners": [listener], "clusters": clusters},
    }


def target_routes() -> list[Tree]:
    """The order as JSON; nothing for the operation without bodies."""
    json_type = [{"header": {"key": "content-type", "value": "application/json"}}]
    answer = {"status": 200, "body": {"inline_string": json.dumps(ORDER)}}
    return [
        {"match": {"prefix": "/ping"}, "direct_response": {"status": 200}},
        {"match": {"prefix": "/"}, "direct_response": answer, "response_headers_to_add": json_type},
    ]


@contextmanager
def envoy(config: Tree, folder: Path, name: str, port: int) -> Iterator[None]:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(config))
    command = [find_envoy(), "-c", str(path), "--concurrency", "1", "-l", "error", "--use-dynamic-base-id"]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 30
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            if time.monotonic() > end or process.poll() is not None:
                raise SystemExit(f"{name} does not start: {(folder / f'{name}.log').read_text()[-1000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def load(case: Case, url: str, token: str, *, folder: Path, seconds: int, connections: int) -> float:
    """Requests per second. Any answer other than 2xx is fatal: a refused request is no measurement."""
    script = folder / f"{case.name}.lua"
    headers = f'wrk.headers["authorization"] = "Bearer {token}"\n' if token else ""
    if case.body:
        headers += f'wrk.headers["content-type"] = "application/json"\nwrk.body = [==[{case.body.decode()}]==]\n'
    script.write_text(f'wrk.method = "{case.method}"\n{headers}')
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"{case.name}: {output}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    return float(found.group(1)) if found else 0.0


def measure(seconds: int, passes: int, connections: int, *, tls: bool) -> dict[str, float]:
    """Ratios by case, printed as they come."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream, plain = free_port(), free_port()
        key = generate_signing_key()
        plan = bench_plan(upstream)
        decider = stack.enter_context(DeciderSimulator(plan))
        place = GatewayPlace(
            folder=folder, certificates=folder, host="127.0.0.1", port=free_port(), control_port=0, console_port=1,
            decider_port=decider.port, admin_port=free_port(), issuer=ISSUER, tls=tls,
        )  # fmt: skip
        rendering = render(
            plan, plan_hash=plan_hash(encode_plan(plan)), jwks={"keys": [key.public_jwk()]}, place=place
        )  # fmt: skip
        gateway = static_bootstrap(rendering)
        transport = None
        if tls:
            make_certificate(folder)
            place.live.mkdir()
            (place.live / SECRETS).write_bytes(rendering.live_files()[SECRETS])
            transport = gateway["static_resources"]["listeners"][0]["filter_chains"][0]["transport_socket"]
        rewrite = {"match": {"prefix": "/orders-api/v1/"}, "route": {"cluster": "up", "prefix_rewrite": "/"}}
        cluster = next(c for c in rendering.clusters if c["name"].startswith("upstream/"))
        cluster = {k: v for k, v in cluster.items() if k not in ("@type", "typed_extension_protocol_options")}
        cluster["name"] = "up"  # without what the gateway does to answers on this side
        stack.enter_context(envoy(proxy(upstream, target_routes(), [], None, [READS_BODY]), folder, "target", upstream))
        stack.enter_context(envoy(proxy(plain, [rewrite], [cluster], transport), folder, "plain", plain))
        stack.enter_context(envoy(gateway, folder, "gateway", place.port))
        scopes = [scope for account in plan.accounts for scope in account.scopes]
        token = make_token(key, scopes=scopes, life_s=3600)
        scheme = "https" if tls else "http"

        def run(case: Case, port: int, bearer: str) -> float:
            return load(
                case,
                f"{scheme}://127.0.0.1:{port}{case.path}",
                bearer,
                folder=folder,
                seconds=seconds,
                connections=connections,
            )

        return {
            case.name: compare(case, run, plain=plain, enforcing=place.port, token=token, passes=passes)
            for case in CASES
        }


def compare(
    case: Case, run: Callable[[Case, int, str], float], *, plain: int, enforcing: int, token: str, passes: int
) -> float:
    bare, enforced = [run(case, plain, "")], []
    for _ in range(passes):
        enforced.append(run(case, enforcing, token))
        bare.append(run(case, plain, ""))
    around = [(before + after) / 2 for before, after in itertools.pairwise(bare)]
    ratio = statistics.median(one / other for one, other in zip(enforced, around, strict=True))
    goal = f"  (target {TARGETS[case.name]:.2f})" if case.name in TARGETS else ""
    print(
        f"{case.name:8} plain {statistics.median(bare):9,.0f}/s   gateway {statistics.median(enforced):9,.0f}/s   "
        f"ratio {ratio:.2f}{goal}",
        flush=True,
    )
    return ratio


def make_certificate(folder: Path) -> None:
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    now = datetime.now(UTC)
    authority = open_authority(
        certificates=folder, keys=keys, provider=open_local_keys(keys), trust_domain="bench.test", now=now
    )
    authority.ensure(folder, [Leaf(name="gateway", dns_names=("localhost",), addresses=("127.0.0.1",))], now)


def main() -> int:
    parser = argparse.ArgumentParser(description="Gateway throughput beside a plain Envoy.")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is not installed: apt-get install wrk", file=sys.stderr)
        return 2
    print("TLS from the caller to both" if options.tls else "plain HTTP on both sides, no TLS")
    ratios = measure(options.seconds, options.passes, options.connections, tls=options.tls)
    return 0 if all(ratios[name] >= goal for name, goal in TARGETS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
