"""Schemas compiled to shapes, and the reference implementation of checking a value against one.

The shape accepts what the schema accepts. Where the schema asks more than a shape can say, the keyword is listed in
``unchecked`` and the shape stays open at that place; it never refuses a value that the schema accepts, except:

* ``closed``: an object that declares properties and says nothing of additionalProperties refuses undeclared ones
  (OWASP API3:2023, mass assignment);
* ``direction``: a ``readOnly`` property in a request and a ``writeOnly`` one in a response is refused and never
  required (OpenAPI 3.1 §4.8.24.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from easement.interfaces.constraint import Constraint, ConstraintReader, fits_type, same_scalar, type_name
from easement.interfaces.in_place import marked, target_of
from easement.interfaces.model import Schema
from easement.interfaces.shape import Shape, ShapeSet
from easement.interfaces.shape_table import compacted

MAX_NODES: Final = 20_000
MAX_MESSAGES: Final = 50
_MAX_SHOWN: Final = 100
_NEVER: Final = Shape(enum=())
Direction = Literal["request", "response"]


def compile_shape(
    schema: Schema, definitions: Mapping[str, Schema], *, closed: bool, direction: Direction = "request"
) -> ShapeSet:
    """Compile a normalised schema. Beyond ``MAX_NODES`` places the whole schema is ``unchecked``, never half of it."""
    compiler = _Compiler(
        definitions=definitions, reader=ConstraintReader(definitions), closed=closed, hidden=_HIDDEN[direction]
    )
    root = compiler.index((schema,), "$")
    compiler.run()
    if compiler.overflow:
        return ShapeSet(nodes=(Shape(),), unchecked=("$: schema",))
    nodes, root = compacted(compiler.nodes, root)
    return ShapeSet(nodes=nodes, root=root, unchecked=tuple(sorted(compiler.unchecked)))


_HIDDEN: Final[Mapping[Direction, str]] = {"request": "readOnly", "response": "writeOnly"}


@dataclass(slots=True, kw_only=True)
class _Compiler:
    """One node for each set of schemas that meet at a place, so that recursion ends and shared parts are shared."""

    definitions: Mapping[str, Schema]
    reader: ConstraintReader
    closed: bool
    hidden: str
    nodes: list[Shape] = field(default_factory=list)
    unchecked: set[str] = field(default_factory=set)
    overflow: bool = False
    _known: dict[frozenset[int | bool], int] = field(default_factory=dict)
    _waiting: list[tuple[int, tuple[Schema, ...], str]] = field(default_factory=list)

    def index(self, schemas: tuple[Schema, ...], path: str) -> int:
        schemas = tuple(self._target(schema) for schema in schemas)
        key = frozenset(
            schema if isinstance(schema, bool) else id(schema) + 2 for schema in schemas if schema is not True
        )
        if key in self._known:
            return self._known[key]
        index = self._known[key] = len(self.nodes)
        self.nodes.append(_NEVER)
        self._waiting.append((index, schemas, path))
        return index

    def _target(self, schema: Schema) -> Schema:
        """What a bare reference names, so that all references to it share one node."""
        seen: set[int] = set()
        while isinstance(schema, Mapping) and len(schema) == 1 and "$ref" in schema and id(schema) not in seen:
            seen.add(id(schema))
            target = target_of(schema, self.definitions)
            schema = False if target is None else target
        return schema

    def run(self) -> None:
        while self._waiting:
            if len(self.nodes) > MAX_NODES:
                self.overflow = True
                return
            index, schemas, path = self._waiting.pop()
            asked = self.reader.read(schemas)
            self.unchecked.update(f"{path}: {keyword}" for keyword in asked.unchecked)
            if not asked.is_never:
                self.nodes[index] = self._shape(asked, path)

    def _shape(self, asked: Constraint, path: str) -> Shape:
        properties, extra, hidden = self._properties(asked, path) if asked.admits("object") else (None, True, set())
        items = tuple(schema for schema in asked.items if schema is not True) if asked.admits("array") else ()
        return Shape(
            types=tuple(sorted(asked.types or ())),
            required=tuple(sorted(asked.required - hidden)),
            properties=properties,
            extra=extra,
            items=self.index(items, path) if items else None,
            enum=asked.enum,
            minimum=asked.low[0],
            maximum=asked.high[0],
            exclusive_minimum=asked.low[1],
            exclusive_maximum=asked.high[1],
            min_length=_count(asked.low[2]),
            max_length=_count(asked.high[2]),
            min_items=_count(asked.low[3]),
            max_items=_count(asked.high[3]),
        )

    def _properties(self, asked: Constraint, path: str) -> tuple[dict[str, int] | None, bool | int, set[str]]:
        declared = sorted({name for part in asked.objects for name in part.properties})
        said = [part.extra for part in asked.objects if part.extra is not None]
        if not declared and not said:
            return None, True, set()
        hidden: set[str] = set()
        properties: dict[str, int] = {}
        for name in declared:
            schemas = tuple(_property_schemas(asked, name))
            if any(marked(schema, self.hidden, self.definitions) for schema in schemas):
                hidden.add(name)
                schemas = (False,)
            properties[name] = self.index(schemas, name if path == "$" else f"{path}.{name}")
        return properties, self._extra(said, declared, path), hidden

    def _extra(self, said: list[Schema], declared: list[str], path: str) -> bool | int:
        if not said:
            return not (self.closed and declared)
        asked = tuple(schema for schema in said if schema is not True and schema != {})
        if not asked:
            return True
        return False if False in asked else self.index(asked, f"{path}.*")


def _property_schemas(asked: Constraint, name: str) -> Iterator[Schema]:
    for part in asked.objects:
        if name in part.properties:
            yield from part.properties[name]
        elif part.extra is not None:
            yield part.extra


def _count(value: float | None) -> int | None:
    return None if value is None else int(value)


def check_shape(shapes: ShapeSet, value: Any) -> list[str]:
    """What is wrong with ``value``: sentences that start with a path and never carry a value; empty when it fits.

    This is the reference that every other implementation is held against. At most ``MAX_MESSAGES`` sentences.
    """
    found: list[str] = []
    waiting: list[tuple[int, Any, str]] = [(shapes.root, value, "$")]
    while waiting and len(found) < MAX_MESSAGES:
        index, here, path = waiting.pop()
        shape = shapes.nodes[index]
        own = list(_wrong(shape, here))
        found.extend(f"{path}: {message}" for message in own)
        if isinstance(here, Mapping):
            found.extend(f"{_join(path, name)}: not declared" for name in _undeclared(shape, here))
            waiting.extend(_members(shape, here, path))
        elif isinstance(here, list | tuple) and shape.items is not None:
            waiting.extend((shape.items, item, f"{path}[{position}]") for position, item in enumerate(here))
    return sorted(found[:MAX_MESSAGES])


def _wrong(shape: Shape, value: Any) -> Iterator[str]:
    kind = type_name(value)
    if kind == "no JSON value":
        yield "is no JSON value"
        return
    if shape.types and not fits_type(value, shape.types):
        yield f"is {kind}, expected {' or '.join(shape.types)}"
        return
    if shape.enum is not None and not _is_listed(shape, value):
        yield "is not one of the allowed values" if shape.enum else "is not allowed here"
        return
    if kind in {"integer", "number"}:
        yield from _wrong_number(shape, value)
    elif kind == "string":
        yield from _wrong_size("characters", len(value), shape.min_length, shape.max_length)
    elif kind == "array":
        yield from _wrong_size("items", len(value), shape.min_items, shape.max_items)
    elif kind == "object":
        yield from (f"lacks the required property {name!r}" for name in shape.required if name not in value)


def _is_listed(shape: Shape, value: Any) -> bool:
    if isinstance(value, Mapping | list | tuple):
        return False
    return any(same_scalar(value, allowed) for allowed in shape.enum or ())


def _wrong_number(shape: Shape, value: float) -> Iterator[str]:
    if shape.minimum is not None and value < shape.minimum:
        yield f"is less than {shape.minimum}"
    if shape.maximum is not None and value > shape.maximum:
        yield f"is more than {shape.maximum}"
    if shape.exclusive_minimum is not None and value <= shape.exclusive_minimum:
        yield f"is not more than {shape.exclusive_minimum}"
    if shape.exclusive_maximum is not None and value >= shape.exclusive_maximum:
        yield f"is not less than {shape.exclusive_maximum}"


def _wrong_size(unit: str, size: int, low: int | None, high: int | None) -> Iterator[str]:
    if low is not None and size < low:
        yield f"has {size} {unit}, at least {low} expected"
    if high is not None and size > high:
        yield f"has {size} {unit}, at most {high} allowed"


def _undeclared(shape: Shape, value: Mapping[str, Any]) -> Iterator[str]:
    if shape.properties is not None and shape.extra is False:
        yield from (name for name in value if name not in shape.properties)


def _members(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[tuple[int, Any, str]]:
    if shape.properties is None:
        return
    for name, member in value.items():
        index = shape.properties.get(name)
        if index is None and not isinstance(shape.extra, bool):
            index = shape.extra
        if index is not None:
            yield index, member, _join(path, name)


def _join(path: str, name: str) -> str:
    shown = name if len(name) <= _MAX_SHOWN else f"{name[:_MAX_SHOWN]}..."
    return shown if path == "$" else f"{path}.{shown}"


def shape_to_json(shapes: ShapeSet) -> dict[str, Any]:
    """The table as JSON for the gateway: ``{"root": 0, "nodes": [...]}``; what a node does not say is left out.

    A node that nothing fits has an empty ``enum``. ``extra`` stands beside every ``props``.
    """
    return {"root": shapes.root, "nodes": [_node_to_json(shape) for shape in shapes.nodes]}


def _node_to_json(shape: Shape) -> dict[str, Any]:
    node: dict[str, Any] = {
        "type": list(shape.types) or None,
        "required": list(shape.required) or None,
        "items": shape.items,
        "enum": None if shape.enum is None else list(shape.enum),
        "min": shape.minimum,
        "max": shape.maximum,
        "xmin": shape.exclusive_minimum,
        "xmax": shape.exclusive_maximum,
        "minlen": shape.min_length,
        "maxlen": shape.max_length,
        "minitems": shape.min_items,
        "maxitems": shape.max_items,
    }
    if shape.properties is not None:
        node |= {"props": dict(shape.properties), "extra": shape.extra}
    return {key: value for key, value in node.items() if value is not None}
