"""A plan as canonical JSON, and its name: the SHA-256 of those bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from pydantic import TypeAdapter

from easement.plan.model import Plan

_PLAN: Final = TypeAdapter(Plan)


def encode_plan(plan: Plan) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8. Equal plans give equal bytes."""
    tree = _PLAN.dump_python(plan, mode="json")
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode_plan(data: bytes) -> Plan:
    """Read what :func:`encode_plan` wrote. Raises ``ValueError`` on anything else."""
    return _PLAN.validate_json(data)


def plan_hash(data: bytes) -> str:
    """The name of an encoded plan: 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
