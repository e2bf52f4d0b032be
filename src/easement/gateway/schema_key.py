"""The name of a body schema between gateway and decider: by content, so that neither can hold the wrong one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def schema_key(schema: Mapping[str, Any] | bool | None) -> str:  # noqa: FBT001 - true and false are JSON Schemas
    """SHA-256 of the schema's canonical JSON, in hexadecimal."""
    return hashlib.sha256(json.dumps(schema, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
