"""The formats of documents that rules are limited to, as Spectral names and detects them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

Test = Callable[[Mapping[str, Any]], bool]
_KINDS: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_DRAFT: Final = re.compile(r"https?://json-schema.org/(?:draft-0([467])|draft/(2019-09|2020-12))/(?:hyper-)?schema#?")


def _version(key: str, expression: str) -> Test:
    compiled = re.compile(expression, re.ASCII)
    return lambda document: key in document and compiled.fullmatch(_text(document[key])) is not None


def _major(key: str, number: str) -> Test:
    """The leading digits, as ECMAScript's parseInt reads them."""
    compiled = re.compile(rf"\s*{number}(?!\d)", re.ASCII)
    return lambda document: key in document and compiled.match(_text(document[key])) is not None


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _schema(document: Mapping[str, Any]) -> bool:
    return "//json-schema.org/" in str(document.get("$schema", ""))


def _draft(number: str) -> Test:
    def is_draft(document: Mapping[str, Any]) -> bool:
        match = _DRAFT.fullmatch(str(document.get("$schema", "")))
        return match is not None and number in {match[1], match[2]}

    return is_draft


def _loose_schema(document: Mapping[str, Any]) -> bool:
    kind = document.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    return (
        _schema(document)
        or all(isinstance(one, str) and one in _KINDS for one in kinds)
        or isinstance(document.get("enum"), list)
        or any(isinstance(document.get(word), dict | list) for word in ("allOf", "oneOf", "anyOf", "not", "if"))
    )


_MINOR: Final = r"{}(?:\.[0-9]*)?"
_FULL: Final = r"{}\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)"


def _async(minor: str) -> Test:
    whole = _version("asyncapi", _FULL.format(minor[0]))
    part = _version("asyncapi", _MINOR.format(re.escape(minor)))
    return lambda document: whole(document) and part(document)


FORMATS: Final[Mapping[str, tuple[str, Test]]] = {
    "oas2": ("OpenAPI 2.0 (Swagger)", _major("swagger", "2")),
    "oas3": ("OpenAPI 3.x", _major("openapi", "3")),
    **{
        f"oas3_{minor}": (f"OpenAPI 3.{minor}.x", _version("openapi", _MINOR.format(rf"3\.{minor}")))
        for minor in range(3)
    },
    "aas2": ("AsyncAPI 2.x", _version("asyncapi", _FULL.format("2"))),
    "aas3": ("AsyncAPI 3.x", _version("asyncapi", _FULL.format("3"))),
    **{
        f"aas{minor.replace('.', '_')}": (f"AsyncAPI {minor}.x", _async(minor))
        for minor in ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.0", "3.1")
    },
    "json-schema": ("JSON Schema", _schema),
    "json-schema-loose": ("JSON Schema (loose)", _loose_schema),
    "json-schema-draft4": ("JSON Schema Draft 4", _draft("4")),
    "json-schema-draft6": ("JSON Schema Draft 6", _draft("6")),
    "json-schema-draft7": ("JSON Schema Draft 7", _draft("7")),
    "json-schema-2019-09": ("JSON Schema Draft 2019-09", _draft("2019-09")),
    "json-schema-2020-12": ("JSON Schema Draft 2020-12", _draft("2020-12")),
    "arazzo1_0": ("Arazzo 1.0.x", _version("arazzo", _MINOR.format(r"1\.0"))),
}
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "asyncapi2": "aas2",
    "asyncApi2": "aas2",
    "json-schema-draft-2019-09": "json-schema-2019-09",
    "json-schema-draft-2020-12": "json-schema-2020-12",
    "oas3.0": "oas3_0",
    "oas3.1": "oas3_1",
    "oas3.2": "oas3_2",
    **{f"aas{minor}": f"aas{minor.replace('.', '_')}" for minor in ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6")},
    **{f"aas{minor}": f"aas{minor.replace('.', '_')}" for minor in ("3.0", "3.1")},
}


def known_format(name: str) -> str | None:
    """The one name of a format, or None for a name that no format has."""
    name = _OTHER_NAMES.get(name, name)
    return name if name in FORMATS else None


def detect(document: Any, among: Iterable[str]) -> frozenset[str]:
    """The formats, of those asked for, that a document has."""
    if not isinstance(document, Mapping):
        return frozenset()
    return frozenset(name for name in among if FORMATS[name][1](document))
