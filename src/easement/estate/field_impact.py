"""Where one field of an interface goes: who receives it, and what they may pass it on to.

* ``field/orders-api@1#customer.email`` names a field as contracts do; ``field/orders-api@1#/Customer/email`` names a
  property of a schema, wherever bodies use that schema.
* Receiving is certain: the contract lets the field through, clear or hashed. A masked or dropped field goes nowhere.
* Passing on is followed by evidence: a receiver sends, by another contract, a field of the same category or, where
  categories are not said, of the same name. A receiver may copy a value under another name; no document shows that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from easement.contract.identity import reference_key
from easement.contract.kinds import Handling
from easement.contract.suggestion import did_you_mean
from easement.estate.flows import CarriedField, FlowIndex
from easement.estate.graph import Edge, EstateGraph, Node, UnknownNodeError, build_graph
from easement.estate.model import Estate
from easement.interfaces.body_tree import BodyNode
from easement.interfaces.fields import bodies, interface_fields, segment, walk
from easement.interfaces.model import InterfaceModel

PREFIX: Final = "field/"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """The field that is asked for: paths on its own interface, and by what it is known elsewhere."""

    reference: str
    interface: str
    paths: frozenset[str]
    names: frozenset[str]
    categories: frozenset[str]


class _Categories:
    """The categories of fields, each interface read when it is first asked for."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._known: dict[str, dict[str, str]] = {}

    def of(self, interface: str, path: str) -> str:
        """The category of a field; empty where nobody said it."""
        if interface not in self._known:
            model, document = self._estate.models.get(interface), self._estate.interfaces.get(interface)
            fields = interface_fields(model, document.spec) if model and document else ()
            self._known[interface] = {one.path: one.category for one in fields}
        return self._known[interface].get(path, "")


def field_graph(estate: Estate, reference: str) -> tuple[EstateGraph, str]:
    """A graph of the way of one field, and the node of the field in it.

    Raises :class:`~easement.estate.graph.UnknownNodeError` where the interface or the field is not there.
    """
    graph = build_graph(estate)
    wanted = _wanted(estate, graph, reference)
    nodes = {wanted.reference: Node(reference=wanted.reference, title="", owner="", criticality=None)}
    edges: dict[Edge, None] = {}
    index, elsewhere = FlowIndex(estate), _Categories(estate)
    for name, integration in sorted(estate.integrations.items()):
        here, key = f"integration/{name}", reference_key(integration.spec.interface)
        for flow in index.flows(integration):
            carried = [one for one in flow.fields if _is_wanted(elsewhere, wanted, key, one)]
            if not carried:
                continue
            if key == wanted.interface:
                edges[Edge(start=wanted.reference, end=here, relation=_relation(carried))] = None
            else:
                edges[Edge(start=f"system/{flow.sender}", end=here, relation="may pass it on by")] = None
            edges[Edge(start=here, end=f"system/{flow.receiver}", relation="hands it to")] = None
    for edge in edges:
        for end in (edge.start, edge.end):
            if end not in nodes and end in graph:
                nodes[end] = graph.node(end)
    return EstateGraph(nodes.values(), edges), wanted.reference


def _wanted(estate: Estate, graph: EstateGraph, reference: str) -> _Wanted:
    interface, mark, path = reference.removeprefix(PREFIX).partition("#")
    if not mark or not path:
        raise UnknownNodeError(
            f"{reference!r} names no field: write field/INTERFACE#PATH, such as field/orders-api@1#customer.email"
        )
    key = graph.resolve(f"interface/{interface}").removeprefix("interface/")
    model = estate.models.get(key)
    if model is None:
        raise UnknownNodeError(f"the definition of interface {key} cannot be read, so its fields are not known")
    known = {one.path: one for one in interface_fields(model, estate.interfaces[key].spec)}
    paths = _schema_paths(model, path) & known.keys() if path.startswith("/") else {path} & known.keys()
    if not paths:
        raise UnknownNodeError(f"interface {key} has no field {path!r}; {_hint(model, path, known)}".rstrip("; "))
    below = {one for one in known if one in paths or any(one.startswith(f"{named}.") for named in paths)}
    return _Wanted(
        reference=f"{PREFIX}{key}#{path}",
        interface=key,
        paths=frozenset(below),
        names=frozenset(one.rpartition(".")[2].casefold() for one in paths),
        categories=frozenset(category for one in below if (category := known[one].category)),
    )


def _schema_paths(model: InterfaceModel, pointer: str) -> set[str]:
    """The dotted paths at which bodies have the property that ``/Schema/property/...`` names."""
    name, *properties = [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]
    schema = model.definitions.get(name)
    if schema is None or not properties:
        return set()
    suffix = ".".join(map(segment, properties))
    return {
        f"{prefix}.{suffix}".lstrip(".")
        for body in bodies(model)
        for prefix, node in _places(BodyNode.root(body, model.definitions))
        if any(part.schema is schema for part in node.parts)
    }


def _places(root: BodyNode) -> Iterator[tuple[str, BodyNode]]:
    yield "", root
    yield from walk(root)


def _hint(model: InterfaceModel, path: str, known: Iterable[str]) -> str:
    if path.startswith("/"):
        return did_you_mean(path, (f"/{name}" for name in model.definitions)) or "write /SCHEMA/PROPERTY"
    return did_you_mean(path, known)


def _is_wanted(elsewhere: _Categories, wanted: _Wanted, key: str, carried: CarriedField) -> bool:
    if key == wanted.interface:
        return carried.path in wanted.paths
    if not carried.leaf:
        return False
    category = elsewhere.of(key, carried.path) if wanted.categories else ""
    if category:
        return category in wanted.categories
    return carried.path.rpartition(".")[2].casefold() in wanted.names


def _relation(carried: Iterable[CarriedField]) -> str:
    is_clear = any(one.handling is Handling.CLEAR for one in carried)
    return "is let through by" if is_clear else "is let through hashed by"
