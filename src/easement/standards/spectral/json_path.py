"""JSON paths of the dialect that Spectral's engines accept, read into steps.

``$.paths[*][get,put].responses``, ``$..[?(@.type === 'array')]``, ``$.tags[-1:]``, ``$.channels.*~`` (names),
``$..examples^`` (parents). ``.*.[a,b]`` means ``.*..[a,b]``: a dot before a bracket searches deep, as it does there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from easement.standards.spectral.script import Compiled, ExpressionError, compile_expression

MAX_LENGTH: Final = 5_000
MAX_STEPS: Final = 60
_NAME: Final = re.compile(r"[\w$\-]+")
_SLICE: Final = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d+))?\s*")
_LAST: Final = re.compile(r"\(\s*@\.length\s*-\s*(\d+)\s*\)")

Modifier = Literal["~", "^"]
_MODIFIERS: Final[Mapping[str, Modifier]] = {"~": "~", "^": "^"}


class PathError(ValueError):
    """The text is no JSON path of the accepted dialect. The message says where it goes wrong."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a node; two of the same text are equal."""

    text: str
    test: Compiled = field(compare=False, repr=False)


_CONTAINER: Final = Filter("@object()", compile_expression("@object()"))


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``names`` (None is any), a ``window`` of a list, or a ``filter``; ``deep`` at any depth below."""

    names: tuple[str | int, ...] | None = None
    window: tuple[int, int | None, int] | None = None
    filter: Filter | None = None
    deep: bool = False


@dataclass(frozen=True, slots=True)
class JsonPath:
    """Steps from the root, then modifiers: ``~`` takes the name, ``^`` the parent.

    ``local`` says that nothing above the parent of a node is asked for: what is found below a node does not depend on
    how the node was reached.
    """

    text: str
    steps: tuple[Step, ...]
    modifiers: tuple[Modifier, ...] = ()
    parents: bool = False

    @property
    def local(self) -> bool:
        """See the class."""
        far = any(step.filter and re.search(r"@(?:parentProperty|path)\b", step.filter.text) for step in self.steps)
        return not far and self.modifiers.count("^") < 2


@lru_cache(maxsize=5_000)
def parse_path(text: str) -> JsonPath:
    """Read a path. Raises PathError."""
    if len(text) > MAX_LENGTH:
        raise PathError(f"{len(text):,} characters; a JSON path may have at most {MAX_LENGTH:,}")
    if not text.startswith("$"):
        raise PathError(f"{text[:80]!r} does not start with $ (or with # and the name of an alias)")
    if re.fullmatch(r"\$\.\.[~^]*", text):
        return JsonPath(
            text, (Step(filter=_CONTAINER, deep=True),), tuple(_MODIFIERS[one] for one in text[3:]), parents=True
        )
    return _Reader(text).path()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 1

    def path(self) -> JsonPath:
        steps: list[Step] = []
        modifiers: list[Modifier] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if modifier := _MODIFIERS.get(character):
                self._at += 1
                modifiers.append(modifier)
                continue
            if modifiers:
                raise self._error("a step behind ~ or ^ is not supported")
            steps.append(self._step())
            if len(steps) > MAX_STEPS:
                raise PathError(f"more than {MAX_STEPS} steps in one JSON path")
        return JsonPath(self._text, tuple(_joined(steps)), tuple(modifiers))

    def _step(self) -> Step:
        deep = False
        dots = len(self._text) - self._at - len(self._text[self._at :].lstrip("."))
        self._at += dots
        if dots > 2:
            raise self._error("three dots")
        bracket = self._text.startswith("[", self._at)
        deep = dots == 2 or (dots == 1 and bracket)
        if bracket:
            return self._bracket(deep=deep)
        if not dots:
            raise self._error("expected a dot or a bracket")
        if self._text.startswith("*", self._at):
            self._at += 1
            return Step(deep=deep)
        match = _NAME.match(self._text, self._at)
        if match is None:
            raise self._error("expected a name")
        self._at = match.end()
        return Step(names=(match[0],), deep=deep)

    def _bracket(self, *, deep: bool) -> Step:
        end = self._closing()
        inner = self._text[self._at + 1 : end].strip()
        self._at = end + 1
        if inner == "*":
            return Step(deep=deep)
        if inner.startswith("?"):
            return Step(filter=self._filter(inner[1:].strip()), deep=deep)
        if inner.startswith("@") and inner.endswith("()"):
            return Step(filter=self._filter(inner), deep=deep)
        if match := _LAST.fullmatch(inner):
            return Step(window=(-int(match[1]), None, 1), deep=deep)
        if match := _SLICE.fullmatch(inner):
            start, stop, step = match.groups()
            return Step(window=(int(start or 0), int(stop) if stop else None, int(step or 1)), deep=deep)
        return Step(names=tuple(dict.fromkeys(self._names(inner))), deep=deep)

    def _filter(self, text: str) -> Filter:
        try:
            return Filter(text, compile_expression(text))
        except ExpressionError as error:
            raise PathError(str(error)) from None

    def _names(self, inner: str) -> list[str | int]:
        names: list[str | int] = []
        for part in re.findall(r"""\s*('[^']*'|"[^"]*"|[^,'"]+)\s*(?:,|$)""", inner):
            text = part.strip()
            if text[:1] in {"'", '"'}:
                names.append(text[1:-1])
            elif re.fullmatch(r"-?\d{1,9}", text):
                names.append(int(text))
            else:
                names.append(text)
        if not names:
            raise self._error("nothing between the brackets")
        return names

    def _closing(self) -> int:
        """The bracket that closes the one here; quotes and regular expressions inside are stepped over."""
        depth, quote, at = 0, "", self._at
        while at < len(self._text):
            character = self._text[at]
            if quote:
                if character == "\\":
                    at += 1
                elif character == quote:
                    quote = ""
            elif character in {"'", '"', "`"} or (character == "/" and self._starts_regex(at)):
                quote = character
            elif character in "[(":
                depth += 1
            elif character in "])":
                depth -= 1
                if depth == 0:
                    return at
            at += 1
        raise self._error("a bracket is not closed")

    def _starts_regex(self, at: int) -> bool:
        return self._text[:at].rstrip()[-1:] in set("(,=!&|?:~")

    def _error(self, message: str) -> PathError:
        return PathError(f"{message} at {self._text[self._at : self._at + 40]!r} in {self._text[:120]!r}")


def _joined(steps: list[Step]) -> list[Step]:
    """``..*`` before another step only says that the next one is deep."""
    joined: list[Step] = []
    deep = False
    for index, step in enumerate(steps):
        if step == Step(deep=True) and index < len(steps) - 1:
            deep = True
            continue
        joined.append(Step(step.names, step.window, step.filter, deep=True) if deep else step)
        deep = False
    return joined
