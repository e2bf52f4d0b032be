"""The fields that an interface's operations and channels hand over or take: each body is read once, when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from easement.contract.kinds import InterfaceSpec
from easement.interfaces.fields import body_fields
from easement.interfaces.model import ClassifiedField, Content, InterfaceModel, Schema

FieldsByPath = Mapping[str, ClassifiedField]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFields:
    """The fields of one operation's bodies, by path."""

    request: FieldsByPath
    response: FieldsByPath


class InterfaceFields:
    """The fields of an interface's bodies, each body read when it is first asked for."""

    __slots__ = ("_bodies", "_channels", "_model", "_operations", "_spec")

    def __init__(self, model: InterfaceModel, spec: InterfaceSpec) -> None:
        self._model = model
        self._spec = spec
        self._operations: dict[str, OperationFields] = {}
        self._channels: dict[str, FieldsByPath] = {}
        self._bodies: dict[str | int, tuple[ClassifiedField, ...]] = {}

    def is_of(self, model: InterfaceModel, spec: InterfaceSpec) -> bool:
        """Whether these are the fields of exactly this description under this document."""
        return self._model is model and self._spec is spec

    def operation(self, name: str) -> OperationFields | None:
        """The bodies of one operation; None when there is no such operation."""
        operation = self._model.operations.get(name)
        if operation is not None and name not in self._operations:
            self._operations[name] = OperationFields(
                request=self._merged([operation.request]),
                response=self._merged([response.content for response in operation.responses]),
            )
        return self._operations.get(name)

    def channel(self, name: str) -> FieldsByPath | None:
        """The payload of one channel; None when there is no such channel."""
        channel = self._model.channels.get(name)
        if channel is not None and name not in self._channels:
            self._channels[name] = merge_fields(self._body(channel.payload))
        return self._channels.get(name)

    def paths(self) -> frozenset[str]:
        """Every field path of every body."""
        return frozenset(path for body in self._all() for path in body)

    def fields(self) -> Iterator[ClassifiedField]:
        """Every field of every body; a path may come more than once."""
        for body in self._all():
            yield from body.values()

    def leaf_paths(self) -> frozenset[str]:
        """Every leaf that the interface can hand over or take."""
        return frozenset(path for body in self._all() for path, known in body.items() if known.leaf)

    def _all(self) -> Iterator[FieldsByPath]:
        for name in self._model.channels:
            yield self.channel(name) or {}
        for name in self._model.operations:
            if operation := self.operation(name):
                yield operation.request
                yield operation.response

    def _merged(self, contents: Iterable[Content | None]) -> dict[str, ClassifiedField]:
        schemas = [schema for content in contents if content is not None for schema in content.media.values()]
        return merge_fields(one for schema in schemas for one in self._body(schema))

    def _body(self, schema: Schema) -> tuple[ClassifiedField, ...]:
        # Operations share bodies by reference; anything else is told apart by identity, which the model keeps alive.
        is_reference = isinstance(schema, Mapping) and schema.keys() == {"$ref"}
        key = str(schema["$ref"]) if is_reference and isinstance(schema, Mapping) else id(schema)
        if key not in self._bodies:
            spec = self._spec
            self._bodies[key] = body_fields(
                schema, self._model.definitions, tags=spec.fields, default=spec.default_classification
            )
        return self._bodies[key]


def merge_fields(fields: Iterable[ClassifiedField]) -> dict[str, ClassifiedField]:
    """Fields by path; where a path occurs twice the stricter classification stands and the tags add up.

    An unclassified occurrence keeps the path unclassified: one tagged body says nothing about another.
    """
    merged: dict[str, ClassifiedField] = {}
    for one in fields:
        other = merged.get(one.path)
        merged[one.path] = one if other is None else _stricter(one, other)
    return merged


def _stricter(one: ClassifiedField, other: ClassifiedField) -> ClassifiedField:
    if one == other:
        return one
    classification = None
    if one.classification is not None and other.classification is not None:
        classification = max(one.classification, other.classification, key=lambda level: level.rank)
    return replace(one, classification=classification, tags=one.tags | other.tags, leaf=one.leaf or other.leaf)
