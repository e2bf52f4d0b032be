"""The inspection of requests in Envoy: a filter of its own, which shows the decider the whole request.

It stands after tokens, limits and grants, so that only callers with a contract cost what inspection costs, and after
the contract runtime, so that what does not fit its contract is refused for less.
"""

from __future__ import annotations

from typing import Final

from easement.gateway.decided_headers import TARGET_HEADER
from easement.gateway.envoy_types import INSPECTION, RBAC, Tree, http_filter, typed
from easement.gateway.inspection_key import GRANT_HEADER, INSPECT_PREFIX, inspection_key
from easement.gateway.refusals import CODE_HEADER, VERDICT_HEADER
from easement.gateway.render_clusters import DECIDER_CLUSTER
from easement.gateway.route_contract import reads_body
from easement.gateway.waf_finding import FINDING_HEADER
from easement.plan.model import Route

_GRANT: Final = f"%DYNAMIC_METADATA({RBAC}:enforced_effective_policy_id)%"
_SERVER: Final = {"uri": "http://127.0.0.1/", "cluster": DECIDER_CLUSTER, "timeout": "3s"}


def inspection_filter() -> Tree:
    """Run only by routes that are inspected. Every header is shown, for every header may reach the target."""
    return http_filter(
        INSPECTION,
        "ext_authz.v3.ExtAuthz",
        disabled=True,
        transport_api_version="V3",
        failure_mode_allow=False,
        status_on_error={"code": "ServiceUnavailable"},
        with_request_body={"max_request_bytes": 1, "allow_partial_message": False},
        allowed_headers={"patterns": [{"safe_regex": {"regex": ".+"}}]},
        disallowed_headers={"patterns": [{"exact": "authorization"}]},
        http_service={"server_uri": _SERVER, "path_prefix": f"{INSPECT_PREFIX}none"},
    )


def inspection_of_route(route: Route) -> Tree:
    """The part of one route: which inspection, and how much of a body; more than that is refused, never cut."""
    body: Tree = {"disable_request_body_buffering": True}
    if reads_body(route):
        size = max(1, route.max_body_bytes)
        body = {"with_request_body": {"max_request_bytes": size, "allow_partial_message": False}}
    added = [{"key": TARGET_HEADER, "value": "%REQ(:path)%"}, {"key": GRANT_HEADER, "value": _GRANT}]
    service = {
        "server_uri": _SERVER,
        "path_prefix": f"{INSPECT_PREFIX}{inspection_key(route)}",
        "authorization_request": {"headers_to_add": added},
        "authorization_response": {
            "allowed_client_headers": {"patterns": [{"exact": "content-type"}, {"exact": CODE_HEADER}]},
            "dynamic_metadata_from_headers": {"patterns": [{"exact": VERDICT_HEADER}, {"exact": FINDING_HEADER}]},
        },
    }
    return typed(
        "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute", check_settings={**body, "http_service": service}
    )
