"""Secrets that stand literally in a document: found, refused, and never repeated.

Two signs: a key whose name says secret (``password``, ``clientSecret``, ``apiKey`` ...) with a text that is no
``secret://`` reference, and a value that has the form of a credential wherever it stands.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

Token = str | int

_SECRET_KEY: Final = re.compile(
    r"(?:password|passwd|passphrase|pwd|secret|token|apikey|privatekey|secretkey|accesskey|signingkey|credential)s?$"
)
_REFERENCE: Final = re.compile(r"secret://\S+")
_FORMS: Final = tuple(
    (what, re.compile(pattern))
    for what, pattern in (
        ("a private key", r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY"),
        ("an AWS access key id", r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("a URL with a password", r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^\s/?#@:]{0,200}:[^\s/?#@]{1,200}@"),
        ("a signed token", r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."),
        ("a provider's token", r"(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{40}|glpat-[\w-]{20}|xox[abprs]-[\w-]{10})"),
        ("a provider's key", r"(?:AIza[\w-]{35}|[rs]k_(?:live|test)_[A-Za-z0-9]{16}|SG\.[\w-]{16,}\.[\w-]{16,})"),
        ("an authorization header", r"(?i:\b(?:bearer|basic)\s+)(?=[^\s]*[0-9])[A-Za-z0-9+/_.~-]{16,}=*"),
    )
)
_RANDOM: Final = re.compile(r"[A-Za-z0-9+/_-]{32,512}={0,2}")
_LINE: Final = re.compile(r"""["']?([\w.-]{1,60})["']?\s*[:=]\s*["']?([^\s"'].*)""")
_PUBLIC_KEY_MEMBERS: Final = frozenset({"n", "e", "x", "y", "kid", "x5c", "x5t", "x5t#S256"})
_PRIVATE_KEY_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MIN_ENTROPY_BITS: Final = 3.5
_MIN_SWITCHES: Final = 0.4
"""Share of neighbours of different kind (upper, lower, digit): 0.6 in base64, 0.25 in names that people make."""
_SHORTEST: Final = 8


def find_secrets(tree: Any) -> Iterator[tuple[tuple[Token, ...], str]]:
    """Path and description of every literal secret in a document."""
    waiting: list[tuple[tuple[Token, ...], Any]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*path, key), child) for key, child in value.items())
            if any(_form_of(key) for key in value):
                yield path, "a key that has the form of a credential"
        elif isinstance(value, list):
            waiting.extend(((*path, index), child) for index, child in enumerate(value))
        elif isinstance(value, str) and (what := _judge(path, value)):
            yield path, what


def may_be_secret(text: str, path: tuple[Token, ...] = ()) -> bool:
    """Whether a text must not be shown: it has the form of a credential, or its key says that it is one."""
    return bool(_judge(path, text))


def line_may_hold_secret(line: str) -> bool:
    """Whether a line of a file must not be shown: it has a credential in it, or a key that says so with a value."""
    if any(_form_of(word) for word in re.split(r"[\s\"',{}\[\]]+", line)) or _form_of(line):
        return True
    return any(_says_secret(match[1]) and not _REFERENCE.match(match[2]) for match in _LINE.finditer(line))


def _judge(path: tuple[Token, ...], value: str) -> str:
    in_key = path[:2] == ("spec", "encryptionKey")
    if in_key and path[-1] in _PRIVATE_KEY_MEMBERS:
        return "the private part of a key"
    if in_key and any(token in _PUBLIC_KEY_MEMBERS for token in path[2:]):
        return ""
    if what := _form_of(value):
        return what
    names = [token for token in path if isinstance(token, str)]
    # The keys of `fields` are paths in a body: `user.token: hash` is a rule for a field, not a token.
    if not names or path[:2] == ("spec", "fields") or not _says_secret(names[-1]):
        return ""
    return "" if not value or _REFERENCE.fullmatch(value) else f"a value under the key {names[-1][:60]!r}"


def _says_secret(key: str) -> bool:
    return bool(_SECRET_KEY.search(re.sub(r"[^a-z]", "", key.lower())))


def _form_of(text: str) -> str:
    if len(text) < _SHORTEST:
        return ""
    for what, pattern in _FORMS:
        if pattern.search(text):
            return what
    return "a random string such as a key or token" if _is_random(text) else ""


def _is_random(text: str) -> bool:
    """Whether the whole text looks drawn at random: long, and mixed in kind from one character to the next."""
    # One case only is what hashes and UUIDs are written in; they are names here, not secrets.
    if not _RANDOM.fullmatch(text) or text.islower() or text.isupper():
        return False
    if sum(character.isdigit() for character in text) < 3:
        return False
    kinds = [(character.isupper(), character.isdigit()) for character in text]
    switches = sum(before != after for before, after in pairwise(kinds))
    return switches >= _MIN_SWITCHES * len(text) and _entropy_bits(text) >= _MIN_ENTROPY_BITS


def _entropy_bits(text: str) -> float:
    """Shannon entropy per character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
