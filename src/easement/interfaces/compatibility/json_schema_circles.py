"""Schemas that contain their own opposite.

``{"not": {"$ref": "#"}}`` fits a value exactly if it does not: from such a circle anything can be proved. References
that close one are therefore kept as something that cannot be read. A circle without a negation, and one that passes
through a property or an item, is an ordinary recursive schema.
"""

from __future__ import annotations

from collections.abc import Iterator

from easement.interfaces.compatibility.json_schema_node import Node, target_of

_NEGATIVE = frozenset({"not", "if"})
CIRCULAR = "circular"
"""Stands in a node for its reference; holds what the reference leads to, to be compared word for word."""


class Circles:
    """Finds circles below nodes of one document; each node is looked at once."""

    def __init__(self) -> None:
        self._seen: set[Node] = set()

    def cut(self, root: Node) -> None:
        """Cut every circle with a negation in all that can be reached from ``root``."""
        waiting, fresh = [root], []
        while waiting:
            node = waiting.pop()
            if node not in self._seen:
                self._seen.add(node)
                fresh.append(node)
                waiting.extend(_inside(node))
                waiting.extend(target for target, _ in _in_place(node))
        if any(not node.keywords.keys().isdisjoint(_NEGATIVE) for node in fresh):
            for circle in _components(fresh):
                _cut(circle)


def _cut(circle: frozenset[Node]) -> None:
    if not any(is_negative and target in circle for node in circle for target, is_negative in _in_place(node)):
        return
    for node in circle:
        for keyword in ("$ref", "$dynamicRef"):
            follow = node.keywords.get(keyword)
            if follow is not None and follow() in circle:
                node.keywords[keyword] = None
                node.keywords[CIRCULAR] = follow


def _in_place(node: Node) -> Iterator[tuple[Node, bool]]:
    """Nodes that look at the same value, and whether their answer counts as its opposite."""
    said = node.keywords
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from ((one, False) for one in said.get(keyword, ()))
    for keyword in ("not", "if", "then", "else"):
        if keyword in said:
            yield said[keyword], keyword in _NEGATIVE
    yield from ((one, False) for one in said.get("dependentSchemas", {}).values())
    yield from ((one, False) for one in target_of(node))


def _inside(node: Node) -> Iterator[Node]:
    said = node.keywords
    for keyword in ("properties", "patternProperties"):
        yield from said.get(keyword, {}).values()
    yield from said.get("prefixItems", ())
    for keyword in ("items", "contains", "additionalProperties", "propertyNames", "unevaluatedProperties",
                    "unevaluatedItems"):  # fmt: skip
        if keyword in said:
            yield said[keyword]


def _components(nodes: list[Node]) -> Iterator[frozenset[Node]]:
    """Strongly connected components (Tarjan 1972) of the graph of what looks at the same value, without recursion."""
    order: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    stacked: set[Node] = set()
    for start in nodes:
        if start in order:
            continue
        order[start] = low[start] = len(order)
        stack.append(start)
        stacked.add(start)
        path = [(start, iter(list(_in_place(start))))]
        while path:
            node, onward = path[-1]
            for target, _ in onward:
                if target not in order:
                    order[target] = low[target] = len(order)
                    stack.append(target)
                    stacked.add(target)
                    path.append((target, iter(list(_in_place(target)))))
                    break
                if target in stacked:
                    low[node] = min(low[node], order[target])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == order[node]:
                    yield _popped(stack, stacked, node)


def _popped(stack: list[Node], stacked: set[Node], until: Node) -> frozenset[Node]:
    found = set()
    while True:
        node = stack.pop()
        stacked.discard(node)
        found.add(node)
        if node is until:
            return frozenset(found)
