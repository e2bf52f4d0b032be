"""The access log: one JSON line for each request, names and numbers only (read by :mod:`easement.gateway.log_line`)."""

from __future__ import annotations

from typing import Final

from easement.gateway.envoy_types import JWT_AUTHN, RBAC, Tree, typed
from easement.gateway.refusals import CODE_HEADER, TRANSACTION_HEADER

ROUTE_METADATA: Final = "easement"
TRIED_PATH_HEADER: Final = "x-easement-path"
"""On answers to unknown paths: what was asked, without the query; nothing else of a path is ever logged."""

_FORMAT: Final[Tree] = {
    "start": "%START_TIME(%s%3f)%",
    "transaction": "%REQ(X-REQUEST-ID)%",
    "answered": f"%RESP({TRANSACTION_HEADER})%",
    "correlation": "%REQ(X-CORRELATION-ID):128%",
    "traceparent": "%REQ(TRACEPARENT):55%",
    "method": "%REQ(:METHOD):16%",
    "status": "%RESPONSE_CODE%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "code": f"%RESP({CODE_HEADER})%",
    "tried": f"%RESP({TRIED_PATH_HEADER}):256%",
    "plan": f"%METADATA(ROUTE:{ROUTE_METADATA}:plan)%",
    "route": "%ROUTE_NAME%",
    "client": f"%DYNAMIC_METADATA({JWT_AUTHN}:jwt:client_id):128%",
    "grant": f"%DYNAMIC_METADATA({RBAC}:enforced_effective_policy_id)%",
    "verdict": "%DYNAMIC_METADATA(easement:verdict):256%",
    "removed": "%DYNAMIC_METADATA(easement:removed)%",
    "remote": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "forwarded_us": "%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:us)%",
    "responded_us": "%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:us)%",
    "completed_us": "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
}


def access_log(path: str) -> list[Tree]:
    """``access_log`` of the data-plane listener."""
    return [
        {
            "name": "envoy.access_loggers.file",
            "typed_config": typed(
                "envoy.extensions.access_loggers.file.v3.FileAccessLog",
                path=path,
                log_format={"json_format": _FORMAT, "omit_empty_values": True},
            ),
        }
    ]
