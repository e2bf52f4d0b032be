"""Answers of two operations held against each other: statuses, bodies, headers, links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from easement.interfaces.compatibility.changes import Changes, paired
from easement.interfaces.compatibility.openapi_body import compare_media
from easement.interfaces.compatibility.openapi_model import HeaderPart, OperationPart, ResponsePart
from easement.interfaces.compatibility.sameness import same_json
from easement.interfaces.compatibility.verdict import Direction, Role


def compare_responses(
    old: OperationPart, new: OperationPart, changes: Changes, direction: Direction, name: str
) -> None:
    """Note what differs in the answers. A status that only one side lists is held against the range it falls under."""
    before = {one.status: one for one in old.responses}
    after = {one.status: one for one in new.responses}
    for status, one in before.items():
        other = after.get(status)
        if other is None:
            _add(one, "removed", before, changes, direction, name)
            other = _covering(status, after) if direction.role is Role.WRITES else None
        if other is not None:
            _compare(one, other, changes, direction, name)
    for status, one in after.items():
        if status in before:
            continue
        _add(one, "added", after, changes, direction, name)
        if (range_ := _covering(status, before)) is not None and direction.role is Role.READS:
            _compare(range_, one, changes, direction, name)


def _add(  # noqa: PLR0917 -- one answer, among which, and where it goes
    one: ResponsePart,
    what: str,
    among: Mapping[str, ResponsePart],
    changes: Changes,
    direction: Direction,
    operation: str,
) -> None:
    place: dict[str, Any] = {"old" if what == "removed" else "new": one.at}
    kind = "success" if _is_success(one.status, among) else "error"
    changes.add(f"{kind}-response-{what}", direction, operation=operation, status=one.status, **place)


def _is_success(status: str, among: Mapping[str, ResponsePart]) -> bool:
    if status == "default":
        return not any(one[:1] in "123" for one in among if one != "default")
    return status[:1] in "123"


def _covering(status: str, responses: Mapping[str, ResponsePart]) -> ResponsePart | None:
    return responses.get(f"{status[:1]}XX") or responses.get("default")


def _compare(old: ResponsePart, new: ResponsePart, changes: Changes, direction: Direction, operation: str) -> None:
    places: dict[str, Any] = {"old": old.at, "new": new.at, "operation": operation}
    changes.documented(
        "response-documentation-changed", direction, _same_length(old.texts, new.texts),
        old=old.at, new=new.at, operation=operation, status=new.status,
    )  # fmt: skip
    if bool(old.media) != bool(new.media):
        rule = "response-body-added" if new.media else "response-body-removed"
        changes.add(rule, direction, status=new.status, **places)
    else:
        compare_media(
            old.media, new.media, changes, direction, operation,
            old_at=old.at, new_at=new.at, documentation="response-documentation-changed", status=new.status,
        )  # fmt: skip
    _compare_headers(old, new, changes, direction, operation)
    for link in sorted({*old.links, *new.links}):
        if not same_json(old.links.get(link), new.links.get(link)):
            changes.add("link-changed", direction, name=link, **places)


def _same_length(old: tuple[object, ...], new: tuple[object, ...]) -> list[tuple[object, object]]:
    """Pairs of texts; OpenAPI 2.0 has more of them than 3.0, and what one side cannot say is not compared."""
    return list(zip(old, new, strict=False))


def _compare_headers(
    old: ResponsePart, new: ResponsePart, changes: Changes, direction: Direction, operation: str
) -> None:
    both, removed, added = paired(old.headers.items(), new.headers.items(), lambda item: item[0])
    for what, entries in (("removed", removed), ("added", added)):
        for _, one in entries:
            kind = "required" if one.required else "optional"
            places: dict[str, Any] = (
                {"old": one.at, "new": new.at} if what == "removed" else {"old": old.at, "new": one.at}
            )
            changes.add(f"{kind}-header-{what}", direction, operation=operation, name=one.name, **places)
    for (_, before), (_, after) in both:
        _compare_header(before, after, changes, direction, operation)


def _compare_header(old: HeaderPart, new: HeaderPart, changes: Changes, direction: Direction, operation: str) -> None:
    said: dict[str, Any] = {"old": old.at, "new": new.at, "operation": operation, "name": new.name}
    if old.required != new.required:
        rule = "header-became-required" if new.required else "header-became-optional"
        changes.add(rule, direction, **said)
    if old.style != new.style:
        changes.add("header-style-changed", direction, before=old.style, after=new.style, **said)
    changes.schemas(old.schema, new.schema, direction, operation=operation, subject="header")
    if any(not same_json(one, other) for one, other in zip(old.texts, new.texts, strict=False)):
        changes.add("header-documentation-changed", direction, **said)
