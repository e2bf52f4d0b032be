"""The messages of a channel, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from easement.interfaces.compatibility.asyncapi_model import MessagePart
from easement.interfaces.compatibility.changes import Changes, paired
from easement.interfaces.compatibility.foreign import UnreadableSchemaError
from easement.interfaces.compatibility.payload_engines import ENGINES, FORMATS
from easement.interfaces.compatibility.sameness import same_json
from easement.interfaces.compatibility.verdict import Direction
from easement.interfaces.sources import Location

_OWN: Final = "application/vnd.aai.asyncapi"
_DIALECTS: Final = {
    **{f"{_OWN}{ending}": "draft-07" for ending in ("", "+json", "+yaml")},
    **{f"application/schema{ending}": "" for ending in ("+json", "+yaml")},
    **{f"application/vnd.oai.openapi{ending}": "openapi-3.0" for ending in ("", "+json", "+yaml")},
}
_OPENAPI_3_1: Final = "openapi-3.1"


def compare_messages(
    old: Mapping[str, MessagePart],
    new: Mapping[str, MessagePart],
    changes: Changes,
    direction: Direction,
    channel: str,
    *,
    old_at: Location,
    new_at: Location,
) -> None:
    """Note what differs in the messages that may be sent on a channel in one direction."""
    both, removed, added = paired(old.values(), new.values(), lambda one: one.key)
    for one in list(removed):
        twin = _twin(one, added, changes, is_only=len(old) == len(new) == 1)
        if twin is not None:
            removed.remove(one)
            added.remove(twin)
            both.append((one, twin))
    for one in removed:
        changes.add("message-removed", direction, old=one.at, new=new_at, operation=channel, name=one.key or "message")
    for one in added:
        changes.add("message-added", direction, old=old_at, new=one.at, operation=channel, name=one.key or "message")
    for before, after in both:
        _compare(before, after, changes, direction, channel)


def _twin(one: MessagePart, added: list[MessagePart], changes: Changes, *, is_only: bool) -> MessagePart | None:
    """The same message under another key: the only one there is, or one with the same payload."""
    if is_only:
        return added[0] if added else None
    return next((other for other in added if changes.same(one.payload, other.payload)), None)


def _compare(old: MessagePart, new: MessagePart, changes: Changes, direction: Direction, channel: str) -> None:
    said: dict[str, Any] = {
        "old": old.at,
        "new": new.at,
        "operation": channel,
        "name": new.name or new.key or "message",
    }
    if old.key != new.key:
        changes.add("message-key-changed", direction, before=old.key, after=new.key, **said)
    if old.name and new.name and old.name != new.name:
        changes.add("message-name-changed", direction, before=old.name, after=new.name, **said)
    if old.content_type != new.content_type:
        changes.add("message-content-type-changed", direction, before=old.content_type, after=new.content_type, **said)
    if not same_json(old.correlation, new.correlation):
        changes.add(
            "correlation-id-changed", direction, before=_place(old.correlation), after=_place(new.correlation), **said
        )
    if not same_json(old.bindings, new.bindings):
        changes.add("bindings-changed", direction, what="message", before=old.bindings, after=new.bindings, **said)
    if not same_json(list(old.texts), list(new.texts)):
        changes.add("message-documentation-changed", direction, **said)
    changes.schemas(old.headers, new.headers, direction, operation=channel, subject="header")
    _compare_payloads(old, new, changes, direction, channel)


def _place(correlation: object) -> str:
    location = correlation.get("location") if isinstance(correlation, Mapping) else None
    return str(location) if location else "nowhere"


def _compare_payloads(old: MessagePart, new: MessagePart, changes: Changes, direction: Direction, channel: str) -> None:
    before, after = _dialect(old.format), _dialect(new.format)
    said: dict[str, Any] = {"old": old.payload.location, "new": new.payload.location, "operation": channel}
    if before is not None and after is not None:
        changes.schemas(old.payload, new.payload, direction, operation=channel, dialects=(before, after))
        return
    old_format, new_format = _named(old.format), _named(new.format)
    if old_format != new_format:
        changes.add("payload-format-changed", direction, before=old_format, after=new_format, **said)
        return
    if changes.same(old.payload, new.payload):
        return
    engine = ENGINES.get(new_format)
    if engine is None:
        changes.add("payload-not-comparable", direction, format=new_format, **said)
        return
    try:
        found = engine(old.payload.value, new.payload.value, direction=direction, policy=changes.policy)
    except UnreadableSchemaError:
        changes.add("payload-not-comparable", direction, format=new_format, **said)
        return
    for verdict in found:
        changes.take(replace(verdict, operation=channel), old_at=old.payload.location, new_at=new.payload.location)


def _dialect(schema_format: str) -> str | None:
    """The JSON Schema dialect of a ``schemaFormat``; None where it is something else."""
    if not schema_format:
        return "draft-07"
    name, _, parameters = schema_format.partition(";")
    version = parameters.rpartition("version=")[2].strip()
    dialect = _DIALECTS.get(name.strip())
    if dialect is None:
        return None
    if dialect == "":
        return version or "draft-07"
    return _OPENAPI_3_1 if dialect == "openapi-3.0" and version.startswith("3.1") else dialect


def _named(schema_format: str) -> str:
    """The format without its version, by its short name where it has one."""
    name = schema_format.partition(";")[0].strip()
    if _dialect(schema_format) is not None:
        return "json-schema"
    return FORMATS.get(name, name)
