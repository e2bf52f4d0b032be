"""Where each value of a document stands in its file.

A path is a JSON pointer (RFC 6901): ``/spec/security/scopes/0``. A path that is not in the file finds its nearest
ancestor that is, so that a missing key is shown at the mapping that should have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from easement.contract.problems import Place


class Spot(NamedTuple):
    """Position of a value (line and column from 1) and of what is in it."""

    line: int
    column: int
    children: dict[str, KeyedSpot] | list[Spot] | None = None


class KeyedSpot(NamedTuple):
    """Position of a key and of its value."""

    line: int
    column: int
    value: Spot


class Places:
    """The positions of one document. They are found at the first question, since most documents have no problem."""

    __slots__ = ("_file", "_find", "_root")

    def __init__(self, file: str, root: Spot | None = None, *, find: Callable[[], Spot | None] | None = None) -> None:
        self._file = file
        self._root = root
        self._find = find

    def place(self, path: str, *, key: bool = False) -> Place:
        """The place of the value at ``path``; of its key where ``key``, or where the value is a list or mapping."""
        if self._root is None and self._find is not None:
            self._root, self._find = self._find(), None
        if self._root is None:
            return Place(file=self._file, path=path)
        line, column = _position(self._root, pointer_tokens(path), key=key)
        return Place(file=self._file, line=line, column=column, path=path)


def _position(root: Spot, tokens: Iterable[str], *, key: bool) -> tuple[int, int]:
    spot, named = root, (root.line, root.column)
    for token in tokens:
        children = spot.children
        if isinstance(children, dict) and token in children:
            keyed = children[token]
            spot, named = keyed.value, (keyed.line, keyed.column)
        elif isinstance(children, list) and token.isdecimal() and len(token) < 10 and int(token) < len(children):
            spot = children[int(token)]
            named = (spot.line, spot.column)
        else:
            return named
    return named if key or spot.children is not None else (spot.line, spot.column)


def pointer(tokens: Iterable[str | int]) -> str:
    """Tokens as a JSON pointer."""
    return "".join(f"/{str(token).replace('~', '~0').replace('/', '~1')}" for token in tokens)


def pointer_tokens(path: str) -> list[str]:
    """The tokens of a JSON pointer."""
    return [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]]


def dotted(tokens: Iterable[str | int]) -> str:
    """Tokens as people write them: ``spec.security.scopes[0]``."""
    text = ""
    for token in tokens:
        text += f"[{token}]" if isinstance(token, int) else f".{token}" if text else token
    return text or "the document"
