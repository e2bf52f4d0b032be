"""Secret values that never print, and the references that stand for them in documents and settings."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Final, NoReturn

REDACTED: Final = "[redacted]"
_REFERENCE: Final = re.compile(r"secret://(?P<store>[a-z]+)/(?P<path>[^\s#?%\\]+)(?:#(?P<key>[^\s#]+))?")


class SecretError(Exception):
    """A secret reference cannot be resolved. The message names the reference and the remedy, never a value."""

    code = "EAS-7001"


class SecretUnreachableError(SecretError):
    """The store did not answer, or could not: asking again later may help."""


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


@dataclass(frozen=True, slots=True)
class SecretReference:
    """``secret://STORE/PATH`` or ``secret://STORE/PATH#KEY``, taken apart. ``key`` is empty where there is none."""

    store: str
    path: str
    key: str

    def __str__(self) -> str:
        return f"secret://{self.store}/{self.path}" + (f"#{self.key}" if self.key else "")


def read_reference(text: str) -> SecretReference:
    """Take a reference apart. Raises :class:`SecretError` for text that is none, without repeating it."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise SecretError("not a secret reference: write secret://env/NAME or secret://file/path#key")
    return SecretReference(match["store"], match["path"], match["key"] or "")
