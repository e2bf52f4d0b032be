"""The probe-safe copy: the routes of a few integrations once more, in the running Envoy, ending in a target of ours.

The copy is rendered by the same functions as the data plane, has the same filters in the same order, the same
certificates, the same list of revocations and the same decider. What differs is named here and nowhere else: it listens
on loopback, it trusts the throw-away credentials of one run besides the real ones, its clusters lead to the probe's
target, and it logs to a file of its own, so that no probe is ever counted as traffic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from easement.gateway.envoy_types import Tree
from easement.gateway.place import GatewayPlace
from easement.gateway.render_api_keys import FILTER as KEY_FILTER
from easement.gateway.render_api_keys import key_filter
from easement.gateway.render_clusters import clusters
from easement.gateway.render_issuers import outside_providers
from easement.gateway.render_limits import integration_limits
from easement.gateway.render_listeners import data_listener
from easement.gateway.render_revocations import FILTER as REVOCATION_FILTER
from easement.gateway.render_revocations import revocation_filter
from easement.gateway.render_routes import route_configuration
from easement.plan.model import Plan, Upstream
from easement.store.api_key_hashes import ApiKeyHashes

_TARGET: Final = "probe@easement"
"""No system's name: those have no ``@``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeCopy:
    """What a copy needs besides the plan. ``limited_port`` is of the second copy, the one that has limits."""

    place: GatewayPlace
    plan_hash: str
    jwks: dict[str, Any]
    """The real keys and the run's own."""
    port: int
    limited_port: int
    target_port: int
    trust: Path
    api_keys: ApiKeyHashes


def probe_listeners(plan: Plan, copy: ProbeCopy) -> list[Tree]:
    """Both copies. Raises ``ValueError`` for a grant that cannot be enforced."""
    return [
        _listener("probe", without_limits(plan), copy, copy.port),
        _listener("probe-limited", plan, copy, copy.limited_port),
    ]


def probe_cluster(copy: ProbeCopy) -> Tree:
    """Where the copy leads, with the filters that every upstream has."""
    target = Upstream(
        name=_TARGET, host="127.0.0.1", port=copy.target_port, tls=False, server_name="127.0.0.1", ca="system",
        base_path="", max_connections=64, max_pending_requests=64, max_requests=64, connect_timeout_ms=1000,
    )  # fmt: skip
    own = Plan(environment="probe", upstreams=(target,))
    found = next(one for one in clusters(own, copy.place) if one["name"].endswith(_TARGET))
    found.pop("outlier_detection", None)
    return found


def without_limits(plan: Plan) -> Plan:
    """Every call counts: a limit would answer 429 to a later case, and hide what the case is about."""
    routes = (
        replace(
            route, grants=tuple(replace(it, limit=None, operation_limit=None, daily_quota=0) for it in route.grants)
        )
        for route in plan.routes
    )
    return replace(plan, routes=tuple(routes))


def _listener(name: str, plan: Plan, copy: ProbeCopy, port: int) -> Tree:
    place = replace(copy.place, folder=copy.place.folder / "probe", host="127.0.0.1", port=port, control_port=0)
    routes = _led_elsewhere(route_configuration(plan, copy.plan_hash), probe_cluster(copy)["name"])
    routes.pop("@type", None)
    issuers, limits = outside_providers(plan), integration_limits(plan)
    listener = data_listener(copy.jwks, place, {"route_config": routes}, issuers, limits)
    listener["name"] = name
    chain = listener["filter_chains"][0]
    manager = chain["filters"][0]["typed_config"]
    manager["stat_prefix"] = name
    for index, found in enumerate(manager["http_filters"]):
        if found["name"] == REVOCATION_FILTER:
            manager["http_filters"][index] = revocation_filter(copy.place, live=True)
        elif found["name"] == KEY_FILTER:
            manager["http_filters"][index] = key_filter(copy.place, live=False, known=copy.api_keys)
    if place.tls:
        context = chain["transport_socket"]["typed_config"]["common_tls_context"]
        context["validation_context"] = {"trusted_ca": {"filename": str(copy.trust)}}
        source = context["tls_certificate_sds_secret_configs"][0]["sds_config"]
        source["path_config_source"]["path"] = str(copy.place.live / "sds.json")
    return listener


def _led_elsewhere(tree: Any, cluster: str) -> Any:
    """The same routes, every forwarding one to ``cluster``; the decider's address is no route."""
    if isinstance(tree, dict):
        changed = {key: _led_elsewhere(value, cluster) for key, value in tree.items()}
        if isinstance(forward := changed.get("route"), dict) and "cluster" in forward:
            changed["route"] = {**forward, "cluster": cluster}
        return changed
    if isinstance(tree, list):
        return [_led_elsewhere(item, cluster) for item in tree]
    return tree
