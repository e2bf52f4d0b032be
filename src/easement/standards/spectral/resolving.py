"""References of a document, resolved as Spectral resolves them, and the way back to the file.

Rules see the document with each ``$ref`` replaced by what it names; what they find is reported where it stands in the
file. A reference that would close a circle stays a reference, and which one stays decides what some rules see, so the
order of the work is part of the contract: targets before what refers to them, in the order of the document.
Nothing is fetched: a reference leads into the files that were given, or it is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, unquote

Keys = tuple[str, ...]
_TO_ENCODE: Final = re.compile(r"[^a-zA-Z0-9_.!~*'()/\-]")
MAX_REFERENCES: Final = 200_000
_MAX_HOPS: Final = 100


@dataclass(frozen=True, slots=True)
class Broken:
    """A reference that names nothing: the keys that lead to it, and why."""

    path: Keys
    message: str


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a file; ``missing`` is the whole path where only its beginning exists."""

    file: str
    path: Keys
    missing: Keys


@dataclass(slots=True)
class Resolved:
    """A document with its references resolved.

    ``used`` are the local pointers that something refers to. ``places`` lead from a resolved reference to what it
    names: keys to (file, keys).
    """

    file: str
    raw: Any
    value: Any
    broken: tuple[Broken, ...]
    used: frozenset[str]
    links: Mapping[Keys, tuple[str, Keys]]
    others: Mapping[str, Any]

    def place(self, path: Iterable[str | int], *, resolved: bool) -> Place:
        """Where a value of the resolved (or raw) document stands in a file; the nearest holder where it does not."""
        keys = tuple(decoded(str(key)) for key in path)
        if not resolved:
            return Place(self.file, nearest(self.raw, keys), keys)
        reached = nearest(self.value, keys)
        left = _to_reference(self.raw, reached)
        if left is None:
            return Place(self.file, nearest(self.raw, keys), keys)
        return self._followed(keys, left)

    def _followed(self, keys: Keys, left: Keys) -> Place:
        file, at = self.file, Keys()
        for key in keys:
            at = (*at, key)
            for _ in range(_MAX_HOPS):
                if file != self.file or (link := self.links.get(at)) is None:
                    break
                file, at = link
        found = nearest(self.raw if file == self.file else self.others.get(file), at)
        tail = keys[_last_index(keys, left[-1]) + 1 :] if left else Keys()
        return Place(file, found, (*found, *tail))


def decoded(key: str) -> str:
    """A key out of a JSON pointer."""
    return key.replace("~1", "/").replace("~0", "~")


def encoded(key: str) -> str:
    """A key as a URI fragment has it, pointer escapes undone."""
    return _TO_ENCODE.sub(lambda found: quote(found[0], safe=""), key)


def nearest(value: Any, keys: Iterable[str]) -> Keys:
    """The longest beginning of ``keys`` that exists."""
    found: list[str] = []
    for key in keys:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and len(key) < 9 and int(key) < len(value):
            value = value[int(key)]
        else:
            break
        found.append(key)
    return tuple(found)


def value_at(value: Any, keys: Iterable[str]) -> Any:
    """The value behind ``keys``, or _ABSENT."""
    for key in keys:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and len(key) < 9 and int(key) < len(value):
            value = value[int(key)]
        else:
            return _ABSENT
    return value


_ABSENT: Final = object()


def _to_reference(value: Any, keys: Keys) -> Keys | None:
    """The keys behind the first reference on the way, None where there is none."""
    for index, key in enumerate(keys):
        inner = value_at(value, (key,))
        if inner is _ABSENT:
            return keys[index:] if isinstance(value, dict) and isinstance(value.get("$ref"), str) else None
        value = inner
    alone = isinstance(value, dict) and len(value) == 1 and isinstance(value.get("$ref"), str)
    return Keys() if alone else None


def _last_index(keys: Keys, key: str) -> int:
    return max((index for index, one in enumerate(keys) if one == key), default=-1)


def resolve(file: str, raw: Any, load: Callable[[str, str], tuple[str, Any] | None] | None = None) -> Resolved:
    """Resolve a document. ``load`` gives (file, value) for a name that a reference in a file uses, None for nothing."""
    if not isinstance(raw, dict | list):
        return Resolved(file, raw, raw, (), frozenset(), {}, {})
    work = _Work(file, raw, load or (lambda _name, _file: None))
    work.crawl()
    work.link_files()
    work.link_inside()
    return Resolved(
        file, raw, work.value, tuple(_first_of_each(work.broken)), frozenset(work.used), work.links, work.others
    )


def _first_of_each(broken: Iterable[Broken]) -> Iterable[Broken]:
    said: set[str] = set()
    for one in broken:
        if one.message not in said:
            said.add(one.message)
            yield one


@dataclass(slots=True)
class _Graph:
    """A directed graph that keeps the order in which it was built."""

    targets: dict[Any, list[Any]] = field(default_factory=dict)
    sources: dict[Any, list[Any]] = field(default_factory=dict)
    _edges: set[tuple[Any, Any]] = field(default_factory=set)

    def node(self, name: Any) -> None:
        self.targets.setdefault(name, [])
        self.sources.setdefault(name, [])

    def edge(self, source: Any, target: Any) -> None:
        self.node(source)
        self.node(target)
        if (source, target) not in self._edges:
            self._edges.add((source, target))
            self.targets[source].append(target)
            self.sources[target].append(source)

    def order(self) -> list[Any]:
        """Every node behind those it leads to, as far as circles allow."""
        done: dict[Any, None] = {}
        for start in (name for name, held in self.sources.items() if not held):
            _depth_first(self.targets, start, done)
        for start in list(self.targets):
            if start not in done:
                _depth_first(self.targets, start, done)
        return list(done)

    @staticmethod
    def reach(edges: Mapping[Any, list[Any]], start: Any) -> list[Any]:
        """Everything that can be reached from a node, farthest first, without the node."""
        done: dict[Any, None] = {}
        _depth_first(edges, start, done)
        done.pop(start, None)
        return list(done)


def _depth_first(edges: Mapping[Any, list[Any]], start: Any, done: dict[Any, None]) -> None:
    on_path: set[Any] = set()
    stack: list[tuple[Any, bool]] = [(start, False)]
    while stack:
        node, entered = stack[-1]
        if entered:
            stack.pop()
            on_path.discard(node)
            done[node] = None
        elif node in done or node in on_path:
            stack.pop()
        else:
            on_path.add(node)
            stack[-1] = (node, True)
            stack.extend((inner, False) for inner in reversed(edges.get(node, ())))


class _Work:
    def __init__(self, file: str, raw: Any, load: Callable[[str, str], tuple[str, Any] | None]) -> None:
        self.file = file
        self.raw = raw
        self.value = _copy(raw)
        self.broken: list[Broken] = []
        self.used: set[str] = set()
        self.links: dict[Keys, tuple[str, Keys]] = {}
        self.others: dict[str, Any] = {}
        self._load = load
        self._pointers = _Graph()
        self._stems = _Graph()
        self._outside: list[tuple[Keys, str]] = []
        self._with_siblings: list[Keys] = []

    def crawl(self) -> None:
        """Find every reference, in the order of the document."""
        pending: list[tuple[Any, Keys]] = [(self.raw, ())]
        found = 0
        while pending:
            value, path = pending.pop()
            if isinstance(value, dict) and isinstance(value.get("$ref"), str):
                found += 1
                if found <= MAX_REFERENCES:
                    self._reference(value["$ref"].strip(), path)
                    if len(value) > 1:
                        self._with_siblings.append(path)
                continue
            items = value.items() if isinstance(value, dict) else enumerate(value)
            inner = [(item, (*path, str(key))) for key, item in items if isinstance(item, dict | list)]
            pending.extend(reversed(inner))

    def _reference(self, reference: str, path: Keys) -> None:
        if not reference:
            return
        name, sign, fragment = reference.partition("#")
        if name:
            self._outside.append((path, reference))
            return
        target = f"#{fragment}" if sign else ""
        if len(target) > 1 and not target.startswith("#/"):
            self.broken.append(Broken((), f"'{reference}' JSON pointer is invalid"))
            return
        keys = pointer_keys(target)
        if keys and path[: len(keys)] == keys:
            return
        self._note_stems(path, keys, target)
        self._pointers.edge(pointer_of(path), target)
        self.used.add(decoded(unquote(target)))

    def _note_stems(self, path: Keys, keys: Keys, target: str) -> None:
        """Every holder of the reference that the target does not share depends on the target."""
        self._stems.node(target)
        stem, tail, own = "#", "", pointer_of(path)
        for index, part in enumerate(path):
            if index < len(keys) and part == keys[index]:
                stem += f"/{part}"
                continue
            tail += f"/{part}"
            holder = stem + tail
            if holder not in {own, target}:
                self._stems.edge(holder, target)

    def link_files(self) -> None:
        """Put in what stands in other files."""
        for path, reference in self._outside:
            found = self._from_file(reference, self.file, frozenset())
            if isinstance(found, str):
                self.broken.append(Broken(path, found))
                continue
            file, keys, value = found
            self.links[path] = (file, keys)
            self._put(path, value)

    def _from_file(self, reference: str, base: str, open_: frozenset[str]) -> tuple[str, Keys, Any] | str:
        name, _, fragment = reference.partition("#")
        loaded = self._load(unquote(name), base) if name else (base, self.others.get(base, self.raw))
        if loaded is None:
            return f"'{reference}' is not among the given files, and nothing is fetched"
        file, data = loaded
        self.others[file] = data
        keys = pointer_keys(f"#{fragment}")
        value = value_at(data, keys)
        if value is _ABSENT:
            return f"'#{fragment}' does not exist in '{file}'"
        mark = f"{file}#{fragment}"
        if mark in open_:
            return file, keys, {"$ref": reference}
        return file, keys, self._unfolded(value, file, open_ | {mark})

    def _unfolded(self, value: Any, file: str, open_: frozenset[str]) -> Any:
        """A value of another file with its own references followed; a circle stays a reference."""
        if isinstance(value, list):
            return [self._unfolded(item, file, open_) for item in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("$ref")
        if isinstance(reference, str) and reference and len(open_) < 50:
            found = self._from_file(reference, file, open_)
            if isinstance(found, str):
                self.broken.append(Broken((), found))
                return value
            return found[2]
        return {key: self._unfolded(item, file, open_) for key, item in value.items()}

    def link_inside(self) -> None:
        """Put in what stands in the same file."""
        for pointer in self._pointers.order():
            waiting = _Graph.reach(self._pointers.sources, pointer)
            if not waiting:
                continue
            keys = pointer_keys(pointer)
            value = value_at(self.value, keys)
            needed = [pointer_keys(stem) for stem in _Graph.reach(self._stems.targets, pointer)]
            for one in waiting:
                path = pointer_keys(one)
                if any(path[: len(stem)] == stem for stem in needed):
                    continue
                self.links[path] = (self.file, keys)
                if value is _ABSENT:
                    self.broken.append(Broken(path, f"'{pointer}' does not exist"))
                else:
                    self._put(path, value if keys else self.raw)
        self._part_siblings()

    def _part_siblings(self) -> None:
        """A reference with other keys beside it is reported at those keys, so it is a place of its own."""
        for path in self._with_siblings:
            value = value_at(self.value, path)
            if path in self.links and isinstance(value, dict):
                self._put(path, dict(value))

    def _put(self, path: Keys, value: Any) -> None:
        if not path:
            self.value = value
            return
        holder = value_at(self.value, path[:-1])
        if isinstance(holder, dict):
            holder[path[-1]] = value
        elif isinstance(holder, list) and path[-1].isdecimal() and int(path[-1]) < len(holder):
            holder[int(path[-1])] = value


def pointer_of(path: Keys) -> str:
    """Keys as a JSON pointer in a fragment."""
    return "#" + "".join(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in path)


def pointer_keys(pointer: str) -> Keys:
    """The keys of a JSON pointer in a fragment (RFC 6901, section 6)."""
    return tuple(decoded(unquote(part)) for part in pointer.removeprefix("#").split("/")[1:])


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
