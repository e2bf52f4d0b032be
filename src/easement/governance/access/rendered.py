"""What the gateway's rendering says that is the same for every route, read from the rendering itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from easement.gateway.place import GatewayPlace
from easement.gateway.render_clusters import cluster_name, clusters
from easement.gateway.render_listeners import data_listener
from easement.plan.model import Plan

_HERE: Final = Path()
_PLACE: Final = GatewayPlace(
    folder=_HERE,
    certificates=_HERE,
    host="127.0.0.1",
    port=1,
    control_port=0,
    console_port=1,
    decider_port=1,
    admin_port=1,
    issuer="urn:easement:issuer",
)
"""Where a gateway stands changes none of what is read here, nor do the keys that it trusts."""
_NO_KEYS: Final[dict[str, Any]] = {"keys": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """The data plane's listener: its chain of filters by name, its TLS and the manager of its connections."""

    filters: tuple[str, ...]
    tls: Mapping[str, Any] | None
    manager: Mapping[str, Any]

    @property
    def tls_floor(self) -> str:
        """``1.2``, or empty without TLS."""
        return _version(self.tls)

    @property
    def asks_for_certificates(self) -> bool:
        """Whether callers must show a certificate."""
        return bool(self.tls and self.tls.get("require_client_certificate"))


def read_listener() -> Listener:
    """The listener as it is rendered for every plan."""
    chain = data_listener(_NO_KEYS, _PLACE, {})["filter_chains"][0]
    manager = chain["filters"][0]["typed_config"]
    return Listener(
        filters=tuple(each["name"] for each in manager["http_filters"]),
        tls=_context(chain),
        manager=manager,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The connection to one target as it is rendered."""

    tls: Mapping[str, Any] | None
    thresholds: Mapping[str, Any]
    filters: tuple[str, ...]

    @property
    def tls_floor(self) -> str:
        """``1.2`` or ``1.3``, or empty without TLS."""
        return _version(self.tls)

    @property
    def verified_name(self) -> str:
        """The name that the target's certificate must have, or empty where none is asked for."""
        names = _common(self.tls).get("validation_context", {}).get("match_typed_subject_alt_names", [])
        return str(names[0]["matcher"]["exact"]) if names else ""

    @property
    def shows_certificate(self) -> bool:
        """Whether the gateway shows the target a certificate of its own."""
        common = _common(self.tls)
        return bool(common.get("tls_certificates") or common.get("tls_certificate_sds_secret_configs"))


def read_clusters(plan: Plan) -> dict[str, Cluster]:
    """The targets of a plan by name of their system."""
    trees = {str(tree["name"]): tree for tree in clusters(plan, _PLACE)}
    return {upstream.name: _cluster(trees[cluster_name(upstream.name)]) for upstream in plan.upstreams}


def _cluster(tree: Mapping[str, Any]) -> Cluster:
    protocols = next(iter(tree["typed_extension_protocol_options"].values()))
    return Cluster(
        tls=_context(tree),
        thresholds=tree["circuit_breakers"]["thresholds"][0],
        filters=tuple(each["name"] for each in protocols.get("http_filters", [])),
    )


def _context(tree: Mapping[str, Any]) -> Mapping[str, Any] | None:
    socket = tree.get("transport_socket")
    return socket["typed_config"] if socket else None


def _common(context: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return context.get("common_tls_context", {}) if context else {}


def _version(context: Mapping[str, Any] | None) -> str:
    minimum = str(_common(context).get("tls_params", {}).get("tls_minimum_protocol_version", ""))
    return minimum.removeprefix("TLSv").replace("_", ".")
