"""Literal credentials in interface descriptions: examples, defaults, addresses of servers, headers, texts.

Everything in the files is looked at, whatever key it stands under. A description is full of values that only look like
secrets, so what merely has a secret's name must look drawn at random too, and placeholders are left alone.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from easement.contract.credential_detectors import NAMED, PRIVATE_JWK, is_placeholder
from easement.contract.literal_secrets import (
    PRIVATE_KEY_MEMBERS,
    Match,
    Token,
    entropy_bits,
    known_form,
    says_secret,
)
from easement.contract.places import pointer
from easement.contract.problems import Place
from easement.contract.yaml_reader import read

MAX_FOUND: Final = 200
"""In one description; more are not listed, and one is enough to stop it."""
_REMEMBERED: Final = 256
_CARRIERS: Final = frozenset({"example", "examples", "default", "const", "enum", "value", "schema", "payload"})
"""Keys that say nothing of their value: it is named by what is above them."""
_PAGING: Final = re.compile(r"(?i)(?:page|paging|continuation|cursor|next|sync|delta|idempotency)[_-]?(?:token|key)")
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VALUE: Final = re.compile(r"[A-Za-z0-9+/_.~=-]{16,512}")
_MIN_ENTROPY_BITS: Final = 3.0
_PROSE: Final = frozenset({"description", "summary", "title"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSecret:
    """One credential in a description.

    ``path`` is a JSON pointer from the description; in a file that it refers to, the first token is that file's path.
    ``is_known`` is whether its form is that of a credential, rather than its name and its look.
    """

    path: str
    place: Place
    what: str
    is_known: bool


def secrets_in_description(files: tuple[tuple[str, bytes], ...]) -> tuple[FoundSecret, ...]:
    """The credentials in a description and the files that it refers to; the description itself is first."""
    main = files[0][0] if files else ""
    found: list[FoundSecret] = []
    for name, data in files:
        prefix: tuple[Token, ...] = () if name == main else (posixpath.relpath(name, posixpath.dirname(main) or "."),)
        for tokens, place, match in _in_file(name, data):
            known = match.detector != NAMED
            path = pointer(map(_shown, (*prefix, *tokens)))
            found.append(FoundSecret(path=path, place=place, what=_words(match), is_known=known))
    return tuple(found[:MAX_FOUND])


@lru_cache(maxsize=_REMEMBERED)
def _in_file(name: str, data: bytes) -> tuple[tuple[tuple[Token, ...], Place, Match], ...]:
    """Remembered by content: an estate is checked many times over."""
    found = []
    for document in read(data, name).documents:
        for tokens, match in _secrets(document.value):
            found.append((tokens, document.places.place(pointer(tokens)), match))
    return tuple(sorted(found, key=lambda one: (one[1].line, one[1].column)))


def _secrets(tree: Any) -> Iterator[tuple[tuple[Token, ...], Match]]:
    waiting: list[tuple[tuple[Token, ...], Any, str]] = [((), tree, "")]
    while waiting:
        path, value, name = waiting.pop()
        if isinstance(value, dict):
            yield from _in_mapping(path, value)
            own = _name_of_parameter(value) or name
            waiting.extend(((*path, key), child, _named(own, name, path, key)) for key, child in value.items())
        elif isinstance(value, list):
            waiting.extend(((*path, index), child, name) for index, child in enumerate(value))
        elif isinstance(value, str) and (match := _judge(value, name)):
            yield path, match


def _in_mapping(path: tuple[Token, ...], value: Mapping[str, Any]) -> Iterator[tuple[tuple[Token, ...], Match]]:
    for key in value:
        if (match := known_form(key)) and not is_placeholder(match.secret):
            yield path, match._replace(what=f"a key that is {match.what}")
    if isinstance(value.get("kty"), str):
        for key in PRIVATE_KEY_MEMBERS & value.keys():
            secret = value[key]
            if isinstance(secret, str) and len(secret) >= 16 and not is_placeholder(secret):
                yield (*path, key), Match(PRIVATE_JWK, "the private part of a JSON Web Key", secret)


def _name_of_parameter(value: Mapping[str, Any]) -> str:
    """What a parameter object calls its values: they stand under ``example`` and ``schema``."""
    name = value.get("name")
    return name if isinstance(name, str) and isinstance(value.get("in"), str) else ""


def _named(own: str, inherited: str, path: tuple[Token, ...], key: str) -> str:
    if key in _CARRIERS:
        return own
    return inherited if path and path[-1] == "examples" else key


def _judge(text: str, name: str) -> Match | None:
    if match := known_form(text):
        return None if is_placeholder(match.secret) else match
    if not says_secret(name) or name in _PROSE or _PAGING.search(name):
        return None
    if not _VALUE.fullmatch(text) or _UUID.fullmatch(text) or is_placeholder(text):
        return None
    if not any(map(str.isdigit, text)) or not any(map(str.isalpha, text)) or entropy_bits(text) < _MIN_ENTROPY_BITS:
        return None
    return Match(NAMED, f"a value that looks random under the name {name[:60]!r}", text)


def _words(match: Match) -> str:
    """What it is, with the part that is public and how long it is; never more of it."""
    shown = f"{match.secret[: match.public]}..., " if match.public else ""
    return f"{match.what} ({shown}{len(match.secret)} characters)"


def _shown(token: Token) -> str:
    """A key on the way to a secret may be one itself."""
    return "[not shown]" if isinstance(token, str) and known_form(token) else str(token)
