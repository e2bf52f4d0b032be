"""JSON Schemas of every dialect as one internal form: nodes with keywords that mean the same everywhere.

A node remembers where it stands, and under which spelling each keyword was written. References are followed when
somebody asks, so a document may be recursive and as large as it likes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Final
from urllib.parse import unquote, urldefrag, urljoin

Json = Any
ATOMS: Final = ("null", "boolean", "object", "array", "string", "integer", "fraction")
"""JSON types, with numbers told apart into whole ones and others, so that sets of them are exact."""
ALL: Final = frozenset(ATOMS)
NUMERIC: Final = frozenset({"integer", "fraction"})

_OF_TYPE: Final = {
    **{name: frozenset({name}) for name in ATOMS if name != "fraction"},
    "number": NUMERIC,
}
DIALECTS: Final = {
    "draft-04": 4, "draft-06": 6, "draft-07": 7, "2019-09": 2019, "2020-12": 2020,
    "openapi-2.0": 4, "openapi-3.0": 4, "openapi-3.1": 2020, "openapi-3.2": 2020,
}  # fmt: skip
_URIS: Final = (
    ("draft-04", "draft-04"), ("draft-03", "draft-04"), ("draft-06", "draft-06"), ("draft-07", "draft-07"),
    ("2019-09", "2019-09"), ("2020-12", "2020-12"), ("3.1/dialect", "openapi-3.1"),
)  # fmt: skip
ANNOTATIONS: Final = frozenset(
    {"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment",
     "externalDocs", "xml", "discriminator", "summary", "contentEncoding", "contentMediaType", "contentSchema"}
)  # fmt: skip
_STRUCTURE: Final = frozenset(
    {"$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$defs", "definitions", "$vocabulary",
     "nullable", "x-nullable", "format"}
)  # fmt: skip
_COUNTS: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_SINGLE: Final = ("not", "if", "then", "else", "propertyNames", "additionalProperties", "unevaluatedProperties",
                  "unevaluatedItems", "contains")  # fmt: skip
_LISTS: Final = ("allOf", "anyOf", "oneOf")
_MAPS: Final = ("properties", "patternProperties", "dependentSchemas")


def dialect_named(name: str) -> str:
    """One of ``DIALECTS`` for its own name or for the URI of a ``$schema``; 2020-12 for what is not known."""
    if name in DIALECTS:
        return name
    return next((dialect for part, dialect in _URIS if part in name), "2020-12")


@dataclass(slots=True, eq=False)
class Node:
    """One schema. ``keywords`` holds what it asks; a schema inside is a node, ``$ref`` a node or None (unknown).

    ``written`` maps a keyword to the path under which it was written below ``pointer`` where that differs.
    ``opaque`` are assertions that cannot be read: keyword to its value. ``unknown`` have no known meaning.
    """

    uid: int
    pointer: str
    raw: Json
    keywords: dict[str, Any] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    opaque: dict[str, Json] = field(default_factory=dict)
    unknown: dict[str, Json] = field(default_factory=dict)
    resource: str = ""
    at_once: tuple[Node, ...] | None = field(default=None, repr=False)
    """What :func:`conjuncts` found: it is asked for over and over, and nothing changes once circles are cut."""

    def at(self, keyword: str) -> str:
        """JSON pointer of a keyword."""
        return f"{self.pointer}/{self.written.get(keyword, keyword)}"

    def said(self, keyword: str) -> Json:
        """What is written for a keyword, as it is written."""
        if not isinstance(self.raw, Mapping):
            return self.raw
        first, *rest = self.written.get(keyword, keyword).split("/")
        found = self.raw.get(unescape(first))
        for part in rest:
            found = found.get(unescape(part)) if isinstance(found, Mapping) else None
        return found


def escape(token: str) -> str:
    """One token of a JSON pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """The reverse of :func:`escape`."""
    return token.replace("~1", "/").replace("~0", "~")


class Values(tuple[Json, ...]):  # noqa: SLOT001 - its keys are kept once made
    """JSON values, with a quick answer to whether one is among them."""

    @cached_property
    def _keys(self) -> frozenset[Any]:
        return frozenset(map(key_of, self))

    def has(self, value: Json) -> bool:
        """Whether an equal value is among them."""
        return key_of(value) in self._keys


def key_of(value: Json) -> Any:
    """Equal for equal JSON values: 1 is 1.0 and not true."""
    if isinstance(value, Mapping):
        return "object", frozenset((name, key_of(one)) for name, one in value.items())
    if isinstance(value, list | tuple):
        return "array", tuple(map(key_of, value))
    return isinstance(value, bool), value


class Document:
    """One document and its nodes. The document must not change while this is in use."""

    def __init__(self, root: Json, dialect: str, *, receiver_ignores: str = "") -> None:
        """``receiver_ignores``: ``readOnly`` or ``writeOnly`` where such properties are not asked for."""
        self.root = root
        self.dialect = dialect_named(dialect)
        self._age = DIALECTS[self.dialect]
        self._is_openapi = self.dialect.startswith("openapi")
        """There, keywords beside ``$ref`` are kept and ``nullable`` admits null beside any keyword, as enforced."""
        self._ignores = receiver_ignores if dialect_named(dialect).startswith("openapi") else ""
        self._nodes: dict[tuple[int, str, str], Node] = {}
        self._kept: list[Json] = []
        self._anchors: dict[str, tuple[Json, str, str]] | None = None
        self._dynamic: dict[str, int] = {}
        self._count = 0

    def node(self, value: Json, pointer: str, resource: str = "") -> Node:
        """The node of one schema; the same for the same object."""
        key = (id(value), pointer, resource)
        if key not in self._nodes:
            self._kept.append(value)
            self._count += 1
            node = Node(uid=self._count, pointer=pointer, raw=value, resource=resource)
            self._nodes[key] = node
            if isinstance(value, Mapping):
                self._read(node, value)
            else:
                _read_boolean(node, value)
        return self._nodes[key]

    def synthetic(self, value: Json) -> Node:
        """A node that stands nowhere, for cases that a proof tells apart."""
        return self.node(value, "")

    def _read(self, node: Node, said: Mapping[str, Json]) -> None:
        identifier = said.get("$id", said.get("id") if self._age == 4 else None)
        if isinstance(identifier, str) and not identifier.startswith("#") and not self._is_hidden(said):
            node.resource = urljoin(node.resource, identifier)
        if "$ref" in said:
            self._reference(node, said["$ref"])
            if self._is_hidden(said):
                return
        for keyword, value in said.items():
            if keyword == "$ref":
                continue
            reader = _READERS.get(keyword)
            if reader is None:
                self._other(node, keyword, value)
            elif not reader(self, node, keyword, value):
                node.opaque[keyword] = value
        if self._is_openapi and True in (said.get("nullable"), said.get("x-nullable")):
            self._nullable(node)

    def _is_hidden(self, said: Mapping[str, Json]) -> bool:
        """Whether keywords beside a reference mean nothing."""
        return "$ref" in said and self._age < 2019 and not self._is_openapi

    def _other(self, node: Node, keyword: str, value: Json) -> None:
        if keyword in {"$dynamicRef", "$recursiveRef"}:
            self._dynamic_reference(node, keyword, value)
        elif keyword not in ANNOTATIONS and keyword not in _STRUCTURE and not keyword.startswith("x-"):
            node.unknown[keyword] = value

    def _nullable(self, node: Node) -> None:
        if any(keyword in node.keywords for keyword in ("$ref", "allOf", "anyOf", "oneOf", "not", "const")):
            bare = {keyword: one for keyword, one in node.raw.items() if keyword not in {"nullable", "x-nullable"}}
            node.keywords = {"anyOf": (self.node(bare, node.pointer, node.resource), self.synthetic({"type": "null"}))}
        elif "type" in node.keywords:
            node.keywords["type"] |= {"null"}
            enum = node.keywords.get("enum")
            if enum is not None and None not in enum:
                node.keywords["enum"] = Values((*enum, None))

    # -- references

    def _reference(self, node: Node, reference: Json) -> None:
        node.keywords["$ref"] = None
        if not isinstance(reference, str) or (target := self._target(reference, node.resource)) is None:
            node.opaque["$ref"] = reference
            return
        value, pointer, resource = target
        node.keywords["$ref"] = lambda: self.node(value, pointer, resource)

    def _target(self, reference: str, resource: str) -> tuple[Json, str, str] | None:
        if reference.startswith("#") and (reference == "#" or reference.startswith("#/")) and not resource:
            return self._walk(self.root, "", unquote(reference[1:]), "")
        url, fragment = urldefrag(urljoin(resource, reference) if resource else reference)
        anchors = self._named()
        if not fragment or fragment.startswith("/"):
            base = (self.root, "", "") if url in {"", self._root_id()} else anchors.get(url)
            if base is None:
                return None
            return self._walk(base[0], base[1], unquote(fragment), base[2])
        return anchors.get(f"{url}#{fragment}") or anchors.get(f"#{fragment}")

    def _root_id(self) -> str:
        if not isinstance(self.root, Mapping):
            return ""
        found = self.root.get("$id", self.root.get("id"))
        return urldefrag(found)[0] if isinstance(found, str) else ""

    def _walk(self, value: Json, pointer: str, path: str, resource: str) -> tuple[Json, str, str] | None:
        for token in path.split("/")[1:] if path else []:
            name = unescape(token)
            if isinstance(value, Mapping) and name in value:
                value = value[name]
            elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
                value = value[int(name)]
            else:
                return None
            pointer = f"{pointer}/{token}"
        return value, pointer, resource

    def _named(self) -> dict[str, tuple[Json, str, str]]:
        """What is named by ``$id``, ``$anchor`` or ``$dynamicAnchor``: URI to schema, pointer and resource."""
        if self._anchors is not None:
            return self._anchors
        self._anchors = {}
        waiting: list[tuple[Json, str, str]] = [(self.root, "", "")]
        while waiting:
            value, pointer, resource = waiting.pop()
            if isinstance(value, Mapping):
                resource = self._name(value, pointer, resource)
                waiting.extend((one, f"{pointer}/{escape(str(name))}", resource) for name, one in value.items())
            elif isinstance(value, list):
                waiting.extend((one, f"{pointer}/{place}", resource) for place, one in enumerate(value))
        return self._anchors

    def _name(self, value: Mapping[str, Json], pointer: str, resource: str) -> str:
        anchors = self._anchors if self._anchors is not None else {}
        outside = resource
        for key in ("$id", "id"):
            said = value.get(key)
            if not isinstance(said, str):
                continue
            if said.startswith("#"):
                anchors[f"{resource}{said}"] = (value, pointer, outside)
            else:
                resource = urldefrag(urljoin(resource, said))[0]
                anchors[resource] = (value, pointer, outside)
            break
        for key in ("$anchor", "$dynamicAnchor"):
            if isinstance(said := value.get(key), str):
                anchors[f"{resource}#{said}"] = (value, pointer, outside)
                if key == "$dynamicAnchor":
                    self._dynamic[said] = self._dynamic.get(said, 0) + 1
        if value.get("$recursiveAnchor") is True:
            self._dynamic["$recursive"] = self._dynamic.get("$recursive", 0) + 1
        return resource

    def _dynamic_reference(self, node: Node, keyword: str, value: Json) -> None:
        """As a plain reference where the document leaves no choice, else unreadable."""
        self._named()
        name = value.removeprefix("#") if isinstance(value, str) and keyword == "$dynamicRef" else "$recursive"
        plain = self._dynamic.get(name, 0) <= 1
        target = self._target(value, node.resource) if isinstance(value, str) and plain else None
        if target is None:
            node.opaque[keyword] = value
            return
        found, pointer, resource = target
        node.keywords["$dynamicRef"] = lambda: self.node(found, pointer, resource)
        node.written["$dynamicRef"] = keyword

    # -- keywords

    def child(self, node: Node, value: Json, path: str) -> Node:
        """The node of a schema inside ``node``."""
        return self.node(value, f"{node.pointer}/{path}", node.resource)

    def _type(self, node: Node, _keyword: str, value: Json) -> bool:
        if isinstance(value, str) and value in _OF_TYPE:
            node.keywords["type"] = _OF_TYPE[value]
            return True
        stated = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) and (one in _OF_TYPE or (one == "file" and "2.0" in self.dialect))
                   for one in stated):  # fmt: skip
            return False
        kinds = [_OF_TYPE.get(one, frozenset({"string"})) for one in stated]
        node.keywords["type"] = frozenset().union(*kinds)
        return True

    def _enum(self, node: Node, keyword: str, value: Json) -> bool:
        if keyword == "const":
            if self._age == 4:
                node.unknown["const"] = value
                return True
            node.keywords["const"] = Values((value,))
            return True
        if not isinstance(value, list):
            return False
        node.keywords["enum"] = Values(value)
        return True

    def _number(self, node: Node, keyword: str, value: Json) -> bool:
        if keyword.startswith("exclusive") and isinstance(value, bool):
            return self._older_limit(node, keyword, is_exclusive=value)
        if not is_number(value) or (keyword == "multipleOf" and value <= 0):
            return False
        if keyword in {"minimum", "maximum"} and self._older_exclusive(node, keyword):
            return True
        node.keywords[keyword] = exact(value)
        return True

    def _older_exclusive(self, node: Node, keyword: str) -> bool:
        return node.raw.get(f"exclusive{keyword.capitalize()}") is True

    def _older_limit(self, node: Node, keyword: str, *, is_exclusive: bool) -> bool:
        limit = keyword.removeprefix("exclusive").lower()
        value = node.raw.get(limit)
        if is_exclusive and is_number(value):
            node.keywords[keyword] = exact(value)
            node.written[keyword] = limit
        return True

    def _count_of(self, node: Node, keyword: str, value: Json) -> bool:
        if not is_number(value) or value < 0 or value != int(value):
            return False
        node.keywords[keyword] = int(value)
        return True

    def _flag(self, node: Node, keyword: str, value: Json) -> bool:
        if value is True:
            node.keywords[keyword] = True
        return isinstance(value, bool)

    def _text(self, node: Node, keyword: str, value: Json) -> bool:
        if not isinstance(value, str):
            return False
        node.keywords[keyword] = value
        return True

    def _schema(self, node: Node, keyword: str, value: Json) -> bool:
        if keyword in {"if", "then", "else"} and self._age < 7:
            node.unknown[keyword] = value
            return True
        if keyword.startswith("unevaluated") and self._age < 2019:
            node.unknown[keyword] = value
            return True
        node.keywords[keyword] = self.child(node, value, keyword)
        if keyword == "contains" and self._age >= 2019:
            for limit in ("minContains", "maxContains"):
                if isinstance(found := node.raw.get(limit), int) and not isinstance(found, bool):
                    node.keywords[limit] = found
        return True

    def _limit_of_contains(self, _node: Node, _keyword: str, _value: Json) -> bool:
        return True

    def _schemas(self, node: Node, keyword: str, value: Json) -> bool:
        if not isinstance(value, list):
            return False
        node.keywords[keyword] = tuple(self.child(node, one, f"{keyword}/{place}") for place, one in enumerate(value))
        return True

    def _named_schemas(self, node: Node, keyword: str, value: Json) -> bool:
        if not isinstance(value, Mapping):
            return False
        node.keywords[keyword] = {
            str(name): self.child(node, one, f"{keyword}/{escape(str(name))}") for name, one in value.items()
        }
        return True

    def _items(self, node: Node, keyword: str, value: Json) -> bool:
        if keyword == "prefixItems":
            if self._age < 2020:
                node.unknown[keyword] = value
                return True
            return self._schemas(node, keyword, value)
        if isinstance(value, list):
            node.keywords["prefixItems"] = tuple(
                self.child(node, one, f"items/{place}") for place, one in enumerate(value)
            )
            node.written["prefixItems"] = "items"
            return self._age < 2020
        node.keywords["items"] = self.child(node, value, "items")
        return True

    def _additional_items(self, node: Node, _keyword: str, value: Json) -> bool:
        if isinstance(node.raw.get("items"), list) and self._age < 2020:
            node.keywords["items"] = self.child(node, value, "additionalItems")
            node.written["items"] = "additionalItems"
        return True

    def _required(self, node: Node, _keyword: str, value: Json) -> bool:
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            return isinstance(value, bool)  # draft 3 and a usual slip in OpenAPI: asks nothing
        names = frozenset(value)
        if self._ignores:
            properties = node.raw.get("properties")
            said = properties if isinstance(properties, Mapping) else {}
            names = frozenset(name for name in names if not self._is_ignored(said.get(name), node.resource))
        node.keywords["required"] = names
        return True

    def _is_ignored(self, schema: Json, resource: str) -> bool:
        for _ in range(10):
            if not isinstance(schema, Mapping):
                return False
            if schema.get(self._ignores) is True:
                return True
            reference = schema.get("$ref")
            target = self._target(reference, resource) if isinstance(reference, str) else None
            if target is None:
                return False
            schema, _pointer, resource = target
        return False

    def _dependencies(self, node: Node, keyword: str, value: Json) -> bool:
        if not isinstance(value, Mapping):
            return False
        names = {name: frozenset(one) for name, one in value.items()
                 if isinstance(one, list) and all(isinstance(each, str) for each in one)}  # fmt: skip
        if keyword == "dependentRequired":
            node.keywords[keyword] = names
            return len(names) == len(value)
        if self._age >= 2020 and "openapi" not in self.dialect:
            node.unknown[keyword] = value
            return True
        schemas = {
            name: self.child(node, one, f"dependencies/{escape(str(name))}")
            for name, one in value.items()
            if not isinstance(one, list)
        }
        if names:
            node.keywords["dependentRequired"] = names
            node.written["dependentRequired"] = "dependencies"
        if schemas:
            node.keywords["dependentSchemas"] = schemas
            node.written["dependentSchemas"] = "dependencies"
        return len(names) + len(schemas) == len(value)


_Reader = Callable[[Document, Node, str, Json], bool]
_READERS: Final[dict[str, _Reader]] = {
    "type": Document._type,  # noqa: SLF001 - the table of readers belongs to the class
    "enum": Document._enum,  # noqa: SLF001 - same
    "const": Document._enum,  # noqa: SLF001 - same
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        Document._number,  # noqa: SLF001 - same
    ),
    **dict.fromkeys(_COUNTS, Document._count_of),  # noqa: SLF001 - same
    "uniqueItems": Document._flag,  # noqa: SLF001 - same
    "pattern": Document._text,  # noqa: SLF001 - same
    "format": Document._text,  # noqa: SLF001 - same
    **dict.fromkeys(_SINGLE, Document._schema),  # noqa: SLF001 - same
    **dict.fromkeys(("minContains", "maxContains"), Document._limit_of_contains),  # noqa: SLF001 - same
    **dict.fromkeys(_LISTS, Document._schemas),  # noqa: SLF001 - same
    **dict.fromkeys(_MAPS, Document._named_schemas),  # noqa: SLF001 - same
    "items": Document._items,  # noqa: SLF001 - same
    "prefixItems": Document._items,  # noqa: SLF001 - same
    "additionalItems": Document._additional_items,  # noqa: SLF001 - same
    "required": Document._required,  # noqa: SLF001 - same
    "dependentRequired": Document._dependencies,  # noqa: SLF001 - same
    "dependencies": Document._dependencies,  # noqa: SLF001 - same
}
KNOWN: Final = frozenset(_READERS) | ANNOTATIONS | _STRUCTURE | {"$ref", "$dynamicRef", "$recursiveRef"}
"""Every keyword with a meaning to this engine."""


def is_number(value: Json) -> bool:
    """A JSON number that is finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def exact(value: float) -> Fraction:
    """A number as it is written: 0.1 is a tenth."""
    return Fraction(value) if isinstance(value, int) else Fraction(repr(value))


def _read_boolean(node: Node, value: Json) -> None:
    if value is False:
        node.keywords["type"] = frozenset()
    elif value is not True:
        node.opaque["schema"] = value


def target_of(node: Node) -> Iterator[Node]:
    """What the references of a node lead to."""
    for keyword in ("$ref", "$dynamicRef"):
        follow = node.keywords.get(keyword)
        if follow is not None:
            yield follow()


def double_negation(node: Node) -> Iterator[Node]:
    """What a node says by ``not`` of nothing but ``not``."""
    excluded = node.keywords.get("not")
    if excluded is not None and excluded.keywords.keys() == {"not"} and not excluded.opaque:
        yield excluded.keywords["not"]


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The nodes that an instance must fit at once: the node, what it refers to and its ``allOf``, all the way down.

    Found once for each node, so circles (see :mod:`.json_schema_circles`) have to be cut before.
    """
    if node.at_once is None:
        node.at_once = _conjuncts_now(node)
    return node.at_once


def _conjuncts_now(node: Node) -> tuple[Node, ...]:
    found: dict[int, Node] = {}
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.uid in found:
            continue
        found[one.uid] = one
        waiting.extend(reversed(one.keywords.get("allOf", ())))
        waiting.extend(target_of(one))
        waiting.extend(double_negation(one))
    return tuple(found.values())
