"""A description as one document in which every schema reference resolves, whatever number of files it has.

A description of one file is that file. One of many files becomes ``{FILE: content, ...}`` with its references
rewritten to lead there, so that an engine which knows one document only can follow them all.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from easement.contract.places import pointer, pointer_tokens
from easement.interfaces.sources import Found, Location, Sources

_DATA: Final = frozenset({"example", "examples", "default", "enum", "const", "x-examples"})
"""Under these names stands data, in which ``$ref`` is no reference."""
_NAMED: Final = frozenset(
    {
        *("properties", "patternProperties", "definitions", "$defs", "schemas", "dependentSchemas"),
        *("paths", "responses", "parameters", "headers", "requestBodies", "callbacks", "webhooks"),
        *("channels", "messages", "operations"),
    }
)
"""Under these names stand names that people chose, which may be the ones above."""


@dataclass(slots=True)
class Document:
    """The files of one description and ``root``, in which schemas are compared."""

    sources: Sources
    file: str
    root: Any = field(init=False)
    _is_bundle: bool = field(init=False)

    def __post_init__(self) -> None:
        reached = _reached(self.sources, self.file)
        self._is_bundle = len(reached) > 1
        self.root = (
            {file: _rewritten(value, file, reached) for file, value in reached.items()}
            if self._is_bundle
            else reached[self.file]
        )

    def schema(self, found: Found) -> Any:
        """The schema as it stands in ``root``."""
        return _rewritten(found.value, found.location.file, self.root) if self._is_bundle else found.value

    def pointer(self, at: Location) -> str:
        """Where a value stands in ``root``."""
        return pointer((at.file, *at.tokens)) if self._is_bundle else at.pointer

    def location(self, where: str) -> Location:
        """The value in its file that ``where`` names in ``root``; the nearest ancestor where it names none."""
        file, tokens = self.file, pointer_tokens(where)
        if self._is_bundle and tokens:
            file, *tokens = tokens
        return Location(file, tuple(_existing(self.sources.document(file), tokens)))


def _existing(value: Any, tokens: list[str]) -> Iterator[str]:
    for token in tokens:
        if isinstance(value, Mapping) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdecimal() and len(token) < 9 and int(token) < len(value):
            value = value[int(token)]
        else:
            return
        yield token


def _reached(sources: Sources, main: str) -> dict[str, Any]:
    """Every file that references lead to, from the main one on. A reference that leads nowhere is reported."""
    reached: dict[str, Any] = {main: sources.document(main)}
    waiting = [main]
    while waiting:
        file = waiting.pop()
        known: set[str] = set()
        for reference, tokens in references(reached[file]):
            if reference in known:
                continue
            known.add(reference)
            if reference[:1] == "#" and reference[1:2] not in {"", "/"}:
                continue
            found = sources.resolve(reference, Location(file, (*tokens, "$ref")))
            if found and found.location.file not in reached:
                reached[found.location.file] = sources.document(found.location.file)
                waiting.append(found.location.file)
    return reached


def references(value: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every ``$ref`` text in a value and where it stands; not those inside of examples and other data."""
    waiting: list[tuple[Any, tuple[str, ...], bool]] = [(value, (), False)]
    while waiting:
        here, tokens, is_named = waiting.pop()
        if isinstance(here, Mapping):
            reference = here.get("$ref")
            if isinstance(reference, str) and not is_named:
                yield reference, tokens
            for name, child in here.items():
                if isinstance(child, dict | list) and (is_named or name not in _DATA):
                    waiting.append((child, (*tokens, str(name)), not is_named and name in _NAMED))
        elif isinstance(here, list):
            waiting.extend(
                (child, (*tokens, str(position)), False)
                for position, child in enumerate(here)
                if isinstance(child, dict | list)
            )


def _rewritten(value: Any, file: str, reached: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_rewritten(child, file, reached) for child in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: _led_to(child, file, reached)
        if name == "$ref" and isinstance(child, str)
        else _rewritten(child, file, reached)
        for name, child in value.items()
    }


def _led_to(reference: str, file: str, reached: Mapping[str, Any]) -> str:
    name, _, fragment = reference.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(name))) if name else file
    if target not in reached or (fragment and not fragment.startswith("/")):
        return reference
    return f"#{pointer((target,))}{fragment}"
