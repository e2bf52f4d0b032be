"""Path templates of APIs: names in them, names for operations without one, and templates that cannot be told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

_PARAMETER: Final = re.compile(r"\{([^{}]+)\}")
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_UNSAFE: Final = re.compile(r"""[\x00-\x20\x7f\\"'<>]""")
_MAX_COMPARISONS: Final = 500_000


def parameter_names(path: str) -> list[str]:
    """The names in braces, in order: ``/orders/{orderId}`` has ``orderId``."""
    return _PARAMETER.findall(path)


def template_problem(path: str) -> str:
    """What is wrong with a template, as the end of a sentence; empty when nothing is."""
    plain = _PARAMETER.sub("", path)
    names = parameter_names(path)
    wrong = {
        "does not start with a slash": not path.startswith("/"),
        "has a query or fragment, which is no part of a path": "?" in path or "#" in path,
        "has a space, a control character, a quote or a backslash": bool(_UNSAFE.search(path)),
        "has a brace without its pair or without a name": "{" in plain or "}" in plain,
        "names a parameter twice": len(set(names)) < len(names),
        "has a . or .. segment": any(segment in {".", ".."} for segment in path.split("/")),
    }
    return next((text for text, is_wrong in wrong.items() if is_wrong), "")


def shape_of(path: str) -> str:
    """The template without the names of its parameters: equal shapes match equal paths."""
    return _PARAMETER.sub("{}", path)


def generated_id(method: str, path: str) -> str:
    """A stable name for an operation without one: GET ``/orders/{orderId}`` is ``getOrdersByOrderId``."""
    words = [method.lower()]
    for segment in path.split("/"):
        for text, is_name in _pieces(segment):
            found = [word[0].upper() + word[1:] for word in _WORD.findall(text)]
            words += (["By", *found] if is_name else found) if found else []
    return "".join(words)


def _pieces(segment: str) -> Iterator[tuple[str, bool]]:
    for position, text in enumerate(_PARAMETER.split(segment)):
        if text:
            yield text, position % 2 == 1


def overlapping(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of templates that match the same path while neither is the more specific one.

    ``/a/{x}`` and ``/a/b`` are no such pair (the literal wins); ``/a/{x}/c`` and ``/a/b/{y}`` are. The work is
    bounded; a description with so many paths of one length that the bound is met is reported as far as it was read.
    """
    groups: dict[int, list[tuple[str, tuple[str, ...]]]] = {}
    for path in paths:
        segments = tuple(shape_of(path).split("/"))
        groups.setdefault(len(segments), []).append((path, segments))
    work = 0
    for group in groups.values():
        templated = [entry for entry in group if any("{}" in segment for segment in entry[1])]
        for position, (one, left) in enumerate(templated):
            for other, right in templated[position + 1 :]:
                work += 1
                if work > _MAX_COMPARISONS:
                    return
                if _overlap(left, right):
                    yield one, other


def _overlap(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    left_wins = right_wins = False
    for one, other in zip(left, right, strict=True):
        if one == other:
            continue
        if "{}" not in one and "{}" not in other:
            return False
        if "{}" in one and "{}" in other and not (one == "{}" or other == "{}"):
            return False
        left_wins |= "{}" not in one or other == "{}"
        right_wins |= "{}" not in other or one == "{}"
    return left_wins and right_wins
