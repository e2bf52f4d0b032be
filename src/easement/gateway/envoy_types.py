"""Envoy's configuration as plain JSON trees: how a typed part is written, and the type names that are used."""

from __future__ import annotations

from typing import Any, Final

Tree = dict[str, Any]

JWT_AUTHN: Final = "envoy.filters.http.jwt_authn"
RBAC: Final = "envoy.filters.http.rbac"
ACCESS_CLAIMS: Final = "jwt"
"""Metadata of the token filter: the claims of an access token, which is what grants read."""
OTHER_CLAIMS: Final = "other"
"""The claims of any other token that the issuer signed."""
ACCESS_TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - a type, no secret
"""RFC 9068 §2.1: an access token says so, and ours in this spelling; an ID token or a client assertion is none."""
LOCAL_RATELIMIT: Final = "envoy.filters.http.local_ratelimit"
BUFFER: Final = "envoy.filters.http.buffer"
LUA: Final = "envoy.filters.http.lua"
EXT_AUTHZ: Final = "envoy.filters.http.ext_authz"
INSPECTION: Final = "easement.inspection"
ANSWERS_ONLY: Final = "answers"
"""The contract runtime for routes whose requests need no reading."""
ROUTER: Final = "envoy.filters.http.router"


def typed(message: str, /, **body: Any) -> Tree:
    """A ``google.protobuf.Any`` in JSON: ``message`` is its name without its ``type.googleapis.com/``."""
    return {"@type": f"type.googleapis.com/{message}", **body}


def http_filter(name: str, message: str, /, *, disabled: bool = False, **body: Any) -> Tree:
    """An HTTP filter; where ``disabled``, only routes with configuration of their own run it."""
    tree: Tree = {"name": name, "typed_config": typed(f"envoy.extensions.filters.http.{message}", **body)}
    if disabled:
        tree["disabled"] = True
    return tree


def seconds(milliseconds: int) -> str:
    """A protobuf duration."""
    return f"{milliseconds / 1000:.3f}s"
