"""Engines for payloads that are no JSON Schema, by the name of their format."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

from easement.interfaces.compatibility.avro_compare import compare_avro
from easement.interfaces.compatibility.policy import Policy
from easement.interfaces.compatibility.verdict import Direction, Verdict


class PayloadEngine(Protocol):
    """Compares two schemas of one foreign format."""

    def __call__(self, old: Any, new: Any, *, direction: Direction, policy: Policy) -> tuple[Verdict, ...]:
        """Every change; positions are relative to the schema. A schema is bytes, text, or JSON where it is inline.

        Raises :class:`~easement.interfaces.compatibility.foreign.UnreadableSchemaError`.
        """


ENGINES: Final[Mapping[str, PayloadEngine]] = MappingProxyType({"avro": compare_avro})
"""Format (``avro``, ``protobuf``) to engine. A payload in a format without one is breaking as soon as it differs."""

FORMATS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "application/vnd.apache.avro": "avro",
        "application/vnd.apache.avro+json": "avro",
        "application/vnd.apache.avro+yaml": "avro",
        "application/vnd.google.protobuf": "protobuf",
    }
)
"""``schemaFormat`` without its version to the name of the format."""
