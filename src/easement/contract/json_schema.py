"""JSON Schemas (2020-12) of the document kinds, for editors, and for what messages say about keys.

The schemas are made from the kinds themselves, so they cannot disagree with what loading accepts.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter

from easement.contract.descriptions import DESCRIPTIONS
from easement.contract.kinds import API_VERSION, KINDS, Document

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ID: Final = "urn:easement:schema:v1:"
_MAX_DEPTH: Final = 8


def schema_of(kind: str) -> dict[str, Any]:
    """The schema of one kind. Raises ``KeyError`` when there is no such kind."""
    definitions = _definitions()
    needed = _reachable(kind, definitions)
    return {
        "$schema": DIALECT,
        "$id": _ID + kind,
        "title": kind,
        "$ref": f"#/$defs/{kind}",
        "$defs": {name: copy.deepcopy(definitions[name]) for name in sorted(needed)},
    }


def schema_of_any() -> dict[str, Any]:
    """The schema of any document: the kind that is written chooses the rules, so editors report against that one."""
    return {
        "$schema": DIALECT,
        "$id": _ID + "Document",
        "title": "Easement document",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "The version of the contract language."},
            "kind": {"enum": list(KINDS), "description": "What the document describes."},
        },
        "allOf": [
            {
                "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
                "then": {"$ref": f"#/$defs/{kind}"},
            }
            for kind in KINDS
        ],
        "$defs": copy.deepcopy(_definitions()),
    }


def known_keys(kind: str, level: Sequence[str | int]) -> tuple[str, ...]:
    """The keys that may stand at ``level`` in a document of ``kind``, sorted."""
    nodes = [_definitions()[kind]]
    for token in level:
        nodes = [child for node in nodes for child in _step(node, token)]
    return tuple(sorted({key for node in nodes for key in node.get("properties", {})}))


def key_paths(kind: str, key: str) -> tuple[str, ...]:
    """Where else in a document of ``kind`` the key is known, dotted, nearest to the root first."""
    return tuple(sorted(_find_key(_definitions()[kind], key, "", 0), key=lambda path: (path.count("."), path)))


@cache
def _definitions() -> dict[str, Any]:
    schema = TypeAdapter(Document).json_schema(by_alias=True)
    definitions: dict[str, Any] = schema["$defs"]
    for name, definition in definitions.items():
        for key, value in definition.get("properties", {}).items():
            value.pop("title", None)
            if description := DESCRIPTIONS.get(f"{name}.{key}"):
                value["description"] = description
        if name in KINDS:
            definition["required"] = ["apiVersion", "kind", *definition.get("required", ())]
            definition["properties"]["apiVersion"].pop("default", None)
            definition["properties"]["kind"].pop("default", None)
    return definitions


def _reachable(kind: str, definitions: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [kind]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(definitions[name]))
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def _step(node: dict[str, Any], token: str | int) -> list[dict[str, Any]]:
    """The schemas of what stands under ``token``, references resolved and alternatives listed."""
    if isinstance(token, int):
        child = node.get("items")
    else:
        child = node.get("properties", {}).get(token, node.get("additionalProperties"))
    return list(_alternatives(child)) if isinstance(child, dict) else []


def _alternatives(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in node:
        yield _definitions()[node["$ref"].rpartition("/")[2]]
    elif "anyOf" in node:
        for option in node["anyOf"]:
            yield from _alternatives(option)
    else:
        yield node


def _find_key(node: dict[str, Any], key: str, path: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    for name, child in node.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        if name == key:
            yield here
        for option in _alternatives(child):
            yield from _find_key(option, key, here, depth + 1)
