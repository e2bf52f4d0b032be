"""Revoked tokens at the gateway: a filter before all grants, fed by a file of its own.

The file is watched by Envoy and exchanged whole. It belongs to no route and no listener, so a revocation costs the
same with ten operations and with ten thousand, and drains nothing.
"""

from __future__ import annotations

from typing import Final

from easement.gateway.envoy_types import ACCESS_CLAIMS, JWT_AUTHN, Tree, typed
from easement.gateway.place import GatewayPlace
from easement.gateway.watched_files import filter_file, watched_filter
from easement.store.revocations import NOTHING_REVOKED, Revocations

REVOCATIONS: Final = "revoked.json"
FILTER: Final = "easement.revoked"
POLICY: Final = "revoked"
"""In the response code details of a refusal, by which its kind is told (:mod:`easement.gateway.refusals`)."""
_RBAC: Final = "envoy.extensions.filters.http.rbac.v3.RBAC"


def revocation_filter(place: GatewayPlace, *, live: bool) -> Tree:
    """The HTTP filter. A configuration that watches no files (``live`` False) knows of no revocation."""
    if not live:
        return {"name": FILTER, "typed_config": _rules(NOTHING_REVOKED)}
    return watched_filter(FILTER, place.live / REVOCATIONS, _RBAC)


def revocation_file(revocations: Revocations) -> bytes:
    """What the filter reads."""
    return filter_file(FILTER, _rules(revocations))


def _rules(revocations: Revocations) -> Tree:
    tokens = [_claim("jti", {"string_match": {"exact": token}}) for token in sorted(revocations.tokens)]
    accounts = [_issued_until(client, second) for client, second in sorted(revocations.accounts.items())]
    principals = [*tokens, *accounts]
    policies = {POLICY: {"permissions": [{"any": True}], "principals": principals}} if principals else {}
    return typed(_RBAC, rules={"action": "DENY", "policies": policies})


def _issued_until(client: str, second: int) -> Tree:
    issued = _claim("iat", {"double_match": {"range": {"start": 0, "end": second + 1}}})
    return {"and_ids": {"ids": [_claim("client_id", {"string_match": {"exact": client}}), issued]}}


def _claim(name: str, value: Tree) -> Tree:
    path = [{"key": ACCESS_CLAIMS}, {"key": name}]
    return {"sourced_metadata": {"metadata_matcher": {"filter": JWT_AUTHN, "path": path, "value": value}}}
