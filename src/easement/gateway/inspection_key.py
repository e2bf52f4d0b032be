"""The name of an inspection between gateway and decider: by content, so that neither can hold the wrong one."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Final

from easement.plan.model import Route

INSPECT_PREFIX: Final = "/inspect/"
KEY_LENGTH: Final = 64
GRANT_HEADER: Final = "x-easement-grant"
"""To the decider: the integration whose grant let the request in. Envoy strips ``x-easement-*`` from callers."""


def inspection_key(route: Route) -> str:
    """SHA-256 of the canonical JSON of what each grant of the route asks for, in hexadecimal."""
    tree = {
        grant.integration: None if grant.inspection is None else dataclasses.asdict(grant.inspection)
        for grant in route.grants
    }
    return hashlib.sha256(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
