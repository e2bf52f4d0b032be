"""Issuers outside: one more provider of tokens for each, with its claims under a name of their own.

A grant for a system of an outside issuer reads the claims of that provider alone, a grant of ours those of our own
access tokens alone. So a token never stands for a client of another issuer, whatever its claims say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from easement.gateway.envoy_types import JWT_AUTHN, Tree
from easement.gateway.render_clusters import issuer_cluster_name
from easement.plan.model import OutsideIdentity, Plan

_KEYS_KEPT: Final = "300s"
"""After so long keys are fetched anew: a key that the issuer has turned over is known at the latest then."""


def outside_providers(plan: Plan) -> Mapping[str, tuple[OutsideIdentity, ...]]:
    """The identities that grants of the plan name, by provider."""
    found: dict[str, set[OutsideIdentity]] = {}
    for route in plan.routes:
        for grant in route.grants:
            if grant.outside is not None:
                found.setdefault(grant.outside.provider, set()).add(grant.outside)
    return {name: tuple(sorted(found[name], key=lambda one: (one.audience, one.value))) for name in sorted(found)}


def provider(name: str, identities: Iterable[OutsideIdentity], shared: Tree) -> Tree:
    """A provider of ``jwt_authn``. ``shared`` is what all providers have: where the token stands, skew, an end.

    Keys are fetched ahead and kept; while there are none, every token of the issuer is refused.
    """
    known = tuple(identities)
    return {
        **shared,
        "issuer": known[0].issuer,
        "audiences": sorted({one.audience for one in known}),
        "payload_in_metadata": name,
        "remote_jwks": {
            "http_uri": {"uri": known[0].jwks, "cluster": issuer_cluster_name(name), "timeout": "5s"},
            "cache_duration": _KEYS_KEPT,
            "async_fetch": {"fast_listener": True, "failed_refetch_duration": "1s"},
        },
    }


def outside_principals(identity: OutsideIdentity) -> Iterable[Tree]:
    """What a token must say to stand for this identity."""
    yield _claim(identity.provider, identity.claim, {"string_match": {"exact": identity.value}})
    audience = {"string_match": {"exact": identity.audience}}
    either = {"or_match": {"value_matchers": [audience, {"list_match": {"one_of": audience}}]}}
    yield _claim(identity.provider, "aud", either)
    yield {"not_id": _claim(identity.provider, "cnf", {"present_match": True})}


def _claim(metadata: str, name: str, value: Tree) -> Tree:
    path = [{"key": metadata}, {"key": name}]
    return {"sourced_metadata": {"metadata_matcher": {"filter": JWT_AUTHN, "path": path, "value": value}}}
