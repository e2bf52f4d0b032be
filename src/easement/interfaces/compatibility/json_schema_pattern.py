"""Regular expressions of JSON Schema as finite automata, to show that every text that fits one fits the other.

The subset of ECMA-262 that is regular and common: literals, classes, ``.``, groups, alternatives, repetitions, anchors
at the ends. Anything else (looking around, references back, word boundaries, Unicode properties) is not read, and what
is not read is never claimed to be contained.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from easement.interfaces.compatibility.budget import Budget

MAX_PATTERN: Final = 2_000
_MAX_STATES: Final = 600
_MAX_NESTING: Final = 30
_MAX_WORK: Final = 60_000
_TOP: Final = 0x10FFFF
_READABLE: Final = "aA0 -_.@/:1bxXzZ"

Ranges = tuple[tuple[int, int], ...]
_DIGITS: Final[Ranges] = ((48, 57),)
_WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Final[Ranges] = (
    (9, 13), (32, 32), (160, 160), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
_LINE_ENDS: Final[Ranges] = ((10, 10), (13, 13), (0x2028, 0x2029))
_ANY: Final[Ranges] = ((0, _TOP),)
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_CLASSES: Final = {"d": _DIGITS, "w": _WORD, "s": _SPACE}


class _UnreadError(Exception):
    """The expression is outside the subset."""


def _complement(ranges: Ranges) -> Ranges:
    found, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            found.append((start, low - 1))
        start = max(start, high + 1)
    if start <= _TOP:
        found.append((start, _TOP))
    return tuple(found)


@dataclass(slots=True)
class _States:
    """A non-deterministic automaton under construction: edges on ranges, and free edges.

    ``begins`` and ``ends`` are free edges that may be taken only at the start and at the end of the text.
    """

    edges: list[list[tuple[Ranges, int]]]
    free: list[list[int]]
    begins: list[list[int]]
    ends: list[list[int]]

    def add(self) -> int:
        if len(self.edges) >= _MAX_STATES:
            raise _UnreadError
        for kind in (self.edges, self.free, self.begins, self.ends):
            kind.append([])
        return len(self.edges) - 1


class _Parser:
    """Recursive descent over one expression; builds fragments (start, end)."""

    def __init__(self, text: str, states: _States) -> None:
        self._text, self._at, self._states = text, 0, states
        self._depth = 0

    def whole(self) -> tuple[int, int]:
        fragment = self._alternatives()
        if self._at != len(self._text):
            raise _UnreadError
        return fragment

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise _UnreadError
        self._at += 1
        return self._text[self._at - 1]

    def _alternatives(self) -> tuple[int, int]:
        self._depth += 1
        if self._depth > _MAX_NESTING:
            raise _UnreadError
        start, end = self._states.add(), self._states.add()
        while True:
            first, last = self._sequence()
            self._states.free[start].append(first)
            self._states.free[last].append(end)
            if self._peek() != "|":
                break
            self._at += 1
        self._depth -= 1
        return start, end

    def _sequence(self) -> tuple[int, int]:
        start = end = self._states.add()
        while self._peek() not in {"", "|", ")"}:
            first, last = self._repeated()
            self._states.free[end].append(first)
            end = last
        return start, end

    def _repeated(self) -> tuple[int, int]:
        begin = self._at
        fragment = self._atom()
        after = self._at
        low, high = self._quantifier()
        if (low, high) == (1, 1):
            return fragment
        return self._copies(begin, after, low, high)

    def _copies(self, begin: int, after: int, low: int, high: int | None) -> tuple[int, int]:
        """Build the atom at ``begin`` again as often as needed."""
        resume = self._at
        start = end = self._states.add()

        def copy() -> tuple[int, int]:
            self._at = begin
            made = self._atom()
            if self._at != after:
                raise _UnreadError
            return made

        for _ in range(low):
            first, last = copy()
            self._states.free[end].append(first)
            end = last
        final = self._states.add()
        self._states.free[end].append(final)
        if high is None:
            first, last = copy()
            self._states.free[end].append(first)
            self._states.free[last].extend((first, final))
        else:
            for _ in range(high - low):
                first, last = copy()
                self._states.free[end].append(first)
                self._states.free[last].append(final)
                end = last
        self._at = resume
        return start, final

    def _quantifier(self) -> tuple[int, int | None]:
        sign = self._peek()
        if sign in {"*", "+", "?"} and sign:
            self._at += 1
            found: tuple[int, int | None] = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        elif sign == "{":
            found = self._counted()
        else:
            return 1, 1
        if self._peek() == "?":  # lazy: the same language
            self._at += 1
        if self._peek() in {"*", "+", "{"}:
            raise _UnreadError
        return found

    def _counted(self) -> tuple[int, int | None]:
        end = self._text.find("}", self._at)
        if end < 0:
            raise _UnreadError
        inside = self._text[self._at + 1 : end]
        low, comma, high = inside.partition(",")
        if not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
            raise _UnreadError
        self._at = end + 1
        if len(low) > 3 or len(high) > 3:
            raise _UnreadError
        least = int(low)
        most = least if not comma else int(high) if high else None
        if most is not None and most < least:
            raise _UnreadError
        return least, most

    def _atom(self) -> tuple[int, int]:
        sign = self._take()
        if sign == "(":
            return self._group()
        if sign in "^$":
            start, end = self._states.add(), self._states.add()
            (self._states.begins if sign == "^" else self._states.ends)[start].append(end)
            return start, end
        if sign in "*+?{}]":
            raise _UnreadError
        if sign == ".":
            return self._on(_complement(_LINE_ENDS))
        if sign == "[":
            return self._on(self._set())
        if sign == "\\":
            return self._on(self._escape(inside=False))
        return self._on(((ord(sign), ord(sign)),))

    def _on(self, ranges: Ranges) -> tuple[int, int]:
        start, end = self._states.add(), self._states.add()
        self._states.edges[start].append((ranges, end))
        return start, end

    def _group(self) -> tuple[int, int]:
        if self._peek() == "?":
            self._at += 1
            if self._take() != ":":
                raise _UnreadError
        fragment = self._alternatives()
        if self._take() != ")":
            raise _UnreadError
        return fragment

    def _escape(self, *, inside: bool) -> Ranges:
        sign = self._take()
        if sign.lower() in _CLASSES:
            ranges = _CLASSES[sign.lower()]
            return ranges if sign.islower() else _complement(ranges)
        if sign in {"x", "u"}:
            digits = self._text[self._at : self._at + (2 if sign == "x" else 4)]
            if len(digits) != (2 if sign == "x" else 4) or not all(one in "0123456789abcdefABCDEF" for one in digits):
                raise _UnreadError
            self._at += len(digits)
            code = int(digits, 16)
            if 0xD800 <= code <= 0xDFFF:
                raise _UnreadError
            return ((code, code),)
        if sign == "0" and self._peek().isdigit():
            raise _UnreadError
        if sign in _CONTROLS:
            return ((_CONTROLS[sign], _CONTROLS[sign]),)
        if inside and sign == "b":
            return ((8, 8),)
        if sign.isalnum():
            raise _UnreadError
        return ((ord(sign), ord(sign)),)

    def _set(self) -> Ranges:
        negated = self._peek() == "^"
        self._at += negated
        ranges: list[tuple[int, int]] = []
        while self._peek() != "]":
            low = self._member()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in {"]", ""}:
                self._at += 1
                high = self._member()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] < low[0][0]:
                    raise _UnreadError
                ranges.append((low[0][0], high[0][1]))
            else:
                ranges.extend(low)
        self._at += 1
        return _complement(tuple(ranges)) if negated else tuple(sorted(ranges))

    def _member(self) -> Ranges:
        sign = self._take()
        if sign == "[":  # a nested class under the ``v`` flag, a literal without: validators differ
            raise _UnreadError
        return self._escape(inside=True) if sign == "\\" else ((ord(sign), ord(sign)),)


_Set = frozenset[int]


@dataclass(frozen=True, slots=True)
class Automaton:
    """The texts in which an expression finds something, as a non-deterministic automaton."""

    edges: tuple[tuple[tuple[Ranges, int], ...], ...]
    free: tuple[tuple[int, ...], ...]
    begins: tuple[tuple[int, ...], ...]
    ends: tuple[tuple[int, ...], ...]
    start: int
    final: int

    def initial(self) -> _Set:
        """The states before the first character."""
        return self._closure({self.start}, at_start=True)

    def accepts(self, states: _Set, *, is_empty: bool) -> bool:
        """Whether the text may end here; ``is_empty``: nothing was read, so anchors of both ends hold."""
        waiting, seen = list(states), set(states)
        while waiting:
            state = waiting.pop()
            begins = self.begins[state] if is_empty else ()
            for other in (*self.free[state], *self.ends[state], *begins):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return self.final in seen

    def after(self, states: _Set, character: int) -> _Set:
        """The states after one more character."""
        found = {
            other
            for state in states
            for ranges, other in self.edges[state]
            if any(low <= character <= high for low, high in ranges)
        }
        return self._closure(found, at_start=False)

    def bounds(self) -> Iterator[int]:
        """Code points at which the automaton starts to tell characters apart."""
        for edges in self.edges:
            for ranges, _ in edges:
                for low, high in ranges:
                    yield low
                    yield high + 1

    def _closure(self, states: set[int], *, at_start: bool) -> _Set:
        waiting, seen = list(states), set(states)
        while waiting:
            state = waiting.pop()
            onward = (*self.free[state], *self.begins[state]) if at_start else self.free[state]
            for other in onward:
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return frozenset(seen)


@lru_cache(maxsize=2_048)
def automaton(pattern: str) -> Automaton | None:
    """The automaton of an expression that is searched for anywhere in a text; None outside the subset."""
    if len(pattern) > MAX_PATTERN:
        return None
    states = _States(edges=[], free=[], begins=[], ends=[])
    try:
        start, end = states.add(), states.add()
        first, last = _Parser(pattern, states).whole()
    except _UnreadError:
        return None
    before, after = states.edges[start], states.edges[end]
    before.append((_ANY, start))
    after.append((_ANY, end))
    states.free[start].append(first)
    states.free[last].append(end)
    # ``end`` loops on any character, and a text may stop there.
    return Automaton(
        edges=tuple(map(tuple, states.edges)),
        free=tuple(map(tuple, states.free)),
        begins=tuple(map(tuple, states.begins)),
        ends=tuple(map(tuple, states.ends)),
        start=start,
        final=end,
    )


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts that fit all ``patterns`` and none of ``others``, with a length from ``least`` to ``most``."""

    patterns: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None

    def is_readable(self) -> bool:
        """Whether every expression is inside the subset."""
        return all(automaton(one) is not None for one in (*self.patterns, *self.others))

    def shortest(self, budget: Budget) -> str | None:
        """A shortest text of this kind, or None if there is none.

        Raises:
            ValueError: an expression is outside the subset, a length is too large to be counted, or the automata are
                too large.
            BudgetSpentError: see :class:`Budget`.
        """
        wanted, refused = _automata(self.patterns), _automata(self.others)
        count_to = max(self.least, self.most or 0)
        if count_to > MAX_PATTERN:
            raise ValueError("length")
        characters = _characters([*wanted, *refused])
        begin = (tuple(one.initial() for one in (*wanted, *refused)), 0)
        seen, waiting = {begin}, deque([(begin, "")])
        work = 0
        while waiting:
            (sets, length), text = waiting.popleft()
            work += len(characters) * (1 + sum(map(len, sets)))
            if work > _MAX_WORK:
                raise ValueError("work")
            budget.spend()
            if self._fits(wanted, refused, sets, len(text)):
                return text
            if self.most is not None and len(text) >= self.most:
                continue
            for character in characters:
                budget.spend()
                onward = tuple(one.after(s, character) for one, s in zip((*wanted, *refused), sets, strict=True))
                if not all(onward[: len(wanted)]):
                    continue
                node = (onward, min(length + 1, count_to))
                if node not in seen:
                    seen.add(node)
                    waiting.append((node, text + chr(character)))
        return None

    def _fits(
        self, wanted: Sequence[Automaton], refused: Sequence[Automaton], sets: Sequence[_Set], length: int
    ) -> bool:
        if length < self.least:
            return False
        here = zip((*wanted, *refused), sets, strict=True)
        accepted = [one.accepts(states, is_empty=length == 0) for one, states in here]
        return all(accepted[: len(wanted)]) and not any(accepted[len(wanted) :])


def _automata(patterns: Iterable[str]) -> list[Automaton]:
    found = []
    for pattern in patterns:
        one = automaton(pattern)
        if one is None:
            raise ValueError("outside the subset")
        found.append(one)
    return found


def _characters(automata: Iterable[Automaton]) -> list[int]:
    """One character of each kind that the automata tell apart, readable where possible and no surrogate."""
    bounds = sorted({0, *(bound for one in automata for bound in one.bounds() if bound <= _TOP)})
    found = []
    for low, nxt in zip(bounds, [*bounds[1:], _TOP + 1], strict=True):
        high = nxt - 1
        readable = next((ord(one) for one in _READABLE if low <= ord(one) <= high), None)
        if readable is None:
            readable = next((code for code in (33, 0xE9, 0xE000) if low <= code <= high), low)
        if 0xD800 <= readable <= 0xDFFF:
            if high < 0xE000:
                continue
            readable = 0xE000
        found.append(readable)
    return sorted(found, key=lambda code: (_READABLE.find(chr(code)) % 100, code))
