"""The one model that every interface description is read into.

Schemas are JSON Schema 2020-12 documents whatever they were written in; a reference inside them is always
``{"$ref": "#/$defs/NAME"}`` into :attr:`InterfaceModel.definitions`. Nothing refers outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from easement.contract.kinds import Classification, Tag

Schema = Mapping[str, Any] | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One path, query, header or cookie parameter. ``schema`` describes the decoded value."""

    name: str
    location: Literal["path", "query", "header", "cookie"]
    required: bool
    schema: Schema
    style: str = ""
    explode: bool = False
    media: str = ""
    """The media type of a parameter that is a document of its own (style ``content``)."""
    deprecated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A body: media type (lower case, no parameters) to schema."""

    required: bool
    media: Mapping[str, Schema]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What an operation answers. ``status`` is ``200``, ``2XX`` or ``default``."""

    status: str
    content: Content | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of an API. ``method`` is upper case; ``path`` is an OpenAPI template such as ``/orders/{id}``."""

    id: str
    method: str
    path: str
    title: str = ""
    parameters: tuple[Parameter, ...] = ()
    request: Content | None = None
    responses: tuple[Response, ...] = ()
    secured: bool = False
    deprecated: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One event channel: what messages on it look like."""

    name: str
    address: str
    payload: Schema
    content_type: str = "application/json"
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceModel:
    """An interface as the rest of the product sees it."""

    format: Literal["openapi", "asyncapi"]
    title: str
    version: str
    operations: Mapping[str, Operation] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    definitions: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedField:
    """One leaf or branch of a body. ``classification`` is None where nobody said it: a finding, never public.

    ``path`` is dotted and passes through arrays; ``types`` are JSON types, empty when any.
    """

    path: str
    types: tuple[str, ...]
    leaf: bool
    required: bool
    classification: Classification | None
    category: str = ""
    tags: frozenset[Tag] = frozenset()
