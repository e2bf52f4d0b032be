"""Identifiers: UUIDv7 (RFC 9562 §5.7), ordered by time."""

from __future__ import annotations

import uuid_utils


def new_id() -> str:
    """A fresh UUIDv7 as text."""
    return str(uuid_utils.uuid7())
