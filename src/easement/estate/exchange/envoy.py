"""Envoy bootstrap or static configuration: clusters become systems, routes become operations, callers are not known.

Read are ``static_resources.clusters`` with their endpoints, and every route of every HTTP connection manager (inline
route configuration). Weighted clusters count as routes to each. Dynamic resources are not in the file: a note says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from easement.contract.places import Places, pointer
from easement.contract.problems import Place
from easement.contract.yaml_reader import read
from easement.estate.exchange.made import (
    UNKNOWN_SYSTEM,
    Made,
    Workshop,
    endpoint,
    free_name,
    items,
    mapping,
    name_of,
    pair_name,
)
from easement.estate.exchange.routes import ProxyRoute, add_draft, add_routes


def import_envoy(data: bytes, file: str, *, country: str, owner: str = "") -> Made:
    """Documents from one Envoy configuration, as drafts: an unknown caller for each system with routes."""
    workshop = Workshop(country=country, owner=owner)
    reading = read(data, file)
    workshop.problems.extend(reading.problems)
    for document in reading.documents:
        tree = mapping(document.value)
        resources = mapping(tree.get("static_resources"))
        if not resources:
            workshop.error("EAS-3701", "no static_resources here", document.places.place(""), "name an Envoy bootstrap")
            continue
        clusters = _clusters(workshop, resources, document.places)
        _routes(workshop, resources, document.places, clusters)
        if mapping(tree.get("dynamic_resources")):
            place = document.places.place("/dynamic_resources", key=True)
            workshop.error("EAS-3701", "dynamic resources are not in this file and were not read", place)
    return workshop.finish()


def _clusters(workshop: Workshop, resources: Mapping[str, Any], places: Places) -> dict[str, str]:
    """Make a System of each cluster; cluster name to system name."""
    made: dict[str, str] = {}
    for path, cluster in items(resources.get("clusters"), "/static_resources/clusters", places, workshop):
        place = places.place(path)
        name = name_of(str(cluster.get("name", "")))
        if not name:
            workshop.error("EAS-3701", "a cluster needs a name with a letter in it", place)
            continue
        address = _address(cluster)
        url = f"{'https' if 'transport_socket' in cluster else 'http'}://{address}" if address else ""
        if workshop.system(name, place, endpoints=endpoint(url), metadata={"title": str(cluster["name"])[:300]}):
            made[str(cluster["name"])] = name
            if not endpoint(url):
                workshop.decide("System", name, "where it answers: the cluster has no static address", place)
    return made


def _address(cluster: Mapping[str, Any]) -> str:
    """``HOST:PORT`` of the first endpoint."""
    for group in mapping(cluster.get("load_assignment")).get("endpoints") or ():
        for one in mapping(group).get("lb_endpoints") or ():
            socket = mapping(mapping(mapping(mapping(one).get("endpoint")).get("address")).get("socket_address"))
            if isinstance(host := socket.get("address"), str) and isinstance(port := socket.get("port_value"), int):
                return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return ""


def _routes(workshop: Workshop, resources: Mapping[str, Any], places: Places, clusters: Mapping[str, str]) -> None:
    found: dict[str, list[ProxyRoute]] = {}
    for cluster, route in _found_routes(workshop, resources, places):
        if cluster not in clusters:
            workshop.error("EAS-3702", f"a route leads to the cluster {cluster[:80]!r}, which is not here", route.place)
            continue
        found.setdefault(clusters[cluster], []).append(route)
    for system, routes in sorted(found.items()):
        operations = add_routes(workshop, system, routes)
        if not operations:
            continue
        name = free_name(workshop, "Integration", pair_name(UNKNOWN_SYSTEM, system))
        place = routes[0].place
        if add_draft(workshop, name=name, source=UNKNOWN_SYSTEM, target=system, operations=operations, place=place):
            workshop.decide("Integration", name, "who calls: a proxy's configuration does not say", place)


def _found_routes(workshop: Workshop, resources: Mapping[str, Any], places: Places) -> Iterator[tuple[str, ProxyRoute]]:
    for path, configuration in _walk(resources, ("static_resources",)):
        hosts = items(configuration["virtual_hosts"], f"{path}/virtual_hosts", places, workshop)
        for host_path, host in hosts:
            for route_path, route in items(host.get("routes"), f"{host_path}/routes", places, workshop):
                place = places.place(route_path)
                yield from _targets(workshop, route, place)


def _walk(tree: Any, tokens: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every route configuration below ``tree`` with its path: filters nest them at several places."""
    waiting: list[tuple[Any, tuple[str, ...]]] = [(tree, tokens)]
    while waiting:
        node, here = waiting.pop()
        if isinstance(node, Mapping):
            if isinstance(node.get("virtual_hosts"), list):
                yield pointer(here), node
            waiting += [(value, (*here, str(key))) for key, value in node.items()]
        elif isinstance(node, list):
            waiting += [(value, (*here, str(number))) for number, value in enumerate(node)]


def _targets(workshop: Workshop, route: Mapping[str, Any], place: Place) -> Iterator[tuple[str, ProxyRoute]]:
    match, action = mapping(route.get("match")), mapping(route.get("route"))
    path, is_prefix = match.get("path"), False
    if path is None:
        path, is_prefix = match.get("prefix", match.get("path_separated_prefix")), True
    if not action:
        return
    if not isinstance(path, str):
        workshop.error("EAS-3703", "a route by regular expression or template is not carried over", place)
        return
    made = ProxyRoute(methods=_methods(match), path=path, is_prefix=is_prefix, place=place)
    weighted = mapping(action.get("weighted_clusters")).get("clusters") or ()
    for name in (action.get("cluster"), *(mapping(one).get("name") for one in weighted)):
        if isinstance(name, str):
            yield name, made


def _methods(match: Mapping[str, Any]) -> tuple[str, ...]:
    for header in match.get("headers") or ():
        said = mapping(header)
        if said.get("name") == ":method":
            exact = said.get("exact_match", mapping(said.get("string_match")).get("exact"))
            return (exact.upper(),) if isinstance(exact, str) else ()
    return ()
