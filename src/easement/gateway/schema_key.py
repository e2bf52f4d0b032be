"""The name of a check between gateway and decider: by content, so that neither can hold the wrong one."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

from easement.plan.model import Route


def check_key(route: Route) -> str:
    """SHA-256 of the canonical JSON of all that the decider checks for the route, in hexadecimal."""
    return _key(
        {
            "body": route.body_schema,
            "body_required": route.body_required,
            "path": route.prefix + route.path if route.decided else "",
            "parameters": [dataclasses.asdict(one) for one in route.decided],
        }
    )


def _key(tree: Any) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
