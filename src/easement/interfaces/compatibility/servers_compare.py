"""The addresses of an interface, before and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from easement.interfaces.compatibility.changes import Changes, paired
from easement.interfaces.compatibility.openapi_model import Server
from easement.interfaces.compatibility.sameness import same_json
from easement.interfaces.compatibility.verdict import Direction
from easement.interfaces.sources import Location


def compare_servers(
    old: tuple[Server, ...],
    new: tuple[Server, ...],
    changes: Changes,
    *,
    old_at: Location,
    new_at: Location,
    operation: str = "",
) -> None:
    """Note what differs in the addresses. None at all means the one where the description was found."""
    both, removed, added = paired(old, new, lambda one: one.url)
    for before, after in both:
        _compare(before, after, changes, operation)
    if not removed and not added:
        return
    before_paths, after_paths = _paths(old), _paths(new)
    if not set(before_paths) & set(after_paths):
        changes.add(
            "base-path-changed", Direction.REQUEST, old=old_at, new=new_at, operation=operation,
            before=before_paths[0] or "/", after=after_paths[0] or "/",
        )  # fmt: skip
    for one in removed:
        changes.add("server-removed", Direction.REQUEST, old=one.at, new=new_at, operation=operation, url=one.url)
    for one in added:
        changes.add("server-added", Direction.REQUEST, old=old_at, new=one.at, operation=operation, url=one.url)


def _compare(old: Server, new: Server, changes: Changes, operation: str) -> None:
    said: dict[str, Any] = {"old": old.at, "new": new.at, "operation": operation, "url": new.url}
    for variable, values in old.variables.items():
        for value in values:
            if value not in new.variables.get(variable, ()):
                changes.add("server-variable-value-removed", Direction.REQUEST, variable=variable, value=value, **said)
    if any(not same_json(before, after) for before, after in zip(old.texts, new.texts, strict=False)):
        changes.add("server-documentation-changed", Direction.REQUEST, **said)


def _paths(servers: Iterable[Server]) -> list[str]:
    """The base path of each address, with variables at their default."""
    found = []
    for server in servers:
        url = server.url
        for name, values in server.variables.items():
            url = url.replace(f"{{{name}}}", values[0] if values else "")
        found.append(_path(url))
    return found or [""]


def _path(url: str) -> str:
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:
        return url
