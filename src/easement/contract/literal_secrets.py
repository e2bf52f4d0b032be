"""Secrets that stand literally in a document: found, refused, and never repeated.

Two signs: a key whose name says secret (``password``, ``clientSecret``, ``apiKey`` ...) with a text that is no
``secret://`` reference, and a value that has the form of a credential wherever it stands: as it is written, with the
white space out that folding leaves behind, percent-decoded, or inside base64.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from easement.contract.credential_detectors import DETECTORS, NAMED, PRIVATE_JWK, RANDOM, Detector

Token = str | int

_SECRET_KEY: Final = re.compile(
    r"(?:password|passwd|passphrase|pwd|secret|token|apikey|privatekey|secretkey|accesskey|signingkey|credential)s?$"
)
_REFERENCE: Final = re.compile(r"secret://\S+")
_RANDOM: Final = re.compile(r"[A-Za-z0-9+/_-]{32,512}={0,2}")
_LINE: Final = re.compile(r"""["']?([\w.-]{1,60})["']?\s*[:=]\s*["']?([^\s"'].*)""")
_PUBLIC_KEY_MEMBERS: Final = frozenset({"n", "e", "x", "y", "kid", "x5c", "x5t", "x5t#S256"})
PRIVATE_KEY_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MIN_ENTROPY_BITS: Final = 3.5
_MIN_SWITCHES: Final = 0.4
"""Share of neighbours of different kind (upper, lower, digit): 0.6 in base64, 0.25 in names that people make."""
_SHORTEST: Final = 8
_ENCODED: Final = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}")
_JOINING: Final = tuple(one for one in DETECTORS if one.joins)
_WORDS: Final = re.compile(r"[a-z .,-]*")
"""Names and prose without a capital or a digit: no credential is written so, and most texts of a document are."""
_TEXT_SHARE: Final = 0.95
_RANDOM_WORDS: Final = "a random string such as a key or token"


class Match(NamedTuple):
    """A literal secret: which detector knows it, in words, and the secret itself, which nobody may print."""

    detector: str
    what: str
    secret: str
    public: int = 0


def find_secrets(tree: Any) -> Iterator[tuple[tuple[Token, ...], str]]:
    """Path and description of every literal secret in a document."""
    return ((path, match.what) for path, match in matches(tree))


def matches(tree: Any) -> Iterator[tuple[tuple[Token, ...], Match]]:
    """Path and match of every literal secret in a document."""
    waiting: list[tuple[tuple[Token, ...], Any]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*path, key), child) for key, child in value.items())
            if match := next((found for key in value if (found := form_of(key))), None):
                yield path, match._replace(what="a key that has the form of a credential")
        elif isinstance(value, list):
            waiting.extend(((*path, index), child) for index, child in enumerate(value))
        elif isinstance(value, str) and (match := _judge(path, value)):
            yield path, match


def random_texts(tree: Any) -> Iterator[tuple[tuple[Token, ...], str]]:
    """Path and text of every value that is a secret by its look alone."""
    waiting: list[tuple[tuple[Token, ...], Any]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*path, key), child) for key, child in value.items())
        elif isinstance(value, list):
            waiting.extend(((*path, index), child) for index, child in enumerate(value))
        elif isinstance(value, str) and _is_random(value):
            match = _judge(path, value)
            if match is not None and match.detector == RANDOM:
                yield path, value


def may_be_secret(text: str, path: tuple[Token, ...] = ()) -> bool:
    """Whether a text must not be shown: it has the form of a credential, or its key says that it is one."""
    return bool(_judge(path, text))


def line_may_hold_secret(line: str) -> bool:
    """Whether a line of a file must not be shown: it has a credential in it, or a key that says so with a value."""
    if any(form_of(word) for word in re.split(r"[\s\"',{}\[\]]+", line)) or form_of(line):
        return True
    return any(says_secret(match[1]) and not _REFERENCE.match(match[2]) for match in _LINE.finditer(line))


def _judge(path: tuple[Token, ...], value: str) -> Match | None:
    in_key = path[:2] == ("spec", "encryptionKey")
    if in_key and path[-1] in PRIVATE_KEY_MEMBERS:
        return Match(PRIVATE_JWK, "the private part of a key", value)
    if in_key and any(token in _PUBLIC_KEY_MEMBERS for token in path[2:]):
        return None
    if match := form_of(value):
        return match
    names = [token for token in path if isinstance(token, str)]
    # The keys of `fields` are paths in a body: `user.token: hash` is a rule for a field, not a token.
    if not names or path[:2] == ("spec", "fields") or not says_secret(names[-1]):
        return None
    if not value or _REFERENCE.fullmatch(value):
        return None
    return Match(NAMED, f"a value under the key {names[-1][:60]!r}", value)


def says_secret(key: str) -> bool:
    """Whether the name of a key says that its value is secret."""
    return bool(_SECRET_KEY.search(re.sub(r"[^a-z]", "", key.lower())))


def form_of(text: str) -> Match | None:
    """What a text is by its form alone, wherever it stands."""
    return known_form(text) or (Match(RANDOM, _RANDOM_WORDS, text) if _is_random(text) else None)


def known_form(text: str) -> Match | None:
    """The known form of credential that a text holds, as it is written or one step behind it."""
    if len(text) < _SHORTEST or _WORDS.fullmatch(text):
        return None
    if match := _detected(text, DETECTORS):
        return match
    joined = "".join(words := text.split())
    if len(words) > 1 and (match := _detected(f"{joined} {_in_pairs(words)}", _JOINING)):
        return match
    if "%" in text and (match := _detected(unquote(text), DETECTORS)):
        return match
    # Once as it is written, once joined: base64 is wrapped at 64 or 76 characters by what makes it.
    for decoded in (*_decoded(text), *(_decoded(joined) if len(words) > 1 else ())):
        if match := _detected(decoded, DETECTORS):
            return match._replace(what=f"{match.what} in base64", public=0)
    return None


def _in_pairs(words: list[str]) -> str:
    """Each word with the next one: what folding has cut in two in the middle of a sentence is whole again."""
    return " ".join(before + after for before, after in pairwise(words))


def _detected(text: str, detectors: Iterable[Detector]) -> Match | None:
    for one in detectors:
        if secret := one.find(text):
            return Match(one.id, one.what, secret, one.public)
    return None


def _decoded(text: str) -> Iterator[str]:
    """What the base64 in a text says, where that is text."""
    for match in _ENCODED.finditer(text):
        encoded = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            data = base64.b64decode(encoded[: len(encoded) - (len(encoded) % 4 == 1)] + "=" * (-len(encoded) % 4))
        except (binascii.Error, ValueError):
            continue
        found = data.decode("latin-1")
        if sum(character.isascii() and (character.isprintable() or character.isspace()) for character in found) >= (
            _TEXT_SHARE * len(found)
        ):
            yield found


def _is_random(text: str) -> bool:
    """Whether the whole text looks drawn at random: long, and mixed in kind from one character to the next."""
    # One case only is what hashes and UUIDs are written in; they are names here, not secrets.
    if not _RANDOM.fullmatch(text) or text.islower() or text.isupper():
        return False
    if sum(character.isdigit() for character in text) < 3:
        return False
    kinds = [(character.isupper(), character.isdigit()) for character in text]
    switches = sum(before != after for before, after in pairwise(kinds))
    return switches >= _MIN_SWITCHES * len(text) and entropy_bits(text) >= _MIN_ENTROPY_BITS


def entropy_bits(text: str) -> float:
    """Shannon entropy per character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
