"""Parameters of two operations held against each other."""

from __future__ import annotations

from typing import Any

from easement.interfaces.compatibility.changes import Changes, paired
from easement.interfaces.compatibility.openapi_model import OperationPart, ParameterPart
from easement.interfaces.compatibility.verdict import Direction


def compare_parameters(
    old: OperationPart, new: OperationPart, changes: Changes, direction: Direction, name: str
) -> None:
    """Note what differs in the parameters; ``name`` is the operation's."""
    both, removed, added = paired(old.parameters, new.parameters, lambda one: (one.location, one.key))
    moved = {one.name: one for one in added if one.location != "path"}
    for one in removed:
        target = moved.pop(one.name, None)
        if target is None:
            _add_missing("removed", one, changes, direction, name)
            continue
        added.remove(target)
        changes.add(
            "parameter-moved", direction,
            old=one.at, new=target.at, operation=name, name=one.name, before=one.location, after=target.location,
        )  # fmt: skip
        _compare(one, target, changes, direction, name)
    for one in added:
        _add_missing("added", one, changes, direction, name)
    for before, after in both:
        _compare(before, after, changes, direction, name)


def _add_missing(what: str, one: ParameterPart, changes: Changes, direction: Direction, operation: str) -> None:
    place: dict[str, Any] = {"old" if what == "removed" else "new": one.at}
    kind = "required" if one.required else "optional"
    changes.add(f"{kind}-parameter-{what}", direction, operation=operation, name=one.name, where=one.location, **place)


def _compare(old: ParameterPart, new: ParameterPart, changes: Changes, direction: Direction, operation: str) -> None:
    said: dict[str, Any] = {
        "operation": operation,
        "old": old.at,
        "new": new.at,
        "name": new.name,
        "where": new.location,
    }
    for rule in _flags(old, new):
        changes.add(rule, direction, **said)
    if old.media_type != new.media_type:
        before, after = old.media_type or "plain text", new.media_type or "plain text"
        changes.add("parameter-media-type-changed", direction, before=before, after=after, **said)
    elif old.style != new.style and not old.media_type and old.location == new.location:
        changes.add("parameter-style-changed", direction, before=old.style, after=new.style, **said)
    changes.schemas(old.schema, new.schema, direction, operation=operation, subject="parameter")
    changes.documented(
        "parameter-documentation-changed", direction, zip(old.texts, new.texts, strict=False),
        old=old.at, new=new.at, operation=operation,
    )  # fmt: skip


def _flags(old: ParameterPart, new: ParameterPart) -> list[str]:
    rules = []
    if old.required != new.required:
        rules.append("parameter-became-required" if new.required else "parameter-became-optional")
    if old.allow_empty != new.allow_empty:
        rules.append("parameter-empty-value-admitted" if new.allow_empty else "parameter-empty-value-refused")
    if old.allow_reserved != new.allow_reserved:
        rules.append("parameter-reserved-characters-changed")
    if old.deprecated != new.deprecated:
        rules.append("parameter-deprecated" if new.deprecated else "parameter-undeprecated")
    return rules
