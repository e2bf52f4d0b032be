"""The shadow: a second Envoy with the same routes and filters, a throw-away token key and no targets.

``--mode validate`` does not notice a rule that Envoy accepts and ignores. So before a plan is put in force, every
grant is tried in the shadow: allowed where the plan allows, refused where it does not.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from easement.gateway.envoy_admin import EnvoyAdmin
from easement.gateway.envoy_process import EnvoyError, EnvoyProcess
from easement.gateway.envoy_types import Tree, http_filter, typed
from easement.gateway.place import GatewayPlace
from easement.gateway.probe_cases import ProbeCase, probe_cases
from easement.gateway.render_probe import without_limits
from easement.gateway.rendering import Rendering, render, static_bootstrap
from easement.gateway.reserved_ports import reserved_ports
from easement.keys.jose import SigningKey, generate_signing_key, sign_jwt
from easement.plan.model import Plan
from easement.store.atomic_file import write_atomically

_REFUSED: Final = frozenset({401, 403})
_NOT_THERE: Final = frozenset({404, 405})
_START_S: Final = 60.0
_SHOWN: Final = 5


class ShadowError(EnvoyError):
    """The rendering decides otherwise than the plan."""


async def probe(plan: Plan, plan_hash: str, place: GatewayPlace, binary: str) -> int:
    """Try the plan in a shadow. Returns the number of probes. Raises :class:`ShadowError` (EAS-5902)."""
    folder = place.folder / "shadow"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = generate_signing_key()
    with reserved_ports(3) as (data, admin, target):
        shadow = replace(
            place, folder=folder, host="127.0.0.1", port=data, admin_port=admin, control_port=0, decider_port=target,
            tls=False,
        )  # fmt: skip
        config = folder / "bootstrap.json"
        rendering = render(without_limits(plan), plan_hash=plan_hash, jwks={"keys": [key.public_jwk()]}, place=shadow)
        write_atomically(config, json.dumps(_without_targets(rendering, target)).encode(), durable=False)
    process = EnvoyProcess(binary=binary, config=config, log=folder / "envoy.log")
    try:
        process.log.unlink(missing_ok=True)
        await process.start()
        if not await EnvoyAdmin(admin).wait_ready(_START_S):
            raise ShadowError(f"EAS-5902: the shadow does not start: {process.last_words()}")
        cases = list(probe_cases(plan))
        faults = await asyncio.to_thread(_faults, cases, key, shadow)
    finally:
        await process.stop()
        shadow.access_log.unlink(missing_ok=True)
    if faults:
        more = f" (and {len(faults) - _SHOWN} more)" if len(faults) > _SHOWN else ""
        raise ShadowError("EAS-5902: " + "; ".join(faults[:_SHOWN]) + more)
    return len(cases)


def _without_targets(rendering: Rendering, port: int) -> Tree:
    """Every cluster leads to a listener of the shadow's own that answers 204."""
    tree = static_bootstrap(rendering)
    resources = tree["static_resources"]
    resources["clusters"] = [_empty_target(cluster["name"], port) for cluster in resources["clusters"]]
    resources["listeners"].append(_answering(port))
    return tree


def _empty_target(name: str, port: int) -> Tree:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
    }


def _answering(port: int) -> Tree:
    routes = [{"match": {"prefix": "/"}, "direct_response": {"status": 204}}]
    manager = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="target",
        route_config={"virtual_hosts": [{"name": "target", "domains": ["*"], "routes": routes}]},
        http_filters=[http_filter("envoy.filters.http.router", "router.v3.Router")],
    )
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {"name": "target", "address": address, "filter_chains": [chain]}


def _faults(cases: Iterable[ProbeCase], key: SigningKey, place: GatewayPlace) -> list[str]:
    now = int(time.time())
    faults: list[str] = []
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
    try:
        for case in cases:
            status = _ask(connection, case, key, place.issuer, now)
            if status in _NOT_THERE or (status in _REFUSED) == case.allowed:
                wanted = "let through" if case.allowed else "refused"
                faults.append(f"{case.what}: must be {wanted}, was answered {status}")
    finally:
        connection.close()
    return faults


def _ask(connection: http.client.HTTPConnection, case: ProbeCase, key: SigningKey, issuer: str, now: int) -> int:
    headers: dict[str, str] = {}
    if case.claims is not None:
        claims: dict[str, Any] = {
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "jti": "shadow",
            **case.claims,
        }
        claims["sub"] = claims["client_id"]
        headers["authorization"] = "Bearer " + sign_jwt(claims, key, type="at+jwt")
    try:
        connection.request(case.method, case.path, headers=headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0
    return answer.status
