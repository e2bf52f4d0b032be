"""ECMAScript regular expressions, translated and bounded in time.

A ruleset or an API description may carry a pattern that backtracks for ever. Each search has a budget; one that uses
it up raises ``PatternTooSlowError``, and the caller reports that instead of guessing an answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import regex

SEARCH_SECONDS: Final = 1.0
MAX_PATTERN: Final = 10_000
_FLAGS: Final = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "g": 0, "u": 0, "y": 0, "d": 0}
_CLASSES: Final = {"d": "0-9", "w": "A-Za-z0-9_", "s": r"\s\ufeff", "D": r"\D", "W": r"\W", "S": r"\S"}
_KEPT_ESCAPES: Final = frozenset("bBdDwWsSnrtfv0123456789pPkxu")


class PatternError(ValueError):
    """The text is no regular expression, or one that is not supported. The message says why."""


class PatternTooSlowError(Exception):
    """A search went over its budget."""


class Pattern:
    """A compiled expression: ``search`` says whether it matches anywhere in a text."""

    __slots__ = ("_compiled", "source")

    def __init__(self, source: str, flags: str = "") -> None:
        if len(source) > MAX_PATTERN:
            raise PatternError(f"{len(source):,} characters; a pattern may have at most {MAX_PATTERN:,}")
        self.source = source
        try:
            bits = regex.VERSION0 | regex.ASCII
            for flag in flags:
                bits |= _FLAGS[flag]
            self._compiled: Any = regex.compile(_translated(source, multiline="m" in flags), bits)
        except KeyError as error:
            raise PatternError(f"there is no flag {error.args[0]!r}") from None
        except (regex.error, RecursionError, OverflowError) as error:
            raise PatternError(str(error)) from None

    def search(self, text: str) -> Any:
        """The first match or None. Raises PatternTooSlowError."""
        try:
            return self._compiled.search(text, timeout=SEARCH_SECONDS, concurrent=False)
        except TimeoutError:
            raise PatternTooSlowError(self.source) from None


@lru_cache(maxsize=2_000)
def pattern(source: str, flags: str = "") -> Pattern:
    """The compiled expression. Raises PatternError."""
    return Pattern(source, flags)


def slashed(text: str) -> Pattern:
    """A pattern as rulesets write it: plain, or ``/source/flags``. Raises PatternError."""
    if len(text) > 2 and text.startswith("/"):
        source, slash, flags = text[1:].rpartition("/")
        if slash and source and all("a" <= flag <= "z" for flag in flags):
            return pattern(source, flags)
    return pattern(text)


def _translated(source: str, *, multiline: bool) -> str:
    parts: list[str] = []
    index, in_class = 0, False
    while index < len(source):
        step, text, in_class = _piece(source, index, in_class=in_class, multiline=multiline)
        parts.append(text)
        index += step
    return "".join(parts)


def _piece(  # noqa: PLR0911 - one line for each construct
    source: str, index: int, *, in_class: bool, multiline: bool
) -> tuple[int, str, bool]:
    """How many characters were read, what they become, and whether a class is open behind them."""
    character = source[index]
    if character == "\\":
        step, text = _escape(source, index, in_class=in_class)
        return step, text, in_class
    if in_class:
        return 1, r"\[" if character == "[" else character, character != "]"
    if character == "[":
        for empty, meaning in (("[^]", r"[\s\S]"), ("[]", "(?!)")):
            if source.startswith(empty, index):
                return len(empty), meaning, False
        return (2, "[^", True) if source.startswith("[^", index) else (1, "[", True)
    if character == "$" and not multiline:
        return 1, r"\Z", False
    if source.startswith("(?<", index) and source[index + 3 : index + 4] not in {"=", "!"}:
        return 3, "(?P<", False
    return 1, character, False


def _escape(source: str, index: int, *, in_class: bool) -> tuple[int, str]:  # noqa: PLR0911 - as above
    letter = source[index + 1 : index + 2]
    if not letter:
        raise PatternError("ends with a backslash")
    if source.startswith(r"\u{", index) and (end := source.find("}", index)) > 0:
        return end - index + 1, regex.escape(chr(_code_point(source[index + 3 : end])))
    if letter == "k" and source.startswith(r"\k<", index) and (end := source.find(">", index)) > 0:
        return end - index + 1, f"(?P={source[index + 3 : end]})"
    if letter == "c" and source[index + 2 : index + 3].isalpha():
        return 3, f"\\x{ord(source[index + 2].upper()) - 64:02x}"
    if letter in "dws":
        return 2, _CLASSES[letter] if in_class else f"[{_CLASSES[letter]}]"
    if letter == "S" and not in_class:
        return 2, r"[^\s\ufeff]"
    if letter == "b" and in_class:
        return 2, r"\x08"
    if letter == "0" and not source[index + 2 : index + 3].isdecimal():
        return 2, r"\x00"
    return 2, f"\\{letter}" if letter in _KEPT_ESCAPES else regex.escape(letter)


def _code_point(digits: str) -> int:
    try:
        return min(int(digits, 16), 0x10FFFF)
    except ValueError:
        raise PatternError(f"\\u{{{digits}}} is no code point") from None
