"""Who has used up the quota of the day, as the control plane serves it and the gateways keep it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

UsedQuotas = Mapping[str, int]
"""Integration → the second since the epoch at which its calls count anew."""

NOTHING_USED_UP: Final[UsedQuotas] = MappingProxyType({})


def encode_used_quotas(used: UsedQuotas) -> bytes:
    """Canonical JSON: equal lists give equal bytes."""
    return json.dumps(dict(used), sort_keys=True, separators=(",", ":")).encode()


def decode_used_quotas(data: bytes) -> UsedQuotas:
    """Read what :func:`encode_used_quotas` wrote. Raises ``ValueError`` when it is damaged."""
    tree: Any = json.loads(data)
    if not isinstance(tree, dict) or not all(type(second) is int for second in tree.values()):
        raise ValueError("not seconds by integration")
    return tree
