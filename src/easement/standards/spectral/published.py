"""The JSON Schemas of published formats that are shipped with the product: OpenAPI, AsyncAPI and JSON Schema itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from easement.standards.spectral.schema_check import Check, Compiler, Library
from easement.standards.spectral.schema_error import SchemaError

DIALECTS: Final[Mapping[str, str]] = {
    "draft4": "json-schema-draft-04",
    "draft6": "json-schema-draft-06",
    "draft7": "json-schema-draft-07",
    "draft2019-09": "json-schema-2019-09",
    "draft2020-12": "json-schema-2020-12",
}
_ADDRESSES: Final[Mapping[str, str]] = {
    "http://json-schema.org/draft-04/schema": "draft4",
    "http://json-schema.org/draft-06/schema": "draft6",
    "http://json-schema.org/draft-07/schema": "draft7",
    "https://json-schema.org/draft/2019-09/schema": "draft2019-09",
    "https://json-schema.org/draft/2020-12/schema": "draft2020-12",
}
# The validator of one dialect knows the metaschemas of its family only.
_OLD: Final = frozenset({"draft4", "draft6", "draft7"})
_FAMILIES: Final[Mapping[str, frozenset[str]]] = {
    "draft4": frozenset({"draft4"}),
    "draft6": _OLD,
    "draft7": _OLD,
    "draft2019-09": frozenset({"draft2019-09"}),
    "draft2020-12": frozenset({"draft2020-12"}),
}
_OPENAPI_META: Final = {
    "openapi-3.1": "https://stoplight.io/json-schema/draft/2020-12",
    "openapi-3.2": "https://spec.openapis.org/oas/3.2/dialect/2025-09-17",
}


@cache
def published(name: str) -> tuple[Any, ...]:
    """The schemas of one file: the main one first."""
    text = files("easement.standards.spectral").joinpath("schemas", f"{name}.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))


def by_id(*schemas: Any) -> dict[str, Any]:
    """Schemas by their ``$id``, those inside of them included."""
    found: dict[str, Any] = {}
    pending: list[Any] = list(schemas)
    while pending:
        schema = pending.pop()
        if isinstance(schema, dict):
            if isinstance(own := schema.get("$id", schema.get("id")), str):
                found.setdefault(own.removesuffix("#"), schema)
            pending.extend(schema.values())
        elif isinstance(schema, list):
            pending.extend(schema)
    return found


@cache
def metaschemas() -> Mapping[str, Any]:
    """Every shipped metaschema by address."""
    found: dict[str, Any] = {}
    for name in DIALECTS.values():
        for schema in published(name):
            found[str(schema.get("$id", schema.get("id", ""))).removesuffix("#")] = schema
    return found


@cache
def openapi_check(name: str) -> Check:
    """What is wrong with an OpenAPI document under ``openapi-3.0`` and the like; every error."""
    main, *others = published(name)
    # The schemas refer to a draft-04 of their own, written in 2020-12, that takes the address of the published one.
    library = Library({**metaschemas(), **by_id(main, *others)}, _dynamic(name))
    return Compiler(main, "draft2020-12", every=True, known_schemas=library).compile()


def _dynamic(name: str) -> tuple[str, str] | None:
    return ("meta", _OPENAPI_META[name]) if name in _OPENAPI_META else None


def named_dialect(address: str) -> str | None:
    """The dialect that a ``$schema`` names."""
    return _ADDRESSES.get(address.removesuffix("#"))


def meta_check(dialect: str) -> Check:
    """What is wrong with a schema under its metaschema; the first error. It remembers values: keep it for one run."""
    main = published(DIALECTS[dialect])[0]
    old = dialect == "draft4"
    library = Library(metaschemas(), None if old else ("meta", str(main.get("$id", "")).removesuffix("#")))
    return Compiler(main, dialect, known_schemas=library, remembers=True).compile()


def reject_unless_schema(schema: Any, dialect: str, checks: dict[str, Check]) -> None:
    """Raise SchemaError, worded as Ajv does, where ``schema`` is no schema of the dialect.

    ``checks`` keeps the metaschemas of one run, by dialect.
    """
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if named is not None and not isinstance(named, str):
        raise SchemaError("$schema must be a string")
    known = "draft7" if dialect == "draft6" else dialect
    if named:
        known = named_dialect(named) or ""
        if known not in _FAMILIES[dialect]:
            raise SchemaError(f'no schema with key or ref "{named}"')
    if known not in checks:
        checks[known] = meta_check(known)
    if errors := checks[known](schema):
        raise SchemaError("schema is invalid: " + ", ".join(f"data{error.path} {error.message}" for error in errors))
