"""The access log: one line for each request, names and numbers only (read by :mod:`easement.gateway.log_line`)."""

from __future__ import annotations

from typing import Final

from easement.gateway.envoy_types import ACCESS_CLAIMS, EXT_AUTHZ, JWT_AUTHN, OTHER_CLAIMS, RBAC, Tree, typed
from easement.gateway.refusals import CODE_HEADER, TRANSACTION_HEADER, VERDICT_HEADER
from easement.gateway.render_api_keys import METADATA as KEY_METADATA
from easement.gateway.waf_finding import FINDING_HEADER

PLAN_SEPARATOR: Final = "/"
"""In the names of routes: plan hash, separator, route id."""
TRIED_PATH_HEADER: Final = "x-easement-path"
"""On answers to unknown paths: what was asked, without the query; nothing else of a path is ever logged."""

SERVED_SEPARATOR: Final = "\x1f"
"""Between the fields of a short line: no header's value may hold a control character (RFC 9110 §5.5), no name of ours
does, and the contract runtime replaces those in the names that a target invents."""
SERVED_MARK: Final = "S1"
"""First field of a short line; a long one starts with a brace."""

_ALWAYS: Final = {
    "start": "%START_TIME(%s%3f)%",
    "transaction": "%REQ(X-REQUEST-ID)%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "route": "%ROUTE_NAME%",
    "grant": f"%DYNAMIC_METADATA({RBAC}:enforced_effective_policy_id)%",
    "remote": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "forwarded_us": "%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:us)%",
    "responded_us": "%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:us)%",
    "completed_us": "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
    "correlation": "%REQ(X-CORRELATION-ID):128%",
    "traceparent": "%REQ(TRACEPARENT):55%",
}
_SERVED: Final = {**_ALWAYS, "removed": "%DYNAMIC_METADATA(easement:removed)%"}
_REFUSED: Final[Tree] = {
    **_ALWAYS,
    "runtime": "%DYNAMIC_METADATA(easement)%",
    "answered": f"%RESP({TRANSACTION_HEADER})%",
    "method": "%REQ(:METHOD):16%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "code": f"%RESP({CODE_HEADER})%",
    "tried": f"%RESP({TRIED_PATH_HEADER}):256%",
    "decided": f"%DYNAMIC_METADATA({EXT_AUTHZ}:{VERDICT_HEADER}):256%",
    "finding": f"%DYNAMIC_METADATA({EXT_AUTHZ}:{FINDING_HEADER}):256%",
    "client": f"%DYNAMIC_METADATA({JWT_AUTHN}:{ACCESS_CLAIMS}:client_id):128%",
    "key_client": f"%DYNAMIC_METADATA({KEY_METADATA}:client):63%",
    "other_client": f"%DYNAMIC_METADATA({JWT_AUTHN}:{OTHER_CLAIMS}:client_id):128%",
}
SERVED_FIELDS: Final = tuple(_SERVED)
"""The fields of a short line after its mark, in order."""


def access_log(path: str) -> list[Tree]:
    """``access_log`` of the data-plane listener: a short line for what was served, all there is for the rest.

    The rest is what was refused, and what was served although its inspection found something.

    What the short line leaves out follows from grant and route. It is text between separators, because Envoy's JSON
    formatter takes a slow path as soon as one value comes from metadata: 52,000 instructions a line against 11,000.
    """
    served = {"and_filter": {"filters": [_status("GE", 200), _status("LE", 399), _found(is_so=False)]}}
    refused = {"or_filter": {"filters": [_status("LE", 199), _status("GE", 400), _found(is_so=True)]}}
    line = SERVED_SEPARATOR.join((SERVED_MARK, *_SERVED.values())) + "\n"
    return [
        _logger(path, {"text_format_source": {"inline_string": line}}, served),
        _logger(path, {"json_format": _REFUSED}, refused),
    ]


def _logger(path: str, log_format: Tree, only: Tree) -> Tree:
    return {
        "name": "envoy.access_loggers.file",
        "filter": only,
        "typed_config": typed(
            "envoy.extensions.access_loggers.file.v3.FileAccessLog",
            path=path,
            log_format={**log_format, "omit_empty_values": True},
        ),
    }


def _found(*, is_so: bool) -> Tree:
    """Whether an inspection found something, or whether none did. Envoy heeds no ``invert`` here."""
    finding = {"filter": EXT_AUTHZ, "path": [{"key": FINDING_HEADER}], "value": {"present_match": is_so}}
    return {"metadata_filter": {"matcher": finding, "match_if_key_not_found": not is_so}}


def _status(operator: str, status: int) -> Tree:
    value = {"default_value": status, "runtime_key": "easement.never_set"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}
