"""Clusters: one for each upstream of the plan, and the loopback servers of this installation."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from easement.gateway.envoy_types import Tree, seconds, typed
from easement.gateway.header_allow_list import upstream_filters
from easement.gateway.place import GatewayPlace
from easement.gateway.render_control_proof import proof_filters
from easement.gateway.render_credentials import credential_filters
from easement.gateway.watched_files import watched
from easement.plan.model import OutsideIdentity, Plan, Upstream

CONTROL_CLUSTER: Final = "easement-control"
DECIDER_CLUSTER: Final = "easement-decider"
_TLS_VERSIONS: Final = {"1.2": "TLSv1_2", "1.3": "TLSv1_3"}
_SYSTEM_CA: Final = "/etc/ssl/certs/ca-certificates.crt"


def cluster_name(upstream: str) -> str:
    """Upstreams cannot collide with the clusters of the installation."""
    return f"upstream/{upstream}"


def issuer_cluster_name(provider: str) -> str:
    """Where the keys of an outside issuer come from."""
    return f"issuer/{provider}"


def clusters(plan: Plan, place: GatewayPlace) -> list[Tree]:
    """All clusters, sorted by name."""
    own = [_loopback(DECIDER_CLUSTER, place.decider_port, "1s")]
    if place.control_port:
        own.append(_loopback(CONTROL_CLUSTER, place.console_port, "2s") | _proving(place))
    outside = {
        grant.outside.provider: grant.outside for route in plan.routes for grant in route.grants if grant.outside
    }
    own += [_issuer(outside[provider], place) for provider in sorted(outside)]
    return own + [_upstream(upstream, place) for upstream in sorted(plan.upstreams, key=lambda item: item.name)]


def _issuer(identity: OutsideIdentity, place: GatewayPlace) -> Tree:
    parts = urlsplit(identity.jwks)
    host, port = parts.hostname or "", parts.port or 443
    name = issuer_cluster_name(identity.provider)
    return {
        "name": name,
        **_discovery_of(host),
        "connect_timeout": "5s",
        "load_assignment": _endpoint(name, host, port),
        "transport_socket": _verified_tls(host, identity.ca, "1.2", place),
    }


def _upstream(upstream: Upstream, place: GatewayPlace) -> Tree:
    tree: Tree = {
        "name": cluster_name(upstream.name),
        **_discovery_of(upstream.host),
        "connect_timeout": seconds(upstream.connect_timeout_ms),
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        "load_assignment": _endpoint(cluster_name(upstream.name), upstream.host, upstream.port),
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": upstream.max_connections,
                    "max_pending_requests": upstream.max_pending_requests,
                    "max_requests": upstream.max_requests,
                    "max_retries": max(3, upstream.max_requests // 5),
                }
            ]
        },
        "outlier_detection": {
            "consecutive_5xx": 0,
            "enforcing_consecutive_5xx": 0,
            "consecutive_gateway_failure": 10,
            "enforcing_consecutive_gateway_failure": 100,
            "enforcing_success_rate": 0,
            "base_ejection_time": "5s",
            "max_ejection_time": "30s",
            "max_ejection_percent": 50,
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                explicit_http_config={"http_protocol_options": {}},
                common_http_protocol_options={"idle_timeout": "60s", "max_headers_count": 100},
                http_filters=upstream_filters(*credential_filters(upstream, place)),
            )
        },
    }
    if upstream.tls:
        tree["transport_socket"] = _verified_tls(upstream.server_name, upstream.ca, upstream.tls_minimum, place)
        if upstream.shows_certificate:
            context = tree["transport_socket"]["typed_config"]["common_tls_context"]
            context["tls_certificate_sds_secret_configs"] = [server_certificate(place)]
    return tree


def server_certificate(place: GatewayPlace) -> Tree:
    """The gateway's own certificate by SDS from files, so that a renewed one is taken up without a restart."""
    return {"name": "server", "sds_config": watched(place.live / "sds.json")}


def _verified_tls(server_name: str, ca: str, minimum: str, place: GatewayPlace) -> Tree:
    authority = {"system": _SYSTEM_CA, "internal": str(place.certificates / "ca.pem")}.get(ca, ca)
    name_type = "IP_ADDRESS" if _is_address(server_name) else "DNS"
    context = typed(
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        common_tls_context={
            "tls_params": {
                "tls_minimum_protocol_version": _TLS_VERSIONS[minimum],
                "tls_maximum_protocol_version": "TLSv1_3",
            },
            "validation_context": {
                "trusted_ca": {"filename": authority},
                "match_typed_subject_alt_names": [
                    {"san_type": name_type, "matcher": {"exact": server_name}},
                ],
            },
        },
    )
    if name_type == "DNS":
        context["sni"] = server_name
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def _discovery_of(host: str) -> Tree:
    """Addresses as they are; names by DNS. Where a name has addresses of both kinds those of IPv4 count."""
    return {"type": "STATIC"} if _is_address(host) else {"type": "STRICT_DNS", "dns_lookup_family": "V4_PREFERRED"}


def _loopback(name: str, port: int, connect_timeout: str) -> Tree:
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": connect_timeout,
        "load_assignment": _endpoint(name, "127.0.0.1", port),
    }


def _proving(place: GatewayPlace) -> Tree:
    if place.node_token is None:
        return {}
    options = typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config={"http_protocol_options": {}},
        http_filters=proof_filters(place),
    )
    return {"typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}}


def _endpoint(cluster: str, host: str, port: int) -> Tree:
    address = {"socket_address": {"address": host, "port_value": port}}
    return {"cluster_name": cluster, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
