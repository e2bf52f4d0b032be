"""Two OpenAPI descriptions held against each other, operation by operation.

Which way the data goes is an argument of every check: what an operation takes, a callback sends, and the reverse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from easement.interfaces.compatibility.changes import Changes, paired
from easement.interfaces.compatibility.openapi_body import compare_bodies
from easement.interfaces.compatibility.openapi_model import ApiPart, OperationPart
from easement.interfaces.compatibility.openapi_parameters import compare_parameters
from easement.interfaces.compatibility.openapi_responses import compare_responses
from easement.interfaces.compatibility.security_compare import compare_security
from easement.interfaces.compatibility.servers_compare import compare_servers
from easement.interfaces.compatibility.verdict import Direction
from easement.interfaces.path_templates import shape_of


@dataclass(frozen=True, slots=True)
class Way:
    """Which way the two halves of a call go, and the word for the call."""

    request: Direction
    answer: Direction
    word: str


_CALL: Final = Way(Direction.REQUEST, Direction.RESPONSE, "operation")
_CALLBACK: Final = Way(Direction.CALLBACK, Direction.CALLBACK_ANSWER, "callback")
_WEBHOOK: Final = Way(Direction.WEBHOOK, Direction.WEBHOOK_ANSWER, "webhook")


def compare_openapi(old: ApiPart, new: ApiPart, changes: Changes) -> None:
    """Note in ``changes`` everything that a consumer can notice."""
    if old.version != new.version:
        said: dict[str, Any] = {"before": f"OpenAPI {old.version}", "after": f"OpenAPI {new.version}"}
        changes.add("format-version-changed", Direction.REQUEST, old=old.at, new=new.at, **said)
    changes.documented(
        "information-changed", Direction.REQUEST, zip(old.texts, new.texts, strict=False), old=old.at, new=new.at
    )
    compare_servers(old.servers, new.servers, changes, old_at=old.at, new_at=new.at)
    _compare_operations(old, new, changes)
    _compare_called(old.webhooks, new.webhooks, changes, _WEBHOOK)


def _compare_operations(old: ApiPart, new: ApiPart, changes: Changes) -> None:
    both, removed, added = paired(old.operations.values(), new.operations.values(), _keys(old, new))
    for one in removed:
        changes.add(
            "operation-removed", Direction.REQUEST,
            old=one.at, new=new.at.child("paths"), operation=one.id, method=one.method, path=one.path,
            sunset=f" It was announced to end on {one.sunset}." if one.sunset else "",
        )  # fmt: skip
    for one in added:
        changes.add(
            "operation-added", Direction.REQUEST,
            old=old.at.child("paths"), new=one.at, operation=one.id, method=one.method, path=one.path,
        )  # fmt: skip
    for before, after in both:
        if not changes.spend():
            return
        _compare_names(before, after, changes)
        _compare_operation(before, after, changes, before.id, _CALL)


def _keys(old: ApiPart, new: ApiPart) -> Callable[[OperationPart], tuple[str, str]]:
    """By method and the path without the names of its parameters; with them where one shape is listed twice."""
    ambiguous = {
        shape
        for api in (old, new)
        for shape, count in Counter(map(_shape, api.operations.values())).items()
        if count > 1
    }
    return lambda one: (one.method, one.path) if _shape(one) in ambiguous else _shape(one)


def _shape(one: OperationPart) -> tuple[str, str]:
    return one.method, shape_of(one.path)


def _compare_names(old: OperationPart, new: OperationPart, changes: Changes) -> None:
    if old.id != new.id:
        rule = "operation-id-changed" if old.is_named and new.is_named else "operation-generated-id-changed"
        changes.add(
            rule, Direction.REQUEST,
            old=old.at, new=new.at, operation=old.id, method=old.method, path=old.path, before=old.id, after=new.id,
        )  # fmt: skip
    if old.path != new.path:
        changes.add(
            "path-parameter-renamed", Direction.REQUEST,
            old=old.at, new=new.at, operation=old.id, before=old.path, after=new.path,
        )  # fmt: skip


def _compare_operation(old: OperationPart, new: OperationPart, changes: Changes, name: str, way: Way) -> None:
    _compare_life(old, new, changes, name, way.request)
    changes.documented(
        "operation-documentation-changed", way.request, zip(old.texts, new.texts, strict=False),
        old=old.at, new=new.at, operation=name,
    )  # fmt: skip
    compare_security(old.security, new.security, changes, way.request, name, old_at=old.at, new_at=new.at)
    if old.servers is not None or new.servers is not None:
        compare_servers(old.servers or (), new.servers or (), changes, old_at=old.at, new_at=new.at, operation=name)
    compare_parameters(old, new, changes, way.request, name)
    compare_bodies(old, new, changes, way.request, name)
    compare_responses(old, new, changes, way.answer, name)
    _compare_called(old.callbacks, new.callbacks, changes, _CALLBACK, name)


def _compare_called(
    old: Mapping[tuple[str, str], OperationPart],
    new: Mapping[tuple[str, str], OperationPart],
    changes: Changes,
    way: Way,
    name: str = "",
) -> None:
    both, removed, added = paired(old.items(), new.items(), lambda item: item[0])
    for rule, entries in (("removed", removed), ("added", added)):
        for (method, path), one in entries:
            place: dict[str, Any] = {"old" if rule == "removed" else "new": one.at}
            changes.add(f"{way.word}-{rule}", way.request, operation=name or path, name=f"{method} {path}", **place)
    for ((_, path), before), (_, after) in both:
        _compare_operation(before, after, changes, name or path, way)


def _compare_life(old: OperationPart, new: OperationPart, changes: Changes, name: str, direction: Direction) -> None:
    said: dict[str, Any] = {"method": old.method, "path": old.path}
    places: dict[str, Any] = {"old": old.at, "new": new.at}
    if old.deprecated != new.deprecated:
        rule = "operation-deprecated" if new.deprecated else "operation-undeprecated"
        changes.add(rule, direction, operation=name, **places, **said)
    if old.sunset == new.sunset:
        return
    rule = "sunset-postponed"
    if not old.sunset:
        rule = "sunset-announced"
    elif new.sunset and new.sunset < old.sunset:
        rule = "sunset-brought-forward"
    changes.add(rule, direction, operation=name, before=old.sunset, after=new.sunset, **places, **said)
