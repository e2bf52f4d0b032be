"""YAML text into plain values with positions, straight from the parser's events.

* Scalars follow the core schema of YAML 1.2 (section 10.3): ``NO``, ``on`` and ``1:30`` are text.
* Keys are always text, as they are written: ``200:`` and ``"200":`` are the same key.
* A key that stands twice, a merge key, a tag other than ``!!str`` and a number that JSON cannot hold are problems, and
  reading goes on.
* Depth, number of values and the expansion of aliases are bounded; beyond a bound reading stops with a problem.
* Nothing here recurses: a hostile nesting depth cannot exhaust the stack.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from easement.contract.places import KeyedSpot, Spot
from easement.contract.problems import Place, Problem

MAX_DEPTH: Final = 100
MAX_NODES: Final = 3_000_000
MAX_ALIAS_NODES: Final = 50_000

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT_TAGS: Final = frozenset({"!", "tag:yaml.org,2002:str"})
_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS: Final = frozenset("+-.0123456789")
_MAX_DIGITS: Final = 400
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_BASED: Final = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DISCARDED: Final = object()
"""Stands for the key of a value that was refused."""


class _StopReadingError(Exception):
    """Reading cannot go on; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not come. ``key`` is None while a mapping waits for one.

    ``places`` has the form of ``value``: a dict of :class:`KeyedSpot` or a list of :class:`Spot`.
    """

    value: dict[str, Any] | list[Any]
    places: Any
    line: int
    column: int
    anchor: str | None
    size_before: int
    height: int = 1
    key: Any = None
    key_line: int = 0
    key_column: int = 0


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: Any
    spot: Spot
    size: int
    height: int


@dataclass(slots=True)
class EventReading:
    """What was read: each document's value with its root position, and the problems on the way."""

    file: str
    documents: list[tuple[Any, Spot]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_events(text: str, file: str) -> EventReading:
    """Read every document of ``text``. Documents before the first error that stops reading are kept."""
    reading = EventReading(file=file)
    builder = _Builder(reading)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _StopReadingError as stop:
        reading.problems.append(stop.problem)
    except yaml.MarkedYAMLError as error:
        reading.problems.append(_syntax_problem(error, text, file))
    except (yaml.YAMLError, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        reading.problems.append(Problem(code="EAS-1002", message=f"not YAML: {reason}", place=Place(file=file)))
    return reading


class _Builder:
    """Builds values from events, with a stack of its own."""

    __slots__ = ("_aliased", "_anchors", "_reading", "_size", "_stack")

    def __init__(self, reading: EventReading) -> None:
        self._reading = reading
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._size = 0
        self._aliased = 0

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._open(event, {}, {})
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open(event, [], [])
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        self._count(event)
        if event.tag is not None and event.tag not in _TEXT_TAGS:
            self._report("EAS-1005", f"the tag {event.tag[:60]!r} is not used in contracts", line, column)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and isinstance(frame.value, dict):
            self._key(frame, event, line, column)
            return
        plain = event.tag is None and event.implicit[0]
        value = self._plain(event.value, line, column) if plain else event.value
        spot = Spot(line, column)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, spot, 1, 0)
        self._add(value, spot, 0)

    def _key(self, frame: _Open, event: Any, line: int, column: int) -> None:
        key = event.value
        frame.key, frame.key_line, frame.key_column = key, line, column
        if key == "<<" and event.implicit[0]:
            self._report("EAS-1005", "merge keys (<<) are not used in contracts: write the values out", line, column)
            frame.key = _DISCARDED
        elif key in frame.value:
            first = frame.places[key].line
            self._report("EAS-1003", f"the key {key[:60]!r} stands twice: first on line {first}", line, column)
            frame.key = _DISCARDED
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(key, Spot(line, column), 1, 0)

    def _plain(self, text: str, line: int, column: int) -> Any:
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0] not in _NUMBER_STARTS:
            return text
        number = _number(text)
        if isinstance(number, float) and not math.isfinite(number):
            self._report("EAS-1005", "a number that JSON cannot hold: quotes make it text", line, column)
            return None
        return number

    def _open(self, event: Any, value: dict[str, Any] | list[Any], places: dict[str, KeyedSpot] | list[Spot]) -> None:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        self._refuse_as_key(event)
        if event.tag is not None and event.tag != "!":
            self._report("EAS-1005", f"the tag {event.tag[:60]!r} is not used in contracts", line, column)
        if len(self._stack) >= MAX_DEPTH:
            raise self._stop("EAS-1004", f"nested more than {MAX_DEPTH} levels deep", event)
        self._stack.append(_Open(value, places, line, column, event.anchor, self._size))
        self._count(event)

    def _close(self) -> None:
        frame = self._stack.pop()
        spot = Spot(frame.line, frame.column, frame.places)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(frame.value, spot, self._size - frame.size_before, frame.height)
        self._add(frame.value, spot, frame.height)

    def _alias(self, event: Any) -> None:
        self._refuse_as_key(event)
        name = event.anchor
        if any(frame.anchor == name for frame in self._stack):
            raise self._stop("EAS-1005", f"the alias *{name[:60]} contains itself", event)
        target = self._anchors.get(name)
        if target is None:
            raise self._stop("EAS-1002", f"the alias *{name[:60]} has no anchor before it", event)
        self._size += target.size
        self._aliased += target.size
        if self._aliased > MAX_ALIAS_NODES:
            raise self._stop("EAS-1004", f"aliases expand to more than {MAX_ALIAS_NODES:,} values", event)
        if len(self._stack) + target.height > MAX_DEPTH:
            raise self._stop("EAS-1004", f"nested more than {MAX_DEPTH} levels deep", event)
        mark = event.start_mark
        self._add(target.value, Spot(mark.line + 1, mark.column + 1, target.spot.children), target.height)

    def _add(self, value: Any, spot: Spot, height: int) -> None:
        if not self._stack:
            self._reading.documents.append((value, spot))
            return
        frame = self._stack[-1]
        frame.height = max(frame.height, height + 1)
        if isinstance(frame.value, list):
            frame.value.append(value)
            frame.places.append(spot)
            return
        if frame.key is not _DISCARDED:
            frame.value[frame.key] = value
            frame.places[frame.key] = KeyedSpot(frame.key_line, frame.key_column, spot)
        frame.key = None

    def _count(self, event: Any) -> None:
        self._size += 1
        if self._size > MAX_NODES:
            raise self._stop("EAS-1004", f"more than {MAX_NODES:,} values in one file", event)

    def _refuse_as_key(self, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and isinstance(frame.value, dict):
            raise self._stop("EAS-1005", "a key must be text, not a list, a mapping or an alias", event)

    def _report(self, code: str, message: str, line: int, column: int) -> None:
        place = Place(file=self._reading.file, line=line, column=column)
        self._reading.problems.append(Problem(code=code, message=message, place=place))

    def _stop(self, code: str, message: str, event: Any) -> _StopReadingError:
        mark = event.start_mark
        place = Place(file=self._reading.file, line=mark.line + 1, column=mark.column + 1)
        return _StopReadingError(Problem(code=code, message=message, place=place))


def _number(text: str) -> int | float | str:
    """The number that a plain scalar says, or the text itself."""
    if len(text) > _MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text):
        return math.inf
    return float(text) if _FLOAT.fullmatch(text) else text


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=file)
    if mark and _character_at(text, mark.line, mark.column) == "\t":
        return Problem(
            code="EAS-1002", message="a tab stands where YAML wants spaces", place=place, hint="indent with spaces"
        )
    context = f" {error.context}" if error.context else ""
    start = error.context_mark
    begun = f" that starts on line {start.line + 1}" if context and start and mark and start.line != mark.line else ""
    return Problem(code="EAS-1002", message=f"not YAML: {error.problem or 'unreadable'}{context}{begun}", place=place)


def _character_at(text: str, line: int, column: int) -> str:
    lines = text.split("\n", line + 1)
    return lines[line][column : column + 1] if line < len(lines) else ""
