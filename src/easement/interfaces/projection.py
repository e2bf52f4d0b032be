"""Projections: an allow-list compiled against a schema, and the reference implementation of applying it.

What a projection does not name does not pass, whatever the schema, the target or an attacker adds later:

* in an object, each named property is projected and every other one is removed;
* an array passes item by item; arrays are transparent to names;
* ``null`` passes, for it carries nothing;
* where texts, numbers or booleans were declared (``value``), an object is removed, also inside arrays: a target that
  answers more than it declared leaks nothing;
* ``clear`` passes free-form values whole;
* a text, number or boolean where an object was declared is removed, unless the projection says ``$`` for that place
  (the schema declares both, and the contract names the whole branch);
* ``*`` at the root is a body without fields, named ``$`` in contracts, that passes whole.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from easement.contract.kinds import Handling
from easement.interfaces.body_tree import ROOT, BodyNode
from easement.interfaces.model import Schema
from easement.interfaces.shape import Projection

SCALAR: Final = "$"
WHOLE: Final = "*"
MASK: Final = "***"
MAX_PLACES: Final = 5_000
"""Places of one projection; what comes after is removed from bodies."""
MAX_REMOVED: Final = 256
_MAX_ARRAY_NESTING: Final = 32
_MAX_SHOWN: Final = 100
_SAFE_INTEGER: Final = 2**53
VALUE: Final = "value"
_VALUES: Final = frozenset({str, int, float, bool, type(None)})
_KEPT: Final = 4
_ENOUGH: Final = 12
_PASSING: Final = {
    Handling.CLEAR: "clear", Handling.MASK: "mask", Handling.TRUNCATE: "truncate", Handling.HASH: "hash",
}  # fmt: skip


@dataclass(slots=True)
class _Named:
    """The handled paths as a tree of segments."""

    path: str = ""
    handling: Handling | None = None
    below: dict[str, _Named] = field(default_factory=dict)


def compile_projection(
    schema: Schema, definitions: Mapping[str, Schema], handling: Mapping[str, Handling]
) -> tuple[Projection, frozenset[str]]:
    """What may pass of a body, and which of the paths in ``handling`` the schema has.

    A named branch stands for its declared sub-fields; the most specific name decides. ``writeOnly`` properties are no
    part of what is read, so they never pass and do not count as existing.
    """
    compiler = _Compiler()
    root = BodyNode.root(schema, definitions)
    if not root.is_branch:
        named = handling.get(ROOT)
        how = compiler.compile(root, None, named)
        return ({WHOLE: how} if how else {}), frozenset({ROOT} if named else ())
    named_tree = _tree(handling)
    if ROOT in handling:
        compiler.found.add(ROOT)
    compiled = compiler.compile(root, named_tree, handling.get(ROOT))
    return (compiled if isinstance(compiled, dict) else {}), frozenset(compiler.found)


def _tree(handling: Mapping[str, Handling]) -> _Named:
    root = _Named()
    for path, how in handling.items():
        here = root
        for name in path.split("."):
            here = here.below.setdefault(name, _Named())
        here.path, here.handling = path, how
    return root


@dataclass(slots=True)
class _Compiler:
    found: set[str] = field(default_factory=set)
    places: int = 0

    def compile(self, node: BodyNode, named: _Named | None, inherited: Handling | None) -> dict[str, Any] | str | None:
        how = named.handling if named and named.handling else inherited
        self.places += 1
        if not node.is_branch:
            if how is Handling.CLEAR and node.is_value:
                return VALUE
            return _PASSING.get(how) if how else None
        projection: dict[str, Any] = {}
        for name, child in self._candidates(node, named, how):
            if child.is_write_only:
                continue
            inner = named.below.get(name) if named else None
            if inner and inner.handling:
                self.found.add(inner.path)
            if self.places < MAX_PLACES and (compiled := self.compile(child, inner, how)) is not None:
                projection[name] = compiled
        if node.takes_scalars and how in _PASSING:
            projection[SCALAR] = _PASSING[how]
        return projection or None

    def _candidates(self, node: BodyNode, named: _Named | None, how: Handling | None) -> list[tuple[str, BodyNode]]:
        if how in _PASSING:
            return list(node.children.items())
        return [(name, node.children[name]) for name in (named.below if named else ()) if name in node.children]


def apply_projection(projection: Projection, value: Any, *, hash_key: bytes) -> tuple[Any, tuple[str, ...]]:
    """The projected value and the dotted paths that were removed, sorted, at most ``MAX_REMOVED``.

    ``hash`` gives the hexadecimal HMAC-SHA-256 (RFC 2104) of the canonical JSON of the value, ``mask`` gives ``***``,
    and ``truncate`` the last four characters after these stars, of a text or whole number that has at least twelve (PCI
    DSS 4.0.1 3.4.1). What has no canonical form, or is not long enough, becomes ``***``.
    A body of which nothing passes becomes None and ``$`` is named as removed.
    """
    projector = _Projector(hash_key=hash_key)
    whole = projection.get(WHOLE)
    projected = (
        projector.treated(whole, value, ROOT) if isinstance(whole, str) else projector.project(projection, value, "", 0)
    )
    return (None if projected is _REMOVED else projected), tuple(sorted(projector.removed))


_REMOVED: Final = object()


@dataclass(slots=True, kw_only=True)
class _Projector:
    hash_key: bytes
    removed: set[str] = field(default_factory=set)

    def project(self, projection: Projection, value: Any, path: str, nesting: int) -> Any:
        if value is None:
            return None
        if isinstance(value, dict | Mapping):  # dict first: it spares the slow check of an abstract class
            return self._object(projection, value, path)
        if isinstance(value, list | tuple) and nesting < _MAX_ARRAY_NESTING:
            items = [self.project(projection, item, path, nesting + 1) for item in value]
            return [item for item in items if item is not _REMOVED]
        how = projection.get(SCALAR)
        if isinstance(how, str) and not isinstance(value, list | tuple):
            return self.treated(how, value, path or ROOT)
        self._remove(path or ROOT)
        return _REMOVED

    def _object(self, projection: Projection, value: Mapping[str, Any], path: str) -> dict[str, Any]:
        passed: dict[str, Any] = {}
        for name, member in value.items():
            how = projection.get(name) if name != SCALAR else None
            if how == "clear" or (how == VALUE and member.__class__ in _VALUES):
                passed[name] = member
                continue
            inner = f"{path}.{name}" if path else name
            if how is None:
                self._remove(inner)
                continue
            result = self.treated(how, member, inner) if isinstance(how, str) else self.project(how, member, inner, 0)
            if result is not _REMOVED:
                passed[name] = result
        return passed

    def treated(self, how: str, value: Any, path: str) -> Any:
        if how == "clear":
            return value
        if how == VALUE:
            return self._value(value, path, 0)
        if how == "mask":
            return MASK
        if how == "truncate":
            return _truncated(value)
        try:
            return hmac.new(self.hash_key, canonical_json(value), hashlib.sha256).hexdigest()
        except (RecursionError, ValueError):  # no canonical form: nested too deeply, not JSON, or not exact
            return MASK

    def _value(self, value: Any, path: str, nesting: int) -> Any:
        if isinstance(value, list | tuple) and nesting < _MAX_ARRAY_NESTING:
            items = [self._value(item, path, nesting + 1) for item in value]
            return [item for item in items if item is not _REMOVED]
        if isinstance(value, dict | Mapping | list | tuple):
            self._remove(path)
            return _REMOVED
        return value

    def _remove(self, path: str) -> None:
        if len(self.removed) < MAX_REMOVED:
            self.removed.add(".".join(name[:_MAX_SHOWN] for name in path.split(".")))


def _truncated(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return MASK
    text = str(value)
    return MASK + text[-_KEPT:] if len(text) >= _ENOUGH else MASK


def canonical_json(value: Any) -> bytes:
    """One text for one value: sorted keys, no spaces, UTF-8, whole numbers without a fraction (``1.0`` is ``1``).

    Raises ``ValueError`` for what has none: fractions and powers from 2^53 on are not exact (RFC 8785 §3.2.2.3).
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8", "surrogatepass"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        if abs(value) >= _SAFE_INTEGER:
            raise ValueError("not exact")
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
