"""Kong declarative configuration (``kong.yaml``): services, routes, consumers and acl groups.

A service becomes a System with an interface of its routes. A consumer becomes a System. Where an ``acl`` plugin of a
service allows a group, each consumer in it gets a draft of an integration. A service without ``acl`` lets everybody in
who is authenticated: nobody can say who calls it, and a note says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from easement.contract.places import Places
from easement.contract.problems import Place
from easement.contract.yaml_reader import read
from easement.estate.exchange.made import (
    Made,
    Workshop,
    endpoint,
    free_name,
    items,
    mapping,
    name_of,
    pair_name,
)
from easement.estate.exchange.routes import ProxyRoute, add_draft, add_routes, methods_of

_AUTHENTICATION: Final = {"key-auth": "api-key", "mtls-auth": "mtls", "oauth2": "oauth2", "jwt": "oauth2",
                          "openid-connect": "oauth2"}  # fmt: skip
_WINDOWS: Final = (("second", "s"), ("minute", "m"), ("hour", "h"))
_Entry = tuple[str, Mapping[str, Any]]


def import_kong(data: bytes, file: str, *, country: str, owner: str = "") -> Made:
    """Documents from one declarative configuration, as drafts."""
    workshop = Workshop(country=country, owner=owner)
    reading = read(data, file)
    workshop.problems.extend(reading.problems)
    for document in reading.documents:
        tree, places = mapping(document.value), document.places
        if "_format_version" not in tree:
            place = places.place("")
            workshop.error("EAS-3701", "no _format_version here", place, "name a declarative configuration of Kong")
            continue
        consumers = _consumers(workshop, tree, places)
        for entry in items(tree.get("services"), "/services", places, workshop):
            _service(workshop, tree, places, entry, consumers)
    return workshop.finish()


def _consumers(workshop: Workshop, tree: Mapping[str, Any], places: Places) -> dict[str, frozenset[str]]:
    """Make a System of each consumer; its name with the acl groups that it is in."""
    grouped: dict[str, set[str]] = {}
    for _, acl in items(tree.get("acls"), "/acls", places, workshop):
        grouped.setdefault(_named(acl.get("consumer")), set()).add(str(acl.get("group", "")))
    found: dict[str, frozenset[str]] = {}
    for path, consumer in items(tree.get("consumers"), "/consumers", places, workshop):
        written = str(consumer.get("username") or consumer.get("custom_id") or "")
        name = name_of(written)
        if not name:
            workshop.error("EAS-3701", "a consumer needs a username with a letter in it", places.place(path))
            continue
        if not workshop.system(name, places.place(path), metadata={"title": written[:300]}):
            continue
        own = items(consumer.get("acls"), f"{path}/acls", places, workshop)
        groups = {str(acl.get("group", "")) for _, acl in own} | grouped.get(written, set())
        found[name] = frozenset(groups - {""})
    return found


def _service(
    workshop: Workshop,
    tree: Mapping[str, Any],
    places: Places,
    entry: _Entry,
    consumers: Mapping[str, frozenset[str]],
) -> None:
    path, service = entry
    place, written = places.place(path), str(service.get("name", ""))
    name = name_of(written)
    if not name:
        workshop.error("EAS-3701", "a service needs a name with a letter in it", place)
        return
    address = _address(service)
    if not workshop.system(name, place, endpoints=endpoint(address), metadata={"title": written[:300]}):
        return
    if not endpoint(address):
        workshop.decide("System", name, "where it answers: its address is not plain http or https", place)
    routes = items(service.get("routes"), f"{path}/routes", places, workshop)
    routes += [one for one in items(tree.get("routes"), "/routes", places, workshop) if _of(one[1], written)]
    operations = add_routes(workshop, name, _proxy_routes(workshop, routes, places))
    plugins = items(service.get("plugins"), f"{path}/plugins", places, workshop)
    plugins += [one for one in items(tree.get("plugins"), "/plugins", places, workshop) if _of(one[1], written)]
    if operations:
        _drafts(workshop, name, operations, [plugin for _, plugin in plugins], consumers, place=place)


def _drafts(
    workshop: Workshop,
    service: str,
    operations: Sequence[str],
    plugins: Sequence[Mapping[str, Any]],
    consumers: Mapping[str, frozenset[str]],
    *,
    place: Place,
) -> None:
    allowed = {
        str(group)
        for plugin in plugins
        if plugin.get("name") == "acl"
        for group in _texts(mapping(plugin.get("config")).get("allow"))
    }
    if not allowed:
        key = f"{service}-api"[:63] + "@1"
        workshop.decide("Interface", key, "who calls it: the service has no acl that allows groups", place)
        return
    for consumer, groups in sorted(consumers.items()):
        if allowed.isdisjoint(groups):
            continue
        name = free_name(workshop, "Integration", pair_name(consumer, service))
        further = _security(plugins) | _limit(plugins)
        add_draft(
            workshop, name=name, source=consumer, target=service, operations=operations, place=place, further=further
        )


def _security(plugins: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found = [_AUTHENTICATION[name] for plugin in plugins if (name := str(plugin.get("name"))) in _AUTHENTICATION]
    return {"security": {"authentication": found[0]}} if found else {}


def _limit(plugins: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The narrowest window that a rate-limiting plugin says."""
    for plugin in plugins:
        if plugin.get("name") not in {"rate-limiting", "rate-limiting-advanced"}:
            continue
        config = mapping(plugin.get("config"))
        for key, unit in _WINDOWS:
            number = config.get(key)
            if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 10_000_000:
                return {"sla": {"throughput": {"limit": f"{number}/{unit}"}}}
    return {}


def _proxy_routes(workshop: Workshop, routes: Iterable[_Entry], places: Places) -> list[ProxyRoute]:
    found = []
    for path, route in routes:
        methods = methods_of(route.get("methods"))
        for number, written in enumerate(_texts(route.get("paths"))):
            place = places.place(f"{path}/paths/{number}")
            if written.startswith("~"):
                workshop.error("EAS-3703", "a path by regular expression is not carried over", place)
                continue
            found.append(ProxyRoute(methods=methods, path=written, is_prefix=True, place=place))
    return found


def _address(service: Mapping[str, Any]) -> str:
    if isinstance(url := service.get("url"), str):
        return url.rstrip("/")
    host, protocol = service.get("host"), str(service.get("protocol", "http"))
    if not isinstance(host, str):
        return ""
    port, path = service.get("port"), service.get("path")
    shown_port = f":{port}" if isinstance(port, int) else ""
    return f"{protocol}://{host}{shown_port}{path if isinstance(path, str) else ''}".rstrip("/")


def _of(entry: Mapping[str, Any], service: str) -> bool:
    return _named(entry.get("service")) == service


def _named(reference: Any) -> str:
    """A reference of Kong: a name, or a mapping with one."""
    if isinstance(reference, Mapping):
        reference = reference.get("name") or reference.get("username") or reference.get("id")
    return str(reference) if isinstance(reference, str) else ""


def _texts(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
