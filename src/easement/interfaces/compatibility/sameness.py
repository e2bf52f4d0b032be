"""Which schemas of two documents are the same with all that they refer to, found in one walk over each document.

Most of what a new version holds is as it was. What is the same letter by letter, and leads only to what is the same,
needs no comparison.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

from easement.contract.places import pointer_tokens
from easement.interfaces.compatibility.documents import references

_NOTHING: Final = object()


class Sameness:
    """The references of two documents that lead to something else than before, themselves or further on."""

    __slots__ = ("_changed",)

    def __init__(self, old_root: Any, new_root: Any) -> None:
        self._changed = _changed(old_root, new_root)

    def holds(self, old: Any, new: Any) -> bool:
        """Whether two schemas of one dialect say the same and lead to the same."""
        return same_json(old, new) and self._changed.isdisjoint(_names(old))


def same_json(old: Any, new: Any) -> bool:
    """Whether two JSON values are equal; ``true`` is not 1, ``1.0`` is."""
    if old is new:
        return True
    if old != new:
        return False
    return repr(old) == repr(new) or _canonical(old) == _canonical(new)


def _canonical(value: Any) -> str:
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _whole(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_whole(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _changed(old_root: Any, new_root: Any) -> set[str]:
    users: dict[str, set[str]] = {}
    changed: set[str] = set()
    for reference in _names(old_root):
        old, new = _at(old_root, reference), _at(new_root, reference)
        if old is _NOTHING or new is _NOTHING or not same_json(old, new):
            changed.add(reference)
            continue
        for inner in _names(old):
            users.setdefault(inner, set()).add(reference)
    return _with_users(changed, users)


def _with_users(changed: set[str], users: dict[str, set[str]]) -> set[str]:
    waiting = list(changed)
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in changed:
                changed.add(user)
                waiting.append(user)
    return changed


def _names(value: Any) -> Iterable[str]:
    return {reference for reference, _ in references(value)}


def _at(root: Any, reference: str) -> Any:
    """What a local reference names. Anchors count as naming nothing, so whatever uses one is compared."""
    if reference[:1] != "#" or reference[1:2] not in {"", "/"}:
        return _NOTHING
    value = root
    for token in pointer_tokens(unquote(reference[1:])):
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdecimal() and len(token) < 9 and int(token) < len(value):
            value = value[int(token)]
        else:
            return _NOTHING
    return value
