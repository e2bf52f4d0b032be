"""What of an OpenAPI description of any version is compared. Everything knows where it stands in its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from easement.interfaces.sources import Found, Location

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Texts = tuple[Any, ...]
"""Descriptions, examples and the like: what no call depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterPart:
    """A parameter; ``key`` is its name, lower case for headers, the number of the placeholder for paths."""

    name: str
    location: str
    key: str
    required: bool
    schema: Found
    style: str
    media_type: str = ""
    allow_reserved: bool = False
    allow_empty: bool = False
    deprecated: bool = False
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPart:
    """A body in one media type (lower case)."""

    name: str
    schema: Found
    encoding: Mapping[str, Any] = field(default_factory=dict)
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPart:
    """A request body."""

    required: bool
    media: Mapping[str, MediaPart]
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPart:
    """A header of an answer."""

    name: str
    required: bool
    schema: Found
    style: str
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePart:
    """An answer; ``status`` is ``200``, ``2XX`` or ``default``."""

    status: str
    media: Mapping[str, MediaPart]
    headers: Mapping[str, HeaderPart]
    links: Mapping[str, Any]
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An address: ``url`` with variables in braces, and their values (the default first)."""

    url: str
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeUse:
    """One scheme that a call must satisfy. ``facts`` decide how credentials are sent, ``addresses`` where from."""

    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    flows: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """OAuth flow to the scopes that it offers."""
    scopes: frozenset[str] = frozenset()
    """What this call needs."""
    texts: Texts = ()
    at: Location


Alternative = Mapping[str, SchemeUse]
"""Schemes that must all be satisfied; none means that anybody may call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPart:
    """One operation, of the API or called back. ``is_named`` says that ``id`` was given, not made from the path."""

    id: str
    is_named: bool
    method: str
    path: str
    parameters: tuple[ParameterPart, ...]
    body: BodyPart | None
    responses: tuple[ResponsePart, ...]
    callbacks: Mapping[tuple[str, str], OperationPart]
    security: tuple[Alternative, ...]
    servers: tuple[Server, ...] | None
    deprecated: bool
    sunset: str
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPart:
    """A whole description. Operations are known by method and path, webhooks by method and name."""

    version: str
    dialect: str
    operations: Mapping[tuple[str, str], OperationPart]
    webhooks: Mapping[tuple[str, str], OperationPart]
    servers: tuple[Server, ...]
    texts: Texts = ()
    at: Location
