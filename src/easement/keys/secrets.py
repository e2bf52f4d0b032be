"""Secret values that never print, and the references that stand for them in manifests and settings.

``secret://env/NAME`` is an environment variable. ``secret://file/relative/path`` is a file below a base folder, its
last line break removed; ``secret://file/relative/path#key`` is one text member of the JSON object in that file.
"""

from __future__ import annotations

import hmac
import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import Final, NoReturn

from easement.keys.private_file import PrivateFileError, read_private_file

REDACTED: Final = "[redacted]"
_REFERENCE = re.compile(r"^secret://(?P<store>[a-z]+)/(?P<path>[^\s#?]+)(?:#(?P<key>[^\s#]+))?$")
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")
_OTHERS: Final = 0o007  # a group may read a mounted secret; the world may not


class SecretError(Exception):
    """A secret reference cannot be resolved. The message names the reference and the remedy, never a value."""

    code = "EAS-7001"


class Secret:
    """Text that prints as ``[redacted]`` everywhere, compares in constant time and cannot be pickled."""

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment] # a hash would tell equal secrets apart from others in time

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value. Call it where the value is used, and nowhere earlier."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other.reveal().encode())

    def __repr__(self) -> str:
        return REDACTED

    def __str__(self) -> str:
        return REDACTED

    def __format__(self, _specification: str) -> str:
        return REDACTED

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")


def resolve(reference: str, *, base: Path) -> Secret:
    """The secret that ``reference`` names; file references are read below ``base``.

    Raises :class:`SecretError` when it is malformed, names an unknown store, is missing, empty, or leaves ``base``.
    """
    match = _REFERENCE.match(reference)
    if match is None:
        raise SecretError("not a secret reference: write secret://env/NAME or secret://file/path#key")
    store, path, key = match["store"], match["path"], match["key"]
    if store == "env":
        value = _from_environment(reference, path, key)
    elif store == "file":
        value = _from_file(reference, path, key, base)
    else:
        raise SecretError(f"{reference}: the secret store {store!r} is unknown; use env or file")
    if not value:
        raise SecretError(f"{reference} is empty")
    return Secret(value)


def _from_environment(reference: str, name: str, key: str | None) -> str:
    if key is not None or not _VARIABLE.match(name):
        raise SecretError(f"{reference}: write secret://env/NAME with the name of one environment variable")
    value = os.environ.get(name)
    if value is None:
        raise SecretError(f"{reference}: {name} is not set in the environment of this process")
    return value


def _from_file(reference: str, path: str, key: str | None, base: Path) -> str:
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts:
        raise SecretError(f"{reference}: the path must stay below {base}")
    try:
        resolved = (base / relative).resolve(strict=True)
    except OSError as error:
        raise SecretError(f"{reference}: {base / relative} cannot be read: {error.strerror}") from error
    if not resolved.is_relative_to(base.resolve()):
        raise SecretError(f"{reference}: the file is a link that leaves {base}")
    try:
        text = read_private_file(resolved, forbidden_mode=_OTHERS).decode()
    except PrivateFileError as error:
        raise SecretError(f"{reference}: {error}") from error
    except UnicodeDecodeError as error:
        raise SecretError(f"{reference}: the file is not UTF-8 text") from error
    return text.removesuffix("\n").removesuffix("\r") if key is None else _member(reference, text, key)


def _member(reference: str, text: str, key: str) -> str:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise SecretError(f"{reference}: with #{key} the file must be a JSON object")
    value = body.get(key)
    if not isinstance(value, str):
        raise SecretError(f"{reference}: the file has no text member {key!r}")
    return value
