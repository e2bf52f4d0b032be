"""Systems and interfaces from the routes of a proxy: paths and methods are known, bodies and callers are not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from easement.contract.problems import Place
from easement.estate.exchange.descriptions import FIRST_VERSION, skeleton
from easement.estate.exchange.made import Workshop
from easement.interfaces.path_templates import generated_id, template_problem

METHODS: Final = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
_REST: Final = "{rest}"
_PLAIN: Final = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@{}/-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRoute:
    """One route: methods (empty: any), a path, and whether it takes everything below the path."""

    methods: tuple[str, ...]
    path: str
    is_prefix: bool
    place: Place


def add_routes(workshop: Workshop, system: str, routes: Iterable[ProxyRoute]) -> list[str]:
    """An interface ``SYSTEM-api`` with an operation for each route and method; the operations that were made."""
    interface = f"{system}-api"[:63]
    found: dict[tuple[str, str], Place] = {}
    vague: list[str] = []
    for route in routes:
        path = route.path.rstrip("/") or "/"
        if route.is_prefix:
            path = f"{path.rstrip('/')}/{_REST}"
        if not _PLAIN.fullmatch(path) or template_problem(path):
            workshop.error("EAS-3703", f"the path {route.path[:120]!r} is no plain path", route.place)
            continue
        if not route.methods:
            vague.append(path)
        for method in route.methods or ("GET",):
            found.setdefault((method, path), route.place)
    if not found:
        return []
    operations = {generated_id(method, path): (method, path) for method, path in found}
    first = next(iter(found.values()))
    file = f"{interface}.openapi.json"
    spec: dict[str, Any] = {"system": system, "version": FIRST_VERSION, "definition": {"openapi": f"./{file}"}}
    if not workshop.add("Interface", interface, spec, first, metadata={"title": f"Routes to {system}"}):
        return []
    workshop.add_file(
        f"interfaces/{file}", skeleton(f"Routes to {system}", ((name, *route) for name, route in operations.items()))
    )
    key = f"{interface}@1"
    workshop.decide("Interface", key, "bodies and fields: a proxy's routes do not describe them", first)
    if vague:
        shown = ", ".join(sorted(set(vague))[:5])
        workshop.decide("Interface", key, f"the methods of {shown}: the route takes any, GET is a guess", first)
    if any(_REST in path for _, path in found):
        workshop.decide("Interface", key, "the paths below a prefix: {rest} stands for one segment of them", first)
    return list(operations)


def add_draft(
    workshop: Workshop,
    *,
    name: str,
    source: str,
    target: str,
    operations: Iterable[str],
    place: Place,
    further: Mapping[str, Any] | None = None,
) -> bool:
    """A draft of an integration over all operations that the proxy lets the source call; no field passes yet."""
    spec: dict[str, Any] = {
        "source": source,
        "target": target,
        "interface": {"name": f"{target}-api"[:63], "version": "^1.0"},
        "operations": list(operations),
        "fields": [],
        "purpose": "essential.service",
        **(further or {}),
    }
    made = workshop.add("Integration", name, spec, place, metadata={"title": f"{source} to {target}"})
    if made:
        workshop.decide("Integration", name, "which of the operations are needed, which fields, which purpose", place)
    return made


def methods_of(values: Any) -> tuple[str, ...]:
    """The known methods in a list of texts."""
    found = [str(value).upper() for value in values] if isinstance(values, list) else []
    return tuple(method for method in METHODS if method in found)
