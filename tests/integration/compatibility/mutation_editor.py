"""Operators that change an OpenAPI 3 document in one way whose verdict is known.

Each takes an :class:`Editor` over a document that it must not change, and gives the document before, the document
after, and what the comparison must say: exactly these rules, each at this class. None: nothing there to change.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote

BREAKING, RISKY, SAFE, TEXT = "breaking", "risky", "safe", "documentation"
Json = Any
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_PLAIN = {"type": "string"}


class Mutation(NamedTuple):
    old: Json
    new: Json
    verdicts: set[tuple[str, str]]
    schemas: tuple[Json, Json, bool] | None = None
    """The schema before and after, and whether the consumer writes; where instances can be tried."""


Operator = Callable[["Editor"], Mutation | None]
OPERATORS: dict[str, Operator] = {}


def operator(change: Operator) -> Operator:
    """Register an operator under its name."""
    OPERATORS[change.__name__] = change
    return change


@dataclass(slots=True)
class Editor:
    """A document and a source of chance that is the same every time."""

    document: Json
    chance: random.Random
    operations: list[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        shapes = Counter(re.sub(r"{[^}]*}", "{}", path) for path in self.document["paths"])
        found = [
            (path, method)
            for path, item in self.document["paths"].items()
            if isinstance(item, dict) and "$ref" not in item and shapes[re.sub(r"{[^}]*}", "{}", path)] == 1
            for method in _METHODS
            if method in item
        ]
        self.operations = self.chance.sample(found, min(len(found), 40))

    def operation(self, path: str, method: str) -> Json:
        return self.document["paths"][path][method]

    def follow(self, value: Json) -> Json:
        for _ in range(10):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
                return value
            value = self.at(value["$ref"])
        return {}

    def at(self, reference: str) -> Json:
        value = self.document
        for token in unquote(reference).removeprefix("#/").split("/"):
            name = token.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]
        return value

    def put(self, tokens: tuple[Any, ...], value: Json, document: Json = None) -> Json:
        """A copy of the document with one value replaced; what stands behind a reference is copied in its place."""
        return self._put(self.document if document is None else document, tokens, value)

    def _put(self, here: Json, tokens: tuple[Any, ...], value: Json) -> Json:
        if not tokens:
            return value
        here = self.follow(here)
        if isinstance(here, list):
            return [self._put(one, tokens[1:], value) if at == tokens[0] else one for at, one in enumerate(here)]
        if len(tokens) == 1 and value is GONE:
            return {name: one for name, one in here.items() if name != tokens[0]}
        return {**here, tokens[0]: self._put(here.get(tokens[0], {}), tokens[1:], value)}

    def parameters(self) -> Iterator[tuple[tuple[Any, ...], Json]]:
        """Query and header parameters of operations with their place; those that two places share are left out."""
        for path, method in self.operations:
            listed = self.operation(path, method).get("parameters", [])
            for position, entry in enumerate(listed):
                parameter = self.follow(entry)
                name = str(parameter.get("name", ""))
                is_once = sum(self.follow(one).get("name") == name for one in listed) == 1
                usable = parameter.get("in") in {"query", "header"} and name.lower() not in _IGNORED
                if usable and is_once and isinstance(parameter.get("schema"), dict):
                    yield ("paths", path, method, "parameters", position), parameter

    def plain_parameters(self) -> Iterator[tuple[tuple[Any, ...], Json]]:
        return (one for one in self.parameters() if "content" not in one[1])

    def bodies(self) -> Iterator[tuple[tuple[Any, ...], Json]]:
        for path, method in self.operations:
            body = self.operation(path, method).get("requestBody")
            if body is not None and self.follow(body).get("content"):
                yield ("paths", path, method, "requestBody"), self.follow(body)

    def answers(self) -> Iterator[tuple[tuple[Any, ...], Json]]:
        for path, method in self.operations:
            for status, entry in self.operation(path, method).get("responses", {}).items():
                yield ("paths", path, method, "responses", status), self.follow(entry)

    def objects(self, holders: Iterator[tuple[tuple[Any, ...], Json]]) -> Iterator[tuple[tuple[Any, ...], Json]]:
        """Schemas of JSON bodies that are plain objects, the only media type of theirs."""
        for place, holder in holders:
            content = holder.get("content", {})
            if len(content) != 1:
                continue
            media, said = next(iter(content.items()))
            schema = self.follow(said.get("schema"))
            if isinstance(schema, dict) and schema.keys() <= _OBJECT_KEYS and schema.get("properties"):
                yield (*place, "content", media, "schema"), schema


GONE = object()
_IGNORED = {"accept", "content-type", "authorization"}
_OBJECT_KEYS = {"type", "properties", "required", "description", "title", "example"}


def first(found: Iterator[Any]) -> Any:
    return next(found, None)


def parameter_change(
    editor: Editor, want: Callable[[Json], bool], change: Callable[[Json], Json], *verdicts: tuple[str, str]
) -> Mutation | None:
    """The first parameter that is wanted, changed."""
    found = first(one for one in editor.plain_parameters() if want(one[1]))
    if found is None:
        return None
    place, parameter = found
    old = editor.put(place, {**parameter})
    return Mutation(old, editor.put(place, change(parameter), old), set(verdicts))


def schema_change(
    editor: Editor, schema: Json, changed: Json, *verdicts: tuple[str, str], instances: bool = False
) -> Mutation | None:
    """A parameter that is given ``schema`` before and ``changed`` after."""
    found = first(editor.plain_parameters())
    if found is None:
        return None
    old = editor.put((*found[0], "schema"), schema)
    new = editor.put((*found[0], "schema"), changed, old)
    return Mutation(old, new, set(verdicts), (schema, changed, True) if instances else None)


def object_change(
    editor: Editor, way: str, change: Callable[[Json], tuple[Json, Json] | None], *verdicts: tuple[str, str]
) -> Mutation | None:
    """The schema of a body or an answer, before and after."""
    holders = editor.bodies() if way == "request" else editor.answers()
    for place, schema in editor.objects(holders):
        pair = change(schema)
        if pair is None:
            continue
        old = editor.put(place, pair[0])
        safe = all(one[1] == SAFE for one in verdicts)
        return Mutation(
            old, editor.put(place, pair[1], old), set(verdicts), (*pair, way == "request") if safe else None
        )
    return None


def with_property(schema: Json, value: Json, *, required: bool = False) -> Json:
    needed = [name for name in schema.get("required", []) if name != "zz"] + (["zz"] if required else [])
    rest = {name: one for name, one in schema.items() if name != "required"}
    properties = {**schema["properties"], "zz": value}
    return {**rest, "type": "object", "properties": properties, **({"required": needed} if needed else {})}


def property_pair(before: Json, after: Json, *, was: bool = False, now: bool = False) -> Callable[[Json], Any]:
    """A property of the name zz before and after."""
    return lambda schema: (with_property(schema, before, required=was), with_property(schema, after, required=now))
