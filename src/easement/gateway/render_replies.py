"""Answers of Envoy's own as problem documents (RFC 9457), each with a stable code and the transaction id."""

from __future__ import annotations

import json
from typing import Any, Final

from easement.gateway.envoy_types import ACCESS_CLAIMS, JWT_AUTHN, Tree, typed
from easement.gateway.refusals import CODE_HEADER, PASSED_ON, REFUSALS, TRANSACTION_HEADER, Refusal

PROBLEM: Final = "application/problem+json"
_OVERWRITE: Final = "OVERWRITE_IF_EXISTS_OR_ADD"


def local_replies() -> Tree:
    """``local_reply_config`` of a listener."""
    mappers = [_passed_on(), *(_mapper(refusal) for refusal in REFUSALS)]
    return {"mappers": mappers, "body_format": _body("EAS-5407", "Refused", "The gateway refused the request.")}


def header(name: str, value: str) -> Tree:
    """A header that overwrites. ``%`` in ``value`` starts a command of Envoy's."""
    return {"header": {"key": name, "value": value}, "append_action": _OVERWRITE}


def security_headers() -> list[Tree]:
    """Headers that browsers and caches heed, on every answer."""
    return [
        header("strict-transport-security", "max-age=31536000"),
        header("x-content-type-options", "nosniff"),
    ]


def _passed_on() -> Tree:
    return {
        "filter": {"or_filter": {"filters": [_details(word) for word in PASSED_ON]}},
        "body_format_override": _as_written(),
        "headers_to_add": [_transaction(), *security_headers()],
    }


def _mapper(refusal: Refusal) -> Tree:
    filters: list[Tree] = [_status(refusal.status)]
    if refusal.details:
        filters.append(_any([_details(prefix) for prefix in refusal.details]))
    if refusal.with_header:
        sent = {"name": refusal.with_header, "present_match": True}
        filters += [{"header_filter": {"header": sent}}, _without_token()]
    status = refusal.answers or refusal.status
    mapper: Tree = {
        "filter": filters[0] if len(filters) == 1 else {"and_filter": {"filters": filters}},
        "body_format_override": _as_written()
        if refusal.is_written
        else _body(refusal.code, refusal.title, refusal.detail),
        "headers_to_add": [
            header(CODE_HEADER, refusal.code),
            header(TRANSACTION_HEADER, "%UNIQUE_ID%") if refusal.is_early else _transaction(),
            *security_headers(),
            *(header(name, value) for name, value in refusal.headers),
            *(header(name, f"%METADATA(ROUTE:easement:{key})%") for name, key in refusal.headers_of_route),
        ],
    }
    if status != refusal.status:
        mapper["status_code"] = status
    return mapper


def _without_token() -> Tree:
    path = [{"key": ACCESS_CLAIMS}, {"key": "client_id"}]
    matcher = {"filter": JWT_AUTHN, "path": path, "value": {"present_match": True}, "invert": True}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": True}}


def _as_written() -> Tree:
    return {"text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"}, "content_type": PROBLEM}


def _body(code: str, title: str, detail: str) -> Tree:
    document: dict[str, Any] = {
        "type": f"urn:easement:problem:{code}",
        "title": title,
        "status": "%RESPONSE_CODE%",
        "code": code,
        "detail": detail,
        "instance": f"urn:uuid:%RESP({TRANSACTION_HEADER})%",
    }
    text = json.dumps(document).replace('"%RESPONSE_CODE%"', "%RESPONSE_CODE%")
    return {"text_format_source": {"inline_string": text}, "content_type": PROBLEM}


def _transaction() -> Tree:
    return header(TRANSACTION_HEADER, "%REQ(X-REQUEST-ID)%")


def _any(filters: list[Tree]) -> Tree:
    return filters[0] if len(filters) == 1 else {"or_filter": {"filters": filters}}


def _status(status: int) -> Tree:
    return {
        "status_code_filter": {
            "comparison": {"op": "EQ", "value": {"default_value": status, "runtime_key": "easement.never_set"}}
        }
    }


def _details(prefix: str) -> Tree:
    return {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": typed(
                "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
                expression=f'has(response.code_details) && response.code_details.startsWith("{prefix}")',
            ),
        }
    }
