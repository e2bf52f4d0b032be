"""All JSON paths of a ruleset, found in one walk over a document.

The paths are merged into one automaton: a state is the set of steps that may match next, and what a key leads to is
worked out once and kept. A container that stands in several places (because references were resolved into it) is
entered once for each state, since what is found below it is the same. Nothing here recurses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from easement.standards.spectral.json_path import JsonPath, Step
from easement.standards.spectral.script import holds

MAX_NODES: Final = 5_000_000


class TooManyNodesError(Exception):
    """The document unfolds into more nodes than are visited."""


class Node:
    """A value and how it was reached: its key and the node that holds it."""

    __slots__ = ("key", "parent", "value")

    def __init__(self, value: Any, key: str | int | None = None, parent: Node | None = None) -> None:
        self.value = value
        self.key = key
        self.parent = parent

    @property
    def parent_value(self) -> Any:
        """The object or list that holds the value."""
        return None if self.parent is None else self.parent.value

    @property
    def parent_key(self) -> str | int | None:
        """The key of the parent."""
        return None if self.parent is None else self.parent.key

    @property
    def root(self) -> Any:
        """The document."""
        node = self
        while node.parent is not None:
            node = node.parent
        return node.value

    @property
    def path(self) -> tuple[str | int, ...]:
        """The keys from the root."""
        keys: list[str | int] = []
        node = self
        while node.parent is not None and node.key is not None:
            keys.append(node.key)
            node = node.parent
        return tuple(reversed(keys))

    @property
    def path_text(self) -> str:
        """``$['paths'][0]``."""
        return "$" + "".join(f"[{key}]" if isinstance(key, int) else f"['{key}']" for key in self.path)


class KeyNode(Node):
    """The name of a node, as ``~`` finds it: the value is the name."""

    __slots__ = ()

    def __init__(self, named: Node) -> None:
        super().__init__(named.key, named.key, named.parent)


Found = Callable[[int, Node], None]
Position = tuple[int, int]


class _State:
    """The steps that may match next, by how they are tested."""

    __slots__ = ("always", "by_name", "cache", "filters", "stays", "windows")

    def __init__(self, positions: Iterable[Position], paths: Sequence[JsonPath]) -> None:
        self.always: list[Position] = []
        self.by_name: dict[str | int, list[Position]] = {}
        self.filters: dict[Any, list[Position]] = {}
        self.windows: list[tuple[tuple[int, int | None, int], Position]] = []
        self.stays: list[Position] = []
        self.cache: dict[Any, tuple[tuple[int, ...], _State | None]] = {}
        for path, index in positions:
            self._add(paths[path].steps[index], (path, index))

    def _add(self, step: Step, here: Position) -> None:
        after = (here[0], here[1] + 1)
        if step.deep:
            self.stays.append(here)
        if step.filter is not None:
            self.filters.setdefault(step.filter, []).append(after)
        elif step.window is not None:
            self.windows.append((step.window, after))
        elif step.names is None:
            self.always.append(after)
        else:
            for name in step.names:
                self.by_name.setdefault(name, []).append(after)


class Walker:
    """Finds the nodes of many paths in one document after the other."""

    def __init__(self, paths: Sequence[JsonPath]) -> None:
        self._paths = paths
        self._states: dict[tuple[Position, ...], _State] = {}
        self._once = all(path.local for path in paths)

    def walk(self, document: Any, found: Found) -> None:
        """Call ``found`` with the index of the path and the node, for each. Raises TooManyNodesError."""
        root = Node(document)
        for index, path in enumerate(self._paths):
            if not path.steps or path.parents:
                self._emit(index, root, found)
        state = self._state((index, 0) for index, path in enumerate(self._paths) if path.steps)
        if state is None or not isinstance(document, dict | list):
            return
        entered: set[tuple[int, int, Any]] = set()
        pending: list[tuple[Node, _State, Any]] = [(root, state, None)]
        visited = 0
        while pending:
            node, state, zone = pending.pop()
            if self._once:
                mark = (id(node.value), id(state), zone)
                if mark in entered:
                    continue
                entered.add(mark)
            visited += len(node.value)
            if visited > MAX_NODES:
                raise TooManyNodesError
            self._children(node, state, zone, found, pending)

    def _children(
        self, node: Node, state: _State, zone: Any, found: Found, pending: list[tuple[Node, _State, Any]]
    ) -> None:
        value = node.value
        items: Iterable[tuple[str | int, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            child = Node(inner, key, node)
            ends, following = self._next(state, child, len(value))
            for index in ends:
                self._emit(index, child, found)
            if following is not None and isinstance(inner, dict | list) and inner:
                pending.append((child, following, _zone(zone, child)))

    def _next(self, state: _State, child: Node, size: int) -> tuple[tuple[int, ...], _State | None]:
        key = child.key
        named = key if key in state.by_name else None
        passed: tuple[int, ...] = ()
        if state.filters:
            passed = tuple(number for number, one in enumerate(state.filters) if holds(one.test, child))
        windows: tuple[int, ...] = ()
        if state.windows and isinstance(key, int):
            windows = tuple(number for number, (window, _) in enumerate(state.windows) if _inside(window, key, size))
        mark = (named, type(named), passed, windows)
        known = state.cache.get(mark)
        if known is None:
            known = state.cache[mark] = self._worked_out(state, named, passed, windows)
        return known

    def _worked_out(
        self, state: _State, named: str | int | None, passed: tuple[int, ...], windows: tuple[int, ...]
    ) -> tuple[tuple[int, ...], _State | None]:
        reached = [*state.always, *(state.by_name.get(named, []) if named is not None else [])]
        filters = list(state.filters.values())
        for number in passed:
            reached.extend(filters[number])
        reached.extend(state.windows[number][1] for number in windows)
        ends = tuple(sorted({path for path, index in reached if index == len(self._paths[path].steps)}))
        going = {(path, index) for path, index in reached if index < len(self._paths[path].steps)}
        return ends, self._state({*going, *state.stays})

    def _state(self, positions: Iterable[Position]) -> _State | None:
        mark = tuple(sorted(set(positions)))
        mark = tuple((path, index) for path, index in mark if index < len(self._paths[path].steps))
        if not mark:
            return None
        if mark not in self._states:
            self._states[mark] = _State(mark, self._paths)
        return self._states[mark]

    def _emit(self, index: int, node: Node, found: Found) -> None:
        for modifier in self._paths[index].modifiers:
            if modifier == "~":
                node = KeyNode(node)
            elif node.parent is None:
                return
            else:
                node = node.parent
        found(index, node)


def _inside(window: tuple[int, int | None, int], index: int, size: int) -> bool:
    start, stop, step = window
    return index in range(size)[slice(start, stop, step or 1)]


def _zone(zone: Any, child: Node) -> Any:
    """The part of an API description that a node is in: functions judge a request otherwise than a response."""
    parent = child.parent
    if parent is None or parent.parent is None:
        return child.key
    if zone == "components" and parent.parent.parent is None:
        return (zone, child.key)
    if zone == "paths" and (above := parent.parent.parent) is not None and above.parent is not None:
        return (zone, child.key) if above.parent.parent is None else zone
    return zone
