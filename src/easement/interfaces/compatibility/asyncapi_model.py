"""What of an AsyncAPI description of any version is compared, in the words of AsyncAPI 3.

Directions are the consumer's: where the described application receives, the consumer publishes, and the reverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from easement.interfaces.compatibility.openapi_model import Alternative, Texts
from easement.interfaces.compatibility.verdict import Direction
from easement.interfaces.sources import Found, Location


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePart:
    """A message; ``format`` is the ``schemaFormat`` of its payload, lower case, empty for AsyncAPI's own."""

    key: str
    name: str
    payload: Found
    format: str
    headers: Found
    content_type: str
    correlation: Any = None
    bindings: Any = None
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPart:
    """The answer to a message."""

    address: Any
    channel: str
    messages: Mapping[str, MessagePart]
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPart:
    """All that the consumer does in one direction on one channel."""

    direction: Direction
    names: tuple[str, ...]
    messages: Mapping[str, MessagePart]
    security: tuple[Alternative, ...] = ()
    bindings: Any = None
    reply: ReplyPart | None = None
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressParameter:
    """A parameter of an address."""

    schema: Found
    location: str
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPart:
    """A channel. Without ``actions`` nothing is said about who sends: both directions are possible."""

    name: str
    address: str
    messages: Mapping[str, MessagePart]
    actions: Mapping[Direction, ActionPart]
    parameters: Mapping[str, AddressParameter] = field(default_factory=dict)
    bindings: Any = None
    servers: tuple[str, ...] = ()
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPart:
    """A server."""

    name: str
    address: str
    protocol: str
    security: tuple[Alternative, ...] = ()
    bindings: Any = None
    texts: Texts = ()
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsPart:
    """A whole description."""

    version: str
    channels: Mapping[str, ChannelPart]
    servers: Mapping[str, ServerPart]
    texts: Texts = ()
    at: Location
