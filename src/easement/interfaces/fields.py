"""The fields of bodies as flat, dotted, classified paths.

A classification is, in this order: what the Interface document says for the path or its nearest named ancestor
(``spec.fields``), ``x-easement`` on the property or on a branch above it, ``defaultClassification``, nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from easement.contract.kinds import Classification, FieldTag, InterfaceSpec, Severity
from easement.contract.problems import Place, Problem
from easement.interfaces.body_tree import ROOT, BodyNode
from easement.interfaces.model import ClassifiedField, InterfaceModel, Schema

MAX_FIELDS: Final = 2_000
"""Fields listed of one body. What comes after can be named by no contract, so it never passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldList:
    """Fields in order of their paths; ``is_complete`` is False where ``MAX_FIELDS`` cut the list."""

    fields: tuple[ClassifiedField, ...]
    is_complete: bool


def body_fields(
    schema: Schema,
    definitions: Mapping[str, Schema],
    *,
    tags: Mapping[str, FieldTag],
    default: Classification | None,
) -> tuple[ClassifiedField, ...]:
    """Every branch and leaf of one body, sorted by path; ``$`` for a body without fields."""
    return list_fields(schema, definitions, tags=tags, default=default).fields


def list_fields(
    schema: Schema,
    definitions: Mapping[str, Schema],
    *,
    tags: Mapping[str, FieldTag],
    default: Classification | None,
) -> FieldList:
    """As :func:`body_fields`, and whether the list is whole. Upper levels come first, so a cut takes the deepest."""
    found: dict[str, ClassifiedField] = {}
    for path, node in walk(BodyNode.root(schema, definitions)):
        if len(found) >= MAX_FIELDS:
            return FieldList(fields=_sorted(found), is_complete=False)
        tag = nearest(path, tags) or node.tag
        found[path] = ClassifiedField(
            path=path,
            types=node.types,
            leaf=not node.is_branch,
            required=node.required,
            classification=tag.classification if tag else default,
            category=tag.category if tag else "",
            tags=frozenset(tag.tags) if tag else frozenset(),
        )
    return FieldList(fields=_sorted(found), is_complete=True)


def interface_fields(
    model: InterfaceModel, spec: InterfaceSpec, *, operations: Collection[str] | None = None
) -> tuple[ClassifiedField, ...]:
    """The fields of all requests, responses and payloads, merged by path; of some operations where these are named.

    Where bodies share a path the stricter classification stands, and one unclassified body leaves it unclassified.
    """
    merged: dict[str, ClassifiedField] = {}
    for schema in bodies(model, operations):
        for one in body_fields(schema, model.definitions, tags=spec.fields, default=spec.default_classification):
            other = merged.get(one.path)
            merged[one.path] = one if other is None or other == one else _merged(other, one)
    return _sorted(merged)


def bodies(model: InterfaceModel, operations: Collection[str] | None = None) -> Iterator[Schema]:
    """Each different body of an interface once."""
    contents = [
        content
        for operation in model.operations.values()
        if operations is None or operation.id in operations
        for content in (operation.request, *(response.content for response in operation.responses))
        if content is not None
    ]
    schemas = [schema for content in contents for schema in content.media.values()]
    schemas += [channel.payload for channel in model.channels.values()]
    seen: set[str] = set()
    for schema in schemas:
        if (key := repr(schema)) not in seen:
            seen.add(key)
            yield schema


def limit_problems(
    model: InterfaceModel, place: Place, *, operations: Collection[str] | None = None
) -> tuple[Problem, ...]:
    """A warning at ``place`` where a body has more than ``MAX_FIELDS`` fields; of some operations where named."""
    cut = sum(
        not list_fields(schema, model.definitions, tags={}, default=None).is_complete
        for schema in bodies(model, operations)
    )
    if not cut:
        return ()
    message = f"{cut} bodies have more than {MAX_FIELDS:,} fields; the deepest of these are never passed on"
    return (Problem(code="EAS-2206", message=message, place=place, severity=Severity.WARNING),)


def walk(root: BodyNode) -> Iterator[tuple[str, BodyNode]]:
    """Every field below ``root`` with its path, level by level."""
    if not root.is_branch:
        yield ROOT, root
        return
    waiting: deque[tuple[str, BodyNode]] = deque((segment(name), child) for name, child in root.children.items())
    while waiting:
        path, node = waiting.popleft()
        yield path, node
        waiting.extend((f"{path}.{segment(name)}", child) for name, child in node.children.items())


def segment(name: str) -> str:
    """A property name as part of a path. A dot inside a name is escaped: such a field can only pass with its branch."""
    return name.replace(".", "\\.")


def nearest(path: str, tags: Mapping[str, FieldTag]) -> FieldTag | None:
    """What ``tags`` says for the path or for its nearest named ancestor."""
    here = path
    while here and tags:
        if here in tags:
            return tags[here]
        here = here.rpartition(".")[0]
    return None


def _merged(one: ClassifiedField, other: ClassifiedField) -> ClassifiedField:
    classification = None
    if one.classification is not None and other.classification is not None:
        classification = max(one.classification, other.classification, key=lambda level: level.rank)
    any_type = not one.types or not other.types
    return replace(
        one,
        types=() if any_type else tuple(sorted({*one.types, *other.types})),
        leaf=one.leaf and other.leaf,
        required=one.required or other.required,
        classification=classification,
        category=one.category or other.category,
        tags=one.tags | other.tags,
    )


def _sorted(
    found: Mapping[str, ClassifiedField] | Iterable[tuple[str, ClassifiedField]],
) -> tuple[ClassifiedField, ...]:
    return tuple(field for _, field in sorted(dict(found).items()))
