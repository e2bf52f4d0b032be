"""The estate as a graph, and what a change reaches.

An edge ``A -> B`` says: B is affected when A changes or fails.

* system ``offers`` interface; interface ``is used by`` integration; integration ``serves`` the consuming system.
* Who is served: the party that does not own the interface, since it adapts when the interface changes. Where events go
  *into* a target's interface, the source also ``feeds`` the integration and the target is served too.
* agreement ``permits`` the integrations whose transfer stands on it.
* team ``owns`` its documents, standard ``extends into`` others and ``judges`` documents: only a question about the team
  or the standard itself walks these, since a system does not fail because its owner has other systems.

Nodes are references such as ``system/crm``. A query costs one breadth-first walk; paths are made only when asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import rustworkx

from easement.contract.identity import reference_key
from easement.contract.kinds import Criticality, Integration
from easement.contract.suggestion import did_you_mean
from easement.estate.flows import is_event
from easement.estate.model import Estate

Direction = Literal["downstream", "upstream"]
OWNS: Final = "owns"
JUDGES: Final = "judges"
_ONE_WAY: Final = frozenset({OWNS, JUDGES})


class UnknownNodeError(LookupError):
    """The reference names nothing in this estate, or too much; the message suggests what was probably meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One document in the graph. ``reference`` is ``kind/name``."""

    reference: str
    title: str
    owner: str
    criticality: Criticality | None

    @property
    def kind(self) -> str:
        """``system``, ``interface``, ``integration``, ``agreement``, ``team``, ``standard`` or ``field``."""
        return self.reference.partition("/")[0]

    @property
    def name(self) -> str:
        """The document's name."""
        return self.reference.partition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One relation, in the words of this module's docstring."""

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
    """The answer to one query: nodes in breadth-first order, nearest first, then in the order of the graph."""

    def __init__(self, graph: EstateGraph, layers: Sequence[Sequence[int]], direction: Direction) -> None:
        self._graph = graph
        self._layers = layers
        self.direction = direction
        self.start = graph.nodes[layers[0][0]]

    def __len__(self) -> int:
        return sum(map(len, self._layers)) - 1

    def __iter__(self) -> Iterator[Affected]:
        for depth, layer in enumerate(self._layers[1:], start=1):
            for index in layer:
                yield Affected(node=self._graph.nodes[index], depth=depth, path=self._path(index, depth))

    def reached(self) -> Iterator[tuple[Node, int]]:
        """The affected nodes with their depth, nearest first, without the ways that lead to them."""
        nodes = self._graph.nodes
        for depth, layer in enumerate(self._layers[1:], start=1):
            for index in layer:
                yield nodes[index], depth

    @property
    def references(self) -> tuple[str, ...]:
        """The affected nodes, nearest first, without the start."""
        nodes = self._graph.nodes
        return tuple(nodes[index].reference for layer in self._layers[1:] for index in layer)

    def edges(self) -> tuple[Edge, ...]:
        """Every edge between the start and the affected nodes, not only those of the shortest paths."""
        return self._graph.edges_among(self._depths)

    @cached_property
    def _depths(self) -> dict[int, int]:
        return {index: depth for depth, layer in enumerate(self._layers) for index in layer}

    def _path(self, index: int, depth: int) -> tuple[str, ...]:
        """A shortest way: from each place the first neighbour that is one step nearer to the start."""
        way = [index]
        for nearer in range(depth - 1, -1, -1):
            before = self._graph.before(way[-1], self.direction)
            way.append(min(one for one in before if self._depths.get(one) == nearer))
        return tuple(self._graph.nodes[one].reference for one in reversed(way))


class EstateGraph:
    """Nodes and edges with both adjacencies. Build once with :func:`build_graph`, ask often."""

    __slots__ = ("_back", "_forward", "_from", "_index", "edges", "nodes")

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
        self.nodes = tuple(nodes)
        self._index = {node.reference: index for index, node in enumerate(self.nodes)}
        self.edges = tuple(edge for edge in edges if edge.start in self._index and edge.end in self._index)
        self._from: list[list[Edge]] = [[] for _ in self.nodes]
        both: list[tuple[int, int]] = []
        back: list[tuple[int, int]] = []
        for edge in self.edges:
            start, end = self._index[edge.start], self._index[edge.end]
            self._from[start].append(edge)
            both.append((start, end))
            if edge.relation not in _ONE_WAY:
                back.append((end, start))
        self._forward = _adjacency(len(self.nodes), both)
        self._back = _adjacency(len(self.nodes), back)

    def impact(self, reference: str, *, direction: Direction = "downstream", depth: int | None = None) -> Impact:
        """What ``reference`` reaches: who is affected (downstream), or what it depends on (upstream).

        ``depth`` bounds the number of edges walked. An interface may be named without its major version where there
        is only one. Raises ``UnknownNodeError`` for a reference that is not there, or that names several.
        """
        start = self._index[self.resolve(reference)]
        graph = self._forward if direction == "downstream" else self._back
        layers = [sorted(layer) for layer in rustworkx.bfs_layers(graph, [start])]
        return Impact(self, layers if depth is None else layers[: depth + 1], direction)

    def __contains__(self, reference: str) -> bool:
        return reference in self._index

    def node(self, reference: str) -> Node:
        """The node of a reference as :meth:`resolve` gives it. Raises ``KeyError``."""
        return self.nodes[self._index[reference]]

    def resolve(self, reference: str) -> str:
        """The full reference that is meant. Raises ``UnknownNodeError``."""
        if reference in self._index:
            return reference
        versions = [known for known in self._index if reference and known.startswith(f"{reference}@")]
        if len(versions) == 1:
            return versions[0]
        if versions:
            raise UnknownNodeError(f"{reference!r} names several versions: write {' or '.join(sorted(versions))}")
        hint = did_you_mean(reference, self._index) or "write KIND/NAME, such as system/crm"
        raise UnknownNodeError(f"nothing is called {reference!r}; {hint}")

    def edges_among(self, indexes: Iterable[int]) -> tuple[Edge, ...]:
        """Every edge whose two ends are among the nodes with these numbers."""
        inside = {self.nodes[index].reference: index for index in indexes}
        return tuple(edge for index in sorted(inside.values()) for edge in self._from[index] if edge.end in inside)

    def before(self, index: int, direction: Direction) -> Iterable[int]:
        """The neighbours from which a walk in ``direction`` comes to a node."""
        graph = self._forward if direction == "downstream" else self._back
        return graph.predecessor_indices(index)


def _adjacency(size: int, edges: Sequence[tuple[int, int]]) -> rustworkx.PyDiGraph[int, None]:
    graph: rustworkx.PyDiGraph[int, None] = rustworkx.PyDiGraph(multigraph=False)
    graph.add_nodes_from(range(size))
    graph.add_edges_from_no_data(list(edges))
    return graph


def build_graph(estate: Estate, further: Iterable[Edge] = (), *, built_in: Iterable[Node] = ()) -> EstateGraph:
    """The graph of an estate, with ``further`` edges and ``built_in`` nodes that layers above know of.

    References that lead nowhere make no edge: assembling has reported them.
    """
    nodes = [*_nodes(estate), *built_in]
    return EstateGraph(nodes, [*_edges(estate), *_ownership(nodes), *further])


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
    nodes += [node("team", name, it.metadata.title, name) for name, it in sorted(estate.teams.items())]
    nodes += [
        node("standard", name, it.metadata.title, it.metadata.owner) for name, it in sorted(estate.standards.items())
    ]
    return nodes


def _ownership(nodes: Iterable[Node]) -> Iterator[Edge]:
    return (
        Edge(start=f"team/{node.owner}", end=node.reference, relation=OWNS)
        for node in nodes
        if node.owner and node.kind != "team"
    )


def _edges(estate: Estate) -> list[Edge]:
    edges = [
        Edge(start=f"system/{interface.spec.system}", end=f"interface/{name}", relation="offers")
        for name, interface in sorted(estate.interfaces.items())
    ]
    for _, integration in sorted(estate.integrations.items()):
        edges += _integration_edges(estate, integration)
    edges += [
        Edge(start=f"standard/{base}", end=f"standard/{name}", relation="extends into")
        for name, standard in sorted(estate.standards.items())
        for base in standard.spec.extends
    ]
    return edges


def _integration_edges(estate: Estate, integration: Integration) -> list[Edge]:
    spec, here = integration.spec, f"integration/{integration.metadata.name}"
    key = reference_key(spec.interface)
    edges = [Edge(start=f"interface/{key}", end=here, relation="is used by")]
    interface = estate.interfaces.get(key)
    provider = interface.spec.system if interface else spec.target
    consumer = spec.target if provider == spec.source else spec.source
    edges.append(Edge(start=here, end=f"system/{consumer}", relation="serves"))
    if is_event(integration) and provider == spec.target:
        edges.append(Edge(start=f"system/{spec.source}", end=here, relation="feeds"))
        edges.append(Edge(start=here, end=f"system/{spec.target}", relation="serves"))
    if spec.transfer and spec.transfer.agreement:
        edges.append(Edge(start=f"agreement/{spec.transfer.agreement}", end=here, relation="permits"))
    return edges
