"""The estate as a graph, and what a change reaches.

An edge ``A -> B`` says: B is affected when A changes or fails.

* system ``offers`` interface; interface ``is used by`` integration; integration ``serves`` the consuming system.
* Who is served: the party that does not own the interface, since it adapts when the interface changes. Where events go
  *into* a target's interface, the source also ``feeds`` the integration and the target is served too.
* agreement ``permits`` the integrations whose transfer stands on it.

Nodes are references such as ``system/crm``. A query costs one breadth-first walk; paths are made only when asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from easement.contract.kinds import Criticality, Integration
from easement.contract.suggestion import did_you_mean
from easement.estate.flows import is_event
from easement.estate.model import Estate

Direction = Literal["downstream", "upstream"]
_NO_PARENT: Final = -1


class UnknownNodeError(LookupError):
    """The reference names nothing in this estate; the message suggests the nearest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One document in the graph. ``reference`` is ``kind/name``."""

    reference: str
    title: str
    owner: str
    criticality: Criticality | None

    @property
    def kind(self) -> str:
        """``system``, ``interface``, ``integration`` or ``agreement``."""
        return self.reference.partition("/")[0]

    @property
    def name(self) -> str:
        """The document's name."""
        return self.reference.partition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One relation; ``relation`` is ``offers``, ``is used by``, ``serves``, ``feeds`` or ``permits``."""

    start: str
    end: str
    relation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One node that a change reaches. ``path`` leads from the start to it, both included."""

    node: Node
    depth: int
    path: tuple[str, ...]


class Impact:
    """The answer to one query: nodes in breadth-first order, nearest first."""

    __slots__ = ("_depths", "_graph", "_order", "_parents", "start")

    def __init__(self, graph: EstateGraph, order: list[int], parents: dict[int, int], depths: list[int]) -> None:
        self._graph = graph
        self._order = order
        self._parents = parents
        self._depths = depths
        self.start = graph.nodes[order[0]]

    def __len__(self) -> int:
        return len(self._order) - 1

    def __iter__(self) -> Iterator[Affected]:
        for index, depth in zip(self._order[1:], self._depths[1:], strict=True):
            yield Affected(node=self._graph.nodes[index], depth=depth, path=self._path(index))

    @property
    def references(self) -> tuple[str, ...]:
        """The affected nodes, nearest first, without the start."""
        return tuple(self._graph.nodes[index].reference for index in self._order[1:])

    def edges(self) -> tuple[Edge, ...]:
        """Every edge between the start and the affected nodes, not only those of the shortest paths."""
        inside = {self._graph.nodes[index].reference for index in self._order}
        return tuple(edge for edge in self._graph.edges if edge.start in inside and edge.end in inside)

    def _path(self, index: int) -> tuple[str, ...]:
        path = []
        while index != _NO_PARENT:
            path.append(self._graph.nodes[index].reference)
            index = self._parents[index]
        return tuple(reversed(path))


class EstateGraph:
    """Nodes and edges with both adjacencies. Build once with :func:`build_graph`, ask often."""

    __slots__ = ("_back", "_forward", "_index", "edges", "nodes")

    def __init__(self, nodes: Sequence[Node], edges: Sequence[Edge]) -> None:
        self.nodes = tuple(nodes)
        self._index = {node.reference: index for index, node in enumerate(self.nodes)}
        self.edges = tuple(edge for edge in edges if edge.start in self._index and edge.end in self._index)
        self._forward: list[list[int]] = [[] for _ in self.nodes]
        self._back: list[list[int]] = [[] for _ in self.nodes]
        for edge in self.edges:
            start, end = self._index[edge.start], self._index[edge.end]
            self._forward[start].append(end)
            self._back[end].append(start)

    def impact(self, reference: str, *, direction: Direction = "downstream", depth: int | None = None) -> Impact:
        """What ``reference`` reaches: who is affected (downstream), or what it depends on (upstream).

        ``depth`` bounds the number of edges walked. Raises ``UnknownNodeError`` for a reference that is not there.
        """
        start = self._index.get(reference)
        if start is None:
            hint = did_you_mean(reference, self._index) or "write KIND/NAME, such as system/crm"
            raise UnknownNodeError(f"nothing is called {reference!r}; {hint}")
        adjacency = self._forward if direction == "downstream" else self._back
        return Impact(self, *_walk(adjacency, start, depth))


def _walk(
    adjacency: Sequence[Sequence[int]], start: int, limit: int | None
) -> tuple[list[int], dict[int, int], list[int]]:
    """Breadth-first order, the parent of each node, and the depth of each position in the order."""
    parents, order, depths = {start: _NO_PARENT}, [start], [0]
    frontier, depth = [start], 0
    while frontier and (limit is None or depth < limit):
        depth += 1
        following: list[int] = []
        for here in frontier:
            for there in adjacency[here]:
                if there not in parents:
                    parents[there] = here
                    following.append(there)
        order += following
        depths += [depth] * len(following)
        frontier = following
    return order, parents, depths


def build_graph(estate: Estate) -> EstateGraph:
    """The graph of an estate. References that lead nowhere make no edge: assembling has reported them."""
    return EstateGraph(_nodes(estate), _edges(estate))


def impact(estate: Estate, reference: str, direction: Direction = "downstream", depth: int | None = None) -> Impact:
    """One query on an estate; for many, keep the graph of :func:`build_graph`."""
    return build_graph(estate).impact(reference, direction=direction, depth=depth)


def _nodes(estate: Estate) -> list[Node]:
    def node(kind: str, name: str, title: str, owner: str, criticality: Criticality | None = None) -> Node:
        return Node(reference=f"{kind}/{name}", title=title, owner=owner, criticality=criticality)

    nodes = [
        node("system", name, it.metadata.title, it.metadata.owner, it.spec.criticality)
        for name, it in sorted(estate.systems.items())
    ]
    for name, interface in sorted(estate.interfaces.items()):
        system = estate.systems.get(interface.spec.system)
        criticality = system.spec.criticality if system else None
        nodes.append(node("interface", name, interface.metadata.title, interface.metadata.owner, criticality))
    nodes += [
        node("integration", name, it.metadata.title, it.metadata.owner, it.spec.sla.criticality)
        for name, it in sorted(estate.integrations.items())
    ]
    nodes += [
        node("agreement", name, it.metadata.title, it.metadata.owner) for name, it in sorted(estate.agreements.items())
    ]
    return nodes


def _edges(estate: Estate) -> list[Edge]:
    edges = [
        Edge(start=f"system/{interface.spec.system}", end=f"interface/{name}", relation="offers")
        for name, interface in sorted(estate.interfaces.items())
    ]
    for _, integration in sorted(estate.integrations.items()):
        edges += _integration_edges(estate, integration)
    return edges


def _integration_edges(estate: Estate, integration: Integration) -> list[Edge]:
    spec, here = integration.spec, f"integration/{integration.metadata.name}"
    edges = [Edge(start=f"interface/{spec.interface.name}", end=here, relation="is used by")]
    interface = estate.interfaces.get(spec.interface.name)
    provider = interface.spec.system if interface else spec.target
    consumer = spec.target if provider == spec.source else spec.source
    edges.append(Edge(start=here, end=f"system/{consumer}", relation="serves"))
    if is_event(integration) and provider == spec.target:
        edges.append(Edge(start=f"system/{spec.source}", end=here, relation="feeds"))
        edges.append(Edge(start=here, end=f"system/{spec.target}", relation="serves"))
    if spec.transfer and spec.transfer.agreement:
        edges.append(Edge(start=f"agreement/{spec.transfer.agreement}", end=here, relation="permits"))
    return edges
