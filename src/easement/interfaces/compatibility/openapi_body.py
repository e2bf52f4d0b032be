"""Request bodies, and the media types that requests and answers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from easement.interfaces.compatibility.changes import Changes
from easement.interfaces.compatibility.openapi_model import BodyPart, MediaPart, OperationPart
from easement.interfaces.compatibility.openapi_notes import compare_notes
from easement.interfaces.compatibility.sameness import same_json
from easement.interfaces.compatibility.verdict import Direction
from easement.interfaces.sources import Location

_UNASKED: Final = frozenset({Direction.CALLBACK, Direction.WEBHOOK})
"""Here the provider chooses the media type; elsewhere the consumer does, by Content-Type or Accept."""


def compare_bodies(old: OperationPart, new: OperationPart, changes: Changes, direction: Direction, name: str) -> None:
    """Note what differs in the request bodies of two operations."""
    before, after = old.body, new.body
    if before is None or after is None:
        if after is not None:
            rule = "required-body-added" if after.required else "optional-body-added"
            changes.add(rule, direction, old=old.at, new=after.at, operation=name)
        elif before is not None:
            changes.add("body-removed", direction, old=before.at, new=new.at, operation=name)
        return
    _compare(before, after, changes, direction, name)


def _compare(old: BodyPart, new: BodyPart, changes: Changes, direction: Direction, name: str) -> None:
    if old.required != new.required:
        rule = "body-became-required" if new.required else "body-became-optional"
        changes.add(rule, direction, old=old.at, new=new.at, operation=name)
    changes.documented(
        "body-documentation-changed", direction, zip(old.texts, new.texts, strict=False),
        old=old.at, new=new.at, operation=name,
    )  # fmt: skip
    compare_media(
        old.media, new.media, changes, direction, name,
        old_at=old.at, new_at=new.at, documentation="body-documentation-changed",
    )  # fmt: skip


def compare_media(
    old: Mapping[str, MediaPart],
    new: Mapping[str, MediaPart],
    changes: Changes,
    direction: Direction,
    operation: str,
    *,
    old_at: Location,
    new_at: Location,
    documentation: str,
    **said: str,
) -> None:
    """Note what differs in the media types of a body, and in the schemas under them."""
    prefix = "sent-" if direction in _UNASKED else ""
    met: set[str] = set()
    for name, before in old.items():
        after = new.get(name) or _covering(name, new)
        if after is None:
            changes.add(
                f"{prefix}media-type-removed", direction, old=before.at, new=new_at, operation=operation, media=name
            )
            continue
        met.add(after.name)
        _compare_one(before, after, changes, direction, operation, documentation, said)
    for name, after in new.items():
        if name in met:
            continue
        changes.add(f"{prefix}media-type-added", direction, old=old_at, new=after.at, operation=operation, media=name)
        if (range_ := _covering(name, old)) is not None:
            _compare_one(range_, after, changes, direction, operation, documentation, said)


def _compare_one(  # noqa: PLR0917 -- called twice, beside each other
    old: MediaPart,
    new: MediaPart,
    changes: Changes,
    direction: Direction,
    operation: str,
    documentation: str,
    said: Mapping[str, str],
) -> None:
    if not same_json(dict(old.encoding), dict(new.encoding)):
        changes.add("media-encoding-changed", direction, old=old.at, new=new.at, operation=operation, media=new.name)
    if any(not same_json(one, other) for one, other in zip(old.texts, new.texts, strict=False)):
        changes.add(documentation, direction, old=old.at, new=new.at, operation=operation, **said)
    if changes.same(old.schema, new.schema):
        return
    changes.schemas(old.schema, new.schema, direction, operation=operation, notes=False)
    changes.once(
        old.schema,
        new.schema,
        direction,
        operation,
        lambda: compare_notes(old.schema, new.schema, changes, direction, operation),
    )


def _covering(name: str, media: Mapping[str, MediaPart]) -> MediaPart | None:
    """The range that a media type falls under: ``text/plain`` under ``text/*`` or ``*/*``."""
    return media.get(f"{name.partition('/')[0]}/*") or media.get("*/*")
