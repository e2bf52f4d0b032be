"""The published schemas of AsyncAPI, made ready for whole documents and for payloads."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from typing import Any, Final

from easement.standards.spectral.published import by_id, metaschemas, published
from easement.standards.spectral.schema_check import Check, Compiler, Library

VERSIONS: Final = ("3.1.0", "3.0.0", "2.6.0", "2.5.0", "2.4.0", "2.3.0", "2.2.0", "2.1.0", "2.0.0")
LATEST: Final = VERSIONS[0]
_ANY_3: Final = r"^3\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$"
_OF_JSON_SCHEMA: Final = ("http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-04/schema")


def version_of(formats: Collection[str]) -> tuple[str, bool] | None:
    """The version whose schema applies, and whether it is only the nearest one; None for no AsyncAPI document."""
    for version in VERSIONS:
        major, minor, _ = version.split(".")
        if f"aas{major}_{minor}" in formats:
            return version, False
    return (LATEST, True) if "aas3" in formats else None


@cache
def asyncapi_check(version: str, *, resolved: bool, fallback: bool) -> Check:
    """What is wrong with a document of a version; every error."""
    schema = _copy(version)
    if fallback:
        del schema["properties"]["asyncapi"]["const"]
        schema["properties"]["asyncapi"]["pattern"] = _ANY_3
    if resolved and version.startswith("3."):
        _expect_resolved(schema["definitions"], version)
    library = Library({**metaschemas(), **by_id(schema)})
    return Compiler(schema, "draft7", every=True, known_schemas=library).compile()


@cache
def payload_check(version: str) -> Check:
    """What is wrong with a payload as a schema of AsyncAPI; every error."""
    definitions = _copy(version)["definitions"]
    schema = {"$ref": f"http://asyncapi.com/definitions/{version}/schema.json", "definitions": definitions}
    library = Library({**metaschemas(), **by_id(definitions)})
    return Compiler(schema, "draft7", every=True, known_schemas=library).compile()


def _copy(version: str) -> Any:
    schema = json.loads(json.dumps(published(f"asyncapi-{version}")[0]))
    for address in _OF_JSON_SCHEMA:
        schema["definitions"].pop(address, None)
    return schema


def _expect_resolved(definitions: Any, version: str) -> None:
    """Version 3 asks for references in some places; a resolved document has the objects themselves there."""

    def address(name: str) -> str:
        return f"http://asyncapi.com/definitions/{version}/{name}.json"

    definitions[address("channel")]["properties"]["servers"]["items"]["$ref"] = address("server")
    for name in ("operation", "operationReply"):
        properties = definitions[address(name)]["properties"]
        properties["channel"]["$ref"] = address("channel")
        properties["messages"]["items"]["$ref"] = address("messageObject")
