"""What callers of an ending interface version get: headers on every answer of its operations, and in the end 410."""

from __future__ import annotations

import json
from typing import Any

from easement.gateway.envoy_types import RBAC, Tree
from easement.gateway.refusals import GONE
from easement.gateway.render_access_log import PLAN_SEPARATOR
from easement.gateway.render_grants import anybody
from easement.gateway.render_replies import PROBLEM, header
from easement.plan.model import Notice
from easement.plan.notices import gateway_prefix, http_date, notice_headers


def with_notice(route: Tree, notice: Notice | None) -> Tree:
    """A route whose answers carry the notice."""
    if notice is None:
        return route
    return {**route, "response_headers_to_add": [*route.get("response_headers_to_add", ()), *_headers(notice)]}


def gone(notice: Notice, plan_hash: str) -> Tree:
    """The matcher action for everything below the prefix of a version that has ended: 410, whoever asks."""
    route: Tree = {
        "name": f"{plan_hash}{PLAN_SEPARATOR}{notice.interface}",
        "match": {"prefix": "/"},
        "direct_response": {"status": 410, "body_format": _problem(notice)},
        "response_headers_to_add": _headers(notice),
        "typed_per_filter_config": {RBAC: anybody()},
    }
    route["@type"] = "type.googleapis.com/envoy.config.route.v3.Route"
    return {"action": {"name": gateway_prefix(notice.interface), "typed_config": route}}


def _headers(notice: Notice) -> list[Tree]:
    successor = f"{gateway_prefix(notice.successor)}/" if notice.successor else ""
    found = notice_headers(notice, successor=successor)
    return [header(name.lower(), _literal(value)) for name, value in found.items()]


def _problem(notice: Notice) -> Tree:
    document: dict[str, Any] = {
        "type": f"urn:easement:problem:{GONE}",
        "title": "This version has ended",
        "status": 410,
        "code": GONE,
        "detail": f"{notice.interface} has ended.",
    }
    if notice.successor:
        document["successor"] = f"{gateway_prefix(notice.successor)}/"
    if notice.sunset is not None:
        document["sunset"] = http_date(notice.sunset)
    text = _literal(json.dumps({**document, "instance": ""}))
    instance = text.replace('"instance": ""', '"instance": "urn:uuid:%REQ(X-REQUEST-ID)%"')
    return {"text_format_source": {"inline_string": instance}, "content_type": PROBLEM}


def _literal(text: str) -> str:
    """Text in which Envoy sees no command."""
    return text.replace("%", "%%")
