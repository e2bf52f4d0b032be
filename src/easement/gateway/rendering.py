"""A plan as Envoy's configuration: pure, and equal for equal plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from easement.gateway.envoy_types import Tree, typed
from easement.gateway.place import GatewayPlace
from easement.gateway.render_clusters import clusters
from easement.gateway.render_issuers import outside_providers
from easement.gateway.render_limits import LIMITS, integration_limits, limits_file
from easement.gateway.render_listeners import Issuers, control_listener, data_listener
from easement.gateway.render_routes import ROUTES_NAME, route_configuration
from easement.gateway.watched_files import discovery, watched
from easement.plan.model import Limit, Plan

LISTENERS: Final = "lds.json"
CLUSTERS: Final = "cds.json"
ROUTES: Final = "rds.json"
SECRETS: Final = "sds.json"
BOOTSTRAP: Final = "bootstrap.json"
_ADMIN_PATHS: Final = r"/(ready|stats|reopen_logs|healthcheck/fail|drain_listeners)(\?.*)?"
"""What the agent asks. The rest (quit, log levels that write tokens, dumps) would be open to every local process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """Everything Envoy gets for one plan. ``listeners`` refer to ``routes`` by file."""

    place: GatewayPlace
    plan_hash: str
    jwks: dict[str, Any]
    listeners: tuple[Tree, ...]
    clusters: tuple[Tree, ...]
    routes: Tree
    issuers: Issuers
    limits: Mapping[str, Limit]

    def live_files(self) -> dict[str, bytes]:
        """The watched files by name, in the order in which they must appear: no route before its cluster."""
        secret = _server_secret(self.place)
        return {
            SECRETS: discovery([secret]),
            CLUSTERS: discovery([typed("envoy.config.cluster.v3.Cluster", **cluster) for cluster in self.clusters]),
            LIMITS: limits_file(self.limits, self.place.gateways),
            ROUTES: discovery([self.routes]),
            LISTENERS: discovery(list(self.listeners)),
        }


def render(plan: Plan, *, plan_hash: str, jwks: dict[str, Any], place: GatewayPlace) -> Rendering:
    """Compile. Raises ``ValueError`` when the plan asks for what the gateway cannot enforce."""
    rds = {
        "rds": {
            "route_config_name": ROUTES_NAME,
            "config_source": watched(place.live / ROUTES),
        }
    }
    issuers = outside_providers(plan)
    listeners = [data_listener(jwks, place, rds, issuers)]
    if place.control_port:
        listeners.append(control_listener(place))
    return Rendering(
        place=place,
        plan_hash=plan_hash,
        jwks=jwks,
        listeners=tuple(listeners),
        clusters=tuple(clusters(plan, place)),
        routes=route_configuration(plan, plan_hash, gateways=place.gateways),
        limits=integration_limits(plan),
        issuers=issuers,
    )


def bootstrap(place: GatewayPlace) -> Tree:
    """The bootstrap of the running Envoy: everything else comes from watched files."""
    sources = {"lds_config": watched(place.live / LISTENERS), "cds_config": watched(place.live / CLUSTERS)}
    return {**_base(place), "dynamic_resources": sources}


def static_bootstrap(rendering: Rendering) -> Tree:
    """The same configuration in one file, for ``--mode validate`` and for the shadow."""
    place = rendering.place
    routes = {"route_config": _plain(rendering.routes)}
    listener = data_listener(rendering.jwks, place, routes, rendering.issuers, rendering.limits)
    resources: Tree = {"listeners": [_plain(listener)], "clusters": list(rendering.clusters)}
    if place.control_port:
        resources["listeners"].append(_plain(control_listener(place)))
    if place.tls:
        resources["secrets"] = [_plain(_server_secret(place))]
    return {**_base(place), "static_resources": resources}


def _base(place: GatewayPlace) -> Tree:
    return {
        "node": {"id": "easement-gateway", "cluster": "easement"},
        "admin": {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": place.admin_port}},
            "profile_path": "/dev/null",
            "allow_paths": [{"safe_regex": {"regex": _ADMIN_PATHS}}],
        },
        "overload_manager": _overload(place),
        "layered_runtime": {
            "layers": [
                {
                    "name": "static",
                    "static_layer": {"re2": {"max_program_size": {"error_level": 10000, "warn_level": 5000}}},
                }
            ]
        },
    }


def _overload(place: GatewayPlace) -> Tree:
    monitors = "envoy.extensions.resource_monitors"
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            {
                "name": "envoy.resource_monitors.fixed_heap",
                "typed_config": typed(
                    f"{monitors}.fixed_heap.v3.FixedHeapConfig", max_heap_size_bytes=place.max_heap_bytes
                ),
            },
            {
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": typed(
                    f"{monitors}.downstream_connections.v3.DownstreamConnectionsConfig",
                    max_active_downstream_connections=place.max_connections,
                ),
            },
        ],
        "actions": [
            _overload_action("shrink_heap", 0.9),
            _overload_action("stop_accepting_requests", 0.95),
            _overload_action("stop_accepting_connections", 0.98),
        ],
    }


def _overload_action(name: str, threshold: float) -> Tree:
    trigger = {"name": "envoy.resource_monitors.fixed_heap", "threshold": {"value": threshold}}
    return {"name": f"envoy.overload_actions.{name}", "triggers": [trigger]}


def _server_secret(place: GatewayPlace) -> Tree:
    return typed(
        "envoy.extensions.transport_sockets.tls.v3.Secret",
        name="server",
        tls_certificate={
            "certificate_chain": {"filename": str(place.certificates / "gateway.pem")},
            "private_key": {"filename": str(place.certificates / "gateway.key")},
            "watched_directory": {"path": str(place.certificates)},
        },
    )


def _plain(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if key != "@type"}
