"""What OpenAPI says in a schema beyond its validity: discriminator, readOnly, writeOnly, xml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from easement.interfaces.compatibility.changes import Changes
from easement.interfaces.compatibility.sameness import same_json
from easement.interfaces.compatibility.verdict import Direction, Role
from easement.interfaces.fields import segment
from easement.interfaces.sources import Found

_CHOICES: Final = ("allOf", "anyOf", "oneOf")
_INNER: Final = ("items", "additionalProperties", "not")

_Pair = tuple[Found, Found, str]


def compare_notes(old: Found, new: Found, changes: Changes, direction: Direction, operation: str) -> None:
    """Note what differs in two bodies and in all that is in them, each pair of schemas once."""
    waiting: list[_Pair] = [(old, new, "")]
    seen: set[tuple[str, str]] = set()
    while waiting and changes.spend():
        before, after, path = waiting.pop()
        followed = changes.old.sources.follow(before.value, before.location)
        current = changes.new.sources.follow(after.value, after.location)
        if followed is None or current is None or changes.same(followed, current):
            continue
        key = (_name(followed), _name(current))
        if key in seen or not (isinstance(followed.value, Mapping) and isinstance(current.value, Mapping)):
            continue
        seen.add(key)
        _compare(followed, current, path, changes, direction, operation)
        waiting.extend(_inner(followed, current, path))


def _name(found: Found) -> str:
    return f"{found.location.file}#{found.location.pointer}"


def _compare(  # noqa: PLR0917 -- one pair of schemas and where its changes go
    old: Found, new: Found, path: str, changes: Changes, direction: Direction, operation: str
) -> None:
    said: dict[str, Any] = {
        "old": old.location,
        "new": new.location,
        "operation": operation,
        "field_path": path,
    }
    _compare_discriminator(old.value, new.value, changes, direction, said)
    for rule in _access_rules(old.value, new.value, direction.role):
        changes.add(rule, direction, field=path or "the body", **said)
    if not same_json(old.value.get("xml"), new.value.get("xml")):
        changes.add("xml-form-changed", direction, **said)


def _access_rules(old: Mapping[str, Any], new: Mapping[str, Any], role: Role) -> Iterator[str]:
    if role is Role.WRITES and _flag(old, "readOnly") != _flag(new, "readOnly"):
        yield "property-became-read-only" if _flag(new, "readOnly") else "property-became-writable"
    if role is Role.READS and _flag(old, "writeOnly") != _flag(new, "writeOnly"):
        yield "property-became-write-only" if _flag(new, "writeOnly") else "property-became-readable"


def _flag(said: Mapping[str, Any], name: str) -> bool:
    return said.get(name) is True


def _compare_discriminator(
    old: Mapping[str, Any], new: Mapping[str, Any], changes: Changes, direction: Direction, said: dict[str, Any]
) -> None:
    before, after = _discriminator(old), _discriminator(new)
    if not before and not after:
        return
    if not before or not after:
        rule = "discriminator-added" if after else "discriminator-removed"
        changes.add(rule, direction, before=before.get("", ""), after=after.get("", ""), **said)
        return
    if before[""] != after[""]:
        changes.add("discriminator-property-changed", direction, before=before[""], after=after[""], **said)
    for value in sorted({*before, *after} - {""}):
        was, now = before.get(value), after.get(value)
        if was is None or now is None:
            rule = "discriminator-value-added" if was is None else "discriminator-value-removed"
            changes.add(rule, direction, value=value, **said)
        elif was != now:
            changes.add("discriminator-value-changed", direction, value=value, before=was, after=now, **said)


def _discriminator(said: Mapping[str, Any]) -> dict[str, str]:
    """The values of a mapping, and under the empty name the property; a text alone is OpenAPI 2.0."""
    value = said.get("discriminator")
    if isinstance(value, str):
        return {"": value}
    if not isinstance(value, Mapping) or not isinstance(value.get("propertyName"), str):
        return {}
    mapping = value.get("mapping")
    named = {str(key): str(target) for key, target in mapping.items()} if isinstance(mapping, Mapping) else {}
    return {**named, "": value["propertyName"]}


def _inner(old: Found, new: Found, path: str) -> Iterator[_Pair]:
    before, after = old.value.get("properties"), new.value.get("properties")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in before.keys() & after.keys():
            inner = f"{path}.{segment(name)}" if path else segment(name)
            yield _child(old, "properties", name), _child(new, "properties", name), inner
    for key in _INNER:
        if isinstance(old.value.get(key), Mapping) and isinstance(new.value.get(key), Mapping):
            yield _child(old, key), _child(new, key), path
    for key in _CHOICES:
        yield from _choices(old, new, key, path)


def _choices(old: Found, new: Found, key: str, path: str) -> Iterator[_Pair]:
    before, after = old.value.get(key), new.value.get(key)
    if not isinstance(before, list) or not isinstance(after, list):
        return
    names = {_reference(one): position for position, one in enumerate(after) if _reference(one)}
    for position, one in enumerate(before):
        other = names.get(_reference(one)) if _reference(one) else position
        if other is not None and other < len(after) and (_reference(one) or len(before) == len(after)):
            yield _child(old, key, position), _child(new, key, other), path


def _reference(value: Any) -> str:
    reference = value.get("$ref") if isinstance(value, Mapping) else None
    return reference if isinstance(reference, str) else ""


def _child(found: Found, *names: str | int) -> Found:
    value = found.value
    for name in names:
        value = value[name]
    return Found(value, found.location.child(*names))
